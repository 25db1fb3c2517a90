/* Normalisation by channels: BatchNormalization, InstanceNormalization, GroupNormalization. All end in a
 * scale and a shift for each channel, which they differ in finding. */
#include "ops/norm.h"

#include <math.h>
#include <string.h>

#include "ops/affine.h"
#include "ops/fold.h"

sk_channels sk_channels_of(const sk_tensor *t) {
    sk_channels s = {
        .batch = 1, .channels = 1, .inner = 1, .last = t->layout == SK_CHANNELS_LAST && t->rank >= 3};
    if (t->rank > 0) s.batch = (size_t)t->dims[0];
    if (t->rank > 1) s.channels = (size_t)t->dims[1];
    if (t->rank > 2) s.inner = sk_span(t, 2, t->rank);
    return s;
}

typedef struct affine_work {
    const sk_norm_kernels *k;
    const sk_channels *s;
    const float *x, *scale, *shift;
    float *y;
} affine_work;

/* Channels-last: pixels [begin, end). */
static void pixels_part(const void *work, size_t begin, size_t end, int thread) {
    const affine_work *w = work;
    const size_t cols = w->s->channels;
    (void)thread;
    w->k->affine(w->x + begin * cols, w->y + begin * cols, end - begin, cols, cols, w->scale, w->shift, 1);
}

/* Plain: channels [begin, end) of all images. */
static void channels_part(const void *work, size_t begin, size_t end, int thread) {
    const affine_work *w = work;
    const size_t inner = w->s->inner;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const size_t c = i % w->s->channels;
        w->k->affine(w->x + i * inner, w->y + i * inner, 1, inner, inner, &w->scale[c], &w->shift[c], 0);
    }
}

#define AFFINE_NS 0.3 /* of one number */

void sk_channels_affine(sk_pool *pool, const sk_norm_kernels *k, const sk_channels *s, const float *x,
                        float *y, const float *scale, const float *shift) {
    const affine_work w = {k, s, x, scale, shift, y};
    if (s->last || s->inner == 1)
        sk_split(pool, s->batch * s->inner, (double)s->channels * AFFINE_NS, pixels_part, &w);
    else sk_split(pool, s->batch * s->channels, (double)s->inner * AFFINE_NS, channels_part, &w);
}

sk_status sk_want_vector(const sk_infer *c, int i, int32_t n) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t) return SK_OK;
    SK_TRY(sk_want_types(c, i, SK_T_FLOATS));
    if (t->rank < 0 || (t->rank == 1 && (n < 0 || t->dims[0] < 0 || t->dims[0] == n))) return SK_OK;
    return sk_bad_shape(c, "input %d is %pT, not a vector of %d", i, t, (int)n);
}

static int32_t channel_count(const sk_tensor *t) { return t->rank < 0 ? -1 : t->rank < 2 ? 1 : t->dims[1]; }

/* ---- BatchNormalization ---- */

typedef struct batch_params {
    float epsilon, momentum;
    uint8_t training, spatial;
} batch_params;

static sk_status import_batch(sk_import *c) {
    batch_params *params = sk_params(c, sizeof *params);
    int64_t training, spatial, is_test;
    const int since = c->node->op->since;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_float(c, "epsilon", 1e-5f, &params->epsilon));
    SK_TRY(sk_want_float(c, "momentum", 0.9f, &params->momentum));
    SK_TRY(sk_want_int(c, "training_mode", 0, &training));
    SK_TRY(sk_want_int(c, "spatial", 1, &spatial));
    SK_TRY(sk_want_int(c, "is_test", 0, &is_test));
    params->spatial = since >= 9 || spatial != 0;
    params->training = since >= 14 ? training != 0 : since < 7 && !is_test;
    /* between these opsets nothing but further outputs says so */
    for (int i = 1; since >= 7 && since < 14 && i < c->node->n_outputs; i++)
        if (c->node->outputs[i]) params->training = 1;
    return SK_OK;
}

/* Not spatial: every position of a channel has statistics of its own. */
static sk_status want_positions(const sk_infer *c, int i) {
    const sk_tensor *x = c->in[0], *t = c->in[i];
    if (!sk_shape_known(x) || !sk_shape_known(t) || x->rank < 1 || sk_numel(t) == sk_span(x, 1, x->rank))
        return sk_want_types(c, i, SK_T_FLOATS);
    return sk_bad_shape(c, "input %d is %pT", i, t);
}

static sk_status infer_batch(sk_infer *c) {
    const batch_params *params = c->node->params;
    for (int i = 1; i < 5; i++)
        SK_TRY(params->spatial ? sk_want_vector(c, i, channel_count(c->in[0])) : want_positions(c, i));
    for (int i = 1; i < c->n_out; i++)
        if (c->out[i]) sk_copy_type(c->out[i], c->in[i % 2 ? 3 : 4]);
    return sk_infer_same(c);
}

