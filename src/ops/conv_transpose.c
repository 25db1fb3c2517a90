/* ConvTranspose, one to three spatial dimensions, channels-last. Output positions that agree modulo
 * the stride see the same taps: each such phase is an ordinary convolution of stride 1 with a part of the
 * filter, done as an indirect product without any wasted multiplication, its output pixels `stride` apart.
 * float64 goes by the definition. */
#include "ops/conv.h"
#include "ops/elementwise.h"
#include "ops/phases.h"
#include "kernels/select.h"

#include <string.h>

typedef struct transpose_params {
    sk_window_attrs attrs;
    int32_t groups;
    uint8_t has_shape;
    int32_t shape[SK_SPATIAL]; /* output_shape */
    int32_t extra[SK_SPATIAL]; /* output_padding */
} transpose_params;

typedef struct transpose_state {
    sk_window w;
    sk_phase_form form;
    uint8_t turn_x, turn_y, pack_at_run;
    const float *packed;
    sk_f32_igemm_fn *igemm;
    sk_f32_gemm_fn *gemm; /* tiles that do not overlap; NULL: by phases */
    size_t x, y, rows, zeros, pack;
} transpose_state;

/* ---- import and infer ---- */

static sk_status transpose_import(sk_import *c) {
    const sk_attr *attr;
    transpose_params *params = sk_params(c, sizeof *params);
    if (!params) return sk_oom(c->err, sizeof *params);
    SK_TRY(sk_window_import(c, &params->attrs));
    SK_TRY(sk_window_ints(c, "output_padding", 1, 0, &params->attrs.spatial, params->extra, NULL));
    SK_TRY(sk_want(c, "output_shape", SK_ATTR_INTS, &attr));
    params->has_shape = attr && attr->count > 0;
    if (params->has_shape)
        SK_TRY(sk_window_ints(c, "output_shape", 1, 0, &params->attrs.spatial, params->shape, NULL));
    return sk_conv_groups(c, &params->groups);
}

/* Size of the output along one axis, and the pad before it; 0 when it is none. */
static int output_size(const transpose_params *params, const sk_window_attrs *a, int i, int32_t in,
                       int32_t *out, int32_t *pad) {
    const int64_t span = (int64_t)(a->kernel[i] - 1) * a->dilation[i] + 1;
    const int64_t full = (int64_t)(in - 1) * a->stride[i] + params->extra[i] + span;
    int64_t size, total;
    *pad = a->pad[i];
    *out = 0;
    if (in == 0 && !params->has_shape) return 1; /* nothing in, nothing out */
    if (span > INT32_MAX || full > INT32_MAX) return 0;
    if (params->has_shape || a->auto_pad == SK_PAD_SAME_UPPER || a->auto_pad == SK_PAD_SAME_LOWER) {
        size = params->has_shape ? params->shape[i] : (int64_t)in * a->stride[i];
        total = full > size ? full - size : 0;
        *pad = (int32_t)(a->auto_pad == SK_PAD_SAME_UPPER ? total / 2 : total - total / 2);
    } else {
        size = full - a->pad[i] - a->pad_end[i];
    }
    *out = (int32_t)size;
    return size >= 0 && size <= INT32_MAX;
}

