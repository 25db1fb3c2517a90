/* The elementary functions of core/maths.h against the platform's libm: error bounds on random arguments of
 * every size, special values. Prints the largest error found of each. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/maths.h"

static int passed, failed;
static int wrong; /* arguments of the case under way */

typedef struct row {
    const char *name;
    double (*ours)(double);
    double (*theirs)(double);
    double bound, from, to; /* relative error within [from, to] and everywhere else that is finite */
} row;

static const row rows[] = {
    {"exp", sk_exp, exp, 4e-16, -750, 750},    {"expm1", sk_expm1, expm1, 1e-15, -50, 710},
    {"log", sk_log, log, 4e-16, 0, 1e3},       {"log1p", sk_log1p, log1p, 1e-15, -1, 1e3},
    {"sin", sk_sin, sin, 4e-16, -100, 100},    {"cos", sk_cos, cos, 4e-16, -100, 100},
    {"tan", sk_tan, tan, 8e-16, -100, 100},    {"asin", sk_asin, asin, 8e-16, -1, 1},
    {"acos", sk_acos, acos, 8e-16, -1, 1},     {"atan", sk_atan, atan, 8e-16, -50, 50},
    {"sinh", sk_sinh, sinh, 2e-15, -710, 710}, {"cosh", sk_cosh, cosh, 2e-15, -710, 710},
    {"tanh", sk_tanh, tanh, 2e-15, -30, 30},   {"asinh", sk_asinh, asinh, 2e-15, -1e3, 1e3},
    {"acosh", sk_acosh, acosh, 2e-15, 1, 1e3}, {"atanh", sk_atanh, atanh, 2e-15, -1, 1},
    {"erf", sk_erf, erf, 1e-14, -7, 7},
};

static uint64_t state = 88172645463325252u;

static uint64_t random64(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

static double random_unit(void) { return (double)(random64() >> 11) * 0x1p-53; }

static double check(const char *name, double x, double y, double got, double want, double bound) {
    const int same = got == want || (got != got && want != want);
    /* subnormal results have fewer digits */
    const double error = same ? 0 : fabs(got - want) / fmax(fabs(want), 0x1p-1022);
    const int ok = same ? signbit(got) == signbit(want) || want != want : error <= bound;
    if (!ok && ++wrong <= 5)
        printf("FAIL %s(%a = %g, %g): %a = %.17g, not %a = %.17g\n", name, x, x, y, got, got, want, want);
    return ok ? error : 0;
}

static void end_case(const char *name, const char *range) {
    if (wrong) printf("FAIL %s, %s: %d arguments\n", name, range, wrong);
    *(wrong ? &failed : &passed) += 1;
    wrong = 0;
}

static void test_row(const row *f) {
    static const double special[] = {0.0,      -0.0,
                                     1,        -1,
                                     0.5,      -0.5,
                                     2,        1e-300,
                                     -1e-300,  5e-324,
                                     1e300,    -1e300,
                                     INFINITY, -INFINITY,
                                     NAN,      1e-10,
                                     0.35,     -0.35,
                                     710.5,    -745.5,
                                     1048576,  1048577,
                                     1e15,     0x1p53,
                                     0x1p1000, 6381956970095103 * 0x1p797};
    double worst = 0;
    /* the last is the double closest to a multiple of pi / 2 */
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        check(f->name, special[i], 0, f->ours(special[i]), f->theirs(special[i]), 20 * f->bound);
    end_case(f->name, "special values");
    for (int i = 0; i < 200000; i++) {
        double x = f->from + (f->to - f->from) * random_unit();
        if (i % 4 == 1)
            x = copysign(ldexp(1 + random_unit(), (int)(random64() % 80) - 60), random_unit() - 0.5);
        if (i % 64 == 2) {
            const uint64_t bits = random64();
            memcpy(&x, &bits, sizeof x);
        }
        worst = fmax(worst, check(f->name, x, 0, f->ours(x), f->theirs(x), f->bound));
    }
    end_case(f->name, "random arguments");
    printf("%-8s %.1e\n", f->name, worst);
}

static void test_pow(void) {
    static const double special[] = {0.0,    -0.0,     1,         -1,    2,      -2,    0.5,
                                     -0.5,   3,        -3,        1e300, -1e300, 65,    -65,
                                     1e-300, INFINITY, -INFINITY, NAN,   0x1p53, 0x1p54};
    double worst = 0, whole = 0;
    for (size_t i = 0; i < sizeof special / sizeof *special; i++)
        for (size_t j = 0; j < sizeof special / sizeof *special; j++)
            check("pow", special[i], special[j], sk_pow(special[i], special[j]), pow(special[i], special[j]),
                  1e-13);
    end_case("pow", "special values");
    for (int i = 0; i < 200000; i++) {
        const double x = ldexp(1 + random_unit(), (int)(random64() % 40) - 20),
                     y = (random_unit() - 0.5) * 40;
        worst = fmax(worst, check("pow", x, y, sk_pow(x, y), pow(x, y), 1e-13));
        whole = fmax(whole, check("pow", -x, rint(y), sk_pow(-x, rint(y)), pow(-x, rint(y)), 1e-14));
    }
    end_case("pow", "random arguments");
    printf("pow      %.1e, whole %.1e\n", worst, whole);
}

int main(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) test_row(&rows[i]);
    test_pow();
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
