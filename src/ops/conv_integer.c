/* ConvInteger and QLinearConv: 8-bit convolution with 32-bit sums, and the same scaled back to 8 bits. */
#include "ops/conv.h"
#include "ops/elementwise.h"
#include "ops/integer.h"
#include "ops/ops.h"

/* Where the inputs are. ConvInteger: x, w, x_zero, w_zero. QLinearConv: x, x_scale, x_zero, w, w_scale,
 * w_zero, y_scale, y_zero, bias. */
typedef struct places {
    int w, x_zero, w_zero;
} places;

static places places_of(const sk_node *node) {
    return node->op->param == SK_OP_SCALED ? (places){3, 2, 5} : (places){1, 2, 3};
}

static const sk_tensor *optional(const sk_tensor *const *in, int n_in, int i) {
    return i < n_in ? in[i] : NULL;
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
    const sk_tensor *bias = optional(c->in, c->n_in, 8);
    if (!bias) return SK_OK;
    SK_TRY(sk_want_types(c, 8, SK_T(INT32)));
    if (out_c >= 0 && sk_shape_known(bias) && sk_numel(bias) != (size_t)out_c)
        return sk_bad_shape(c, "a bias for %d channels instead of %d", (int)sk_numel(bias), (int)out_c);
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    const places at = places_of(c->node);
    const sk_tensor *x = c->in[0], *w = c->in[at.w];
    const sk_tensor *x_zero = optional(c->in, c->n_in, at.x_zero),
                    *w_zero = optional(c->in, c->n_in, at.w_zero);
    const int scaled = c->node->op->param == SK_OP_SCALED;
    sk_tensor *y = c->out[0];
    y->type = scaled ? c->in[7]->type : SK_INT32;
    SK_TRY(sk_want_types(c, at.w, SK_T_BYTE));
    if (x_zero && x->type) SK_TRY(sk_want_types(c, at.x_zero, 1u << x->type));
    if (w_zero && w->type) SK_TRY(sk_want_types(c, at.w_zero, 1u << w->type));
    if (x->rank < 0 || w->rank < 0) return SK_OK;
    SK_TRY(sk_want_scales(c, at.x_zero, 1));
    SK_TRY(sk_want_scales(c, at.w_zero, w->dims[0]));
    if (scaled) SK_TRY(check_scaled(c, w->dims[0]));
    return sk_conv_infer_shape(c, w);
}

static double macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    const sk_tensor *w = in[places_of(node).w];
    return (double)sk_numel(out[0]) * (double)sk_span(w, 1, w->rank);
}

static sk_status prepare(sk_prepare *p) {
    const sk_tensor *w = p->in[places_of(p->node).w];
    sk_window *window = sk_prepare_alloc(p, sizeof *window);
    size_t sums;
    if (!window) return sk_oom(p->err, sizeof *window);
    SK_TRY(sk_conv_make_window(p, w, window));
    p->state = window;
    if (p->node->op->param != SK_OP_SCALED) return SK_OK;
    if (!sk_mul(sk_numel(p->out[0]), sizeof(int32_t), &sums) || !sk_scratch_take(p, sums, &sums))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    return SK_OK;
}

static sk_status run(sk_run *r) {
    const places at = places_of(r->node);
    const int scaled = r->node->op->param == SK_OP_SCALED;
    const sk_tensor *x = r->in[0], *w = r->in[at.w], *y = r->out[0], *bias = optional(r->in, r->n_in, 8);
    if (sk_numel(y) == 0) return SK_OK;
    const sk_i8_conv_args args = {.w = r->state,
                                  .x = sk_i8_operand_of(x, optional(r->in, r->n_in, at.x_zero)),
                                  .weight = sk_i8_operand_of(w, optional(r->in, r->n_in, at.w_zero)),
                                  .bias = scaled && bias ? bias->data : NULL,
                                  .y = scaled ? r->scratch : y->data};
    i8_conv__ref(&args);
    if (!scaled) return SK_OK;
    const size_t pixels = sk_span(y, 2, y->rank), channels = (size_t)y->dims[1];
    const float x_scale = sk_scale_at(r->in[1], 0), y_scale = sk_scale_at(r->in[6], 0);
    const int32_t zero = sk_zero_at(r->in[7], 0);
    for (size_t line = 0, i = 0; line < (size_t)y->dims[0] * channels; line++) {
        const float scale = x_scale * sk_scale_at(r->in[4], line % channels) / y_scale;
        for (size_t p = 0; p < pixels; p++, i++) sk_requantize(y, i, args.y[i], scale, zero);
    }
    return SK_OK;
}

const sk_impl sk_impl_conv_integer = {
    .import = sk_conv_import, .infer = infer, .prepare = prepare, .run = run, SK_TRAITS(SK_MACS(macs))};
