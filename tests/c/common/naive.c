/* See naive.h. */
#include "naive.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* float16 by its definition, slowly. */
static double half_value(uint16_t h) {
    const int exponent = (h >> 10) & 31, mantissa = h & 1023;
    double x = exponent ? ldexp(1024 + mantissa, exponent - 25) : ldexp(mantissa, -24);
    if (exponent == 31) x = mantissa ? NAN : INFINITY;
    return h >> 15 ? -x : x;
}

static double bfloat_value(uint16_t b) {
    const uint32_t bits = (uint32_t)b << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

int64_t test_int_at(const sk_tensor *t, size_t i) {
    switch (t->type) {
    case SK_UINT8:
    case SK_BOOL: return ((const uint8_t *)t->data)[i];
    case SK_INT8: return ((const int8_t *)t->data)[i];
    case SK_UINT16: return ((const uint16_t *)t->data)[i];
    case SK_INT16: return ((const int16_t *)t->data)[i];
    case SK_UINT32: return ((const uint32_t *)t->data)[i];
    case SK_INT32: return ((const int32_t *)t->data)[i];
    case SK_INT64:
    case SK_UINT64: return ((const int64_t *)t->data)[i];
    case SK_UINT4: return (((const uint8_t *)t->data)[i / 2] >> (i % 2 * 4)) & 15;
    case SK_INT4: return (int8_t)((((const uint8_t *)t->data)[i / 2] >> (i % 2 * 4)) << 4) >> 4;
    default: abort();
    }
}

double test_real_at(const sk_tensor *t, size_t i) {
    switch (t->type) {
    case SK_FLOAT32: return (double)((const float *)t->data)[i];
    case SK_FLOAT64: return ((const double *)t->data)[i];
    case SK_FLOAT16: return half_value(((const uint16_t *)t->data)[i]);
    case SK_BFLOAT16: return bfloat_value(((const uint16_t *)t->data)[i]);
    case SK_UINT64: return (double)((const uint64_t *)t->data)[i];
    default: return (double)test_int_at(t, i);
    }
}

void test_put_int(sk_tensor *t, size_t i, int64_t value) {
    switch (sk_type_bits(t->type)) {
    case 8: ((uint8_t *)t->data)[i] = (uint8_t)value; break;
    case 16: ((uint16_t *)t->data)[i] = (uint16_t)value; break;
    case 32: ((uint32_t *)t->data)[i] = (uint32_t)value; break;
    case 64: ((int64_t *)t->data)[i] = value; break;
    case 4: {
        uint8_t *byte = (uint8_t *)t->data + i / 2;
        const int shift = (int)(i % 2 * 4);
        *byte = (uint8_t)((*byte & ~(15 << shift)) | (value & 15) << shift);
        break;
    }
    default: abort();
    }
}

/* The nearest of all that a 16-bit float can be, by trying the neighbours of a first guess. */
static uint16_t nearest_half(double x, double (*value)(uint16_t)) {
    uint16_t low = 0, high = 0;
    const double a = fabs(x);
    while (high < 0x7fff && value(high) < a && !isinf(value(high))) high += 64;
    low = high >= 64 ? (uint16_t)(high - 64) : 0;
    while (low < 0x7fff && value(low) < a && !isinf(value(low))) low++;
    if (low && !(fabs(a - value(low)) < fabs(a - value((uint16_t)(low - 1))))) {
        const double down = a - value((uint16_t)(low - 1)), up = value(low) - a;
        /* infinity stands for the number that would come next */
        const double step = isinf(value(low)) && low > 1
                                ? value((uint16_t)(low - 1)) - value((uint16_t)(low - 2)) - down
                                : up;
        if (down < step || (down == step && low % 2)) low--;
    }
    return (uint16_t)(low | (signbit(x) ? 0x8000 : 0));
}

void test_put_real(sk_tensor *t, size_t i, double value) {
    switch (t->type) {
    case SK_FLOAT32: ((float *)t->data)[i] = (float)value; break;
    case SK_FLOAT64: ((double *)t->data)[i] = value; break;
    case SK_FLOAT16:
        ((uint16_t *)t->data)[i] = value != value ? 0x7e00 : nearest_half(value, half_value);
        break;
    case SK_BFLOAT16:
        ((uint16_t *)t->data)[i] = value != value ? 0x7fc0 : nearest_half(value, bfloat_value);
        break;
    default: test_put_int(t, i, (int64_t)value);
    }
}

sk_tensor test_empty(int type, int rank, const int32_t *dims) {
    sk_tensor t = {.rank = -1};
    sk_set_shape(&t, type, rank, dims);
    t.data = calloc(1, sk_nbytes(&t) + 1);
    if (!t.data) abort();
    return t;
}

sk_tensor test_moderate(uint32_t *state, int type, int rank, const int32_t *dims, int most, int fractions) {
    sk_tensor t = test_empty(type, rank, dims);
    const int is_signed = !sk_type_in(type, SK_T(UINT8) | SK_T(UINT16) | SK_T(UINT32) | SK_T(UINT64) |
                                                SK_T(BOOL) | SK_T(UINT4));
    const int scale = fractions && sk_type_in(type, SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16)) ? 16 : 1;
    for (size_t i = 0; i < sk_numel(&t); i++) {
        const int x = test_between(state, is_signed ? -most * scale : 0, most * scale);
        test_put_real(&t, i, type == SK_BOOL ? x & 1 : (double)x / scale);
    }
    return t;
}

