/* Conv, float32, one to three spatial dimensions. Works channels-last: a pixel's channels are the row of a
 * matrix product. Four ways, chosen by shape alone: pointwise  1 x 1: a plain product over all pixels
 *   indirect   k x k: the same product over rows in pieces, one a tap, found through pointers (no im2col).
 * With few channels the taps along x, which lie side by side, are read as one piece depthwise  one channel a
 * group: rows of the output, vectorised over channels scalar     the definition, when the reference is wanted
 * Plain tensors are turned channels-last in scratch first. */
#include "ops/conv.h"
#include "kernels/select.h"

#include <string.h>

typedef struct conv_params {
    sk_window_attrs attrs;
    int32_t groups;
} conv_params;

typedef enum conv_way { WAY_POINTWISE, WAY_INDIRECT, WAY_DEPTHWISE_ROWS, WAY_DEPTHWISE, WAY_SCALAR } conv_way;

typedef struct conv_state {
    sk_window w; /* as given; when merged, of the padded input with the taps along x as one */
    conv_way way;
    uint8_t turn_x, turn_y; /* to and from channels-last */
    uint8_t pack_at_run;
    int32_t pad_x,
        given_x; /* merged: columns to put before the input's given_x; the padded width is w.in[2] */
    uint8_t padded;
    sk_conv_form form;
    const float *packed;
    size_t k, taps; /* floats of a piece, pieces */
    sk_f32_gemm_fn *gemm;
    sk_f32_igemm_fn *igemm;
    sk_f32_dwconv_fn *dwconv;
    size_t x, y, rows, zeros, padded_x, pack; /* offsets in scratch */
    size_t n_zeros;
} conv_state;

static sk_status conv_import(sk_import *c) {
    char node[SK_NODE_TEXT];
    const sk_attr *group;
    conv_params *params = sk_params(c, sizeof *params);
    if (!params) return sk_oom(c->err, sizeof *params);
    SK_TRY(sk_window_import(c, &params->attrs));
    SK_TRY(sk_want(c, "group", SK_ATTR_INT, &group));
    if (group && (group->i < 1 || group->i > INT32_MAX))
        return sk_fail(c->err, SK_MALFORMED, "%s: group is %lld", sk_node_text(c->node, node),
                       (long long)group->i);
    params->groups = group ? (int32_t)group->i : 1;
    return SK_OK;
}

static sk_status conv_infer(sk_infer *c) {
    char shape[SK_SHAPE_TEXT], weights[SK_SHAPE_TEXT];
    const conv_params *params = c->node->params;
    const sk_tensor *x = c->in[0], *w = c->in[1], *bias = c->n_in > 2 ? c->in[2] : NULL;
    sk_tensor *y = c->out[0];
    y->type = x->type;
    if ((w->type && w->type != SK_FLOAT32) || (bias && bias->type && bias->type != SK_FLOAT32))
        return sk_fail(c->err, SK_TYPE, "%s: weights are %s", sk_node_text(c->node, shape),
                       sk_type_name(w->type));
    if (x->rank < 0 || w->rank < 0) return SK_OK;
    sk_window_attrs attrs = params->attrs;
    SK_TRY(sk_window_complete(c, &attrs, x, w));
    const int64_t channels = (int64_t)w->dims[1] * params->groups;
    if (x->dims[1] >= 0 && w->dims[1] >= 0 && channels != x->dims[1])
        return sk_bad_shape(c, "input %s does not have the channels of weights %s in %d groups",
                            sk_tensor_text(x, shape), sk_tensor_text(w, weights), params->groups);
    if (w->dims[0] >= 0 && w->dims[0] % params->groups)
        return sk_bad_shape(c, "%d output channels in %d groups", w->dims[0], params->groups);
    if (bias && bias->rank >= 0 &&
        (bias->rank != 1 || (bias->dims[0] >= 0 && w->dims[0] >= 0 && bias->dims[0] != w->dims[0])))
        return sk_bad_shape(c, "bias %s for weights %s", sk_tensor_text(bias, shape),
                            sk_tensor_text(w, weights));
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = w->dims[0];
    return sk_window_output(c, &attrs, x, y);
}

static double conv_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node;
    return (double)sk_numel(out[0]) * (double)sk_span(in[1], 1, in[1]->rank);
}

