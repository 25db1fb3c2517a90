/* Helpers for operators' import and infer functions: messages, attributes, axes, broadcasting. */
#include <string.h>

#include "graph/op.h"

const char *sk_node_text(const sk_node *node, char dst[SK_NODE_TEXT]) {
    if (node->name[0]) sk_format(dst, SK_NODE_TEXT, "%s '%s'", node->op_type, node->name);
    else if (node->n_outputs && node->outputs[0])
        sk_format(dst, SK_NODE_TEXT, "%s (output '%s')", node->op_type, node->outputs[0]->name);
    else sk_format(dst, SK_NODE_TEXT, "%s", node->op_type);
    return dst;
}

sk_status sk_node_fail_with(const sk_node *node, sk_error *err, sk_status status, SK_PRINTED) {
    char what[400], text[SK_NODE_TEXT];
    sk_format_with(what, sizeof what, SK_PRINTED_ON);
    return sk_fail(err, status, "%s: %s", sk_node_text(node, text), what);
}

sk_status sk_bad_shape_with(const sk_infer *context, SK_PRINTED) {
    return sk_node_fail_with(context->node, context->err, SK_SHAPE, SK_PRINTED_ON);
}

sk_status sk_infer_node(const sk_node *node, const sk_tensor *const *in, sk_tensor *const *out,
                        sk_error *err) {
    char text[SK_NODE_TEXT], shape[SK_SHAPE_TEXT];
    const sk_op *op = node->op;
    for (int i = 0; i < node->n_inputs && !(op->flags & SK_OP_KINDS); i++)
        if (in[i] && in[i]->kind)
            return sk_fail(err, SK_TYPE, "%s: input %d is %s, not a tensor", sk_node_text(node, text), i,
                           sk_tensor_text(in[i], shape));
    const int type = node->n_inputs && in[0] ? in[0]->type : 0;
    if (type && !sk_type_in(type, op->types))
        return sk_fail(err, SK_UNSUPPORTED, "%s on %s", sk_node_text(node, text), sk_type_name(type));
    sk_infer c = {node, in, out, node->n_inputs, node->n_outputs, err};
    SK_TRY(op->impl->infer(&c));
    for (int i = 0; i < node->n_outputs; i++) {
        size_t bytes;
        const sk_tensor *t = out[i];
        if (t && t->type && sk_shape_known(t) && !sk_tensor_bytes(t, &bytes))
            return sk_fail(err, SK_LIMIT, "%s: output %s is too large", sk_node_text(node, text),
                           sk_tensor_text(t, shape));
    }
    return SK_OK;
}

/* ---- of values ---- */

sk_status sk_ports_of(const sk_node *node, sk_arena *arena, sk_ports *ports, sk_error *err) {
    const size_t n_in = (size_t)node->n_inputs, n = n_in + (size_t)node->n_outputs;
    const size_t bytes = n * (sizeof(sk_tensor) + sizeof(sk_tensor *));
    ports->tensors = sk_arena_calloc(arena, 1, bytes);
    if (!ports->tensors) {
        sk_oom(err, bytes);
        return SK_OUT_OF_MEMORY;
    }
    sk_tensor **pointers = (sk_tensor **)(ports->tensors + n);
    ports->in = (const sk_tensor **)pointers;
    ports->out = pointers + n_in;
    for (size_t i = 0; i < n; i++) {
        const sk_value *value = i < n_in ? node->inputs[i] : node->outputs[i - n_in];
        sk_tensor *t = &ports->tensors[i];
        if (!value) continue;
        pointers[i] = t;
        *t = i < n_in ? value->type : sk_unknown_tensor();
        t->layout = SK_PLAIN;
        if (i < n_in && value->constant && !value->constant->scale) t->data = value->constant->type.data;
    }
    return SK_OK;
}

/* Fills in what `declared` leaves open; what contradicts it is kept as declared and found at bind. */
static void merge(sk_tensor *declared, const sk_tensor *found) {
    if (!declared->type) {
        declared->type = found->type;
        declared->kind = found->kind;
    }
    if (found->rank < 0 || declared->kind != found->kind) return;
    if (declared->rank < 0) {
        declared->rank = found->rank;
        memcpy(declared->dims, found->dims, sizeof found->dims);
    }
    for (int i = 0; declared->rank == found->rank && i < found->rank; i++)
        if (declared->dims[i] < 0) declared->dims[i] = found->dims[i];
}

