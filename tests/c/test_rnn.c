/* LSTM, GRU and RNN: the SIMD kernel against the scalar definition, with every option, at awkward sizes, and
 * whole models with weights as constants (packed once) and as inputs (packed at run). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "kernels/kernels.h"

static float *numbers(uint32_t *r, size_t n) {
    const int32_t dims[1] = {(int32_t)n};
    return test_tensor(r, SK_FLOAT32, 1, dims).data;
}

/* Recurrent weights small enough that states forget. */
static float *forgetful(uint32_t *r, size_t n, size_t hidden) {
    float *w = numbers(r, n);
    for (size_t i = 0; i < n; i++) w[i] /= sqrtf((float)hidden);
    return w;
}

static float *packed(const sk_rnn_args *a, const float *raw, size_t k) {
    float *to = calloc((size_t)sk_rnn_packed(a->cell, a->hidden, k) + 1, sizeof *to);
    if (!to) abort();
    for (size_t panel = 0; panel < sk_rnn_panels(a->cell, a->hidden); panel++) {
        size_t rows;
        const size_t row = sk_rnn_panel_row(a->hidden, panel, &rows);
        sk_rnn_pack_panel(to, panel, raw + row * k, rows, k);
    }
    return to;
}

static double furthest(const float *a, const float *b, size_t n) {
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs((double)a[i] - (double)b[i]);
        if (!(d <= most)) most = d;
    }
    return most;
}

static sk_rnn_args pick(uint32_t *r) {
    /* gates stay within 0 and 1, or errors would grow from step to step */
    static const uint8_t acts[2][2] = {{SK_ACT_SIGMOID, SK_ACT_HARD_SIGMOID}, {SK_ACT_TANH, SK_ACT_SOFTSIGN}};
    sk_rnn_args a = {
        .cell = (sk_cell)test_between(r, 0, 2), .type = SK_FLOAT32, .steps = (size_t)test_between(r, 0, 60)};
    a.batch = (size_t)(test_between(r, 0, 2) ? test_between(r, 1, 4) : test_between(r, 0, 60));
    a.input = (size_t)test_between(r, 0, 20);
    a.hidden = (size_t)test_between(r, 1, 30);
    a.reverse = (uint8_t)test_between(r, 0, 1);
    a.linear_before_reset = (uint8_t)test_between(r, 0, 1);
    a.input_forget = test_between(r, 0, 4) == 0;
    a.clip = test_between(r, 0, 3) ? 0 : 0.6f;
    for (int i = 0; i < 3; i++)
        a.act[i] = (sk_rnn_act){acts[i > 0 || a.cell == SK_CELL_RNN][test_between(r, 0, 3) == 0], 0.2f, 0.5f};
    return a;
}

