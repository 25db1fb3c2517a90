/* Gather, GatherElements, GatherND. Indices come from data, so each is checked before anything is read. */
#include <string.h>

#include "ops/move.h"

typedef struct gather_params {
    int64_t axis; /* GatherND: batch_dims */
} gather_params;

static sk_status gather_import(sk_import *c) {
    gather_params *params = sk_params(c, sizeof *params);
    return params ? sk_want_int(c, "axis", 0, &params->axis) : SK_OUT_OF_MEMORY;
}

/* ---- Gather ---- */

static sk_status gather_infer(sk_infer *c) {
    const gather_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *idx = c->in[1];
    int64_t dims[2 * SK_MAX_RANK];
    int axis, rank = 0;
    SK_TRY(sk_want_ints(c, 1, "indices"));
    sk_set_out_type(c, 0, in->type);
    if (in->rank < 0) return SK_OK;
    SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
    if (idx->rank < 0) return SK_OK;
    for (int i = 0; i < axis; i++) dims[rank++] = in->dims[i];
    for (int i = 0; i < idx->rank; i++) dims[rank++] = idx->dims[i];
    for (int i = axis + 1; i < in->rank; i++) dims[rank++] = in->dims[i];
    return sk_set_out(c, 0, in->type, rank, dims);
}

/* One index for a whole slice of the input: a plain copy of the rest. Keeps any layout when the ranks agree.
 */
static void gather_slice(sk_run *r, int axis, const ptrdiff_t *from, const ptrdiff_t *to, int64_t index,
                         char *dst) {
    const sk_tensor *in = r->in[0], *out = r->out[0];
    const int added = out->rank - in->rank;
    sk_copy copy;
    sk_copy_start(&copy, sk_elem(in->type));
    for (int i = 0; i < in->rank; i++)
        if (i != axis) sk_copy_axis(&copy, in->dims[i], from[i], to[i < axis ? i : i + added]);
    sk_move(r, &copy, dst, (const char *)in->data + index * from[axis]);
}