/* ---- prepare ---- */

static conv_way choose(const sk_window *w) {
    int plain = sk_window_taps(w) == 1;
    for (int d = 0; d < 3; d++) plain &= w->stride[d] == 1 && w->pad[d] == 0 && w->out[d] == w->in[d];
    if (w->groups > 1 && w->groups == w->in_c && w->groups == w->out_c)
        return sk_select_f32_dwconv(w) ? WAY_DEPTHWISE_ROWS : WAY_DEPTHWISE;
    return plain ? WAY_POINTWISE : WAY_INDIRECT;
}

/* Below this many channels a tap is too short a piece: the taps along x become one, over an input that is
 * padded in scratch when need be. */
#define FEW_CHANNELS 8

static int merge_taps(sk_prepare *p, conv_state *s) {
    sk_window *w = &s->w;
    const int64_t width = (int64_t)(w->out[2] - 1) * w->stride[2] + w->kernel[2];
    const int fits = w->pad[2] == 0 && width <= w->in[2];
    size_t bytes;
    if (w->groups > 1 || w->kernel[2] == 1 || w->dilation[2] != 1 || (!fits && w->in_c > FEW_CHANNELS))
        return 1;
    s->k *= (size_t)w->kernel[2];
    s->taps /= (size_t)w->kernel[2];
    if (!fits) {
        s->padded = 1;
        s->pad_x = w->pad[2];
        s->given_x = w->in[2];
        w->in[2] = (int32_t)width;
        if (!sk_mul(sk_pixels(w->in), (size_t)w->batch * (size_t)w->in_c * sizeof(float), &bytes) ||
            !sk_scratch_take(p, bytes, &s->padded_x))
            return 0;
    }
    w->kernel[2] = 1;
    w->pad[2] = 0;
    return 1;
}

static int take_scratch(sk_prepare *p, conv_state *s) {
    size_t bytes;
    if (s->turn_x && !sk_scratch_take(p, sk_nbytes(p->in[0]), &s->x)) return 0;
    if (s->turn_y && !sk_scratch_take(p, sk_nbytes(p->out[0]), &s->y)) return 0;
    if (s->way == WAY_INDIRECT && !merge_taps(p, s)) return 0;
    s->n_zeros = s->k;
    if (s->way == WAY_DEPTHWISE) s->n_zeros = (size_t)s->w.in_c;
    if (s->way == WAY_DEPTHWISE_ROWS)
        s->n_zeros = (size_t)(s->w.kernel[2] + 3 * s->w.stride[2]) * (size_t)s->w.in_c;
    if (s->way != WAY_POINTWISE) {
        if (!sk_window_rows_bytes(&s->w, &bytes) || !sk_scratch_take(p, bytes, &s->rows)) return 0;
        if (!sk_mul(s->n_zeros, sizeof(float), &bytes) || !sk_scratch_take(p, bytes, &s->zeros)) return 0;
    }
    if (s->pack_at_run && (!sk_conv_form_bytes(&s->form, &bytes) || !sk_scratch_take(p, bytes, &s->pack)))
        return 0;
    return 1;
}

static sk_status pack_weights(sk_prepare *p, conv_state *s) {
    const int has_bias = p->n_in > 2 && p->in[2];
    size_t bytes;
    s->pack_at_run = !sk_packable(p, 1) || (has_bias && !sk_packable(p, 2));
    s->form = (sk_conv_form){.depthwise = s->way == WAY_DEPTHWISE || s->way == WAY_DEPTHWISE_ROWS,
                             .groups = s->w.groups,
                             .bias = has_bias && !s->pack_at_run ? p->constants[2]->id : -1,
                             .out_c = s->w.out_c,
                             .in_c = s->w.in_c / s->w.groups,
                             .taps = (int32_t)sk_window_taps(&s->w)};
    if (s->pack_at_run) {
        sk_prepare_want(p, 1);
        if (has_bias) sk_prepare_want(p, 2);
        return SK_OK;
    }
    if (!sk_conv_form_bytes(&s->form, &bytes)) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    const void *packed;
    SK_TRY(sk_prepare_pack(
        p, &(sk_packing){"f32_conv", 1, &s->form, sizeof s->form, bytes, sk_conv_pack_constants}, &packed));
    s->packed = packed;
    return SK_OK;
}

