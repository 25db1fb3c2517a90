/* SequenceMap (17) is a Loop: its body gets each sequence's item at the iteration's number, and what it gives
 * is put at the end of sequences that the loop carries. The body's graph becomes the loop's. */
#include <string.h>

#include "graph/function.h"

#define OPSET 17

/* A node of one output, which is a new value unless given. NULL: out of memory. */
static sk_node *new_node(sk_graph *graph, const char *type, int n_in, sk_value *output) {
    sk_node *node = sk_node_new(graph, "", type, n_in, 1);
    if (!node) return NULL;
    node->opset = OPSET;
    node->outputs[0] = output ? output : sk_value_new(graph, type);
    if (!node->outputs[0]) return NULL;
    node->outputs[0]->producer = node;
    return node;
}

static sk_value *append(sk_graph *graph, sk_node *node) {
    return node && sk_graph_append(graph, node) == SK_OK ? node->outputs[0] : NULL;
}

/* SequenceEmpty of the type of what the body gives. */
static sk_value *empty(sk_graph *graph, const sk_value *item) {
    sk_node *node = new_node(graph, "SequenceEmpty", 0, NULL);
    sk_attr *dtype = sk_arena_calloc(graph->arena, 1, sizeof *dtype);
    if (!node || !dtype) return NULL;
    *dtype =
        (sk_attr){.name = "dtype", .kind = SK_ATTR_INT, .i = item->type.type ? item->type.type : SK_FLOAT32};
    node->attrs = dtype;
    node->n_attrs = 1;
    return append(graph, node);
}

/* The body's former input i is made at the start of each iteration: an item, or the same tensor again. */
static int take(sk_expander *x, sk_graph *body, const sk_node *call, int i, sk_value *iteration) {
    sk_value *from = call->inputs[i], *to = body->inputs[i];
    const int sequence = i == 0 || sk_expand_type(x, from)->kind == SK_SEQUENCE;
    sk_node *node = new_node(body, sequence ? "SequenceAt" : "Identity", sequence ? 2 : 1, to);
    if (!node) return 0;
    node->inputs[0] = from;
    if (sequence) node->inputs[1] = iteration;
    to->is_input = 0;
    return append(body, node) != NULL;
}

/* The body's output y becomes one more item of what is carried; *carried: the sequence before. */
static sk_value *give(sk_graph *body, sk_value *y, sk_value **carried) {
    *carried = sk_value_new(body, "carried");
    sk_node *node = new_node(body, "SequenceInsert", 2, NULL);
    if (!*carried || !node) return NULL;
    (*carried)->is_input = 1;
    node->inputs[0] = *carried;
    node->inputs[1] = y;
    y->is_output = 0;
    node->outputs[0]->is_output = 1;
    return append(body, node);
}

static int turn_body(sk_expander *x, sk_graph *body, const sk_node *call) {
    const int n = body->n_outputs;
    sk_value **inputs = sk_arena_calloc(body->arena, (size_t)n + 2, sizeof *inputs);
    sk_value **outputs = sk_arena_calloc(body->arena, (size_t)n + 1, sizeof *outputs);
    sk_value *iteration = sk_value_new(body, "iteration"), *go_on = sk_value_new(body, "go_on");
    sk_node *same = new_node(body, "Identity", 1, NULL);
    if (!inputs || !outputs || !iteration || !go_on || !same) return 0;
    iteration->is_input = go_on->is_input = 1;
    inputs[0] = iteration;
    inputs[1] = go_on;
    same->inputs[0] = go_on;
    sk_node **nodes = body->nodes;
    const int32_t n_nodes = body->n_nodes;
    body->nodes = NULL;
    body->n_nodes = body->cap_nodes = 0;
    for (int i = 0; i < call->n_inputs; i++)
        if (!take(x, body, call, i, iteration)) return 0;
    for (int32_t i = 0; i < n_nodes; i++)
        if (sk_graph_append(body, nodes[i]) != SK_OK) return 0;
    outputs[0] = append(body, same);
    for (int i = 0; outputs[0] && i < n; i++) {
        outputs[1 + i] = give(body, body->outputs[i], &inputs[2 + i]);
        if (!outputs[1 + i]) return 0;
    }
    if (!outputs[0]) return 0;
    outputs[0]->is_output = 1;
    body->inputs = inputs;
    body->n_inputs = n + 2;
    body->outputs = outputs;
    body->n_outputs = n + 1;
    return 1;
}

sk_status sk_expand_sequence_map(sk_expander *x, sk_node *call) {
    char text[SK_NODE_TEXT];
    const sk_attr *attr = sk_node_attr(call, "body");
    sk_graph *body = attr && attr->kind == SK_ATTR_GRAPH ? attr->graph : NULL;
    int present = call->n_inputs > 0;
    for (int i = 0; i < call->n_inputs; i++) present &= call->inputs[i] != NULL;
    if (!body || !present || body->n_inputs != call->n_inputs || body->n_outputs != call->n_outputs)
        return sk_fail(x->err, SK_MALFORMED, "%s: inputs or outputs do not match its body",
                       sk_node_text(call, text));
    const int n = body->n_outputs;
    sk_node *length = new_node(x->graph, "SequenceLength", 1, NULL);
    sk_node *loop = sk_node_new(x->graph, "", "Loop", 2 + n, n);
    if (!length || !loop) return sk_oom(x->err, sizeof *loop);
    length->inputs[0] = call->inputs[0];
    loop->inputs[0] = append(x->graph, length);
    for (int i = 0; loop->inputs[0] && i < n; i++) {
        loop->inputs[2 + i] = empty(x->graph, body->outputs[i]);
        if (!loop->inputs[2 + i]) return sk_oom(x->err, sizeof *loop);
        loop->outputs[i] = call->outputs[i];
        if (loop->outputs[i]) loop->outputs[i]->producer = loop;
    }
    loop->name = call->name;
    loop->opset = OPSET;
    loop->attrs = call->attrs;
    loop->n_attrs = call->n_attrs;
    loop->bodies = call->bodies;
    loop->n_bodies = call->n_bodies;
    if (!loop->inputs[0] || !turn_body(x, body, call) || sk_graph_append(x->graph, loop) != SK_OK)
        return sk_oom(x->err, sizeof *loop);
    return SK_OK;
}
