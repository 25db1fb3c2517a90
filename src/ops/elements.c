/* GatherElements, ScatterElements and Scatter: an index for each element of a list, which is gathered or
 * holds the updates. The element stands where the index says along one axis, along the others where it stands
 * in the list. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/indices.h"

static sk_status check(const sk_infer *c) {
    const sk_index_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *idx = c->in[1];
    int axis = 0;
    SK_TRY(sk_index_types(c));
    if (in->rank >= 0) SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
    if (in->rank < 0 || idx->rank < 0) return SK_OK;
    int fits = in->rank == idx->rank;
    for (int i = 0; fits && i < in->rank; i++)
        fits = i == axis || in->dims[i] < 0 || idx->dims[i] <= in->dims[i];
    return fits ? SK_OK : sk_bad_shape(c, "indices %pT do not fit %pT", idx, in);
}

static sk_status gather_infer(sk_infer *c) {
    SK_TRY(check(c));
    sk_copy_type(c->out[0], c->in[1]);
    c->out[0]->type = c->in[0]->type;
    return SK_OK;
}

static sk_status scatter_infer(sk_infer *c) {
    int64_t dims[SK_MAX_RANK];
    SK_TRY(check(c));
    sk_dims(c->in[1], dims);
    if (c->in[1]->rank >= 0) SK_TRY(sk_fit(c, 2, c->in[1]->rank, dims));
    return sk_infer_same(c);
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

static sk_status run(sk_run *r) {
    const sk_index_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *idx = r->in[1];
    const int scatters = r->n_in > 2;
    const size_t n = sk_numel(idx), size = sk_elem(in->type);
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    if (scatters) SK_TRY(sk_run_same(r));
    if (!n) return SK_OK;
    ptrdiff_t strides[SK_MAX_RANK];
    sk_byte_strides(in, strides);
    const ptrdiff_t step = strides[axis];
    strides[axis] = 0;
    int32_t at[SK_MAX_RANK] = {0};
    char *first = scatters ? r->out[0]->data : in->data; /* of the element with the index at 0 */
    char *listed = scatters ? r->in[2]->data : r->out[0]->data;
    for (size_t i = 0; i < n; i++, listed += size) {
        int64_t index;
        SK_TRY(sk_index_at(r, i, axis, &index));
        if (scatters) sk_scatter(params->reduction, in->type, first + index * step, listed, 1);
        else copy_element(listed, first + index * step, size);
        for (int d = idx->rank - 1; d >= 0; d--) {
            first += strides[d];
            if (++at[d] < idx->dims[d]) break;
            first -= strides[d] * idx->dims[d];
            at[d] = 0;
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_gather_elements = {.import = sk_index_import, .infer = gather_infer, .run = run};
const sk_impl sk_impl_scatter_elements = {.import = sk_index_import, .infer = scatter_infer, .run = run};
