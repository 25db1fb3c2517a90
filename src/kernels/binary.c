/* Vector kernels for arithmetic on two float32 operands, either of which may be one number for the whole run
 * (step 0). */
#include "kernels/kernels.h"
#include "kernels/vmath.h"

SK_INLINE v128_t binary4(const int kind, v128_t a, v128_t b) {
    switch (kind) {
    case SK_BINARY_ADD: return wasm_f32x4_add(a, b);
    case SK_BINARY_SUB: return wasm_f32x4_sub(a, b);
    case SK_BINARY_MUL: return wasm_f32x4_mul(a, b);
    case SK_BINARY_DIV: return wasm_f32x4_div(a, b);
    case SK_BINARY_MIN: return wasm_f32x4_min(a, b);
    case SK_BINARY_MAX: return wasm_f32x4_max(a, b);
    default: return sk_pick4(wasm_f32x4_lt(a, sk_splat4(0)), sk_mul4(a, b), a); /* PRelu */
    }
}

/* A repeated operand becomes a vector in memory that the pointer stays on: one loop for all three cases. */
SK_INLINE int binary_loop(const int kind, const void *a, int a_step, const void *b, int b_step, float *y,
                          size_t n) {
    float a_one[4], b_one[4];
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
    for (; n >= 8; n -= 8, pa += 2 * da, pb += 2 * db, y += 8) {
        const v128_t y0 = binary4(kind, sk_load4(pa), sk_load4(pb));
        const v128_t y1 = binary4(kind, sk_load4(pa + da), sk_load4(pb + db));
        sk_store4(y, y0);
        sk_store4(y + 4, y1);
    }
    for (; n; pa += a_step, pb += b_step, y++, n--)
        *y = wasm_f32x4_extract_lane(binary4(kind, sk_splat4(*pa), sk_splat4(*pb)), 0);
    return 0;
}

#define BINARY(KIND, name)                                                                                   \
    int f32_##name##__simd128(const void *a, int a_step, const void *b, int b_step, void *y, size_t n) {     \
        return binary_loop(SK_BINARY_##KIND, a, a_step, b, b_step, y, n);                                    \
    }
BINARY(ADD, add)
BINARY(SUB, sub)
BINARY(MUL, mul)
BINARY(DIV, div)
BINARY(MIN, min)
BINARY(MAX, max)
BINARY(PRELU, prelu)
