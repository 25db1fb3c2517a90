/* Packs the weights of a convolution; see conv.h for the form. */
#include "ops/conv.h"

static sk_panels group_panels(const sk_conv_form *f) {
    if (f->depthwise) return (sk_panels){4, (size_t)f->out_c, (size_t)f->taps, NULL};
    return (sk_panels){SK_PANEL, (size_t)(f->out_c / f->groups), (size_t)f->in_c * (size_t)f->taps, NULL};
}

int sk_conv_form_bytes(const sk_conv_form *f, size_t *bytes) {
    const sk_panels p = group_panels(f);
    return sk_panels_bytes(&p, bytes) && sk_mul(*bytes, f->depthwise ? 1 : (size_t)f->groups, bytes) &&
           *bytes <= SK_MAX_TENSOR_BYTES;
}

size_t sk_conv_group_floats(const sk_conv_form *f) {
    const sk_panels p = group_panels(f);
    size_t bytes = 0;
    sk_panels_bytes(&p, &bytes);
    return bytes / sizeof(float);
}

/* `cols` output channels, `filter` floats each at b, as columns from `col` on. */
static void pack_channels(const sk_conv_form *f, const sk_panels *p, size_t col, size_t cols,
                          const float *b) {
    const size_t taps = (size_t)f->taps, in_c = (size_t)f->in_c;
    if (f->depthwise || taps == 1) {
        sk_pack_piece(p, &(sk_piece){0, p->k, col, cols, b, 1, p->k, 1.0f});
        return;
    }
    for (size_t t = 0; t < taps; t++)
        sk_pack_piece(p, &(sk_piece){t * in_c, in_c, col, cols, b + t, taps, taps * in_c, 1.0f});
}

sk_status sk_conv_pack(const sk_conv_form *f, sk_weights *weights, sk_weights *bias, float *packed) {
    sk_panels p = group_panels(f);
    const size_t groups = f->depthwise ? 1 : (size_t)f->groups;
    p.data = packed;
    for (size_t g = 0; g < groups; g++, p.data += sk_conv_group_floats(f)) {
        const float *b = NULL;
        if (bias) SK_TRY(sk_weights_at(bias, g * p.n, p.n, &b));
        sk_pack_bias(&p, b);
        for (size_t col = 0; col < p.n; col += SK_PANEL) { /* two panels of 4 a strip when depthwise */
            const size_t cols = p.n - col < SK_PANEL ? p.n - col : SK_PANEL;
            SK_TRY(sk_weights_at(weights, (g * p.n + col) * p.k, cols * p.k, &b));
            pack_channels(f, &p, col, cols, b);
        }
    }
    return SK_OK;
}

sk_status sk_conv_pack_constants(const sk_pack *pack, void *dst) {
    const sk_conv_form *f = pack->params;
    sk_weights weights = {.pack = pack, .input = 1}, bias = {.pack = pack, .input = 2};
    const sk_status status = sk_conv_pack(f, &weights, f->bias >= 0 ? &bias : NULL, dst);
    sk_weights_close(&weights);
    sk_weights_close(&bias);
    return status;
}
