/* float32 matrix products on packed weights, and convolution as the same product over rows in pieces
 * (indirect GEMM): one tile of rows x 8 columns serves both. Bound by multiply-adds: per step of k a tile
 * loads 2 vectors of weights and one broadcast number a row. Rows go in blocks of 48 or more so that a panel
 * of weights, read once a block, stays in the first-level cache for 8 or more tiles. Measured in Chromium
 * (make bench-kernels, one thread, 384^3): 6x8 with relaxed multiply-adds 95% of what the registers alone can
 * do, 4x8 91%; without them 4x8 94%. One step of k at a time, not four: unrolled, the compiler wants all
 * weights of four steps at once, which spills (45 Gop/s, not 55). k is not cut: the sums of a chunk would
 * have to be stored and loaded again, and at k = 4608 chunks of 512 gain nothing. */
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

/* Weights come from the third-level cache or from further away, and wasm has no prefetch. So while the tiles
 * of one panel are at work, each reads a share of the next one: one number a chunk of steps. Without it the
 * first tile of a panel waits for each line (7x7 pixels, 160 to 960 channels: 0.31 -> 0.28 ms). */
#define CHUNK 16
#define AHEAD_K 64    /* shorter tiles lose more by it than they gain */
#define AHEAD_TILES 4 /* with fewer a share would be longer than the panel */
typedef struct ahead {
    const float *at;
    size_t stride; /* floats a chunk; 0: reads nothing */
} ahead;

/* mr rows x 8 columns; piece t of row i is k floats at rows[t * row_step + i]. reads_ahead: or next is not
 * looked at. */
