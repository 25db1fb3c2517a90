/* Packed 8-bit weights: the form that 8-bit products read. Columns stand in panels of 8: for each panel an
 * sk_i8_panel, then the weights, for every sk_i8_group steps of k those of the first column, of the second,
 * ... Columns beyond n and steps beyond k are zero. uint8 weights become int8 by subtracting 128. Written in
 * pieces, as float32's are (pack.h). */
#ifndef SK_KERNELS_PACK8_H
#define SK_KERNELS_PACK8_H

#include <stddef.h>
#include <stdint.h>

#define SK_I8_PANEL 8

/* What is before the weights of a panel. */
typedef struct sk_i8_panel {
    int32_t bias[SK_I8_PANEL], sum[SK_I8_PANEL],
        zero[SK_I8_PANEL]; /* sum: of w - zero; zero: of what is stored */
    float scale[SK_I8_PANEL], addend[SK_I8_PANEL];
} sk_i8_panel;

/* Which kernel reads them, by what is known of the operands' values:
 *   WIDE  any; products of 16-bit numbers
 *   W7    weights within -64..63 (uint8: 64..191); stored plus 64, for the relaxed dot product
 *   A7    activations within 0..127; the relaxed dot product
 *   BOTH7 activations within 0..127, weights within -64..64 (uint8: 64..192): two such are added before they
 * are widened Builds without relaxed SIMD have WIDE only. */
typedef enum sk_i8_form { SK_I8_WIDE, SK_I8_W7, SK_I8_A7, SK_I8_BOTH7 } sk_i8_form;

static inline size_t sk_i8_group(sk_i8_form form) { return form == SK_I8_WIDE ? 2 : 4; }

typedef struct sk_i8_panels {
    sk_i8_form form;
    uint8_t is_signed; /* the weights that come */
    size_t n, k;
    void *data; /* sk_i8_panels_bytes long, 16-byte aligned */
} sk_i8_panels;

/* Bytes of one panel; 0: too many. */
size_t sk_i8_panel_bytes(sk_i8_form form, size_t k);
/* 1 and the bytes, or 0 when size_t overflows. data is not looked at. */
int sk_i8_panels_bytes(const sk_i8_panels *p, size_t *bytes);

/* A piece: rows [row, row + rows) of columns [col, col + cols); element (i, j) of the piece at b[i * b_row +
 * j * b_col]. Pieces may come in any order and must cover all of k x n; before the first one, or again, all
 * is cleared by sk_i8_pack_begin. */
typedef struct sk_i8_piece {
    size_t row, rows, col, cols;
    const uint8_t *b;
    size_t b_row, b_col;
} sk_i8_piece;
void sk_i8_pack_begin(const sk_i8_panels *p);
void sk_i8_pack_piece(const sk_i8_panels *p, const sk_i8_piece *piece);

/* What columns have besides weights; NULL: 0, scales 1. zeros are of the weights' type. n_zeros and n_scales:
 * n, or 1 for all. */
typedef struct sk_i8_columns {
    const int32_t *bias;
    const void *zeros;
    const float *scales, *addend;
    size_t n_zeros, n_scales;
} sk_i8_columns;
/* After all pieces: sums are taken from what was packed. */
void sk_i8_pack_columns(const sk_i8_panels *p, const sk_i8_columns *columns);

/* Depthwise weights: for each panel of 8 channels an sk_i8_panel (its zeros are 0), then pairs of taps; of a
 * pair two weights of each channel, less their zero points, of 16 bits. First those of two rows of the
 * filter, tap by tap along x; of a last row without a partner those of taps 0 and 1, 2 and 3, ..., then once
 * more of none and 0, 1 and 2, ... weights: [channels][kh][kw], as ONNX has them. Any window may be taken for
 * one of as many rows as it has taps. */
size_t sk_i8_dw_panel_bytes(size_t kh, size_t kw); /* 0: too many */
typedef struct sk_i8_dw_weights {
    size_t channels, kh, kw;
    const uint8_t *weights;
    uint8_t is_signed;
    sk_i8_columns columns;
} sk_i8_dw_weights;
void sk_i8_pack_dw(const sk_i8_dw_weights *w, void *packed);

#endif
