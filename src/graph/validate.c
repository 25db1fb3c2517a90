/* From a graph as read to a graph that can run: finds the op row of every node, checks arity and element
 * types and has the op import its attributes. Everything unsupported is collected into one error. */
#include <string.h>

#include "core/text.h"
#include "graph/function.h"

int sk_op_named(const char *name, const char *domain, const char *op_type) {
    size_t n = strlen(domain);
    if (n) {
        if (strncmp(name, domain, n) != 0 || name[n] != '.') return 0;
        name += n + 1;
    }
    n = strlen(op_type);
    return !strncmp(name, op_type, n) && (!name[n] || name[n] == ' ');
}

const sk_op *sk_op_find(const char *domain, const char *op_type, int version) {
    const sk_op *best = NULL;
    if (!strcmp(domain, "ai.onnx")) domain = "";
    const char *name = sk_op_names;
    for (const sk_op *op = sk_ops; op < sk_ops + sk_op_count; op++, name += strlen(name) + 1)
        if (op->since <= version && (!best || op->since > best->since) && sk_op_named(name, domain, op_type))
            best = op;
    return best;
}

/* Is the name known at all, under some other version? */
static const sk_op *any_version(const sk_node *node) {
    return sk_op_find(node->domain, node->op_type, INT16_MAX);
}

sk_status sk_check_arity(const sk_node *node, sk_error *err) {
    const sk_op *op = node->op;
    char text[SK_NODE_TEXT];
    /* Loop's trip count and condition may be left out; If's condition, which picks the branch, may not. */
    const int may_lack = (op->flags & SK_OP_CONTROL) && !op->values;
    int present = node->n_inputs;
    while (present && !node->inputs[present - 1]) present--;
    if ((present < op->min_in && !may_lack) || (op->max_in != SK_MANY && present > op->max_in))
        return sk_fail(err, SK_MALFORMED, "%s has %d inputs", sk_node_text(node, text), present);
    const int needed = op->max_in == SK_MANY && !(op->flags & SK_OP_CONTROL) ? node->n_inputs : op->min_in;
    for (int i = 0; i < needed; i++)
        if (!may_lack && !node->inputs[i])
            return sk_fail(err, SK_MALFORMED, "%s lacks input %d", sk_node_text(node, text), i);
    if (node->n_outputs < op->min_out || (op->max_out != SK_MANY && node->n_outputs > op->max_out))
        return sk_fail(err, SK_MALFORMED, "%s has %d outputs", sk_node_text(node, text),
                       (int)node->n_outputs);
    return SK_OK;
}

typedef struct validation {
    sk_ir *ir;
    sk_error *err;
    sk_text unsupported; /* "; "-separated */
    int count, nodes;
} validation;

#define MOST 40 /* are listed */

static void note(validation *v, const sk_error *why) {
    if (++v->count <= MOST) sk_text_add(&v->unsupported, "%s%.*s", v->count > 1 ? "; " : "", 300, why->text);
}

static sk_status validate_graph(validation *v, sk_graph *graph);

static sk_status validate_node(validation *v, sk_node *node) {
    char text[SK_NODE_TEXT];
    v->nodes++;
    node->op = sk_op_find(node->domain, node->op_type, node->opset);
    if (node->op && (node->op->flags & SK_OP_INTERNAL)) node->op = NULL;
    if (!node->op) {
        if (++v->count <= MOST)
            sk_text_add(&v->unsupported, "%s%s%s%s version %d%s", v->count > 1 ? "; " : "", node->domain,
                        node->domain[0] ? "." : "", sk_node_text(node, text), (int)node->opset,
                        any_version(node) ? " (known in newer opsets only)" : "");
        return SK_OK;
    }
    SK_TRY(sk_check_arity(node, v->err));
    for (int i = 0; i < node->n_bodies; i++) SK_TRY(validate_graph(v, node->bodies[i]));
    if (!node->op->impl->import) return SK_OK;
    sk_error failure = {.status = SK_OK};
    sk_import import = {v->ir, node, &failure};
    const sk_status status = node->op->impl->import(&import);
    if (status == SK_UNSUPPORTED) {
        note(v, &failure);
        node->op = NULL;
        return SK_OK;
    }
    if (status != SK_OK) return sk_fail(v->err, status, "%s", failure.text);
    return SK_OK;
}

static sk_status validate_graph(validation *v, sk_graph *graph) {
    SK_TRY(sk_expand(v->ir, graph, v->err));
    for (int i = 0; i < graph->n_nodes; i++) SK_TRY(validate_node(v, graph->nodes[i]));
    return SK_OK;
}

/* In a model that is refused anyway: also nodes on types that they do not take, as far as types are known
 * without the missing operators. A node whose inputs could be widened is left out. */
static void note_types(validation *v, const sk_graph *graph) {
    for (int i = 0; i < graph->n_nodes; i++) {
        sk_node *node = graph->nodes[i];
        for (int j = 0; j < node->n_bodies; j++) note_types(v, node->bodies[j]);
        if (!node->op) continue;
        const int type = node->n_inputs && node->inputs[0] ? node->inputs[0]->type.type : 0;
        if ((node->op->flags & SK_OP_WIDENS) && !sk_type_in(type, node->op->types)) continue;
        sk_error why = {.status = SK_OK};
        if (sk_infer_values(v->ir, node, &why) == SK_UNSUPPORTED) note(v, &why);
    }
}

sk_status sk_validate(sk_ir *ir, sk_error *err) {
    validation v = {.ir = ir, .err = err};
    sk_text_init(&v.unsupported, ir->arena.heap);
    sk_status status = validate_graph(&v, ir->main);
    if (status == SK_OK && v.count) note_types(&v, ir->main);
    if (status == SK_OK && v.count)
        status = v.unsupported.failed || !v.unsupported.chars
                     ? sk_oom(err, 256)
                     : sk_fail(err, SK_UNSUPPORTED, "%d of %d nodes are not supported: %s%s", v.count,
                               v.nodes, v.unsupported.chars, v.count > MOST ? "; ..." : "");
    sk_text_free(&v.unsupported);
    return status;
}
