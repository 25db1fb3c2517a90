/* Reductions, softmax, arg max, running sums and normalisations, computed a second time by their definitions
 * in double: random shapes, axes and types, both ways of giving axes, zero sizes. SEED and CASES as in
 * test_conv.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"

static const char *const in1[] = {"x"}, *const out1[] = {"y"};

static int is(const char *name, const char *other) { return !strcmp(name, other); }

static int random_shape(uint32_t *r, int least, int32_t dims[SK_MAX_RANK], int zeros) {
    const int rank = test_between(r, least, 5);
    for (int d = 0; d < rank; d++)
        dims[d] =
            zeros && !test_between(r, 0, 30) ? 0 : test_between(r, 1, d == rank - 1 || rank < 3 ? 37 : 5);
    return rank;
}

/* Runs with vector kernels and with the reference's, both against want. */
static void check(test_counts *counts, const onnx *o, int n, const sk_tensor *const *inputs,
                  const sk_tensor *want, double limit, const char *label) {
    for (int reference = 0; reference < 2; reference++) {
        const sk_options options = {.reference = (uint8_t)reference};
        sk_tensor got;
        test_output(o, &options, n, inputs, 0, &got);
        test_equal(counts, &got, want, limit, label);
        free(got.data);
    }
}

/* ---- reductions ---- */

static const char *const reductions[] = {"ReduceSum",    "ReduceMean",     "ReduceMax", "ReduceMin",
                                         "ReduceProd",   "ReduceL1",       "ReduceL2",  "ReduceSumSquare",
                                         "ReduceLogSum", "ReduceLogSumExp"};

static double start_of(const char *op) {
    return is(op, "ReduceMax") ? -INFINITY : is(op, "ReduceMin") ? INFINITY : is(op, "ReduceProd") ? 1 : 0;
}

static double step_of(const char *op, double acc, double x) {
    if (is(op, "ReduceMax")) return fmax(acc, x);
    if (is(op, "ReduceMin")) return fmin(acc, x);
    if (is(op, "ReduceProd")) return acc * x;
    if (is(op, "ReduceL1")) return acc + fabs(x);
    if (is(op, "ReduceL2") || is(op, "ReduceSumSquare")) return acc + x * x;
    if (is(op, "ReduceLogSumExp")) return acc + exp(x);
    return acc + x;
}

static double end_of(const char *op, double acc, double count, int whole) {
    if (is(op, "ReduceMean")) return whole ? (count ? trunc(acc / count) : 0) : acc / count;
    if (is(op, "ReduceL2")) return whole ? trunc(sqrt(acc)) : sqrt(acc);
    if (is(op, "ReduceLogSum") || is(op, "ReduceLogSumExp")) return log(acc);
    return acc;
}

static sk_tensor reduced(const char *op, const sk_tensor *x, uint32_t mask, int keep, int whole) {
    int32_t dims[SK_MAX_RANK], at[SK_MAX_RANK];
    int rank = 0;
    double count = 1;
    for (int d = 0; d < x->rank; d++) {
        if ((mask >> d) & 1) count *= x->dims[d];
        if (!((mask >> d) & 1) || keep) dims[rank++] = (mask >> d) & 1 ? 1 : x->dims[d];
    }
    sk_tensor y = test_empty(x->type, rank, dims);
    double *acc = malloc((sk_numel(&y) + 1) * sizeof *acc);
    if (!acc) abort();
    for (size_t i = 0; i < sk_numel(&y); i++) acc[i] = start_of(op);
    for (size_t i = 0; i < sk_numel(x); i++) {
        int32_t to[SK_MAX_RANK];
        int n = 0;
        test_coordinates(x, i, at);
        for (int d = 0; d < x->rank; d++)
            if (!((mask >> d) & 1) || keep) to[n++] = (mask >> d) & 1 ? 0 : at[d];
        double *a = &acc[test_index(&y, to)];
        *a = step_of(op, *a, test_real_at(x, i));
    }
    for (size_t i = 0; i < sk_numel(&y); i++) test_put_real(&y, i, end_of(op, acc[i], count, whole));
    free(acc);
    return y;
}

