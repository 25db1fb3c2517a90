/* Softmax and its logarithm of float32. Along contiguous numbers: maximum, exponentials with their sum,
 * scaling, each a pass of vectors. Along a strided axis the vectors run across it, a strip of columns at a
 * time, whose maxima and sums stay on the stack. */
#include "core/maths.h"
#include "kernels/kernels.h"
#include "kernels/vmath.h"

#define STRIP 64

static const sk_unary_args none; /* for functions without parameters */

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

/* y[i] = exp(x[i] - max); their sum. */
static float exponentials(const float *x, float *y, size_t n, float max) {
    static const int32_t lanes[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
    const v128_t top = sk_splat4(max);
    v128_t sum = sk_splat4(0);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const v128_t e = sk_exp_negative4(sk_sub4(sk_load4(x + i), top)),
                     f = sk_exp_negative4(sk_sub4(sk_load4(x + i + 4), top));
        sk_store4(y + i, e);
        sk_store4(y + i + 4, f);
        sum = sk_add4(sum, sk_add4(e, f));
    }
    for (; i + 4 <= n; i += 4) {
        const v128_t e = sk_exp_negative4(sk_sub4(sk_load4(x + i), top));
        sk_store4(y + i, e);
        sum = sk_add4(sum, e);
    }
    if (i < n) {
        const size_t left = n - i;
        float four[4] = {0};
        sk_store_part(four, sk_load_part(x + i, left), left);
        exponentials(four, four, 4, max);
        const v128_t e = sk_load4(four);
        sk_store_part(y + i, e, left);
        sum = sk_add4(sum, wasm_v128_and(e, wasm_v128_load(lanes + 4 - left)));
    }
    return sk_sum_lanes(sum);
}

float f32_exp_sum__simd128(const float *x, float *y, size_t n) {
    return exponentials(x, y, n, row_max(x, n));
}

static void softmax_row(const float *x, float *y, size_t n, int take_log) {
    if (!take_log) {
        const float scale = 1 / f32_exp_sum__simd128(x, y, n);
        f32_mul__simd128(y, 1, &scale, 0, y, n);
        return;
    }
    const float max = row_max(x, n);
    float sum = 0, part[STRIP];
    for (size_t i = 0; i < n; i += STRIP)
        sum += exponentials(x + i, part, n - i < STRIP ? n - i : STRIP, max);
    const float shift = (float)sk_log(sum);
    f32_sub__simd128(x, 1, &max, 0, y, n);
    f32_sub__simd128(y, 1, &shift, 0, y, n);
}

/* cols <= STRIP columns, rows `stride` apart. */
static void softmax_strip(const float *x, float *y, size_t n, size_t cols, size_t stride, int take_log) {
    float max[STRIP], sum[STRIP], row[STRIP];
    for (size_t j = 0; j < cols; j++) max[j] = -INFINITY, sum[j] = 0;
    f32_max_of__simd128(x, n, cols, stride, max);
    for (size_t i = 0; i < n; i++) {
        float *to = y + i * stride;
        f32_sub__simd128(x + i * stride, 1, max, 1, to, cols);
        f32_exp__simd128(to, take_log ? row : to, cols, &none);
        f32_add__simd128(sum, 1, take_log ? row : to, 1, sum, cols);
    }
    if (take_log) f32_log__simd128(sum, sum, cols, &none);
    else f32_reciprocal__simd128(sum, sum, cols, &none);
    for (size_t i = 0; i < n; i++) {
        float *to = y + i * stride;
        (take_log ? f32_sub__simd128 : f32_mul__simd128)(to, 1, sum, 1, to, cols);
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
