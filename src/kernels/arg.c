/* Where the largest or smallest number stands along an axis, a strip of columns at a time. */
#include "kernels/kernels.h"

#define STRIP 64

/* Is v to replace best, seen before it? Of floats NaN wins; of two the first, or the last. */
#define BETTER(v, best)                                                                                      \
    ((a->min ? (v) < (best) : (v) > (best)) || ((v) != (v) && (best) == (best)) ||                           \
     (a->last && ((v) == (best) || ((v) != (v) && (best) != (best)))))

#define ARG(T, type)                                                                                         \
    SK_SMALL static void type##_strip(const sk_arg_args *a, const T *x, int64_t *index, size_t cols) {       \
        T best[STRIP];                                                                                       \
        for (size_t j = 0; j < cols; j++) {                                                                  \
            best[j] = x[j];                                                                                  \
            index[j] = 0;                                                                                    \
        }                                                                                                    \
        for (size_t i = 1; i < a->n; i++) {                                                                  \
            x += a->inner;                                                                                   \
            for (size_t j = 0; j < cols; j++) {                                                              \
                const T v = x[j];                                                                            \
                if (!BETTER(v, best[j])) continue;                                                           \
                best[j] = v;                                                                                 \
                index[j] = (int64_t)i;                                                                       \
            }                                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    void type##_arg__ref(const sk_arg_args *a) {                                                             \
        for (size_t o = 0; o < a->outer; o++)                                                                \
            for (size_t j = 0; j < a->inner; j += STRIP)                                                     \
                type##_strip(a, (const T *)a->x + o * a->n * a->inner + j, a->index + o * a->inner + j,      \
                             a->inner - j < STRIP ? a->inner - j : STRIP);                                   \
    }
ARG(float, f32)
ARG(double, f64)
ARG(int64_t, i64)
