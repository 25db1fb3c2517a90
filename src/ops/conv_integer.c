/* ConvInteger and QLinearConv: 8-bit convolution with 32-bit sums, and the same scaled back to 8 bits, as a
 * product of channels-last rows (product8.h). Outside the input lies its zero point. */
#include <string.h>

#include "ops/conv.h"
#include "ops/conv8.h"
#include "ops/ops.h"

/* Where the inputs are. ConvInteger: x, w, x_zero, w_zero. QLinearConv: x, x_scale, x_zero, w, w_scale,
 * w_zero, y_scale, y_zero, bias. */
static sk_product8_inputs places_of(const sk_node *node) {
    if (node->op->param == SK_OP_SCALED) return (sk_product8_inputs){3, 2, 5, 1, 4, 6, 7, 8, -1};
    return (sk_product8_inputs){1, 2, 3, -1, -1, -1, -1, -1, -1};
}

static sk_status check_scaled(const sk_infer *c, int64_t out_c) {
    SK_TRY(sk_want_types(c, 1, SK_T_FLOAT));
    SK_TRY(sk_want_types(c, 4, SK_T_FLOAT));
    SK_TRY(sk_want_types(c, 6, SK_T_FLOAT));
    SK_TRY(sk_want_types(c, 7, SK_T_BYTE));
    SK_TRY(sk_want_scales(c, 1, 1));
    SK_TRY(sk_want_scales(c, 4, out_c));
    SK_TRY(sk_want_scales(c, 6, 1));
    SK_TRY(sk_want_scales(c, 7, 1));
    const sk_tensor *bias = c->n_in > 8 ? c->in[8] : NULL;
    if (!bias) return SK_OK;
    SK_TRY(sk_want_types(c, 8, SK_T(INT32)));
    if (out_c >= 0 && sk_shape_known(bias) && sk_numel(bias) != (size_t)out_c)
        return sk_bad_shape(c, "a bias for %d channels instead of %d", (int)sk_numel(bias), (int)out_c);
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    const sk_product8_inputs at = places_of(c->node);
    const sk_tensor *x = c->in[0], *w = c->in[at.b];
    const int scaled = c->node->op->param == SK_OP_SCALED;
    sk_tensor *y = c->out[0];
    y->type = scaled ? c->in[at.y_zero]->type : SK_INT32;
    SK_TRY(sk_want_types(c, at.b, SK_T_BYTE));
    if (x->type) SK_TRY(sk_want_types(c, at.a_zero, 1u << x->type));
    if (w->type) SK_TRY(sk_want_types(c, at.b_zero, 1u << w->type));
    if (x->rank < 0 || w->rank < 0) return SK_OK;
    SK_TRY(sk_want_scales(c, at.a_zero, 1));
    SK_TRY(sk_want_scales(c, at.b_zero, w->dims[0]));
    if (scaled) SK_TRY(check_scaled(c, w->dims[0]));
    return sk_conv_infer_shape(c, w);
}

static double macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    const sk_tensor *w = in[places_of(node).b];
    return (double)sk_numel(out[0]) * (double)sk_span(w, 1, w->rank);
}

#define FEW_CHANNELS 8

/* A first layer: its pieces are a few bytes, a tap each. With a frame of zero points around the input all
 * windows lie inside, and a line of a window is one piece. */
static int take_frame(sk_prepare *p, sk_conv8_state *s) {
    sk_window *w = &s->w;
    size_t bytes;
    if (w->groups > 1 || w->in_c > FEW_CHANNELS || w->kernel[0] > 1 || w->in[0] > 1 || w->pad[0] ||
        w->kernel[2] == 1 || w->dilation[2] > 1)
        return 1;
    for (int i = 0; i < 2; i++) {
        const int d = i + 1;
        const int64_t seen =
            (int64_t)(w->out[d] - 1) * w->stride[d] + (int64_t)(w->kernel[d] - 1) * w->dilation[d] + 1;
        const int64_t size = seen > (int64_t)w->pad[d] + w->in[d] ? seen : (int64_t)w->pad[d] + w->in[d];
        if (size > INT32_MAX) return 0;
        s->frame[i] = (int32_t)size;
        s->offset[i] = w->pad[d];
    }
    s->product.pieces = w->kernel[1];
    return sk_mul((size_t)s->frame[0] * (size_t)s->frame[1], (size_t)w->in_c * (size_t)w->batch, &bytes) &&
           sk_scratch_take(p, bytes, &s->framed);
}