static sk_status transpose_infer(sk_infer *c) {
    const transpose_params *params = c->node->params;
    const sk_tensor *x = c->in[0], *w = c->in[1], *bias = c->n_in > 2 ? c->in[2] : NULL;
    sk_tensor *y = c->out[0];
    SK_TRY(sk_same_types(c));
    if (x->rank < 0 || w->rank < 0) return SK_OK;
    sk_window_attrs attrs = params->attrs;
    SK_TRY(sk_window_complete(c, &attrs, x, w));
    if (x->dims[1] >= 0 && w->dims[0] >= 0 && x->dims[1] != w->dims[0])
        return sk_bad_shape(c, "input %pT for weights %pT", x, w);
    if (w->dims[0] >= 0 && w->dims[0] % params->groups)
        return sk_bad_shape(c, "%d input channels in %d groups", w->dims[0], params->groups);
    const int64_t out_c = w->dims[1] < 0 ? -1 : (int64_t)w->dims[1] * params->groups;
    if (out_c > INT32_MAX) return sk_bad_shape(c, "weights %pT in %d groups", w, params->groups);
    if (bias && bias->rank >= 0 &&
        (bias->rank != 1 || (bias->dims[0] >= 0 && out_c >= 0 && bias->dims[0] != out_c)))
        return sk_bad_shape(c, "bias %pT for %d channels", bias, (int)out_c);
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = (int32_t)out_c;
    for (int i = 0; i < attrs.spatial; i++) {
        int32_t pad;
        y->dims[2 + i] = params->has_shape ? params->shape[i] : -1;
        if (x->dims[2 + i] >= 0 && attrs.kernel[i] >= 0 &&
            !output_size(params, &attrs, i, x->dims[2 + i], &y->dims[2 + i], &pad))
            return sk_bad_shape(c, "no output size on axis %d of %pT", 2 + i, x);
    }
    return SK_OK;
}

static double transpose_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node;
    (void)out;
    return (double)sk_numel(in[0]) * (double)sk_span(in[1], 1, in[1]->rank);
}

/* ---- prepare ---- */

static sk_status transpose_run(sk_run *r);
static sk_status transpose_run_scalar(sk_run *r);

static void make_window(const transpose_params *params, sk_window_attrs *attrs, const sk_prepare *p,
                        sk_window *w) {
    for (int i = 0; i < attrs->spatial; i++) {
        int32_t out, pad;
        output_size(params, attrs, i, p->in[0]->dims[2 + i], &out, &pad);
        attrs->pad[i] = pad;
    }
    attrs->auto_pad = SK_PAD_EXPLICIT;
    sk_window_make(attrs, p->in[0], p->out[0], params->groups, w, NULL);
}

static int take_scratch(sk_prepare *p, transpose_state *s, size_t in_c, size_t out_c) {
    size_t bytes;
    if (s->turn_x && !sk_scratch_take(p, sk_nbytes(p->in[0]), &s->x)) return 0;
    if (s->turn_y && !sk_scratch_take(p, sk_nbytes(p->out[0]), &s->y)) return 0;
    if (!sk_window_rows_bytes(&s->w, &bytes) || !sk_scratch_take(p, bytes, &s->rows)) return 0;
    if (!sk_scratch_take(p, in_c * sizeof(float), &s->zeros)) return 0;
    return !s->pack_at_run ||
           (sk_phase_form_bytes(&s->form, in_c, out_c, &bytes) && sk_scratch_take(p, bytes, &s->pack));
}

