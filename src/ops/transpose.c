/* Transpose, which is also the engine's layout converter: input and output may be stored in different orders,
 * so all that counts is where logical axis i of the output steps in both memories. A conversion that the
 * layouts cancel (NHWC model input into a channels-last chain) becomes one run of bytes. */
#include "ops/move.h"

typedef struct transpose_params {
    int64_t perm[SK_MAX_RANK];
    int n; /* -1: reverse the axes */
} transpose_params;

static sk_status transpose_import(sk_import *c) {
    transpose_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_list(c, "perm", params->perm, &params->n));
    unsigned seen = 0;
    for (int i = 0; i < params->n; i++) {
        const int64_t axis = params->perm[i];
        if (axis < 0 || axis >= params->n || (seen >> axis & 1u))
            return sk_bad_attr(c, SK_MALFORMED, "'perm' is no permutation");
        seen |= 1u << axis;
    }
    return SK_OK;
}

static int source_axis(const transpose_params *params, int axis, int rank) {
    return params->n < 0 ? rank - 1 - axis : (int)params->perm[axis];
}

static sk_status transpose_infer(sk_infer *c) {
    const transpose_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    const int rank = in->rank < 0 ? params->n : in->rank;
    sk_set_out_type(c, 0, in->type);
    if (rank < 0) return SK_OK;
    if (params->n >= 0 && params->n != rank) {
        return sk_bad_shape(c, "perm has %d axes, the input is %pT", params->n, in);
    }
    int64_t dims[SK_MAX_RANK];
    for (int i = 0; i < rank; i++) dims[i] = in->rank < 0 ? -1 : in->dims[source_axis(params, i, rank)];
    return sk_set_out(c, 0, in->type, rank, dims);
}

static sk_status transpose_run(sk_run *r) {
    const transpose_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *out = r->out[0];
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK], src[SK_MAX_RANK];
    sk_byte_strides(in, from);
    sk_byte_strides(out, to);
    for (int i = 0; i < out->rank; i++) src[i] = from[source_axis(params, i, out->rank)];
    sk_move_all(r, out, to, out->data, src, in->data);
    return SK_OK;
}

/* Axes of more than one element step alike on both sides: nothing moves. */
static int transpose_is_view(const sk_node *node, const sk_tensor *const *in, const sk_tensor *out) {
    const transpose_params *params = node->params;
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK];
    sk_byte_strides(in[0], from);
    sk_byte_strides(out, to);
    for (int i = 0; i < out->rank; i++)
        if (out->dims[i] != 1 && from[source_axis(params, i, out->rank)] != to[i]) return 0;
    return 1;
}

const sk_impl sk_impl_transpose = {.import = transpose_import,
                                   .infer = transpose_infer,
                                   .prepare = sk_move_prepare,
                                   .run = transpose_run,
                                   SK_TRAITS(.is_view = transpose_is_view)};
