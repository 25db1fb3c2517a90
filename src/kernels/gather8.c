/* The left operand of 8-bit products, gathered from the pieces where it lies: every row in one run, uint8
 * made int8, widened to 16 bits where the product is of 16-bit numbers (splatting pairs of these is one load,
 * and widening at each use would cost a third of the product's time), zeros up to a multiple of 16. */
#include "kernels/kernels.h"

#include "core/heap.h"

size_t sk_i8_rows_bytes(sk_i8_form form, size_t m, size_t k) {
    size_t rows, step, bytes;
    if (!sk_add(m, SK_I8_TILE - 1, &rows) || !sk_add(k, 15, &step)) return 0;
    step = sk_i8_row_step(k) * (form == SK_I8_WIDE ? 2 : 1);
    return sk_mul(rows, step, &bytes) ? bytes : 0;
}

int sk_i8_wants_sums(sk_i8_form form, const sk_i8_columns *columns, int is_signed) {
    const int none = is_signed ? 0 : 128;
    if (form == SK_I8_W7 || (!columns->zeros && none)) return 1;
    for (size_t i = 0; columns->zeros && i < columns->n_zeros; i++) {
        const uint8_t *zeros = columns->zeros;
        if (zeros[i] != none) return 1;
    }
    return 0;
}

SK_INLINE void move16(const int wide, const uint8_t *from, uint8_t *to, v128_t flip) {
    const v128_t x = wasm_v128_xor(wasm_v128_load(from), flip);
    wasm_v128_store(to, wide ? wasm_i16x8_extend_low_i8x16(x) : x);
    if (wide) wasm_v128_store(to + 16, wasm_i16x8_extend_high_i8x16(x));
}

SK_INLINE void move8(const int wide, const uint8_t *from, uint8_t *to, v128_t flip) {
    const v128_t x = wasm_v128_xor(wasm_v128_load64_zero(from), flip);
    if (wide) wasm_v128_store(to, wasm_i16x8_extend_low_i8x16(x));
    else wasm_v128_store64_lane(to, x, 0);
}

/* Long pieces end with a vector that overlaps the one before. */
SK_INLINE void move(const int wide, const uint8_t *from, size_t n, uint8_t *to, v128_t flip) {
    const size_t size = 1 + (size_t)wide;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) move16(wide, from + i, to + i * size, flip);
    if (i == n) return;
    if (i) {
        move16(wide, from + n - 16, to + (n - 16) * size, flip);
        return;
    }
    if (n >= 8) {
        move8(wide, from, to, flip);
        i = n - 8;
        move8(wide, from + i, to + i * size, flip);
        return;
    }
    const int8_t sign = (int8_t)wasm_i8x16_extract_lane(flip, 0);
    for (; i < n; i++) {
        const int8_t x = (int8_t)(from[i] ^ sign);
        if (wide) ((int16_t *)to)[i] = x;
        else to[i] = (uint8_t)x;
    }
}

SK_INLINE int32_t row_sum(const int wide, const uint8_t *row, size_t step) {
    const uint8_t *const end = row + step * (1 + (size_t)wide);
    v128_t sum = wasm_i32x4_splat(0);
    for (; row < end; row += 16) {
        const v128_t x = wasm_v128_load(row);
        sum = wasm_i32x4_add(
            sum, wasm_i32x4_extadd_pairwise_i16x8(wide ? x : wasm_i16x8_extadd_pairwise_i8x16(x)));
    }
    sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 0, 1));
    return (int32_t)((uint32_t)wasm_i32x4_extract_lane(sum, 0) + (uint32_t)wasm_i32x4_extract_lane(sum, 1));
}

SK_INLINE void gather(const int wide, const sk_i8_gather_args *a) {
    const size_t size = 1 + (size_t)wide, step = sk_i8_row_step(a->taps * a->k);
    const v128_t flip = wasm_i8x16_splat(sk_i8_flips(a->form, a->is_signed) ? -128 : 0);
    uint8_t *row = a->to;
    if (step == 0) /* sums of nothing */
        for (size_t i = 0; a->sums && i < a->m; i++) a->sums[i] = 0;
    for (size_t i = 0; i < a->m && step; i++, row += step * size) {
        uint8_t *to = row;
        for (size_t b = 0; b < size; b++)
            wasm_v128_store(row + step * size - 16 * (b + 1), wasm_i32x4_splat(0));
        for (size_t t = 0; t < a->taps; t++, to += a->k * size)
            move(wide, a->rows[t * a->m + i], a->k, to, flip);
        if (a->sums) a->sums[i] = row_sum(wide, row, step);
    }
}

static __attribute__((noinline)) void gather_wide(const sk_i8_gather_args *a) { gather(1, a); }
static __attribute__((noinline)) void gather_bytes(const sk_i8_gather_args *a) { gather(0, a); }

void i8_gather__simd128(const sk_i8_gather_args *a) {
    (a->form == SK_I8_WIDE ? gather_wide : gather_bytes)(a);
}
