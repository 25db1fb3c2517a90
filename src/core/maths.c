/* See maths.h. Series with the coefficients of Taylor, after reductions that leave small arguments. */
#include "core/maths.h"

#include <stdint.h>
#include <string.h>

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static double from_bits(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* 1 / k! */
static const double inverse_factorial[18] = {
    0x1p+0,
    0x1p+0,
    0x1p-1,
    0x1.5555555555555p-3,
    0x1.5555555555555p-5,
    0x1.1111111111111p-7,
    0x1.6c16c16c16c17p-10,
    0x1.a01a01a01a01ap-13,
    0x1.a01a01a01a01ap-16,
    0x1.71de3a556c734p-19,
    0x1.27e4fb7789f5cp-22,
    0x1.ae64567f544e4p-26,
    0x1.1eed8eff8d898p-29,
    0x1.6124613a86d09p-33,
    0x1.93974a8c07c9dp-37,
    0x1.ae7f3e733b81fp-41,
    0x1.ae7f3e733b81fp-45,
    0x1.952c77030ad4ap-49,
};

/* ---- exponentials ---- */

#define LN2_HIGH 0x1.62e42feep-1 /* 32 bits: exact times any exponent */
#define LN2_LOW 0x1.a39ef35793c76p-33

double sk_scale2(double x, int n) {
    if (n > 2100) n = 2100;
    if (n < -2200) n = -2200;
    for (; n > 1023; n -= 1023) x *= 0x1p1023;
    /* stops short of the subnormal numbers until the last step, which rounds */
    for (; n < -1022; n += 969) x *= 0x1p-969;
    return x * from_bits((uint64_t)(n + 1023) << 52);
}

/* (e^r - 1 - r) for |r| < 0.36 */
static double exp_tail(double r) {
    double sum = inverse_factorial[14];
    for (int k = 13; k >= 2; k--) sum = sum * r + inverse_factorial[k];
    return sum * r * r;
}

double sk_exp(double x) {
    if (x != x || x == INFINITY) return x;
    if (x < -746) return 0;
    if (x > 710) return INFINITY;
    const double n = rint(x * 1.4426950408889634);
    const double high = x - n * LN2_HIGH, low = n * LN2_LOW, r = high - low;
    /* 1 + r + tail, the largest last; (high - r) - low is what r lost */
    return sk_scale2(1 + (r + (exp_tail(r) + ((high - r) - low))), (int)n);
}

double sk_expm1(double x) { return x == 0 ? x : fabs(x) < 0.35 ? x + exp_tail(x) : sk_exp(x) - 1; }

/* ---- logarithms ---- */

/* sum of z^k / (2 k + 1) for k >= 1: what atanh(s) / s is above 1, with z = s^2 */
static double atanh_tail(double z, int terms) {
    double sum = 0;
    for (int k = terms; k >= 1; k--) sum = (sum + 1.0 / (2 * k + 1)) * z;
    return sum;
}

double sk_log(double x) {
    int k = 0;
    if (x != x || x < 0) return NAN;
    if (x == 0) return -INFINITY;
    if (x == INFINITY) return x;
    if (x < 0x1p-1022) x *= 0x1p54, k = -54;
    /* x = 2^k * m with m in [sqrt(1/2), sqrt(2)) */
    const uint64_t above = bits_of(x) - 0x3fe6a09e667f3bcd;
    k += (int)((int64_t)above >> 52);
    const double f = from_bits((above & 0xfffffffffffff) + 0x3fe6a09e667f3bcd) - 1;
    /* log(1 + f) = 2 atanh(s) = f - s * (f - 2 * tail): f is exact, s is not */
    const double s = f / (2 + f), tail = atanh_tail(s * s, 12);
    return k * LN2_HIGH + (f - (s * (f - 2 * tail) - k * LN2_LOW));
}

double sk_log1p(double x) {
    const double u = 1 + x;
    if (x == 0) return x;
    if (u == INFINITY || !(u > 0)) return sk_log(u);
    return sk_log(u) + (x - (u - 1)) / u; /* what 1 + x rounded away */
}

/* ---- circular functions ---- */

#define PI_HALF 1.5707963267948966

/* 2 / pi, binary places 64 i + 1 to 64 i + 64 */
static const uint64_t two_over_pi[19] = {
    0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041, 0xfe5163abdebbc561, 0xb7246e3a424dd2e0,
    0x06492eea09d1921c, 0xfe1deb1cb129a73e, 0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4,
    0x9c845f8bbdf9283b, 0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
};

/* Binary places place + 1 to place + 64; none before the first. */
static uint64_t window(int place) {
    uint64_t result = 0;
    for (int i = 0; i < 2; i++) {
        const int word = (place + 6400) / 64 - 100 + i, shift = (place + 6400) % 64;
        const uint64_t w = word >= 0 && word < 19 ? two_over_pi[word] : 0;
        result |= i == 0 ? w << shift : shift ? w >> (64 - shift) : 0;
    }
    return result;
}

/* x >= 2^20: its bits times those of 2 / pi, modulo 4: what is a multiple of 4 is never computed. */
static double reduce_large(double x, int *quadrant) {
    const uint64_t bits = bits_of(x), mantissa = (bits & 0xfffffffffffff) | (uint64_t)1 << 52;
    const int place = (int)(bits >> 52) - 1075 - 2; /* x = mantissa * 2^(place + 2) */
    const unsigned __int128 low = (unsigned __int128)mantissa * window(place + 128);
    const unsigned __int128 middle = (unsigned __int128)mantissa * window(place + 64) + (uint64_t)(low >> 64);
    const uint64_t high = mantissa * window(place) + (uint64_t)(middle >> 64);
    const int64_t fraction = (int64_t)(high << 2 | (uint64_t)middle >> 62);
    const uint64_t rest = (uint64_t)middle << 2 | (uint64_t)low >> 62; /* counts where the fraction is tiny */
    *quadrant = (int)(high >> 62) + (fraction < 0);
    return ((double)fraction + (double)rest * 0x1p-64) * 0x1p-64 * PI_HALF;
}

/* x minus the nearest multiple of pi / 2, of which *quadrant counts the last. */
static double reduce(double x, int *quadrant) {
    if (!isfinite(x)) {
        *quadrant = 0;
        return NAN;
    }
    if (fabs(x) >= 0x1p20) {
        const double r = reduce_large(fabs(x), quadrant);
        *quadrant = x < 0 ? -*quadrant : *quadrant;
        return x < 0 ? -r : r;
    }
    const double n = rint(x * 0.63661977236758134);
    *quadrant = (int)n;
    return n == 0 ? x : x - n * 0x1.921fb544p+0 - n * 0x1.0b4611a6p-34 - n * 0x1.3198a2e037073p-69;
}

static double sine(double r, int quadrant) {
    const int odd = quadrant & 1;
    const double z = -r * r;
    double sum = 0;
    for (int k = odd ? 16 : 17; k >= 2; k -= 2) sum = (sum + inverse_factorial[k]) * z;
    sum = odd ? 1 + sum : r == 0 ? r : r + r * sum;
    return quadrant & 2 ? -sum : sum;
}

double sk_sin(double x) {
    int quadrant;
    const double r = reduce(x, &quadrant);
    return sine(r, quadrant);
}

double sk_cos(double x) {
    int quadrant;
    const double r = reduce(x, &quadrant);
    return sine(r, quadrant + 1);
}

double sk_tan(double x) {
    int quadrant;
    const double r = reduce(x, &quadrant);
    return sine(r, quadrant) / sine(r, quadrant + 1);
}

/* atan(a) for a >= 0: of 1 / a when that is smaller, by halves of the angle until the series is short */
static double atan_positive(double a) {
    const int inverted = a > 1;
    double t = inverted ? 1 / a : a;
    int halved = 0;
    for (; t > 0.2; halved++) t = t / (1 + sqrt(1 + t * t));
    const double angle = (t + t * atanh_tail(-t * t, 12)) * (1 << halved);
    return inverted ? PI_HALF - angle : angle;
}

double sk_atan(double x) { return copysign(atan_positive(fabs(x)), x); }

double sk_asin(double x) { return copysign(atan_positive(fabs(x) / sqrt((1 - x) * (1 + x))), x); }

double sk_acos(double x) { return 2 * atan_positive(sqrt((1 - x) / (1 + x))); }

/* ---- hyperbolic functions ---- */

double sk_sinh(double x) {
    const double a = fabs(x), half = a > 700 ? sk_exp(a / 2) : 0, u = sk_expm1(a);
    return copysign(a > 700 ? 0.5 * half * half : (u + u / (u + 1)) / 2, x);
}

double sk_cosh(double x) {
    const double a = fabs(x), e = a > 700 ? sk_exp(a / 2) : sk_exp(a);
    return a > 700 ? 0.5 * e * e : 0.5 * (e + 1 / e);
}

double sk_tanh(double x) {
    const double a = fabs(x), u = sk_expm1(2 * a);
    return copysign(a > 22 ? 1 : u / (u + 2), x);
}

double sk_asinh(double x) {
    const double a = fabs(x), square = a * a;
    return copysign(
        a > 0x1p28 ? sk_log(a) + 0.6931471805599453 : sk_log1p(a + square / (1 + sqrt(1 + square))), x);
}

double sk_acosh(double x) {
    const double t = x - 1;
    if (!(x >= 1)) return NAN;
    return x > 0x1p28 ? sk_log(x) + 0.6931471805599453 : sk_log1p(t + sqrt(t * (t + 2)));
}

double sk_atanh(double x) {
    const double a = fabs(x);
    return copysign(0.5 * sk_log1p(2 * a / (1 - a)), x);
}

/* ---- the rest ---- */

/* By the series of positive terms below 2.5, by the continued fraction of its complement above. */
double sk_erf(double x) {
    const double a = fabs(x), z = a * a;
    if (x != x) return x;
    if (a > 6) return copysign(1, x);
    if (a < 2.5) {
        double term = 1, sum = 1;
        for (int k = 1; term > 1e-17 * sum; k++) sum += term *= 2 * z / (2 * k + 1);
        return 1.1283791670955126 * sk_exp(-z) * x * sum;
    }
    double fraction = a;
    for (int k = 60; k >= 1; k--) fraction = a + k * 0.5 / fraction;
    return copysign(1 - 0.5641895835477563 * sk_exp(-z) / fraction, x);
}

static double whole_power(double x, int n) {
    double result = 1;
    for (int e = n < 0 ? -n : n; e; e >>= 1, x *= x)
        if (e & 1) result *= x;
    return n < 0 ? 1 / result : result;
}

double sk_pow(double x, double y) {
    if (y == 0 || x == 1) return 1;
    if (x != x || y != y) return NAN;
    if (fabs(y) <= 64 && y == rint(y)) return whole_power(x, (int)y);
    const int odd = y == rint(y) && y * 0.5 != rint(y * 0.5);
    if (x < 0 && isfinite(x) && y != rint(y)) return NAN;
    const double size = fabs(x) == 1 ? 1 : sk_exp(y * sk_log(fabs(x)));
    return signbit(x) && odd ? -size : size;
}

double sk_fmod(double x, double y) { return fmod(x, y); }
