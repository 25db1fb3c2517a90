/* DFT and STFT against sums by their definition: lengths of all kinds of factors, axes, types, paddings, both
 * opsets; and what windows and transforms must refuse. SEED and CASES as in test_conv.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"

#define PI 3.14159265358979323846

static const char *const out1[] = {"y"};

/* An input that holds whole numbers, as a constant or fed. */
static sk_tensor scalar(int64_t value) {
    sk_tensor t = test_empty(SK_INT64, 0, NULL);
    test_put_int(&t, 0, value);
    return t;
}

/* Number k of a line of pairs or singles that starts at element `first`. */
static void read_pair(const sk_tensor *x, size_t first, size_t step, int parts, size_t k, double pair[2]) {
    const size_t at = first + k * step * (size_t)parts;
    pair[0] = test_real_at(x, at);
    pair[1] = parts == 2 ? test_real_at(x, at + 1) : 0;
}

/* One line's transform of length n at frequency w, by definition. have: numbers that are there. */
static void naive_dft(const sk_tensor *x, const sk_tensor *window, size_t first, size_t step, int parts,
                      size_t have, size_t n, size_t w, int inverse, int half, double sum[2]) {
    sum[0] = sum[1] = 0;
    for (size_t k = 0; k < n; k++) {
        const int upper = half && k > n / 2;
        const size_t from = upper ? n - k : k;
        double pair[2];
        if (from >= have) continue;
        read_pair(x, first, step, parts, from, pair);
        if (window) pair[0] *= test_real_at(window, k), pair[1] *= test_real_at(window, k);
        if (upper) pair[1] = -pair[1];
        const double angle = (inverse ? 2 : -2) * PI * (double)(k * w % n) / (double)n;
        sum[0] += pair[0] * cos(angle) - pair[1] * sin(angle);
        sum[1] += pair[0] * sin(angle) + pair[1] * cos(angle);
    }
    if (inverse) sum[0] /= (double)n, sum[1] /= (double)n;
}

static int pick_length(uint32_t *r) {
    static const int lengths[] = {1,  2,  3,  4,  5,  6,  7,   8,   9,   12,  15,  16,  21,
                                  25, 30, 37, 64, 74, 97, 100, 111, 121, 127, 128, 240, 400};
    return lengths[test_between(r, 0, (int)(sizeof lengths / sizeof *lengths) - 1)];
}

/* Runs plain and with threads, which must agree to the bit, and compares with want. */
static void check(test_counts *counts, const onnx *o, int n, const sk_tensor *const *inputs, sk_tensor *want,
                  const char *label) {
    sk_tensor got;
    test_output(o, NULL, n, inputs, 0, &got);
    const double limit = want->type == SK_FLOAT64 ? 1e-13 : want->type == SK_FLOAT16 ? 1e-3 : 2e-7;
    test_equal(counts, &got, want, limit, label);
    free(got.data);
    if (want->type != SK_FLOAT16) test_against_reference(counts, o, n, inputs, 0, label);
}

