/* TensorScatter and BitCast: a cache with new rows in it, and the same bytes as another type. */
#include <string.h>

#include "ops/elementwise.h"

/* ---- TensorScatter ---- */

typedef struct cache_params {
    int64_t axis;
    int circular;
} cache_params;

static sk_status cache_import(sk_import *c) {
    static const char *const modes[] = {"linear", "circular", NULL};
    cache_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", -2, &params->axis));
    return sk_want_word(c, "mode", modes, 0, &params->circular);
}

static sk_status cache_infer(sk_infer *c) {
    const cache_params *params = c->node->params;
    const sk_tensor *past = c->in[0], *update = c->in[1], *at = c->n_in > 2 ? c->in[2] : NULL;
    int axis;
    SK_TRY(sk_want_ints(c, 2, "write_indices"));
    sk_copy_type(c->out[0], past);
    if (past->rank < 0) return SK_OK;
    SK_TRY(sk_axis_in(c, params->axis, past->rank, &axis));
    if (!axis) return sk_bad_shape(c, "axis 0 is that of the batch");
    int fits = update->rank < 0 || update->rank == past->rank;
    for (int i = 0; fits && update->rank >= 0 && i < past->rank; i++)
        fits = past->dims[i] < 0 || update->dims[i] < 0 ||
               (i == axis ? update->dims[i] <= past->dims[i] : update->dims[i] == past->dims[i]);
    if (!fits || (past->type && update->type && past->type != update->type))
        return sk_bad_shape(c, "update %pT for a cache of %pT", update, past);
    if (at && at->rank >= 0 &&
        (at->rank != 1 || (at->dims[0] >= 0 && past->dims[0] >= 0 && at->dims[0] != past->dims[0])))
        return sk_bad_shape(c, "write_indices is %pT", at);
    return SK_OK;
}

static sk_status cache_run(sk_run *r) {
    const cache_params *params = r->node->params;
    const sk_tensor *past = r->in[0], *update = r->in[1], *at = r->n_in > 2 ? r->in[2] : NULL;
    int axis = 0;
    SK_TRY(sk_run_same(r));
    if (!sk_numel(update)) return SK_OK;
    sk_axis(params->axis, past->rank, &axis);
    const int64_t length = past->dims[axis], n = update->dims[axis];
    const size_t lines = sk_span(past, 0, axis), each = sk_span(past, 1, axis);
    const size_t row = sk_span(past, axis + 1, past->rank) * sk_elem(past->type);
    for (size_t line = 0; line < lines; line++) {
        int64_t first = at ? sk_int_at(at, line / each) : 0;
        if (params->circular) first = (first % length + length) % length;
        else if (first < 0 || first > length - n) return sk_bad_index(r, first, axis, past->dims[axis]);
        for (int64_t i = 0; i < n; i++)
            memcpy((char *)r->out[0]->data + (line * (size_t)length + (size_t)((first + i) % length)) * row,
                   (const char *)update->data + (line * (size_t)n + (size_t)i) * row, row);
    }
    return SK_OK;
}

const sk_impl sk_impl_tensor_scatter = {.import = cache_import, .infer = cache_infer, .run = cache_run};

/* ---- BitCast ---- */

static sk_status bits_import(sk_import *c) {
    int64_t *to = sk_params(c, sizeof *to);
    if (!to) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "to", 0, to));
    if (*to <= 0 || *to >= SK_TYPE_COUNT || *to == SK_STRING)
        return sk_bad_attr(c, SK_MALFORMED, "no element type %lld", (long long)*to);
    return SK_OK;
}

static sk_status bits_infer(sk_infer *c) {
    const int to = (int)*(const int64_t *)c->node->params, from = c->in[0]->type;
    if (from && (from == SK_STRING || sk_type_bits(from) != sk_type_bits(to)))
        return sk_node_fail(c->node, c->err, SK_TYPE, "%s is not as wide as %s", sk_type_name(from),
                            sk_type_name(to));
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = (uint8_t)to;
    return SK_OK;
}

const sk_impl sk_impl_bit_cast = {.import = bits_import, .infer = bits_infer, .run = sk_run_same};

/* ---- ImageDecoder ---- */

static sk_status decoder_import(sk_import *c) {
    return sk_bad_attr(
        c, SK_UNSUPPORTED,
        "images are not decoded here: let the page do it, and feed the pixels to what follows");
}

static sk_status decoder_infer(sk_infer *c) {
    (void)c;
    return SK_OK;
}

static sk_status decoder_run(sk_run *r) {
    return sk_run_fail(r, SK_UNSUPPORTED, "images are not decoded here");
}

const sk_impl sk_impl_image_decoder = {.import = decoder_import, .infer = decoder_infer, .run = decoder_run};
