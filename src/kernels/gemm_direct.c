/* float32 product with an unpacked second operand: one row of a at a time against strips of 32 columns of b,
 * eight sums at once to hide the latency of an addition. For few rows (attention over one new token, small
 * recurrent steps) this beats packing b first. */
#include "kernels/kernels.h"

SK_INLINE void strip(const int vectors, size_t k, const float *a, const float *b, size_t ldb, float *c,
                     v128_t lo, v128_t hi) {
    v128_t acc[8];
    SK_UNROLL
    for (int i = 0; i < vectors; i++) acc[i] = wasm_f32x4_splat(0.0f);
    for (const float *end = a + k; a < end; a++, b += ldb) {
        const v128_t x = wasm_v128_load32_splat(a);
        SK_UNROLL
        for (int i = 0; i < vectors; i++) acc[i] = sk_madd(x, sk_load4(b + 4 * i), acc[i]);
    }
    SK_UNROLL
    for (int i = 0; i < vectors; i++) sk_store4(c + 4 * i, sk_clamp4(acc[i], lo, hi));
}

static void strip_part(size_t k, const float *a, const float *b, size_t ldb, float *c, size_t n, v128_t lo,
                       v128_t hi) {
    v128_t acc = wasm_f32x4_splat(0.0f);
    for (size_t p = 0; p < k; p++)
        acc = sk_madd(wasm_v128_load32_splat(a + p), sk_load_part(b + p * ldb, n), acc);
    sk_store_part(c, sk_clamp4(acc, lo, hi), n);
}

void f32_gemm_direct_1x32__simd128(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                                   size_t ldb, float *c, size_t ldc, float clamp_lo, float clamp_hi) {
    const v128_t lo = wasm_f32x4_splat(clamp_lo), hi = wasm_f32x4_splat(clamp_hi);
    for (size_t i = 0; i < m; i++, a += lda, c += ldc) {
        size_t j = 0;
        for (; n - j >= 32; j += 32) strip(8, k, a, b + j, ldb, c + j, lo, hi);
        if (n - j >= 16) {
            strip(4, k, a, b + j, ldb, c + j, lo, hi);
            j += 16;
        }
        for (; n - j >= 4; j += 4) strip(1, k, a, b + j, ldb, c + j, lo, hi);
        if (j < n) strip_part(k, a, b + j, ldb, c + j, n - j, lo, hi);
    }
}
