/* What the scalar kernels for several element types and layouts share: numbers of a type read and written as
 * double, and where they are in a tensor of up to three spatial dimensions. */
#ifndef SK_KERNELS_ANY_H
#define SK_KERNELS_ANY_H

#include <stddef.h>
#include <stdint.h>

/* Element i of x: float64, int8, uint8, else float32. */
double sk_any_load(int type, const void *x, size_t i);
/* Rounded to float32, cut to whole numbers, too small ones to the smallest. */
void sk_any_store(int type, void *y, size_t i, double v);

/* Strides in elements of (batch, channel, spatial) for a tensor of these sizes, stored channels-last or
 * plain. */
typedef struct sk_any_strides {
    size_t n, c, s[3];
} sk_any_strides;
sk_any_strides sk_any_strides_of(int last, size_t channels, const int32_t size[3]);

#endif