SK_INLINE void tile(const int mr, const int reads_ahead, size_t k, size_t taps, const float *const *rows,
                    size_t row_step, const float *w, ahead next, float *c, size_t ldc, v128_t lo, v128_t hi) {
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
        for (size_t left = k, steps; left > 0; left -= steps) {
            steps = reads_ahead && left > CHUNK ? CHUNK : left;
            if (reads_ahead) (void)*(const volatile float *)next.at;
            next.at += next.stride;
            for (size_t s = steps; s > 0; s--, w += SK_PANEL) {
                tile_step(mr, a, w, acc);
                SK_UNROLL
                for (int i = 0; i < mr; i++) a[i]++;
            }
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

/* The whole tiles of a panel that another one follows in memory; returns how many rows. A function of its
 * own: among the tiles of `panel` it costs all of them registers (V8; 14x14 layers 5% slower). */
#define TILES_AHEAD(mr)                                                                                      \
    static __attribute__((noinline)) size_t tiles_ahead_##mr(size_t whole, size_t m, size_t k, size_t taps,  \
                                                             const float *const *rows, const float *w,       \
                                                             float *c, size_t ldc, v128_t lo, v128_t hi) {   \
        const size_t size = SK_PANEL * (taps * k + 1), stride = (CHUNK * SK_PANEL * mr + whole - 1) / whole; \
        const size_t share = (k + CHUNK - 1) / CHUNK * taps * stride; /* of one tile */                      \
        const float *const last = w + 2 * size - share;                                                      \
        ahead next = {w + size, stride};                                                                     \
        for (size_t i = 0; i < whole; i += mr, c += mr * ldc) {                                              \
            tile(mr, 1, k, taps, rows + i, m, w, next, c, ldc, lo, hi);                                      \
            next.at += share;                                                                                \
            if (next.at > last) next = (ahead){w, 0};                                                        \
        }                                                                                                    \
        return whole;                                                                                        \
    }
TILES_AHEAD(6)
TILES_AHEAD(4)

/* Tiles of mr rows from row i on: as many as are whole, or one at the end. */
#define TILES(mr)                                                                                            \
    case mr:                                                                                                 \
        do {                                                                                                 \
            tile(mr, 0, k, taps, rows + i, m, w, (ahead){w, 0}, c + i * ldc, ldc, lo, hi);                   \
            i += mr;                                                                                         \
        } while (i < whole);                                                                                 \
        break

/* All rows of a block x 8 columns; has_next: another panel's weights follow these. What is left after the
 * tiles of `widest` rows is shared by the last two: one row alone would take as long as four. */
static void panel(size_t widest, size_t m, size_t k, size_t taps, const float *const *rows, const float *w,
                  int has_next, float *c, size_t ldc, v128_t lo, v128_t hi) {
    const size_t rest = m % widest, whole = m - rest - (rest && m > widest ? widest : 0);
    size_t i = 0;
    if (has_next && k >= AHEAD_K && whole >= AHEAD_TILES * widest)
        i = (widest == 6 ? tiles_ahead_6 : tiles_ahead_4)(whole, m, k, taps, rows, w, c, ldc, lo, hi);
    while (i < m) {
        const size_t left = m - i;
        switch (i < whole ? widest : left > widest ? (left + 1) / 2 : left) {
            TILES(1);
            TILES(2);
            TILES(3);
            TILES(4);
            TILES(5);
            TILES(6);
        }
    }
}

#define GEMM_ROWS 128 /* of a block, at most; of igemm SK_IGEMM_ROWS */

/* A block of rows, all columns. widest: rows of a tile, at most. */
static void block(size_t widest, size_t m, size_t n, size_t k, size_t taps, const float *const *rows,
                  const float *packed, float *c, size_t ldc, float clamp_lo, float clamp_hi) {
    const v128_t lo = wasm_f32x4_splat(clamp_lo), hi = wasm_f32x4_splat(clamp_hi);
    const size_t size = SK_PANEL * (taps * k + 1);
    float part[GEMM_ROWS * SK_PANEL]; /* where the columns end within a panel: tiles write whole ones */
    for (; n >= SK_PANEL; n -= SK_PANEL, c += SK_PANEL, packed += size)
        panel(widest, m, k, taps, rows, packed, n > SK_PANEL, c, ldc, lo, hi);
    if (n == 0) return;
    panel(widest, m, k, taps, rows, packed, 0, part, SK_PANEL, lo, hi);
    for (size_t i = 0; i < m; i++) memcpy(c + i * ldc, part + i * SK_PANEL, n * sizeof *c);
}

/* One row times four panels: a row alone has too few sums under way to hide the latency of an addition.
 * Small: optimized for speed it gets a pointer for each load, which spill, and takes 1.5 times as long (V8).
 */
SK_SMALL static __attribute__((noinline)) void row_4_panels(size_t k, const float *a, const float *packed,
                                                            float *c, v128_t lo, v128_t hi) {
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

/* How many of the `left` rows the next block takes: as many as the second-level cache holds, because each
 * block reads all weights, which in a whole model come from further away (MiniLM 62.0 -> 60.5 ms against 48).
 */
static size_t block_rows(size_t left, size_t k) {
    const size_t usual = k <= 2048 ? GEMM_ROWS * 3 / 4 : 48;
    return left > usual * 4 / 3 ? usual : left;
}

/* Any number of rows: cuts them into blocks. */
static void gemm(size_t widest, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed,
                 float *c, size_t ldc, float lo, float hi) {
    if (m == 1) {
        for (; n >= 4 * SK_PANEL; n -= 4 * SK_PANEL, c += 4 * SK_PANEL, packed += 4 * SK_PANEL * (k + 1))
            row_4_panels(k, a, packed, c, wasm_f32x4_splat(lo), wasm_f32x4_splat(hi));
        if (n == 0) return;
    }
    const float *rows[GEMM_ROWS];
    for (size_t mb; m > 0; m -= mb, c += mb * ldc) {
        mb = block_rows(m, k);
        for (size_t r = 0; r < mb; r++, a += lda) rows[r] = a;
        block(widest, mb, n, k, 1, rows, packed, c, ldc, lo, hi);
    }
}

#define KERNELS(mr)                                                                                          \
    void f32_igemm_##mr##x8__simd128(size_t m, size_t n, size_t k, size_t taps, const float *const *rows,    \
                                     const float *packed, float *c, size_t ldc, float lo, float hi) {        \
        block(mr, m, n, k, taps, rows, packed, c, ldc, lo, hi);                                              \
    }                                                                                                        \
    void f32_gemm_##mr##x8__simd128(size_t m, size_t n, size_t k, const float *a, size_t lda,                \
                                    const float *packed, float *c, size_t ldc, float lo, float hi) {         \
        gemm(mr, m, n, k, a, lda, packed, c, ldc, lo, hi);                                                   \
    }
KERNELS(6)
KERNELS(4)
