/* Conv, one to three spatial dimensions. Works channels-last: a pixel's channels are the row of a
 * matrix product. The ways to do it, chosen by shape alone:
 * - pointwise, 1 x 1: a plain product over all pixels
 * - indirect, k x k: the same product over rows in pieces, one a tap, found through pointers (no im2col).
 * With few channels the taps along x, which lie side by side, are read as one piece
 * - winograd, 3 x 3 with stride 1 or 2: products of transformed tiles
 * - depthwise, one channel a group: lines of the output, vectorised over channels; odd windows as indirect
 *
 * Plain tensors are turned channels-last in scratch first. What a residual connection adds is input 3.
 * float64 goes by the definition. */
#include "ops/conv.h"
#include "ops/elementwise.h"

#include <string.h>

#define ADDEND 3 /* SK_OP_ADDS */

static sk_status conv_infer(sk_infer *c) {
    const sk_tensor *x = c->in[0], *w = c->in[1], *bias = c->n_in > 2 ? c->in[2] : NULL;
    SK_TRY(sk_same_types(c));
    if (x->rank < 0 || w->rank < 0) return SK_OK;
    SK_TRY(sk_conv_infer_shape(c, w));
    if (bias && bias->rank >= 0 &&
        (bias->rank != 1 || (bias->dims[0] >= 0 && w->dims[0] >= 0 && bias->dims[0] != w->dims[0])))
        return sk_bad_shape(c, "bias %pT for weights %pT", bias, w);
    const sk_tensor *add = c->n_in > ADDEND ? c->in[ADDEND] : NULL;
    if (add && sk_shape_known(add) && sk_shape_known(c->out[0]) && !sk_same_shape(add, c->out[0]))
        return sk_bad_shape(c, "%pT is added to %pT", add, c->out[0]);
    return SK_OK;
}

static double conv_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node;
    return (double)sk_numel(out[0]) * (double)sk_span(in[1], 1, in[1]->rank);
}

/* ---- prepare ---- */

#define FEW_CHANNELS 8
#define MOST_PATCH_TAPS 256 /* so that a block of rows stays in the cache */

/* May the sums be rounded a little more than in the plain product? */
static int may_transform(const sk_prepare *p) {
    const sk_node *maker = p->node->inputs[0] ? p->node->inputs[0]->producer : NULL;
    return !(maker && maker->op && (maker->op->flags & SK_OP_STEPS));
}

static sk_conv_way choose(const sk_window *w, int transform) {
    const size_t taps = sk_window_taps(w);
    int plain = taps == 1;
    for (int d = 0; d < 3; d++) plain &= w->stride[d] == 1 && w->pad[d] == 0 && w->out[d] == w->in[d];
    if (w->groups > 1 && w->groups == w->in_c && w->groups == w->out_c)
        return sk_select_f32_dwconv(w) ? SK_CONV_DEPTHWISE_ROWS : SK_CONV_DEPTHWISE;
    if (plain) return SK_CONV_POINTWISE;
    if (w->in_c <= FEW_CHANNELS && taps > 1 && taps <= MOST_PATCH_TAPS && w->groups == 1 && w->in[0] == 1 &&
        w->out[0] == 1 && w->kernel[0] == 1 && w->dilation[2] == 1)
        return SK_CONV_PATCHES;
    return transform && sk_winograd_kernels_for(w) ? SK_CONV_WINOGRAD : SK_CONV_INDIRECT;
}

/* Where taps along x lie side by side, in the input as it is, they are one piece. */
static void merge_taps(sk_conv_state *s) {
    sk_window *w = &s->w;
    const int64_t width = (int64_t)(w->out[2] - 1) * w->stride[2] + w->kernel[2];
    if (w->groups > 1 || w->dilation[2] != 1 || w->pad[2] || width > w->in[2]) return;
    s->k *= (size_t)w->kernel[2];
    s->taps /= (size_t)w->kernel[2];
    w->kernel[2] = 1;
}

