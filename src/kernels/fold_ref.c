/* Scalar folds for every loop type: what defines them. float32 accumulates in double, integers wrap. The kind
 * is looked at for each element: nobody waits for these. */
#include "kernels/kernels.h"

SK_INLINE double of_floats(int kind, double acc, double x) {
    switch (kind) {
    case SK_FOLD_SUM: return acc + x;
    case SK_FOLD_SUM_ABS: return x < 0 ? acc - x : acc + x;
    case SK_FOLD_SUM_SQUARE: return acc + x * x;
    case SK_FOLD_PROD: return acc * x;
    case SK_FOLD_MAX: return x > acc || x != x ? x : acc;
    default: return x < acc || x != x ? x : acc;
    }
}

/* flip: the highest bit for unsigned numbers, which compare like signed ones without it. */
SK_INLINE uint64_t of_integers(int kind, uint64_t flip, uint64_t acc, uint64_t x) {
    switch (kind) {
    case SK_FOLD_SUM: return acc + x;
    case SK_FOLD_SUM_ABS: return x >> 63 ? acc - x : acc + x;
    case SK_FOLD_SUM_SQUARE: return acc + x * x;
    case SK_FOLD_PROD: return acc * x;
    default: return ((int64_t)(x ^ flip) > (int64_t)(acc ^ flip)) == (kind == SK_FOLD_MAX) ? x : acc;
    }
}

#define FOLD(T, ACC, type, next)                                                                             \
    void type##_fold__ref(int kind, const void *px, size_t rows, size_t cols, size_t stride, void *pacc) {   \
        for (size_t j = 0; j < cols; j++) {                                                                  \
            const T *at = (const T *)px + j;                                                                 \
            ACC acc = (ACC)((const T *)pacc)[j];                                                             \
            for (size_t i = 0; i < rows; i++, at += stride) acc = next;                                      \
            ((T *)pacc)[j] = (T)acc;                                                                         \
        }                                                                                                    \
    }
FOLD(float, double, f32, of_floats(kind, acc, (double)*at))
FOLD(double, double, f64, of_floats(kind, acc, *at))
FOLD(uint64_t, uint64_t, i64, of_integers(kind, 0, acc, *at))
FOLD(uint64_t, uint64_t, u64, of_integers(kind, (uint64_t)1 << 63, acc, *at))
