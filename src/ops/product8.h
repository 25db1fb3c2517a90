/* Products by 8-bit weights, as convolutions and matrix products have them: which input of the operator is
 * what, packing with all that is known of the columns, and running on all threads. */
#ifndef SK_OPS_PRODUCT8_H
#define SK_OPS_PRODUCT8_H

#include "kernels/select.h"
#include "ops/integer.h"

/* Inputs by their number; -1: none. b: the weights. A column's scale is a_scale * b_scale / y_scale, as far
 * as they are named here; it is packed with the weights, like bias (int32) and addend (float32). */
typedef struct sk_product8_inputs {
    int8_t b, a_zero, b_zero, a_scale, b_scale, y_scale, y_zero, bias, addend;
} sk_product8_inputs;

/* Matrices one behind the other, each of n columns and taps * channels rows; row t * channels + c of column j
 * is at b[j * col + c * row + t]. Columns of different matrices have different scales, zero points and
 * biases. */
typedef struct sk_product8_form {
    sk_product8_inputs at;
    uint8_t narrow;    /* a's codes are proven to be within 0 .. 127 */
    uint8_t b_signed;  /* set by sk_product8_prepare, like ids: of the constants */
    uint8_t depthwise; /* the kernel's width: one matrix of a filter a column (sk_i8_dw_weights); 0: no */
    int32_t matrices, n, taps, channels, col, row;
    int32_t ids[6];
} sk_product8_form;

/* Pointers to the pieces of rows [first, first + m) of a: piece t of row i to rows[t * m + i]. `of` is the
 * caller's. */
typedef void sk_rows8_fn(const void *of, size_t matrix, size_t first, size_t m, const uint8_t **rows);

typedef struct sk_product8 {
    sk_product8_form form;
    const void *packed;      /* NULL: packed at run */
    size_t pack, numbers;    /* where in scratch that is done */
    size_t work, work_bytes; /* of each thread: rows of a, and pointers to them */
    int32_t pieces;          /* of a row of a, as they lie; told, or 0: taps */
    sk_i8_gather_fn *gather;
    uint8_t pack_at_run; /* told: the weights are different at each call */
    uint8_t reference, by_columns;
} sk_product8;

/* The same without those that this node leaves out. */
sk_product8_inputs sk_present(const sk_prepare *p, sk_product8_inputs at);
/* Readies s, whose form is set but for what prepare finds out; rows: of a. */
sk_status sk_product8_prepare(sk_prepare *p, sk_product8 *s, size_t rows);

typedef struct sk_product8_call {
    const sk_product8 *s;
    sk_rows8_fn *rows;
    const void *of;
    size_t m;
    const void *packed;
    void *y; /* row i of matrix g begins at element i * y_row + g * n */
    size_t y_row;
    int32_t a_zero;
    uint8_t a_signed;
    sk_i8_target target;
    char *work;
} sk_product8_call;

/* What is the same for all matrices and rows: all but rows, of, m, y and y_row. */
sk_product8_call sk_product8_call_of(const sk_run *r, const sk_product8 *s);
/* Packs the weights at `offset` of a computed b; call->packed are they from then on. */
sk_status sk_product8_pack_now(const sk_run *r, sk_product8_call *call, size_t offset);
/* The packed panels; room for pointers to rows, at least SK_I8_ROWS for each tap, of a thread. */
const void *sk_product8_panels(const sk_product8_call *call);
const uint8_t **sk_product8_rows(const sk_product8_call *call, int thread);
void sk_product8_run(sk_pool *pool, const sk_product8_call *call);

/* 1 when the codes that value holds are proven to be within 0 .. 127. */
int sk_codes_are_narrow(const sk_value *value);

#endif
