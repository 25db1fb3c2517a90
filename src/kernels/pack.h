/* Packed weights: the form that product and depthwise kernels read. Columns stand in panels of `width` (8 for
 * products, 4 for depthwise): for each panel `width` biases, then for each of k rows `width` weights; columns
 * beyond n are zero. Written in pieces, so that weights can come in strips from where they lie. */
#ifndef SK_KERNELS_PACK_H
#define SK_KERNELS_PACK_H

#include <stddef.h>

typedef struct sk_panels {
    size_t width, n, k;
    float *data; /* sk_panels_bytes long, 16-byte aligned */
} sk_panels;

/* 1 and the bytes, or 0 when size_t overflows. data is not looked at. */
int sk_panels_bytes(const sk_panels *p, size_t *bytes);

/* n biases; NULL: zeros. */
void sk_pack_bias(const sk_panels *p, const float *bias);

/* A piece: rows [row, row + rows) of columns [col, col + cols), times factor; element (i, j) of the piece at
 * b[i * b_row + j * b_col]. Pieces may come in any order and must cover all of k x n. col is a multiple of
 * width, and so is cols unless the piece reaches column n. */
typedef struct sk_piece {
    size_t row, rows, col, cols;
    const float *b;
    size_t b_row, b_col;
    float factor;
} sk_piece;
void sk_pack_piece(const sk_panels *p, const sk_piece *piece);

#endif
