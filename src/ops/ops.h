/* What the rows of graph/ops.def pass as `param`: the kinds that one implementation tells apart. */
#ifndef SK_OPS_OPS_H
#define SK_OPS_OPS_H

#endif
