/* From exact 32-bit sums to what a product's target asks for: 8 bits again, float32, or the sums themselves.
 * Rounding is an addition (quant.c). Between the bounds nothing is lost by it: the lower one is kept before,
 * because below -2^22 it would be no rounding; above, numbers only grow, so narrowing saturates, and the
 * upper bound is kept on bytes. */
#include "kernels/finish8.h"

#include <string.h>

#include "kernels/vmath.h"

#define COLUMNS SK_I8_PANEL

/* What is the same for all rows; copied, so that it stays in registers: y may be anything. */
typedef struct columns {
    v128_t add[2], zero[2], scale[2], addend[2], lo, hi, unround;
} columns;

/* Row i, four columns, with everything that zero points and biases add. */
SK_INLINE v128_t total(const columns *c, const int32_t *acc, const int32_t *row_sum, const int half) {
    const v128_t sum = wasm_i32x4_add(wasm_v128_load(acc + 4 * half), c->add[half]);
    if (!row_sum) return sum;
    return wasm_i32x4_sub(sum, wasm_i32x4_mul(wasm_v128_load32_splat(row_sum), c->zero[half]));
}

/* A row of 8, rounded, as 16-bit numbers. */
SK_INLINE v128_t rounded(const columns *c, const int32_t *acc, const int32_t *row_sum) {
    v128_t x[2];
    SK_UNROLL
    for (int h = 0; h < 2; h++) { /* NaN becomes lo */
        x[h] = sk_mul4(wasm_f32x4_convert_i32x4(total(c, acc, row_sum, h)), c->scale[h]);
        x[h] = sk_add4(wasm_f32x4_pmax(c->lo, x[h]), sk_splat4(12582912.0f));
        x[h] = wasm_i32x4_sub(x[h], c->unround);
    }
    return wasm_i16x8_narrow_i32x4(x[0], x[1]);
}

/* Two rows a step; acc has room for one more. */
SK_INLINE void to_bytes(const int is_signed, const int with_sums, const sk_i8_sums *s, columns c, uint8_t *y,
                        size_t y_row) {
    const int32_t *acc = s->acc, *sums = s->row_sums;
    for (size_t left = s->m;; left -= 2) {
        const v128_t a = rounded(&c, acc, with_sums ? sums : NULL);
        const v128_t b = rounded(&c, acc + COLUMNS, !with_sums ? NULL : left > 1 ? sums + 1 : sums);
        const v128_t q = is_signed ? wasm_i8x16_min(wasm_i8x16_narrow_i16x8(a, b), c.hi)
                                   : wasm_u8x16_min(wasm_u8x16_narrow_i16x8(a, b), c.hi);
        wasm_v128_store64_lane(y, q, 0);
        y += y_row;
        if (left == 1) return;
        wasm_v128_store64_lane(y, q, 1);
        y += y_row;
        if (left == 2) return;
        acc += 2 * COLUMNS;
        if (with_sums) sums += 2;
    }
}

static __attribute__((noinline)) void to_u8(const sk_i8_sums *s, const columns *c, uint8_t *y, size_t y_row) {
    to_bytes(0, 0, s, *c, y, y_row);
}

static __attribute__((noinline)) void to_any8(const sk_i8_sums *s, const columns *c, uint8_t *y,
                                              size_t y_row) {
    if (s->target->type == SK_INT8) to_bytes(1, s->row_sums != NULL, s, *c, y, y_row);
    else to_bytes(0, s->row_sums != NULL, s, *c, y, y_row);
}

static __attribute__((noinline)) void to_words(const sk_i8_sums *s, const columns *k, uint8_t *y,
                                               size_t y_row) {
    const columns c = *k;
    const int is_float = s->target->type == SK_FLOAT32;
    for (size_t i = 0; i < s->m; i++, y += 4 * y_row) {
        SK_UNROLL
        for (int h = 0; h < 2; h++) {
            v128_t x = total(&c, s->acc + i * COLUMNS, s->row_sums ? s->row_sums + i : NULL, h);
            if (is_float) {
                x = sk_mul4(wasm_f32x4_convert_i32x4(x), c.scale[h]);
                x = sk_clamp4(sk_add4(x, c.addend[h]), c.lo, c.hi);
            }
            wasm_v128_store(y + 16 * h, x);
        }
    }
}

void sk_i8_finish(const sk_i8_sums *s) {
    const sk_i8_target *t = s->target;
    const size_t size = sk_i8_target_size(t);
    const v128_t za = wasm_i32x4_splat(s->zero_a);
    uint8_t part[SK_I8_ROWS * COLUMNS * 4]; /* where the columns end within a panel */
    const int whole = s->cols == COLUMNS;
    columns c;
    for (int h = 0; h < 2; h++) {
        const sk_i8_panel *p = s->panel;
        c.add[h] = wasm_i32x4_sub(wasm_v128_load(p->bias + 4 * h),
                                  wasm_i32x4_mul(wasm_v128_load(p->sum + 4 * h), za));
        c.zero[h] = wasm_v128_load(p->zero + 4 * h);
        c.scale[h] = sk_mul4(sk_load4(p->scale + 4 * h), sk_splat4(t->factor));
        c.addend[h] = sk_load4(p->addend + 4 * h);
    }
    c.lo = sk_splat4(size == 1 ? t->lo - (float)t->zero : t->lo);
    c.hi = size == 1 ? wasm_i8x16_splat((int8_t)(int)t->hi) : sk_splat4(t->hi);
    c.unround = wasm_i32x4_splat(0x4B400000 - t->zero);
    (size == 4                           ? to_words
     : s->row_sums || t->type == SK_INT8 ? to_any8
                                         : to_u8)(s, &c, whole ? s->y : part, whole ? s->y_row : COLUMNS);
    if (whole) return;
    for (size_t i = 0; i < s->m; i++)
        memcpy(s->y + i * s->y_row * size, part + i * COLUMNS * size, s->cols * size);
}
