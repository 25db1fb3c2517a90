/* Vector kernels for functions of one float32: activations and mathematics. Functions that share most of
 * their code share a kernel, which looks at the kind for each pair of vectors: always the same way, so that
 * costs nothing. The tail goes through the same code with a part of a vector, so every element is computed
 * alike. */
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/vmath.h"

SK_INLINE v128_t elu4(v128_t x, const float *p) {
    const v128_t bent = sk_mul4(sk_splat4(p[1]), sk_expm1_4(sk_mul4(x, sk_splat4(p[2]))));
    return sk_pick4(wasm_f32x4_gt(x, sk_splat4(0)), sk_mul4(x, sk_splat4(p[0])), bent);
}

/* Too long to have again in a kernel that is not worth it. */
static __attribute__((noinline)) v128_t exp4(v128_t x) { return sk_exp4(x); }

/* tanh(log(1 + e^x)) = n / (n + 2) with n = e^x (e^x + 2); 1 within float32 from 20 on, and e^x stays finite.
 */
SK_INLINE v128_t mish4(v128_t x) {
    const v128_t e = exp4(sk_clamp4(x, sk_splat4(-104), sk_splat4(20)));
    const v128_t n = sk_mul4(e, sk_add4(e, sk_splat4(2)));
    return sk_mul4(x, sk_div4(n, sk_add4(n, sk_splat4(2))));
}

/* What a function does to two vectors. */
#define BOTH(expression)                                                                                     \
    SK_UNROLL                                                                                                \
    for (int v = 0; v < 2; v++) {                                                                            \
        const v128_t t = x[v];                                                                               \
        x[v] = expression;                                                                                   \
    }

/* Functions of a few instructions. */
SK_INLINE void short_2(const int kind, v128_t *x, const float *p) {
    switch (kind) {
    case SK_UNARY_ABS: BOTH(wasm_f32x4_abs(t)) break;
    case SK_UNARY_NEG: BOTH(wasm_f32x4_neg(t)) break;
    case SK_UNARY_CEIL: BOTH(wasm_f32x4_ceil(t)) break;
    case SK_UNARY_FLOOR: BOTH(wasm_f32x4_floor(t)) break;
    case SK_UNARY_ROUND: BOTH(wasm_f32x4_nearest(t)) break;
    case SK_UNARY_RECIPROCAL: BOTH(sk_div4(sk_splat4(1), t)) break;
    case SK_UNARY_SQRT: BOTH(wasm_f32x4_sqrt(t)) break;
    case SK_UNARY_SQUARE: BOTH(sk_mul4(t, t)) break;
    case SK_UNARY_CUBE: BOTH(sk_mul4(sk_mul4(t, t), t)) break;
    case SK_UNARY_LEAKY: BOTH(sk_pick4(wasm_f32x4_lt(t, sk_splat4(0)), sk_mul4(t, sk_splat4(p[0])), t)) break;
    default: BOTH(sk_clamp4(t, sk_splat4(p[0]), sk_splat4(p[1]))) break; /* CLAMP */
    }
}

/* Keeps a choice a branch: as a select of vectors it costs a quarter of the time (V8). */
#define BRANCH __asm__ volatile("")

SK_INLINE void linear_2(const int kind, v128_t *x, const float *p) {
    const v128_t a = x[0], b = x[1];
    BOTH(sk_clamp4(sk_madd(t, sk_splat4(p[0]), sk_splat4(p[1])), sk_splat4(p[2]), sk_splat4(p[3])))
    if (kind == SK_UNARY_LINEAR) return;
    BRANCH;
    x[0] = sk_madd(a, x[0], sk_splat4(p[4]));
    x[1] = sk_madd(b, x[1], sk_splat4(p[4]));
}

/* erf, or Gelu: x * (1 + erf(x / sqrt 2)) / 2 */
SK_INLINE void erf_2(const int kind, v128_t *x, const float *p) {
    const v128_t a = x[0], b = x[1];
    (void)p;
    if (kind == SK_UNARY_GELU) {
        BOTH(sk_mul4(t, sk_splat4(0.70710678f)))
    }
    BOTH(sk_erf4(t))
    if (kind == SK_UNARY_ERF) return;
    const v128_t half_a = sk_mul4(a, sk_splat4(0.5f)), half_b = sk_mul4(b, sk_splat4(0.5f));
    x[0] = sk_madd(half_a, x[0], half_a);
    x[1] = sk_madd(half_b, x[1], half_b);
}