static void dft_case(test_counts *counts, uint32_t *r, int number) {
    static const int types[] = {SK_FLOAT32, SK_FLOAT64, SK_FLOAT16};
    static const char *const in[] = {"x", "n", "axis"};
    int32_t dims[4], out[4];
    const int type = types[test_between(r, 0, 2)], rank = test_between(r, 2, 4),
              axis = test_between(r, 0, rank - 2);
    const int inverse = test_between(r, 0, 1), half = test_between(r, 0, 2) == 0,
              newer = test_between(r, 0, 1);
    const int parts = half ? 1 + inverse : test_between(r, 1, 2),
              given = test_between(r, 0, 1) || (half && inverse);
    for (int d = 0; d < rank; d++) dims[d] = test_between(r, 1, 3);
    const int n = pick_length(r), other = n + test_between(r, -3, 3);
    dims[axis] = !given ? n : half && inverse ? n / 2 + 1 : other < 1 ? 1 : other;
    dims[rank - 1] = parts;
    memcpy(out, dims, sizeof out);
    out[axis] = half && !inverse ? n / 2 + 1 : n;
    out[rank - 1] = half && inverse ? 1 : 2;
    sk_tensor x = test_moderate(r, type, rank, dims, 4, 1), want = test_empty(type, rank, out);
    const size_t inner = sk_span(&x, axis + 1, rank - 1);
    for (size_t i = 0; i < sk_numel(&want) / (size_t)out[rank - 1]; i++) {
        const size_t w = i / inner % (size_t)out[axis], line = i / inner / (size_t)out[axis];
        const size_t first = (line * (size_t)dims[axis] * inner + i % inner) * (size_t)parts;
        double sum[2];
        naive_dft(&x, NULL, first, inner, parts, (size_t)dims[axis], (size_t)n, w, inverse, half && inverse,
                  sum);
        for (int p = 0; p < out[rank - 1]; p++)
            test_put_real(&want, i * (size_t)out[rank - 1] + (size_t)p, sum[p]);
    }
    const char *names[3] = {"x", given ? "n" : "", "axis"};
    sk_tensor length = scalar(n), at = scalar(test_between(r, 0, 1) ? axis : axis - rank);
    onnx o;
    char label[200], text[SK_SHAPE_TEXT];
    onnx_start(&o);
    onnx_node(&o, "DFT", newer ? 3 : given ? 2 : 1, newer ? names : in, 1, out1);
    onnx_int(&o, "inverse", inverse);
    onnx_int(&o, "onesided", half);
    if (newer) onnx_constant(&o, "axis", &at);
    else onnx_int(&o, "axis", axis);
    onnx_input(&o, "x", type, rank, dims);
    if (given) onnx_input(&o, "n", SK_INT64, 0, NULL);
    onnx_output(&o, "y", type);
    onnx_end(&o, newer ? 20 : 17);
    snprintf(label, sizeof label, "case %d: DFT of %s along %d, length %d, inverse %d, onesided %d", number,
             sk_tensor_text(&x, text), axis, n, inverse, half);
    check(counts, &o, 1 + given, (const sk_tensor *[]){&x, &length}, &want, label);
    free(x.data), free(want.data), free(length.data), free(at.data);
    onnx_free(&o);
}

static void stft_case(test_counts *counts, uint32_t *r, int number) {
    const int type = test_between(r, 0, 1) ? SK_FLOAT32 : SK_FLOAT64, parts = test_between(r, 1, 2);
    const int half = parts == 1 && test_between(r, 0, 1), windowed = test_between(r, 0, 2) > 0;
    const int n = pick_length(r), step = test_between(r, 1, n + 2),
              given = test_between(r, 0, 1) || !windowed;
    const int wide = given && n > 3 && test_between(r, 0, 2) == 0 ? n - 2 : n; /* of the window */
    const int32_t dims[3] = {test_between(r, 1, 2), n + test_between(r, 0, 50), parts};
    const int32_t out[4] = {dims[0], (dims[1] - n) / step + 1, half ? n / 2 + 1 : n, 2};
    sk_tensor x = test_moderate(r, type, 3, dims, 4, 1),
              window = test_moderate(r, type, 1, &(int32_t){wide}, 2, 1);
    sk_tensor want = test_empty(type, 4, out), hop = scalar(step), length = scalar(n);
    for (size_t i = 0; i < sk_numel(&want) / 2; i++) {
        const size_t w = i % (size_t)out[2], frame = i / (size_t)out[2] % (size_t)out[1];
        const size_t image = i / (size_t)out[2] / (size_t)out[1];
        const size_t first = (image * (size_t)dims[1] + frame * (size_t)step) * (size_t)parts;
        double sum[2];
        naive_dft(&x, windowed ? &window : NULL, first, 1, parts, (size_t)(windowed ? wide : n), (size_t)n, w,
                  0, 0, sum);
        test_put_real(&want, 2 * i, sum[0]);
        test_put_real(&want, 2 * i + 1, sum[1]);
    }
    const char *in[4] = {"x", "step", windowed ? "window" : "", "n"};
    onnx o;
    char label[200], text[SK_SHAPE_TEXT];
    onnx_start(&o);
    onnx_node(&o, "STFT", given ? 4 : 3, in, 1, out1);
    onnx_int(&o, "onesided", half);
    onnx_constant(&o, "step", &hop);
    if (given) onnx_constant(&o, "n", &length);
    onnx_input(&o, "x", type, 3, dims);
    if (windowed) onnx_input(&o, "window", type, 1, &(int32_t){wide});
    onnx_output(&o, "y", type);
    onnx_end(&o, 17);
    snprintf(label, sizeof label, "case %d: STFT of %s, frames of %d every %d, window of %d, onesided %d",
             number, sk_tensor_text(&x, text), n, step, windowed ? wide : 0, half);
    check(counts, &o, 1 + windowed, (const sk_tensor *[]){&x, &window}, &want, label);
    free(x.data), free(want.data), free(window.data), free(hop.data), free(length.data);
    onnx_free(&o);
}

/* ---- what is refused ---- */