static void reduce_case(test_counts *counts, const char *op, int type, uint32_t *r, int number) {
    int32_t dims[SK_MAX_RANK], axes[SK_MAX_RANK];
    char label[160], text[SK_SHAPE_TEXT];
    static const char *const in[] = {"x", "axes"};
    const int whole = type == SK_INT32 || type == SK_INT64 || type == SK_UINT8;
    /* what integers hold: no empty maxima, no logarithms, products that stay small */
    const int rank = random_shape(r, 0, dims, !whole), keep = test_between(r, 0, 1),
              as_input = test_between(r, 0, 1);
    if (is(op, "ReduceProd"))
        for (int d = 0; d < rank; d++) dims[d] = dims[d] > 3 ? 3 : dims[d];
    sk_tensor x = test_moderate(r, type, rank, dims, is(op, "ReduceProd") ? 1 : 3, 1);
    for (size_t i = 0; is(op, "ReduceLogSum") && i < sk_numel(&x); i++)
        test_put_real(&x, i, fabs(test_real_at(&x, i)) + 1);
    uint32_t mask = 0;
    int n_axes = 0;
    for (int d = 0; d < rank; d++)
        if (test_between(r, 0, 1)) mask |= 1u << d, axes[n_axes++] = test_between(r, 0, 1) ? d : d - rank;
    const int given = n_axes > 0;
    if (!given) mask = (1u << rank) - 1;
    sk_tensor want = reduced(op, &x, mask, keep, whole);
    onnx o;
    onnx_start(&o);
    onnx_node(&o, op, given && as_input ? 2 : 1, in, 1, out1);
    onnx_int(&o, "keepdims", keep);
    if (given && !as_input) onnx_ints(&o, "axes", n_axes, axes);
    if (given && as_input) {
        sk_tensor list = test_empty(SK_INT64, 1, &(int32_t){n_axes});
        for (int i = 0; i < n_axes; i++) test_put_int(&list, (size_t)i, axes[i]);
        onnx_constant(&o, "axes", &list);
        free(list.data);
    }
    onnx_input(&o, "x", type, rank, dims);
    onnx_output(&o, "y", type);
    onnx_end(&o, as_input ? 18 : 11);
    snprintf(label, sizeof label, "case %d: %s of %s, mask %x keep %d", number, op, sk_tensor_text(&x, text),
             mask, keep);
    check(counts, &o, 1, (const sk_tensor *[]){&x}, &want,
          type == SK_FLOAT64   ? 1e-13
          : type == SK_FLOAT16 ? 2e-3
                               : 2e-6,
          label);
    free(x.data), free(want.data);
    onnx_free(&o);
}

/* ---- along an axis ---- */

/* [outer][n][inner] around axes [axis, until) */
static void around(const sk_tensor *t, int axis, int until, size_t size[3]) {
    size[0] = sk_span(t, 0, axis);
    size[1] = sk_span(t, axis, until);
    size[2] = sk_span(t, until, t->rank);
}

static void softmax_line(const char *op, const sk_tensor *x, sk_tensor *y, size_t first, size_t n,
                         size_t step) {
    double max = -INFINITY, sum = 0;
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        const double v = test_real_at(x, first + i * step);
        if (v > max) max = v, best = i;
    }
    for (size_t i = 0; i < n; i++) sum += exp(test_real_at(x, first + i * step) - max);
    for (size_t i = 0; i < n; i++) {
        const double d = test_real_at(x, first + i * step) - max;
        test_put_real(y, first + i * step,
                      is(op, "Hardmax")   ? i == best
                      : is(op, "Softmax") ? exp(d) / sum
                                          : d - log(sum));
    }
}

static void softmax_case(test_counts *counts, const char *op, int type, uint32_t *r, int number) {
    int32_t dims[SK_MAX_RANK];
    char label[160], text[SK_SHAPE_TEXT];
    const int rank = random_shape(r, 1, dims, 0), axis = test_between(r, 0, rank - 1),
              old = test_between(r, 0, 1);
    sk_tensor x = test_moderate(r, type, rank, dims, 20, 1), want = test_empty(type, rank, dims);
    size_t size[3];
    around(&x, axis, old ? rank : axis + 1, size);
    for (size_t o = 0; o < size[0]; o++)
        for (size_t i = 0; i < size[2]; i++)
            softmax_line(op, &x, &want, o * size[1] * size[2] + i, size[1], size[2]);
    onnx o;
    onnx_start(&o);
    onnx_node(&o, op, 1, in1, 1, out1);
    onnx_int(&o, "axis", old || test_between(r, 0, 1) ? axis : axis - rank);
    onnx_input(&o, "x", type, rank, dims);
    onnx_output(&o, "y", type);
    onnx_end(&o, old ? 11 : 13);
    snprintf(label, sizeof label, "case %d: %s of %s, axis %d old %d", number, op, sk_tensor_text(&x, text),
             axis, old);
    check(counts, &o, 1, (const sk_tensor *[]){&x}, &want,
          type == SK_FLOAT64   ? 1e-13
          : type == SK_FLOAT16 ? 2e-3
                               : 1e-6,
          label);
    free(x.data), free(want.data);
    onnx_free(&o);
}

