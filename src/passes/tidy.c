/* Identities (also Dropout, which is one at inference) disappear, so that later passes see what really
 * follows what. */
#include <string.h>

#include "passes/passes.h"

static int is_identity(const sk_node *node) {
    if (strcmp(node->domain, "") != 0) return 0;
    if (!strcmp(node->op_type, "Identity")) return 1;
    return !strcmp(node->op_type, "Dropout") && node->op->since >= 7 &&
           (node->n_outputs == 1 || !node->outputs[1]) && (node->n_inputs < 3 || !node->inputs[2]);
}

static sk_status tidy_graph(sk_ir *ir, sk_graph *graph, sk_error *err) {
    (void)ir, (void)err;
    for (int i = 0; i < graph->n_nodes; i++) {
        sk_node *node = graph->nodes[i];
        /* an output keeps its own name and maker */
        if (!is_identity(node) || node->outputs[0]->is_output) continue;
        sk_replace_uses(graph, node->outputs[0], node->inputs[0]);
    }
    return SK_OK;
}

sk_status sk_pass_tidy(sk_ir *ir, sk_error *err) {
    SK_TRY(sk_each_graph(ir, ir->main, tidy_graph, err));
    return sk_drop_dead(ir, ir->main, err);
}