/* Room for each thread: row pointers, or the rows themselves, 16-byte aligned. */
static int rows_bytes(const sk_prepare *p, sk_conv_state *s, size_t *bytes) {
    if (s->way == SK_CONV_PATCHES) {
        s->rows_bytes = sk_conv_patch_step(s) * SK_IGEMM_ROWS * sizeof(float);
    } else if (!sk_window_rows_bytes(&s->w, &s->rows_bytes)) {
        return 0;
    }
    return sk_mul(s->rows_bytes, (size_t)p->threads, bytes);
}

static int take_scratch(sk_prepare *p, sk_conv_state *s) {
    size_t bytes;
    if (s->turn_x && !sk_scratch_take(p, sk_nbytes(p->in[0]), &s->x)) return 0;
    if (s->turn_y && !sk_scratch_take(p, sk_nbytes(p->out[0]), &s->y)) return 0;
    if (s->way == SK_CONV_INDIRECT) merge_taps(s);
    s->n_zeros = s->k;
    if (s->way == SK_CONV_DEPTHWISE) s->n_zeros = (size_t)s->w.in_c;
    if (s->way == SK_CONV_DEPTHWISE_ROWS)
        s->n_zeros = (size_t)(s->w.kernel[2] + 3 * s->w.stride[2]) * (size_t)s->w.in_c;
    if (s->way != SK_CONV_POINTWISE) {
        if (!rows_bytes(p, s, &bytes) || !sk_scratch_take(p, bytes, &s->rows)) return 0;
        if (!sk_mul(s->n_zeros, sizeof(float), &bytes) || !sk_scratch_take(p, bytes, &s->zeros)) return 0;
    }
    if (s->way == SK_CONV_WINOGRAD && !sk_winograd_scratch(p, s)) return 0;
    if (s->pack_at_run && (!sk_conv_form_bytes(&s->form, &bytes) || !sk_scratch_take(p, bytes, &s->pack)))
        return 0;
    return 1;
}

static int has_bias(const sk_prepare *p) { return p->n_in > 2 && p->in[2]; }

static void want_weights(sk_prepare *p) {
    sk_prepare_want(p, 1);
    if (has_bias(p)) sk_prepare_want(p, 2);
}

