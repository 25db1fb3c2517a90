/* Phases of a transposed convolution: which taps each has, and its weights in panels. See phases.h. */
#include "ops/phases.h"

/* Upsampling by 32 in both directions has 1,024. */
#define MAX_PHASES 1024

int sk_phases(const sk_phase_form *f) {
    const int64_t n = (int64_t)f->stride[0] * f->stride[1];
    return n > MAX_PHASES || n * f->stride[2] > MAX_PHASES ? -1 : (int)(n * f->stride[2]);
}

/* The greatest common one. */
static int32_t divisor(int32_t a, int32_t b) {
    while (b) {
        const int32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Phase number i. Taps k with (at + pad - k * dilation) divisible by the stride recur every stride / gcd
 * taps. */
void sk_phase_make(const sk_phase_form *f, int i, sk_phase *ph) {
    ph->at[2] = i % f->stride[2];
    ph->at[1] = i / f->stride[2] % f->stride[1];
    ph->at[0] = i / f->stride[2] / f->stride[1];
    for (int d = 0; d < 3; d++) {
        const int32_t period = f->stride[d] / divisor(f->stride[d], f->dilation[d]);
        const int32_t end = f->kernel[d] < period ? f->kernel[d] : period;
        int32_t k = 0;
        while (k < end && ((int64_t)ph->at[d] + f->pad[d] - (int64_t)k * f->dilation[d]) % f->stride[d]) k++;
        ph->first[d] = k;
        ph->step[d] = period;
        ph->count[d] = k < end ? (f->kernel[d] - 1 - k) / period + 1 : 0;
    }
}

size_t sk_phase_taps(const sk_phase *ph) {
    return (size_t)ph->count[0] * (size_t)ph->count[1] * (size_t)ph->count[2];
}

int sk_phase_floats(const sk_phase *ph, size_t in_c, size_t out_c, size_t *floats) {
    sk_panels p = {SK_PANEL, out_c, 0, NULL};
    *floats = 0;
    if (!sk_mul(sk_phase_taps(ph), in_c, &p.k) || !sk_panels_bytes(&p, floats)) return 0;
    *floats /= sizeof(float);
    return 1;
}

int sk_phase_form_bytes(const sk_phase_form *f, size_t in_c, size_t out_c, size_t *bytes) {
    size_t group = 0, floats;
    sk_phase ph;
    *bytes = 0;
    for (int i = 0; i < sk_phases(f); i++) {
        sk_phase_make(f, i, &ph);
        if (!sk_phase_floats(&ph, in_c, out_c, &floats) || !sk_add(group, floats, &group)) return 0;
    }
    return sk_mul(group, sizeof(float), bytes) && sk_mul(*bytes, (size_t)f->groups, bytes) &&
           *bytes <= SK_MAX_TENSOR_BYTES;
}

/* Input channels [c, c + n) of one group, at b: [n][out_c][kernel], into all phases. */
static void pack_channels(const sk_phase_form *f, size_t in_c, size_t out_c, size_t c, size_t n,
                          const float *b, float *packed) {
    const size_t taps = (size_t)f->kernel[0] * (size_t)f->kernel[1] * (size_t)f->kernel[2];
    for (int i = 0; i < sk_phases(f); i++) {
        sk_phase ph;
        size_t floats, row = c;
        sk_phase_make(f, i, &ph);
        const sk_panels p = {SK_PANEL, out_c, sk_phase_taps(&ph) * in_c, packed};
        for (int32_t kz = 0; kz < ph.count[0]; kz++)
            for (int32_t ky = 0; ky < ph.count[1]; ky++)
                for (int32_t kx = 0; kx < ph.count[2]; kx++, row += in_c) {
                    const int32_t z = ph.first[0] + kz * ph.step[0], y = ph.first[1] + ky * ph.step[1];
                    const int32_t x = ph.first[2] + kx * ph.step[2];
                    const size_t tap =
                        ((size_t)z * (size_t)f->kernel[1] + (size_t)y) * (size_t)f->kernel[2] + (size_t)x;
                    sk_pack_piece(&p, &(sk_piece){row, n, 0, out_c, b + tap, out_c * taps, taps, 1.0f});
                }
        sk_phase_floats(&ph, in_c, out_c, &floats);
        packed += floats;
    }
}

#define STRIP_FLOATS 65536

sk_status sk_phase_pack(const sk_phase_form *f, size_t in_c, size_t out_c, sk_weights *weights,
                        sk_weights *bias, float *packed) {
    const size_t filter = out_c * (size_t)f->kernel[0] * (size_t)f->kernel[1] * (size_t)f->kernel[2];
    const size_t step = filter < STRIP_FLOATS ? STRIP_FLOATS / (filter ? filter : 1) : 1;
    size_t group;
    sk_phase_form_bytes(f, in_c, out_c, &group);
    group /= sizeof(float) * (size_t)f->groups;
    for (size_t g = 0; g < (size_t)f->groups; g++, packed += group) {
        const float *b = NULL;
        if (bias) SK_TRY(sk_weights_at(bias, g * out_c, out_c, &b));
        float *to = packed;
        for (int i = 0; i < sk_phases(f); i++) {
            sk_phase ph;
            size_t floats;
            sk_phase_make(f, i, &ph);
            sk_pack_bias(&(sk_panels){SK_PANEL, out_c, sk_phase_taps(&ph) * in_c, to}, b);
            sk_phase_floats(&ph, in_c, out_c, &floats);
            to += floats;
        }
        for (size_t c = 0; c < in_c; c += step) {
            const size_t n = in_c - c < step ? in_c - c : step;
            SK_TRY(sk_weights_at(weights, (g * in_c + c) * filter, n * filter, &b));
            pack_channels(f, in_c, out_c, c, n, b, packed);
        }
    }
    return SK_OK;
}

sk_status sk_phase_pack_constants(const sk_pack *pack, void *dst) {
    const sk_phase_form *f = pack->params;
    const sk_tensor *w = &pack->constants[1]->type;
    sk_weights weights = {.pack = pack, .input = 1}, bias = {.pack = pack, .input = 2};
    const sk_status status = sk_phase_pack(f, (size_t)(w->dims[0] / f->groups), (size_t)w->dims[1], &weights,
                                           f->bias >= 0 ? &bias : NULL, dst);
    sk_weights_close(&weights);
    sk_weights_close(&bias);
    return status;
}
