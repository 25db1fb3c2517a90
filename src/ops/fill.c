/* EyeLike, OneHot, Trilu: outputs that are mostly one value. */
#include <string.h>

#include "ops/elementwise.h"

/* ---- EyeLike ---- */

typedef struct eye_params {
    int64_t k;
    int64_t type; /* 0: the input's */
} eye_params;

static sk_status eye_like_import(sk_import *c) {
    eye_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "k", 0, &params->k));
    SK_TRY(sk_want_int(c, "dtype", 0, &params->type));
    if (params->type < 0 || params->type >= SK_TYPE_COUNT)
        return sk_bad_attr(c, SK_MALFORMED, "dtype is %lld", (long long)params->type);
    return SK_OK;
}

static sk_status eye_like_infer(sk_infer *c) {
    const eye_params *params = c->node->params;
    const int type = params->type ? (int)params->type : c->in[0]->type;
    int64_t dims[2] = {-1, -1};
    if (type && !sk_type_in(type, SK_T_ARITH | SK_T(BOOL)))
        return sk_infer_fail(c, SK_UNSUPPORTED, "output of %s", sk_type_name(type));
    SK_TRY(sk_fit(c, 0, 2, dims));
    return sk_set_out(c, 0, type, 2, dims);
}

static sk_status eye_like_run(sk_run *r) {
    const eye_params *params = r->node->params;
    const sk_tensor *out = r->out[0];
    const size_t bytes = sk_nbytes(out);
    if (bytes) memset(out->data, 0, bytes);
    for (int64_t row = 0; row < out->dims[0]; row++) {
        int64_t col;
        if (__builtin_add_overflow(row, params->k, &col) || col < 0 || col >= out->dims[1]) continue;
        sk_put_number(out, (size_t)(row * out->dims[1] + col), 1);
    }
    return SK_OK;
}

const sk_impl sk_impl_eye_like = {.import = eye_like_import, .infer = eye_like_infer, .run = eye_like_run};

/* ---- OneHot ---- */

typedef struct one_hot_params {
    int64_t axis;
} one_hot_params;

static sk_status one_hot_import(sk_import *c) {
    one_hot_params *params = sk_params(c, sizeof *params);
    return params ? sk_want_int(c, "axis", -1, &params->axis) : SK_OUT_OF_MEMORY;
}

/* Indices and depth may have any number type. */
static int64_t whole_at(const sk_tensor *t, size_t i) {
    const double x = sk_number_at(t, i);
    return x > -2147483648.0 && x < 2147483648.0 ? (int64_t)x : INT64_MIN;
}

static sk_status one_hot_infer(sk_infer *c) {
    const one_hot_params *params = c->node->params;
    const sk_tensor *idx = c->in[0], *depth = c->in[1], *values = c->in[2];
    int64_t dims[SK_MAX_RANK + 1], two = 2;
    int axis;
    SK_TRY(sk_fit(c, 2, 1, &two));
    SK_TRY(sk_want_one(c, 1));
    SK_TRY(sk_want_types(c, 1, SK_T_NUMBER | SK_T(FLOAT16)));
    if (values->type && !sk_elem(values->type))
        return sk_bad_shape(c, "values of %s are not supported", sk_type_name(values->type));
    sk_set_out_type(c, 0, values->type);
    if (idx->rank < 0) return SK_OK;
    SK_TRY(sk_axis_in(c, params->axis, idx->rank + 1, &axis));
    for (int i = 0; i < idx->rank; i++) dims[i < axis ? i : i + 1] = idx->dims[i];
    dims[axis] = depth->data && depth->type ? whole_at(depth, 0) : -1;
    if (depth->data && dims[axis] < 0) return sk_bad_shape(c, "depth is %lld", (long long)dims[axis]);
    return sk_set_out(c, 0, values->type, idx->rank + 1, dims);
}

static sk_status one_hot_run(sk_run *r) {
    const one_hot_params *params = r->node->params;
    const sk_tensor *idx = r->in[0], *values = r->in[2], *out = r->out[0];
    int axis = 0;
    sk_axis(params->axis, out->rank, &axis);
    const size_t size = sk_elem(out->type), total = sk_numel(out), n = total ? sk_numel(idx) : 0;
    const size_t inner = sk_span(idx, axis, idx->rank);
    const int32_t depth = out->dims[axis];
    const char *off = values->data, *on = off + size;
    char *dst = out->data;
    if (total) sk_moves(r)->fill(dst, off, size, total);
    for (size_t i = 0; i < n; i++) {
        int64_t index = whole_at(idx, i);
        if (!sk_wrap_index(&index, depth)) continue; /* outside: no element is on */
        const size_t at = (i / inner * (size_t)depth + (size_t)index) * inner + i % inner;
        memcpy(dst + at * size, on, size);
    }
    return SK_OK;
}

const sk_impl sk_impl_one_hot = {
    .import = one_hot_import, .infer = one_hot_infer, .prepare = sk_move_prepare, .run = one_hot_run};

/* ---- Trilu ---- */

typedef struct trilu_params {
    int64_t upper;
} trilu_params;

static sk_status trilu_import(sk_import *c) {
    trilu_params *params = sk_params(c, sizeof *params);
    return params ? sk_want_int(c, "upper", 1, &params->upper) : SK_OUT_OF_MEMORY;
}

static sk_status trilu_infer(sk_infer *c) {
    SK_TRY(sk_want_ints(c, 1, "k"));
    SK_TRY(sk_want_one(c, 1));
    if (c->in[0]->rank >= 0 && c->in[0]->rank < 2)
        return sk_bad_shape(c, "the input has rank %d, not at least 2", c->in[0]->rank);
    return sk_infer_same(c);
}

static sk_status trilu_run(sk_run *r) {
    const trilu_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    const int64_t rows = in->dims[in->rank - 2], cols = in->dims[in->rank - 1];
    int64_t k = r->n_in > 1 && r->in[1] ? sk_int_at(r->in[1], 0) : 0;
    k = k < -rows ? -rows : k > cols ? cols : k; /* beyond these nothing changes any more */
    const size_t size = sk_elem(in->type), matrices = sk_numel(in) ? sk_span(in, 0, in->rank - 2) : 0;
    const char *src = in->data;
    char *dst = r->out[0]->data;
    for (size_t m = 0; m < matrices; m++)
        for (int64_t row = 0; row < rows; row++, src += (size_t)cols * size, dst += (size_t)cols * size) {
            int64_t cut = row + k + (params->upper ? 0 : 1); /* first column above the lower part */
            cut = cut < 0 ? 0 : cut > cols ? cols : cut;
            const size_t left = (size_t)cut * size, right = (size_t)(cols - cut) * size;
            if (dst != src) memmove(dst, src, left + right);
            memset(params->upper ? dst : dst + left, 0, params->upper ? left : right);
        }
    return SK_OK;
}

const sk_impl sk_impl_trilu = {.import = trilu_import, .infer = trilu_infer, .run = trilu_run};