static sk_status transpose_prepare(sk_prepare *p) {
    const transpose_params *params = p->node->params;
    const int has_bias = p->n_in > 2 && p->in[2];
    transpose_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    sk_window_attrs attrs = params->attrs;
    SK_TRY(sk_window_complete(&p->shapes, &attrs, p->in[0], p->in[1]));
    make_window(params, &attrs, p, &s->w);
    s->form.groups = params->groups;
    memcpy(s->form.kernel, s->w.kernel, sizeof s->form.kernel);
    memcpy(s->form.stride, s->w.stride, sizeof s->form.stride);
    memcpy(s->form.dilation, s->w.dilation, sizeof s->form.dilation);
    memcpy(s->form.pad, s->w.pad, sizeof s->form.pad);
    const int reference = sk_reference(p) || p->in[0]->type != SK_FLOAT32;
    s->pack_at_run = reference || !sk_packable(p, 1) || (has_bias && !sk_packable(p, 2));
    if (s->pack_at_run) {
        sk_prepare_want(p, 1);
        if (has_bias) sk_prepare_want(p, 2);
    }
    if (reference) {
        p->run = transpose_run_scalar;
        return SK_OK;
    }
    if (sk_phases(&s->form) < 0) {
        return sk_node_fail(p->node, p->err, SK_UNSUPPORTED, "strides of %d, %d and %d", s->w.stride[0],
                            s->w.stride[1], s->w.stride[2]);
    }
    const size_t in_c = (size_t)(s->w.in_c / s->w.groups), out_c = (size_t)(s->w.out_c / s->w.groups);
    s->igemm = sk_select_f32_igemm(p->tile);
    s->form.bias = has_bias && !s->pack_at_run ? p->constants[2]->id : -1;
    s->turn_x = p->in[0]->layout == SK_PLAIN && sk_layout_matters(p->in[0]);
    s->turn_y = p->out[0]->layout == SK_PLAIN && sk_layout_matters(p->out[0]);
    size_t bytes;
    if (!s->pack_at_run && sk_tiles_fit(&s->w)) {
        s->gemm = sk_select_f32_gemm(p->tile);
        SK_TRY(sk_tiles_pack(p, &s->w, &s->packed));
    }
    if (!sk_phase_form_bytes(&s->form, in_c, out_c, &bytes) || !take_scratch(p, s, in_c, out_c))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    if (s->pack_at_run || s->gemm) return SK_OK;
    const void *packed;
    SK_TRY(sk_prepare_pack(
        p, &(sk_packing){"f32_conv_transpose", 1, &s->form, sizeof s->form, bytes, sk_phase_pack_constants},
        &packed));
    s->packed = packed;
    return SK_OK;
}

/* ---- run ---- */

typedef struct transpose_call {
    const transpose_state *s;
    const float *x, *packed, *zeros; /* x: the group's first channel of the image */
    float *y;
    const float **rows;
    float lo, hi;
} transpose_call;

/* The input position, perhaps outside, that tap number i of the phase reads for the phase's output number j.
 */
static int64_t reads(const sk_window *w, const sk_phase *ph, int d, int32_t j, int32_t i) {
    const int64_t tap = (int64_t)ph->first[d] + (int64_t)i * ph->step[d];
    return j + (ph->at[d] + (int64_t)w->pad[d] - tap * w->dilation[d]) / w->stride[d];
}

/* Row pointers of m outputs of the phase along x, from (jz, jy, jx) on. */
static void phase_rows(const transpose_call *c, const sk_phase *ph, int32_t jz, int32_t jy, int32_t jx,
                       int32_t m) {
    const sk_window *w = &c->s->w;
    const float **rows = c->rows;
    for (int32_t kz = 0; kz < ph->count[0]; kz++)
        for (int32_t ky = 0; ky < ph->count[1]; ky++) {
            const int64_t z = reads(w, ph, 0, jz, kz), y = reads(w, ph, 1, jy, ky);
            const int inside = z >= 0 && z < w->in[0] && y >= 0 && y < w->in[1];
            const size_t line = inside ? ((size_t)z * (size_t)w->in[1] + (size_t)y) * (size_t)w->in[2] : 0;
            for (int32_t kx = 0; kx < ph->count[2]; kx++) {
                const int64_t x = reads(w, ph, 2, jx, kx);
                for (int32_t i = 0; i < m; i++)
                    *rows++ = inside && x + i >= 0 && x + i < w->in[2]
                                  ? c->x + (line + (size_t)(x + i)) * (size_t)w->in_c
                                  : c->zeros;
            }
        }
}

