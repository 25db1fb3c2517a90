/* Elementary functions in double, for reference kernels, float64 tensors and whatever is not worth a vector.
 * Our own for two reasons: libm's tables and long reductions cost 25 kB of wasm, these 4; and results are the
 * same natively and in wasm, whatever the platform's libm. Errors are below 4e-16 of the result unless said
 * otherwise (tests/c/test_maths.c); NaN, infinities and zeros behave as in C. */
#ifndef SK_CORE_MATHS_H
#define SK_CORE_MATHS_H

#include <math.h> /* what compiles to an instruction or two: fabs, sqrt, floor, ceil, rint, trunc, isfinite ... */

double sk_exp(double x);
double sk_expm1(double x); /* 1e-15 */
double sk_log(double x);
double sk_log1p(double x); /* 1e-15 */
double sk_sin(double x);
double sk_cos(double x);
double sk_tan(double x);
double sk_asin(double x);
double sk_acos(double x);
double sk_atan(double x);
double sk_sinh(double x); /* 2e-15, and so the others of this kind */
double sk_cosh(double x);
double sk_tanh(double x);
double sk_asinh(double x);
double sk_acosh(double x);
double sk_atanh(double x);
double sk_erf(double x);           /* 1e-14 */
double sk_pow(double x, double y); /* 1e-13; whole powers up to 64: 1e-14 */
double sk_scale2(double x, int n); /* x * 2^n, rounded once */
/* fmod, exact for float32 as well, where the compiler would take a second one. */
double sk_fmod(double x, double y);

#endif
