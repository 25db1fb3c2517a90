/* Vector kernels for functions of one float32: activations and mathematics. One body, specialised for each
 * row of unary.def; its tail goes through the same code with a part of a vector, so every element is computed
 * alike. */
#include "kernels/kernels.h"
#include "kernels/vmath.h"

SK_INLINE v128_t linear4(v128_t x, const float *p) {
    return sk_clamp4(sk_madd(x, sk_splat4(p[0]), sk_splat4(p[1])), sk_splat4(p[2]), sk_splat4(p[3]));
}

SK_INLINE v128_t elu4(v128_t x, const float *p) {
    const v128_t bent = sk_mul4(sk_splat4(p[1]), sk_expm1_4(sk_mul4(x, sk_splat4(p[2]))));
    return sk_pick4(wasm_f32x4_gt(x, sk_splat4(0)), sk_mul4(x, sk_splat4(p[0])), bent);
}

/* Too long to have again in a kernel that is not worth it. */
static __attribute__((noinline)) v128_t exp4(v128_t x) { return sk_exp4(x); }

/* x * (1 + erf(x / sqrt 2)) / 2 */
SK_INLINE v128_t gelu4(v128_t x) {
    const v128_t half = sk_mul4(x, sk_splat4(0.5f));
    return sk_madd(half, sk_erf4(sk_mul4(x, sk_splat4(0.70710678f))), half);
}

/* (1 + tanh(u)) / 2 is sigmoid(2 u) */
SK_INLINE v128_t gelu_tanh4(v128_t x) {
    const v128_t inner =
        sk_madd(sk_mul4(x, x), sk_splat4(2 * 0.79788456f * 0.044715f), sk_splat4(2 * 0.79788456f));
    return sk_mul4(x, sk_sigmoid4(sk_mul4(x, inner)));
}

/* tanh(log(1 + e^x)) = n / (n + 2) with n = e^x (e^x + 2); 1 within float32 from 20 on, and e^x stays finite.
 */
SK_INLINE v128_t mish4(v128_t x) {
    const v128_t e = exp4(sk_clamp4(x, sk_splat4(-104), sk_splat4(20)));
    const v128_t n = sk_mul4(e, sk_add4(e, sk_splat4(2)));
    return sk_mul4(x, sk_div4(n, sk_add4(n, sk_splat4(2))));
}

SK_INLINE v128_t unary4(const int kind, v128_t x, const float *p) {
    const v128_t zero = sk_splat4(0);
    switch (kind) {
    case SK_UNARY_ABS: return wasm_f32x4_abs(x);
    case SK_UNARY_NEG: return wasm_f32x4_neg(x);
    case SK_UNARY_CEIL: return wasm_f32x4_ceil(x);
    case SK_UNARY_FLOOR: return wasm_f32x4_floor(x);
    case SK_UNARY_ROUND: return wasm_f32x4_nearest(x);
    case SK_UNARY_RECIPROCAL: return sk_div4(sk_splat4(1), x);
    case SK_UNARY_SQRT: return wasm_f32x4_sqrt(x);
    case SK_UNARY_SQUARE: return sk_mul4(x, x);
    case SK_UNARY_CUBE: return sk_mul4(sk_mul4(x, x), x);
    case SK_UNARY_EXP: return sk_exp4(x);
    case SK_UNARY_LOG: return sk_log4(x);
    case SK_UNARY_TANH: return sk_tanh4(x);
    case SK_UNARY_ERF: return sk_erf4(x);
    case SK_UNARY_SIGMOID: return sk_sigmoid4(x);
    case SK_UNARY_CLAMP: return sk_clamp4(x, sk_splat4(p[0]), sk_splat4(p[1]));
    case SK_UNARY_LEAKY: return sk_pick4(wasm_f32x4_lt(x, zero), sk_mul4(x, sk_splat4(p[0])), x);
    case SK_UNARY_ELU: return elu4(x, p);
    case SK_UNARY_LINEAR: return linear4(x, p);
    case SK_UNARY_HARD_SWISH: return sk_madd(x, linear4(x, p), sk_splat4(p[4]));
    case SK_UNARY_GELU: return gelu4(x);
    case SK_UNARY_GELU_TANH: return gelu_tanh4(x);
    case SK_UNARY_MISH: return mish4(x);
    case SK_UNARY_SWISH: return sk_mul4(x, sk_sigmoid4(sk_mul4(x, sk_splat4(p[0]))));
    default: return x;
    }
}

/* The last one to three elements, through the kernel itself. */
static void tail(sk_unary_fn *kernel, const float *x, float *y, size_t n, const sk_unary_args *args) {
    float four[4] = {0};
    for (size_t i = 0; i < n; i++) four[i] = x[i];
    if (n) kernel(four, four, 4, args);
    for (size_t i = 0; i < n; i++) y[i] = four[i];
}

SK_INLINE int is_long(const int kind) {
    return kind == SK_UNARY_EXP || kind == SK_UNARY_TANH || kind == SK_UNARY_ERF ||
           kind == SK_UNARY_SIGMOID || kind == SK_UNARY_GELU || kind == SK_UNARY_GELU_TANH ||
           kind == SK_UNARY_SWISH || kind == SK_UNARY_LINEAR || kind == SK_UNARY_HARD_SWISH;
}

SK_INLINE void unary_loop(const int kind, sk_unary_fn *self, const float *x, float *y, size_t n,
                          const sk_unary_args *args) {
    const float p[5] = {args->p[0], args->p[1], args->p[2], args->p[3],
                        args->p[4]}; /* y cannot touch these */
    size_t i = 0;
    /* two vectors at a time share the constants, which are half of the work of what is long; what stands
     * behind most convolutions is 15% faster so */
    for (; is_long(kind) && i + 8 <= n; i += 8) {
        const v128_t a = unary4(kind, sk_load4(x + i), p), b = unary4(kind, sk_load4(x + i + 4), p);
        sk_store4(y + i, a);
        sk_store4(y + i + 4, b);
    }
    for (; i + 4 <= n; i += 4) sk_store4(y + i, unary4(kind, sk_load4(x + i), p));
    tail(self, x + i, y + i, n - i, args);
}

#define SK_UNARY(KIND, name)                                                                                 \
    void f32_##name##__simd128(const void *x, void *y, size_t n, const sk_unary_args *args) {                \
        unary_loop(SK_UNARY_##KIND, f32_##name##__simd128, x, y, n, args);                                   \
    }
#define SK_UNARY_SCALAR(KIND)
#include "kernels/unary.def"
