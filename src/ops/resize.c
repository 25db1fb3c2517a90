/* Resize (10 on) and Upsample (7, 9): attributes, output shapes, and running the axes that change. Nearest
 * maps all axes at once for any type; linear and cubic are float32, one axis after another, the most
 * shrinking one first. */
#include <math.h>
#include <string.h>

#include "ops/elementwise.h"
#include "ops/resize.h"

/* ---- import ---- */

static sk_status import_modes(sk_import *c, resize_params *p) {
    static const char *const modes[] = {"nearest", "linear", "cubic", "bilinear", NULL};
    static const char *const coordinates[] = {
        "half_pixel",           "pytorch_half_pixel", "align_corners",        "asymmetric",
        "tf_half_pixel_for_nn", "tf_crop_and_resize", "half_pixel_symmetric", NULL};
    static const char *const roundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL};
    static const char *const policies[] = {"stretch", "not_larger", "not_smaller", NULL};
    int64_t exclude, antialias;
    SK_TRY(sk_want_word(c, "mode", modes, RESIZE_NEAREST, &p->mode));
    if (p->mode > RESIZE_CUBIC) p->mode = RESIZE_LINEAR; /* as the first opset calls it */
    p->coordinates = RESIZE_ASYMMETRIC;
    p->rounding = RESIZE_SIMPLE;
    if (c->node->op->since < 11) return SK_OK;
    SK_TRY(
        sk_want_word(c, "coordinate_transformation_mode", coordinates, RESIZE_HALF_PIXEL, &p->coordinates));
    SK_TRY(sk_want_word(c, "nearest_mode", roundings, RESIZE_PREFER_FLOOR, &p->rounding));
    SK_TRY(sk_want_word(c, "keep_aspect_ratio_policy", policies, RESIZE_STRETCH, &p->policy));
    SK_TRY(sk_want_float(c, "cubic_coeff_a", -0.75f, &p->cubic_a));
    SK_TRY(sk_want_float(c, "extrapolation_value", 0, &p->extrapolation));
    SK_TRY(sk_want_int(c, "exclude_outside", 0, &exclude));
    SK_TRY(sk_want_int(c, "antialias", 0, &antialias));
    p->exclude_outside = exclude != 0;
    p->antialias = antialias != 0;
    return sk_want_list(c, "axes", p->axes, &p->n_axes);
}

/* param 0: Upsample with the attribute 'scales'; 1: input 1 is scales; 3: roi, scales, sizes */
static sk_status resize_import(sk_import *c) {
    resize_params *p = sk_params(c, sizeof *p);
    const sk_attr *scales = NULL;
    if (!p) return SK_OUT_OF_MEMORY;
    p->n_axes = -1;
    p->roi_in = c->node->op->param == 3 ? 1 : -1;
    p->scales_in = c->node->op->param == 3 ? 2 : c->node->op->param == 1 ? 1 : -1;
    p->sizes_in = c->node->op->param == 3 ? 3 : -1;
    SK_TRY(import_modes(c, p));
    if (c->node->op->param) return SK_OK;
    if (c->node->opset < 7) {
        p->image[0] = p->image[1] = 1;
        p->scales = p->image;
        p->n_scales = 4;
        SK_TRY(sk_want_float(c, "height_scale", 0, &p->image[2])); /* 0, that is absent, is refused below */
        return sk_want_float(c, "width_scale", 0, &p->image[3]);
    }
    SK_TRY(sk_want(c, "scales", SK_ATTR_FLOATS, &scales));
    if (!scales || scales->count > SK_MAX_RANK)
        return sk_bad_attr(c, SK_MALFORMED, "attribute 'scales' is missing or too long");
    p->scales = scales->floats;
    p->n_scales = (int)scales->count;
    return SK_OK;
}

/* ---- shapes ---- */

static const sk_tensor *input(const sk_infer *c, int i) { return i >= 0 && i < c->n_in ? c->in[i] : NULL; }

/* An input that is there and not empty; exporters pass empty tensors for "not given". */
static const sk_tensor *list(const sk_infer *c, int i) {
    const sk_tensor *t = input(c, i);
    return t && t->rank == 1 && t->dims[0] == 0 ? NULL : t;
}

static sk_status check_list(const sk_infer *c, const sk_tensor *t, const char *what, int n, uint32_t types) {
    if (!t || !t->data) return SK_OK;
    if (t->rank != 1 || t->dims[0] != n || !sk_type_in(t->type, types))
        return sk_bad_shape(c, "%s is %pT, not a list of %d", what, t, n);
    return SK_OK;
}

#define REALS (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16))

