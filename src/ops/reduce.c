/* Reductions over any set of axes: ReduceSum, Mean, Max, Min, Prod, L1, L2, SumSquare, LogSum, LogSumExp. The
 * input is walked once in its storage order with neighbouring axes of a kind merged, so that the kernel sees
 * runs of numbers to be folded into one, or rows to be folded into a row. */
#include "ops/fold.h"

#include "core/maths.h"

#include "ops/elementwise.h"

typedef struct reduce_params {
    int64_t axes[SK_MAX_RANK];
    int n_axes; /* -1: not given as attribute */
    uint8_t keep, noop, from_input;
} reduce_params;

typedef struct reduce_state {
    sk_fold_plan plan;
    double count; /* numbers folded into one */
    size_t n_in, n_out;
    uint8_t kind, loop;
    /* LogSumExp: x - max, then its exponential, in scratch */
    sk_broadcasting minus_max, exp;
    sk_fold_fn *max;
    sk_binary_fn *add;
} reduce_state;

static int reduce_kind(const sk_node *node) { return node->op->param & ~SK_OP_AXES_INPUT; }

static int fold_kind(int kind) {
    switch (kind) {
    case SK_OP_REDUCE_MAX: return SK_FOLD_MAX;
    case SK_OP_REDUCE_MIN: return SK_FOLD_MIN;
    case SK_OP_REDUCE_PROD: return SK_FOLD_PROD;
    case SK_OP_REDUCE_L1: return SK_FOLD_SUM_ABS;
    case SK_OP_REDUCE_L2:
    case SK_OP_REDUCE_SUM_SQUARE: return SK_FOLD_SUM_SQUARE;
    default: return SK_FOLD_SUM;
    }
}

static sk_status import(sk_import *c) {
    reduce_params *params = sk_params(c, sizeof *params);
    int64_t keep, noop;
    if (!params) return SK_OUT_OF_MEMORY;
    params->from_input = (c->node->op->param & SK_OP_AXES_INPUT) != 0;
    params->n_axes = -1;
    SK_TRY(sk_want_int(c, "keepdims", 1, &keep));
    SK_TRY(sk_want_int(c, "noop_with_empty_axes", 0, &noop));
    params->keep = keep != 0;
    params->noop = params->from_input && noop != 0;
    return params->from_input ? SK_OK : sk_want_list(c, "axes", params->axes, &params->n_axes);
}

/* ---- infer ---- */

/* Which axes are reduced, as bits; known = 0 when that is not known yet. */
static sk_status reduced_axes(const sk_infer *c, uint32_t *mask, int *known) {
    const reduce_params *params = c->node->params;
    const int rank = c->in[0]->rank, given = params->from_input && c->n_in > 1 && c->in[1];
    int64_t axes[SK_MAX_RANK];
    int places[SK_MAX_RANK], n = 0;
    *known = 1;
    if (given) {
        SK_TRY(sk_list_input(c, 1, "axes", axes, &n));
        if (n < 0) {
            *known = 0;
            return SK_OK;
        }
    } else {
        n = params->n_axes < 0 ? 0 : params->n_axes;
        for (int i = 0; i < n; i++) axes[i] = params->axes[i];
    }
    *mask = n == 0 && !params->noop ? (1u << rank) - 1u : 0;
    SK_TRY(sk_list_axes(c, axes, n, rank, places));
    for (int i = 0; i < n; i++) *mask |= 1u << places[i];
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    const reduce_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int32_t dims[SK_MAX_RANK];
    uint32_t mask = 0;
    int known = 0, rank = 0;
    c->out[0]->type = in->type;
    if (in->rank < 0) return SK_OK;
    SK_TRY(reduced_axes(c, &mask, &known));
    if (!known && !params->keep) return SK_OK;
    for (int axis = 0; axis < in->rank; axis++) {
        const int reduced = (mask >> axis) & 1;
        if (!reduced || params->keep) dims[rank++] = !known ? -1 : reduced ? 1 : in->dims[axis];
    }
    sk_set_shape(c->out[0], in->type, rank, dims);
    return SK_OK;
}

/* ---- prepare ---- */

