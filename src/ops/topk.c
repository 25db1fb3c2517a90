/* TopK: the best k of each lane along an axis, sorted (which also satisfies sorted = 0). Opset 11 adds
 * the smallest. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/order.h"

typedef struct topk_params {
    int64_t axis, largest;
} topk_params;

static sk_status topk_import(sk_import *c) {
    topk_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", -1, &params->axis));
    SK_TRY(sk_want_int(c, "largest", 1, &params->largest));
    if (c->node->op->since < 11) params->largest = 1;
    return SK_OK;
}

static sk_status topk_infer(sk_infer *c) {
    const topk_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t k;
    int axis;
    SK_TRY(sk_size_input(c, 1, 0, &k));
    if (in->rank >= 0) {
        SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
        if (in->dims[axis] >= 0 && k > in->dims[axis])
            return sk_bad_shape(c, "K is %lld, axis %d has %d elements", (long long)k, axis,
                                (int)in->dims[axis]);
    }
    SK_TRY(sk_set_along(c, 0, in->type, params->axis, k));
    return sk_set_along(c, 1, SK_INT64, params->axis, k);
}

static const sk_tensor *some_output(sk_tensor *const *out, int n_out) {
    return out[0] ? out[0] : n_out > 1 ? out[1] : NULL;
}

static sk_status topk_prepare(sk_prepare *p) {
    const topk_params *params = p->node->params;
    const sk_tensor *out = some_output(p->out, p->n_out);
    if (out) p->scratch = sk_around_axis(out, params->axis).n * sizeof(sk_ranked);
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
    if (!out || !sk_numel(out)) return SK_OK;
    const sk_around a = sk_around_axis(in, params->axis);
    const size_t k = sk_around_axis(out, params->axis).n;
    for (size_t o = 0; o < a.outer; o++)
        for (size_t i = 0; i < a.inner; i++)
            topk_lane(r, o * a.n * a.inner + i, a.inner, a.n, o * k * a.inner + i, k);
    return SK_OK;
}

const sk_impl sk_impl_topk = {
    .import = topk_import, .infer = topk_infer, .prepare = topk_prepare, .run = topk_run};
