/* float32 matrix products on packed weights, and convolution as the same product over rows in pieces
 * (indirect GEMM): one tile of rows x 8 columns serves both. Bound by multiply-adds: per step of k a tile
 * loads 2 vectors of weights and one broadcast number a row. Rows go in blocks of 48 so that a panel of
 * weights, read once a block, stays in the first-level cache for 8 or more tiles. Measured in
 * Chromium (384^3, one thread): 6x8 with relaxed multiply-adds 55 Gop/s, 4x8 51; without them 4x8 44. One
 * step of k at a time, not four: unrolled, the compiler wants all weights of four steps at once, which spills
 * (45 and 37 Gop/s). */
#include "kernels/kernels.h"

#include <string.h>

/* One step of k for all rows: acc[i] += *a[i] * w. */
SK_INLINE void tile_step(const int mr, const float *const *a, const float *w, v128_t (*acc)[2]) {
    const v128_t w0 = sk_load4(w), w1 = sk_load4(w + 4);
    SK_UNROLL
    for (int i = 0; i < mr; i++) {
        const v128_t x = wasm_v128_load32_splat(a[i]);
        acc[i][0] = sk_madd(x, w0, acc[i][0]);
        acc[i][1] = sk_madd(x, w1, acc[i][1]);
    }
}

/* mr rows x 8 columns; piece t of row i is k floats at rows[t * row_step + i]. */
SK_INLINE void tile(const int mr, size_t k, size_t taps, const float *const *rows, size_t row_step,
                    const float *w, float *c, size_t ldc, v128_t lo, v128_t hi) {
    v128_t acc[6][2];
    SK_UNROLL
    for (int i = 0; i < mr; i++) {
        acc[i][0] = sk_load4(w);
        acc[i][1] = sk_load4(w + 4);
    }
    w += SK_PANEL;
    for (size_t t = 0; t < taps; t++, rows += row_step) {
        const float *a[6];
        SK_UNROLL
        for (int i = 0; i < mr; i++) a[i] = rows[i];
        for (size_t left = k; left > 0; left--, w += SK_PANEL) {
            tile_step(mr, a, w, acc);
            SK_UNROLL
            for (int i = 0; i < mr; i++) a[i]++;
        }
    }
    SK_UNROLL
    for (int i = 0; i < mr; i++) {
        acc[i][0] = sk_clamp4(acc[i][0], lo, hi);
        acc[i][1] = sk_clamp4(acc[i][1], lo, hi);
    }
    SK_UNROLL
    for (int i = 0; i < mr; i++) {
        sk_store4(c + (size_t)i * ldc, acc[i][0]);
        sk_store4(c + (size_t)i * ldc + 4, acc[i][1]);
    }
}

/* A block of at most SK_IGEMM_ROWS rows, all columns. mr: the widest tile, 4 or 6. */
SK_INLINE void block(const int mr, size_t m, size_t n, size_t k, size_t taps, const float *const *rows,
                     const float *packed, float *c, size_t ldc, float clamp_lo, float clamp_hi) {
    const v128_t lo = wasm_f32x4_splat(clamp_lo), hi = wasm_f32x4_splat(clamp_hi);
    const size_t panel = SK_PANEL * (taps * k + 1);
    float part[SK_IGEMM_ROWS * SK_PANEL]; /* where the columns end within a panel: tiles write whole ones */
    for (size_t j = 0; j < n; j += SK_PANEL, packed += panel) {
        const size_t nr = n - j;
        const size_t step = nr < SK_PANEL ? SK_PANEL : ldc;
        float *to = nr < SK_PANEL ? part : c + j;
        size_t i = 0;
        if (mr == 6)
            for (; m - i >= 6; i += 6) tile(6, k, taps, rows + i, m, packed, to + i * step, step, lo, hi);
        for (; m - i >= 4; i += 4) tile(4, k, taps, rows + i, m, packed, to + i * step, step, lo, hi);
        for (; m - i >= 2; i += 2) tile(2, k, taps, rows + i, m, packed, to + i * step, step, lo, hi);
        if (i < m) tile(1, k, taps, rows + i, m, packed, to + i * step, step, lo, hi);
        for (i = 0; nr < SK_PANEL && i < m; i++) memcpy(c + i * ldc + j, part + i * SK_PANEL, nr * sizeof *c);
    }
}

