/* Contracts of the kernels that reduce: folds, softmax, statistics for normalisation, arg max. */
#ifndef SK_KERNELS_REDUCE_H
#define SK_KERNELS_REDUCE_H

#include <stddef.h>
#include <stdint.h>

typedef enum sk_fold_kind {
    SK_FOLD_SUM,
    SK_FOLD_SUM_ABS,
    SK_FOLD_SUM_SQUARE,
    SK_FOLD_PROD,
    SK_FOLD_MAX, /* NaN wins, as in numpy */
    SK_FOLD_MIN,
    SK_FOLD_COUNT
} sk_fold_kind;

/* acc[j] = acc[j] folded (as `kind` says) with x[i * stride + j] for all i < rows, for j < cols; a run of
 * numbers that becomes one has cols = 1 and stride = 1. float32 sums go through blocks, so their error does
 * not grow with rows. */
typedef void sk_fold_fn(int kind, const void *x, size_t rows, size_t cols, size_t stride, void *acc);

/* y = softmax of x (or its log) along the middle of [outer][n][inner]; y may be x. The loop type is the
 * kernel's. */
typedef struct sk_softmax_args {
    size_t outer, n, inner;
    const void *x;
    void *y;
    uint8_t log;
} sk_softmax_args;
typedef void sk_softmax_fn(const sk_softmax_args *args);

/* y[i] = exp(x[i] - the largest x); returns their sum. y may be x. NaN spoils the sum. n >= 1 */
typedef float sk_f32_exp_sum_fn(const float *x, float *y, size_t n);

/* y[i * stride + j] = x[...] * scale[j * step] + shift[j * step] for i < rows, j < cols; step is 0 or 1; y
 * may be x. */
typedef void sk_f32_affine_fn(const float *x, float *y, size_t rows, size_t cols, size_t stride,
                              const float *scale, const float *shift, size_t step);

/* acc[j] += (x[i * stride + j] - mean[j])^2 */
typedef void sk_f32_deviation_fn(const float *x, size_t rows, size_t cols, size_t stride, const float *mean,
                                 float *acc);

/* Mean and variance (of the whole population) of n numbers; without centre the mean counts as 0. */
typedef void sk_f32_moments_fn(const float *x, size_t n, int centre, float *mean, float *variance);

/* y[i] = (x[i] - mean) * inverse * scale[i] + shift[i]; scale and shift may be NULL; y may be x. */
typedef void sk_f32_normalize_fn(const float *x, float *y, size_t n, float mean, float inverse,
                                 const float *scale, const float *shift);

/* index[o * inner + i] = where the largest (smallest) of x[o][0 .. n)[i] stands; NaN counts as larger
 * (smaller) than all. Of equals the first, or the last. */
typedef struct sk_arg_args {
    size_t outer, n, inner;
    const void *x;
    int64_t *index;
    uint8_t min, last;
} sk_arg_args;
typedef void sk_arg_fn(const sk_arg_args *args);

/* ---- quantization ---- */

/* y[i] = saturate(round(x[i] / scale[i * step]) + zero[i * step]), ties to even, NaN becomes the lowest; zero
 * points are whole numbers of y's type. */
typedef void sk_f32_quantize_fn(const float *x, void *y, size_t n, const float *scale, const float *zero,
                                size_t step);

#endif
