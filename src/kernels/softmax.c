/* Softmax and its logarithm of float32. Along contiguous numbers: maximum, exponentials with their sum,
 * scaling, each a pass of vectors. Along a strided axis the vectors run across it, a strip of columns at a
 * time, whose maxima and sums stay on the stack. */
#include <string.h>

#include "core/maths.h"
#include "kernels/kernels.h"
#include "kernels/vmath.h"

#define STRIP 64

static const sk_unary_args exp_args = {.kind = SK_UNARY_EXP}, log_args = {.kind = SK_UNARY_LOG},
                           reciprocal_args = {.kind = SK_UNARY_RECIPROCAL};

/* Passes over NaN, which is cheaper: its exponential spoils the sum, and so the whole row, all the same. */
static float row_max(const float *x, size_t n) {
    v128_t a = sk_splat4(-INFINITY), b = a;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        a = wasm_f32x4_pmax(a, sk_load4(x + i));
        b = wasm_f32x4_pmax(b, sk_load4(x + i + 4));
    }
    float max = sk_max_lanes(wasm_f32x4_pmax(a, b));
    for (; i < n; i++) max = x[i] > max ? x[i] : max;
    return max;
}

/* y[i] = exp(x[i] - max); their sum. What is left of eight is filled up with numbers whose exponential is 0.
 */
static float exponentials(const float *x, float *y, size_t n, float max) {
    const v128_t top = sk_splat4(max);
    v128_t sum = sk_splat4(0);
    float eight[8], *out = NULL;
    for (size_t left = n; left > 0; x += 8, y += 8, left -= left < 8 ? left : 8) {
        if (left < 8) {
            for (size_t i = 0; i < 8; i++) eight[i] = i < left ? x[i] : -INFINITY;
            x = eight;
            out = y;
            y = eight;
        }
        const v128_t e = sk_exp_negative4(sk_sub4(sk_load4(x), top)),
                     f = sk_exp_negative4(sk_sub4(sk_load4(x + 4), top));
        sk_store4(y, e);
        sk_store4(y + 4, f);
        sum = sk_add4(sum, sk_add4(e, f));
    }
    if (out) memcpy(out, eight, n % 8 * sizeof *out);
    return sk_sum_lanes(sum);
}

float f32_exp_sum__simd128(const float *x, float *y, size_t n) {
    return exponentials(x, y, n, row_max(x, n));
}

static void softmax_row(const float *x, float *y, size_t n, int take_log) {
    if (!take_log) {
        const float scale = 1 / f32_exp_sum__simd128(x, y, n);
        f32_binary__simd128(SK_BINARY_MUL, y, 1, &scale, 0, y, n);
        return;
    }
    const float max = row_max(x, n);
    float sum = 0, part[STRIP];
    for (size_t i = 0; i < n; i += STRIP)
        sum += exponentials(x + i, part, n - i < STRIP ? n - i : STRIP, max);
    const float shift = (float)sk_log(sum);
    f32_binary__simd128(SK_BINARY_SUB, x, 1, &max, 0, y, n);
    f32_binary__simd128(SK_BINARY_SUB, y, 1, &shift, 0, y, n);
}

/* cols <= STRIP columns, rows `stride` apart. */
static void softmax_strip(const float *x, float *y, size_t n, size_t cols, size_t stride, int take_log) {
    float max[STRIP], sum[STRIP], row[STRIP];
    for (size_t j = 0; j < cols; j++) max[j] = -INFINITY, sum[j] = 0;
    f32_fold__simd128(SK_FOLD_MAX, x, n, cols, stride, max);
    for (size_t i = 0; i < n; i++) {
        float *to = y + i * stride;
        f32_binary__simd128(SK_BINARY_SUB, x + i * stride, 1, max, 1, to, cols);
        f32_exp__simd128(to, take_log ? row : to, cols, &exp_args);
        f32_binary__simd128(SK_BINARY_ADD, sum, 1, take_log ? row : to, 1, sum, cols);
    }
    if (take_log) f32_log__simd128(sum, sum, cols, &log_args);
    else f32_short__simd128(sum, sum, cols, &reciprocal_args);
    for (size_t i = 0; i < n; i++) {
        float *to = y + i * stride;
        f32_binary__simd128(take_log ? SK_BINARY_SUB : SK_BINARY_MUL, to, 1, sum, 1, to, cols);
    }
}

void f32_softmax__simd128(const sk_softmax_args *a) {
    const float *x = a->x;
    float *y = a->y;
    for (size_t o = 0; o < a->outer; o++, x += a->n * a->inner, y += a->n * a->inner) {
        if (a->inner == 1) {
            softmax_row(x, y, a->n, a->log);
            continue;
        }
        for (size_t j = 0; j < a->inner; j += STRIP)
            softmax_strip(x + j, y + j, a->n, a->inner - j < STRIP ? a->inner - j : STRIP, a->inner, a->log);
    }
}

void f64_softmax__ref(const sk_softmax_args *a) {
    for (size_t row = 0; row < a->outer * a->inner; row++) {
        const size_t at = row / a->inner * a->inner * a->n + row % a->inner;
        const double *x = (const double *)a->x + at;
        double *y = (double *)a->y + at, max = -INFINITY, sum = 0;
        for (size_t i = 0; i < a->n; i++) max = x[i * a->inner] > max ? x[i * a->inner] : max;
        for (size_t i = 0; i < a->n; i++) sum += sk_exp(x[i * a->inner] - max);
        for (size_t i = 0; i < a->n; i++) {
            const double d = x[i * a->inner] - max;
            y[i * a->inner] = a->log ? d - sk_log(sum) : sk_exp(d) / sum;
        }
    }
}
