/* Scan as opset 8 had it: lengths first, a batch axis, `directions`. The executor runs it (runtime/loop.c).
 */
#include "graph/op.h"

static sk_status import(sk_import *c) {
    char text[SK_NODE_TEXT];
    const sk_attr *body;
    sk_node *node = c->node;
    SK_TRY(sk_want(c, "body", SK_ATTR_GRAPH, &body));
    if (!body) return sk_fail(c->err, SK_MALFORMED, "%s lacks its body", sk_node_text(node, text));
    node->bodies = sk_arena_calloc(&c->ir->arena, 1, sizeof *node->bodies);
    if (!node->bodies) return sk_oom(c->err, sizeof *node->bodies);
    node->bodies[0] = body->graph;
    node->n_bodies = 1;
    const int64_t scanned = sk_attr_int(node, "num_scan_inputs", 0);
    if (scanned < 1 || scanned > node->n_inputs - 1 || body->graph->n_inputs != node->n_inputs - 1 ||
        node->n_outputs > body->graph->n_outputs || body->graph->n_outputs < node->n_inputs - 1 - scanned)
        return sk_node_fail(node, c->err, SK_MALFORMED, "inputs or outputs do not match its body");
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    for (int i = 0; i < c->n_out; i++)
        if (c->out[i]) c->out[i]->type = c->node->bodies[0]->outputs[i]->type.type;
    return SK_OK;
}

const sk_impl sk_impl_scan_8 = {.import = import, .infer = infer};