static void arg_case(test_counts *counts, int type, uint32_t *r, int number) {
    int32_t dims[SK_MAX_RANK], kept[SK_MAX_RANK];
    char label[160], text[SK_SHAPE_TEXT];
    const int rank = random_shape(r, 1, dims, 0), axis = test_between(r, 0, rank - 1);
    const int min = test_between(r, 0, 1), last = test_between(r, 0, 1);
    sk_tensor x = test_moderate(r, type, rank, dims, 5, 0); /* many are equal */
    memcpy(kept, dims, sizeof kept);
    kept[axis] = 1;
    sk_tensor want = test_empty(SK_INT64, rank, kept);
    size_t size[3];
    around(&x, axis, axis + 1, size);
    for (size_t k = 0; k < size[0] * size[2]; k++) {
        const size_t first = k / size[2] * size[1] * size[2] + k % size[2];
        size_t best = 0;
        for (size_t i = 1; i < size[1]; i++) {
            const double v = test_real_at(&x, first + i * size[2]),
                         b = test_real_at(&x, first + best * size[2]);
            if ((min ? v < b : v > b) || (last && v == b)) best = i;
        }
        test_put_int(&want, k, (int64_t)best);
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, min ? "ArgMin" : "ArgMax", 1, in1, 1, out1);
    onnx_int(&o, "axis", axis);
    onnx_int(&o, "select_last_index", last);
    onnx_input(&o, "x", type, rank, dims);
    onnx_output(&o, "y", SK_INT64);
    onnx_end(&o, 13);
    snprintf(label, sizeof label, "case %d: arg of %s, axis %d min %d last %d", number,
             sk_tensor_text(&x, text), axis, min, last);
    check(counts, &o, 1, (const sk_tensor *[]){&x}, &want, 0, label);
    free(x.data), free(want.data);
    onnx_free(&o);
}

static void cumsum_case(test_counts *counts, int type, uint32_t *r, int number) {
    static const char *const in[] = {"x", "axis"};
    int32_t dims[SK_MAX_RANK];
    char label[160], text[SK_SHAPE_TEXT];
    const int rank = random_shape(r, 1, dims, 1), axis = test_between(r, 0, rank - 1);
    const int exclusive = test_between(r, 0, 1), reverse = test_between(r, 0, 1);
    sk_tensor x = test_moderate(r, type, rank, dims, 5, 0), want = test_empty(type, rank, dims);
    sk_tensor at = test_empty(SK_INT64, 0, NULL);
    test_put_int(&at, 0, axis - rank);
    size_t size[3];
    around(&x, axis, axis + 1, size);
    for (size_t k = 0; k < size[0] * size[2]; k++) {
        const size_t first = k / size[2] * size[1] * size[2] + k % size[2];
        double sum = 0;
        for (size_t i = 0; i < size[1]; i++) {
            const size_t e = first + (reverse ? size[1] - 1 - i : i) * size[2];
            if (!exclusive) sum += test_real_at(&x, e);
            test_put_real(&want, e, sum);
            if (exclusive) sum += test_real_at(&x, e);
        }
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "CumSum", 2, in, 1, out1);
    onnx_int(&o, "exclusive", exclusive);
    onnx_int(&o, "reverse", reverse);
    onnx_input(&o, "x", type, rank, dims);
    onnx_input(&o, "axis", SK_INT64, 0, NULL);
    onnx_output(&o, "y", type);
    onnx_end(&o, 14);
    snprintf(label, sizeof label, "case %d: CumSum of %s, axis %d", number, sk_tensor_text(&x, text), axis);
    check(counts, &o, 2, (const sk_tensor *[]){&x, &at}, &want, 0, label);
    free(x.data), free(want.data), free(at.data);
    onnx_free(&o);
}

/* ---- normalisation ---- */

/* (x - mean) / sqrt(variance + epsilon) over the n numbers at index[0 .. n) */
static void standardize(const sk_tensor *x, double *y, const size_t *index, size_t n, double epsilon,
                        int centre) {
    double mean = 0, variance = 0;
    for (size_t i = 0; centre && i < n; i++) mean += test_real_at(x, index[i]) / (double)n;
    for (size_t i = 0; i < n; i++) variance += pow(test_real_at(x, index[i]) - mean, 2) / (double)n;
    for (size_t i = 0; i < n; i++)
        y[index[i]] = (test_real_at(x, index[i]) - mean) / sqrt(variance + epsilon);
}

