/* Gather. Indices come from data, so each is checked before anything is read. */
#include <string.h>

#include "ops/indices.h"

static sk_status gather_infer(sk_infer *c) {
    const sk_index_params *params = c->node->params;
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
    const sk_index_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *idx = r->in[1], *out = r->out[0];
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK];
    sk_byte_strides(in, from);
    sk_byte_strides(out, to);
    const size_t n = sk_numel(idx);
    const size_t outer = sk_span(in, 0, axis), run = sk_span(in, axis + 1, in->rank) * sk_elem(in->type);
    /* rows of a plain table (embeddings)? */
    const int table = outer == 1 && in->layout == SK_PLAIN && out->layout == SK_PLAIN;
    /* the output's axes that stand for the indices, walked in logical order */
    int32_t at[SK_MAX_RANK] = {0};
    char *dst = out->data;
    for (size_t i = 0; i < n; i++) {
        int64_t index;
        SK_TRY(sk_index_at(r, i, axis, &index));
        if (table && run)
            memcpy((char *)out->data + i * run, (const char *)in->data + (size_t)index * run, run);
        else if (outer && run) gather_slice(r, axis, from, to, index, dst);
        for (int d = idx->rank - 1; d >= 0; d--) {
            dst += to[axis + d];
            if (++at[d] < idx->dims[d]) break;
            dst -= to[axis + d] * idx->dims[d];
            at[d] = 0;
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_gather = {
    .import = sk_index_import, .infer = gather_infer, .prepare = sk_move_prepare, .run = gather_run};
