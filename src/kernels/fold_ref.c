/* Scalar folds for every loop type: what defines them. float32 accumulates in double, integers wrap. */
#include "kernels/kernels.h"

#define FOLD(T, ACC, type, name, expression)                                                                 \
    SK_SMALL void type##_##name##__ref(const void *px, size_t rows, size_t cols, size_t stride,              \
                                       void *pacc) {                                                         \
        for (size_t j = 0; j < cols; j++) {                                                                  \
            const T *at = (const T *)px + j;                                                                 \
            ACC acc = (ACC)((const T *)pacc)[j];                                                             \
            for (size_t i = 0; i < rows; i++, at += stride) {                                                \
                const ACC x = (ACC) * at;                                                                    \
                acc = expression;                                                                            \
            }                                                                                                \
            ((T *)pacc)[j] = (T)acc;                                                                         \
        }                                                                                                    \
    }

#define FLOATS(T, type)                                                                                      \
    FOLD(T, double, type, sum, acc + x)                                                                      \
    FOLD(T, double, type, sum_abs, x < 0 ? acc - x : acc + x)                                                \
    FOLD(T, double, type, sum_square, acc + x * x)                                                           \
    FOLD(T, double, type, prod, acc *x)                                                                      \
    FOLD(T, double, type, max_of, x > acc || x != x ? x : acc)                                               \
    FOLD(T, double, type, min_of, x < acc || x != x ? x : acc)
FLOATS(float, f32)
FLOATS(double, f64)

FOLD(int64_t, uint64_t, i64, sum, acc + x)
FOLD(int64_t, uint64_t, i64, sum_abs, x >> 63 ? acc - x : acc + x)
FOLD(int64_t, uint64_t, i64, sum_square, acc + x * x)
FOLD(int64_t, uint64_t, i64, prod, acc *x)
FOLD(int64_t, int64_t, i64, max_of, x > acc ? x : acc)
FOLD(int64_t, int64_t, i64, min_of, x < acc ? x : acc)
FOLD(uint64_t, uint64_t, u64, max_of, x > acc ? x : acc)
FOLD(uint64_t, uint64_t, u64, min_of, x < acc ? x : acc)