static sk_status conv_run(sk_run *r);
static sk_status conv_run_scalar(sk_run *r);

static sk_status conv_prepare(sk_prepare *p) {
    const conv_params *params = p->node->params;
    conv_state *s = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    p->state = s;
    p->run = conv_run;
    sk_window_attrs attrs = params->attrs;
    sk_infer c = {p->node, p->in, p->out, p->n_in, p->n_out, p->err};
    SK_TRY(sk_window_complete(&c, &attrs, p->in[0], p->in[1]));
    sk_window_make(&attrs, p->in[0], p->out[0], params->groups, &s->w, NULL);
    if (sk_reference(p)) {
        s->way = WAY_SCALAR;
        p->run = conv_run_scalar;
        sk_prepare_want(p, 1);
        if (p->n_in > 2 && p->in[2]) sk_prepare_want(p, 2);
        return SK_OK;
    }
    s->way = choose(&s->w);
    s->gemm = sk_select_f32_gemm(p->tile);
    s->igemm = s->way == WAY_DEPTHWISE ? f32_dwconv_any__simd128 : sk_select_f32_igemm(p->tile);
    s->dwconv = sk_select_f32_dwconv(&s->w);
    s->turn_x = p->in[0]->layout == SK_PLAIN && sk_layout_matters(p->in[0]);
    s->turn_y = p->out[0]->layout == SK_PLAIN && sk_layout_matters(p->out[0]);
    s->k = (size_t)(s->w.in_c / s->w.groups);
    s->taps = sk_window_taps(&s->w);
    SK_TRY(pack_weights(p, s));
    return take_scratch(p, s) ? SK_OK : sk_oom(p->err, SK_MAX_TENSOR_BYTES);
}

/* ---- run ---- */

typedef struct conv_call {
    const conv_state *s;
    const float *x, *packed, *zeros;
    float *y;
    const float **rows;
    float lo, hi;
} conv_call;

static void run_pointwise(const conv_call *c) {
    const conv_state *s = c->s;
    const size_t pixels = (size_t)s->w.batch * sk_pixels(s->w.out), groups = (size_t)s->w.groups;
    const size_t in_c = (size_t)s->w.in_c, out_c = (size_t)s->w.out_c, n = out_c / groups;
    for (size_t g = 0; g < groups; g++)
        s->gemm(pixels, n, s->k, c->x + g * s->k, in_c, c->packed + g * sk_conv_group_floats(&s->form),
                c->y + g * n, out_c, c->lo, c->hi);
}

static void run_indirect(const conv_call *c) {
    const conv_state *s = c->s;
    const size_t pixels = (size_t)s->w.batch * sk_pixels(s->w.out), out_c = (size_t)s->w.out_c;
    const size_t groups = s->form.depthwise ? 1 : (size_t)s->w.groups, n = out_c / groups;
    for (size_t first = 0, m; first < pixels; first += m) {
        m = sk_igemm_rows(pixels - first);
        for (size_t g = 0; g < groups; g++) {
            sk_window_rows(&s->w, c->x + g * s->k, c->zeros, first, m, c->rows);
            s->igemm(m, n, s->k, s->taps, c->rows, c->packed + g * sk_conv_group_floats(&s->form),
                     c->y + first * out_c + g * n, out_c, c->lo, c->hi);
        }
    }
}

static void run_depthwise_rows(const conv_call *c) {
    const sk_window *w = &c->s->w;
    const size_t channels = (size_t)w->in_c, line = (size_t)w->in[2] * channels;
    float *y = c->y;
    sk_dwconv_args args = {channels,
                           (size_t)w->in[2],
                           (size_t)w->out[2],
                           (size_t)w->pad[2],
                           c->rows,
                           c->zeros,
                           c->packed,
                           NULL,
                           c->lo,
                           c->hi};
    for (int32_t n = 0; n < w->batch; n++) {
        const float *image = c->x + (size_t)n * (size_t)w->in[1] * line;
        for (int32_t oy = 0; oy < w->out[1]; oy++, y += (size_t)w->out[2] * channels) {
            for (int32_t ky = 0; ky < w->kernel[1]; ky++) {
                const int64_t iy = (int64_t)oy * w->stride[1] + ky - w->pad[1];
                c->rows[ky] = iy >= 0 && iy < w->in[1] ? image + (size_t)iy * line : NULL;
            }
            args.y = y;
            c->s->dwconv(&args);
        }
    }
}

