/* The vector kernel for arithmetic on two float32 operands, either of which may be one number for the whole
 * run (step 0). */
#include "kernels/kernels.h"
#include "kernels/vmath.h"

#define VECTORS 4 /* the kind is looked at once for as many */

SK_INLINE v128_t prelu4(v128_t a, v128_t b) {
    return sk_pick4(wasm_f32x4_lt(a, sk_splat4(0)), sk_mul4(a, b), a);
}

#define EACH(KIND, function)                                                                                 \
    case SK_BINARY_##KIND:                                                                                   \
        SK_UNROLL                                                                                            \
        for (int v = 0; v < vectors; v++) a[v] = function(a[v], b[v]);                                       \
        return

SK_INLINE void binary4(const int kind, const int vectors, v128_t *a, const v128_t *b) {
    switch (kind) {
        EACH(ADD, wasm_f32x4_add);
        EACH(SUB, wasm_f32x4_sub);
        EACH(MUL, wasm_f32x4_mul);
        EACH(DIV, wasm_f32x4_div);
        EACH(MIN, wasm_f32x4_min);
        EACH(MAX, wasm_f32x4_max);
        EACH(PRELU, prelu4);
    default: return;
    }
}

/* A repeated operand becomes a vector in memory that the pointer stays on: one loop for all three cases. */
int f32_binary__simd128(int kind, const void *a, int a_step, const void *b, int b_step, void *to, size_t n) {
    float a_one[4], b_one[4], *y = to;
    const float *pa = a, *pb = b;
    if (!a_step) {
        sk_store4(a_one, sk_splat4(*pa));
        pa = a_one;
    }
    if (!b_step) {
        sk_store4(b_one, sk_splat4(*pb));
        pb = b_one;
    }
    const size_t da = 4 * (size_t)a_step, db = 4 * (size_t)b_step;
    for (; n >= 4 * VECTORS; n -= 4 * VECTORS, pa += VECTORS * da, pb += VECTORS * db, y += 4 * VECTORS) {
        v128_t va[VECTORS], vb[VECTORS];
        SK_UNROLL
        for (int v = 0; v < VECTORS; v++) {
            va[v] = sk_load4(pa + (size_t)v * da);
            vb[v] = sk_load4(pb + (size_t)v * db);
        }
        binary4(kind, VECTORS, va, vb);
        SK_UNROLL
        for (int v = 0; v < VECTORS; v++) sk_store4(y + 4 * v, va[v]);
    }
    while (n) {
        const size_t count = n < 4 ? n : 4;
        v128_t va = count < 4 && a_step ? sk_load_part(pa, count) : sk_load4(pa);
        const v128_t vb = count < 4 && b_step ? sk_load_part(pb, count) : sk_load4(pb);
        binary4(kind, 1, &va, &vb);
        if (count < 4) sk_store_part(y, va, count);
        else sk_store4(y, va);
        n -= count, pa += da, pb += db, y += 4;
    }
    return 0;
}