void test_coordinates(const sk_tensor *t, size_t i, int32_t at[SK_MAX_RANK]) {
    for (int d = t->rank - 1; d >= 0; d--) {
        at[d] = (int32_t)(i % (size_t)t->dims[d]);
        i /= (size_t)t->dims[d];
    }
}

size_t test_index(const sk_tensor *t, const int32_t at[SK_MAX_RANK]) {
    size_t i = 0;
    for (int d = 0; d < t->rank; d++) i = i * (size_t)t->dims[d] + (size_t)at[d];
    return i;
}

size_t test_broadcast_index(const sk_tensor *t, const sk_tensor *out, size_t i) {
    int32_t at[SK_MAX_RANK], mine[SK_MAX_RANK] = {0};
    test_coordinates(out, i, at);
    for (int d = 0; d < t->rank; d++) mine[d] = t->dims[d] == 1 ? 0 : at[d + out->rank - t->rank];
    return test_index(t, mine);
}

sk_status test_output(const onnx *o, const sk_options *options, int n, const sk_tensor *const *inputs,
                      int which, sk_tensor *out) {
    onnx_run run = onnx_predict(o, options, n, inputs);
    sk_tensor t = {.rank = -1};
    if (run.status == SK_OK) run.status = sk_output(run.model, which, &t);
    *out = (sk_tensor){.rank = -1};
    if (run.status == SK_OK) {
        *out = test_empty(t.type, t.rank, t.dims);
        if (sk_nbytes(&t)) memcpy(out->data, t.data, sk_nbytes(&t));
    }
    sk_model_free(run.model);
    return run.status;
}

void test_equal(test_counts *counts, const sk_tensor *got, const sk_tensor *want, double limit,
                const char *label) {
    char text[2][SK_SHAPE_TEXT];
    if (got->rank < 0 || got->type != want->type || !sk_same_shape(got, want)) {
        printf("FAIL %s: %s instead of %s\n", label, sk_tensor_text(got, text[0]),
               sk_tensor_text(want, text[1]));
        counts->failed++;
        return;
    }
    const int is_float =
        sk_type_in(want->type, SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16) | SK_T(BFLOAT16));
    double largest = 0;
    for (size_t i = 0; is_float && i < sk_numel(want); i++) {
        const double w = fabs(test_real_at(want, i));
        if (isfinite(w)) largest = fmax(largest, w);
    }
    for (size_t i = 0; i < sk_numel(want); i++) {
        const double g = test_real_at(got, i), w = test_real_at(want, i);
        const int same = is_float ? g == w || (g != g && w != w) || fabs(g - w) <= limit * largest
                                  : test_int_at(got, i) == test_int_at(want, i);
        if (same) continue;
        printf("FAIL %s: element %zu of %s is %.9g, not %.9g\n", label, i, sk_tensor_text(want, text[0]), g,
               w);
        counts->failed++;
        return;
    }
    counts->passed++;
}
