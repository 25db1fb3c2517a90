/* Collected outputs of Loop and Scan: items of one shape behind each other, at last a tensor. See loop.h. */
#include "runtime/loop.h"

#include <string.h>

sk_status sk_loop_malformed(sk_model *model, const sk_node *node, const char *what) {
    char text[SK_NODE_TEXT];
    return sk_fail(&model->error, SK_MALFORMED, "%s: %s", sk_node_text(node, text), what);
}

int64_t sk_loop_list(const sk_node *node, const char *name, int i) {
    uint32_t count;
    const int64_t *list = sk_attr_ints(node, name, &count);
    return (uint32_t)i < count ? list[i] : 0;
}

/* Room for `more` bytes behind what is collected; their address in *at. */
static sk_status make_room(sk_model *model, collected *c, size_t more, char **at) {
    size_t needed;
    if (!sk_add(c->used, more, &needed) || needed > SK_MAX_TENSOR_BYTES)
        return sk_fail(&model->error, SK_LIMIT, "a Loop's collected output exceeds 1 GiB");
    if (needed > c->capacity || !c->bytes) {
        const size_t capacity = needed + needed / 2;
        char *grown = sk_realloc(&model->heap, c->bytes, capacity);
        if (!grown) return sk_oom(&model->error, capacity);
        c->bytes = grown;
        c->capacity = capacity;
    }
    *at = c->bytes + c->used;
    c->used = needed;
    return SK_OK;
}

sk_status sk_collect_zeros(sk_model *model, collected *c, int64_t count) {
    size_t bytes;
    char *at = NULL;
    if (!c->item.type) {
        c->missing += count;
        return SK_OK;
    }
    if (!sk_mul((size_t)count, sk_nbytes(&c->item), &bytes)) bytes = SIZE_MAX;
    SK_TRY(make_room(model, c, bytes, &at));
    if (at && bytes) memset(at, 0, bytes);
    return SK_OK;
}

sk_status sk_collect(sk_model *model, const struct sk_loop *loop, collected *c, const sk_tensor *item) {
    const size_t bytes = sk_nbytes(item);
    const int64_t missing = c->missing;
    char *at = NULL;
    if (item->kind != SK_TENSOR)
        return sk_loop_malformed(model, loop->step->node, "what is collected is no tensor");
    if (c->item.type && (c->item.type != item->type || !sk_same_shape(&c->item, item)))
        return sk_loop_malformed(model, loop->step->node,
                                 "a collected output changes its shape between iterations");
    if (item->rank + (loop->is_scan == SCAN_BATCHES ? 2 : 1) > SK_MAX_RANK)
        return sk_loop_malformed(model, loop->step->node, "a collected output has too many dimensions");
    c->item = *item;
    c->missing = 0;
    if (missing) SK_TRY(sk_collect_zeros(model, c, missing));
    SK_TRY(make_room(model, c, bytes, &at));
    if (at && bytes) memcpy(at, item->data, bytes);
    return SK_OK;
}

/* ---- end ---- */

/* The type of a collected output when no iteration ran: what the body declares, unknown dimensions as 0. */
static sk_tensor never_collected(const sk_value *declared) {
    sk_tensor t = declared->type;
    t.layout = SK_PLAIN;
    if (!t.type) t.type = SK_FLOAT32;
    if (t.rank < 0) t.rank = 0;
    for (int i = 0; i < t.rank; i++)
        if (t.dims[i] < 0) t.dims[i] = 0;
    return t;
}

sk_status sk_collected_tensor(sk_model *model, collected *c, const sk_value *declared, int n,
                              const int64_t *counts, sk_tensor *t) {
    size_t bytes;
    if (!c->item.type) c->item = never_collected(declared);
    SK_TRY(sk_collect_zeros(model, c, c->missing));
    *t = c->item;
    if (t->rank + n > SK_MAX_RANK)
        return sk_fail(&model->error, SK_LIMIT, "a collected output has too high a rank");
    memmove(t->dims + n, t->dims, (size_t)t->rank * sizeof *t->dims);
    for (int i = 0; i < n; i++) t->dims[i] = counts[i] > INT32_MAX ? -1 : (int32_t)counts[i];
    t->rank = (int8_t)(t->rank + n);
    /* the declared shape may be anything */
    if (!sk_tensor_bytes(t, &bytes) || bytes != c->used)
        return sk_fail(&model->error, SK_LIMIT, "a collected output is too large");
    t->data = c->bytes;
    c->bytes = NULL;
    return SK_OK;
}

sk_status sk_collected_turn(sk_model *model, const sk_node *node, int i, sk_tensor *t) {
    const int backward = sk_loop_list(node, "scan_output_directions", i) == 1;
    int axis;
    if (!sk_axis(sk_loop_list(node, "scan_output_axes", i), t->rank, &axis))
        return sk_loop_malformed(model, node, "an axis of scan_output_axes does not exist");
    if (!axis && !backward) return SK_OK;
    const size_t trip = (size_t)t->dims[0], bytes = sk_nbytes(t), outer = sk_span(t, 1, axis + 1);
    const size_t inner = bytes ? bytes / trip / outer : 0;
    char *moved = sk_alloc(&model->heap, bytes);
    if (!moved) return sk_oom(&model->error, bytes);
    for (size_t at = 0; bytes && at < trip; at++)
        for (size_t o = 0; o < outer; o++)
            memcpy(moved + (o * trip + at) * inner,
                   (const char *)t->data + ((backward ? trip - 1 - at : at) * outer + o) * inner, inner);
    sk_free(&model->heap, t->data);
    t->data = moved;
    memmove(t->dims, t->dims + 1, (size_t)axis * sizeof *t->dims);
    t->dims[axis] = (int32_t)trip;
    return SK_OK;
}