static sk_status pack_weights(sk_prepare *p, sk_conv_state *s) {
    size_t bytes;
    s->form = (sk_conv_form){.depthwise = s->way == SK_CONV_DEPTHWISE || s->way == SK_CONV_DEPTHWISE_ROWS,
                             .groups = s->w.groups,
                             .bias = has_bias(p) && !s->pack_at_run ? p->constants[2]->id : -1,
                             .out_c = s->w.out_c,
                             .in_c = s->w.in_c / s->w.groups,
                             .taps = (int32_t)sk_window_taps(&s->w)};
    if (s->way == SK_CONV_WINOGRAD) {
        s->winograd = sk_winograd_kernels_for(&s->w);
        s->form.apart = s->winograd->weights != NULL;
        s->form.tile[0] = s->form.apart ? 0 : s->winograd->height;
        s->form.tile[1] = s->form.apart ? 0 : s->winograd->width;
    }
    if (s->pack_at_run) {
        want_weights(p);
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
    sk_conv_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    p->run = conv_run;
    SK_TRY(sk_conv_make_window(p, p->in[1], &s->w));
    if (sk_reference(p) || p->in[0]->type != SK_FLOAT32) {
        p->run = conv_run_scalar;
        want_weights(p);
        return SK_OK;
    }
    s->pack_at_run = !sk_packable(p, 1) || (has_bias(p) && !sk_packable(p, 2));
    s->way = choose(&s->w, !s->pack_at_run && may_transform(p));
    s->gemm = sk_select_f32_gemm(p->tile);
    s->igemm = s->way == SK_CONV_DEPTHWISE ? f32_dwconv_any__simd128 : sk_select_f32_igemm(p->tile);
    s->dwconv = sk_select_f32_dwconv(&s->w);
    s->turn_x = p->in[0]->layout == SK_PLAIN && sk_layout_matters(p->in[0]);
    s->turn_y = p->out[0]->layout == SK_PLAIN && sk_layout_matters(p->out[0]);
    s->k = (size_t)(s->w.in_c / s->w.groups);
    s->taps = sk_window_taps(&s->w);
    /* few pixels, many channels: each thread its own part of the weights */
    s->by_columns = s->w.groups == 1 && s->w.out_c >= 64 * p->threads && p->threads > 1 &&
                    (size_t)s->w.batch * sk_pixels(s->w.out) < 256 * (size_t)p->threads;
    SK_TRY(pack_weights(p, s));
    return take_scratch(p, s) ? SK_OK : sk_oom(p->err, SK_MAX_TENSOR_BYTES);
}

/* ---- run ---- */

static sk_status pack_now(sk_run *r, const sk_conv_state *s, float *packed) {
    sk_weights weights = {.data = r->in[1]->data}, bias = {.data = NULL};
    if (r->n_in > 2 && r->in[2]) bias.data = r->in[2]->data;
    return sk_conv_pack(&s->form, &weights, bias.data ? &bias : NULL, packed);
}

/* What a residual connection adds, laid out as the output; or NULL. */
static const float *addend(const sk_run *r) { return r->n_in > ADDEND ? r->in[ADDEND]->data : NULL; }

static void add_afterwards(const sk_run *r) {
    f32_residual__simd128(sk_numel(r->out[0]), addend(r), r->out[0]->data, r->node->lo, r->node->hi);
}

static sk_status conv_run(sk_run *r) {
    const sk_conv_state *s = r->state;
    char *scratch = r->scratch;
    if (sk_numel(r->out[0]) == 0) return SK_OK;
    sk_conv_call c = {.s = s,
                      .pool = r->pool,
                      .x = sk_turned_input(r, s->turn_x, s->x),
                      .packed = s->packed,
                      .add = addend(r),
                      .y = s->turn_y ? (float *)(scratch + s->y) : r->out[0]->data,
                      .rows = scratch + s->rows,
                      .v = (float *)(scratch + s->v),
                      .m = (float *)(scratch + s->m),
                      .u = (float *)(scratch + s->u),
                      .lo = r->node->lo,
                      .hi = r->node->hi};
    if (s->turn_y && c.add) {
        c.add = NULL;
        c.lo = -__builtin_inff();
        c.hi = __builtin_inff();
    }
    if (s->pack_at_run) {
        float *packed = (float *)(scratch + s->pack);
        SK_TRY(pack_now(r, s, packed));
        c.packed = packed;
    }
    if (s->way != SK_CONV_POINTWISE) c.zeros = memset(scratch + s->zeros, 0, s->n_zeros * sizeof(float));
    if (s->way == SK_CONV_WINOGRAD) sk_conv_run_winograd(&c);
    else sk_conv_run_direct(&c);
    if (!s->turn_y) return SK_OK;
    sk_turn_output(r, c.y);
    if (addend(r)) add_afterwards(r);
    return SK_OK;
}

static sk_status conv_run_scalar(sk_run *r) {
    const sk_conv_state *s = r->state;
    sk_conv_reference(r, &s->w, 0, !addend(r));
    if (addend(r)) add_afterwards(r);
    return SK_OK;
}

/* W is [M, C / group, kernel...]: its first axis counts the output's channels. */
static int conv_as_linear(const sk_node *node, sk_linear *linear) {
    (void)node;
    *linear = (sk_linear){.weight = 1, .weight_axis = 0, .bias = 2, .out_axis = 1};
    return 1;
}

const sk_impl sk_impl_conv = {.import = sk_conv_import,
                              .infer = conv_infer,
                              .prepare = conv_prepare,
                              .run = conv_run,
                              SK_TRAITS(.as_linear = conv_as_linear, SK_MACS(conv_macs))};
