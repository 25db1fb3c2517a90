/* Weights into panels (pack.h). Done once per model for constants, and at each run for a computed second
 * operand, where the contiguous case is what counts. */
#include "kernels/pack.h"

#include "core/heap.h"
#include "kernels/simd.h"

static size_t panel_floats(const sk_panels *p) { return p->width * (p->k + 1); }

int sk_panels_bytes(const sk_panels *p, size_t *bytes) {
    size_t rows, panel, panels;
    if (!sk_add(p->k, 1, &rows) || !sk_mul(rows, p->width * sizeof(float), &panel)) return 0;
    panels = p->n / p->width + (p->n % p->width != 0);
    return sk_mul(panel, panels, bytes);
}

void sk_pack_bias(const sk_panels *p, const float *bias) {
    float *to = p->data;
    for (size_t col = 0; col < p->n; col += p->width, to += panel_floats(p))
        for (size_t j = 0; j < p->width; j++) to[j] = bias && col + j < p->n ? bias[col + j] : 0.0f;
}

/* Columns [0, cols) of one panel, cols <= width. */
static void pack_panel(float *to, size_t width, size_t cols, const sk_piece *piece, const float *b) {
    for (size_t i = 0; i < piece->rows; i++, to += width, b += piece->b_row)
        for (size_t j = 0; j < width; j++) to[j] = j < cols ? b[j * piece->b_col] * piece->factor : 0.0f;
}

/* The same for 8 whole columns that lie side by side. */
static void pack_panel_8(float *to, const sk_piece *piece, const float *b) {
    const v128_t factor = wasm_f32x4_splat(piece->factor);
    for (size_t i = 0; i < piece->rows; i++, to += 8, b += piece->b_row) {
        sk_store4(to, wasm_f32x4_mul(sk_load4(b), factor));
        sk_store4(to + 4, wasm_f32x4_mul(sk_load4(b + 4), factor));
    }
}

/* Four rows of four columns, each column a line of b, as it is with the filters of a 1 x 1 convolution. */
SK_INLINE void turn_4x4(float *to, const float *b, size_t column, v128_t factor) {
    const v128_t c0 = sk_load4(b), c1 = sk_load4(b + column);
    const v128_t c2 = sk_load4(b + 2 * column), c3 = sk_load4(b + 3 * column);
    const v128_t lo01 = wasm_i32x4_shuffle(c0, c1, 0, 4, 1, 5), lo23 = wasm_i32x4_shuffle(c2, c3, 0, 4, 1, 5);
    const v128_t hi01 = wasm_i32x4_shuffle(c0, c1, 2, 6, 3, 7), hi23 = wasm_i32x4_shuffle(c2, c3, 2, 6, 3, 7);
    sk_store4(to, wasm_f32x4_mul(wasm_i64x2_shuffle(lo01, lo23, 0, 2), factor));
    sk_store4(to + 8, wasm_f32x4_mul(wasm_i64x2_shuffle(lo01, lo23, 1, 3), factor));
    sk_store4(to + 16, wasm_f32x4_mul(wasm_i64x2_shuffle(hi01, hi23, 0, 2), factor));
    sk_store4(to + 24, wasm_f32x4_mul(wasm_i64x2_shuffle(hi01, hi23, 1, 3), factor));
}

/* As pack_panel for 8 whole columns that are lines of b: MobileNetV2's weights in 10 -> 8.7 ms, 5 of
 * which are the first touch of the memory. */
static void pack_lines_8(float *to, const sk_piece *piece, const float *b) {
    const v128_t factor = wasm_f32x4_splat(piece->factor);
    const size_t column = piece->b_col, whole = piece->rows & ~(size_t)3;
    for (size_t i = 0; i < whole; i += 4, to += 32, b += 4) {
        turn_4x4(to, b, column, factor);
        turn_4x4(to + 4, b + 4 * column, column, factor);
    }
    for (size_t i = whole; i < piece->rows; i++, b++)
        for (size_t j = 0; j < 8; j++) *to++ = b[j * column] * piece->factor;
}

void sk_pack_piece(const sk_panels *p, const sk_piece *piece) {
    for (size_t j = 0; j < piece->cols; j += p->width) {
        const size_t cols = piece->cols - j < p->width ? piece->cols - j : p->width;
        float *to = p->data + (piece->col + j) / p->width * panel_floats(p) + p->width * (1 + piece->row);
        const float *b = piece->b + j * piece->b_col;
        if (p->width == 8 && cols == 8 && piece->b_col == 1) pack_panel_8(to, piece, b);
        else if (p->width == 8 && cols == 8 && piece->b_row == 1) pack_lines_8(to, piece, b);
        else pack_panel(to, p->width, cols, piece, b);
    }
}
