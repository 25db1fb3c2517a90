/* Reshape, Flatten, Squeeze, Unsqueeze, Identity: the same bytes under another shape. The planner lets the
 * output be the input's memory; run copies only where it could not (evaluation at bind). */
#include "ops/elementwise.h"

typedef struct view_params {
    uint8_t allow_zero;
    int64_t axis; /* Flatten */
} view_params;

/* Input 1, a list. *n = -1: unknown or absent; *length: how long it is even so, else -1. */
static sk_status view_list(sk_infer *c, const char *what, int64_t list[SK_MAX_RANK], int *n, int *length) {
    const sk_tensor *t = c->n_in > 1 ? c->in[1] : NULL;
    SK_TRY(sk_list_input(c, 1, what, list, n));
    *length = *n >= 0 || !t ? *n : t->rank == 0 ? 1 : t->rank == 1 ? t->dims[0] : -1;
    return SK_OK;
}

static sk_status set_ranked(sk_infer *c, int rank) {
    static const int64_t unknown[SK_MAX_RANK] = {-1, -1, -1, -1, -1, -1, -1, -1};
    return sk_set_out(c, 0, c->in[0]->type, rank, unknown);
}

/* ---- Reshape ---- */

static sk_status reshape_import(sk_import *c) {
    view_params *params = sk_params(c, sizeof *params);
    int64_t allow_zero;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "allowzero", 0, &allow_zero));
    params->allow_zero = c->node->opset >= 14 && allow_zero != 0;
    return SK_OK;
}

/* Product of n dimensions; -1 when one is unknown, -2 when it overflows. */
static int64_t product(const int64_t *dims, int n) {
    int64_t total = 1;
    for (int i = 0; i < n; i++)
        if (dims[i] < 0) return -1;
    for (int i = 0; i < n; i++)
        if (__builtin_mul_overflow(total, dims[i], &total)) return -2;
    return total;
}

static sk_status reshape_dims(sk_infer *c, const int64_t *shape, int n, int64_t dims[SK_MAX_RANK]) {
    const view_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t from[SK_MAX_RANK],
        to[SK_MAX_RANK]; /* what does not cancel: copied dimensions stand on both sides */
    int inferred = -1;
    for (int i = 0; i < SK_MAX_RANK; i++) from[i] = i < in->rank ? in->dims[i] : 1;
    for (int i = 0; i < n; i++) {
        dims[i] = to[i] = shape[i];
        if (shape[i] == -1) {
            if (inferred >= 0) return sk_bad_shape(c, "the new shape has two dimensions of -1");
            inferred = i;
            to[i] = 1;
        } else if (shape[i] < 0) {
            return sk_bad_shape(c, "the new shape has a dimension of %lld", (long long)shape[i]);
        } else if (shape[i] == 0 && !params->allow_zero) {
            if (in->rank >= 0 && i >= in->rank)
                return sk_bad_shape(c, "dimension %d is to be copied from an input of rank %d", i, in->rank);
            dims[i] = in->rank < 0 ? -1 : in->dims[i];
            from[i] = to[i] = 1;
        }
    }
    if (in->rank < 0) return SK_OK;
    const int64_t have = product(from, SK_MAX_RANK), want = product(to, n);
    if (want == -2 || have == -2) return sk_bad_shape(c, "the shape is too large");
    if (inferred < 0) {
        if (have >= 0 && have != want)
            return sk_bad_shape(c, "%pT has not the %lld elements of the new shape", in, (long long)want);
        return SK_OK;
    }
    if (have < 0) return SK_OK;
    if (want == 0 || have % want)
        return sk_bad_shape(c, "%pT cannot be cut into parts of %lld", in, (long long)want);
    dims[inferred] = have / want;
    return SK_OK;
}

static sk_status reshape_infer(sk_infer *c) {
    int64_t shape[SK_MAX_RANK], dims[SK_MAX_RANK];
    int n, length;
    SK_TRY(view_list(c, "the new shape", shape, &n, &length));
    sk_set_out_type(c, 0, c->in[0]->type);
    if (n < 0) return length < 0 ? SK_OK : set_ranked(c, length);
    SK_TRY(reshape_dims(c, shape, n, dims));
    return sk_set_out(c, 0, c->in[0]->type, n, dims);
}

