/* Matrix transposes of 4-byte elements for the strided copy: NCHW <-> NHWC is a [C][HW] transpose, and the
 * layout pass puts one at each edge of a convolution chain. */
#include "kernels/kernels.h"

/* Source elements are read in lines of this many (one cache line of floats), so that each line is used whole
 * while the few destination lines in flight stay cached, even when rows are a power of two apart. */
#define LINE 16

SK_INLINE void tile_4x4(uint8_t *dst, ptrdiff_t dst_row, const uint8_t *src, ptrdiff_t src_col) {
    const v128_t a = wasm_v128_load(src), b = wasm_v128_load(src + src_col);
    const v128_t c = wasm_v128_load(src + 2 * src_col), d = wasm_v128_load(src + 3 * src_col);
    const v128_t ab_lo = wasm_i32x4_shuffle(a, b, 0, 4, 1, 5), ab_hi = wasm_i32x4_shuffle(a, b, 2, 6, 3, 7);
    const v128_t cd_lo = wasm_i32x4_shuffle(c, d, 0, 4, 1, 5), cd_hi = wasm_i32x4_shuffle(c, d, 2, 6, 3, 7);
    wasm_v128_store(dst, wasm_i64x2_shuffle(ab_lo, cd_lo, 0, 2));
    wasm_v128_store(dst + dst_row, wasm_i64x2_shuffle(ab_lo, cd_lo, 1, 3));
    wasm_v128_store(dst + 2 * dst_row, wasm_i64x2_shuffle(ab_hi, cd_hi, 0, 2));
    wasm_v128_store(dst + 3 * dst_row, wasm_i64x2_shuffle(ab_hi, cd_hi, 1, 3));
}

/* What no tile covers. */
static __attribute__((noinline)) void rest(ptrdiff_t rows, ptrdiff_t cols, uint8_t *dst, ptrdiff_t dst_row,
                                           const uint8_t *src, ptrdiff_t src_col) {
    for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t c = 0; c < cols; c++)
            __builtin_memcpy(dst + r * dst_row + c * 4, src + r * 4 + c * src_col, 4);
}

/* Three planes into pixels: how an image enters a channels-last network. */
static void planes_to_pixels_3(ptrdiff_t pixels, uint8_t *dst, const uint8_t *src, ptrdiff_t plane) {
    ptrdiff_t i = 0;
    for (; i + 4 <= pixels; i += 4, dst += 48, src += 16) {
        const v128_t r = wasm_v128_load(src), g = wasm_v128_load(src + plane);
        const v128_t b = wasm_v128_load(src + 2 * plane);
        const v128_t rg_lo = wasm_i32x4_shuffle(r, g, 0, 4, 1, 5); /* r0 g0 r1 g1 */
        const v128_t rg_hi = wasm_i32x4_shuffle(r, g, 2, 6, 3, 7); /* r2 g2 r3 g3 */
        wasm_v128_store(dst, wasm_i32x4_shuffle(rg_lo, b, 0, 1, 4, 2));
        wasm_v128_store(dst + 16,
                        wasm_i32x4_shuffle(wasm_i32x4_shuffle(rg_lo, b, 3, 5, 3, 5), rg_hi, 0, 1, 4, 5));
        wasm_v128_store(dst + 32, wasm_i32x4_shuffle(b, rg_hi, 2, 6, 7, 3));
    }
    rest(pixels - i, 3, dst, 12, src, plane);
}

static void transpose_lines(ptrdiff_t rows, ptrdiff_t cols, uint8_t *dst, ptrdiff_t dst_row,
                            const uint8_t *src, ptrdiff_t src_col) {
    const ptrdiff_t cols4 = cols & ~(ptrdiff_t)3;
    /* destination rows a multiple of 2 kB apart share a few cache sets: half a line of them at a time is
     * twice as fast */
    const ptrdiff_t line = dst_row % 2048 ? LINE : LINE / 2;
    for (ptrdiff_t r0 = 0; r0 < rows; r0 += line) {
        const ptrdiff_t n = rows - r0 < line ? rows - r0 : line, n4 = n & ~(ptrdiff_t)3;
        for (ptrdiff_t c = 0; c < cols4; c += 4) {
            uint8_t *d = dst + r0 * dst_row + c * 4;
            const uint8_t *s = src + r0 * 4 + c * src_col;
            for (ptrdiff_t r = 0; r < n4; r += 4) tile_4x4(d + r * dst_row, dst_row, s + r * 4, src_col);
            rest(n - n4, 4, d + n4 * dst_row, dst_row, s + n4 * 4, src_col);
        }
        rest(n, cols - cols4, dst + r0 * dst_row + cols4 * 4, dst_row, src + r0 * 4 + cols4 * src_col,
             src_col);
    }
}

void sk_transpose_4(ptrdiff_t rows, ptrdiff_t cols, uint8_t *dst, ptrdiff_t dst_row, const uint8_t *src,
                    ptrdiff_t src_col) {
    if (cols == 3 && dst_row == 12) planes_to_pixels_3(rows, dst, src, src_col);
    else transpose_lines(rows, cols, dst, dst_row, src, src_col);
}