/* Output length of an axis from its size or scale. */
static sk_status axis_sizes(const sk_infer *c, const sk_tensor *sizes, int n, const int *at,
                            resize_axis *axes) {
    const resize_params *p = c->node->params;
    float common = 0;
    for (int i = 0; i < n; i++) {
        resize_axis *a = &axes[at[i]];
        const int64_t size = sk_int_at(sizes, (size_t)i);
        if (size < 0 || size > INT32_MAX) return sk_bad_shape(c, "size %d is %lld", i, (long long)size);
        if (a->in < 0) continue;
        a->out = (int32_t)size;
        a->length = (float)size;
        a->scale = a->in ? (float)size / (float)a->in : 1;
        if (i == 0 || (p->policy == RESIZE_NOT_LARGER ? a->scale < common : a->scale > common))
            common = a->scale;
    }
    for (int i = 0; i < n && p->policy != RESIZE_STRETCH; i++) {
        resize_axis *a = &axes[at[i]];
        if (a->in < 0) continue;
        const float out = floorf(common * (float)a->in + 0.5f);
        if (!(out < 2147483648.0f)) return sk_bad_shape(c, "axis %d becomes too long", at[i]);
        a->scale = common;
        a->out = (int32_t)out;
        a->length = out;
    }
    return SK_OK;
}

static sk_status axis_scales(const sk_infer *c, const sk_tensor *scales, int n, const int *at,
                             resize_axis *axes) {
    const resize_params *p = c->node->params;
    for (int i = 0; i < n; i++) {
        resize_axis *a = &axes[at[i]];
        const float scale = scales ? (float)sk_number_at(scales, (size_t)i) : p->scales[i];
        const float out = floorf(scale * (float)a->in);
        if (!(scale > 0)) return sk_bad_shape(c, "scale %d is not positive", i);
        a->scale = scale;
        a->length = scale * (float)a->in;
        if (a->in < 0) continue;
        if (!(out < 2147483648.0f)) return sk_bad_shape(c, "axis %d becomes too long", at[i]);
        a->out = (int32_t)out;
    }
    return SK_OK;
}

/* What becomes of each axis of an input of known rank; out -1 where unknown. */
static sk_status resize_axes(const sk_infer *c, resize_axis axes[SK_MAX_RANK]) {
    const resize_params *p = c->node->params;
    const sk_tensor *in = c->in[0], *sizes = list(c, p->sizes_in), *scales = list(c, p->scales_in);
    const sk_tensor *roi = p->coordinates == RESIZE_TF_CROP ? list(c, p->roi_in) : NULL;
    int at[SK_MAX_RANK], n = in->rank;
    for (int i = 0; i < in->rank; i++)
        axes[i] = (resize_axis){in->dims[i], in->dims[i], 1, 0, 1, (float)in->dims[i]}, at[i] = i;
    if (p->n_axes >= 0) {
        n = p->n_axes;
        SK_TRY(sk_list_axes(c, p->axes, n, in->rank, at));
    }
    SK_TRY(check_list(c, sizes, "sizes", n, SK_T(INT64) | SK_T(INT32)));
    SK_TRY(check_list(c, scales, "scales", n, REALS));
    SK_TRY(check_list(c, roi, "roi", 2 * n, REALS));
    if (!p->scales && !sizes && !scales) return sk_bad_shape(c, "neither scales nor sizes are given");
    if (p->scales && p->n_scales != n) return sk_bad_shape(c, "%d scales for rank %d", p->n_scales, in->rank);
    for (int i = 0; i < n && roi && roi->data; i++) {
        axes[at[i]].roi_start = (float)sk_number_at(roi, (size_t)i);
        axes[at[i]].roi_end = (float)sk_number_at(roi, (size_t)i + (size_t)n);
    }
    if (sizes && sizes->data) return axis_sizes(c, sizes, n, at, axes);
    if (p->scales || (scales && scales->data && !sizes)) return axis_scales(c, scales, n, at, axes);
    for (int i = 0; i < n; i++) axes[at[i]].out = -1;
    return SK_OK;
}

static sk_status resize_infer(sk_infer *c) {
    const resize_params *p = c->node->params;
    const sk_tensor *in = c->in[0];
    resize_axis axes[SK_MAX_RANK] = {0};
    int64_t dims[SK_MAX_RANK];
    if (in->type && p->mode != RESIZE_NEAREST && !sk_type_in(in->type, SK_T_ARITH))
        return sk_node_fail(c->node, c->err, SK_UNSUPPORTED, "interpolation of %s", sk_type_name(in->type));
    sk_set_out_type(c, 0, in->type);
    if (in->rank < 0) return SK_OK;
    SK_TRY(resize_axes(c, axes));
    for (int i = 0; i < in->rank; i++) {
        dims[i] = axes[i].out;
        if (dims[i] > 0 && in->dims[i] == 0) return sk_bad_shape(c, "axis %d has nothing to resize", i);
    }
    return sk_set_out(c, 0, in->type, in->rank, dims);
}