const sk_impl sk_impl_reshape = {.import = reshape_import, .infer = reshape_infer, .run = sk_run_same};

/* ---- Flatten ---- */

static sk_status flatten_import(sk_import *c) {
    view_params *params = sk_params(c, sizeof *params);
    return params ? sk_want_int(c, "axis", 1, &params->axis) : SK_OUT_OF_MEMORY;
}

static int64_t dims_product(const sk_tensor *t, int from, int to) {
    int64_t dims[SK_MAX_RANK];
    for (int i = from; i < to; i++) dims[i - from] = t->dims[i];
    return product(dims, to - from);
}

static sk_status flatten_infer(sk_infer *c) {
    const view_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    if (in->rank < 0) return set_ranked(c, 2);
    const int64_t axis = params->axis < 0 ? params->axis + in->rank : params->axis;
    if (axis < 0 || axis > in->rank)
        return sk_bad_shape(c, "axis %lld is outside rank %d", (long long)params->axis, in->rank);
    const int64_t dims[2] = {dims_product(in, 0, (int)axis), dims_product(in, (int)axis, in->rank)};
    return sk_set_out(c, 0, in->type, 2, dims);
}

const sk_impl sk_impl_flatten = {.import = flatten_import, .infer = flatten_infer, .run = sk_run_same};

/* ---- Squeeze, Unsqueeze ---- */

static sk_status squeeze_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    int64_t axes[SK_MAX_RANK], dims[SK_MAX_RANK];
    int n, length, at[SK_MAX_RANK], rank = 0;
    SK_TRY(view_list(c, "axes", axes, &n, &length));
    sk_set_out_type(c, 0, in->type);
    if (in->rank < 0) return SK_OK;
    const int given = c->n_in > 1 && c->in[1];
    if (given && n < 0) return length < 0 || length > in->rank ? SK_OK : set_ranked(c, in->rank - length);
    unsigned drop = 0;
    if (given) {
        SK_TRY(sk_list_axes(c, axes, n, in->rank, at));
        for (int i = 0; i < n; i++) drop |= 1u << at[i];
    } else {
        for (int i = 0; i < in->rank; i++) {
            if (in->dims[i] < 0) return SK_OK; /* 1 or not: even the rank is open */
            if (in->dims[i] == 1) drop |= 1u << i;
        }
    }
    for (int i = 0; i < in->rank; i++) {
        if (!(drop >> i & 1u)) dims[rank++] = in->dims[i];
        else if (in->dims[i] >= 0 && in->dims[i] != 1)
            return sk_bad_shape(c, "dimension %d is %d, not 1", i, (int)in->dims[i]);
    }
    return sk_set_out(c, 0, in->type, rank, dims);
}

const sk_impl sk_impl_squeeze = {.infer = squeeze_infer, .run = sk_run_same};

static sk_status unsqueeze_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    int64_t axes[SK_MAX_RANK], dims[SK_MAX_RANK];
    int n, length, at[SK_MAX_RANK];
    SK_TRY(view_list(c, "axes", axes, &n, &length));
    sk_set_out_type(c, 0, in->type);
    if (in->rank < 0 || length < 0) return SK_OK;
    const int rank = in->rank + length;
    if (n < 0 || rank > SK_MAX_RANK) return set_ranked(c, rank);
    SK_TRY(sk_list_axes(c, axes, n, rank, at));
    unsigned added = 0;
    for (int i = 0; i < n; i++) added |= 1u << at[i];
    for (int i = 0, from = 0; i < rank; i++) dims[i] = added >> i & 1u ? 1 : in->dims[from++];
    return sk_set_out(c, 0, in->type, rank, dims);
}

const sk_impl sk_impl_unsqueeze = {.infer = unsqueeze_infer, .run = sk_run_same};

/* ---- Identity ---- */

const sk_impl sk_impl_identity = {.infer = sk_infer_same, .run = sk_run_same};
