/* Normalisation of rows: LayerNormalization and RMSNormalization over the last axes, LpNormalization along
 * one axis, MeanVarianceNormalization over any, LRN over neighbouring channels. */
#include <math.h>
#include <string.h>

#include "ops/fold.h"
#include "ops/norm.h"

/* ---- LayerNormalization, RMSNormalization ---- */

typedef struct layer_params {
    int64_t axis;
    float epsilon;
} layer_params;

static int is_rms(const sk_node *node) { return node->op->param == SK_OP_RMS_NORM; }

static sk_status import_layer(sk_import *c) {
    layer_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", -1, &params->axis));
    return sk_want_float(c, "epsilon", 1e-5f, &params->epsilon);
}

/* Scale and shift must have the normalised axes' shape, leading ones aside. */
static sk_status check_factor(const sk_infer *c, int i, int axis) {
    const sk_tensor *in = c->in[0], *t = i < c->n_in ? c->in[i] : NULL;
    SK_TRY(sk_want_types(c, i, SK_T_FLOATS));
    if (!t || t->rank < 0) return SK_OK;
    for (int d = 0; d < (t->rank > in->rank - axis ? t->rank : in->rank - axis); d++) {
        const int32_t a = d < t->rank ? t->dims[t->rank - 1 - d] : 1;
        const int32_t b = d < in->rank - axis ? in->dims[in->rank - 1 - d] : 1;
        if (a >= 0 && b >= 0 && a != b)
            return sk_bad_shape(c, "input %d is %pT for %pT and axis %d", i, t, in, axis);
    }
    return SK_OK;
}

static sk_status infer_layer(sk_infer *c) {
    const layer_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int axis;
    SK_TRY(sk_infer_same(c));
    for (int i = 1; i < c->n_out; i++)
        if (c->out[i]) c->out[i]->type = SK_FLOAT32;
    if (in->rank < 0) return SK_OK;
    if (!sk_axis(params->axis, in->rank, &axis))
        return sk_bad_shape(c, "axis %lld outside rank %d", (long long)params->axis, in->rank);
    SK_TRY(check_factor(c, 1, axis));
    SK_TRY(check_factor(c, 2, axis));
    for (int i = 1; i < c->n_out; i++) {
        if (!c->out[i]) continue;
        sk_set_shape(c->out[i], SK_FLOAT32, in->rank, in->dims);
        for (int d = axis; d < in->rank; d++) c->out[i]->dims[d] = 1;
    }
    return SK_OK;
}

static sk_status prepare_layer(sk_prepare *p) {
    p->state = (void *)(uintptr_t)sk_select_norm(sk_reference(p));
    for (int i = 0; i < p->n_in; i++) p->scratch += sk_f32_scratch(p->in[i]);
    return SK_OK;
}

static float *optional_output(const sk_run *r, int i) {
    return i < r->n_out && r->out[i] ? r->out[i]->data : NULL;
}

typedef struct layer_work {
    const sk_norm_kernels *k;
    const float *x, *scale, *shift;
    float *y, *means, *inverses;
    size_t n;
    float epsilon;
    int centre;
} layer_work;

/* Rows [begin, end). */
static void rows_part(const void *work, size_t begin, size_t end, int thread) {
    const layer_work *w = work;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        float mean, variance;
        w->k->moments(w->x + i * w->n, w->n, w->centre, &mean, &variance);
        const float inverse = (float)(1 / sqrt((double)variance + w->epsilon));
        w->k->normalize(w->x + i * w->n, w->y + i * w->n, w->n, mean, inverse, w->scale, w->shift);
        if (w->means) w->means[i] = mean;
        if (w->inverses) w->inverses[i] = inverse;
    }
}

static sk_status run_layer(sk_run *r) {
    const layer_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    layer_work w = {.k = r->state,
                    .n = sk_span(in, axis, in->rank),
                    .means = optional_output(r, 1),
                    .inverses = optional_output(r, 2),
                    .epsilon = params->epsilon,
                    .centre = !is_rms(r->node)};
    float *scratch = r->scratch;
    if (!w.n) return SK_OK;
    w.x = sk_as_f32(in, &scratch);
    w.scale = sk_as_f32(r->in[1], &scratch);
    w.shift = r->n_in > 2 && r->in[2] ? sk_as_f32(r->in[2], &scratch) : NULL;
    w.y = r->out[0]->type == SK_FLOAT32 ? r->out[0]->data : (float *)(uintptr_t)w.x;
    sk_split(r->pool, sk_span(in, 0, axis), (double)w.n * 0.4, rows_part, &w);
    sk_f32_finish(r->out[0], w.y);
    return SK_OK;
}

const sk_impl sk_impl_layer_norm = {
    .import = import_layer, .infer = infer_layer, .prepare = prepare_layer, .run = run_layer};

/* ---- LpNormalization ---- */

typedef struct lp_params {
    int64_t axis, p;
} lp_params;

typedef struct lp_state {
    sk_fold_plan plan;
    sk_broadcasting scale; /* x times the inverse norms */
} lp_state;

static sk_status import_lp(sk_import *c) {
    lp_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", -1, &params->axis));
    SK_TRY(sk_want_int(c, "p", 2, &params->p));
    if (params->p != 1 && params->p != 2)
        return sk_bad_attr(c, SK_MALFORMED, "p is %lld", (long long)params->p);
    return SK_OK;
}

static sk_status infer_lp(sk_infer *c) {
    const lp_params *params = c->node->params;
    int axis;
    if (c->in[0]->rank >= 0 && !sk_axis(params->axis, c->in[0]->rank, &axis))
        return sk_bad_shape(c, "axis %lld outside rank %d", (long long)params->axis, c->in[0]->rank);
    return sk_infer_same(c);
}

