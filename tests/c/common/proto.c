/* Writes protobuf: see proto.h. */
#include "proto.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void proto_raw(proto *p, const void *bytes, size_t size) {
    if (size > sizeof p->bytes - p->size) {
        fprintf(stderr, "proto: a test's message is too long\n");
        abort();
    }
    if (size) memcpy(p->bytes + p->size, bytes, size);
    p->size += size;
}

void proto_varint(proto *p, uint64_t value) {
    do {
        const uint8_t byte = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
        proto_raw(p, &byte, 1);
        value >>= 7;
    } while (value);
}

void proto_number(proto *p, int field, uint64_t value) {
    proto_varint(p, (uint64_t)field << 3);
    proto_varint(p, value);
}

void proto_fixed32(proto *p, int field, uint32_t bits) {
    proto_varint(p, (uint64_t)field << 3 | 5);
    proto_raw(p, &bits, sizeof bits);
}

void proto_fixed64(proto *p, int field, uint64_t bits) {
    proto_varint(p, (uint64_t)field << 3 | 1);
    proto_raw(p, &bits, sizeof bits);
}

void proto_bytes(proto *p, int field, const void *bytes, size_t size) {
    proto_varint(p, (uint64_t)field << 3 | 2);
    proto_varint(p, size);
    proto_raw(p, bytes, size);
}

void proto_text(proto *p, int field, const char *text) { proto_bytes(p, field, text, strlen(text)); }

void proto_message(proto *p, int field, const proto *inner) {
    proto_bytes(p, field, inner->bytes, inner->size);
}

static void add_names(proto *node, int field, const char *names) {
    while (*names) {
        const size_t n = strcspn(names, " ");
        proto_bytes(node, field, names, n == 1 && *names == '-' ? 0 : n);
        names += n + (names[n] == ' ');
    }
}

proto proto_node(const char *op, const char *inputs, const char *outputs) {
    proto node = {.size = 0};
    add_names(&node, NODE_INPUT, inputs);
    add_names(&node, NODE_OUTPUT, outputs);
    proto_text(&node, NODE_OP, op);
    return node;
}

static proto start_attr(const char *name, int type) {
    proto attr = {.size = 0};
    proto_text(&attr, ATTR_NAME, name);
    proto_number(&attr, ATTR_TYPE, (uint64_t)type);
    return attr;
}

void proto_attr_int(proto *node, const char *name, int64_t value) {
    proto attr = start_attr(name, 2);
    proto_number(&attr, ATTR_I, (uint64_t)value);
    proto_message(node, NODE_ATTRIBUTE, &attr);
}

void proto_attr_ref(proto *node, const char *name, int type, const char *ref) {
    proto attr = start_attr(name, type);
    proto_text(&attr, ATTR_REF, ref);
    proto_message(node, NODE_ATTRIBUTE, &attr);
}

void proto_attr_graph(proto *node, const char *name, const proto *graph) {
    proto attr = start_attr(name, 5);
    proto_message(&attr, ATTR_G, graph);
    proto_message(node, NODE_ATTRIBUTE, &attr);
}

void proto_attr_tensor(proto *node, const char *name, const proto *tensor) {
    proto attr = start_attr(name, 4);
    proto_message(&attr, ATTR_T, tensor);
    proto_message(node, NODE_ATTRIBUTE, &attr);
}

void proto_io(proto *graph, int field, const char *name, int64_t dim) {
    proto info = {.size = 0}, type = {.size = 0}, tensor = {.size = 0}, shape = {.size = 0}, d = {.size = 0};
    proto_number(&d, 1, (uint64_t)dim);
    proto_message(&shape, 1, &d);
    proto_number(&tensor, 1, 1);
    proto_message(&tensor, 2, &shape);
    proto_message(&type, 1, &tensor);
    proto_text(&info, 1, name);
    proto_message(&info, 2, &type);
    proto_message(graph, field, &info);
}

proto proto_tensor(const char *name, int type, int rank, const int64_t *dims) {
    proto tensor = {.size = 0};
    for (int i = 0; i < rank; i++) proto_number(&tensor, TENSOR_DIMS, (uint64_t)dims[i]);
    proto_number(&tensor, TENSOR_TYPE, (uint64_t)type);
    if (name) proto_text(&tensor, TENSOR_NAME, name);
    return tensor;
}

proto proto_model(const proto *graph, int n, const proto *functions) {
    proto model = {.size = 0}, opset = {.size = 0};
    proto_number(&opset, 2, 17);
    proto_number(&model, MODEL_IR, 9);
    proto_message(&model, MODEL_GRAPH, graph);
    proto_message(&model, MODEL_OPSET, &opset);
    for (int i = 0; i < n; i++) proto_message(&model, MODEL_FUNCTION, &functions[i]);
    return model;
}
