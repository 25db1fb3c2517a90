/* Resampling kernels. Channels-last tensors have the channels as the run or inner dimension, so that
 * everything works on vectors of them; plain ones interpolate their last axis one number at a time. */
#include "kernels/kernels.h"

#include <string.h>

/* ---- nearest ---- */

void any_nearest__ref(const sk_nearest *n, const void *src, void *dst) {
    size_t total = n->outer;
    for (int i = 0; i < n->rank; i++) total *= (size_t)n->axes[i].out;
    uint8_t *d = dst;
    for (size_t o = 0; o < total; o++, d += n->run) {
        size_t left = o, from = 0, stride = 1;
        int outside = 0;
        for (int i = n->rank - 1; i >= 0; i--) {
            const sk_resample *a = &n->axes[i];
            const int32_t at = a->first[left % (size_t)a->out];
            left /= (size_t)a->out;
            outside = outside || at < 0;
            from += stride * (size_t)at;
            stride *= (size_t)a->in;
        }
        from += stride * left;
        for (size_t b = 0; b < n->run; b++)
            d[b] = outside ? ((const uint8_t *)n->outside)[b % n->size]
                           : ((const uint8_t *)src)[from * n->run + b];
    }
}

#define SHORT_RUNS(width)                                                                                    \
    for (int32_t o = 0; o < a->out; o++)                                                                     \
        if (a->first[o] >= 0)                                                                                \
            __builtin_memcpy(dst + (size_t)o * width, src + (size_t)a->first[o] * width, width);

/* The innermost axis. Positions outside are left as they are. */
static void nearest_row(const sk_resample *a, size_t run, const uint8_t *src, uint8_t *dst) {
    switch (run) {
    case 1: SHORT_RUNS(1) return;
    case 2: SHORT_RUNS(2) return;
    case 4: SHORT_RUNS(4) return;
    case 8: SHORT_RUNS(8) return;
    default: break;
    }
    for (int32_t o = 0; o < a->out; o++)
        if (a->first[o] >= 0) sk_copy_run(dst + (size_t)o * run, src + (size_t)a->first[o] * run, run);
}

/* Axes from `axis` on; in_size and out_size are the bytes of one position of it. An output like the one
 * before it (enlarging) is copied from there. Depth is at most SK_NEAREST_RANK. */
static void nearest_axes(const sk_nearest *n, int axis, const size_t *in_size, const size_t *out_size,
                         const uint8_t *src, uint8_t *dst) {
    const sk_resample *a = &n->axes[axis];
    if (axis == n->rank - 1) {
        nearest_row(a, n->run, src, dst);
        return;
    }
    for (int32_t o = 0; o < a->out; o++) {
        uint8_t *d = dst + (size_t)o * out_size[axis];
        if (a->first[o] < 0) continue;
        if (o && a->first[o] == a->first[o - 1]) memcpy(d, d - out_size[axis], out_size[axis]);
        else nearest_axes(n, axis + 1, in_size, out_size, src + (size_t)a->first[o] * in_size[axis], d);
    }
}

void any_nearest__simd128(const sk_nearest *n, const void *src, void *dst) {
    size_t in_size[SK_NEAREST_RANK] = {0}, out_size[SK_NEAREST_RANK] = {0}, in = n->run, out = n->run;
    int outside = 0;
    for (int i = n->rank - 1; i >= 0; i--) {
        in_size[i] = in;
        out_size[i] = out;
        in *= (size_t)n->axes[i].in;
        out *= (size_t)n->axes[i].out;
        for (int32_t o = 0; o < n->axes[i].out; o++) outside = outside || n->axes[i].first[o] < 0;
    }
    if (outside) any_fill__simd128(dst, n->outside, n->size, n->outer * out / n->size);
    for (size_t o = 0; o < n->outer; o++)
        nearest_axes(n, 0, in_size, out_size, (const uint8_t *)src + o * in, (uint8_t *)dst + o * out);
}

/* ---- interpolation ---- */

void f32_resample__ref(const sk_resample *a, size_t outer, size_t inner, const float *src, float *dst,
                       float outside) {
    for (size_t n = 0; n < outer; n++)
        for (int32_t o = 0; o < a->out; o++)
            for (size_t i = 0; i < inner; i++) {
                double sum = 0;
                for (int32_t t = 0; t < a->taps && a->first[o] >= 0; t++)
                    sum += (double)a->weight[o * a->taps + t] *
                           src[(n * (size_t)a->in + (size_t)(a->first[o] + t)) * inner + i];
                dst[(n * (size_t)a->out + (size_t)o) * inner + i] = a->first[o] < 0 ? outside : (float)sum;
            }
}

static float mix1(const float *src, size_t step, const float *w, int32_t taps) {
    float sum = 0;
    for (int32_t t = 0; t < taps; t++) sum += w[t] * src[(size_t)t * step];
    return sum;
}

/* dst[inner] = sum of w[t] * src[t][inner] */
static void mix_rows(size_t inner, const float *src, const float *w, int32_t taps, float *dst) {
    size_t i = 0;
    for (; i + 4 <= inner; i += 4) {
        v128_t sum = wasm_f32x4_mul(wasm_f32x4_splat(w[0]), sk_load4(src + i));
        for (int32_t t = 1; t < taps; t++)
            sum = sk_madd(wasm_f32x4_splat(w[t]), sk_load4(src + (size_t)t * inner + i), sum);
        sk_store4(dst + i, sum);
    }
    for (; i < inner; i++) dst[i] = mix1(src + i, inner, w, taps);
}

/* The last axis of a plain tensor. */
static void mix_columns(const sk_resample *a, const float *src, float *dst, float outside) {
    for (int32_t o = 0; o < a->out; o++)
        dst[o] = a->first[o] < 0
                     ? outside
                     : mix1(src + a->first[o], 1, a->weight + (size_t)o * (size_t)a->taps, a->taps);
}

void f32_resample__simd128(const sk_resample *a, size_t outer, size_t inner, const float *src, float *dst,
                           float outside) {
    const size_t in = (size_t)a->in * inner, out = (size_t)a->out * inner;
    for (size_t n = 0; n < outer; n++, src += in, dst += out) {
        if (inner == 1) {
            mix_columns(a, src, dst, outside);
            continue;
        }
        for (int32_t o = 0; o < a->out; o++) {
            float *d = dst + (size_t)o * inner;
            if (a->first[o] < 0) any_fill__simd128(d, &outside, sizeof outside, inner);
            else
                mix_rows(inner, src + (size_t)a->first[o] * inner, a->weight + (size_t)o * (size_t)a->taps,
                         a->taps, d);
        }
    }
}
