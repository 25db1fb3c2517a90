/* 8-bit products on gathered rows and packed weights, tiles of rows x 8 columns. Three ways to multiply, by
 * what is known of the operands' values (pack8.h): 16-bit numbers in pairs, exact for all; and the relaxed
 * dot product of bytes, exact where one operand fits 7 bits. Measured in Chromium (make bench-kernels, one
 * thread): see each tile. Rows are a_row bytes apart. Sums of a panel wait in `acc` until all rows are done;
 * finish makes of them what the target asks for. */
#include "kernels/kernels.h"

#include "kernels/finish8.h"

#define COLUMNS SK_I8_PANEL

SK_INLINE void store_sums(const int mr, v128_t (*sum)[2], int32_t *acc) {
    SK_UNROLL
    for (int i = 0; i < mr; i++, acc += COLUMNS) {
        wasm_v128_store(acc, sum[i][0]);
        wasm_v128_store(acc + 4, sum[i][1]);
    }
}

/* mr rows of 16-bit numbers, a pair a step. Four rows: five or six spill in V8 (83, 55, 65 Gop/s). */
SK_INLINE void tile_wide(const int mr, size_t k, const int8_t *a, size_t a_row, const int8_t *w,
                         int32_t *acc) {
    const int8_t *row[SK_I8_TILE];
    v128_t sum[SK_I8_TILE][2];
    SK_UNROLL
    for (int i = 0; i < mr; i++) {
        row[i] = a + (size_t)i * a_row;
        sum[i][0] = sum[i][1] = wasm_i32x4_splat(0);
    }
    for (const int8_t *const end = w + (k + 1) / 2 * 2 * COLUMNS; w < end; w += 2 * COLUMNS) {
        const v128_t w0 = wasm_i16x8_load8x8(w), w1 = wasm_i16x8_load8x8(w + COLUMNS);
        SK_UNROLL
        for (int i = 0; i < mr; i++) {
            const v128_t x = wasm_v128_load32_splat(row[i]);
            row[i] += 4;
            sum[i][0] = wasm_i32x4_add(sum[i][0], wasm_i32x4_dot_i16x8(x, w0));
            sum[i][1] = wasm_i32x4_add(sum[i][1], wasm_i32x4_dot_i16x8(x, w1));
        }
    }
    store_sums(mr, sum, acc);
}

#if SK_DOT7
/* mr rows of bytes, four a step, or (BOTH7) eight. Five rows 110 Gop/s, four 91, six 106; BOTH7 with four
 * 121. */
SK_INLINE void tile_dot(const int mr, const sk_i8_form form, size_t k, const int8_t *a, size_t a_row,
                        const int8_t *w, int32_t *acc) {
    const int groups = form == SK_I8_BOTH7 ? 2 : 1, step = 4 * groups;
    const v128_t ones = wasm_i16x8_splat(1);
    const int8_t *row[SK_I8_TILE];
    v128_t sum[SK_I8_TILE][2];
    SK_UNROLL
    for (int i = 0; i < mr; i++) {
        row[i] = a + (size_t)i * a_row;
        sum[i][0] = sum[i][1] = wasm_i32x4_splat(0);
    }
    for (size_t left = (k + (size_t)step - 1) / (size_t)step; left > 0; left--, w += step * COLUMNS) {
        v128_t v[4];
        SK_UNROLL
        for (int g = 0; g < 2 * groups; g++) v[g] = wasm_v128_load(w + 16 * g);
        SK_UNROLL
        for (int i = 0; i < mr; i++) {
            const v128_t x = wasm_v128_load32_splat(row[i]),
                         y = wasm_v128_load32_splat(row[i] + 4 * (groups - 1));
            row[i] += step;
            SK_UNROLL
            for (int h = 0; h < 2; h++) {
                v128_t pairs = form == SK_I8_W7 ? sk_dot7(x, v[h]) : sk_dot7(v[h], x);
                if (groups == 2) pairs = wasm_i16x8_add(pairs, sk_dot7(v[2 + h], y));
                sum[i][h] = wasm_i32x4_add(sum[i][h], wasm_i32x4_dot_i16x8(pairs, ones));
            }
        }
    }
    store_sums(mr, sum, acc);
}
#else
#define tile_dot(...) (void)0
#endif

/* ---- kernels ---- */

/* All columns of a block of rows. */
SK_INLINE void gemm(const sk_i8_form form, const int mr, const sk_i8_gemm_args *args) {
    const size_t step = sk_i8_row_step(args->k) * (form == SK_I8_WIDE ? 2 : 1), k = args->k;
    const size_t size = sk_i8_panel_bytes(form, k), m = args->m, rows = (size_t)mr;
    int32_t acc[(SK_I8_ROWS + SK_I8_TILE) * COLUMNS];
    sk_i8_sums s = {.target = &args->target,
                    .panel = args->packed,
                    .acc = acc,
                    .row_sums = args->sums,
                    .m = m,
                    .y = args->y,
                    .y_row = args->y_row,
                    .zero_a = args->zero_a - (sk_i8_flips(form, args->a_signed) ? 128 : 0)};
    for (size_t left = args->n; left > 0; left -= s.cols) {
        const int8_t *a = args->a, *w = (const int8_t *)(s.panel + 1);
        s.cols = left < COLUMNS ? left : COLUMNS;
        for (size_t i = 0; i < m; i += rows, a += rows * step) {
            if (form == SK_I8_WIDE) tile_wide(mr, k, a, step, w, acc + i * COLUMNS);
            else tile_dot(mr, form, k, a, step, w, acc + i * COLUMNS);
        }
        sk_i8_finish(&s);
        s.panel = (const sk_i8_panel *)((const char *)s.panel + size);
        s.y += COLUMNS * sk_i8_target_size(&args->target);
    }
}

void i8_gemm_4x8__simd128(const sk_i8_gemm_args *args) { gemm(SK_I8_WIDE, 4, args); }
#if SK_DOT7
void i8_gemm_5x8__relaxed_w7(const sk_i8_gemm_args *args) { gemm(SK_I8_W7, 5, args); }
void i8_gemm_5x8__relaxed_a7(const sk_i8_gemm_args *args) { gemm(SK_I8_A7, 5, args); }
void i8_gemm_4x8__relaxed_both7(const sk_i8_gemm_args *args) { gemm(SK_I8_BOTH7, 4, args); }
#endif