/* One row times four panels: a row alone has too few sums under way to hide the latency of an addition. */
static void row_4_panels(size_t k, const float *a, const float *packed, float *c, v128_t lo, v128_t hi) {
    const size_t panel = SK_PANEL * (k + 1);
    const float *w[4];
    v128_t acc[4][2];
    SK_UNROLL
    for (int p = 0; p < 4; p++) {
        w[p] = packed + (size_t)p * panel;
        acc[p][0] = sk_load4(w[p]);
        acc[p][1] = sk_load4(w[p] + 4);
    }
    for (const float *end = a + k; a < end; a++) {
        const v128_t x = wasm_v128_load32_splat(a);
        SK_UNROLL
        for (int p = 0; p < 4; p++) {
            w[p] += SK_PANEL;
            acc[p][0] = sk_madd(x, sk_load4(w[p]), acc[p][0]);
            acc[p][1] = sk_madd(x, sk_load4(w[p] + 4), acc[p][1]);
        }
    }
    SK_UNROLL
    for (int p = 0; p < 4; p++) {
        sk_store4(c + p * SK_PANEL, sk_clamp4(acc[p][0], lo, hi));
        sk_store4(c + p * SK_PANEL + 4, sk_clamp4(acc[p][1], lo, hi));
    }
}

/* Any number of rows: cuts them into blocks for `igemm`. */
SK_INLINE void gemm(sk_f32_igemm_fn *igemm, size_t m, size_t n, size_t k, const float *a, size_t lda,
                    const float *packed, float *c, size_t ldc, float lo, float hi) {
    if (m == 1) {
        for (; n >= 4 * SK_PANEL; n -= 4 * SK_PANEL, c += 4 * SK_PANEL, packed += 4 * SK_PANEL * (k + 1))
            row_4_panels(k, a, packed, c, wasm_f32x4_splat(lo), wasm_f32x4_splat(hi));
        if (n == 0) return;
    }
    const float *rows[SK_IGEMM_ROWS];
    for (size_t i = 0; i < m; i += SK_IGEMM_ROWS) {
        const size_t mb = m - i < SK_IGEMM_ROWS ? m - i : SK_IGEMM_ROWS;
        for (size_t r = 0; r < mb; r++) rows[r] = a + (i + r) * lda;
        igemm(mb, n, k, 1, rows, packed, c + i * ldc, ldc, lo, hi);
    }
}

#if SK_RELAXED || SK_NATIVE
void f32_igemm_6x8__relaxed(size_t m, size_t n, size_t k, size_t taps, const float *const *rows,
                            const float *packed, float *c, size_t ldc, float lo, float hi) {
    block(6, m, n, k, taps, rows, packed, c, ldc, lo, hi);
}

void f32_gemm_6x8__relaxed(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed,
                           float *c, size_t ldc, float lo, float hi) {
    gemm(f32_igemm_6x8__relaxed, m, n, k, a, lda, packed, c, ldc, lo, hi);
}
#endif

#if !SK_RELAXED || SK_NATIVE
void f32_igemm_4x8__simd128(size_t m, size_t n, size_t k, size_t taps, const float *const *rows,
                            const float *packed, float *c, size_t ldc, float lo, float hi) {
    block(4, m, n, k, taps, rows, packed, c, ldc, lo, hi);
}

void f32_gemm_4x8__simd128(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed,
                           float *c, size_t ldc, float lo, float hi) {
    gemm(f32_igemm_4x8__simd128, m, n, k, a, lda, packed, c, ldc, lo, hi);
}
#endif