/* op over [batch][channels][inner]: instance, group (2 channels) or layer (all from axis 1 on). */
static void norm_case(test_counts *counts, const char *op, uint32_t *r, int number) {
    static const char *const in[] = {"x", "scale", "shift"};
    int32_t dims[4] = {test_between(r, 1, 3), 2 * test_between(r, 1, 9), test_between(r, 1, 9),
                       test_between(r, 1, 9)};
    char label[160], text[SK_SHAPE_TEXT];
    const int layer = is(op, "LayerNormalization"), rms = is(op, "RMSNormalization"),
              group = is(op, "GroupNormalization");
    const int type = test_between(r, 0, 4) ? SK_FLOAT32 : SK_FLOAT16;
    const size_t channels = (size_t)dims[1], inner = (size_t)dims[2] * (size_t)dims[3];
    const size_t size = layer || rms ? channels * inner
                        : group      ? 2 * inner
                                     : inner,
                 n_scale = layer || rms ? size : channels;
    sk_tensor x = test_moderate(r, type, 4, dims, 4, 1), want = test_empty(type, 4, dims);
    const int32_t vector = (int32_t)n_scale;
    sk_tensor scale = test_moderate(r, type, layer || rms ? 3 : 1, layer || rms ? dims + 1 : &vector, 2, 1);
    sk_tensor shift = test_moderate(r, type, scale.rank, scale.dims, 2, 1);
    double *y = malloc(sk_numel(&x) * sizeof *y);
    size_t *index = malloc(size * sizeof *index);
    if (!y || !index) abort();
    for (size_t first = 0; first < sk_numel(&x); first += size) {
        for (size_t i = 0; i < size; i++) index[i] = first + i;
        standardize(&x, y, index, size, 1e-3, !rms);
    }
    for (size_t i = 0; i < sk_numel(&x); i++) {
        const size_t at = layer || rms ? i % size : i / inner % channels;
        test_put_real(&want, i, y[i] * test_real_at(&scale, at) + (rms ? 0 : test_real_at(&shift, at)));
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, op, rms ? 2 : 3, in, 1, out1);
    onnx_float(&o, "epsilon", 1e-3f);
    if (layer || rms) onnx_int(&o, "axis", 1);
    if (group) onnx_int(&o, "num_groups", (int64_t)channels / 2);
    onnx_input(&o, "x", type, 4, dims);
    onnx_constant(&o, "scale", &scale);
    if (!rms) onnx_constant(&o, "shift", &shift);
    onnx_output(&o, "y", type);
    onnx_end(&o, 23);
    snprintf(label, sizeof label, "case %d: %s of %s", number, op, sk_tensor_text(&x, text));
    check(counts, &o, 1, (const sk_tensor *[]){&x}, &want, type == SK_FLOAT16 ? 2e-3 : 2e-6, label);
    free(x.data), free(want.data), free(scale.data), free(shift.data), free(y), free(index);
    onnx_free(&o);
}

static void lp_case(test_counts *counts, uint32_t *r, int number) {
    int32_t dims[SK_MAX_RANK];
    char label[160], text[SK_SHAPE_TEXT];
    const int rank = random_shape(r, 1, dims, 0), axis = test_between(r, 0, rank - 1),
              p = test_between(r, 1, 2);
    sk_tensor x = test_moderate(r, SK_FLOAT32, rank, dims, 2, 0), want = test_empty(SK_FLOAT32, rank, dims);
    size_t size[3];
    around(&x, axis, axis + 1, size);
    for (size_t k = 0; k < size[0] * size[2]; k++) {
        const size_t first = k / size[2] * size[1] * size[2] + k % size[2];
        double sum = 0;
        for (size_t i = 0; i < size[1]; i++) sum += pow(fabs(test_real_at(&x, first + i * size[2])), p);
        for (size_t i = 0; i < size[1]; i++)
            test_put_real(&want, first + i * size[2],
                          sum > 0 ? test_real_at(&x, first + i * size[2]) / (p == 1 ? sum : sqrt(sum)) : 0);
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "LpNormalization", 1, in1, 1, out1);
    onnx_int(&o, "axis", axis);
    onnx_int(&o, "p", p);
    onnx_input(&o, "x", SK_FLOAT32, rank, dims);
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 13);
    snprintf(label, sizeof label, "case %d: LpNormalization of %s, axis %d p %d", number,
             sk_tensor_text(&x, text), axis, p);
    check(counts, &o, 1, (const sk_tensor *[]){&x}, &want, 1e-6, label);
    free(x.data), free(want.data);
    onnx_free(&o);
}

