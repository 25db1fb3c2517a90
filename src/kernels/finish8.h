/* What 8-bit products and convolutions make of their sums; for the kernels' own use. */
#ifndef SK_KERNELS_FINISH8_H
#define SK_KERNELS_FINISH8_H

#include "core/tensor.h"
#include "kernels/kernels.h"

/* Sums of stored numbers, m x 8, into the panel's `cols` columns of y, whose rows are y_row elements apart.
 * Room of acc: m rounded up to 2. zero_a: of activations as they went into the sums. row_sums: of
 * activations, or NULL where the weights' zeros are 0. */
typedef struct sk_i8_sums {
    const sk_i8_target *target;
    const sk_i8_panel *panel;
    const int32_t *acc, *row_sums;
    size_t m, cols, y_row;
    uint8_t *y;
    int32_t zero_a;
} sk_i8_sums;
void sk_i8_finish(const sk_i8_sums *s);

static inline size_t sk_i8_target_size(const sk_i8_target *t) {
    return t->type == SK_FLOAT32 || t->type == SK_INT32 ? 4 : 1;
}

#endif
