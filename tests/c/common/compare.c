/* Comparing operators with their references; see compare.h. */
#include "compare.h"

#include "threads.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t test_random(uint32_t *state) {
    uint32_t x = *state;
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

int test_between(uint32_t *state, int low, int high) {
    return low + (int)(test_random(state) % (uint32_t)(high - low + 1));
}

sk_tensor test_tensor(uint32_t *state, int type, int rank, const int32_t *dims) {
    sk_tensor t = {.rank = -1};
    sk_set_shape(&t, type, rank, dims);
    const size_t n = sk_numel(&t), bytes = sk_nbytes(&t);
    t.data = malloc(bytes ? bytes : 1);
    if (!t.data) abort();
    for (size_t i = 0; i < n; i++) {
        const double unit = test_random(state) / 2147483648.0 - 1;
        if (type == SK_FLOAT32) ((float *)t.data)[i] = (float)unit;
        else if (type == SK_FLOAT64) ((double *)t.data)[i] = unit;
    }
    if (type != SK_FLOAT32 && type != SK_FLOAT64)
        for (size_t i = 0; i < bytes; i++) ((uint8_t *)t.data)[i] = (uint8_t)(test_random(state) >> 8);
    return t;
}

static double at(const sk_tensor *t, size_t i) {
    switch (t->type) {
    case SK_FLOAT32: return (double)((const float *)t->data)[i];
    case SK_FLOAT64: return ((const double *)t->data)[i];
    case SK_INT8: return ((const int8_t *)t->data)[i];
    case SK_BOOL:
    case SK_UINT8: return ((const uint8_t *)t->data)[i];
    case SK_INT32: return ((const int32_t *)t->data)[i];
    default: return (double)((const int64_t *)t->data)[i];
    }
}

/* The largest difference as a share of the largest value; infinite when they cannot be compared. */
static double difference(const sk_tensor *a, const sk_tensor *b) {
    double most = 0, largest = 0;
    if (a->type != b->type || !sk_same_shape(a, b)) return INFINITY;
    for (size_t i = 0; i < sk_numel(a); i++) {
        const double x = at(a, i), y = at(b, i);
        if (isnan(x) != isnan(y)) return INFINITY;
        if (x == y || isnan(y)) continue;
        most = fmax(most, fabs(x - y));
        largest = fmax(largest, fabs(y));
    }
    return most == 0 ? 0 : most / fmax(largest, 1e-30);
}

/* With threads the same bits come out. */
static void compare_threads(test_counts *counts, const onnx *o, const sk_options *options, int n,
                            const sk_tensor *const *inputs, sk_model *one, const char *label) {
    sk_options shared = *options;
    shared.pool = test_pool();
    onnx_run got = onnx_predict(o, &shared, n, inputs);
    sk_tensor a, b;
    const int same = got.status == SK_OK && !sk_output(got.model, 0, &a) && !sk_output(one, 0, &b) &&
                     a.type == b.type && sk_same_shape(&a, &b) && !memcmp(a.data, b.data, sk_nbytes(&a));
    if (!same) printf("FAIL %s: other bits with threads\n", label);
    *(same ? &counts->passed : &counts->failed) += 1;
    sk_model_free(got.model);
}

void test_against_reference(test_counts *counts, const onnx *o, int n, const sk_tensor *const *inputs,
                            double limit, const char *label) {
    sk_options options = {.reference = 1};
    onnx_run want = onnx_predict(o, &options, n, inputs);
    for (int no_fusion = 0; no_fusion < 2; no_fusion++) {
        options = (sk_options){.no_fusion = (uint8_t)no_fusion};
        onnx_run got = onnx_predict(o, &options, n, inputs);
        sk_tensor a, b;
        if (got.status != SK_OK || want.status != SK_OK || sk_output(got.model, 0, &a) ||
            sk_output(want.model, 0, &b)) {
            const onnx_run *bad = want.status != SK_OK ? &want : &got;
            printf("FAIL %s%s: %s\n", label, no_fusion ? " (no fusion)" : "",
                   bad->model ? sk_model_error(bad->model)->text : "");
            counts->failed++;
        } else {
            const double d = difference(&a, &b);
            if (d > limit) printf("FAIL %s%s: differs by %g\n", label, no_fusion ? " (no fusion)" : "", d);
            *(d > limit ? &counts->failed : &counts->passed) += 1;
        }
        if (got.status == SK_OK) compare_threads(counts, o, &options, n, inputs, got.model, label);
        sk_model_free(got.model);
    }
    sk_model_free(want.model);
}

int test_summary(const test_counts *counts) {
    printf("%d passed, %d failed\n", counts->passed, counts->failed);
    return counts->failed > 0 || counts->passed == 0;
}
