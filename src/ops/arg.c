/* ArgMax, ArgMin, CumSum and CumProd: operators along one axis. */
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
    arg_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
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

/* ---- CumSum, CumProd ---- */

typedef struct running_params {
    uint8_t exclusive, reverse;
} running_params;

typedef struct running_state {
    sk_binary_fn *step; /* adds or multiplies */
    uint8_t loop;       /* the type that it does it in; all others are converted */
    uint8_t same;       /* none is: unsigned numbers wrap as signed ones do */
    uint8_t kind;       /* SK_BINARY_ADD or SK_BINARY_MUL */
} running_state;

static sk_status import_running(sk_import *c) {
    running_params *params = sk_params(c, sizeof *params);
    int64_t exclusive, reverse;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "exclusive", 0, &exclusive));
    SK_TRY(sk_want_int(c, "reverse", 0, &reverse));
    params->exclusive = exclusive != 0;
    params->reverse = reverse != 0;
    return SK_OK;
}

static sk_status infer_running(sk_infer *c) {
    SK_TRY(sk_want_ints(c, 1, "axis"));
    if (sk_shape_known(c->in[1]) && sk_numel(c->in[1]) != 1) return sk_bad_shape(c, "axis is not a scalar");
    return sk_infer_same(c);
}

static sk_status prepare_running(sk_prepare *p) {
    running_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    const int type = p->in[0]->type, kind = p->node->op->param;
    const int is_signed = type == SK_UINT32 ? SK_INT32 : type == SK_UINT64 ? SK_INT64 : type;
    s->loop = (uint8_t)sk_binary_loop(kind, is_signed, sk_reference(p));
    s->step = s->loop ? sk_select_binary(kind, s->loop, sk_reference(p)) : NULL;
    if (!s->step) return sk_no_kernel(p, type);
    s->kind = (uint8_t)kind;
    s->same = s->loop == is_signed;
    if (!s->same) p->scratch = 2 * sk_numel(p->in[0]) * (size_t)sk_type_bits(s->loop) / 8;
    return SK_OK;
}

/* Row by row: y[i] = y[i - 1] + x[i], or + x[i - 1]. */
static void run_along(const running_state *s, const around *a, const running_params *params, const uint8_t *x,
                      uint8_t *y) {
    const size_t size = (size_t)sk_type_bits(s->loop) / 8, row = a->inner * size;
    const sk_tensor first = {.data = y + (params->reverse && a->n ? (a->n - 1) * row : 0), .type = s->loop};
    for (size_t i = 0, before = 0; i < a->n; i++) {
        const size_t at = params->reverse ? a->n - 1 - i : i;
        uint8_t *to = y + at * row;
        if (i)
            s->step(s->kind, y + before * row, 1, x + (params->exclusive ? before : at) * row, 1, to,
                    a->inner);
        else if (!params->exclusive) memcpy(to, x + at * row, row);
        else
            for (size_t k = 0; k < a->inner; k++) sk_put_number(&first, k, s->kind == SK_BINARY_MUL);
        before = at;
    }
}

static sk_status run_running(sk_run *r) {
    const running_state *s = r->state;
    const sk_tensor *in = r->in[0];
    const int64_t given = sk_int_at(r->in[1], 0);
    const size_t n = sk_numel(in), size = (size_t)sk_type_bits(s->loop) / 8;
    int axis;
    if (!sk_axis(given, in->rank, &axis))
        return sk_run_fail(r, SK_VALUE, "axis %lld outside rank %d", (long long)given, in->rank);
    if (!n) return SK_OK;
    const around a = around_axis(in, axis);
    const size_t slice = a.n * a.inner * size;
    uint8_t *x = s->same ? in->data : r->scratch, *y = s->same ? r->out[0]->data : x + n * size;
    if (!s->same) sk_convert(in->type, s->loop, in->data, x, 0, n);
    for (size_t o = 0; o < a.outer; o++) run_along(s, &a, r->node->params, x + o * slice, y + o * slice);
    if (!s->same) sk_convert(s->loop, in->type, y, r->out[0]->data, 0, n);
    return SK_OK;
}

const sk_impl sk_impl_running = {
    .import = import_running, .infer = infer_running, .prepare = prepare_running, .run = run_running};