sk_status sk_infer_values(const sk_ir *ir, sk_node *node, sk_error *err) {
    sk_arena scratch;
    sk_ports ports;
    sk_arena_init(&scratch, ir->arena.heap);
    sk_status status = sk_ports_of(node, &scratch, &ports, err);
    if (status == SK_OK) status = sk_infer_node(node, ports.in, ports.out, err);
    for (int i = 0; status == SK_OK && i < node->n_outputs; i++)
        if (node->outputs[i]) merge(&node->outputs[i]->type, ports.out[i]);
    sk_arena_clear(&scratch);
    return status;
}

/* ---- for import and infer ---- */

sk_status sk_want(sk_import *c, const char *name, sk_attr_kind kind, const sk_attr **attr) {
    char node[SK_NODE_TEXT];
    *attr = sk_node_attr(c->node, name);
    if (*attr && (*attr)->kind != kind)
        return sk_fail(c->err, SK_MALFORMED, "%s: attribute '%s' has the wrong kind",
                       sk_node_text(c->node, node), name);
    return SK_OK;
}

void *sk_params(sk_import *c, size_t size) {
    c->node->params = sk_arena_calloc(&c->ir->arena, 1, size);
    if (!c->node->params) sk_oom(c->err, size);
    return c->node->params;
}

int sk_axis(int64_t axis, int rank, int *out) {
    if (axis < -rank || axis >= rank) return 0;
    *out = (int)(axis < 0 ? axis + rank : axis);
    return 1;
}

sk_status sk_broadcast(const sk_infer *c, const sk_tensor *a, const sk_tensor *b, sk_tensor *out) {
    if (a->rank < 0 || b->rank < 0) {
        out->rank = -1;
        return SK_OK;
    }
    const int rank = a->rank > b->rank ? a->rank : b->rank;
    int32_t dims[SK_MAX_RANK];
    for (int i = 0; i < rank; i++) {
        const int ia = i - (rank - a->rank), ib = i - (rank - b->rank);
        const int32_t da = ia < 0 ? 1 : a->dims[ia], db = ib < 0 ? 1 : b->dims[ib];
        if (da == 1) dims[i] = db;
        else if (db == 1 || da == db) dims[i] = da;
        else if (da < 0 || db < 0)
            dims[i] = da < 0 ? db : da; /* an unknown one is 1 or equals the other, which is not 1 */
        else {
            char ta[SK_SHAPE_TEXT], tb[SK_SHAPE_TEXT];
            return sk_bad_shape(c, "%s and %s do not broadcast", sk_tensor_text(a, ta),
                                sk_tensor_text(b, tb));
        }
    }
    sk_set_shape(out, out->type, rank, dims);
    return SK_OK;
}

int sk_known_ints(const sk_tensor *t, int64_t *dst, int max) {
    if (!t || !t->data || t->rank < 0 || !sk_shape_known(t)) return -1;
    const size_t n = sk_numel(t);
    if (n > (size_t)max || (t->type != SK_INT64 && t->type != SK_INT32)) return -1;
    for (size_t i = 0; i < n; i++)
        dst[i] = t->type == SK_INT64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
    return (int)n;
}

void sk_copy_type(sk_tensor *dst, const sk_tensor *src) {
    sk_set_shape(dst, src->type, src->rank, src->dims);
    dst->kind = src->kind;
}

sk_status sk_infer_same(sk_infer *c) {
    sk_copy_type(c->out[0], c->in[0]);
    return SK_OK;
}

sk_status sk_infer_broadcast(sk_infer *c) {
    sk_tensor all = *c->in[0];
    for (int i = 1; i < c->n_in; i++)
        if (c->in[i]) SK_TRY(sk_broadcast(c, &all, c->in[i], &all));
    sk_copy_type(c->out[0], &all);
    return SK_OK;
}

sk_status sk_infer_broadcast_bool(sk_infer *c) {
    SK_TRY(sk_infer_broadcast(c));
    c->out[0]->type = SK_BOOL;
    return SK_OK;
}
