/* Functions of one number, scalar: what defines each, and all there is for types other than float32. In
 * double, so that one set of functions serves both float types and float32 results are correctly
 * rounded almost always. */
#include "core/maths.h"
#include "kernels/kernels.h"

static double elu(double x, const float *p) { return x > 0 ? p[0] * x : p[1] * sk_expm1(p[2] * x); }

static double clamp(double x, double lo, double hi) {
    x = x < lo ? lo : x;
    return hi < x ? hi : x;
}

static double shrink(double x, const float *p) {
    return x < -(double)p[0] ? x + p[1] : x > p[0] ? x - p[1] : 0;
}

static double sigmoid(double x) { return 1 / (1 + sk_exp(-x)); }

static double softplus(double x) { return x > 0 ? x + sk_log1p(sk_exp(-x)) : sk_log1p(sk_exp(x)); }

static double function(const sk_unary_args *args, double x) {
    const float *p = args->p;
    switch ((sk_unary_kind)args->kind) {
    case SK_UNARY_ABS: return fabs(x);
    case SK_UNARY_NEG: return -x;
    case SK_UNARY_CEIL: return ceil(x);
    case SK_UNARY_FLOOR: return floor(x);
    case SK_UNARY_ROUND: return rint(x);
    case SK_UNARY_SIGN: return x > 0 ? 1 : x < 0 ? -1 : x;
    case SK_UNARY_RECIPROCAL: return 1 / x;
    case SK_UNARY_SQRT: return sqrt(x);
    case SK_UNARY_SQUARE: return x * x;
    case SK_UNARY_CUBE: return x * x * x;
    case SK_UNARY_EXP: return sk_exp(x);
    case SK_UNARY_LOG: return sk_log(x);
    case SK_UNARY_SIN: return sk_sin(x);
    case SK_UNARY_COS: return sk_cos(x);
    case SK_UNARY_TANH: return sk_tanh(x);
    case SK_UNARY_ERF: return sk_erf(x);
    case SK_UNARY_SIGMOID: return sigmoid(x);
    case SK_UNARY_CLAMP: return clamp(x, p[0], p[1]);
    case SK_UNARY_LEAKY: return x < 0 ? p[0] * x : x;
    case SK_UNARY_ELU: return elu(x, p);
    case SK_UNARY_THRESHOLD: return x <= p[0] ? 0 : x;
    case SK_UNARY_LINEAR: return clamp(p[0] * x + p[1], p[2], p[3]);
    case SK_UNARY_HARD_SWISH: return x * clamp(p[0] * x + p[1], p[2], p[3]) + p[4];
    case SK_UNARY_SOFTPLUS: return softplus(x);
    case SK_UNARY_SOFTSIGN: return x / (1 + fabs(x));
    case SK_UNARY_GELU: return 0.5 * x * (1 + sk_erf(x * 0.70710678118654752440));
    case SK_UNARY_GELU_TANH: return x * sigmoid(2 * 0.79788456080286535588 * (x + 0.044715 * x * x * x));
    case SK_UNARY_MISH: return x * sk_tanh(softplus(x));
    case SK_UNARY_SWISH: return x * sigmoid(p[0] * x);
    case SK_UNARY_SHRINK: return shrink(x, p);
    case SK_UNARY_TAN: return sk_tan(x);
    case SK_UNARY_ASIN: return sk_asin(x);
    case SK_UNARY_ACOS: return sk_acos(x);
    case SK_UNARY_ATAN: return sk_atan(x);
    case SK_UNARY_SINH: return sk_sinh(x);
    case SK_UNARY_COSH: return sk_cosh(x);
    case SK_UNARY_ASINH: return sk_asinh(x);
    case SK_UNARY_ACOSH: return sk_acosh(x);
    case SK_UNARY_ATANH: return sk_atanh(x);
    default: return x;
    }
}

void f32_unary__ref(const void *x, void *y, size_t n, const sk_unary_args *args) {
    for (size_t i = 0; i < n; i++) ((float *)y)[i] = (float)function(args, ((const float *)x)[i]);
}

void f64_unary__ref(const void *x, void *y, size_t n, const sk_unary_args *args) {
    for (size_t i = 0; i < n; i++) ((double *)y)[i] = function(args, ((const double *)x)[i]);
}

/* Bounds as integers: a float beyond int64 stands for none. */
static int64_t clamp_i64(int64_t x, const float *p) {
    if (p[0] > -0x1p63f && (p[0] >= 0x1p63f || x < (int64_t)p[0]))
        x = p[0] >= 0x1p63f ? INT64_MAX : (int64_t)p[0];
    if (p[1] < 0x1p63f && (p[1] <= -0x1p63f || x > (int64_t)p[1]))
        x = p[1] <= -0x1p63f ? INT64_MIN : (int64_t)p[1];
    return x;
}

void i64_unary__ref(const void *x, void *y, size_t n, const sk_unary_args *args) {
    for (size_t i = 0; i < n; i++) {
        const int64_t v = ((const int64_t *)x)[i];
        const uint64_t u = (uint64_t)v;
        int64_t result = v;
        switch (args->kind) {
        case SK_UNARY_ABS: result = v < 0 ? (int64_t)(0 - u) : v; break;
        case SK_UNARY_NEG: result = (int64_t)(0 - u); break;
        case SK_UNARY_SIGN: result = args->p[2] != 0 ? u != 0 : (v > 0) - (v < 0); break; /* p2: unsigned */
        case SK_UNARY_SQUARE: result = (int64_t)(u * u); break;
        case SK_UNARY_CLAMP: result = clamp_i64(v, args->p); break;
        case SK_UNARY_BIT_NOT: result = ~v; break;
        default: break;
        }
        ((int64_t *)y)[i] = result;
    }
}

void bool_not__ref(const void *x, void *y, size_t n, const sk_unary_args *args) {
    (void)args;
    for (size_t i = 0; i < n; i++) ((uint8_t *)y)[i] = !((const uint8_t *)x)[i];
}

/* IsNaN, IsInf: by comparison, so that float16 and float64 only need to be widened. */
void f64_test__ref(const void *x, void *y, size_t n, const sk_unary_args *args) {
    const double *s = x;
    uint8_t *d = y;
    for (size_t i = 0; i < n; i++) {
        const double v = s[i];
        d[i] = args->kind == SK_UNARY_IS_NAN
                   ? v != v
                   : (v == -INFINITY && args->p[0] != 0) || (v == INFINITY && args->p[1] != 0);
    }
}
