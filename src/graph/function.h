/* What expand.c (which calls become what, and where) and function.c (the texts of functions.def, read and
 * turned into nodes) share. */
#ifndef SK_GRAPH_FUNCTION_H
#define SK_GRAPH_FUNCTION_H

#include "graph/op.h"

/* The opset of ai.onnx that the bodies are written in. */
#define SK_FUNCTION_OPSET 24

typedef struct sk_expander {
    sk_ir *ir;
    sk_graph *graph;
    sk_error *err;
    int32_t inferred; /* so many of the graph's nodes have had their outputs' types looked for */
} sk_expander;

/* Puts the functions' bodies in place of the graph's calls (not in its bodies). */
sk_status sk_expand(sk_ir *ir, sk_graph *graph, sk_error *err);

/* Type and shape of a value as far as they follow from what stands before it. */
const sk_tensor *sk_expand_type(sk_expander *x, const sk_value *value);

/* Appends a node to the graph, or what it stands for when it is a call. */
sk_status sk_expand_place(sk_expander *x, sk_node *node);

/* Appends the body of the function whose text this is. SK_UNSUPPORTED, without an error's text: the function
 * has no body for such a call. */
sk_status sk_function_write(sk_expander *x, sk_node *call, const char *text);

/* The same for SequenceMap, which no text can say since it has a body (sequence_map.c). */
sk_status sk_expand_sequence_map(sk_expander *x, sk_node *call);

#endif
