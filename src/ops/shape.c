/* Shape, Size, ConstantOfShape, Range: tensors made from shapes and a few numbers. */
#include <math.h>
#include <string.h>

#include "ops/elementwise.h"

/* ---- Shape, Size ---- */

typedef struct shape_params {
    int64_t start, end;
} shape_params;

static sk_status shape_import(sk_import *c) {
    shape_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    params->end = INT64_MAX;
    if (c->node->op->since < 15) return SK_OK;
    SK_TRY(sk_want_int(c, "start", 0, &params->start));
    return sk_want_int(c, "end", INT64_MAX, &params->end);
}

static int64_t bounded(int64_t i, int rank) {
    if (i < 0) i = i < -rank ? 0 : i + rank;
    return i > rank ? rank : i;
}

static sk_status shape_infer(sk_infer *c) {
    const shape_params *params = c->node->params;
    const int rank = c->in[0]->rank;
    int64_t n = -1;
    if (rank >= 0) {
        n = bounded(params->end, rank) - bounded(params->start, rank);
        if (n < 0) n = 0;
    }
    return sk_set_out(c, 0, SK_INT64, 1, &n);
}

static sk_status shape_run(sk_run *r) {
    const shape_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    const int64_t start = bounded(params->start, in->rank);
    int64_t *dst = r->out[0]->data;
    for (int i = 0; i < r->out[0]->dims[0]; i++) dst[i] = in->dims[start + i];
    return SK_OK;
}

const sk_impl sk_impl_shape = {.import = shape_import, .infer = shape_infer, .run = shape_run};

static sk_status size_infer(sk_infer *c) { return sk_set_out(c, 0, SK_INT64, 0, NULL); }

static sk_status size_run(sk_run *r) {
    *(int64_t *)r->out[0]->data = (int64_t)sk_numel(r->in[0]);
    return SK_OK;
}

const sk_impl sk_impl_size = {.infer = size_infer, .run = size_run};

/* ---- ConstantOfShape ---- */

typedef struct constant_params {
    int type;
    char element[16];
} constant_params;

static sk_status constant_of_shape_import(sk_import *c) {
    constant_params *params = sk_params(c, sizeof *params);
    const sk_attr *value;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want(c, "value", SK_ATTR_TENSOR, &value));
    params->type = SK_FLOAT32;
    if (!value) return SK_OK;
    const sk_tensor *t = &value->tensor->type;
    if (!sk_shape_known(t) || sk_numel(t) != 1)
        return sk_bad_attr(c, SK_MALFORMED, "'value' is not one element");
    if (!sk_elem(t->type) || t->type == SK_STRING)
        return sk_bad_attr(c, SK_UNSUPPORTED, "'value' is %s", sk_type_name(t->type));
    SK_TRY(sk_const_load(c->ir, value->tensor, c->err));
    params->type = t->type;
    memcpy(params->element, t->data, sk_elem(t->type));
    return SK_OK;
}

static sk_status constant_of_shape_infer(sk_infer *c) {
    const constant_params *params = c->node->params;
    int64_t dims[SK_MAX_RANK];
    int n;
    SK_TRY(sk_list_input(c, 0, "shape", dims, &n));
    sk_set_out_type(c, 0, params->type);
    if (n < 0) {
        n = c->in[0]->rank == 1 ? c->in[0]->dims[0] : -1;
        if (n < 0) return SK_OK;
        for (int i = 0; i < n; i++) dims[i] = -1;
    } else {
        for (int i = 0; i < n; i++)
            if (dims[i] < 0) return sk_bad_shape(c, "shape has an entry of %lld", (long long)dims[i]);
    }
    return sk_set_out(c, 0, params->type, n, dims);
}

static sk_status constant_of_shape_run(sk_run *r) {
    const constant_params *params = r->node->params;
    const size_t n = sk_numel(r->out[0]);
    if (n) sk_moves(r)->fill(r->out[0]->data, params->element, sk_elem(params->type), n);
    return SK_OK;
}

const sk_impl sk_impl_constant_of_shape = {.import = constant_of_shape_import,
                                           .infer = constant_of_shape_infer,
                                           .prepare = sk_move_prepare,
                                           .run = constant_of_shape_run};

/* ---- Range ---- */

/* Steps from start to limit; -1 when that is no number of elements. */
static int64_t range_count(const sk_tensor *const *in) {
    double n;
    if (sk_type_in(in[0]->type, SK_T_FLOATS)) {
        const double start = sk_number_at(in[0], 0), limit = sk_number_at(in[1], 0),
                     delta = sk_number_at(in[2], 0);
        n = ceil((limit - start) / delta); /* delta 0 gives an infinity or NaN, refused below */
    } else {
        const int64_t start = sk_int_at(in[0], 0), limit = sk_int_at(in[1], 0), delta = sk_int_at(in[2], 0);
        int64_t span, round;
        if (delta == 0 || __builtin_sub_overflow(limit, start, &span)) return -1;
        if (delta > 0 ? span <= 0 : span >= 0) return 0;
        if (delta == -1 && span == INT64_MIN) return -1;
        round = span % delta != 0;
        span = span / delta;
        n = (double)span + (double)round;
    }
    if (n <= 0) return 0;
    return n < (double)INT32_MAX ? (int64_t)n : -1;
}

static sk_status range_infer(sk_infer *c) {
    int known = 1;
    SK_TRY(sk_same_types(c));
    for (int i = 0; i < 3; i++) {
        SK_TRY(sk_want_one(c, i));
        known = known && c->in[i]->data && c->in[i]->type;
    }
    int64_t n = -1;
    if (known) {
        n = range_count(c->in);
        if (n < 0) return sk_bad_shape(c, "start, limit and delta give no number of elements");
    }
    return sk_set_out(c, 0, c->out[0]->type, 1, &n);
}

static sk_status range_run(sk_run *r) {
    const sk_tensor *out = r->out[0];
    const int64_t n = out->dims[0];
    const size_t size = sk_elem(out->type);
    if (range_count(r->in) != n) return sk_run_fail(r, SK_VALUE, "the number of elements changed");
    if (sk_type_in(out->type, SK_T_FLOATS)) {
        const double start = sk_number_at(r->in[0], 0), delta = sk_number_at(r->in[2], 0);
        for (int64_t i = 0; i < n; i++) sk_put_number(out, (size_t)i, start + (double)i * delta);
        return SK_OK;
    }
    const uint64_t delta = (uint64_t)sk_int_at(r->in[2], 0);
    uint64_t x = (uint64_t)sk_int_at(r->in[0], 0);
    for (int64_t i = 0; i < n; i++, x += delta) memcpy((char *)out->data + (size_t)i * size, &x, size);
    return SK_OK;
}

const sk_impl sk_impl_range = {.infer = range_infer, .run = range_run};