static void kernel_case(test_counts *counts, uint32_t *r, int seed) {
    sk_rnn_args a = pick(r);
    const size_t gates = sk_cell_gates(a.cell), n = a.hidden, state = a.batch * n, length = a.steps * state;
    const int batch_first = test_between(r, 0, 1);
    a.x_step = batch_first ? a.input : a.batch * a.input;
    a.x_batch = batch_first ? a.steps * a.input : a.input;
    a.y_step = batch_first ? n : state;
    a.y_batch = batch_first ? a.steps * n : n;
    float *x = numbers(r, a.steps * a.batch * a.input), *w = numbers(r, gates * n * a.input);
    float *rec = forgetful(r, gates * n * n, n), *bias = numbers(r, 2 * gates * n), *peep = numbers(r, 3 * n);
    float *h[2] = {numbers(r, state), NULL}, *c[2] = {numbers(r, state), NULL};
    float *y[2] = {numbers(r, length), numbers(r, length)};
    h[1] = malloc(state * sizeof(float) + 1);
    c[1] = malloc(state * sizeof(float) + 1);
    int32_t *lengths = malloc((a.batch + 1) * sizeof *lengths);
    if (!h[1] || !c[1] || !lengths) abort();
    memcpy(h[1], h[0], state * sizeof(float));
    memcpy(c[1], c[0], state * sizeof(float));
    for (size_t b = 0; b < a.batch; b++) lengths[b] = test_between(r, 0, (int)a.steps);
    a.x = x;
    a.bias = test_between(r, 0, 1) ? bias : NULL;
    a.peephole = a.cell == SK_CELL_LSTM && test_between(r, 0, 1) ? peep : NULL;
    a.lengths = test_between(r, 0, 2) ? NULL : lengths;
    a.scratch = aligned_alloc(16, ((size_t)sk_rnn_scratch(&a) * sizeof(float) + 16) & ~(size_t)15);
    if (!a.scratch) abort();
    float *wp = packed(&a, w, a.input), *rp = packed(&a, rec, n);
    a.w = w, a.r = rec, a.h = h[0], a.c = c[0], a.y = y[0];
    any_rnn__ref(&a);
    a.w = wp, a.r = rp, a.h = h[1], a.c = c[1], a.y = y[1];
    f32_rnn__simd128(&a);
    double d = fmax(furthest(y[0], y[1], length), furthest(h[0], h[1], state));
    if (a.cell == SK_CELL_LSTM) d = fmax(d, furthest(c[0], c[1], state) / 4);
    if (!(d < 2e-5))
        printf("FAIL kernel SEED=%d: cell %d steps %zu batch %zu input %zu hidden %zu differs by %g\n", seed,
               (int)a.cell, a.steps, a.batch, a.input, n, d);
    *(d < 2e-5 ? &counts->passed : &counts->failed) += 1;
    void *all[] = {x, w, rec, bias, peep, h[0], h[1], c[0], c[1], y[0], y[1], lengths, a.scratch, wp, rp};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void model_case(test_counts *counts, uint32_t *r, int seed) {
    static const char *const ops[] = {"RNN", "GRU", "LSTM"}, *const directions[] = {"forward", "reverse",
                                                                                    "bidirectional"};
    const int cell = test_between(r, 0, 2), direction = test_between(r, 0, 2), dirs = direction == 2 ? 2 : 1;
    const int gates = (int)sk_cell_gates((sk_cell)cell), hidden = test_between(r, 1, 20),
              in = test_between(r, 1, 9);
    const int constant = test_between(r, 0, 1), layout = test_between(r, 0, 1);
    const int32_t xd[3] = {test_between(r, 1, 9), test_between(r, 1, 4), in},
                  wd[3] = {dirs, gates * hidden, in};
    const int32_t rd[3] = {dirs, gates * hidden, hidden}, bd[2] = {dirs, 2 * gates * hidden};
    sk_tensor x = test_tensor(r, SK_FLOAT32, 3, xd), w = test_tensor(r, SK_FLOAT32, 3, wd);
    sk_tensor rec = test_tensor(r, SK_FLOAT32, 3, rd), bias = test_tensor(r, SK_FLOAT32, 2, bd);
    const char *names[] = {"x", "w", "r", "b"}, *outs[] = {"y", "yh"};
    onnx o;
    onnx_start(&o);
    onnx_node(&o, ops[cell], 4, names, 2, outs);
    onnx_int(&o, "hidden_size", hidden);
    onnx_string(&o, "direction", directions[direction]);
    onnx_int(&o, "layout", layout);
    onnx_input(&o, "x", SK_FLOAT32, 3, xd);
    if (constant) {
        onnx_constant(&o, "w", &w);
        onnx_constant(&o, "r", &rec);
    } else {
        onnx_input(&o, "w", SK_FLOAT32, 3, wd);
        onnx_input(&o, "r", SK_FLOAT32, 3, rd);
    }
    onnx_constant(&o, "b", &bias);
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_output(&o, "yh", SK_FLOAT32);
    onnx_end(&o, 14);
    char label[160];
    snprintf(label, sizeof label, "model SEED=%d: %s %s hidden %d layout %d, weights %s", seed, ops[cell],
             directions[direction], hidden, layout, constant ? "constant" : "as inputs");
    const sk_tensor *inputs[3] = {&x, &w, &rec};
    test_against_reference(counts, &o, constant ? 1 : 3, inputs, 2e-5, label);
    onnx_free(&o);
    free(x.data);
    free(w.data);
    free(rec.data);
    free(bias.data);
}

int main(void) {
    test_counts counts = {0};
    const char *only = getenv("SEED");
    const int from = only ? atoi(only) : 1, to = only ? from : 300;
    for (int seed = from; seed <= to; seed++) {
        uint32_t r = (uint32_t)seed * 2654435761u | 1;
        kernel_case(&counts, &r, seed);
        if (seed % 4 == 0 || only) model_case(&counts, &r, seed);
    }
    return test_summary(&counts);
}
