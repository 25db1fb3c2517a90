/* Normalisation of rows: LayerNormalization and RMSNormalization over the last axes. */
#include <math.h>

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
