/* Operators that are defined by others: calls of functions.def's functions are replaced by their bodies,
 * before anything is validated. A row of ops.def that began later than the function is
 * the operator's own implementation and wins; one that began together with it serves the calls that the
 * function has no body for; so does a function of the model's own, which the reader expanded. A call that a
 * function has no body for stays, and is listed with everything else that is not supported. */
#include <string.h>

#include "core/text.h"
#include "graph/function.h"

static int is_map(const sk_node *node) {
    return !strcmp(node->op_type, "SequenceMap") && !node->domain[0] && node->opset >= 17;
}

/* "com.microsoft.Gelu 1 x -> y: ..." */
static const char *const functions[] = {
#define SK_FUNCTION(name, since, text) name " " #since " " text,
#include "graph/functions.def"
#undef SK_FUNCTION
};

/* The text of the function that the node calls, or NULL. */
static const char *find(const sk_node *node) {
    const char *text = NULL;
    int best = 0;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (!sk_op_named(functions[i], node->domain, node->op_type)) continue;
        const char *at = sk_find(functions[i], ' ', SIZE_MAX);
        int since = 0;
        while (*++at != ' ') since = since * 10 + (*at - '0');
        if (since <= best || since > node->opset) continue;
        best = since;
        text = at;
    }
    const sk_op *op = text ? sk_op_find(node->domain, node->op_type, node->opset) : NULL;
    return op && op->since > best ? NULL : text;
}

/* ---- what is known of values ---- */

/* Best effort: what fails here fails again, with a message, when the node is validated and inferred for good.
 */
static void infer(const sk_expander *x, sk_node *node) {
    sk_error failure = {.status = SK_OK};
    sk_import import = {x->ir, node, &failure};
    node->op = sk_op_find(node->domain, node->op_type, node->opset);
    if (!node->op || (node->op->flags & (SK_OP_INTERNAL | SK_OP_CONTROL))) return;
    if (sk_check_arity(node, &failure) != SK_OK || !node->outputs[0]) return;
    if (!node->op->impl->import || node->op->impl->import(&import) == SK_OK)
        sk_infer_values(x->ir, node, &failure);
}

const sk_tensor *sk_expand_type(sk_expander *x, const sk_value *value) {
    while (x->inferred < x->graph->n_nodes && (!value->type.type || value->type.rank < 0))
        infer(x, x->graph->nodes[x->inferred++]);
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