/* ---- prepare ---- */

typedef struct resize_state {
    sk_nearest nearest;
    sk_nearest_fn *nearest_fn;
    sk_f32_resample_fn *resample_fn;
    char element[16]; /* nearest: what lies outside */
    int n;            /* linear and cubic: axes that change, in the order they are done */
    struct {
        sk_resample table;
        size_t outer, inner;
    } pass[SK_MAX_RANK];
    size_t half; /* bytes of one of the two intermediate tensors */
} resize_state;

/* The table of one axis, kept with the plan. */
static sk_status make_table(sk_prepare *p, const resize_axis *axis, sk_resample *table) {
    const resize_params *params = p->node->params;
    const int32_t taps = sk_resize_taps(params, axis);
    size_t weights = 0, bytes;
    if (params->mode != RESIZE_NEAREST && !sk_mul((size_t)axis->out, (size_t)taps, &weights))
        weights = SIZE_MAX;
    if (!sk_mul(weights + 1, sizeof(float), &bytes) || weights == SIZE_MAX || bytes > SK_MAX_TENSOR_BYTES)
        return sk_oom(p->err, SIZE_MAX);
    int32_t *first = sk_prepare_alloc(p, (size_t)axis->out * sizeof *first);
    float *weight = weights ? sk_prepare_alloc(p, weights * sizeof *weight) : NULL;
    if (!first || (weights && !weight)) return sk_oom(p->err, bytes);
    sk_resize_table(params, axis, taps, first, weight);
    *table = (sk_resample){axis->in, axis->out, taps, first, weight};
    return SK_OK;
}

/* Axes in storage order: leading ones that stay are `outer`, trailing ones the run. */
static sk_status prepare_nearest(sk_prepare *p, resize_state *s, const resize_axis *stored) {
    const resize_params *params = p->node->params;
    const int rank = p->in[0]->rank;
    int first = 0, last = rank - 1;
    const float value = params->extrapolation;
    s->nearest.outer = 1;
    s->nearest.size = s->nearest.run = sk_elem(p->in[0]->type);
    while (first < rank && sk_resize_keeps(params, &stored[first]))
        s->nearest.outer *= (size_t)stored[first++].in;
    while (last > first && sk_resize_keeps(params, &stored[last]))
        s->nearest.run *= (size_t)stored[last--].in;
    for (int i = first; i <= last; i++)
        SK_TRY(make_table(p, &stored[i], &s->nearest.axes[s->nearest.rank++]));
    const sk_tensor element = {.data = s->element, .type = p->in[0]->type};
    if (sk_type_in(element.type, SK_T_ARITH | SK_T(BOOL))) sk_put_number(&element, 0, value);
    s->nearest.outside = s->element;
    return SK_OK;
}

static sk_status prepare_passes(sk_prepare *p, resize_state *s, resize_axis *stored) {
    const resize_params *params = p->node->params;
    const int rank = p->in[0]->rank;
    uint8_t done[SK_MAX_RANK] = {0};
    for (;;) {
        int next = -1;
        for (int i = 0; i < rank; i++) {
            if (done[i] || sk_resize_keeps(params, &stored[i])) continue;
            if (next < 0 || (double)stored[i].out * stored[next].in < (double)stored[next].out * stored[i].in)
                next = i;
        }
        if (next < 0) break;
        size_t outer = 1, inner = 1;
        for (int i = 0; i < next; i++) outer *= (size_t)(done[i] ? stored[i].out : stored[i].in);
        for (int i = next + 1; i < rank; i++) inner *= (size_t)(done[i] ? stored[i].out : stored[i].in);
        done[next] = 1;
        s->pass[s->n].outer = outer;
        s->pass[s->n].inner = inner;
        SK_TRY(make_table(p, &stored[next], &s->pass[s->n++].table));
    }
    for (int i = 0; i + 1 < s->n; i++) {
        size_t bytes, n;
        if (!sk_mul(s->pass[i].outer * s->pass[i].inner, (size_t)s->pass[i].table.out * sizeof(float),
                    &bytes) ||
            bytes > SK_MAX_TENSOR_BYTES)
            return sk_oom(p->err, SIZE_MAX);
        n = (bytes + SK_ALIGN - 1) / SK_ALIGN * SK_ALIGN;
        s->half = s->half < n ? n : s->half;
    }
    p->scratch = s->half * (s->n > 2 ? 2 : 1);
    return SK_OK;
}

