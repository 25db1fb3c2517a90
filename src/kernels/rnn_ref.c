/* The definition of LSTM, GRU and RNN, one number at a time, computed in double: also what runs for float64.
 */
#include "core/maths.h"
#include "kernels/any.h"
#include "kernels/kernels.h"

double sk_rnn_activate(const sk_rnn_act *act, double x) {
    const double a = (double)act->alpha, b = (double)act->beta;
    switch ((sk_act_kind)act->kind) {
    case SK_ACT_SIGMOID: return 1 / (1 + sk_exp(-x));
    case SK_ACT_TANH: return sk_tanh(x);
    case SK_ACT_RELU: return x > 0 ? x : 0;
    case SK_ACT_AFFINE: return a * x + b;
    case SK_ACT_LEAKY_RELU: return x < 0 ? a * x : x;
    case SK_ACT_THRESHOLDED_RELU: return x > a ? x : 0;
    case SK_ACT_SCALED_TANH: return a * sk_tanh(b * x);
    case SK_ACT_HARD_SIGMOID: return a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b;
    case SK_ACT_ELU: return x < 0 ? a * sk_expm1(x) : x;
    case SK_ACT_SOFTSIGN: return x / (1 + fabs(x));
    case SK_ACT_SOFTPLUS: break;
    }
    return x > 40 ? x : sk_log1p(sk_exp(x));
}

static double act(const sk_rnn_args *a, int which, double x) {
    const double clip = (double)a->clip;
    if (clip > 0 && which < 2) x = x < -clip ? -clip : x > clip ? clip : x;
    return sk_rnn_activate(&a->act[which], x);
}

static double number(const sk_rnn_args *a, const void *numbers, size_t i) {
    return sk_any_load(a->type, numbers, i);
}

/* Row `row` of `weights` times the k numbers from `at` on, each times its scale (NULL: 1), and a bias. */
static double row_sum(const sk_rnn_args *a, const void *weights, size_t row, size_t bias, const void *x,
                      size_t at, size_t k, const void *scale) {
    double sum = a->bias ? number(a, a->bias, bias + row) : 0;
    for (size_t i = 0; i < k; i++)
        sum += number(a, weights, row * k + i) * number(a, x, at + i) * (scale ? number(a, scale, i) : 1);
    return sum;
}

/* One step of one sequence: elements of x, and of h and c, from which on they are its. */
typedef struct step {
    size_t x, h;
} step;

static double from_input(const sk_rnn_args *a, const step *s, size_t row) {
    return row_sum(a, a->w, row, 0, a->x, s->x, a->input, NULL);
}

static double from_state(const sk_rnn_args *a, const step *s, size_t row, const void *scale) {
    return row_sum(a, a->r, row, sk_cell_gates(a->cell) * a->hidden, a->h, s->h, a->hidden, scale);
}

static double both(const sk_rnn_args *a, const step *s, size_t row) {
    return from_input(a, s, row) + from_state(a, s, row, NULL);
}

/* Number j of the next state; c is replaced, h not yet. */
static double lstm_state(const sk_rnn_args *a, const step *s, size_t j) {
    const size_t n = a->hidden;
    double c = number(a, a->c, s->h + j), p[3] = {0, 0, 0};
    for (size_t g = 0; a->peephole && g < 3; g++) p[g] = number(a, a->peephole, g * n + j);
    const double i = act(a, 0, both(a, s, j) + p[0] * c);
    const double f = a->input_forget ? 1 - i : act(a, 0, both(a, s, 2 * n + j) + p[2] * c);
    c = f * c + i * act(a, 1, both(a, s, 3 * n + j));
    sk_any_store(a->type, a->c, s->h + j, c);
    return act(a, 0, both(a, s, n + j) + p[1] * c) * act(a, 2, c);
}

static double gru_state(const sk_rnn_args *a, const step *s, size_t j, const void *reset) {
    const size_t n = a->hidden, row = 2 * n + j;
    const double z = act(a, 0, both(a, s, j)), state = a->linear_before_reset
                                                           ? number(a, reset, j) * from_state(a, s, row, NULL)
                                                           : from_state(a, s, row, reset);
    return (1 - z) * act(a, 1, from_input(a, s, row) + state) + z * number(a, a->h, s->h + j);
}

/* scratch: the next state, then GRU's r, both of all numbers before h changes. */
static void next_state(const sk_rnn_args *a, const step *s) {
    const size_t n = a->hidden;
    const void *reset = (const char *)a->scratch + n * (a->type == SK_FLOAT64 ? 8 : 4);
    for (size_t j = 0; a->cell == SK_CELL_GRU && j < n; j++)
        sk_any_store(a->type, a->scratch, n + j, act(a, 0, both(a, s, n + j)));
    for (size_t j = 0; j < n; j++)
        sk_any_store(a->type, a->scratch, j,
                     a->cell == SK_CELL_LSTM  ? lstm_state(a, s, j)
                     : a->cell == SK_CELL_GRU ? gru_state(a, s, j, reset)
                                              : act(a, 0, both(a, s, j)));
    for (size_t j = 0; j < n; j++) sk_any_store(a->type, a->h, s->h + j, number(a, a->scratch, j));
}

void any_rnn__ref(const sk_rnn_args *a) {
    for (size_t b = 0; b < a->batch; b++) {
        const size_t length = a->lengths ? (size_t)a->lengths[b] : a->steps;
        for (size_t i = 0; i < a->steps; i++) {
            const size_t t = i >= length ? i : a->reverse ? length - 1 - i : i;
            const step s = {t * a->x_step + b * a->x_batch, b * a->hidden};
            if (i < length) next_state(a, &s);
            for (size_t j = 0; a->y && j < a->hidden; j++)
                sk_any_store(a->type, a->y, t * a->y_step + b * a->y_batch + j,
                             i < length ? number(a, a->h, s.h + j) : 0);
        }
    }
}
