/* Packs the weights of a convolution; see conv.h for the forms. */
#include "ops/conv.h"

static sk_panels group_panels(const sk_conv_form *f) {
    if (f->depthwise) return (sk_panels){4, (size_t)f->out_c, (size_t)f->taps, NULL};
    return (sk_panels){SK_PANEL, (size_t)(f->out_c / f->groups),
                       (size_t)f->in_c * (f->tile[0] || f->apart ? 1 : (size_t)f->taps), NULL};
}

/* Matrices one after the other: of groups, of the positions of a transformed tile, or of taps. */
static size_t matrices(const sk_conv_form *f) {
    if (f->tile[0]) return (size_t)(f->tile[0] + 2) * (size_t)(f->tile[1] + 2);
    if (f->apart) return (size_t)f->taps;
    return f->depthwise ? 1 : (size_t)f->groups;
}

int sk_conv_form_bytes(const sk_conv_form *f, size_t *bytes) {
    const sk_panels p = group_panels(f);
    return sk_panels_bytes(&p, bytes) && sk_mul(*bytes, matrices(f), bytes) && *bytes <= SK_MAX_TENSOR_BYTES;
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

/* G g: of three weights g, `step` apart, what each of tile + 2 positions multiplies with. */
static void transform_line(int32_t tile, const double *g, size_t step, double *to, size_t to_step) {
    const double a = g[0], b = g[step], c = g[2 * step];
    to[0] = tile == 2 ? a : a / 4;
    const double half = tile == 2 ? 1.0 / 2 : -1.0 / 6;
    to[to_step] = (a + b + c) * half;
    to[2 * to_step] = (a - b + c) * half;
    if (tile == 4) {
        to[3 * to_step] = (a + 2 * b + 4 * c) / 24;
        to[4 * to_step] = (a - 2 * b + 4 * c) / 24;
    }
    to[(size_t)(tile + 1) * to_step] = c;
}

/* G g G' of one 3 x 3 filter, in double: the sums that follow cancel much of what they add. Position p goes
 * to u[p * step]. */
static void transform_filter(const int32_t tile[2], const float *filter, float *u, size_t step) {
    double g[9], half[6 * 3], whole[6];
    for (int i = 0; i < 9; i++) g[i] = filter[i];
    for (size_t x = 0; x < 3; x++) transform_line(tile[0], g + x, 3, half + x, 3);
    for (int32_t y = 0; y < tile[0] + 2; y++) {
        transform_line(tile[1], half + 3 * y, 1, whole, 1);
        for (int32_t x = 0; x < tile[1] + 2; x++, u += step) *u = (float)whole[x];
    }
}

/* As pack_channels, a filter of 3 x 3 for each pair of channels. Columns beyond the last are zeros. */
static void transform_channels(const sk_conv_form *f, const sk_panels *p, size_t col, size_t cols,
                               const float *b) {
    const size_t in_c = (size_t)f->in_c, matrix = sk_conv_group_floats(f);
    float *panel = p->data + col * (in_c + 1) + SK_PANEL;
    for (size_t j = 0; j < SK_PANEL; j++)
        for (size_t i = 0; i < in_c; i++) {
            float *u = panel + i * SK_PANEL + j;
            if (j < cols) transform_filter(f->tile, b + (j * in_c + i) * 9, u, matrix);
            for (size_t t = 0; j >= cols && t < matrices(f); t++) u[t * matrix] = 0;
        }
}

/* One group, a matrix a tap; the bias is with the middle one. */
static sk_status pack_apart(const sk_conv_form *f, sk_weights *weights, sk_weights *bias, float *packed) {
    sk_panels p = group_panels(f);
    const size_t taps = (size_t)f->taps, filter = p.k * taps, matrix = sk_conv_group_floats(f);
    const float *b = NULL;
    if (bias) SK_TRY(sk_weights_at(bias, 0, p.n, &b));
    for (size_t t = 0; t < taps; t++) {
        p.data = packed + t * matrix;
        sk_pack_bias(&p, t == taps / 2 ? b : NULL);
    }
    for (size_t col = 0; col < p.n; col += SK_PANEL) {
        const size_t cols = p.n - col < SK_PANEL ? p.n - col : SK_PANEL;
        SK_TRY(sk_weights_at(weights, col * filter, cols * filter, &b));
        for (size_t t = 0; t < taps; t++) {
            p.data = packed + t * matrix;
            sk_pack_piece(&p, &(sk_piece){0, p.k, col, cols, b + t, taps, filter, 1.0f});
        }
    }
    return SK_OK;
}

/* The bias stands where it reaches all outputs of a tile alike: position (1, 1) of the products. */
static sk_status pack_transformed(const sk_conv_form *f, sk_weights *weights, sk_weights *bias,
                                  float *packed) {
    sk_panels p = group_panels(f);
    const size_t filter = (size_t)f->in_c * 9, one_one = (size_t)f->tile[1] + 3;
    const float *b = NULL;
    if (bias) SK_TRY(sk_weights_at(bias, 0, p.n, &b));
    for (size_t t = 0; t < matrices(f); t++) {
        p.data = packed + t * sk_conv_group_floats(f);
        sk_pack_bias(&p, t == one_one ? b : NULL);
    }
    p.data = packed;
    for (size_t col = 0; col < p.n; col += SK_PANEL) {
        const size_t cols = p.n - col < SK_PANEL ? p.n - col : SK_PANEL;
        SK_TRY(sk_weights_at(weights, col * filter, cols * filter, &b));
        transform_channels(f, &p, col, cols, b);
    }
    return SK_OK;
}

sk_status sk_conv_pack(const sk_conv_form *f, sk_weights *weights, sk_weights *bias, float *packed) {
    sk_panels p = group_panels(f);
    if (f->tile[0]) return pack_transformed(f, weights, bias, packed);
    if (f->apart) return pack_apart(f, weights, bias, packed);
    p.data = packed;
    for (size_t g = 0; g < matrices(f); g++, p.data += sk_conv_group_floats(f)) {
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