static sk_status prepare_typed(sk_prepare *p) {
    const resize_params *params = p->node->params;
    const sk_tensor *in = p->in[0];
    resize_axis axes[SK_MAX_RANK] = {0}, stored[SK_MAX_RANK] = {0};
    int8_t order[SK_MAX_RANK];
    SK_TRY(resize_axes(&p->shapes, axes));
    resize_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    s->nearest_fn = sk_select_nearest(sk_reference(p));
    s->resample_fn = sk_select_resample(sk_reference(p));
    if (!sk_numel(p->out[0])) return SK_OK;
    sk_storage_order(in, order);
    for (int i = 0; i < in->rank; i++) {
        stored[i] = axes[order[i]];
        if (stored[i].out != p->out[0]->dims[order[i]])
            return sk_bad_shape(&p->shapes, "the size of axis %d is not known", order[i]);
    }
    return params->mode == RESIZE_NEAREST ? prepare_nearest(p, s, stored) : prepare_passes(p, s, stored);
}

/* Interpolation is float32's; integers are cut off, as in casts. */
static sk_status resize_prepare(sk_prepare *p) {
    const resize_params *params = p->node->params;
    return params->mode == RESIZE_NEAREST ? prepare_typed(p) : sk_prepare_as_f32(p, 1, prepare_typed);
}

/* ---- run ---- */

typedef struct nearest_work {
    const resize_state *s;
    const char *src;
    char *dst;
    size_t in, out; /* bytes of an item */
} nearest_work;

/* Outer positions, or where there is only one positions of the first axis. */
static void nearest_part(const void *work, size_t begin, size_t end, int thread) {
    const nearest_work *w = work;
    sk_nearest n = w->s->nearest;
    (void)thread;
    if (n.outer > 1) {
        n.outer = end - begin;
    } else {
        n.axes[0].first += begin;
        n.axes[0].out = (int32_t)(end - begin);
    }
    w->s->nearest_fn(&n, w->src + begin * w->in, w->dst + begin * w->out);
}

static void run_nearest(const sk_run *r, const resize_state *s) {
    const size_t outer = s->nearest.outer, items = outer > 1 ? outer : (size_t)s->nearest.axes[0].out;
    const size_t out = sk_nbytes(r->out[0]) / items;
    const nearest_work w = {s, r->in[0]->data, r->out[0]->data, outer > 1 ? sk_nbytes(r->in[0]) / outer : 0,
                            out};
    sk_split(r->pool, items, (double)out / 16, nearest_part, &w);
}

typedef struct resample_work {
    const resize_state *s;
    const float *src;
    float *dst, outside;
    int pass;
} resample_work;

/* The same, of one axis. */
static void resample_part(const void *work, size_t begin, size_t end, int thread) {
    const resample_work *w = work;
    const size_t outer = w->s->pass[w->pass].outer, inner = w->s->pass[w->pass].inner;
    sk_resample table = w->s->pass[w->pass].table;
    (void)thread;
    if (outer > 1) {
        const size_t in = (size_t)table.in * inner, out = (size_t)table.out * inner;
        w->s->resample_fn(&table, end - begin, inner, w->src + begin * in, w->dst + begin * out, w->outside);
        return;
    }
    table.first += begin;
    table.weight += begin * (size_t)table.taps;
    table.out = (int32_t)(end - begin);
    w->s->resample_fn(&table, 1, inner, w->src, w->dst + begin * inner, w->outside);
}

static void run_pass(const sk_run *r, const resample_work *w) {
    const size_t outer = w->s->pass[w->pass].outer, inner = w->s->pass[w->pass].inner;
    const sk_resample *table = &w->s->pass[w->pass].table;
    const double position = 0.2 * (double)inner * table->taps;
    if (outer > 1) sk_split(r->pool, outer, position * table->out, resample_part, w);
    else sk_split(r->pool, (size_t)table->out, position, resample_part, w);
}

static sk_status resize_run(sk_run *r) {
    const resize_params *params = r->node->params;
    const resize_state *s = r->state;
    const size_t bytes = sk_nbytes(r->out[0]);
    if (!bytes) return SK_OK;
    if (s->nearest.rank) {
        run_nearest(r, s);
    } else if (!s->n) {
        memcpy(r->out[0]->data, r->in[0]->data, bytes);
    } else {
        const float *src = r->in[0]->data;
        for (int i = 0; i < s->n; i++) {
            void *half = (char *)r->scratch + (i & 1 ? s->half : 0);
            float *dst = i + 1 == s->n ? r->out[0]->data : half;
            run_pass(r, &(resample_work){s, src, dst, params->extrapolation, i});
            src = dst;
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_resize = {
    .import = resize_import, .infer = resize_infer, .prepare = resize_prepare, .run = resize_run};
