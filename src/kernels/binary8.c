/* Sums and products of two quantized tensors, and what becomes of each code by a table. Computed as
 * DequantizeLinear, the operator in float32 and QuantizeLinear would, step by step, and so with the same
 * result. */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/vmath.h"

static float real1(const sk_quantized_number *q, const uint8_t *code) {
    const int value = q->is_signed ? *(const int8_t *)code : *code;
    return (float)(value - q->zero) * q->scale;
}

static uint8_t pair1(const sk_i8_binary_args *args, const uint8_t *a, const uint8_t *b) {
    const float x = real1(&args->a, a), y = real1(&args->b, b), zero = (float)args->y.zero;
    const float q = (args->kind == SK_BINARY_ADD ? x + y : x * y) / args->y.scale;
    const float lo = args->lo - zero, hi = args->hi - zero, bounded = q > lo ? q : lo;
    return (uint8_t)((int)rintf(bounded < hi ? bounded : hi) + args->y.zero);
}

void i8_binary__ref(const sk_i8_binary_args *args, const uint8_t *a, int a_step, const uint8_t *b, int b_step,
                    uint8_t *y, size_t n) {
    for (size_t i = 0; i < n; i++, a += a_step, b += b_step) y[i] = pair1(args, a, b);
}

/* Eight codes as float32. */
SK_INLINE void real8(const sk_quantized_number *q, const uint8_t *codes, int step, v128_t *lo, v128_t *hi) {
    const v128_t bytes = step ? wasm_v128_load64_zero(codes) : wasm_i8x16_splat((int8_t)*codes);
    const v128_t wide =
        q->is_signed ? wasm_i16x8_extend_low_i8x16(bytes) : wasm_u16x8_extend_low_u8x16(bytes);
    const v128_t value = wasm_i16x8_sub(wide, wasm_i16x8_splat((int16_t)q->zero)),
                 scale = sk_splat4(q->scale);
    *lo = sk_mul4(wasm_f32x4_convert_i32x4(wasm_i32x4_extend_low_i16x8(value)), scale);
    *hi = sk_mul4(wasm_f32x4_convert_i32x4(wasm_i32x4_extend_high_i16x8(value)), scale);
}

SK_INLINE v128_t pair4(const sk_i8_binary_args *args, v128_t x, v128_t y) {
    const float zero = (float)args->y.zero;
    const v128_t whole = args->kind == SK_BINARY_ADD ? sk_add4(x, y) : sk_mul4(x, y);
    const v128_t q = sk_div4(whole, sk_splat4(args->y.scale));
    const v128_t lo = sk_splat4(args->lo - zero), hi = sk_splat4(args->hi - zero);
    const v128_t rounded = sk_add4(wasm_f32x4_pmin(wasm_f32x4_pmax(lo, q), hi), sk_splat4(12582912.0f));
    return wasm_i32x4_sub(rounded, wasm_i32x4_splat(0x4B400000 - args->y.zero)); /* the sum's bits */
}

void i8_binary__simd128(const sk_i8_binary_args *args, const uint8_t *a, int a_step, const uint8_t *b,
                        int b_step, uint8_t *y, size_t n) {
    for (; n >= 8; n -= 8, y += 8, a += 8 * a_step, b += 8 * b_step) {
        v128_t a0, a1, b0, b1;
        real8(&args->a, a, a_step, &a0, &a1);
        real8(&args->b, b, b_step, &b0, &b1);
        const v128_t wide = wasm_i16x8_narrow_i32x4(pair4(args, a0, b0), pair4(args, a1, b1));
        wasm_v128_store64_lane(
            y, args->y.is_signed ? wasm_i8x16_narrow_i16x8(wide, wide) : wasm_u8x16_narrow_i16x8(wide, wide),
            0);
    }
    i8_binary__ref(args, a, a_step, b, b_step, y, n);
}

void u8_table__ref(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = table[x[i]];
}