/* Each line of the input with zeros around it, for merged taps. */
static void pad_lines(const conv_state *s, const float *x, float *to) {
    const size_t c = (size_t)s->w.in_c, width = (size_t)s->w.in[2], given = (size_t)s->given_x;
    const size_t before = (size_t)s->pad_x < width ? (size_t)s->pad_x : width;
    const size_t take = given < width - before ? given : width - before, after = width - before - take;
    const size_t lines = (size_t)s->w.batch * (size_t)s->w.in[0] * (size_t)s->w.in[1];
    for (size_t i = 0; i < lines; i++, x += given * c) {
        memset(to, 0, before * c * sizeof(float));
        to += before * c;
        memcpy(to, x, take * c * sizeof(float));
        to += take * c;
        memset(to, 0, after * c * sizeof(float));
        to += after * c;
    }
}

static sk_status pack_now(sk_run *r, const conv_state *s, float *packed) {
    sk_weights weights = {.data = r->in[1]->data}, bias = {.data = NULL};
    if (r->n_in > 2 && r->in[2]) bias.data = r->in[2]->data;
    return sk_conv_pack(&s->form, &weights, bias.data ? &bias : NULL, packed);
}

static sk_status conv_run(sk_run *r) {
    const conv_state *s = r->state;
    const sk_tensor *x = r->in[0], *y = r->out[0];
    char *scratch = r->scratch;
    if (sk_numel(y) == 0) return SK_OK;
    conv_call c = {s, x->data, s->packed, NULL, y->data, NULL, r->node->lo, r->node->hi};
    if (s->turn_x) {
        float *turned = (float *)(scratch + s->x);
        sk_to_channels_last((size_t)x->dims[0], (size_t)x->dims[1], sk_span(x, 2, x->rank), x->data, turned);
        c.x = turned;
    }
    if (s->padded) {
        float *padded = (float *)(scratch + s->padded_x);
        pad_lines(s, c.x, padded);
        c.x = padded;
    }
    if (s->pack_at_run) {
        float *packed = (float *)(scratch + s->pack);
        SK_TRY(pack_now(r, s, packed));
        c.packed = packed;
    }
    if (s->turn_y) c.y = (float *)(scratch + s->y);
    if (s->way != WAY_POINTWISE) {
        c.rows = (const float **)(scratch + s->rows);
        c.zeros = memset(scratch + s->zeros, 0, s->n_zeros * sizeof(float));
    }
    switch (s->way) {
    case WAY_POINTWISE: run_pointwise(&c); break;
    case WAY_DEPTHWISE_ROWS: run_depthwise_rows(&c); break;
    default: run_indirect(&c); break;
    }
    if (s->turn_y) /* [pixels][channels] to [channels][pixels] is the same turn the other way round */
        sk_to_channels_last((size_t)y->dims[0], sk_span(y, 2, y->rank), (size_t)y->dims[1], c.y, y->data);
    return SK_OK;
}

static sk_status conv_run_scalar(sk_run *r) {
    const conv_state *s = r->state;
    const sk_conv_args args = {.w = &s->w,
                               .x = r->in[0]->data,
                               .weight = r->in[1]->data,
                               .bias = r->n_in > 2 && r->in[2] ? r->in[2]->data : NULL,
                               .y = r->out[0]->data,
                               .x_last = r->in[0]->layout == SK_CHANNELS_LAST,
                               .y_last = r->out[0]->layout == SK_CHANNELS_LAST,
                               .lo = r->node->lo,
                               .hi = r->node->hi};
    f32_conv__ref(&args);
    return SK_OK;
}

/* W is [M, C / group, kernel...]: its first axis counts the output's channels. */
static int conv_as_linear(const sk_node *node, sk_linear *linear) {
    (void)node;
    *linear = (sk_linear){.weight = 1, .weight_axis = 0, .bias = 2, .out_axis = 1};
    return 1;
}

const sk_impl sk_impl_conv = {.import = conv_import,
                              .infer = conv_infer,
                              .prepare = conv_prepare,
                              .run = conv_run,
                              SK_TRAITS(.as_linear = conv_as_linear, SK_MACS(conv_macs))};
