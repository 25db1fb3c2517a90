/* Static inference: every value's type and shape as far as they follow from the declarations. Nodes on types
 * that they do not take are all found before the model is refused. */
#include "core/text.h"
#include "passes/passes.h"

typedef struct refusals {
    sk_text text; /* "; "-separated */
    int count;
} refusals;

#define MOST_REFUSALS 40

static sk_status infer_node(sk_ir *ir, sk_node *node, refusals *refused, sk_error *err);

static sk_status infer_graph(sk_ir *ir, sk_graph *graph, refusals *refused, sk_error *err) {
    for (int i = 0; i < graph->n_nodes; i++) {
        sk_error why = {.status = SK_OK};
        SK_TRY(sk_widen(ir, graph, &i, err));
        const sk_status status = infer_node(ir, graph->nodes[i], refused, &why);
        if (status == SK_UNSUPPORTED && refused) {
            if (++refused->count <= MOST_REFUSALS)
                sk_text_add(&refused->text, "%s%.*s", refused->count > 1 ? "; " : "", 300, why.text);
        } else if (status != SK_OK) {
            return sk_fail(err, status, "%s", why.text);
        }
    }
    return SK_OK;
}

/* What a body need not declare: the element types of its inputs, which Loop and Scan hand over in their order
 * (older Scans have one input more in front). Shapes may change from one iteration to the next. */
static void hand_over(const sk_node *node) {
    const sk_graph *body = node->bodies[0];
    for (int i = 0; i < body->n_inputs; i++) {
        const sk_value *given = node->inputs[node->n_inputs - body->n_inputs + i];
        sk_tensor *type = &body->inputs[i]->type;
        if (type->type || !given) continue;
        type->type = given->type.type;
        type->kind = given->type.kind;
    }
}

static sk_status infer_node(sk_ir *ir, sk_node *node, refusals *refused, sk_error *err) {
    if (node->n_bodies && (node->op->flags & SK_OP_CONTROL)) hand_over(node);
    for (int i = 0; i < node->n_bodies; i++) SK_TRY(infer_graph(ir, node->bodies[i], refused, err));
    return sk_infer_values(ir, node, err);
}

sk_status sk_infer_static(sk_ir *ir, sk_node *node, sk_error *err) { return infer_node(ir, node, NULL, err); }

sk_status sk_pass_infer(sk_ir *ir, sk_error *err) {
    refusals refused = {.count = 0};
    sk_text_init(&refused.text, ir->arena.heap);
    sk_status status = infer_graph(ir, ir->main, &refused, err);
    if (status == SK_OK && refused.count)
        status = refused.text.failed || !refused.text.chars ? sk_oom(err, 256)
                 : refused.count == 1
                     ? sk_fail(err, SK_UNSUPPORTED, "%s", refused.text.chars)
                     : sk_fail(err, SK_UNSUPPORTED, "%d nodes are not supported: %s%s", refused.count,
                               refused.text.chars, refused.count > MOST_REFUSALS ? "; ..." : "");
    sk_text_free(&refused.text);
    return status;
}