static const uint8_t *frame(const sk_conv8_state *s, const uint8_t *x, uint8_t *to, int32_t zero) {
    const sk_window *w = &s->w;
    const size_t pixel = (size_t)w->in_c, line = (size_t)w->in[2] * pixel, wide = (size_t)s->frame[1] * pixel;
    const size_t image = wide * (size_t)s->frame[0];
    memset(to, zero, image * (size_t)w->batch);
    for (size_t n = 0; n < (size_t)w->batch; n++)
        for (size_t y = 0; y < (size_t)w->in[1]; y++, x += line)
            memcpy(to + n * image + (y + (size_t)s->offset[0]) * wide + (size_t)s->offset[1] * pixel, x,
                   line);
    return to;
}

static sk_status prepare(sk_prepare *p) {
    sk_conv8_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    const sk_product8_inputs at = places_of(p->node);
    SK_TRY(sk_conv_make_window(p, p->in[at.b], &s->w));
    if (sk_numel(p->out[0]) == 0) return SK_OK;
    const int32_t groups = s->w.groups, taps = (int32_t)sk_window_taps(&s->w), channels = s->w.in_c / groups;
    s->product.form = (sk_product8_form){.at = sk_present(p, at),
                                         .narrow = (uint8_t)sk_codes_are_narrow(p->node->inputs[0]),
                                         .matrices = groups,
                                         .n = s->w.out_c / groups,
                                         .taps = taps,
                                         .channels = channels,
                                         .col = channels * taps,
                                         .row = taps};
    s->turn_x = p->in[0]->layout == SK_PLAIN && sk_layout_matters(p->in[0]);
    s->turn_y = p->out[0]->layout == SK_PLAIN && sk_layout_matters(p->out[0]);
    s->n_zeros = (size_t)channels;
    if (!take_frame(p, s)) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    const int depthwise = groups > 1 && channels == 1 && s->w.out_c == groups && !sk_reference(p);
    SK_TRY(depthwise ? sk_conv8_prepare_depthwise(p, s)
                     : sk_product8_prepare(p, &s->product, (size_t)s->w.batch * sk_pixels(s->w.out)));
    if ((s->turn_x && !sk_scratch_take(p, sk_nbytes(p->in[0]), &s->x)) ||
        (s->turn_y && !sk_scratch_take(p, sk_nbytes(p->out[0]), &s->y)) ||
        !sk_scratch_take(p, s->n_zeros, &s->zeros))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    return SK_OK;
}

typedef struct image {
    sk_window w;
    const uint8_t *x, *zeros;
} image;

static void window_rows(const void *of, size_t matrix, size_t first, size_t m, const uint8_t **rows) {
    const image *i = of;
    const size_t channels = (size_t)(i->w.in_c / i->w.groups);
    sk_window_rows(&i->w, 1, i->x + matrix * channels, i->zeros, first, m, (const void **)rows);
}

static sk_status run(sk_run *r) {
    const sk_conv8_state *s = r->state;
    char *scratch = r->scratch;
    if (sk_numel(r->out[0]) == 0) return SK_OK;
    image of = {s->w, sk_turned_input(r, s->turn_x, s->x), (uint8_t *)scratch + s->zeros};
    sk_product8_call c = sk_product8_call_of(r, &s->product);
    c.rows = window_rows;
    c.of = &of;
    c.m = (size_t)s->w.batch * sk_pixels(s->w.out);
    c.y = s->turn_y ? scratch + s->y : r->out[0]->data;
    c.y_row = (size_t)s->w.out_c;
    memset(scratch + s->zeros, c.a_zero, s->n_zeros);
    if (s->frame[0]) {
        of.x = frame(s, of.x, (uint8_t *)scratch + s->framed, c.a_zero);
        for (int i = 0; i < 2; i++) of.w.in[i + 1] = s->frame[i], of.w.pad[i + 1] = 0;
        of.w.kernel[2] = 1;
    }
    if (!c.packed) SK_TRY(sk_product8_pack_now(r, &c, 0));
    if (s->depthwise) sk_conv8_run_depthwise(r->pool, s, &c, of.x, of.zeros);
    else sk_product8_run(r->pool, &c);
    if (s->turn_y) sk_turn_output(r, c.y);
    return SK_OK;
}

const sk_impl sk_impl_conv_integer = {
    .import = sk_conv_import, .infer = infer, .prepare = prepare, .run = run, SK_TRAITS(SK_MACS(macs))};
