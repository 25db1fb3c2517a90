/* What the passes share that recognise an operator in its decomposed form: walking backwards from a pattern's
 * last node, and replacing that node. Everything before it is left to be swept, so a pattern whose inner
 * values somebody else reads too is correct, but not worth it: hence the counts of uses. */
#ifndef SK_PASSES_MATCH_H
#define SK_PASSES_MATCH_H

#include "passes/passes.h"

typedef struct sk_match {
    sk_ir *ir;
    sk_graph *graph;
    sk_error *err;
    int32_t *uses; /* of the n_values values that the graph had at first */
    int32_t n_values;
    int32_t at;      /* the node being visited */
    uint8_t changed; /* some node was replaced */
} sk_match;

/* Calls visit for every node of every graph, in order, and drops what is dead afterwards. */
typedef sk_status sk_visit_fn(sk_match *m, sk_node *node);
sk_status sk_match_each(sk_ir *ir, sk_error *err, sk_visit_fn *visit);

/* Is this node a `op`, of any version? */
int sk_match_is(const sk_node *node, const char *op);
/* The node `op` that makes value, in this graph, as its first output, when that is read `uses` times (0: any
 * number) and is no output of the graph; else NULL. */
sk_node *sk_match_maker(const sk_match *m, const sk_value *value, const char *op, int uses);
/* The same for one of node's two inputs; *other: what stands beside it. */
sk_node *sk_match_input(const sk_match *m, const sk_node *node, const char *op, int uses, sk_value **other);

/* 1 and the number when value is a constant of one float32 that leaves the shape of `like` alone. */
int sk_match_scalar(const sk_match *m, const sk_value *value, const sk_value *like, float *number);
/* Is it such a constant, near this number? 1e-5: what exporters leave of sqrt(2) and the like. */
int sk_match_number(const sk_match *m, const sk_value *value, const sk_value *like, float number);
/* node is a * b, or a / b, with such a constant b (in any order where that is the same): the other operand,
 * and the factor that it is multiplied with; else NULL. */
sk_value *sk_match_scaled(const sk_match *m, const sk_node *node, float *factor);
/* A constant list of at most `most` integers; their number, -1 when it is no such thing. */
int sk_match_ints(const sk_match *m, const sk_value *value, int64_t *ints, int most);
/* The axes, as bits, that a reduction of float32 folds and keeps as ones; 0 when that is not known. */
uint32_t sk_match_folded(const sk_match *m, const sk_node *node);
/* 1 when value is float32 of known rank. */
int sk_match_real(const sk_value *value);

/* A node `op` of opset `version` takes the place of `node`, whose first output it makes. inputs and attrs are
 * copied. */
sk_status sk_match_replace(sk_match *m, const sk_node *node, const char *op, int version, int n_inputs,
                           sk_value *const *inputs, int n_attrs, const sk_attr *attrs);

#endif
