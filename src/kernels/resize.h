/* Resampling: nearest neighbours of any type, and interpolation of float32 one axis at a time. */
#ifndef SK_KERNELS_RESIZE_H
#define SK_KERNELS_RESIZE_H

#include <stddef.h>
#include <stdint.h>

/* An axis: output position o is made of `taps` neighbouring inputs from first[o] on, all inside, with weights
 * weight[o * taps ...]. first[o] < 0: outside, a given number. */
typedef struct sk_resample {
    int32_t in, out, taps;
    const int32_t *first;
    const float *weight; /* NULL for nearest, whose taps are 1 */
} sk_resample;

/* src [outer][in][inner] to dst [outer][out][inner]. */
typedef void sk_f32_resample_fn(const sk_resample *axis, size_t outer, size_t inner, const float *src,
                                float *dst, float outside);

/* src [outer][in of each axis][run bytes] to dst [outer][out of each axis][run bytes]; what is outside gets
 * copies of the size-byte element `outside`. */
#define SK_NEAREST_RANK 8
typedef struct sk_nearest {
    int rank; /* at least 1 */
    sk_resample axes[SK_NEAREST_RANK];
    size_t outer, run, size;
    const void *outside;
} sk_nearest;
typedef void sk_nearest_fn(const sk_nearest *n, const void *src, void *dst);

#endif
