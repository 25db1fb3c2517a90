/* Contract of the attention kernels. */
#ifndef SK_KERNELS_ATTENTION_H
#define SK_KERNELS_ATTENTION_H

/* Some rows of one head: y[i] = sum over j of p[i][j] * v[j], where p[i] is the softmax over j of
 * scale * (q[i] . k[j]) + mask[i][j]. Rows are *_row floats apart.
 * k, v: the reference takes them as they are; else packed in panels of 8 columns (kernels/pack.h), k turned
 * and times scale: depth x keys and keys x width.
 * mask: element (i, j) at i * mask_row + j * mask_col of float32, or of bools that say which keys count;
 * NULL: none. seen: row i sees keys [0, seen + i) alone, none sees those from `limit` <= keys on. Where the
 * mask leaves a row none, -infinity being as good as false, y is zero. scores: sk_attention_floats of them.
 * rows <= SK_ATTENTION_ROWS, keys >= 1. */
#define SK_ATTENTION_ROWS 64
typedef struct sk_attention_args {
    size_t rows, keys, depth, width, seen, limit;
    const float *q, *k, *v;
    float *y;
    size_t q_row, k_row, v_row, y_row;
    float scale; /* of the reference */
    const void *mask;
    size_t mask_row, mask_col;
    uint8_t mask_is_bool;
    float *scores;
    sk_f32_gemm_fn *gemm;
} sk_attention_args;
typedef void sk_f32_attention_fn(const sk_attention_args *args);

/* Floats from row to row of the scores: an odd number of cache lines, or the rows of a tile would share few
 * lines of the cache between them. */
static inline size_t sk_attention_stride(size_t keys) { return ((keys + 15) & ~(size_t)15) | 16; }
static inline size_t sk_attention_floats(size_t rows, size_t keys) {
    return rows * sk_attention_stride(keys);
}

#endif