/* One node whose inputs after the first are whole scalars, and the error that it must end with. */
typedef struct refusal {
    const char *op;
    sk_status status;
    int32_t x[3]; /* dimensions of x; x[0] < 0: x is a scalar */
    int64_t value;
    int n_in;
    int64_t scalars[3];
    const char *attr;
    int64_t attr_value;
} refusal;

static const refusal refusals[] = {
    {"DFT", SK_SHAPE, {1, 8, 3}, 0, 1, {0}, NULL, 0},
    {"DFT", SK_SHAPE, {1, 8, 0}, 0, 1, {0}, NULL, 0},
    {"DFT", SK_SHAPE, {1, 8, 2}, 0, 1, {0}, "axis", 2},
    {"DFT", SK_SHAPE, {1, 8, 2}, 0, 1, {0}, "axis", INT64_MIN},
    {"DFT", SK_SHAPE, {1, 8, 2}, 0, 1, {0}, "onesided", 1},
    {"DFT", SK_SHAPE, {1, 0, 1}, 0, 1, {0}, NULL, 0},
    {"DFT", SK_SHAPE, {1, 8, 1}, 0, 2, {0}, NULL, 0},
    {"DFT", SK_SHAPE, {1, 8, 1}, 0, 2, {-5}, NULL, 0},
    {"DFT", SK_SHAPE, {1, 8, 1}, 0, 2, {INT64_MAX}, NULL, 0},
    {"DFT", SK_SHAPE, {1, 8, 1}, 0, 2, {INT32_MAX}, NULL, 0},
    {"DFT", SK_OUT_OF_MEMORY, {1, 8, 1}, 0, 2, {100000007}, NULL, 0},
    {"STFT", SK_SHAPE, {1, 8, 1}, 0, 2, {0}, NULL, 0},
    {"STFT", SK_SHAPE, {1, 8, 1}, 0, 2, {-1}, NULL, 0},
    {"STFT", SK_SHAPE, {1, 8, 2}, 0, 2, {1}, NULL, 0},
    {"STFT", SK_SHAPE, {1, 0, 1}, 0, 2, {1}, NULL, 0},
    {"HannWindow", SK_SHAPE, {-1}, -1, 1, {0}, NULL, 0},
    {"HammingWindow", SK_SHAPE, {-1}, INT64_MAX, 1, {0}, NULL, 0},
    {"BlackmanWindow", SK_UNSUPPORTED, {-1}, 5, 1, {0}, "output_datatype", SK_STRING},
    {"BlackmanWindow", SK_UNSUPPORTED, {-1}, 5, 1, {0}, "output_datatype", -7},
};

static void refusal_case(test_counts *counts, const refusal *c) {
    static const char *const in[] = {"x", "a", "b", "c"};
    uint32_t r = 5;
    const int is_scalar = c->x[0] < 0, type = is_scalar ? SK_INT64 : SK_FLOAT32;
    sk_tensor x = is_scalar ? scalar(c->value) : test_moderate(&r, type, 3, c->x, 4, 1), values[3], got;
    const sk_tensor *inputs[4] = {&x};
    onnx o;
    onnx_start(&o);
    onnx_node(&o, c->op, c->n_in, in, 1, out1);
    if (c->attr) onnx_int(&o, c->attr, c->attr_value);
    onnx_input(&o, "x", type, x.rank, x.dims);
    for (int i = 1; i < c->n_in; i++) {
        values[i - 1] = scalar(c->scalars[i - 1]);
        inputs[i] = &values[i - 1];
        onnx_input(&o, in[i], SK_INT64, 0, NULL);
    }
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 17);
    const sk_status status = test_output(&o, NULL, c->n_in, inputs, 0, &got);
    if (status != c->status) printf("FAIL refusal %zu: %s\n", (size_t)(c - refusals), sk_status_name(status));
    *(status == c->status ? &counts->passed : &counts->failed) += 1;
    for (int i = 1; i < c->n_in; i++) free(values[i - 1].data);
    free(x.data), free(got.data);
    onnx_free(&o);
}

int main(void) {
    const char *seed = getenv("SEED"), *cases = getenv("CASES");
    uint32_t r = seed ? (uint32_t)strtoul(seed, NULL, 10) * 2654435761u | 1 : 4711;
    const int n = cases ? atoi(cases) : 60;
    test_counts counts = {0, 0};
    for (int i = 0; i < n; i++) {
        dft_case(&counts, &r, i);
        stft_case(&counts, &r, i);
    }
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) refusal_case(&counts, &refusals[i]);
    return test_summary(&counts);
}
