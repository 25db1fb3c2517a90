/* Dead nodes: those whose outputs nobody reads. Bodies are swept after the nodes around them, so that what
 * only a dead body read is dead too. */
#include <string.h>

#include "passes/passes.h"

/* One round over one graph, last node first; counts of the node's own inputs fall with it. */
static int sweep_round(sk_graph *graph, int32_t *uses, uint8_t *keep) {
    int dropped = 0;
    sk_count_uses(graph, uses);
    for (int i = graph->n_nodes - 1; i >= 0; i--) {
        const sk_node *node = graph->nodes[i];
        keep[i] = 0;
        for (int j = 0; j < node->n_outputs; j++)
            keep[i] |= node->outputs[j] && uses[node->outputs[j]->index] > 0;
        if (keep[i]) continue;
        dropped++;
        for (int j = 0; j < node->n_inputs; j++)
            if (node->inputs[j] && node->inputs[j]->graph == graph) uses[node->inputs[j]->index]--;
    }
    sk_keep_nodes(graph, keep);
    return dropped;
}

sk_status sk_drop_dead(sk_ir *ir, sk_graph *graph, sk_error *err) {
    sk_heap *heap = ir->arena.heap;
    int32_t *uses = sk_calloc(heap, (size_t)graph->n_values + 1, sizeof *uses);
    uint8_t *keep = sk_calloc(heap, (size_t)graph->n_nodes + 1, 1);
    const int fit = uses && keep;
    /* a second round only when a dropped node had bodies, whose reads the first could not take back */
    while (fit && sweep_round(graph, uses, keep)) continue;
    sk_free(heap, uses);
    sk_free(heap, keep);
    if (!fit) return sk_oom(err, (size_t)graph->n_values * sizeof *uses);
    for (int i = 0; i < graph->n_nodes; i++)
        for (int j = 0; j < graph->nodes[i]->n_bodies; j++)
            SK_TRY(sk_drop_dead(ir, graph->nodes[i]->bodies[j], err));
    return SK_OK;
}

sk_status sk_pass_sweep(sk_ir *ir, sk_error *err) { return sk_drop_dead(ir, ir->main, err); }
