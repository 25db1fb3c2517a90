/* Scatter, ScatterElements, ScatterND: a copy of the data (none when it is the same memory), then the updates
 * one after another, so that of equal indices the last wins and reductions see each other. */
#include <string.h>

#include "ops/elementwise.h"

enum { REDUCE_NONE, REDUCE_ADD, REDUCE_MUL, REDUCE_MAX, REDUCE_MIN };

typedef struct scatter_params {
    int64_t axis;
    int reduction;
} scatter_params;

static sk_status scatter_import(sk_import *c) {
    static const char *const reductions[] = {"none", "add", "mul", "max", "min", NULL};
    scatter_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", 0, &params->axis));
    return sk_want_word(c, "reduction", reductions, REDUCE_NONE, &params->reduction);
}

static int reducible(int type) { return sk_type_in(type, SK_T_ARITH | SK_T(BOOL)); }

static sk_status scatter_types(const sk_infer *c) {
    const scatter_params *params = c->node->params;
    char node[SK_NODE_TEXT];
    SK_TRY(sk_want_ints(c, 1, "indices"));
    const int type = c->in[0]->type, updates = c->in[2]->type;
    if (type && updates && type != updates)
        return sk_fail(c->err, SK_TYPE, "%s: the updates are %s, the data %s", sk_node_text(c->node, node),
                       sk_type_name(updates), sk_type_name(type));
    if (type && params->reduction && !reducible(type))
        return sk_fail(c->err, SK_UNSUPPORTED, "%s: reduction of %s", sk_node_text(c->node, node),
                       sk_type_name(type));
    return SK_OK;
}

static void copy_data(const sk_run *r) {
    const size_t bytes = sk_nbytes(r->out[0]);
    if (bytes && r->out[0]->data != r->in[0]->data) memcpy(r->out[0]->data, r->in[0]->data, bytes);
}

/* Sums and products of float32 in double round to what float32 gives. */
static double reduce_real(int op, double a, double b) {
    switch (op) {
    case REDUCE_ADD: return a + b;
    case REDUCE_MUL: return a * b;
    case REDUCE_MAX: return a >= b || a != a ? a : b; /* what is no number stays */
    default: return a <= b || a != a ? a : b;
    }
}

/* Integers wrap around, so they are added and multiplied as unsigned; bool: or, and. */
static int64_t reduce_whole(int op, int type, int64_t a, int64_t b) {
    const int below = type == SK_UINT64 ? (uint64_t)a < (uint64_t)b : a < b;
    switch (op) {
    case REDUCE_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case REDUCE_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case REDUCE_MAX: return below ? b : a;
    default: return below ? a : b;
    }
}

static void apply(int op, int type, char *dst, char *src) {
    const sk_tensor to = {.data = dst, .type = (uint8_t)type}, from = {.data = src, .type = (uint8_t)type};
    if (sk_type_in(type, SK_T_FLOATS)) {
        sk_put_number(&to, 0, reduce_real(op, sk_number_at(&to, 0), sk_number_at(&from, 0)));
    } else {
        const int64_t x = reduce_whole(op, type, sk_int_at(&to, 0), sk_int_at(&from, 0));
        sk_convert(SK_INT64, type, &x, dst, 0, 1);
    }
}

static void update(const sk_run *r, char *dst, const char *src, size_t count) {
    const scatter_params *params = r->node->params;
    const int type = r->in[0]->type;
    const size_t size = sk_elem(type);
    if (params->reduction == REDUCE_NONE) memcpy(dst, src, count * size);
    else
        for (size_t i = 0; i < count; i++)
            apply(params->reduction, type, dst + i * size, (char *)(uintptr_t)src + i * size);
}

/* ---- ScatterElements ---- */

