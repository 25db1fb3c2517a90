/* Vector folds of float32: sums (also of squares), maxima, minima; the rest is left to fold_ref.c. Two shapes
 * of loop: one run of numbers into one, and rows of columns into a row, 16 columns in registers at a time.
 * Sums go through blocks so that the rounding error grows with the block, not with the whole. */
#include <math.h>

#include "kernels/kernels.h"
#include "kernels/vmath.h"

#define BLOCK_ROWS 32     /* of a block of columns; as many blocks make a group */
#define BLOCK_LENGTH 2048 /* numbers of a block of a run: 128 for each of 16 lanes */

SK_INLINE v128_t fold4(const int kind, v128_t acc, v128_t x) {
    switch (kind) {
    case SK_FOLD_SUM: return wasm_f32x4_add(acc, x);
    case SK_FOLD_SUM_SQUARE: return sk_madd(x, x, acc);
    case SK_FOLD_MAX: return wasm_f32x4_max(acc, x);
    default: return wasm_f32x4_min(acc, x);
    }
}

/* Two partial results into one. */
SK_INLINE v128_t join4(const int kind, v128_t a, v128_t b) {
    return kind == SK_FOLD_SUM_SQUARE ? wasm_f32x4_add(a, b) : fold4(kind, a, b);
}

SK_INLINE v128_t neutral4(const int kind) {
    return sk_splat4(kind == SK_FOLD_MAX ? -INFINITY : kind == SK_FOLD_MIN ? INFINITY : 0);
}

/* The first n lanes of x, the others neutral. */
SK_INLINE v128_t tail4(const int kind, const float *x, size_t n) {
    static const int32_t lanes[8] = {-1, -1, -1, -1, 0, 0, 0, 0};
    return sk_pick4(wasm_v128_load(lanes + 4 - n), sk_load_part(x, n), neutral4(kind));
}

SK_INLINE float run(const int kind, const float *x, size_t n, float acc) {
    v128_t total = neutral4(kind);
    while (n >= 4) {
        const size_t length = n < BLOCK_LENGTH ? n : BLOCK_LENGTH;
        v128_t a0 = neutral4(kind), a1 = a0, a2 = a0, a3 = a0;
        size_t i = 0;
        for (; i + 16 <= length; i += 16) {
            a0 = fold4(kind, a0, sk_load4(x + i));
            a1 = fold4(kind, a1, sk_load4(x + i + 4));
            a2 = fold4(kind, a2, sk_load4(x + i + 8));
            a3 = fold4(kind, a3, sk_load4(x + i + 12));
        }
        for (; i + 4 <= length; i += 4) a0 = fold4(kind, a0, sk_load4(x + i));
        total = join4(kind, total, join4(kind, join4(kind, a0, a1), join4(kind, a2, a3)));
        x += i;
        n -= i;
    }
    if (n) total = fold4(kind, total, tail4(kind, x, n));
    total = join4(kind, total, wasm_i32x4_shuffle(total, total, 2, 3, 0, 1));
    total = join4(kind, total, wasm_i32x4_shuffle(total, total, 1, 0, 3, 2));
    return wasm_f32x4_extract_lane(join4(kind, total, sk_splat4(acc)), 0);
}

SK_INLINE v128_t load(const float *x, size_t lanes) {
    return lanes < 4 ? sk_load_part(x, lanes) : sk_load4(x);
}

/* acc[v] joined with the fold of at most BLOCK_ROWS rows. */
SK_INLINE void block_of_columns(const int kind, const int vectors, const size_t lanes, const float *x,
                                size_t rows, size_t stride, v128_t *acc) {
    v128_t block[4];
    for (int v = 0; v < vectors; v++) block[v] = neutral4(kind);
    for (size_t i = 0; i < rows; i++, x += stride)
        for (int v = 0; v < vectors; v++) block[v] = fold4(kind, block[v], load(x + 4 * v, lanes));
    for (int v = 0; v < vectors; v++) acc[v] = join4(kind, acc[v], block[v]);
}

/* 4 * vectors columns, or one vector's first `lanes`, of all rows. */
SK_INLINE void columns(const int kind, const int vectors, const size_t lanes, const float *x, size_t rows,
                       size_t stride, float *acc) {
    while (rows) {
        v128_t group[4];
        for (int v = 0; v < vectors; v++) group[v] = neutral4(kind);
        for (int b = 0; b < BLOCK_ROWS && rows; b++) {
            const size_t count = rows < BLOCK_ROWS ? rows : BLOCK_ROWS;
            block_of_columns(kind, vectors, lanes, x, count, stride, group);
            x += count * stride;
            rows -= count;
        }
        for (int v = 0; v < vectors; v++) {
            const v128_t total = join4(kind, load(acc + 4 * v, lanes), group[v]);
            if (lanes < 4) sk_store_part(acc, total, lanes);
            else sk_store4(acc + 4 * v, total);
        }
    }
}

SK_INLINE void fold(const int kind, const float *x, size_t rows, size_t cols, size_t stride, float *acc) {
    if (cols == 1 && stride == 1) {
        *acc = run(kind, x, rows, *acc);
        return;
    }
    size_t j = 0;
    for (; j + 16 <= cols; j += 16) columns(kind, 4, 4, x + j, rows, stride, acc + j);
    for (; j < cols; j += 4) columns(kind, 1, cols - j, x + j, rows, stride, acc + j);
}

#define FOLD(KIND, name)                                                                                     \
    void f32_##name##__simd128(const void *x, size_t rows, size_t cols, size_t stride, void *acc) {          \
        fold(SK_FOLD_##KIND, x, rows, cols, stride, acc);                                                    \
    }
FOLD(SUM, sum)
FOLD(SUM_SQUARE, sum_square)
FOLD(MAX, max_of)
FOLD(MIN, min_of)
