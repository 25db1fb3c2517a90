/* Attention without the matrix of all scores: a block of query rows at a time, whose scores over all keys
 * stay in the cache from the product that makes them to the one that uses them up. The exponentials are
 * divided by their sum only after the second product, where there are fewer numbers. */
#include "core/maths.h"
#include "kernels/kernels.h"

#include <string.h>

/* What row i of the mask does to n scores. */
static void add_mask(const sk_attention_args *a, size_t i, size_t n, float *scores) {
    if (!a->mask_is_bool) {
        f32_binary__simd128(SK_BINARY_ADD, scores, 1, (const float *)a->mask + i * a->mask_row,
                            (int)a->mask_col, scores, n);
        return;
    }
    const uint8_t *mask = (const uint8_t *)a->mask + i * a->mask_row;
    for (size_t j = 0; j < n; j++)
        if (!mask[j * a->mask_col]) scores[j] = -INFINITY;
}

static size_t seen_by(const sk_attention_args *a, size_t i) {
    return a->seen + i < a->limit ? a->seen + i : a->limit;
}

/* Does the mask leave row i none of n keys? */
static int sees_nothing(const sk_attention_args *a, size_t i, size_t n) {
    for (size_t j = 0; j < n; j++) {
        const size_t at = i * a->mask_row + j * a->mask_col;
        if (!a->mask || (a->mask_is_bool ? ((const uint8_t *)a->mask)[at] != 0
                                         : ((const float *)a->mask)[at] != -INFINITY))
            return 0;
    }
    return 1;
}

void f32_attention__simd128(const sk_attention_args *a) {
    const size_t stride = sk_attention_stride(a->keys),
                 whole = (a->keys + SK_PANEL - 1) / SK_PANEL * SK_PANEL;
    float inverse[SK_ATTENTION_ROWS];
    a->gemm(a->rows, whole, a->depth, a->q, a->q_row, a->k, a->scores, stride, -INFINITY, INFINITY);
    for (size_t i = 0; i < a->rows; i++) {
        float *scores = a->scores + i * stride;
        const size_t n = seen_by(a, i);
        if (a->mask) add_mask(a, i, n, scores);
        const float sum = f32_exp_sum__simd128(scores, scores, n);
        const size_t used = !(sum > 0) && sees_nothing(a, i, n) ? 0 : n; /* the sum of those is NaN */
        inverse[i] = used ? 1 / sum : 0;
        memset(scores + used, 0, (a->keys - used) * sizeof *scores);
    }
    a->gemm(a->rows, a->width, a->keys, a->scores, stride, a->v, a->y, a->y_row, -INFINITY, INFINITY);
    for (size_t i = 0; i < a->rows; i++) {
        float *y = a->y + i * a->y_row;
        f32_binary__simd128(SK_BINARY_MUL, y, 1, &inverse[i], 0, y, a->width);
    }
}

static double score(const sk_attention_args *a, size_t i, size_t j) {
    const size_t at = i * a->mask_row + j * a->mask_col;
    double sum = 0;
    if (a->mask && a->mask_is_bool && !((const uint8_t *)a->mask)[at]) return -INFINITY;
    for (size_t d = 0; d < a->depth; d++) sum += (double)a->q[i * a->q_row + d] * a->k[j * a->k_row + d];
    return sum * a->scale + (a->mask && !a->mask_is_bool ? ((const float *)a->mask)[at] : 0);
}

void f32_attention__ref(const sk_attention_args *a) {
    for (size_t i = 0; i < a->rows; i++) {
        const size_t seen = seen_by(a, i), n = sees_nothing(a, i, seen) ? 0 : seen;
        double max = -INFINITY, sum = 0;
        for (size_t j = 0; j < n; j++) max = score(a, i, j) > max ? score(a, i, j) : max;
        for (size_t j = 0; j < n; j++) sum += sk_exp(score(a, i, j) - max);
        for (size_t j = 0; j < n; j++) a->scores[j] = (float)(sk_exp(score(a, i, j) - max) / sum);
        for (size_t w = 0; w < a->width; w++) {
            double y = 0;
            for (size_t j = 0; j < n; j++) y += (double)a->scores[j] * a->v[j * a->v_row + w];
            a->y[i * a->y_row + w] = (float)y;
        }
    }
}
