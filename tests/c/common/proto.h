/* Protobuf messages made by hand, for tests of the reader: nothing stops a test from writing nonsense. */
#ifndef TESTS_PROTO_H
#define TESTS_PROTO_H

#include <stddef.h>
#include <stdint.h>

typedef struct proto {
    size_t size;
    uint8_t bytes[8192]; /* more aborts */
} proto;

void proto_raw(proto *p, const void *bytes, size_t size);
void proto_varint(proto *p, uint64_t value);            /* bare */
void proto_number(proto *p, int field, uint64_t value); /* as a varint */
void proto_fixed32(proto *p, int field, uint32_t bits);
void proto_fixed64(proto *p, int field, uint64_t bits);
void proto_bytes(proto *p, int field, const void *bytes, size_t size);
void proto_text(proto *p, int field, const char *text);
void proto_message(proto *p, int field, const proto *inner);

/* ---- ONNX's messages ---- */
enum { /* fields */
       MODEL_IR = 1,
       MODEL_GRAPH = 7,
       MODEL_OPSET = 8,
       MODEL_FUNCTION = 25,
       GRAPH_NODE = 1,
       GRAPH_NAME = 2,
       GRAPH_INITIALIZER = 5,
       GRAPH_INPUT = 11,
       GRAPH_OUTPUT = 12,
       NODE_INPUT = 1,
       NODE_OUTPUT = 2,
       NODE_NAME = 3,
       NODE_OP = 4,
       NODE_ATTRIBUTE = 5,
       NODE_DOMAIN = 7,
       NODE_OVERLOAD = 8,
       ATTR_NAME = 1,
       ATTR_F = 2,
       ATTR_I = 3,
       ATTR_S = 4,
       ATTR_T = 5,
       ATTR_G = 6,
       ATTR_FLOATS = 7,
       ATTR_INTS = 8,
       ATTR_STRINGS = 9,
       ATTR_TYPE = 20,
       ATTR_REF = 21,
       TENSOR_DIMS = 1,
       TENSOR_TYPE = 2,
       TENSOR_FLOATS = 4,
       TENSOR_INT32S = 5,
       TENSOR_STRINGS = 6,
       TENSOR_INT64S = 7,
       TENSOR_NAME = 8,
       TENSOR_RAW = 9,
       TENSOR_DOUBLES = 10,
       TENSOR_UINT64S = 11,
       TENSOR_EXTERNAL = 13,
       TENSOR_LOCATION = 14,
       FUNCTION_NAME = 1,
       FUNCTION_INPUT = 4,
       FUNCTION_OUTPUT = 5,
       FUNCTION_ATTRIBUTE = 6,
       FUNCTION_NODE = 7,
       FUNCTION_OPSET = 9,
       FUNCTION_DOMAIN = 10,
       FUNCTION_DEFAULT = 11,
       FUNCTION_OVERLOAD = 13,
};

/* "a b" are two names, "-" an absent one, "" none. */
proto proto_node(const char *op, const char *inputs, const char *outputs);
void proto_attr_int(proto *node, const char *name, int64_t value);
void proto_attr_ref(proto *node, const char *name, int type, const char *ref);
void proto_attr_graph(proto *node, const char *name, const proto *graph);
void proto_attr_tensor(proto *node, const char *name, const proto *tensor);
/* A float32 value_info with one dimension, and adds it as the graph's input or output. */
void proto_io(proto *graph, int field, const char *name, int64_t dim);
proto proto_tensor(const char *name, int type, int rank, const int64_t *dims);
/* A whole model: IR 9, opset 17. functions: already FunctionProtos, n of them. */
proto proto_model(const proto *graph, int n, const proto *functions);

#endif
