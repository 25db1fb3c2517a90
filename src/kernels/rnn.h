/* One direction of a recurrent layer: LSTM, GRU or RNN as ONNX defines them, float32 or, by __ref alone,
 * float64. */
#ifndef SK_KERNELS_RNN_H
#define SK_KERNELS_RNN_H

#include <stddef.h>
#include <stdint.h>

typedef enum sk_cell { SK_CELL_RNN, SK_CELL_GRU, SK_CELL_LSTM } sk_cell;
static inline size_t sk_cell_gates(sk_cell cell) {
    return cell == SK_CELL_LSTM ? 4 : cell == SK_CELL_GRU ? 3 : 1;
}

typedef enum sk_act_kind {
    SK_ACT_SIGMOID,
    SK_ACT_TANH,
    SK_ACT_RELU,
    SK_ACT_AFFINE,
    SK_ACT_LEAKY_RELU,
    SK_ACT_THRESHOLDED_RELU,
    SK_ACT_SCALED_TANH,
    SK_ACT_HARD_SIGMOID,
    SK_ACT_ELU,
    SK_ACT_SOFTSIGN,
    SK_ACT_SOFTPLUS,
} sk_act_kind;

typedef struct sk_rnn_act {
    uint8_t kind; /* sk_act_kind */
    float alpha, beta;
} sk_rnn_act;

/* Gates of LSTM: i o f c; of GRU: z r h. Numbers are of one type; strides count them. */
typedef struct sk_rnn_args {
    sk_cell cell;
    uint8_t type;
    size_t steps, batch, input, hidden;
    const void *x; /* element (t, b, i) at t * x_step + b * x_batch + i */
    size_t x_step, x_batch;
    const void *w,
        *r; /* __ref: [gates * hidden][input] and [gates * hidden][hidden]; others: sk_rnn_pack's form */
    const void *bias;       /* [2][gates * hidden]: of w, then of r; or NULL */
    const void *peephole;   /* [3][hidden]: i o f; or NULL */
    const int32_t *lengths; /* [batch], each within 0..steps; or NULL: all steps */
    void *h, *c;            /* [batch][hidden]: initial state, replaced by the last one; c only of LSTM */
    void *y; /* h after each step at t * y_step + b * y_batch, zeros beyond the length; or NULL */
    size_t y_step, y_batch;
    uint8_t reverse, linear_before_reset, input_forget;
    float clip;        /* bounds the input of activations f and g (h's never, as in onnxruntime); 0: none */
    sk_rnn_act act[3]; /* f, g, h */
    void *scratch;     /* sk_rnn_scratch numbers, 16-byte aligned */
} sk_rnn_args;
typedef void sk_rnn_fn(const sk_rnn_args *args);

/* One activation, scalar: the reference, and all but Sigmoid and Tanh in the SIMD kernel. */
double sk_rnn_activate(const sk_rnn_act *act, double x);

/* Weights [gates * hidden][k], each gate's columns padded to whole panels, in the products' panels of 8
 * columns (zero biases, then k rows of 8). One call packs panel `panel`, from the up to 8 rows of weights
 * that it holds. */
uint64_t sk_rnn_packed(sk_cell cell, size_t hidden, size_t k); /* floats */
size_t sk_rnn_panels(sk_cell cell, size_t hidden);             /* panels of all gates */
size_t sk_rnn_panel_row(size_t hidden, size_t panel,
                        size_t *rows); /* first row of weights of a panel, and how many */
void sk_rnn_pack_panel(float *packed, size_t panel, const float *weights, size_t rows, size_t k);

uint64_t sk_rnn_scratch(const sk_rnn_args *args); /* numbers; looks at cell and sizes only, each below 2^31 */

#endif
