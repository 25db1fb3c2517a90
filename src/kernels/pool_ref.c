/* The scalar definition of pooling, for every element type and layout: also what runs for types and options
 * that have no kernel of their own. */
#include "core/maths.h"
#include "kernels/any.h"
#include "kernels/kernels.h"

/* Along one axis, for the window at output position `out`: its taps inside the input are at from, from +
 * dilation,
 * ..., `count` of them; `counted` also has those up to `end`. */
typedef struct span {
    int32_t from, count, counted;
} span;

static int32_t taps_below(int64_t start, int32_t kernel, int32_t dilation, int64_t end) {
    if (start >= end) return 0;
    const int64_t taps = (end - start + dilation - 1) / dilation;
    return taps < kernel ? (int32_t)taps : kernel;
}

static span span_of(const sk_window *w, int d, int32_t out, int64_t end) {
    const int64_t start = (int64_t)out * w->stride[d] - w->pad[d];
    const int32_t before = taps_below(start, w->kernel[d], w->dilation[d], 0);
    const int32_t below = taps_below(start, w->kernel[d], w->dilation[d], w->in[d]);
    return (span){(int32_t)(start + (int64_t)before * w->dilation[d]), below - before,
                  taps_below(start, w->kernel[d], w->dilation[d], end)};
}

typedef struct result {
    double value;
    size_t spatial; /* of the maximum: index among the input's positions */
} result;

static void take(const sk_any_pool_args *a, result *r, double v, const int32_t at[3]) {
    const int32_t *in = a->w->in;
    switch (a->kind) {
    case SK_POOL_AVERAGE: r->value += v; break;
    case SK_POOL_LP: r->value += a->p == 1 ? fabs(v) : a->p == 2 ? v * v : sk_pow(fabs(v), a->p); break;
    default:
        if (!(v > r->value)) break;
        r->value = v;
        if (a->column_major)
            r->spatial = ((size_t)at[2] * (size_t)in[1] + (size_t)at[1]) * (size_t)in[0] + (size_t)at[0];
        else r->spatial = ((size_t)at[0] * (size_t)in[1] + (size_t)at[1]) * (size_t)in[2] + (size_t)at[2];
    }
}

/* x is counted in elements from `base`. */
static result window_result(const sk_any_pool_args *a, size_t base, const sk_any_strides *xs,
                            const int32_t out[3]) {
    const sk_window *w = a->w;
    span s[3];
    double counted = 1;
    for (int d = 0; d < 3; d++) {
        s[d] = span_of(w, d, out[d], a->pad_end ? (int64_t)w->in[d] + a->pad_end[d] : w->in[d]);
        counted *= a->pad_end ? s[d].counted : s[d].count;
    }
    result r = {a->kind == SK_POOL_MAX ? -INFINITY : 0, 0};
    int32_t at[3];
    for (int32_t i = 0; i < s[0].count; i++)
        for (int32_t j = 0; j < s[1].count; j++)
            for (int32_t k = 0; k < s[2].count; k++) {
                at[0] = s[0].from + i * w->dilation[0];
                at[1] = s[1].from + j * w->dilation[1];
                at[2] = s[2].from + k * w->dilation[2];
                const size_t x =
                    (size_t)at[0] * xs->s[0] + (size_t)at[1] * xs->s[1] + (size_t)at[2] * xs->s[2];
                take(a, &r, sk_any_load(a->type, a->x, base + x), at);
            }
    if (a->kind == SK_POOL_AVERAGE && counted > 0) r.value /= counted;
    if (a->kind == SK_POOL_LP && a->p != 1) r.value = a->p == 2 ? sqrt(r.value) : sk_pow(r.value, 1.0 / a->p);
    return r;
}

void any_pool__ref(const sk_any_pool_args *a) {
    const sk_window *w = a->w;
    const size_t channels = (size_t)w->in_c;
    const sk_any_strides xs = sk_any_strides_of(a->x_last, channels, w->in),
                         ys = sk_any_strides_of(a->y_last, channels, w->out);
    const sk_any_strides is = sk_any_strides_of(0, channels, w->out); /* indices are always plain */
    for (size_t n = 0; n < (size_t)w->batch; n++)
        for (size_t c = 0; c < channels; c++)
            for (int32_t i = 0; i < w->out[0]; i++)
                for (int32_t j = 0; j < w->out[1]; j++)
                    for (int32_t k = 0; k < w->out[2]; k++) {
                        const int32_t out[3] = {i, j, k};
                        const result r = window_result(a, n * xs.n + c * xs.c, &xs, out);
                        size_t y = n * ys.n + c * ys.c, at = n * is.n + c * is.c;
                        for (int d = 0; d < 3; d++) {
                            y += (size_t)out[d] * ys.s[d];
                            at += (size_t)out[d] * is.s[d];
                        }
                        sk_any_store(a->type, a->y, y, r.value);
                        if (a->indices)
                            a->indices[at] =
                                (int64_t)(n * channels + c) * (int64_t)(xs.n / channels) + (int64_t)r.spatial;
                    }
}
