/* Vector folds of float32: sums (also of squares), maxima, minima; the rest is left to fold_ref.c. Two shapes
 * of loop: one run of numbers into one, and rows of columns into a row, 16 columns in registers at a time.
 * Sums go through blocks so that the rounding error grows with the block, not with the whole. */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/vmath.h"

#define BLOCK_ROWS 32     /* of a block of columns; as many blocks make a group */
#define BLOCK_LENGTH 2048 /* numbers of a block of a run: 128 for each of 16 lanes */

/* A kind with what becomes of signs: the minimum is the maximum of the numbers with their signs turned. One
 * body serves all kinds, which are told apart once for four vectors. */
typedef struct folding {
    int kind; /* SUM, SUM_SQUARE or MAX */
    v128_t flip;
} folding;

SK_INLINE void fold4(const folding f, const int vectors, v128_t *acc, const v128_t *x) {
    switch (f.kind) {
    case SK_FOLD_SUM:
        SK_UNROLL
        for (int v = 0; v < vectors; v++) acc[v] = wasm_f32x4_add(acc[v], x[v]);
        break;
    case SK_FOLD_SUM_SQUARE:
        SK_UNROLL
        for (int v = 0; v < vectors; v++) acc[v] = sk_madd(x[v], x[v], acc[v]);
        break;
    default:
        SK_UNROLL
        for (int v = 0; v < vectors; v++) acc[v] = wasm_f32x4_max(acc[v], wasm_v128_xor(x[v], f.flip));
    }
}

/* Two partial results into one. */
SK_INLINE v128_t join4(const folding f, v128_t a, v128_t b) {
    return f.kind == SK_FOLD_MAX ? wasm_f32x4_max(a, b) : wasm_f32x4_add(a, b);
}

SK_INLINE v128_t neutral4(const folding f) { return sk_splat4(f.kind == SK_FOLD_MAX ? -INFINITY : 0); }

/* A result from outside, or for it. */
SK_INLINE v128_t outside4(const folding f, v128_t x) {
    return f.kind == SK_FOLD_MAX ? wasm_v128_xor(x, f.flip) : x;
}

SK_INLINE float run(const folding f, const float *x, size_t n, float acc) {
    static const int32_t lanes[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
    v128_t total = outside4(f, sk_splat4(acc));
    total = sk_pick4(wasm_v128_load(lanes + 3), total, neutral4(f)); /* in one lane only */
    while (n >= 4) {
        const size_t length = n < BLOCK_LENGTH ? n : BLOCK_LENGTH;
        v128_t a[4] = {neutral4(f), neutral4(f), neutral4(f), neutral4(f)};
        size_t i = 0;
        for (; i + 16 <= length; i += 16) {
            const v128_t four[4] = {sk_load4(x + i), sk_load4(x + i + 4), sk_load4(x + i + 8),
                                    sk_load4(x + i + 12)};
            fold4(f, 4, a, four);
        }
        for (; i + 4 <= length; i += 4) {
            const v128_t one = sk_load4(x + i);
            fold4(f, 1, a, &one);
        }
        total = join4(f, total, join4(f, join4(f, a[0], a[1]), join4(f, a[2], a[3])));
        x += i;
        n -= i;
    }
    if (n) {
        const v128_t part = sk_load_part(x, n);
        v128_t last = neutral4(f);
        fold4(f, 1, &last, &part);
        total = join4(f, total, sk_pick4(wasm_v128_load(lanes + 4 - n), last, neutral4(f)));
    }
    total = join4(f, total, wasm_i32x4_shuffle(total, total, 2, 3, 0, 1));
    total = join4(f, total, wasm_i32x4_shuffle(total, total, 1, 0, 3, 2));
    return wasm_f32x4_extract_lane(outside4(f, total), 0);
}

SK_INLINE v128_t load(const float *x, size_t lanes) {
    return lanes < 4 ? sk_load_part(x, lanes) : sk_load4(x);
}

/* acc[v] joined with the fold of at most BLOCK_ROWS rows. */
SK_INLINE void block_of_columns(const folding f, const int vectors, const size_t lanes, const float *x,
                                size_t rows, size_t stride, v128_t *acc) {
    v128_t block[4];
    SK_UNROLL
    for (int v = 0; v < vectors; v++) block[v] = neutral4(f);
    for (size_t i = 0; i < rows; i++, x += stride) {
        v128_t row[4];
        SK_UNROLL
        for (int v = 0; v < vectors; v++) row[v] = load(x + 4 * v, lanes);
        fold4(f, vectors, block, row);
    }
    SK_UNROLL
    for (int v = 0; v < vectors; v++) acc[v] = join4(f, acc[v], block[v]);
}

/* 4 * vectors columns, or one vector's first `lanes`, of all rows. */
SK_INLINE void columns(const folding f, const int vectors, const size_t lanes, const float *x, size_t rows,
                       size_t stride, float *acc) {
    while (rows) {
        v128_t group[4];
        SK_UNROLL
        for (int v = 0; v < vectors; v++) group[v] = neutral4(f);
        for (int b = 0; b < BLOCK_ROWS && rows; b++) {
            const size_t count = rows < BLOCK_ROWS ? rows : BLOCK_ROWS;
            block_of_columns(f, vectors, lanes, x, count, stride, group);
            x += count * stride;
            rows -= count;
        }
        SK_UNROLL
        for (int v = 0; v < vectors; v++) {
            const v128_t old = outside4(f, load(acc + 4 * v, lanes)), total = join4(f, old, group[v]);
            if (lanes < 4) sk_store_part(acc, outside4(f, total), lanes);
            else sk_store4(acc + 4 * v, outside4(f, total));
        }
    }
}

static __attribute__((noinline)) void fold(int kind, int32_t flip, const float *x, size_t rows, size_t cols,
                                           size_t stride, float *acc) {
    const folding f = {kind, wasm_i32x4_splat(flip)};
    if (cols == 1 && stride == 1) {
        *acc = run(f, x, rows, *acc);
        return;
    }
    size_t j = 0;
    for (; j + 16 <= cols; j += 16) columns(f, 4, 4, x + j, rows, stride, acc + j);
    for (; j < cols; j += 4) columns(f, 1, cols - j, x + j, rows, stride, acc + j);
}

void f32_fold__simd128(int kind, const void *x, size_t rows, size_t cols, size_t stride, void *acc) {
    if (kind == SK_FOLD_SUM_ABS || kind == SK_FOLD_PROD) f32_fold__ref(kind, x, rows, cols, stride, acc);
    else if (kind == SK_FOLD_MIN) fold(SK_FOLD_MAX, INT32_MIN, x, rows, cols, stride, acc);
    else fold(kind, 0, x, rows, cols, stride, acc);
}
