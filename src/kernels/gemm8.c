/* 8-bit products on gathered rows and packed weights, tiles of rows x 8 columns. Three ways to multiply, by
 * what is known of the operands' values (pack8.h): 16-bit numbers in pairs, exact for all; and the relaxed
 * dot product of bytes, exact where one operand fits 7 bits. Measured in Chromium (make bench-kernels, one
 * thread): see each tile. Rows are a_row bytes apart. Sums of a panel wait in `acc` until all rows are done;
 * finish makes of them what the target asks for. */
#include "kernels/kernels.h"

#include "core/tensor.h"
#include "kernels/vmath.h"

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

/* ---- what becomes of the sums ---- */

typedef struct block {
    const sk_i8_gemm_args *args;
    const sk_i8_panel *panel;
    const int32_t *acc; /* of m x 8 */
    uint8_t *y;         /* of the panel's first column */
    size_t cols;        /* of the panel, at most 8 */
} block;

/* Sum of row i, columns 4 * half on, with everything that zero points and biases add. */
SK_INLINE v128_t total(const block *b, size_t i, const int half, v128_t add, v128_t zero) {
    const v128_t sum = wasm_i32x4_add(wasm_v128_load(b->acc + i * COLUMNS + 4 * half), add);
    if (!b->args->sums) return sum;
    return wasm_i32x4_sub(sum, wasm_i32x4_mul(wasm_i32x4_splat(b->args->sums[i]), zero));
}

SK_INLINE v128_t scaled(v128_t sum, v128_t scale) { return sk_mul4(wasm_f32x4_convert_i32x4(sum), scale); }

/* Up to 8 numbers of `size` bytes. */
SK_INLINE void store(uint8_t *y, v128_t lo, v128_t hi, const size_t size, size_t cols) {
    uint8_t part[32];
    uint8_t *const to = cols == COLUMNS ? y : part;
    if (size == 1) {
        wasm_v128_store64_lane(to, lo, 0);
    } else {
        wasm_v128_store(to, lo);
        wasm_v128_store(to + 16, hi);
    }
    for (size_t i = 0; to == part && i < cols * size; i++) y[i] = part[i];
}

SK_INLINE void finish_as(const int type, const block *b, v128_t add0, v128_t add1) {
    const sk_i8_gemm_args *args = b->args;
    const sk_i8_target *t = &args->target;
    const sk_i8_panel *panel = b->panel;
    const size_t size = type == SK_INT8 ? 1 : 4;
    const v128_t zero0 = wasm_v128_load(panel->zero), zero1 = wasm_v128_load(panel->zero + 4);
    const v128_t factor = sk_splat4(t->factor), scale0 = sk_mul4(sk_load4(panel->scale), factor);
    const v128_t scale1 = sk_mul4(sk_load4(panel->scale + 4), factor);
    const float zero = type == SK_INT8 ? (float)t->zero : 0, magic = 12582912.0f; /* 1.5 * 2^23: rounds */
    const v128_t lo = sk_splat4(t->lo - zero), hi = sk_splat4(t->hi - zero), round = sk_splat4(magic);
    const v128_t unround = wasm_i32x4_splat(0x4B400000 - t->zero); /* magic's bits */
    uint8_t *y = b->y;
    for (size_t i = 0; i < args->m; i++, y += args->y_row * size) {
        v128_t s0 = total(b, i, 0, add0, zero0), s1 = total(b, i, 1, add1, zero1);
        if (type != SK_INT32) {
            s0 = scaled(s0, scale0);
            s1 = scaled(s1, scale1);
        }
        if (type == SK_FLOAT32) {
            s0 = sk_clamp4(sk_add4(s0, sk_load4(panel->addend)), lo, hi);
            s1 = sk_clamp4(sk_add4(s1, sk_load4(panel->addend + 4)), lo, hi);
        }
        if (type == SK_INT8) { /* lo first, so that NaN becomes it */
            s0 = sk_add4(wasm_f32x4_pmin(wasm_f32x4_pmax(lo, s0), hi), round);
            s1 = sk_add4(wasm_f32x4_pmin(wasm_f32x4_pmax(lo, s1), hi), round);
            s0 = wasm_i16x8_narrow_i32x4(wasm_i32x4_sub(s0, unround), wasm_i32x4_sub(s1, unround));
            s0 = t->type == SK_INT8 ? wasm_i8x16_narrow_i16x8(s0, s0) : wasm_u8x16_narrow_i16x8(s0, s0);
        }
        store(y, s0, s1, size, b->cols);
    }
}

static __attribute__((noinline)) void finish(const block *b) {
    const sk_i8_gemm_args *args = b->args;
    const sk_i8_panel *p = b->panel;
    const v128_t za = wasm_i32x4_splat(args->zero_a - (sk_i8_flips(args->form, args->a_signed) ? 128 : 0));
    const v128_t add0 = wasm_i32x4_sub(wasm_v128_load(p->bias), wasm_i32x4_mul(wasm_v128_load(p->sum), za));
    const v128_t add1 =
        wasm_i32x4_sub(wasm_v128_load(p->bias + 4), wasm_i32x4_mul(wasm_v128_load(p->sum + 4), za));
    switch (args->target.type) {
    case SK_FLOAT32: finish_as(SK_FLOAT32, b, add0, add1); break;
    case SK_INT32: finish_as(SK_INT32, b, add0, add1); break;
    default: finish_as(SK_INT8, b, add0, add1); break;
    }
}

/* ---- kernels ---- */

/* All columns of a block of rows. */
SK_INLINE void gemm(const sk_i8_form form, const int mr, const sk_i8_gemm_args *args) {
    const size_t step = sk_i8_row_step(args->k) * (form == SK_I8_WIDE ? 2 : 1), k = args->k;
    const size_t size = sk_i8_panel_bytes(form, k), m = args->m, rows = (size_t)mr;
    int32_t acc[(SK_I8_ROWS + SK_I8_TILE) * COLUMNS];
    block b = {args, args->packed, acc, args->y, COLUMNS};
    for (size_t left = args->n; left > 0; left -= b.cols) {
        const int8_t *a = args->a, *w = (const int8_t *)(b.panel + 1);
        b.cols = left < COLUMNS ? left : COLUMNS;
        for (size_t i = 0; i < m; i += rows, a += rows * step) {
            if (form == SK_I8_WIDE) tile_wide(mr, k, a, step, w, acc + i * COLUMNS);
            else tile_dot(mr, form, k, a, step, w, acc + i * COLUMNS);
        }
        finish(&b);
        b.panel = (const sk_i8_panel *)((const char *)b.panel + size);
        b.y += COLUMNS * (args->target.type == SK_FLOAT32 || args->target.type == SK_INT32 ? 4 : 1);
    }
}

void i8_gemm_4x8__simd128(const sk_i8_gemm_args *args) { gemm(SK_I8_WIDE, 4, args); }
#if SK_DOT7
void i8_gemm_5x8__relaxed_w7(const sk_i8_gemm_args *args) { gemm(SK_I8_W7, 5, args); }
void i8_gemm_5x8__relaxed_a7(const sk_i8_gemm_args *args) { gemm(SK_I8_A7, 5, args); }
void i8_gemm_4x8__relaxed_both7(const sk_i8_gemm_args *args) { gemm(SK_I8_BOTH7, 4, args); }
#endif
