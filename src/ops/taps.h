/* Places between the pixels of a plane of one to three dimensions: which pixels are read there, with which
 * weights. */
#ifndef SK_OPS_TAPS_H
#define SK_OPS_TAPS_H

#include <stddef.h>
#include <stdint.h>

#define SK_MOST_TAPS 64 /* 4 along each axis */

typedef struct sk_taps {
    int n;
    int64_t at[SK_MOST_TAPS];
    float weight[SK_MOST_TAPS];
} sk_taps;

/* One tap of weight 1, on a plane of no dimension. */
void sk_taps_start(sk_taps *t);
/* One more dimension of `size` pixels: each tap becomes one for each of count pixels. Those below 0 count as
 * zero: there is no tap for them. */
void sk_taps_add(sk_taps *t, int32_t size, int count, const int64_t *pixel, const float *weight);
/* The same for the two pixels around x; what is outside counts as zero. */
void sk_taps_linear(sk_taps *t, int32_t size, double x);
float sk_taps_sum(const sk_taps *t, const float *plane);

/* Coordinates of element i of a box. */
void sk_box_at(const int32_t size[3], size_t i, int64_t at[3]);

#endif
