/* Where the largest or smallest number stands along an axis, a strip of columns at a time. float64 and
 * integers share a loop, over integers in the order of the numbers. */
#include <string.h>

#include "kernels/kernels.h"

#define STRIP 64

/* Is v to replace best, seen before it? Of floats NaN wins; of two the first, or the last. */
#define BETTER(v, best)                                                                                      \
    ((a->min ? (v) < (best) : (v) > (best)) || ((v) != (v) && (best) == (best)) ||                           \
     (a->last && ((v) == (best) || ((v) != (v) && (best) != (best)))))

/* The columns of a strip, which begins at element `row`; VALUE is the one at `row + j`. */
#define EACH(T, VALUE)                                                                                       \
    T best[STRIP];                                                                                           \
    for (size_t j = 0; j < cols; j++) {                                                                      \
        best[j] = VALUE;                                                                                     \
        index[j] = 0;                                                                                        \
    }                                                                                                        \
    for (size_t i = 1; i < a->n; i++) {                                                                      \
        row += a->inner;                                                                                     \
        for (size_t j = 0; j < cols; j++) {                                                                  \
            const T v = VALUE;                                                                               \
            if (!BETTER(v, best[j])) continue;                                                               \
            best[j] = v;                                                                                     \
            index[j] = (int64_t)i;                                                                           \
        }                                                                                                    \
    }

SK_SMALL static void strip_f32(const sk_arg_args *a, size_t row, int64_t *index, size_t cols) {
    const float *x = a->x;
    EACH(float, x[row + j])
}

/* A float64 as an integer in its order: both zeros are 0, NaN lies beyond all others. */
static int64_t ordered(const sk_arg_args *a, double x) {
    int64_t bits;
    if (x != x) return a->min ? INT64_MIN : INT64_MAX;
    x += 0.0;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

SK_SMALL static void strip_64(const sk_arg_args *a, int is_float, size_t row, int64_t *index, size_t cols) {
    const double *f = a->x;
    const int64_t *x = a->x;
    EACH(int64_t, is_float ? ordered(a, f[row + j]) : x[row + j])
}

static void strips(const sk_arg_args *a, int loop) {
    for (size_t o = 0; o < a->outer; o++)
        for (size_t j = 0; j < a->inner; j += STRIP) {
            const size_t row = o * a->n * a->inner + j, cols = a->inner - j < STRIP ? a->inner - j : STRIP;
            int64_t *index = a->index + o * a->inner + j;
            if (loop == SK_FLOAT32) strip_f32(a, row, index, cols);
            else strip_64(a, loop == SK_FLOAT64, row, index, cols);
        }
}

void f32_arg__ref(const sk_arg_args *a) { strips(a, SK_FLOAT32); }
void f64_arg__ref(const sk_arg_args *a) { strips(a, SK_FLOAT64); }
void i64_arg__ref(const sk_arg_args *a) { strips(a, SK_INT64); }
