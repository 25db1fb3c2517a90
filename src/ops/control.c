/* If, Loop, Scan: only what is known of them before they run. The executor runs them (runtime/bind.c inlines
 * a branch, runtime/loop.c repeats a body). */
#include <string.h>

#include "graph/op.h"

static sk_status bodies_of(sk_import *c, const char *const *names, int count) {
    sk_node *node = c->node;
    char text[SK_NODE_TEXT];
    /* the reader lists bodies in the file's attribute order; put them into ours */
    sk_graph **bodies = sk_arena_calloc(&c->ir->arena, (size_t)count, sizeof *bodies);
    if (!bodies) return sk_oom(c->err, 32);
    for (int i = 0; i < count; i++) {
        const sk_attr *attr;
        SK_TRY(sk_want(c, names[i], SK_ATTR_GRAPH, &attr));
        if (!attr)
            return sk_fail(c->err, SK_MALFORMED, "%s lacks its %s", sk_node_text(node, text), names[i]);
        bodies[i] = attr->graph;
    }
    node->bodies = bodies;
    node->n_bodies = count;
    return SK_OK;
}

/* A body's value as seen from outside: later iterations may bring another shape, so only the type is kept. */
static void outside(sk_tensor *out, const sk_value *inner) {
    if (!out) return;
    out->type = inner->type.type;
    out->kind = inner->type.kind;
}

/* ---- If ---- */

static sk_status if_import(sk_import *c) {
    static const char *const names[] = {"then_branch", "else_branch"};
    SK_TRY(bodies_of(c, names, 2));
    for (int i = 0; i < 2; i++)
        if (c->node->bodies[i]->n_outputs != c->node->n_outputs || c->node->bodies[i]->n_inputs)
            return sk_fail(c->err, SK_MALFORMED, "If '%s': %s has %d inputs and %d outputs, not 0 and %d",
                           c->node->name, names[i], (int)c->node->bodies[i]->n_inputs,
                           (int)c->node->bodies[i]->n_outputs, (int)c->node->n_outputs);
    return SK_OK;
}

/* What both branches agree on. */
static sk_status if_infer(sk_infer *c) {
    for (int i = 0; i < c->n_out; i++) {
        if (!c->out[i]) continue;
        const sk_tensor *a = &c->node->bodies[0]->outputs[i]->type,
                        *b = &c->node->bodies[1]->outputs[i]->type;
        if (a->kind != b->kind) continue;
        c->out[i]->kind = a->kind;
        c->out[i]->type = a->type == b->type ? a->type : 0;
        if (a->rank < 0 || a->rank != b->rank) continue;
        sk_copy_type(c->out[i], a);
        c->out[i]->type = a->type == b->type ? a->type : 0;
        for (int d = 0; d < a->rank; d++)
            if (a->dims[d] != b->dims[d]) c->out[i]->dims[d] = -1;
    }
    return SK_OK;
}

const sk_impl sk_impl_if = {.import = if_import, .infer = if_infer};

/* ---- Loop and Scan ---- */

static sk_status loop_import(sk_import *c) {
    static const char *const names[] = {"body"};
    SK_TRY(bodies_of(c, names, 1));
    const sk_graph *body = c->node->bodies[0];
    const int carried = c->node->n_inputs - 2;
    if (body->n_inputs != c->node->n_inputs || body->n_outputs < 1 + carried ||
        c->node->n_outputs > body->n_outputs - 1)
        return sk_fail(c->err, SK_MALFORMED, "Loop '%s': inputs or outputs do not match its body",
                       c->node->name);
    return SK_OK;
}

/* The outputs are the body's from `first` on: `carried` of them carried, the rest put together to tensors. */
static sk_status body_outputs(sk_infer *c, int first, int64_t carried) {
    for (int i = 0; i < c->n_out; i++) {
        const sk_value *inner = c->node->bodies[0]->outputs[first + i];
        if (i >= carried && inner->type.kind != SK_TENSOR)
            return sk_node_fail(c->node, c->err, SK_TYPE, "output %d of its body is no tensor", first + i);
        outside(c->out[i], inner);
    }
    return SK_OK;
}

static sk_status loop_infer(sk_infer *c) { return body_outputs(c, 1, c->n_in - 2); }

const sk_impl sk_impl_loop = {.import = loop_import, .infer = loop_infer};

static sk_status scan_import(sk_import *c) {
    static const char *const names[] = {"body"};
    SK_TRY(bodies_of(c, names, 1));
    const sk_graph *body = c->node->bodies[0];
    const int64_t scanned = sk_attr_int(c->node, "num_scan_inputs", 0);
    if (scanned < 1 || scanned > c->node->n_inputs || body->n_inputs != c->node->n_inputs ||
        c->node->n_outputs > body->n_outputs || body->n_outputs < c->node->n_inputs - scanned)
        return sk_fail(c->err, SK_MALFORMED, "Scan '%s': inputs or outputs do not match its body",
                       c->node->name);
    return SK_OK;
}

static sk_status scan_infer(sk_infer *c) {
    return body_outputs(c, 0, c->n_in - sk_attr_int(c->node, "num_scan_inputs", 0));
}

const sk_impl sk_impl_scan = {.import = scan_import, .infer = scan_infer};
