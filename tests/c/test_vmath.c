/* Error bounds of the vector kernels for functions of one float32, against libm in double: a sample of all
 * floats (every 1009th, so each exponent and both signs), dense ones where nothing is extreme, special
 * values, and every tail length. A case is a function on a range. Prints the largest errors found. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/select.h"

static int passed, failed;
static int wrong; /* elements of the case under way */

static void check(int ok, const char *what, double x, double got, double want) {
    if (!ok && ++wrong <= 5)
        printf("FAIL %s(%a = %g): got %a = %g, want %a = %g\n", what, x, x, got, got, want, want);
}

static void end_case(const char *what, const char *range) {
    if (wrong) printf("FAIL %s, %s: %d elements\n", what, range, wrong);
    *(wrong ? &failed : &passed) += 1;
    wrong = 0;
}

typedef struct row {
    int kind;
    const char *name;
    double bound;    /* relative to |want| + floor */
    double floor;    /* what counts as absolute error, as a factor of the bound */
    double from, to; /* sampled range of x */
    float p[5];
} row;

static const row rows[] = {
    {SK_UNARY_ABS, "abs", 0, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_NEG, "neg", 0, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_CEIL, "ceil", 0, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_FLOOR, "floor", 0, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_ROUND, "round", 0, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_SIGN, "sign", 0, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_RECIPROCAL, "reciprocal", 6e-8, 1e-37, -INFINITY, INFINITY, {0}},
    {SK_UNARY_SQRT, "sqrt", 6e-8, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_SQUARE, "square", 6e-8, 1e-37, -INFINITY, INFINITY, {0}},
    {SK_UNARY_CUBE, "cube", 1.3e-7, 1e-37, -INFINITY, INFINITY, {0}},
    {SK_UNARY_EXP, "exp", 2e-7, 1e-37, -INFINITY, INFINITY, {0}},
    {SK_UNARY_LOG, "log", 2e-7, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_SIN, "sin", 2e-7, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_COS, "cos", 2e-7, 0, -INFINITY, INFINITY, {0}},
    {SK_UNARY_TANH, "tanh", 4e-7, 1e-37, -INFINITY, INFINITY, {0}},
    {SK_UNARY_ERF, "erf", 4e-7, 1e-37, -INFINITY, INFINITY, {0}},
    {SK_UNARY_SIGMOID, "sigmoid", 3e-7, 4e-32, -INFINITY, INFINITY, {0}},
    {SK_UNARY_CLAMP, "clamp", 0, 0, -INFINITY, INFINITY, {-1.5f, 6}},
    {SK_UNARY_LEAKY, "leaky", 6e-8, 1e-37, -INFINITY, INFINITY, {0.01f}},
    {SK_UNARY_ELU, "elu", 4e-7, 1e-37, -INFINITY, INFINITY, {1, 1, 1}},
    {SK_UNARY_ELU, "selu", 4e-7, 1e-37, -INFINITY, INFINITY, {1.05070102f, 1.75809932f, 1}},
    {SK_UNARY_THRESHOLD, "threshold", 0, 0, -INFINITY, INFINITY, {0.7f}},
    {SK_UNARY_LINEAR, "linear", 1.3e-7, 1, -INFINITY, INFINITY, {0.2f, 0.5f, 0, 1}},
    {SK_UNARY_HARD_SWISH, "hard_swish", 2e-7, 1, -1e30, 1e30, {0.16666667f, 0.5f, 0, 1, 0.25f}},
    {SK_UNARY_SOFTPLUS, "softplus", 3e-7, 1e-37, -INFINITY, INFINITY, {0}},
    {SK_UNARY_SOFTSIGN, "softsign", 1.3e-7, 1e-37, -1e38, 1e38, {0}},
    {SK_UNARY_GELU, "gelu", 1e-6, 1, -1e38, 1e38, {0}}, /* 1 + erf cancels: absolute below zero */
    {SK_UNARY_GELU_TANH, "gelu_tanh", 2e-6, 1e-3, -1e12, 1e12, {0}},
    {SK_UNARY_MISH, "mish", 4e-7, 1e-36, -100, 1e38, {0}},
    {SK_UNARY_SWISH, "swish", 4e-7, 3e-30, -100, 1e38, {1}},
    {SK_UNARY_SHRINK, "shrink", 1e-7, 1, -INFINITY, INFINITY, {0.5f, 0.1f}},
};