static sk_status gather_run(sk_run *r) {
    const gather_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *idx = r->in[1], *out = r->out[0];
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK], step[SK_MAX_RANK];
    sk_byte_strides(in, from);
    sk_byte_strides(out, to);
    const size_t n = sk_numel(idx);
    const int32_t dim = in->dims[axis];
    for (size_t i = 0; i < n; i++) {
        int64_t index = sk_int_at(idx, i);
        if (!sk_wrap_index(&index, dim)) return sk_bad_index(r, sk_int_at(idx, i), axis, dim);
    }
    /* rows of a plain table (embeddings): outer x indices x run */
    const size_t outer = sk_span(in, 0, axis), run = sk_span(in, axis + 1, in->rank) * sk_elem(in->type);
    if (!n || !outer || !run) return SK_OK;
    if (outer == 1 && in->layout == SK_PLAIN && out->layout == SK_PLAIN) {
        char *dst = out->data;
        for (size_t i = 0; i < n; i++, dst += run) {
            int64_t index = sk_int_at(idx, i);
            sk_wrap_index(&index, dim);
            memcpy(dst, (const char *)in->data + (size_t)index * run, run);
        }
        return SK_OK;
    }
    /* the output's axes that stand for the indices, walked in logical order */
    int32_t at[SK_MAX_RANK] = {0};
    for (int i = 0; i < idx->rank; i++) step[i] = to[axis + i];
    char *dst = out->data;
    for (size_t i = 0; i < n; i++) {
        int64_t index = sk_int_at(idx, i);
        sk_wrap_index(&index, dim);
        gather_slice(r, axis, from, to, index, dst);
        for (int d = idx->rank - 1; d >= 0; d--) {
            dst += step[d];
            if (++at[d] < idx->dims[d]) break;
            dst -= step[d] * idx->dims[d];
            at[d] = 0;
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_gather = {
    .import = gather_import, .infer = gather_infer, .prepare = sk_move_prepare, .run = gather_run};

/* ---- GatherElements ---- */

static sk_status gather_elements_infer(sk_infer *c) {
    const gather_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *idx = c->in[1];
    int64_t dims[SK_MAX_RANK];
    int axis;
    SK_TRY(sk_want_ints(c, 1, "indices"));
    sk_set_out_type(c, 0, in->type);
    if (in->rank >= 0) SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
    if (idx->rank < 0) return SK_OK;
    for (int i = 0; i < idx->rank; i++) dims[i] = idx->dims[i];
    if (in->rank >= 0) {
        if (in->rank != idx->rank)
            return sk_bad_shape(c, "the indices have rank %d, the data %d", idx->rank, in->rank);
        for (int i = 0; i < in->rank; i++)
            if (i != axis && in->dims[i] >= 0 && idx->dims[i] > in->dims[i])
                return sk_bad_shape(c, "dimension %d of the indices is %d, of the data %d", i,
                                    (int)idx->dims[i], (int)in->dims[i]);
    }
    return sk_set_out(c, 0, in->type, idx->rank, dims);
}

static void copy_element(char *dst, const char *src, size_t size) {
    switch (size) {
    case 1: *dst = *src; break;
    case 2: memcpy(dst, src, 2); break;
    case 4: memcpy(dst, src, 4); break;
    case 8: memcpy(dst, src, 8); break;
    default: memcpy(dst, src, 16); break;
    }
}

static sk_status gather_elements_run(sk_run *r) {
    const gather_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *idx = r->in[1];
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    const size_t n = sk_numel(idx), size = sk_elem(in->type);
    const int32_t dim = n ? in->dims[axis] : 0;
    ptrdiff_t from[SK_MAX_RANK];
    sk_byte_strides(in, from);
    const ptrdiff_t step = n ? from[axis] : 0;
    if (n) from[axis] = 0;
    int32_t at[SK_MAX_RANK] = {0};
    const char *src = in->data; /* of the element with the index at 0 */
    char *dst = r->out[0]->data;
    for (size_t i = 0; i < n; i++, dst += size) {
        int64_t index = sk_int_at(idx, i);
        if (!sk_wrap_index(&index, dim)) return sk_bad_index(r, sk_int_at(idx, i), axis, dim);
        copy_element(dst, src + index * step, size);
        for (int d = idx->rank - 1; d >= 0; d--) {
            src += from[d];
            if (++at[d] < idx->dims[d]) break;
            src -= from[d] * idx->dims[d];
            at[d] = 0;
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_gather_elements = {
    .import = gather_import, .infer = gather_elements_infer, .run = gather_elements_run};

/* ---- GatherND ---- */

static sk_status gather_nd_import(sk_import *c) {
    gather_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "batch_dims", 0, &params->axis));
    if (params->axis < 0 || params->axis >= SK_MAX_RANK)
        return sk_bad_attr(c, SK_MALFORMED, "batch_dims is %lld", (long long)params->axis);
    return SK_OK;
}

static sk_status gather_nd_infer(sk_infer *c) {
    const gather_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *idx = c->in[1];
    const int batch = (int)params->axis;
    int64_t dims[2 * SK_MAX_RANK];
    int rank = 0;
    SK_TRY(sk_want_ints(c, 1, "indices"));
    sk_set_out_type(c, 0, in->type);
    if (in->rank < 0 || idx->rank < 0) return SK_OK;
    if (idx->rank <= batch || in->rank <= batch)
        return sk_bad_shape(c, "ranks %d and %d are too small for batch_dims %d", in->rank, idx->rank, batch);
    const int32_t depth = idx->dims[idx->rank - 1];
    for (int i = 0; i < batch; i++)
        if (in->dims[i] >= 0 && idx->dims[i] >= 0 && in->dims[i] != idx->dims[i])
            return sk_bad_shape(c, "batch dimension %d is %d in the data, %d in the indices", i,
                                (int)in->dims[i], (int)idx->dims[i]);
    if (depth < 0) return SK_OK;
    if (depth < 1 || depth > in->rank - batch)
        return sk_bad_shape(c, "index tuples of %d for data of rank %d", (int)depth, in->rank);
    for (int i = 0; i < idx->rank - 1; i++) dims[rank++] = idx->dims[i];
    for (int i = batch + depth; i < in->rank; i++) dims[rank++] = in->dims[i];
    return sk_set_out(c, 0, in->type, rank, dims);
}

static sk_status gather_nd_run(sk_run *r) {
    const gather_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *idx = r->in[1];
    const int batch = (int)params->axis, depth = idx->dims[idx->rank - 1];
    const size_t batches = sk_span(in, 0, batch), tuples = sk_span(idx, batch, idx->rank - 1);
    const size_t run = sk_span(in, batch + depth, in->rank) * sk_elem(in->type);
    const size_t slab = sk_span(in, batch, in->rank) * sk_elem(in->type);
    char *dst = r->out[0]->data;
    size_t at = 0;
    if (!run) return SK_OK;
    for (size_t b = 0; b < batches; b++)
        for (size_t t = 0; t < tuples; t++, dst += run) {
            size_t offset = 0;
            for (int d = 0; d < depth; d++, at++) {
                const int32_t dim = in->dims[batch + d];
                int64_t index = sk_int_at(idx, at);
                if (!sk_wrap_index(&index, dim)) return sk_bad_index(r, sk_int_at(idx, at), batch + d, dim);
                offset = offset * (size_t)dim + (size_t)index;
            }
            memcpy(dst, (const char *)in->data + b * slab + offset * run, run);
        }
    return SK_OK;
}

const sk_impl sk_impl_gather_nd = {
    .import = gather_nd_import, .infer = gather_nd_infer, .run = gather_nd_run};
