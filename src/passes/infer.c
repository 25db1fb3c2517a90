/* Static inference: every value's type and shape as far as they follow from the declarations. */
#include "passes/passes.h"

static sk_status infer_graph(sk_ir *ir, sk_graph *graph, sk_error *err) {
    for (int i = 0; i < graph->n_nodes; i++) SK_TRY(sk_infer_static(ir, graph->nodes[i], err));
    return SK_OK;
}

sk_status sk_infer_static(sk_ir *ir, sk_node *node, sk_error *err) {
    for (int i = 0; i < node->n_bodies; i++) SK_TRY(infer_graph(ir, node->bodies[i], err));
    return sk_infer_values(ir, node, err);
}

sk_status sk_pass_infer(sk_ir *ir, sk_error *err) { return infer_graph(ir, ir->main, err); }