static void lrn_case(test_counts *counts, uint32_t *r, int number) {
    const int32_t dims[4] = {test_between(r, 1, 2), test_between(r, 1, 12), test_between(r, 1, 9),
                             test_between(r, 1, 12)};
    char label[160], text[SK_SHAPE_TEXT];
    const int size = test_between(r, 1, 7), channels = dims[1], inner = dims[2] * dims[3];
    sk_tensor x = test_moderate(r, SK_FLOAT32, 4, dims, 4, 1), want = test_empty(SK_FLOAT32, 4, dims);
    for (size_t i = 0; i < sk_numel(&x); i++) {
        const int c = (int)(i / (size_t)inner) % channels;
        double sum = 0;
        for (int k = c - (size - 1) / 2; k <= c + size - 1 - (size - 1) / 2; k++)
            if (k >= 0 && k < channels) sum += pow(test_real_at(&x, i + (size_t)((k - c) * inner)), 2);
        test_put_real(&want, i, test_real_at(&x, i) / pow(1.5 + 0.25 * sum / size, 0.75));
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "LRN", 1, in1, 1, out1);
    onnx_int(&o, "size", size);
    onnx_float(&o, "alpha", 0.25f);
    onnx_float(&o, "bias", 1.5f);
    onnx_input(&o, "x", SK_FLOAT32, 4, dims);
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 13);
    snprintf(label, sizeof label, "case %d: LRN of %s, size %d", number, sk_tensor_text(&x, text), size);
    check(counts, &o, 1, (const sk_tensor *[]){&x}, &want, 1e-6, label);
    free(x.data), free(want.data);
    onnx_free(&o);
}

/* A million numbers around 1: the sum of each lane must not drift. */
static void long_sum(test_counts *counts) {
    const int32_t dims[2] = {1 << 20, 1}, strided[2] = {1 << 16, 19};
    for (int k = 0; k < 2; k++) {
        sk_tensor x = test_empty(SK_FLOAT32, 2, k ? strided : dims);
        for (size_t i = 0; i < sk_numel(&x); i++) test_put_real(&x, i, 1 + (double)(i % 7) / 10);
        sk_tensor want = reduced("ReduceMean", &x, 1, 1, 0);
        onnx o;
        onnx_start(&o);
        onnx_node(&o, "ReduceMean", 1, in1, 1, out1);
        onnx_ints(&o, "axes", 1, &(int32_t){0});
        onnx_input(&o, "x", SK_FLOAT32, 2, x.dims);
        onnx_output(&o, "y", SK_FLOAT32);
        onnx_end(&o, 13);
        check(counts, &o, 1, (const sk_tensor *[]){&x}, &want, 1e-6, "the mean of a million numbers");
        free(x.data), free(want.data);
        onnx_free(&o);
    }
}

int main(void) {
    static const int types[] = {SK_FLOAT32, SK_FLOAT64, SK_FLOAT16, SK_INT32, SK_INT64, SK_UINT8};
    const char *cases = getenv("CASES"), *first = getenv("SEED");
    const int n = cases ? atoi(cases) : 25, seed = first ? atoi(first) : 1;
    test_counts counts = {0, 0};
    uint32_t r = (uint32_t)seed * 2654435761u | 1;
    long_sum(&counts);
    for (int i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof reductions / sizeof *reductions; k++) {
            const int log = is(reductions[k], "ReduceLogSum") || is(reductions[k], "ReduceLogSumExp");
            reduce_case(&counts, reductions[k], SK_FLOAT32, &r, i);
            reduce_case(&counts, reductions[k], types[test_between(&r, 0, log ? 2 : 5)], &r, i);
        }
        for (int t = 0; t < 3; t++) {
            softmax_case(&counts, "Softmax", types[t], &r, i);
            softmax_case(&counts, "LogSoftmax", types[t], &r, i);
            softmax_case(&counts, "Hardmax", types[t], &r, i);
        }
        arg_case(&counts, types[test_between(&r, 0, 5)], &r, i);
        cumsum_case(&counts, (int[]){SK_FLOAT32, SK_FLOAT64, SK_INT32, SK_INT64}[test_between(&r, 0, 3)], &r,
                    i);
        norm_case(&counts, "InstanceNormalization", &r, i);
        norm_case(&counts, "GroupNormalization", &r, i);
        norm_case(&counts, "LayerNormalization", &r, i);
        norm_case(&counts, "RMSNormalization", &r, i);
        lp_case(&counts, &r, i);
        lrn_case(&counts, &r, i);
    }
    return test_summary(&counts);
}
