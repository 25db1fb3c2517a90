/* ONNX files into the IR: IR versions 3 to 14, read through the source without ever holding the file.
 *
 * What the graph looks like afterwards:
 *  - initializers and Constant nodes are constants: resident when they are small or stored as varints,
 * otherwise left in the source as (file, offset). An initializer that is also listed as an input is a
 * constant too: its value is not an input that a caller could override;
 *  - calls of model-local functions are replaced by the functions' nodes;
 *  - nodes are in topological order, also when the file's are not;
 *  - attributes of kinds that the IR cannot hold (lists of types, of sparse tensors) keep name and kind,
 * without a value;
 *  - value_info is not read: types are inferred. Inputs and outputs carry their declared types. */
#ifndef SK_FORMATS_ONNX_H
#define SK_FORMATS_ONNX_H

#include "graph/graph.h"

/* Fills main, opsets, ir_version and producer of an IR whose arena, source and files (0: the model) are set.
 * heap is used for what reading needs meanwhile. On failure the arena still has to be cleared, by the caller.
 */
sk_status sk_onnx_read(sk_ir *ir, sk_heap *heap, sk_error *err);

/* A TensorProto that stands alone (test vectors): data, always resident, and name live in the arena. */
sk_status sk_onnx_read_tensor(const void *bytes, size_t size, sk_arena *arena, sk_tensor *tensor,
                              const char **name, sk_error *err);

#endif
