/* Operators that are defined by others: calls of functions.def's functions are replaced by their bodies,
 * before anything is validated. A row of ops.def that began later than the function is
 * the operator's own implementation and wins; one that began together with it serves the calls that the
 * function has no body for; so does a function of the model's own, which the reader expanded. A call that a
 * function has no body for stays, and is listed with everything else that is not supported. */
#include <string.h>

#include "graph/function.h"

static int is_map(const sk_node *node) {
    return !strcmp(node->op_type, "SequenceMap") && !node->domain[0] && node->opset >= 17;
}

static const struct {
    const char *name;
    int since;
    const char *text;
} functions[] = {
#define SK_FUNCTION(name, since, text) {name, since, text},
#include "graph/functions.def"
#undef SK_FUNCTION
};

static int is_named(const char *name, const sk_node *node) {
    const size_t n = strlen(node->domain);
    if (!n) return !strcmp(name, node->op_type);
    return !strncmp(name, node->domain, n) && name[n] == '.' && !strcmp(name + n + 1, node->op_type);
}

/* The text of the function that the node calls, or NULL. */
static const char *find(const sk_node *node) {
    const char *text = NULL;
    int best = 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        const int since = functions[i].since;
        if (since <= best || since > node->opset || !is_named(functions[i].name, node)) continue;
        best = since;
        text = functions[i].text;
    }
    const sk_op *op = text ? sk_op_find(node->domain, node->op_type, node->opset) : NULL;
    return op && op->since > best ? NULL : text;
}

/* ---- what is known of values ---- */

/* Best effort: what fails here fails again, with a message, when the node is validated and inferred for good.
 */
static void infer(sk_expander *x, sk_node *node, sk_tensor *tensors, const sk_tensor **in, sk_tensor **out) {
    sk_error failure = {.status = SK_OK};
    sk_import import = {x->ir, node, &failure};
    node->op = sk_op_find(node->domain, node->op_type, node->opset);
    if (!node->op || (node->op->flags & (SK_OP_INTERNAL | SK_OP_CONTROL))) return;
    for (int i = 0; i < node->n_inputs; i++) {
        const sk_value *value = node->inputs[i];
        if (!value && i < node->op->min_in) return;
        tensors[i] = value ? value->type : sk_unknown_tensor();
        if (value && value->constant) tensors[i].data = value->constant->type.data;
        in[i] = value ? &tensors[i] : NULL;
    }
    for (int i = 0; i < node->n_outputs; i++) {
        tensors[node->n_inputs + i] = sk_unknown_tensor();
        out[i] = node->outputs[i] ? &tensors[node->n_inputs + i] : NULL;
    }
    if (node->n_inputs < node->op->min_in || node->n_inputs > node->op->max_in ||
        node->n_outputs < node->op->min_out || node->n_outputs > node->op->max_out || !node->outputs[0] ||
        (node->op->impl->import && node->op->impl->import(&import) != SK_OK) ||
        sk_infer_node(node, in, out, &failure) != SK_OK)
        return;
    for (int i = 0; i < node->n_outputs; i++) {
        sk_value *value = node->outputs[i];
        if (value && value->type.rank < 0) value->type = tensors[node->n_inputs + i];
    }
}

const sk_tensor *sk_expand_type(sk_expander *x, const sk_value *value) {
    while (x->inferred < x->graph->n_nodes && (!value->type.type || value->type.rank < 0)) {
        sk_node *node = x->graph->nodes[x->inferred++];
        const size_t n_in = (size_t)node->n_inputs, n_out = (size_t)node->n_outputs;
        sk_heap *heap = x->ir->arena.heap;
        sk_tensor *tensors = sk_calloc(heap, n_in + n_out + 1, sizeof *tensors);
        const sk_tensor **in = sk_calloc(heap, n_in + 1, sizeof *in);
        sk_tensor **out = sk_calloc(heap, n_out + 1, sizeof *out);
        if (tensors && in && out) infer(x, node, tensors, in, out);
        sk_free(heap, tensors);
        sk_free(heap, in);
        sk_free(heap, out);
    }
    return &value->type;
}

/* ---- the graph ---- */

sk_status sk_expand_place(sk_expander *x, sk_node *node) {
    if (is_map(node)) return sk_expand_sequence_map(x, node);
    const char *text = find(node);
    const int32_t before = x->graph->n_nodes;
    const sk_status status = text ? sk_function_write(x, node, text) : SK_UNSUPPORTED;
    if (status != SK_UNSUPPORTED) return status;
    x->graph->n_nodes = before;
    if (x->inferred > before) x->inferred = before;
    for (int i = 0; i < node->n_outputs; i++)
        if (node->outputs[i]) node->outputs[i]->producer = node;
    return sk_graph_append(x->graph, node) == SK_OK ? SK_OK : sk_oom(x->err, sizeof(sk_node *));
}

static int has_calls(const sk_graph *graph) {
    for (int i = 0; i < graph->n_nodes; i++)
        if (find(graph->nodes[i]) || is_map(graph->nodes[i])) return 1;
    return 0;
}

sk_status sk_expand(sk_ir *ir, sk_graph *graph, sk_error *err) {
    if (!has_calls(graph)) return SK_OK;
    sk_expander x = {.ir = ir, .graph = graph, .err = err};
    sk_node **nodes = graph->nodes;
    const int32_t n = graph->n_nodes;
    graph->nodes = NULL;
    graph->n_nodes = graph->cap_nodes = 0;
    for (int32_t i = 0; i < n; i++) SK_TRY(sk_expand_place(&x, nodes[i]));
    return SK_OK;
}
