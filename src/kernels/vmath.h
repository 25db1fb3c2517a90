/* Vector mathematics for float32: exp, log, tanh, ... on four lanes at once, for the kernels to inline.
 *
 * Coefficients are minimax fits of this project (Lawson's iteration on Chebyshev nodes); the bounds named
 * below are checked against libm in tests/c/test_vmath.c, relative to the result unless said otherwise. NaN
 * goes in and comes out; infinities and signed zeros behave as in libm unless said otherwise. */
#ifndef SK_KERNELS_VMATH_H
#define SK_KERNELS_VMATH_H

#include <math.h>

#include "kernels/simd.h"

SK_INLINE v128_t sk_splat4(float x) { return wasm_f32x4_splat(x); }
SK_INLINE v128_t sk_sub4(v128_t a, v128_t b) { return wasm_f32x4_sub(a, b); }
SK_INLINE v128_t sk_mul4(v128_t a, v128_t b) { return wasm_f32x4_mul(a, b); }
SK_INLINE v128_t sk_add4(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
SK_INLINE v128_t sk_div4(v128_t a, v128_t b) { return wasm_f32x4_div(a, b); }
/* mask ? a : b */
SK_INLINE v128_t sk_pick4(v128_t mask, v128_t a, v128_t b) { return wasm_v128_bitselect(a, b, mask); }

/* A table of constants whose values the compiler does not know, so that it loads each as it is needed: in the
 * code they take 18 bytes each and, in V8, three instructions (exp of a vector: 3.8 ns, with a table 2.9, two
 * vectors at a time 2.2). */
SK_INLINE const float *sk_table(const float *table) {
    __asm__("" : "+r"(table));
    return table;
}
SK_INLINE v128_t sk_all4(const float *number) { return wasm_v128_load32_splat(number); }

/* c[0] + x * (c[1] + ...) */
SK_INLINE v128_t sk_poly4(v128_t x, const float *c, const int n) {
    v128_t sum = sk_all4(c + n - 1);
    SK_UNROLL
    for (int i = n - 2; i >= 0; i--) sum = sk_madd(sum, x, sk_all4(c + i));
    return sum;
}

/* exp(x) = (1 + part) * 2^n; x within [-104, 89]. The sum with 1.5 * 2^23 rounds to an integer, n, and leaves
 * it in the low bits of `whole`. */
typedef struct sk_exp_parts {
    v128_t part, whole, one, magic;
} sk_exp_parts;

SK_INLINE sk_exp_parts sk_exp_split4(v128_t x) {
    /* the polynomial; 1.5 * 2^23, 1 / ln 2; ln 2 in two pieces, the product with the first exact; 1 */
    static const float table[10] = {0.5000000101f,   0.1666651289f, 0.04166618725f, 0.008369598207f,
                                    0.001395171930f, 12582912.0f,   1.44269504f,    -0.693359375f,
                                    2.12194440e-4f,  1.0f};
    const float *c = sk_table(table);
    const v128_t magic = sk_all4(c + 5), t = sk_madd(x, sk_all4(c + 6), magic), n = sk_sub4(t, magic);
    const v128_t r = sk_madd(n, sk_all4(c + 8), sk_madd(n, sk_all4(c + 7), x));
    return (sk_exp_parts){sk_madd(sk_mul4(r, r), sk_poly4(r, c, 5), r), t, sk_all4(c + 9), magic};
}

/* 2^n of the low bits of n, within [-127, 128]: 0 and infinity at the ends. */
SK_INLINE v128_t sk_power_of_2(v128_t n, v128_t one) { return wasm_i32x4_add(wasm_i32x4_shl(n, 23), one); }

/* 2e-7; underflow is gradual, as in libm. */
SK_INLINE v128_t sk_exp4(v128_t x) {
    const sk_exp_parts e = sk_exp_split4(sk_clamp4(x, sk_splat4(-104.0f), sk_splat4(89.0f)));
    const v128_t n = wasm_i32x4_sub(e.whole, e.magic), half = wasm_i32x4_shr(n, 1);
    return sk_mul4(sk_mul4(sk_add4(e.one, e.part), sk_power_of_2(half, e.one)),
                   sk_power_of_2(wasm_i32x4_sub(n, half), e.one));
}

/* exp(x) of x <= 0, cheaper. 2e-7; what would be below 1.2e-38 is 0. */
SK_INLINE v128_t sk_exp_negative4(v128_t x) {
    static const float least = -87.33f;
    const sk_exp_parts e = sk_exp_split4(x);
    const v128_t y = sk_mul4(sk_add4(e.one, e.part), sk_power_of_2(e.whole, e.one));
    return wasm_v128_andnot(y, wasm_f32x4_lt(x, sk_all4(sk_table(&least))));
}

/* exp(x) - 1 for x <= 88 without cancellation. 3e-7 */
SK_INLINE v128_t sk_expm1_4(v128_t x) {
    const sk_exp_parts e = sk_exp_split4(sk_clamp4(x, sk_splat4(-87.0f), sk_splat4(88.0f)));
    const v128_t scale = sk_power_of_2(e.whole, e.one);
    return sk_add4(sk_mul4(scale, e.part), sk_sub4(scale, e.one));
}

/* log of positive finite lanes: x = 2^k * (1 + f), log(1 + f) by a series in f / (2 + f). */
SK_INLINE v128_t sk_log_finite4(v128_t x) {
    static const float p[3] = {0.6666681716f, 0.3997354937f, 0.2996270551f};
    const v128_t tiny = wasm_f32x4_lt(x, sk_splat4(0x1p-126f));
    x = sk_pick4(tiny, sk_mul4(x, sk_splat4(0x1p23f)), x);
    const v128_t sqrt_half = wasm_i32x4_splat(0x3f3504f3);
    const v128_t above = wasm_i32x4_sub(x, sqrt_half);
    v128_t k = wasm_f32x4_convert_i32x4(wasm_i32x4_shr(above, 23));
    k = sk_sub4(k, wasm_v128_and(tiny, sk_splat4(23)));
    const v128_t m = wasm_i32x4_add(wasm_v128_and(above, wasm_i32x4_splat(0x7fffff)), sqrt_half);
    const v128_t f = sk_sub4(m, sk_splat4(1)), s = sk_div4(f, sk_add4(f, sk_splat4(2)));
    const v128_t z = sk_mul4(s, s), half_square = sk_mul4(sk_splat4(0.5f), sk_mul4(f, f));
    v128_t r = sk_mul4(s, sk_madd(z, sk_poly4(z, sk_table(p), 3), half_square));
    r = sk_madd(k, sk_splat4(-2.12194440e-4f), r);
    return sk_madd(k, sk_splat4(0.693359375f), sk_add4(sk_sub4(r, half_square), f));
}

/* 2e-7 */
SK_INLINE v128_t sk_log4(v128_t x) {
    const v128_t zero = sk_splat4(0), inf = sk_splat4(INFINITY);
    const v128_t special = sk_pick4(wasm_f32x4_eq(x, zero), sk_splat4(-INFINITY), sk_splat4(NAN));
    const v128_t beyond = sk_pick4(wasm_f32x4_eq(x, inf), inf, special);
    const v128_t finite = wasm_v128_and(wasm_f32x4_gt(x, zero), wasm_f32x4_lt(x, inf));
    return sk_pick4(finite, sk_log_finite4(x), beyond);
}

/* 4e-7 */
SK_INLINE v128_t sk_tanh4(v128_t x) {
    static const float table[12] = {0.13374474511f,
                                    0.0034878103124f,
                                    2.0481176878e-5f,
                                    1.3177512399e-8f,
                                    0.46707788287f,
                                    0.025847385609f,
                                    3.2729190870e-4f,
                                    7.7040412953e-7f,
                                    1.0f,
                                    -1.0f,
                                    9.1f,
                                    -9.1f};
    const float *c = sk_table(table);
    const v128_t one = sk_all4(c + 8);
    x = sk_clamp4(x, sk_all4(c + 11), sk_all4(c + 10));
    const v128_t t = sk_mul4(x, x), p = sk_madd(sk_poly4(t, c, 4), t, one),
                 q = sk_madd(sk_poly4(t, c + 4, 4), t, one);
    return sk_clamp4(sk_div4(sk_mul4(x, p), q), sk_all4(c + 9), one);
}

/* 1 / (1 + exp(-x)). 3e-7; what would be below 1.2e-38 is 0. */
SK_INLINE v128_t sk_sigmoid4(v128_t x) {
    static const float limits[2] = {-87.0f, 89.0f};
    const float *c = sk_table(limits);
    const sk_exp_parts e = sk_exp_split4(sk_clamp4(wasm_f32x4_neg(x), sk_all4(c), sk_all4(c + 1)));
    const v128_t y = sk_mul4(sk_add4(e.one, e.part), sk_power_of_2(e.whole, e.one));
    return sk_div4(e.one, sk_add4(e.one, y));
}

/* 4e-7 */
SK_INLINE v128_t sk_erf4(v128_t x) {
    static const float table[15] = {
        1.1283791437f, 0.19155062950f, 0.052875493366f, 0.0038081768231f, 2.8468835661e-4f, 2.0259092110e-6f,
        1.0f,          0.50309000093f, 0.11455975993f,  0.015055119682f,  0.0011707300121f, 3.7831846322e-5f,
        -1.0f,         3.95f,          -3.95f};
    const float *c = sk_table(table);
    x = sk_clamp4(x, sk_all4(c + 14), sk_all4(c + 13));
    const v128_t t = sk_mul4(x, x), y = sk_div4(sk_mul4(x, sk_poly4(t, c, 6)), sk_poly4(t, c + 6, 6));
    return sk_clamp4(y, sk_all4(c + 12), sk_all4(c + 6));
}

/* The four lanes' sum, maximum and minimum (NaN wins). */
SK_INLINE float sk_sum_lanes(v128_t x) {
    x = sk_add4(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(x, 0) + wasm_f32x4_extract_lane(x, 1);
}

SK_INLINE float sk_max_lanes(v128_t x) {
    x = wasm_f32x4_max(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(wasm_f32x4_max(x, wasm_i32x4_shuffle(x, x, 1, 0, 3, 2)), 0);
}

SK_INLINE float sk_min_lanes(v128_t x) {
    x = wasm_f32x4_min(x, wasm_i32x4_shuffle(x, x, 2, 3, 0, 1));
    return wasm_f32x4_extract_lane(wasm_f32x4_min(x, wasm_i32x4_shuffle(x, x, 1, 0, 3, 2)), 0);
}

#endif
