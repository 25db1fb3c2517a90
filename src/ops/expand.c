/* Expand and Tile: strided copies whose source stands still along what is repeated. Any layout. */
#include "ops/move.h"

/* ---- Expand ---- */

static sk_status expand_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    int64_t shape[SK_MAX_RANK], dims[SK_MAX_RANK];
    int n;
    SK_TRY(sk_list_input(c, 1, "shape", shape, &n));
    sk_set_out_type(c, 0, in->type);
    const int length = n >= 0 ? n : c->in[1]->rank == 1 ? c->in[1]->dims[0] : -1;
    if (in->rank < 0 || length < 0) return SK_OK;
    const int rank = in->rank > length ? in->rank : length;
    for (int i = 0; i < rank; i++) {
        const int from = i - (rank - in->rank), at = i - (rank - length);
        const int64_t have = from < 0 ? 1 : in->dims[from], want = at < 0 ? 1 : n < 0 ? -1 : shape[at];
        if (at >= 0 && n >= 0 && want < 0)
            return sk_bad_shape(c, "shape has an entry of %lld", (long long)want);
        if (have < 0 || want < 0) dims[i] = have > 1 ? have : want > 1 ? want : -1;
        else if (have != want && have != 1 && want != 1)
            return sk_bad_shape(c, "dimension %d of %d does not expand to %lld", from, (int)have,
                                (long long)want);
        else dims[i] = have == 1 ? want : have;
    }
    return sk_set_out(c, 0, in->type, rank, dims);
}

static sk_status expand_run(sk_run *r) {
    const sk_tensor *in = r->in[0], *out = r->out[0];
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK], src[SK_MAX_RANK];
    sk_byte_strides(in, from);
    sk_byte_strides(out, to);
    for (int i = 0; i < out->rank; i++) {
        const int axis = i - (out->rank - in->rank);
        src[i] = axis < 0 || in->dims[axis] == 1 ? 0 : from[axis];
    }
    sk_move_all(r, out, to, out->data, src, in->data);
    return SK_OK;
}

const sk_impl sk_impl_expand = {.infer = expand_infer, .prepare = sk_move_prepare, .run = expand_run};

/* ---- Tile ---- */

static sk_status tile_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    int64_t repeats[SK_MAX_RANK], dims[SK_MAX_RANK];
    int n;
    SK_TRY(sk_list_input(c, 1, "repeats", repeats, &n));
    sk_set_out_type(c, 0, in->type);
    if (in->rank < 0) return SK_OK;
    if (n >= 0 && n != in->rank) return sk_bad_shape(c, "repeats has %d entries for rank %d", n, in->rank);
    for (int i = 0; i < in->rank; i++) {
        if (n >= 0 && (repeats[i] < 0 || repeats[i] > INT32_MAX))
            return sk_bad_shape(c, "repeats has an entry of %lld", (long long)repeats[i]);
        dims[i] = n < 0 || in->dims[i] < 0 ? -1 : in->dims[i] * repeats[i];
    }
    return sk_set_out(c, 0, in->type, in->rank, dims);
}

static sk_status tile_run(sk_run *r) {
    const sk_tensor *in = r->in[0], *out = r->out[0];
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK];
    if (!sk_numel(out)) return SK_OK;
    sk_byte_strides(in, from);
    sk_byte_strides(out, to);
    sk_copy copy;
    sk_copy_start(&copy, sk_elem(in->type));
    for (int i = 0; i < in->rank; i++) {
        sk_copy_axis(&copy, out->dims[i] / in->dims[i], 0, to[i] * in->dims[i]);
        sk_copy_axis(&copy, in->dims[i], from[i], to[i]);
    }
    sk_move(r, &copy, out->data, in->data);
    return SK_OK;
}

const sk_impl sk_impl_tile = {.infer = tile_infer, .prepare = sk_move_prepare, .run = tile_run};