/* A tensor of the folds over `axes`: in's shape with ones, float32. */
static sk_tensor folded(const sk_tensor *in, uint32_t axes) {
    sk_tensor t = *in;
    t.type = SK_FLOAT32;
    for (int axis = 0; axis < in->rank; axis++)
        if ((axes >> axis) & 1) t.dims[axis] = 1;
    return t;
}

static sk_status prepare_lp(sk_prepare *p) {
    const lp_params *params = p->node->params;
    lp_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    int axis = 0;
    sk_axis(params->axis, p->in[0]->rank, &axis);
    const sk_tensor norms = folded(p->in[0], 1u << axis);
    const sk_tensor *const in[2] = {p->in[0], &norms};
    sk_fold_ready(&s->plan, p->in[0], &norms, 1u << axis);
    s->plan.kind = params->p == 1 ? SK_FOLD_SUM_ABS : SK_FOLD_SUM_SQUARE;
    s->plan.fold = sk_select_fold(s->plan.kind, SK_FLOAT32, sk_reference(p));
    p->scratch = sk_numel(&norms) * sizeof(float);
    return sk_binary_ready(p, &s->scale, SK_BINARY_MUL, in, p->out[0]);
}

/* Where the norm is zero, so is the result. */
static sk_status run_lp(sk_run *r) {
    const lp_params *params = r->node->params;
    const lp_state *s = r->state;
    const sk_tensor *in = r->in[0];
    float *norms = r->scratch;
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    const size_t count = in->dims[axis] ? sk_numel(in) / (size_t)in->dims[axis] : 0;
    memset(norms, 0, count * sizeof *norms);
    sk_fold_run(&s->plan, SK_FLOAT32, in->type, in->data, norms);
    for (size_t i = 0; i < count; i++) {
        const double norm = params->p == 1 ? norms[i] : sqrt(norms[i]);
        norms[i] = norm != 0 ? (float)(1 / norm) : 0;
    }
    return sk_elementwise_run(r, &s->scale, (const void *const[]){in->data, norms}, r->out[0]->data);
}

const sk_impl sk_impl_lp_norm = {
    .import = import_lp, .infer = infer_lp, .prepare = prepare_lp, .run = run_lp};

/* ---- MeanVarianceNormalization ---- */

typedef struct mvn_params {
    int64_t axes[SK_MAX_RANK];
    int n_axes;
} mvn_params;

typedef struct mvn_state {
    sk_fold_plan plan;
    sk_broadcasting centre, scale;
    size_t n_folded;
    double count;
} mvn_state;

static sk_status import_mvn(sk_import *c) {
    static const int64_t usual[3] = {0, 2, 3};
    mvn_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_list(c, "axes", params->axes, &params->n_axes));
    if (params->n_axes < 0) memcpy(params->axes, usual, sizeof usual), params->n_axes = 3;
    return SK_OK;
}

static sk_status mvn_axes(const sk_infer *c, uint32_t *mask) {
    const mvn_params *params = c->node->params;
    int places[SK_MAX_RANK];
    *mask = 0;
    SK_TRY(sk_list_axes(c, params->axes, params->n_axes, c->in[0]->rank, places));
    for (int i = 0; i < params->n_axes; i++) *mask |= 1u << places[i];
    return SK_OK;
}

static sk_status infer_mvn(sk_infer *c) {
    uint32_t mask;
    if (c->in[0]->rank >= 0) SK_TRY(mvn_axes(c, &mask));
    return sk_infer_same(c);
}

static sk_status prepare_mvn(sk_prepare *p) {
    mvn_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    uint32_t mask;
    SK_TRY(mvn_axes(&p->shapes, &mask));
    const sk_tensor means = folded(p->in[0], mask);
    const sk_tensor *const first[2] = {p->in[0], &means}, *const second[2] = {p->out[0], &means};
    sk_fold_ready(&s->plan, p->in[0], &means, mask);
    s->plan.fold = sk_select_fold(SK_FOLD_SUM, SK_FLOAT32, sk_reference(p));
    s->n_folded = sk_numel(&means);
    s->count = s->n_folded ? (double)sk_numel(p->in[0]) / (double)s->n_folded : 1;
    p->scratch = s->n_folded * sizeof(float);
    SK_TRY(sk_binary_ready(p, &s->centre, SK_BINARY_SUB, first, p->out[0]));
    return sk_binary_ready(p, &s->scale, SK_BINARY_MUL, second, p->out[0]);
}

/* ONNX defines it with 1e-9 added to the deviation. */
static sk_status run_mvn(sk_run *r) {
    mvn_state *s = r->state;
    float *folds = r->scratch, *y = r->out[0]->data;
    for (int pass = 0; pass < 2; pass++) {
        const void *const in[2] = {pass ? (const void *)y : r->in[0]->data, folds};
        memset(folds, 0, s->n_folded * sizeof *folds);
        s->plan.kind = pass ? SK_FOLD_SUM_SQUARE : SK_FOLD_SUM;
        sk_fold_run(&s->plan, SK_FLOAT32, SK_FLOAT32, in[0], folds);
        for (size_t i = 0; i < s->n_folded; i++) {
            const double mean = folds[i] / s->count;
            folds[i] = (float)(pass ? 1 / (sqrt(mean) + 1e-9) : mean);
        }
        SK_TRY(sk_elementwise_run(r, pass ? &s->scale : &s->centre, in, y));
    }
    return SK_OK;
}

const sk_impl sk_impl_mvn = {
    .import = import_mvn, .infer = infer_mvn, .prepare = prepare_mvn, .run = run_mvn};
