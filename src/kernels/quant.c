/* Quantization of float32 to 8 bits. Rounding is an addition: to a number between the bounds, 1.5 * 2^23
 * added leaves the nearest whole number, ties to even, in the low bits. */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/vmath.h"

/* Four lanes as int32. */
SK_INLINE v128_t quantize4(v128_t x, v128_t scale, v128_t zero, const float lowest, const float highest) {
    const v128_t magic = sk_splat4(12582912.0f);
    const v128_t low = sk_sub4(sk_splat4(lowest), zero), high = sk_sub4(sk_splat4(highest), zero);
    const v128_t bounded = wasm_f32x4_pmin(wasm_f32x4_pmax(low, sk_div4(x, scale)), high);
    return wasm_i32x4_sub(sk_add4(bounded, magic), sk_sub4(magic, zero));
}

SK_INLINE uint8_t quantize1(float x, float scale, float zero, const float lowest, const float highest) {
    const float q = x / scale, bounded = q > lowest - zero ? q : lowest - zero;
    return (uint8_t)(int)(rintf(bounded < highest - zero ? bounded : highest - zero) + zero);
}

/* One body for both types: the bounds are no constants, what narrows is chosen once in 16. */
static __attribute__((noinline)) void quantize(const float *x, uint8_t *y, size_t n, const float *scale,
                                               const float *zero, size_t step, const float lowest,
                                               const float highest) {
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        v128_t q[4];
        SK_UNROLL
        for (size_t v = 0; v < 4; v++) {
            const size_t at = (i + 4 * v) * step;
            const v128_t s = step ? sk_load4(scale + at) : sk_splat4(*scale);
            const v128_t z = step ? sk_load4(zero + at) : sk_splat4(*zero);
            q[v] = quantize4(sk_load4(x + i + 4 * v), s, z, lowest, highest);
        }
        const v128_t a = wasm_i16x8_narrow_i32x4(q[0], q[1]), b = wasm_i16x8_narrow_i32x4(q[2], q[3]);
        wasm_v128_store(y + i, lowest < 0 ? wasm_i8x16_narrow_i16x8(a, b) : wasm_u8x16_narrow_i16x8(a, b));
    }
    for (; i < n; i++) y[i] = quantize1(x[i], scale[i * step], zero[i * step], lowest, highest);
}

void f32_quantize_u8__simd128(const float *x, void *y, size_t n, const float *scale, const float *zero,
                              size_t step) {
    quantize(x, y, n, scale, zero, step, 0, 255);
}

void f32_quantize_s8__simd128(const float *x, void *y, size_t n, const float *scale, const float *zero,
                              size_t step) {
    quantize(x, y, n, scale, zero, step, -128, 127);
}

void f32_quantize_u8__ref(const float *x, void *y, size_t n, const float *scale, const float *zero,
                          size_t step) {
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)y)[i] = quantize1(x[i], scale[i * step], zero[i * step], 0, 255);
}

void f32_quantize_s8__ref(const float *x, void *y, size_t n, const float *scale, const float *zero,
                          size_t step) {
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)y)[i] = quantize1(x[i], scale[i * step], zero[i * step], -128, 127);
}