static sk_status prepare_log_sum_exp(sk_prepare *p, reduce_state *s, uint32_t mask) {
    const sk_tensor *in = p->in[0];
    sk_tensor max = *in, wide = *in;
    max.type = wide.type = s->loop;
    for (int axis = 0; axis < in->rank; axis++)
        if ((mask >> axis) & 1) max.dims[axis] = 1;
    const uint8_t loops[2] = {s->loop, s->loop};
    const sk_tensor *const operands[2] = {in, &max}, *const one[1] = {&wide};
    s->minus_max.args.kind = SK_BINARY_SUB;
    s->minus_max.binary = sk_select_binary(SK_BINARY_SUB, s->loop, sk_reference(p));
    sk_broadcast_ready(&s->minus_max, &wide, operands, 2, loops, s->loop);
    s->max = sk_select_fold(SK_FOLD_MAX, s->loop, sk_reference(p));
    s->add = sk_select_binary(SK_BINARY_ADD, s->loop, sk_reference(p));
    s->exp.args.kind = SK_UNARY_EXP;
    s->exp.unary = sk_select_unary(SK_UNARY_EXP, s->loop, sk_reference(p));
    sk_broadcast_ready(&s->exp, &wide, one, 1, loops, s->loop);
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    reduce_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    uint32_t mask = 0;
    int known = 0;
    SK_TRY(reduced_axes(&p->shapes, &mask, &known));
    s->kind = (uint8_t)reduce_kind(p->node);
    s->loop = (uint8_t)sk_fold_loop(fold_kind(s->kind), p->in[0]->type);
    if (!known || !s->loop) return sk_no_kernel(p, p->in[0]->type);
    sk_fold_ready(&s->plan, p->in[0], p->out[0], mask);
    s->count = 1;
    for (int axis = 0; axis < p->in[0]->rank; axis++)
        if ((mask >> axis) & 1) s->count *= p->in[0]->dims[axis];
    s->n_in = sk_numel(p->in[0]);
    s->n_out = sk_numel(p->out[0]);
    s->plan.kind = fold_kind(s->kind);
    s->plan.fold = sk_select_fold(s->plan.kind, s->loop, sk_reference(p));
    const size_t width = (size_t)sk_type_bits(s->loop) / 8;
    p->scratch = sk_pad16(s->n_out * width);
    if (s->kind != SK_OP_REDUCE_LOG_SUM_EXP) return SK_OK;
    p->scratch += sk_pad16(s->n_out * width) + s->n_in * width;
    return prepare_log_sum_exp(p, s, mask);
}

/* ---- run ---- */

static double finish(const reduce_state *s, double x) {
    switch (s->kind) {
    case SK_OP_REDUCE_MEAN: return x / s->count;
    case SK_OP_REDUCE_L2: return sqrt(x);
    default: return sk_log(x); /* LogSum, LogSumExp */
    }
}

/* What follows the fold. Integers: the mean truncates, roots and logarithms do as casts do. */
static void finish_all(const reduce_state *s, void *acc) {
    const size_t width = (size_t)sk_type_bits(s->loop) / 8;
    const int kind = s->kind, integer_mean = kind == SK_OP_REDUCE_MEAN && s->loop == SK_INT64;
    if (kind != SK_OP_REDUCE_MEAN && kind != SK_OP_REDUCE_L2 && kind != SK_OP_REDUCE_LOG_SUM &&
        kind != SK_OP_REDUCE_LOG_SUM_EXP)
        return;
    for (size_t i = 0; i < s->n_out; i++) {
        uint8_t *at = (uint8_t *)acc + i * width;
        double x;
        if (integer_mean) {
            *(int64_t *)at = s->count > 0 ? *(int64_t *)at / (int64_t)s->count : 0;
            continue;
        }
        sk_convert(s->loop, SK_FLOAT64, at, &x, 0, 1);
        x = finish(s, x);
        sk_convert(SK_FLOAT64, s->loop, &x, at, 0, 1);
    }
}

/* log(sum(exp(x - max))) + max; where max is infinite it is left out. */
static void log_sum_exp(const sk_run *r, void *scratch, void *acc) {
    const reduce_state *s = r->state;
    const sk_tensor *in = r->in[0];
    const size_t width = (size_t)sk_type_bits(s->loop) / 8;
    uint8_t *max = scratch, *wide = max + sk_pad16(s->n_out * width);
    sk_fold_plan plan = s->plan;
    plan.fold = s->max;
    sk_fold_clear(SK_FOLD_MAX, s->loop, in->type, max, s->n_out);
    sk_fold_split(r->pool, &plan, s->loop, in->type, in->data, max);
    for (size_t i = 0; i < s->n_out; i++) {
        if (s->loop == SK_FLOAT32 && !isfinite(((float *)max)[i])) ((float *)max)[i] = 0;
        if (s->loop == SK_FLOAT64 && !isfinite(((double *)max)[i])) ((double *)max)[i] = 0;
    }
    sk_broadcast_run(r->pool, &s->minus_max, (const void *const[]){in->data, max}, wide);
    sk_broadcast_run(r->pool, &s->exp, (const void *const[]){wide}, wide);
    sk_fold_split(r->pool, &s->plan, s->loop, s->loop, wide, acc);
    finish_all(s, acc);
    s->add(SK_BINARY_ADD, acc, 1, max, 1, acc, s->n_out);
}

static sk_status run(sk_run *r) {
    const reduce_state *s = r->state;
    const sk_tensor *in = r->in[0], *out = r->out[0];
    const size_t width = (size_t)sk_type_bits(s->loop) / 8;
    void *acc = out->type == s->loop ? out->data : r->scratch;
    sk_fold_clear(fold_kind(s->kind), s->loop, in->type, acc, s->n_out);
    if (s->kind == SK_OP_REDUCE_LOG_SUM_EXP) {
        log_sum_exp(r, (uint8_t *)r->scratch + sk_pad16(s->n_out * width), acc);
    } else {
        sk_fold_split(r->pool, &s->plan, s->loop, in->type, in->data, acc);
        finish_all(s, acc);
    }
    if (acc != out->data) sk_convert(s->loop, out->type, acc, out->data, 0, s->n_out);
    return SK_OK;
}

const sk_impl sk_impl_reduce = {.import = import, .infer = infer, .prepare = prepare, .run = run};
