/* Resize, one axis: the coordinate transformations, nearest rounding and the linear and cubic weights,
 * antialiased or not. Coordinates are computed in float32, as onnxruntime does: which of two pixels is
 * nearest depends on it. */
#include <math.h>

#include "ops/resize.h"

int sk_resize_keeps(const resize_params *params, const resize_axis *axis) {
    return axis->in == axis->out && axis->scale == 1 && params->coordinates != RESIZE_TF_CROP;
}

/* Where output position o lies in the input. */
static float original(const resize_params *params, const resize_axis *a, int32_t o) {
    const float x = (float)o, in = (float)a->in, scale = a->scale;
    switch (params->coordinates) {
    case RESIZE_ASYMMETRIC: return x / scale;
    case RESIZE_TF_HALF_PIXEL: return (x + 0.5f) / scale;
    case RESIZE_PYTORCH_HALF_PIXEL: return a->out > 1 ? (x + 0.5f) / scale - 0.5f : 0;
    case RESIZE_ALIGN_CORNERS: return a->length == 1 ? 0 : x * (in - 1) / (a->length - 1);
    case RESIZE_TF_CROP:
        if (a->out > 1)
            return a->roi_start * (in - 1) + x * (a->roi_end - a->roi_start) * (in - 1) / ((float)a->out - 1);
        return 0.5f * (a->roi_start + a->roi_end) * (in - 1);
    case RESIZE_HALF_PIXEL_SYMMETRIC: {
        const float adjustment = (float)a->out / (scale * in), offset = in / 2 * (1 - adjustment);
        return offset + (x + 0.5f) / scale - 0.5f;
    }
    default: return (x + 0.5f) / scale - 0.5f;
    }
}

static int is_outside(const resize_params *params, const resize_axis *a, float x) {
    return params->coordinates == RESIZE_TF_CROP && !(x >= 0 && x <= (float)(a->in - 1));
}

/* To a whole number in [lo, hi]; NaN gives lo. */
static int32_t whole(float x, int32_t lo, int32_t hi) {
    return !(x > (float)lo) ? lo : x >= (float)hi ? hi : (int32_t)x;
}

static int32_t nearest(const resize_params *params, const resize_axis *a, float x) {
    switch (params->rounding) {
    case RESIZE_PREFER_FLOOR: x = ceilf(x - 0.5f); break;
    case RESIZE_PREFER_CEIL: x = floorf(x + 0.5f); break;
    case RESIZE_CEIL: x = ceilf(x); break;
    case RESIZE_SIMPLE: x = a->scale < 1 ? ceilf(x) : floorf(x); break;
    default: x = floorf(x); break;
    }
    return whole(x, 0, a->in - 1);
}

/* How much wider than an input pixel the filter is: 1, or more when it must not alias. */
static double stretch(const resize_params *params, const resize_axis *a) {
    return params->antialias && a->scale < 1 && a->scale > 0 ? 1 / (double)a->scale : 1;
}

static double radius(const resize_params *params) { return params->mode == RESIZE_CUBIC ? 2 : 1; }

static double filter(const resize_params *params, double x) {
    const double a = params->cubic_a;
    x = fabs(x);
    if (params->mode == RESIZE_LINEAR) return x < 1 ? 1 - x : 0;
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/* The pixels with a weight, from floor(x) + first to floor(x) + last. */
static void reach(const resize_params *params, const resize_axis *a, int64_t *first, int64_t *last) {
    const double r = radius(params) * stretch(params, a);
    const double bound = r < 2147483647.0 ? r : 2147483647.0;
    *first = (int64_t)floor(-bound) + 1;
    *last = 1 - *first;
}

int32_t sk_resize_taps(const resize_params *params, const resize_axis *axis) {
    int64_t first, last;
    if (params->mode == RESIZE_NEAREST) return 1;
    reach(params, axis, &first, &last);
    const int64_t n = last - first + 1;
    return n < axis->in ? (int32_t)n : axis->in;
}

/* Weights of the taps from *start on for a position; what falls beyond the edges goes to the edge pixel, or
 * to nobody. */
static void position(const resize_params *params, const resize_axis *a, float x, int32_t taps, int32_t *start,
                     float *weight) {
    const double wide = stretch(params, a), floor_x = floor(x), ratio = x - floor_x;
    int64_t first, last;
    double total = 0;
    reach(params, a, &first, &last);
    const int64_t base = (int64_t)whole((float)floor_x, -(1 << 30), 1 << 30);
    int64_t at = base + first;
    at = at > a->in - taps ? a->in - taps : at;
    *start = (int32_t)(at < 0 ? 0 : at);
    for (int32_t t = 0; t < taps; t++) weight[t] = 0;
    for (int64_t i = first; i <= last; i++) {
        const double w = filter(params, ((double)i - ratio) / wide);
        int64_t pixel = base + i;
        if (pixel < 0 || pixel >= a->in) {
            if (params->exclude_outside) continue;
            pixel = pixel < 0 ? 0 : a->in - 1;
        }
        total += w;
        weight[pixel - *start] += (float)w;
    }
    if (total == 0 || (!params->exclude_outside && wide == 1)) return;
    for (int32_t t = 0; t < taps; t++) weight[t] = (float)(weight[t] / total);
}

void sk_resize_table(const resize_params *params, const resize_axis *axis, int32_t taps, int32_t *first,
                     float *weight) {
    for (int32_t o = 0; o < axis->out; o++) {
        const float x = original(params, axis, o);
        if (is_outside(params, axis, x)) {
            first[o] = -1;
            if (weight)
                for (int32_t t = 0; t < taps; t++) weight[(size_t)o * (size_t)taps + (size_t)t] = 0;
        } else if (params->mode == RESIZE_NEAREST) {
            first[o] = nearest(params, axis, x);
        } else {
            position(params, axis, x, taps, &first[o], weight + (size_t)o * (size_t)taps);
        }
    }
}
