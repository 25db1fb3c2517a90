/* 128-bit vectors for every target: wasm's own intrinsics, or natively (SK_NATIVE) SIMDe's copy of them, so
 * that the kernels run under sanitizers and valgrind. SK_RELAXED=1 builds may use relaxed SIMD; natively the
 * relaxed names are the plain operations. */
#ifndef SK_KERNELS_SIMD_H
#define SK_KERNELS_SIMD_H

#include <stddef.h>
#include <stdint.h>

#ifndef SK_NATIVE
#define SK_NATIVE 0
#endif
#ifndef SK_RELAXED
#define SK_RELAXED 0
#endif

#if SK_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>
#else
#include <wasm_simd128.h>
#endif

/* Bodies with constant arguments: each caller gets its own specialised copy. */
#define SK_INLINE static inline __attribute__((always_inline))
/* Before a loop of constant length over registers: it must be unrolled, or they live in memory, four times
 * slower. Said here, not by a flag, so that all other loops stay small. */
#if defined(__clang__)
#define SK_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SK_UNROLL _Pragma("GCC unroll 32")
#endif

/* a * b + c: one rounding or two, as the build has it. */
SK_INLINE v128_t sk_madd(v128_t a, v128_t b, v128_t c) {
#if SK_RELAXED && !SK_NATIVE
    return wasm_f32x4_relaxed_madd(a, b, c);
#else
    return wasm_f32x4_add(wasm_f32x4_mul(a, b), c);
#endif
}

/* Bytes a times bytes b, added in pairs to 16-bit numbers; b within 0..127. Only where it is one instruction.
 */
#if SK_RELAXED || SK_NATIVE
#define SK_DOT7 1
SK_INLINE v128_t sk_dot7(v128_t a, v128_t b) {
#if SK_NATIVE
    const v128_t even =
        wasm_i16x8_mul(wasm_i16x8_shr(wasm_i16x8_shl(a, 8), 8), wasm_i16x8_shr(wasm_i16x8_shl(b, 8), 8));
    return wasm_i16x8_add(even, wasm_i16x8_mul(wasm_i16x8_shr(a, 8), wasm_i16x8_shr(b, 8)));
#else
    return wasm_i16x8_relaxed_dot_i8x16_i7x16(a, b);
#endif
}
#else
#define SK_DOT7 0
#endif

/* min(max(x, lo), hi) that lets NaN through; one instruction each on x86, unlike f32x4.min and max. This is
 * what clamps, Relu and Clip mean everywhere here: hi wins when lo > hi, and -0 stays -0 under lo = 0. */
SK_INLINE v128_t sk_clamp4(v128_t x, v128_t lo, v128_t hi) {
    return wasm_f32x4_pmin(wasm_f32x4_pmax(x, lo), hi);
}

/* The same for one number. */
SK_INLINE float sk_clamp1(float x, float lo, float hi) {
    x = x < lo ? lo : x;
    return hi < x ? hi : x;
}

SK_INLINE v128_t sk_load4(const float *p) { return wasm_v128_load(p); }
SK_INLINE void sk_store4(float *p, v128_t x) { wasm_v128_store(p, x); }

/* The first n (1..3) of four 32-bit lanes, the others 0; nothing beyond them is touched. */
SK_INLINE v128_t sk_load_part(const void *p, size_t n) {
    const uint32_t *w = p;
    if (n == 1) return wasm_v128_load32_zero(w);
    const v128_t x = wasm_v128_load64_zero(w);
    return n == 2 ? x : wasm_v128_load32_lane(w + 2, x, 2);
}

SK_INLINE void sk_store_part(void *p, v128_t x, size_t n) {
    uint32_t *w = p;
    if (n == 1) {
        wasm_v128_store32_lane(w, x, 0);
        return;
    }
    wasm_v128_store64_lane(w, x, 0);
    if (n == 3) wasm_v128_store32_lane(w + 2, x, 2);
}

#endif
