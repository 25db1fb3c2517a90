/* Between resize.c (what a node asks for) and resize_axis.c (where output positions lie in the input). */
#ifndef SK_OPS_RESIZE_H
#define SK_OPS_RESIZE_H

#include "ops/move.h"

enum { RESIZE_NEAREST, RESIZE_LINEAR, RESIZE_CUBIC };
enum {
    RESIZE_HALF_PIXEL,
    RESIZE_PYTORCH_HALF_PIXEL,
    RESIZE_ALIGN_CORNERS,
    RESIZE_ASYMMETRIC,
    RESIZE_TF_HALF_PIXEL,
    RESIZE_TF_CROP,
    RESIZE_HALF_PIXEL_SYMMETRIC
};
enum { RESIZE_PREFER_FLOOR, RESIZE_PREFER_CEIL, RESIZE_FLOOR, RESIZE_CEIL, RESIZE_SIMPLE /* opset 10 */ };
enum { RESIZE_STRETCH, RESIZE_NOT_LARGER, RESIZE_NOT_SMALLER };

typedef struct resize_params {
    int mode, coordinates, rounding, policy;
    float cubic_a, extrapolation;
    uint8_t exclude_outside, antialias;
    int scales_in, sizes_in, roi_in; /* input numbers; -1: not in this opset */
    const float *scales;             /* Upsample up to 7: attributes, n_scales of them */
    int n_scales;
    float image[4]; /* Upsample 1: scales of an image's axes */
    int64_t axes[SK_MAX_RANK];
    int n_axes; /* -1: all */
} resize_params;

/* One axis of a node bound to shapes. */
typedef struct resize_axis {
    int32_t in, out;
    float scale, roi_start, roi_end;
    float length; /* whose corners align: that of the output, but not rounded when it comes from scales */
} resize_axis;

/* Does the axis stay as it is? */
int sk_resize_keeps(const resize_params *params, const resize_axis *axis);
/* Taps of an output position, at most the input's length. */
int32_t sk_resize_taps(const resize_params *params, const resize_axis *axis);
/* first[out] and weight[out * taps] (not for nearest). */
void sk_resize_table(const resize_params *params, const resize_axis *axis, int32_t taps, int32_t *first,
                     float *weight);

#endif
