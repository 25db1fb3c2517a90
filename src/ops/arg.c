/* ArgMax, ArgMin and CumSum: operators along one axis. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/fold.h"

/* [outer][n][inner] in storage around a logical axis. */
typedef struct around {
    size_t outer, n, inner;
} around;

static around around_axis(const sk_tensor *t, int axis) {
    int32_t dims[SK_MAX_RANK];
    const int rank = sk_storage_dims(t, dims), at = sk_storage_axis(t, axis);
    around a = {1, (size_t)dims[at], 1};
    for (int i = 0; i < rank; i++) {
        if (i < at) a.outer *= (size_t)dims[i];
        if (i > at) a.inner *= (size_t)dims[i];
    }
    return a;
}

/* ---- ArgMax, ArgMin ---- */

typedef struct arg_params {
    int64_t axis;
    uint8_t keep, last;
} arg_params;

typedef struct arg_state {
    sk_arg_fn *kernel;
    sk_arg_args args;
    uint8_t loop;
} arg_state;

static sk_status import_arg(sk_import *c) {
    arg_params *params = sk_params(c, sizeof *params);
    int64_t keep, last;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", 0, &params->axis));
    SK_TRY(sk_want_int(c, "keepdims", 1, &keep));
    SK_TRY(sk_want_int(c, "select_last_index", 0, &last));
    params->keep = keep != 0;
    params->last = last != 0;
    return SK_OK;
}

static sk_status infer_arg(sk_infer *c) {
    const arg_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int32_t dims[SK_MAX_RANK];
    int axis, rank = 0;
    c->out[0]->type = SK_INT64;
    if (in->rank < 0) return SK_OK;
    if (!sk_axis(params->axis, in->rank, &axis))
        return sk_bad_shape(c, "axis %lld outside rank %d", (long long)params->axis, in->rank);
    if (in->dims[axis] == 0) return sk_bad_shape(c, "nothing along axis %d", axis);
    for (int d = 0; d < in->rank; d++)
        if (d != axis || params->keep) dims[rank++] = d == axis ? 1 : in->dims[d];
    sk_set_shape(c->out[0], SK_INT64, rank, dims);
    return SK_OK;
}

static sk_status prepare_arg(sk_prepare *p) {
    const arg_params *params = p->node->params;
    arg_state *s = p->state = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    int axis = 0;
    sk_axis(params->axis, p->in[0]->rank, &axis);
    const around a = around_axis(p->in[0], axis);
    s->args = (sk_arg_args){
        .outer = a.outer, .n = a.n, .inner = a.inner, .min = p->node->op->param != 0, .last = params->last};
    s->loop = (uint8_t)sk_fold_loop(SK_FOLD_SUM, p->in[0]->type);
    s->kernel = sk_select_arg(s->loop);
    if (p->in[0]->type != s->loop) p->scratch = sk_numel(p->in[0]) * (size_t)sk_type_bits(s->loop) / 8;
    return SK_OK;
}

static sk_status run_arg(sk_run *r) {
    const arg_state *s = r->state;
    const sk_tensor *in = r->in[0];
    sk_arg_args args = s->args;
    args.x = in->data;
    args.index = r->out[0]->data;
    if (sk_numel(r->out[0]) == 0) return SK_OK;
    if (in->type != s->loop) {
        sk_convert(in->type, s->loop, in->data, r->scratch, 0, sk_numel(in));
        args.x = r->scratch;
    }
    /* as signed numbers uint64 keeps its order when the sign is turned */
    for (size_t i = 0; in->type == SK_UINT64 && i < sk_numel(in); i++)
        ((uint64_t *)r->scratch)[i] ^= (uint64_t)1 << 63;
    s->kernel(&args);
    return SK_OK;
}

const sk_impl sk_impl_arg = {
    .import = import_arg, .infer = infer_arg, .prepare = prepare_arg, .run = run_arg};

/* ---- CumSum ---- */

typedef struct cumsum_params {
    uint8_t exclusive, reverse;
} cumsum_params;

static sk_status import_cumsum(sk_import *c) {
    cumsum_params *params = sk_params(c, sizeof *params);
    int64_t exclusive, reverse;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "exclusive", 0, &exclusive));
    SK_TRY(sk_want_int(c, "reverse", 0, &reverse));
    params->exclusive = exclusive != 0;
    params->reverse = reverse != 0;
    return SK_OK;
}

static sk_status infer_cumsum(sk_infer *c) {
    SK_TRY(sk_want_ints(c, 1, "axis"));
    if (sk_shape_known(c->in[1]) && sk_numel(c->in[1]) != 1) return sk_bad_shape(c, "axis is not a scalar");
    return sk_infer_same(c);
}

/* Unsigned integers share the signed ones' loop: sums wrap alike. */
static sk_status prepare_cumsum(sk_prepare *p) {
    const int type = p->in[0]->type == SK_UINT32   ? SK_INT32
                     : p->in[0]->type == SK_UINT64 ? SK_INT64
                                                   : p->in[0]->type;
    sk_binary_fn **add = p->state = sk_prepare_alloc(p, sizeof *add);
    if (!add) return sk_oom(p->err, sizeof *add);
    *add = sk_select_binary(SK_BINARY_ADD, type, sk_reference(p));
    return *add ? SK_OK : sk_no_kernel(p, p->in[0]->type);
}

/* Row by row: y[i] = y[i - 1] + x[i], or + x[i - 1]. */
static void cumsum(sk_binary_fn *add, const around *a, size_t size, const cumsum_params *params,
                   const uint8_t *x, uint8_t *y) {
    const size_t row = a->inner * size;
    for (size_t i = 0, before = 0; i < a->n; i++) {
        const size_t at = params->reverse ? a->n - 1 - i : i;
        uint8_t *to = y + at * row;
        if (i) add(y + before * row, 1, x + (params->exclusive ? before : at) * row, 1, to, a->inner);
        else if (params->exclusive) memset(to, 0, row);
        else memcpy(to, x + at * row, row);
        before = at;
    }
}

static sk_status run_cumsum(sk_run *r) {
    sk_binary_fn *const *add = r->state;
    const sk_tensor *in = r->in[0];
    const int64_t given = sk_int_at(r->in[1], 0);
    int axis;
    if (!sk_axis(given, in->rank, &axis))
        return sk_run_fail(r, SK_VALUE, "axis %lld outside rank %d", (long long)given, in->rank);
    if (!sk_numel(in)) return SK_OK;
    const around a = around_axis(in, axis);
    const size_t size = (size_t)sk_type_bits(in->type) / 8, slice = a.n * a.inner * size;
    for (size_t o = 0; o < a.outer; o++)
        cumsum(*add, &a, size, r->node->params, (const uint8_t *)in->data + o * slice,
               (uint8_t *)r->out[0]->data + o * slice);
    return SK_OK;
}

const sk_impl sk_impl_cumsum = {
    .import = import_cumsum, .infer = infer_cumsum, .prepare = prepare_cumsum, .run = run_cumsum};