/* sigmoid(x), x * sigmoid(p0 * x), or Gelu by tanh: (1 + tanh(u)) / 2 is sigmoid(2 u) */
SK_INLINE void sigmoid_2(const int kind, v128_t *x, const float *p) {
    const v128_t a = x[0], b = x[1];
    if (kind == SK_UNARY_SWISH) {
        BOTH(sk_mul4(t, sk_splat4(p[0])))
    } else if (kind == SK_UNARY_GELU_TANH) {
        BOTH(sk_mul4(
            t, sk_madd(sk_mul4(t, t), sk_splat4(2 * 0.79788456f * 0.044715f), sk_splat4(2 * 0.79788456f))))
    }
    BOTH(sk_sigmoid4(t))
    if (kind == SK_UNARY_SIGMOID) return;
    x[0] = sk_mul4(a, x[0]);
    x[1] = sk_mul4(b, x[1]);
}

#define ALONE(name)                                                                                          \
    SK_INLINE void name##_2(const int kind, v128_t *x, const float *p) {                                     \
        (void)kind, (void)p;                                                                                 \
        BOTH(sk_##name##4(t))                                                                                \
    }
ALONE(exp)
ALONE(tanh)

/* The last few elements, through the kernel itself. */
static void tail(sk_unary_fn *kernel, const float *x, float *y, size_t n, const sk_unary_args *args) {
    float eight[8] = {0};
    if (!n) return;
    memcpy(eight, x, n * sizeof *x);
    kernel(eight, eight, 8, args);
    memcpy(y, eight, n * sizeof *y);
}

/* Two vectors at a time share the constants, which are half of the work of what is long; what stands behind
 * most convolutions is 15% faster so. p: a copy of the parameters, which y cannot touch. */
#define KERNEL(name, function, wanted)                                                                       \
    void f32_##name##__simd128(const void *from, void *to, size_t n, const sk_unary_args *args) {            \
        const float p[5] = {args->p[0], args->p[1], args->p[2], args->p[3], args->p[4]}, *x = from;          \
        const int kind = wanted;                                                                             \
        float *y = to;                                                                                       \
        size_t i = 0;                                                                                        \
        for (; i + 8 <= n; i += 8) {                                                                         \
            v128_t two[2] = {sk_load4(x + i), sk_load4(x + i + 4)};                                          \
            function##_2(kind, two, p);                                                                      \
            sk_store4(y + i, two[0]);                                                                        \
            sk_store4(y + i + 4, two[1]);                                                                    \
        }                                                                                                    \
        tail(f32_##name##__simd128, x + i, y + i, n - i, args);                                              \
    }
KERNEL(short, short, args->kind)
KERNEL(linear, linear, args->kind)
KERNEL(exp, exp, 0)
KERNEL(tanh, tanh, 0)
KERNEL(erf, erf, SK_UNARY_ERF)
KERNEL(gelu, erf, SK_UNARY_GELU)
KERNEL(sigmoid, sigmoid, SK_UNARY_SIGMOID)
KERNEL(swish, sigmoid, SK_UNARY_SWISH)
KERNEL(gelu_tanh, sigmoid, SK_UNARY_GELU_TANH)

/* The same for what is rare: a vector at a time. */
#define RARE(name, function)                                                                                 \
    void f32_##name##__simd128(const void *from, void *to, size_t n, const sk_unary_args *args) {            \
        const float p[3] = {args->p[0], args->p[1], args->p[2]}, *x = from;                                  \
        float *y = to;                                                                                       \
        size_t i = 0;                                                                                        \
        (void)p;                                                                                             \
        for (; i + 4 <= n; i += 4) sk_store4(y + i, function(sk_load4(x + i)));                              \
        tail(f32_##name##__simd128, x + i, y + i, n - i, args);                                              \
    }
#define ELU(x) elu4(x, p)
RARE(elu, ELU)
RARE(mish, mish4)
RARE(log, sk_log4)