#define BATCH 4096

static int agree(double got, double want, const row *r, double *error) {
    *error = 0;
    if (want != want || got != got) return want != want && got != got;
    if (isinf((float)want) || isinf(got)) return (float)want == (float)got || fabs(want) > 3.3e38;
    *error = fabs(got - want) / (fabs(want) + r->floor);
    if (got == want) *error = 0;
    return *error <= r->bound;
}

static double compare(const row *r, const float *x, size_t n) {
    static float y[BATCH];
    static double want[BATCH], wide[BATCH];
    sk_unary_args args = {r->kind, {r->p[0], r->p[1], r->p[2], r->p[3], r->p[4]}};
    for (size_t i = 0; i < n; i++) wide[i] = x[i];
    sk_select_unary(r->kind, SK_FLOAT64, 1)(wide, want, n, &args);
    sk_select_unary(r->kind, SK_FLOAT32, 0)(x, y, n, &args);
    double worst = 0;
    for (size_t i = 0; i < n; i++) {
        double error;
        check(agree(y[i], want[i], r, &error), r->name, x[i], y[i], want[i]);
        if (error > worst) worst = error;
    }
    return worst;
}

static void sample(const row *r) {
    static float x[BATCH];
    size_t n = 0;
    double worst = 0;
    for (uint64_t bits = 0; bits < (uint64_t)1 << 32; bits += 1009) {
        const uint32_t low = (uint32_t)bits;
        memcpy(&x[n], &low, 4);
        if (!(x[n] >= r->from && x[n] <= r->to) && x[n] == x[n]) continue;
        if (++n < BATCH) continue;
        const double w = compare(r, x, n);
        worst = w > worst ? w : worst;
        n = 0;
    }
    const double w = compare(r, x, n);
    worst = w > worst ? w : worst;
    end_case(r->name, "all floats");
    /* where nothing is extreme, densely */
    for (double centre = -30; centre < 30; centre += 0.25) {
        for (n = 0; n < 1000; n++) x[n] = (float)(centre + 0.25 * rand() / RAND_MAX);
        const double v = compare(r, x, n);
        worst = v > worst ? v : worst;
    }
    end_case(r->name, "[-30, 30]");
    const float special[] = {0.0f,   -0.0f, 1,         -1,     INFINITY, -INFINITY, NAN,  88.7f,
                             -87.4f, -103,  0x1p-149f, 1e-40f, 20,       0.5f,      1.5f, 2.5f};
    n = 0;
    for (size_t i = 0; i < sizeof special / 4; i++)
        if (special[i] != special[i] || (special[i] >= r->from && special[i] <= r->to)) x[n++] = special[i];
    compare(r, x, n);
    end_case(r->name, "special values");
    printf("%-14s %.2e\n", r->name, worst);
}

/* Every length: no element beyond is touched, in place or not, and each value equals that of a long run. */
static void tails(const row *r) {
    float x[24], all[24], y[24];
    sk_unary_args args = {r->kind, {r->p[0], r->p[1], r->p[2]}};
    sk_unary_fn *f = sk_select_unary(r->kind, SK_FLOAT32, 0);
    for (int i = 0; i < 24; i++) x[i] = (float)(i - 11) * 0.37f;
    f(x, all, 24, &args);
    for (size_t n = 0; n <= 19; n++)
        for (int place = 0; place < 2; place++) {
            memcpy(y, x, sizeof y);
            f(place ? y : x, y, n, &args);
            for (size_t i = 0; i < 24; i++) {
                const float want = i < n ? all[i] : x[i];
                check(!memcmp(&y[i], &want, 4) || (want != want && y[i] != y[i]), r->name, x[i], y[i], want);
            }
        }
    end_case(r->name, "every length");
}

int main(void) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        sample(&rows[i]);
        tails(&rows[i]);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