static sk_status scatter_elements_infer(sk_infer *c) {
    const scatter_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *idx = c->in[1], *updates = c->in[2];
    int axis = 0;
    SK_TRY(scatter_types(c));
    sk_copy_type(c->out[0], in);
    if (in->rank >= 0) SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
    if (idx->rank >= 0 && updates->rank >= 0) {
        int differ = idx->rank != updates->rank;
        for (int i = 0; i < idx->rank && !differ; i++)
            differ = idx->dims[i] >= 0 && updates->dims[i] >= 0 && idx->dims[i] != updates->dims[i];
        if (differ) return sk_bad_shape(c, "indices and updates differ in shape");
    }
    if (in->rank < 0 || idx->rank < 0) return SK_OK;
    if (in->rank != idx->rank)
        return sk_bad_shape(c, "the indices have rank %d, the data %d", idx->rank, in->rank);
    for (int i = 0; i < in->rank; i++)
        if (i != axis && in->dims[i] >= 0 && idx->dims[i] > in->dims[i])
            return sk_bad_shape(c, "dimension %d of the indices is %d, of the data %d", i, (int)idx->dims[i],
                                (int)in->dims[i]);
    return SK_OK;
}

static sk_status scatter_elements_run(sk_run *r) {
    const scatter_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *idx = r->in[1];
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    copy_data(r);
    const size_t n = sk_numel(idx), size = sk_elem(in->type);
    if (!n) return SK_OK;
    const int32_t dim = in->dims[axis];
    ptrdiff_t to[SK_MAX_RANK];
    sk_byte_strides(in, to);
    const ptrdiff_t step = to[axis];
    to[axis] = 0;
    int32_t at[SK_MAX_RANK] = {0};
    const char *src = r->in[2]->data;
    char *dst = r->out[0]->data; /* of the element with the index at 0 */
    for (size_t i = 0; i < n; i++, src += size) {
        int64_t index = sk_int_at(idx, i);
        if (!sk_wrap_index(&index, dim)) return sk_bad_index(r, sk_int_at(idx, i), axis, dim);
        update(r, dst + index * step, src, 1);
        for (int d = idx->rank - 1; d >= 0; d--) {
            dst += to[d];
            if (++at[d] < idx->dims[d]) break;
            dst -= to[d] * idx->dims[d];
            at[d] = 0;
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_scatter_elements = {
    .import = scatter_import, .infer = scatter_elements_infer, .run = scatter_elements_run};

/* ---- ScatterND ---- */

static sk_status scatter_nd_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0], *idx = c->in[1], *updates = c->in[2];
    SK_TRY(scatter_types(c));
    sk_copy_type(c->out[0], in);
    if (in->rank < 0 || idx->rank < 0) return SK_OK;
    if (in->rank == 0 || idx->rank == 0) return sk_bad_shape(c, "data and indices need a rank of at least 1");
    const int depth = idx->dims[idx->rank - 1];
    if (depth < 0) return SK_OK;
    if (depth > in->rank) return sk_bad_shape(c, "index tuples of %d for data of rank %d", depth, in->rank);
    if (updates->rank < 0) return SK_OK;
    int differ = updates->rank != idx->rank - 1 + in->rank - depth;
    for (int i = 0; i < updates->rank && !differ; i++) {
        const int32_t want = i < idx->rank - 1 ? idx->dims[i] : in->dims[i - (idx->rank - 1) + depth];
        differ = want >= 0 && updates->dims[i] >= 0 && updates->dims[i] != want;
    }
    char text[SK_SHAPE_TEXT];
    if (differ)
        return sk_bad_shape(c, "updates %s do not fit the indices and the data",
                            sk_tensor_text(updates, text));
    return SK_OK;
}

static sk_status scatter_nd_run(sk_run *r) {
    const sk_tensor *in = r->in[0], *idx = r->in[1];
    const int depth = idx->dims[idx->rank - 1];
    const size_t tuples = sk_span(idx, 0, idx->rank - 1), count = sk_span(in, depth, in->rank);
    const size_t run = count * sk_elem(in->type);
    const char *src = r->in[2]->data;
    size_t at = 0;
    copy_data(r);
    if (!run) return SK_OK;
    for (size_t t = 0; t < tuples; t++, src += run) {
        size_t offset = 0;
        for (int d = 0; d < depth; d++, at++) {
            int64_t index = sk_int_at(idx, at);
            if (!sk_wrap_index(&index, in->dims[d]))
                return sk_bad_index(r, sk_int_at(idx, at), d, in->dims[d]);
            offset = offset * (size_t)in->dims[d] + (size_t)index;
        }
        update(r, (char *)r->out[0]->data + offset * run, src, count);
    }
    return SK_OK;
}

const sk_impl sk_impl_scatter_nd = {
    .import = scatter_import, .infer = scatter_nd_infer, .run = scatter_nd_run};
