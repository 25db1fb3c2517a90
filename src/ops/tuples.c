/* GatherND and ScatterND: the last axis of the indices holds tuples, each of which names a slice of the data;
 * the slices are gathered into a list, or replaced by those of one. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/indices.h"

/* The list's shape into dims and *rank, -1 while it is unknown. */
static sk_status list_shape(const sk_infer *c, int least, int64_t dims[2 * SK_MAX_RANK], int *rank) {
    const sk_index_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *idx = c->in[1];
    const int batch = (int)params->batch_dims;
    *rank = -1;
    SK_TRY(sk_index_types(c));
    if (in->rank < 0 || idx->rank < 0) return SK_OK;
    const int32_t depth = idx->rank > batch ? idx->dims[idx->rank - 1] : in->rank + 1;
    if (depth == -1) return SK_OK;
    int fits = in->rank > batch && depth >= least && depth <= in->rank - batch;
    for (int i = 0; fits && i < batch; i++)
        fits = in->dims[i] < 0 || idx->dims[i] < 0 || in->dims[i] == idx->dims[i];
    if (!fits) return sk_bad_shape(c, "index tuples of %d (%pT) do not fit %pT", (int)depth, idx, in);
    sk_dims(idx, dims);
    *rank = idx->rank - 1;
    for (int i = batch + depth; i < in->rank; i++) dims[(*rank)++] = in->dims[i];
    return SK_OK;
}

static sk_status gather_infer(sk_infer *c) {
    int64_t dims[2 * SK_MAX_RANK];
    int rank;
    SK_TRY(list_shape(c, 1, dims, &rank));
    sk_set_out_type(c, 0, c->in[0]->type);
    return rank < 0 ? SK_OK : sk_set_out(c, 0, c->in[0]->type, rank, dims);
}

static sk_status scatter_infer(sk_infer *c) {
    int64_t dims[2 * SK_MAX_RANK];
    int rank;
    SK_TRY(list_shape(c, 0, dims, &rank));
    if (rank >= 0) SK_TRY(sk_fit(c, 2, rank, dims));
    return sk_infer_same(c);
}

static sk_status run(sk_run *r) {
    const sk_index_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *idx = r->in[1];
    const int scatters = r->n_in > 2, batch = (int)params->batch_dims, depth = idx->dims[idx->rank - 1];
    const size_t batches = sk_span(in, 0, batch), tuples = sk_span(idx, batch, idx->rank - 1);
    const size_t count = sk_span(in, batch + depth, in->rank), size = count * sk_elem(in->type);
    char *data = scatters ? r->out[0]->data : in->data, *listed = scatters ? r->in[2]->data : r->out[0]->data;
    size_t at = 0;
    if (scatters) SK_TRY(sk_run_same(r));
    if (!size) return SK_OK;
    for (size_t b = 0; b < batches; b++, data += sk_span(in, batch, in->rank) * sk_elem(in->type))
        for (size_t t = 0; t < tuples; t++, listed += size) {
            size_t offset = 0;
            for (int d = batch; d < batch + depth; d++, at++) {
                int64_t index;
                SK_TRY(sk_index_at(r, at, d, &index));
                offset = offset * (size_t)in->dims[d] + (size_t)index;
            }
            if (scatters) sk_scatter(params->reduction, in->type, data + offset * size, listed, count);
            else memcpy(listed, data + offset * size, size);
        }
    return SK_OK;
}

const sk_impl sk_impl_gather_nd = {.import = sk_index_import, .infer = gather_infer, .run = run};
const sk_impl sk_impl_scatter_nd = {.import = sk_index_import, .infer = scatter_infer, .run = run};