/* The input as the statistics see it. */
static sk_channels batch_channels(const sk_node *node, const sk_tensor *x) {
    const batch_params *params = node->params;
    sk_channels s = sk_channels_of(x);
    if (params->spatial) return s;
    return (sk_channels){.batch = s.batch, .channels = s.channels * s.inner, .inner = 1};
}

static sk_status prepare_batch(sk_prepare *p) {
    const sk_channels s = batch_channels(p->node, p->in[0]);
    p->state = (void *)(uintptr_t)sk_select_norm(sk_reference(p));
    p->scratch = 2 * sk_pad16(s.channels * sizeof(float)) + sk_f32_scratch(p->in[0]);
    return SK_OK;
}

/* Mean and variance of channel c over everything else. */
static void channel_moments(const sk_channels *s, const float *x, size_t c, double *mean, double *variance) {
    const size_t count = s->batch * s->inner, step = s->last ? s->channels : 1;
    double sum = 0, squares = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t n = 0; n < s->batch; n++) {
            const float *at = x + n * s->channels * s->inner + (s->last ? c : c * s->inner);
            for (size_t i = 0; i < s->inner; i++, at += step) {
                if (pass) squares += (*at - sum / (double)count) * (*at - sum / (double)count);
                else sum += *at;
            }
        }
    *mean = sum / (double)count;
    *variance = squares / (double)count;
}

/* The statistics as outputs, where they are wanted: mean and variance in turn, which training moves towards
 * the batch's; up to opset 13 then those of the batch. */
static void put_statistics(const sk_run *r, size_t c, double mean, double variance) {
    const batch_params *params = r->node->params;
    for (int i = 1; i < r->n_out; i++) {
        const double old = sk_number_at(r->in[i % 2 ? 3 : 4], c), batch = i % 2 ? mean : variance;
        const double moved = old * params->momentum + batch * (1 - (double)params->momentum);
        if (r->out[i]) sk_put_number(r->out[i], c, !params->training ? old : i < 3 ? moved : batch);
    }
}

static sk_status run_batch(sk_run *r) {
    const batch_params *params = r->node->params;
    const sk_channels s = batch_channels(r->node, r->in[0]);
    const size_t pixels = sk_channels_of(r->in[0]).inner, images = pixels ? s.channels / pixels : 0;
    const int turned = !params->spatial && r->in[0]->layout == SK_CHANNELS_LAST && r->in[0]->rank > 2;
    const size_t row = sk_pad16(s.channels * sizeof(float)) / sizeof(float);
    float *scale = r->scratch, *shift = scale + row, *scratch = shift + row;
    const float *x = sk_as_f32(r->in[0], &scratch);
    float *y = r->out[0]->type == SK_FLOAT32 ? r->out[0]->data : (float *)(uintptr_t)x;
    for (size_t c = 0; c < s.channels; c++) {
        const size_t at =
            turned && images ? c % images * pixels + c / images : c; /* c counts as x is stored */
        double mean = sk_number_at(r->in[3], at), variance = sk_number_at(r->in[4], at);
        if (params->training) channel_moments(&s, x, c, &mean, &variance);
        put_statistics(r, at, mean, variance);
        const double factor = sk_number_at(r->in[1], at) / sqrt(variance + params->epsilon);
        scale[c] = (float)factor;
        shift[c] = (float)(sk_number_at(r->in[2], at) - mean * factor);
    }
    sk_channels_affine(r->pool, r->state, &s, x, y, scale, shift);
    sk_f32_finish(r->out[0], y);
    return SK_OK;
}

const sk_impl sk_impl_batch_norm = {.import = import_batch,
                                    .infer = infer_batch,
                                    .prepare = prepare_batch,
                                    .run = run_batch,
                                    SK_TRAITS(.as_affine = sk_affine_batch_norm)};

/* ---- InstanceNormalization, GroupNormalization ---- */

typedef struct group_params {
    float epsilon;
    int64_t groups;    /* 0: as many as channels */
    uint8_t per_group; /* scale and shift: one a group, not a channel */
} group_params;

static sk_status import_group(sk_import *c) {
    group_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_float(c, "epsilon", 1e-5f, &params->epsilon));
    if (c->node->op->param == SK_OP_INSTANCE_NORM) return SK_OK;
    SK_TRY(sk_want_int(c, "num_groups", 0, &params->groups));
    params->per_group = c->node->op->since < 21;
    if (params->groups < 1 || params->groups > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "num_groups is %lld", (long long)params->groups);
    return SK_OK;
}

