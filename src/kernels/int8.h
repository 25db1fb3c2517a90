/* Contracts of the 8-bit kernels; part of kernels.h. All sums are exact in 32 bits, and wrap. What zero
 * points add is told apart from the products, so that these are of the stored bytes alone: sum (a - za)(w -
 * zw) = sum a w - zw * sum a - za * (sum w - k * zw) The second sum is known when weights are packed, the
 * first is a number a row, and only needed where zw is not 0. */
#ifndef SK_KERNELS_INT8_H
#define SK_KERNELS_INT8_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/pack8.h"

/* ---- products, and convolutions as products of rows in pieces ---- */

/* The left operand as a product wants it, made from bytes: row i is `taps` pieces of k bytes, piece t at
 * rows[t * m + i]. What lies outside an image points at bytes of its zero point. At most SK_I8_ROWS rows; a
 * copy costs little next to the product, and spares the product all about pieces, signs and ends. */
#define SK_I8_ROWS 64
#define SK_I8_TILE 5 /* the most rows that a kernel takes at a time */
/* Must uint8 activations become int8 (by subtracting 128)? */
static inline int sk_i8_flips(sk_i8_form form, int is_signed) { return !is_signed && form <= SK_I8_W7; }
/* Gathered elements from row to row, of 2 bytes with WIDE, else of 1. */
static inline size_t sk_i8_row_step(size_t k) { return (k + 15) & ~(size_t)15; }

typedef struct sk_i8_gather_args {
    sk_i8_form form; /* of the weights they will meet */
    uint8_t is_signed;
    size_t m, k, taps;
    const uint8_t *const *rows;
    void *to;      /* sk_i8_rows_bytes long, 16-byte aligned */
    int32_t *sums; /* of m rows, as they are stored; NULL: not wanted, see sk_i8_wants_sums */
} sk_i8_gather_args;
typedef void sk_i8_gather_fn(const sk_i8_gather_args *args);

/* How many of the `left` rows, of k bytes over all pieces, the next block takes: whole tiles, few enough to
 * stay in the second-level cache, and no small block at the end. */
static inline size_t sk_i8_block_rows(size_t left, size_t k) {
    if (left <= SK_I8_ROWS) return left;
    return k > 1024 || left < 120 ? 40 : 60;
}

/* Bytes of gathered rows of k bytes each (over all pieces) for that form; 0: too many. Room for m rounded up
 * to whole tiles. */
size_t sk_i8_rows_bytes(sk_i8_form form, size_t m, size_t k);

/* Are the sums of rows of a needed? zeros: of the weights. */
int sk_i8_wants_sums(sk_i8_form form, const sk_i8_columns *columns, int is_signed);

/* y[m][n] from acc = sum (a - za)(w - zw) + bias, by the type of y:
 *   uint8, int8: clamp(round_to_even(acc * scale) + zero, lo, hi)
 *   float32:     clamp(acc * scale + addend, lo, hi)
 *   int32:       acc
 * where scale is the column's times `factor`; one rounding each, as onnxruntime; NaN becomes lo. */
typedef struct sk_i8_target {
    uint8_t type;
    int32_t zero;
    float factor, lo, hi;
} sk_i8_target;

typedef struct sk_i8_gemm_args {
    sk_i8_form form;
    size_t m, n, k; /* k: over all pieces */
    const void *a;  /* gathered rows */
    const int32_t *sums;
    int32_t zero_a; /* za as the model has it */
    uint8_t a_signed;
    const void *packed; /* from the panel on with which the columns begin */
    void *y;
    size_t y_row; /* elements from row to row */
    sk_i8_target target;
} sk_i8_gemm_args;
typedef void sk_i8_gemm_fn(const sk_i8_gemm_args *args);

/* ---- depthwise convolution ---- */

/* `lines` neighbouring output lines with any number of channels (kernel kh x kw, no dilation). rows: the
 * input rows that they see, kh + (lines - 1) * stride; outside the input in_w * channels bytes of zero_a.
 * packed: sk_i8_pack_dw. The reference is i8_conv__ref. */
typedef struct sk_i8_dwconv_args {
    size_t channels, in_w, out_w, lines, pad; /* pad < kw: columns before the input */
    const uint8_t *const *rows;
    int32_t zero_a;
    uint8_t a_signed;
    const void *packed;
    void *y;
    sk_i8_target target;
} sk_i8_dwconv_args;
typedef void sk_i8_dwconv_fn(const sk_i8_dwconv_args *args);

/* Any window, up to SK_I8_ROWS outputs side by side in y: tap t of output i is `channels` bytes at rows[t * m
 * + i].
 */
typedef struct sk_i8_dwany_args {
    size_t channels, m, taps;
    const uint8_t *const *rows;
    int32_t zero_a;
    uint8_t a_signed;
    const void *packed;
    void *y;
    sk_i8_target target;
} sk_i8_dwany_args;
typedef void sk_i8_dwany_fn(const sk_i8_dwany_args *args);

#endif
