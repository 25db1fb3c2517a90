/* See opset.c. */
#ifndef SK_PASSES_OPSET_H
#define SK_PASSES_OPSET_H

#include "passes/passes.h"

/* All nodes of ai.onnx, in bodies too, into one opset, which the model then imports: `least`, or a later one
 * that the model or one of its nodes is of. After validation. */
sk_status sk_raise_opset(sk_ir *ir, int32_t least, sk_error *err);

#endif
