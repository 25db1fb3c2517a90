/* The IR as an ONNX file. Weights are pulled from their source piece by piece and passed on at once, so that
 * neither they nor the file are ever in memory as a whole. onnx_writer.c: model, graphs, nodes;
 * onnx_writer_parts.c: tensors, types, attributes.
 *
 * What the model was read from gives what the IR does not hold: documentation and metadata of the model.
 * Documentation of nodes and values and their declared shapes are lost. Names stay what they were where they
 * are unique; inputs and outputs always keep theirs. */
#ifndef SK_FORMATS_ONNX_WRITER_H
#define SK_FORMATS_ONNX_WRITER_H

#include "formats/names.h"
#include "formats/wire_out.h"
#include "graph/graph.h"

/* Before the passes or after those that leave ONNX's own operators (sk_options.portable). SK_UNSUPPORTED when
 * the graph holds something that no ONNX file can say. heap: for what writing needs meanwhile. */
sk_status sk_onnx_write(sk_ir *ir, sk_sink sink, sk_heap *heap, sk_error *err);

/* ---- between the files of the writer ---- */

typedef struct sk_onnx_writer {
    sk_out out; /* first: what fills messages is given this */
    sk_ir *ir;
    sk_heap *heap;
    sk_error *err;
    sk_names used, used_nodes; /* names that are taken, by values and by nodes */
    const char ***names;       /* by graph id, by value index; NULL: not named yet */
    int32_t made;              /* names invented so far */
    sk_opset *opsets;          /* what the file imports */
    int32_t n_opsets;
    uint8_t *piece; /* SK_OUT_BUFFER bytes of weights on their way */
} sk_onnx_writer;

typedef struct sk_onnx_named { /* a tensor or value under its name in the file */
    const char *name;
    const sk_const *constant;
    const sk_value *value;
} sk_onnx_named;

sk_out_fields sk_onnx_write_tensor;     /* of an sk_onnx_named's constant */
sk_out_fields sk_onnx_write_value_info; /* of an sk_onnx_named's value */
sk_out_fields sk_onnx_write_attr;       /* of an sk_attr */
sk_out_fields sk_onnx_write_graph;      /* of an sk_graph */

#endif
