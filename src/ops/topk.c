/* TopK: the best k of each lane along an axis, sorted (which also satisfies sorted = 0). Opset 1 has k as an
 * attribute (param 0), 10 as an input, 11 adds the smallest. */
#include <string.h>

#include "ops/order.h"

typedef struct topk_params {
    int64_t axis, k, largest;
} topk_params;

static sk_status topk_import(sk_import *c) {
    topk_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", -1, &params->axis));
    SK_TRY(sk_want_int(c, "k", -1, &params->k));
    SK_TRY(sk_want_int(c, "largest", 1, &params->largest));
    if (c->node->op->since < 11) params->largest = 1;
    if (!c->node->op->param && params->k < 0) return sk_bad_attr(c, SK_MALFORMED, "attribute 'k' is missing");
    return SK_OK;
}

static sk_status topk_infer(sk_infer *c) {
    const topk_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t dims[SK_MAX_RANK], list[SK_MAX_RANK], k = params->k;
    int axis, n;
    if (c->node->op->param) {
        SK_TRY(sk_list_input(c, 1, "K", list, &n));
        if (n >= 0 && n != 1) return sk_bad_shape(c, "K has %d elements, not 1", n);
        k = n == 1 ? list[0] : -1;
        if (n == 1 && k < 0) return sk_bad_shape(c, "K is %lld", (long long)k);
    }
    sk_set_out_type(c, 0, in->type);
    sk_set_out_type(c, 1, SK_INT64);
    if (in->rank < 0) return SK_OK;
    SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
    if (in->dims[axis] >= 0 && k > in->dims[axis])
        return sk_bad_shape(c, "K is %lld, axis %d has %d elements", (long long)k, axis, (int)in->dims[axis]);
    for (int i = 0; i < in->rank; i++) dims[i] = in->dims[i];
    dims[axis] = k;
    SK_TRY(sk_set_out(c, 0, in->type, in->rank, dims));
    return sk_set_out(c, 1, SK_INT64, in->rank, dims);
}

static const sk_tensor *some_output(sk_tensor *const *out, int n_out) {
    return out[0] ? out[0] : n_out > 1 ? out[1] : NULL;
}

static sk_status topk_prepare(sk_prepare *p) {
    const topk_params *params = p->node->params;
    const sk_tensor *out = some_output(p->out, p->n_out);
    int axis = 0;
    if (out && sk_axis(params->axis, out->rank, &axis))
        p->scratch = (size_t)out->dims[axis] * sizeof(sk_ranked);
    return SK_OK;
}

/* One lane: n elements from `at` on, `step` apart. */
static void topk_lane(sk_run *r, size_t at, size_t step, size_t n, size_t to, size_t k) {
    const topk_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *values = r->out[0], *indices = r->n_out > 1 ? r->out[1] : NULL;
    const size_t size = sk_elem(in->type);
    sk_ranked *kept = r->scratch;
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t key = sk_order_key(in, at + i * step);
        sk_rank_offer(kept, &count, k, (sk_ranked){params->largest ? key : ~key, (int32_t)i});
    }
    sk_rank_sort(kept, k);
    for (size_t i = 0; i < k; i++) {
        const size_t from = at + (size_t)kept[i].index * step;
        if (values)
            memcpy((char *)values->data + (to + i * step) * size, (const char *)in->data + from * size, size);
        if (indices) ((int64_t *)indices->data)[to + i * step] = kept[i].index;
    }
}

static sk_status topk_run(sk_run *r) {
    const topk_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *out = some_output(r->out, r->n_out);
    int axis = 0;
    if (!out || !sk_numel(out)) return SK_OK;
    sk_axis(params->axis, in->rank, &axis);
    const size_t outer = sk_span(in, 0, axis), inner = sk_span(in, axis + 1, in->rank);
    const size_t n = (size_t)in->dims[axis], k = (size_t)out->dims[axis];
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < inner; i++) topk_lane(r, o * n * inner + i, inner, n, o * k * inner + i, k);
    return SK_OK;
}

const sk_impl sk_impl_topk = {
    .import = topk_import, .infer = topk_infer, .prepare = topk_prepare, .run = topk_run};
