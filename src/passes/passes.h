/* Passes: IR -> IR, one a file, run in the order of passes.def. */
#ifndef SK_PASSES_PASSES_H
#define SK_PASSES_PASSES_H

#include "graph/op.h"

typedef struct sk_pass {
    const char *name;
    uint8_t optional;
    sk_status (*run)(sk_ir *ir, sk_error *err);
} sk_pass;

extern const sk_pass sk_passes[];
extern const int sk_pass_count;

#define SK_PASS(name, optional) sk_status sk_pass_##name(sk_ir *ir, sk_error *err);
#include "passes/passes.def"
#undef SK_PASS

/* Calls visit on graph and every body inside it, outermost first. */
sk_status sk_each_graph(sk_ir *ir, sk_graph *graph, sk_status (*visit)(sk_ir *, sk_graph *, sk_error *),
                        sk_error *err);
/* Drops the nodes of graph and its bodies whose outputs nobody reads. */
sk_status sk_drop_dead(sk_ir *ir, sk_graph *graph, sk_error *err);
/* Puts node in at graph->nodes[at]. */
sk_status sk_insert_node(sk_graph *graph, int at, sk_node *node, sk_error *err);
/* Infers one node's outputs from what its inputs' values are known to be. Bodies first. */
sk_status sk_infer_static(sk_ir *ir, sk_node *node, sk_error *err);
/* The type to which inputs of this type are cast for the operator (SK_OP_WIDENS); 0: none, it takes them or
 * does not. */
int sk_wider(const sk_op *op, int type);
/* Puts the casts around graph->nodes[*at] that it needs; *at: where the node stands then. */
sk_status sk_widen(sk_ir *ir, sk_graph *graph, int *at, sk_error *err);

#endif
