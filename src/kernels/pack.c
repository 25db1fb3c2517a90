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

void sk_pack_piece(const sk_panels *p, const sk_piece *piece) {
    for (size_t j = 0; j < piece->cols; j += p->width) {
        const size_t cols = piece->cols - j < p->width ? piece->cols - j : p->width;
        float *to = p->data + (piece->col + j) / p->width * panel_floats(p) + p->width * (1 + piece->row);
        const float *b = piece->b + j * piece->b_col;
        if (p->width == 8 && cols == 8 && piece->b_col == 1) pack_panel_8(to, piece, b);
        else pack_panel(to, p->width, cols, piece, b);
    }
}
