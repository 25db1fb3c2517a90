/* The definition of LSTM, GRU and RNN, one number at a time; sums in double. */
#include "core/maths.h"
#include "kernels/kernels.h"

float sk_rnn_activate(const sk_rnn_act *act, float x) {
    const float a = act->alpha, b = act->beta;
    switch ((sk_act_kind)act->kind) {
    case SK_ACT_SIGMOID: return (float)(1 / (1 + sk_exp(-x)));
    case SK_ACT_TANH: return (float)sk_tanh(x);
    case SK_ACT_RELU: return x > 0 ? x : 0;
    case SK_ACT_AFFINE: return a * x + b;
    case SK_ACT_LEAKY_RELU: return x < 0 ? a * x : x;
    case SK_ACT_THRESHOLDED_RELU: return x > a ? x : 0;
    case SK_ACT_SCALED_TANH: return a * (float)sk_tanh(b * x);
    case SK_ACT_HARD_SIGMOID: return sk_clamp1(a * x + b, 0, 1);
    case SK_ACT_ELU: return x < 0 ? a * (float)sk_expm1(x) : x;
    case SK_ACT_SOFTSIGN: return x / (1 + fabsf(x));
    case SK_ACT_SOFTPLUS: break;
    }
    return x > 30 ? x : (float)sk_log1p(sk_exp(x));
}

static __attribute__((noinline)) float act(const sk_rnn_args *a, int which, double x) {
    float in = (float)x;
    if (a->clip > 0 && which < 2) in = sk_clamp1(in, -a->clip, a->clip);
    return sk_rnn_activate(&a->act[which], in);
}

/* Row `row` of w times x, and of r times h, with their biases. */
static __attribute__((noinline)) double from_input(const sk_rnn_args *a, size_t row, const float *x) {
    double sum = a->bias ? a->bias[row] : 0;
    for (size_t k = 0; k < a->input; k++) sum += (double)a->w[row * a->input + k] * x[k];
    return sum;
}

static __attribute__((noinline)) double from_state(const sk_rnn_args *a, size_t row, const float *h,
                                                   const float *scale) {
    double sum = a->bias ? a->bias[sk_cell_gates(a->cell) * a->hidden + row] : 0;
    for (size_t k = 0; k < a->hidden; k++)
        sum += (double)a->r[row * a->hidden + k] * h[k] * (scale ? (double)scale[k] : 1.0);
    return sum;
}

static void lstm_step(const sk_rnn_args *a, const float *x, const float *h, float *c, float *out) {
    const size_t n = a->hidden;
    for (size_t j = 0; j < n; j++) {
        const float *p = a->peephole;
        double gate[4];
        for (size_t g = 0; g < 4; g++)
            gate[g] = from_input(a, g * n + j, x) + from_state(a, g * n + j, h, NULL);
        const float i = act(a, 0, gate[0] + (p ? (double)p[j] * c[j] : 0));
        const float f = a->input_forget ? 1 - i : act(a, 0, gate[2] + (p ? (double)p[2 * n + j] * c[j] : 0));
        c[j] = f * c[j] + i * act(a, 1, gate[3]);
        const float o = act(a, 0, gate[1] + (p ? (double)p[n + j] * c[j] : 0));
        out[j] = o * act(a, 2, c[j]);
    }
}

/* out holds r until the h gate needs it no more: two passes. */
static void gru_step(const sk_rnn_args *a, const float *x, const float *h, float *reset, float *out) {
    const size_t n = a->hidden;
    for (size_t j = 0; j < n; j++)
        reset[j] = act(a, 0, from_input(a, n + j, x) + from_state(a, n + j, h, NULL));
    for (size_t j = 0; j < n; j++) {
        const float z = act(a, 0, from_input(a, j, x) + from_state(a, j, h, NULL));
        const double state = a->linear_before_reset ? reset[j] * from_state(a, 2 * n + j, h, NULL)
                                                    : from_state(a, 2 * n + j, h, reset);
        out[j] = (1 - z) * act(a, 1, from_input(a, 2 * n + j, x) + state) + z * h[j];
    }
}

static void rnn_step(const sk_rnn_args *a, const float *x, const float *h, float *out) {
    for (size_t j = 0; j < a->hidden; j++)
        out[j] = act(a, 0, from_input(a, j, x) + from_state(a, j, h, NULL));
}

void f32_rnn__ref(const sk_rnn_args *a) {
    float *next = a->scratch, *reset = a->scratch + a->hidden;
    for (size_t b = 0; b < a->batch; b++) {
        const size_t length = a->lengths ? (size_t)a->lengths[b] : a->steps;
        float *h = a->h + b * a->hidden;
        for (size_t s = 0; s < a->steps; s++) {
            const size_t t = s >= length ? s : a->reverse ? length - 1 - s : s;
            const float *x = a->x + t * a->x_step + b * a->x_batch;
            float *y = a->y ? a->y + t * a->y_step + b * a->y_batch : NULL;
            if (s < length) {
                if (a->cell == SK_CELL_LSTM) lstm_step(a, x, h, a->c + b * a->hidden, next);
                if (a->cell == SK_CELL_GRU) gru_step(a, x, h, reset, next);
                if (a->cell == SK_CELL_RNN) rnn_step(a, x, h, next);
                for (size_t j = 0; j < a->hidden; j++) h[j] = next[j];
            }
            for (size_t j = 0; y && j < a->hidden; j++) y[j] = s < length ? h[j] : 0;
        }
    }
}
