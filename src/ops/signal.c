/* HannWindow, HammingWindow, BlackmanWindow and MelWeightMatrix: what signals are prepared with. Computed in
 * double, given in whatever type is asked for. */
#include <string.h>

#include "core/maths.h"
#include "ops/elementwise.h"

#define PI 3.14159265358979323846

typedef struct signal_params {
    int64_t type;
    uint8_t periodic;
} signal_params;

static sk_status signal_import(sk_import *c) {
    signal_params *params = sk_params(c, sizeof *params);
    int64_t periodic;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "output_datatype", SK_FLOAT32, &params->type));
    SK_TRY(sk_want_int(c, "periodic", 1, &periodic));
    params->periodic = periodic != 0;
    if (params->type < 1 || params->type > 31 || !sk_type_in((int)params->type, SK_T_ARITH))
        return sk_bad_attr(c, SK_UNSUPPORTED, "output_datatype %lld", (long long)params->type);
    return SK_OK;
}

/* ---- windows ---- */

static sk_status window_infer(sk_infer *c) {
    const signal_params *params = c->node->params;
    int64_t size;
    SK_TRY(sk_size_input(c, 0, 0, &size));
    return sk_set_out(c, 0, (int)params->type, 1, &size);
}

/* a - b cos(x) + c cos(2x) */
static sk_status window_run(sk_run *r) {
    static const double factors[][3] = {{0.5, 0.5, 0}, {25.0 / 46, 21.0 / 46, 0}, {0.42, 0.5, 0.08}};
    const signal_params *params = r->node->params;
    const double *f = factors[r->node->op->param];
    const size_t n = sk_numel(r->out[0]);
    const double period = (double)n - !params->periodic;
    for (size_t i = 0; i < n; i++) {
        /* a symmetric window of one number is at its top */
        const double x = period > 0 ? 2 * PI * (double)i / period : PI;
        sk_put_number(r->out[0], i, f[0] - f[1] * sk_cos(x) + f[2] * sk_cos(2 * x));
    }
    return SK_OK;
}

/* param: which window */
const sk_impl sk_impl_signal_window = {.import = signal_import, .infer = window_infer, .run = window_run};

/* ---- MelWeightMatrix ---- */

static sk_status mel_infer(sk_infer *c) {
    const signal_params *params = c->node->params;
    int64_t dims[2], length, rate;
    SK_TRY(sk_size_input(c, 0, 0, &dims[1]));
    SK_TRY(sk_size_input(c, 1, 0, &length));
    SK_TRY(sk_size_input(c, 2, 0, &rate));
    for (int i = 3; i < 5; i++) {
        SK_TRY(sk_want_types(c, i, SK_T_FLOATS));
        if (sk_shape_known(c->in[i]) && sk_numel(c->in[i]) != 1)
            return sk_bad_shape(c, "input %d is not a scalar", i);
    }
    dims[0] = length < 0 ? -1 : length / 2 + 1;
    return sk_set_out(c, 0, (int)params->type, 2, dims);
}

#define TENTHS 2.302585092994045684 /* log 10 */

static double mel(double hertz) { return 2595 * sk_log(1 + hertz / 700) / TENTHS; }

/* A triangle over lines `low` to `high` of column i, 1 at `top`. */
static void triangle(const sk_tensor *y, int64_t i, int64_t low, int64_t top, int64_t high) {
    const int64_t columns = y->dims[1];
    for (int64_t j = low; j <= top; j++)
        sk_put_number(y, (size_t)(j * columns + i), top == low ? 1 : (double)(j - low) / (double)(top - low));
    for (int64_t j = top; j < high; j++)
        sk_put_number(y, (size_t)(j * columns + i), (double)(high - j) / (double)(high - top));
}

static sk_status mel_run(sk_run *r) {
    const sk_tensor *y = r->out[0];
    const int64_t bins = y->dims[1], length = sk_int_at(r->in[1], 0), rate = sk_int_at(r->in[2], 0);
    const double low = mel(sk_number_at(r->in[3], 0)), high = mel(sk_number_at(r->in[4], 0));
    int64_t line[3] = {0, 0, 0};
    if (rate < 1) return sk_run_fail(r, SK_VALUE, "sample_rate is %lld", (long long)rate);
    if (sk_numel(y)) memset(y->data, 0, sk_nbytes(y));
    for (int64_t i = 0; i < bins + 2; i++) {
        const double m = low + (double)i * (high - low) / (double)(bins + 2);
        const double at = floor((double)(length + 1) * 700 * (sk_exp(m / 2595 * TENTHS) - 1) / (double)rate);
        line[0] = line[1], line[1] = line[2];
        line[2] = at >= 0 && at < y->dims[0] ? (int64_t)at : -1;
        if (line[2] < 0) return sk_run_fail(r, SK_VALUE, "the edges lie outside of the spectrum");
        if (i >= 2) triangle(y, i - 2, line[0], line[1], line[2]);
    }
    return SK_OK;
}

const sk_impl sk_impl_mel_weights = {.import = signal_import, .infer = mel_infer, .run = mel_run};
