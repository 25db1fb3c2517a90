/* A graph as text, for `siskin info --graph` and for looking at what the passes did. */
#ifndef SK_GRAPH_DUMP_H
#define SK_GRAPH_DUMP_H

#include "core/text.h"
#include "graph/graph.h"

/* One line a node, bodies indented below it:
 *   %y: float32[1,16,?,?] = Conv(%x, %w: const float32[16,3,3,3]) {strides=[2,2], clamp=[0,6]}  # stem/conv
 * Names that are not plain words are quoted and escaped; a value that lives in an enclosing graph reads ^%x.
 */
void sk_graph_dump(const sk_ir *ir, sk_text *out);

#endif