static sk_status infer_group(sk_infer *c) {
    const group_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    if (in->rank == 0 || in->rank == 1) return sk_bad_shape(c, "rank %d has no channels", in->rank);
    const int32_t channels = channel_count(in);
    if (params->groups && channels >= 0 && channels % params->groups)
        return sk_bad_shape(c, "%d channels in %d groups", (int)channels, (int)params->groups);
    for (int i = 1; i < 3; i++)
        SK_TRY(sk_want_vector(c, i, params->per_group ? (int32_t)params->groups : channels));
    return sk_infer_same(c);
}

static sk_status prepare_group(sk_prepare *p) {
    const sk_channels s = sk_channels_of(p->in[0]);
    p->state = (void *)(uintptr_t)sk_select_norm(sk_reference(p));
    p->scratch = 4 * sk_pad16(s.channels * sizeof(float));
    for (int i = 0; i < 3; i++) p->scratch += sk_f32_scratch(p->in[i]);
    return SK_OK;
}

/* Means and variances of the groups of one image stored channels-last, repeated for each of their channels.
 */
static void moments_last(const sk_norm_kernels *k, const sk_channels *s, size_t groups, const float *x,
                         float *mean, float *variance) {
    const size_t size = s->channels / groups;
    const double count = (double)s->inner * (double)size;
    float *const both[2] = {mean, variance};
    for (int pass = 0; pass < 2; pass++) {
        float *acc = both[pass];
        memset(acc, 0, s->channels * sizeof *acc);
        if (pass) k->deviation(x, s->inner, s->channels, s->channels, mean, acc);
        else k->fold(SK_FOLD_SUM, x, s->inner, s->channels, s->channels, acc);
        for (size_t g = 0; g < groups; g++) {
            double sum = 0;
            for (size_t c = 0; c < size; c++) sum += acc[g * size + c];
            for (size_t c = 0; c < size; c++) acc[g * size + c] = (float)(sum / count);
        }
    }
}

typedef struct moments_work {
    const sk_norm_kernels *k;
    size_t size, run; /* channels of a group, numbers of a channel */
    const float *x;
    float *mean, *variance;
} moments_work;

/* Groups [begin, end) of one plain image: a run of numbers each. */
static void groups_part(const void *work, size_t begin, size_t end, int thread) {
    const moments_work *w = work;
    (void)thread;
    for (size_t g = begin; g < end; g++) {
        float *mean = w->mean + g * w->size, *variance = w->variance + g * w->size;
        w->k->moments(w->x + g * w->size * w->run, w->size * w->run, 1, mean, variance);
        for (size_t c = 1; c < w->size; c++) mean[c] = *mean, variance[c] = *variance;
    }
}

static void moments_plain(sk_pool *pool, const sk_norm_kernels *k, const sk_channels *s, size_t groups,
                          const float *x, float *mean, float *variance) {
    const moments_work w = {k, s->channels / groups, s->inner, x, mean, variance};
    sk_split(pool, groups, (double)(w.size * w.run) * AFFINE_NS, groups_part, &w);
}

static sk_status run_group(sk_run *r) {
    const group_params *params = r->node->params;
    const sk_norm_kernels *k = r->state;
    sk_channels s = sk_channels_of(r->in[0]);
    const size_t row = sk_pad16(s.channels * sizeof(float)) / sizeof(float), image = s.channels * s.inner;
    const size_t batch = s.batch, groups = params->groups ? (size_t)params->groups : s.channels;
    if (!sk_numel(r->in[0])) return SK_OK;
    float *mean = r->scratch, *variance = mean + row, *scale = variance + row, *shift = scale + row;
    float *scratch = shift + row;
    const float *x = sk_as_f32(r->in[0], &scratch);
    const float *gamma = sk_as_f32(r->in[1], &scratch), *beta = sk_as_f32(r->in[2], &scratch);
    float *y = r->out[0]->type == SK_FLOAT32 ? r->out[0]->data : (float *)(uintptr_t)x;
    s.batch = 1;
    for (size_t n = 0; n < batch; n++) {
        if (s.last) moments_last(k, &s, groups, x + n * image, mean, variance);
        else moments_plain(r->pool, k, &s, groups, x + n * image, mean, variance);
        for (size_t c = 0; c < s.channels; c++) {
            const size_t at = params->per_group ? c / (s.channels / groups) : c;
            const double factor = gamma[at] / sqrt((double)variance[c] + params->epsilon);
            scale[c] = (float)factor;
            shift[c] = (float)(beta[at] - mean[c] * factor);
        }
        sk_channels_affine(r->pool, k, &s, x + n * image, y + n * image, scale, shift);
    }
    sk_f32_finish(r->out[0], y);
    return SK_OK;
}

const sk_impl sk_impl_group_norm = {
    .import = import_group, .infer = infer_group, .prepare = prepare_group, .run = run_group};