static void run_phase(const transpose_call *c, const sk_phase *ph, const float *packed) {
    const sk_window *w = &c->s->w;
    const size_t in_c = (size_t)(w->in_c / w->groups), out_c = (size_t)(w->out_c / w->groups);
    const size_t pixel = (size_t)w->out_c, ldc = pixel * (size_t)w->stride[2];
    for (int32_t oz = ph->at[0], jz = 0; oz < w->out[0]; oz += w->stride[0], jz++)
        for (int32_t oy = ph->at[1], jy = 0; oy < w->out[1]; oy += w->stride[1], jy++) {
            if (ph->at[2] >= w->out[2]) return;
            const int32_t n = (w->out[2] - ph->at[2] + w->stride[2] - 1) / w->stride[2];
            float *y = c->y + (((size_t)oz * (size_t)w->out[1] + (size_t)oy) * (size_t)w->out[2] +
                               (size_t)ph->at[2]) *
                                  pixel;
            for (int32_t jx = 0, m; jx < n; jx += m) {
                m = (int32_t)sk_igemm_rows((size_t)(n - jx));
                phase_rows(c, ph, jz, jy, jx, m);
                c->s->igemm((size_t)m, out_c, in_c, sk_phase_taps(ph), c->rows, packed, y + (size_t)jx * ldc,
                            ldc, c->lo, c->hi);
            }
        }
}

static void run_images(const transpose_call *call) {
    const transpose_state *s = call->s;
    const sk_window *w = &s->w;
    const size_t in_c = (size_t)(w->in_c / w->groups), out_c = (size_t)(w->out_c / w->groups);
    const size_t x_image = sk_pixels(w->in) * (size_t)w->in_c, y_image = sk_pixels(w->out) * (size_t)w->out_c;
    for (size_t n = 0; n < (size_t)w->batch; n++) {
        const float *packed = call->packed;
        for (size_t g = 0; g < (size_t)w->groups; g++) {
            transpose_call c = *call;
            c.x += n * x_image + g * in_c;
            c.y += n * y_image + g * out_c;
            for (int i = 0; i < sk_phases(&s->form); i++) {
                sk_phase ph;
                size_t floats;
                sk_phase_make(&s->form, i, &ph);
                run_phase(&c, &ph, packed);
                sk_phase_floats(&ph, in_c, out_c, &floats);
                packed += floats;
            }
        }
    }
}

static sk_status transpose_run(sk_run *r) {
    const transpose_state *s = r->state;
    const size_t in_c = (size_t)(s->w.in_c / s->w.groups), out_c = (size_t)(s->w.out_c / s->w.groups);
    char *scratch = r->scratch;
    if (sk_numel(r->out[0]) == 0) return SK_OK;
    transpose_call c = {
        s,          sk_turned_input(r, s->turn_x, s->x), s->packed, NULL, r->out[0]->data, NULL, r->node->lo,
        r->node->hi};
    if (s->pack_at_run) {
        float *packed = (float *)(scratch + s->pack);
        sk_weights weights = {.data = r->in[1]->data}, bias = {.data = NULL};
        if (r->n_in > 2 && r->in[2]) bias.data = r->in[2]->data;
        SK_TRY(sk_phase_pack(&s->form, in_c, out_c, &weights, bias.data ? &bias : NULL, packed));
        c.packed = packed;
    }
    if (s->turn_y) c.y = (float *)(scratch + s->y);
    c.rows = (const float **)(scratch + s->rows);
    c.zeros = memset(scratch + s->zeros, 0, in_c * sizeof(float));
    if (s->gemm) sk_tiles_run(r->pool, &(sk_tiles){&s->w, s->gemm, c.x, c.packed, c.y, c.lo, c.hi});
    else run_images(&c);
    if (s->turn_y) sk_turn_output(r, c.y);
    return SK_OK;
}

static sk_status transpose_run_scalar(sk_run *r) {
    const transpose_state *s = r->state;
    sk_conv_reference(r, &s->w, 1, 1);
    return SK_OK;
}

/* W is [C, M / group, kernel...]: only without groups does an axis of it count the output's channels. */
static int transpose_as_linear(const sk_node *node, sk_linear *linear) {
    *linear = (sk_linear){.weight = 1, .weight_axis = 1, .bias = 2, .out_axis = 1};
    return sk_attr_int(node, "group", 1) == 1;
}

const sk_impl sk_impl_conv_transpose = {.import = transpose_import,
                                        .infer = transpose_infer,
                                        .prepare = transpose_prepare,
                                        .run = transpose_run,
                                        SK_TRAITS(.as_linear = transpose_as_linear, SK_MACS(transpose_macs))};
