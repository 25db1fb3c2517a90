/* The list of passes and what they share. */
#include "passes/passes.h"

const sk_pass sk_passes[] = {
#define SK_PASS(name, optional) {#name, optional, sk_pass_##name},
#include "passes/passes.def"
#undef SK_PASS
};

const int sk_pass_count = (int)(sizeof sk_passes / sizeof *sk_passes);

sk_status sk_each_graph(sk_ir *ir, sk_graph *graph, sk_status (*visit)(sk_ir *, sk_graph *, sk_error *),
                        sk_error *err) {
    SK_TRY(visit(ir, graph, err));
    for (int i = 0; i < graph->n_nodes; i++)
        for (int j = 0; j < graph->nodes[i]->n_bodies; j++)
            SK_TRY(sk_each_graph(ir, graph->nodes[i]->bodies[j], visit, err));
    return SK_OK;
}
