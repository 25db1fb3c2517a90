/* Writes ONNX models and runs them; see onnx.h. Field numbers are those of onnx.proto. */
#include "onnx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *block) {
    if (block) return block;
    fprintf(stderr, "out of memory\n");
    abort();
}

static void put(uint8_t **bytes, size_t *size, size_t *capacity, const void *data, size_t n) {
    if (*size + n > *capacity) {
        *capacity = 2 * (*size + n);
        *bytes = must(realloc(*bytes, *capacity));
    }
    if (n) memcpy(*bytes + *size, data, n);
    *size += n;
}

/* A message being written: its own buffer, appended to its parent when done. */
typedef struct message {
    uint8_t *bytes;
    size_t size, capacity;
} message;

static void varint(message *m, uint64_t v) {
    do {
        const uint8_t byte = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
        put(&m->bytes, &m->size, &m->capacity, &byte, 1);
        v >>= 7;
    } while (v);
}

static void number(message *m, int field, uint64_t v) {
    varint(m, (uint64_t)field << 3);
    varint(m, v);
}

static void chunk(message *m, int field, const void *data, size_t n) {
    varint(m, (uint64_t)field << 3 | 2);
    varint(m, n);
    put(&m->bytes, &m->size, &m->capacity, data, n);
}

static void text(message *m, int field, const char *s) { chunk(m, field, s, strlen(s)); }

static void close_into(message *parent, int field, message *m) {
    chunk(parent, field, m->bytes, m->size);
    free(m->bytes);
}

/* The graph's and the node's buffers live in the onnx itself. */
static message take(uint8_t **bytes, size_t *size, size_t *capacity) {
    const message m = {*bytes, *size, *capacity};
    return m;
}

static void give(const message *m, uint8_t **bytes, size_t *size, size_t *capacity) {
    *bytes = m->bytes;
    *size = m->size;
    *capacity = m->capacity;
}

static message graph_of(onnx *o) { return take(&o->bytes, &o->size, &o->capacity); }
static void graph_back(onnx *o, const message *m) { give(m, &o->bytes, &o->size, &o->capacity); }

static void flush_node(onnx *o) {
    if (!o->node) return;
    message graph = graph_of(o), node = take(&o->node, &o->node_size, &o->node_capacity);
    close_into(&graph, 1, &node);
    graph_back(o, &graph);
    o->node = NULL;
    o->node_size = o->node_capacity = 0;
}

void onnx_start(onnx *o) { memset(o, 0, sizeof *o); }

void onnx_node(onnx *o, const char *op, int n_in, const char *const *in, int n_out, const char *const *out) {
    flush_node(o);
    message node = {NULL, 0, 0};
    for (int i = 0; i < n_in; i++) text(&node, 1, in[i]);
    for (int i = 0; i < n_out; i++) text(&node, 2, out[i]);
    const char *dot = strrchr(op, '.');
    text(&node, 4, dot ? dot + 1 : op);
    if (dot) chunk(&node, 7, op, (size_t)(dot - op));
    give(&node, &o->node, &o->node_size, &o->node_capacity);
}

static void attribute(onnx *o, const char *name, int kind, message *body) {
    message node = take(&o->node, &o->node_size, &o->node_capacity), attr = {NULL, 0, 0};
    text(&attr, 1, name);
    number(&attr, 20, (uint64_t)kind);
    put(&attr.bytes, &attr.size, &attr.capacity, body->bytes, body->size);
    free(body->bytes);
    close_into(&node, 5, &attr);
    give(&node, &o->node, &o->node_size, &o->node_capacity);
}

void onnx_int(onnx *o, const char *name, int64_t value) {
    message m = {NULL, 0, 0};
    number(&m, 3, (uint64_t)value);
    attribute(o, name, 2, &m);
}

void onnx_float(onnx *o, const char *name, float value) {
    message m = {NULL, 0, 0};
    varint(&m, 2 << 3 | 5);
    put(&m.bytes, &m.size, &m.capacity, &value, sizeof value);
    attribute(o, name, 1, &m);
}

void onnx_string(onnx *o, const char *name, const char *value) {
    message m = {NULL, 0, 0};
    text(&m, 4, value);
    attribute(o, name, 3, &m);
}

void onnx_ints(onnx *o, const char *name, int n, const int32_t *values) {
    message m = {NULL, 0, 0};
    for (int i = 0; i < n; i++) number(&m, 8, (uint64_t)(int64_t)values[i]);
    attribute(o, name, 7, &m);
}

static void value_info(onnx *o, int field, const char *name, int type, int rank, const int32_t *dims) {
    flush_node(o);
    message graph = graph_of(o), info = {NULL, 0, 0}, type_proto = {NULL, 0, 0}, tensor = {NULL, 0, 0};
    number(&tensor, 1, (uint64_t)type);
    if (rank >= 0) {
        message shape = {NULL, 0, 0};
        for (int i = 0; i < rank; i++) {
            message dim = {NULL, 0, 0};
            if (dims[i] >= 0) number(&dim, 1, (uint64_t)dims[i]);
            close_into(&shape, 1, &dim);
        }
        close_into(&tensor, 2, &shape);
    }
    close_into(&type_proto, 1, &tensor);
    text(&info, 1, name);
    close_into(&info, 2, &type_proto);
    close_into(&graph, field, &info);
    graph_back(o, &graph);
}

void onnx_input(onnx *o, const char *name, int type, int rank, const int32_t *dims) {
    value_info(o, 11, name, type, rank, dims);
}

void onnx_output(onnx *o, const char *name, int type) { value_info(o, 12, name, type, -1, NULL); }

void onnx_constant(onnx *o, const char *name, const sk_tensor *tensor) {
    flush_node(o);
    message graph = graph_of(o), m = {NULL, 0, 0};
    for (int i = 0; i < tensor->rank; i++) number(&m, 1, (uint64_t)tensor->dims[i]);
    number(&m, 2, tensor->type);
    text(&m, 8, name);
    chunk(&m, 9, tensor->data, sk_nbytes(tensor));
    close_into(&graph, 5, &m);
    graph_back(o, &graph);
}

void onnx_end(onnx *o, int opset) {
    flush_node(o);
    message graph = graph_of(o), model = {NULL, 0, 0}, import = {NULL, 0, 0};
    text(&graph, 2, "test");
    number(&model, 1, 8);
    close_into(&model, 7, &graph);
    number(&import, 2, (uint64_t)opset);
    close_into(&model, 8, &import);
    import = (message){NULL, 0, 0};
    text(&import, 1, "ai.onnx.preview.training");
    number(&import, 2, 1);
    close_into(&model, 8, &import);
    graph_back(o, &model);
}

void onnx_free(onnx *o) {
    free(o->bytes);
    free(o->node);
    memset(o, 0, sizeof *o);
}

static int read_model(void *user, int file, uint64_t offset, size_t size, void *dst) {
    const onnx *o = user;
    if (file != 0 || offset > o->size || size > o->size - offset) return 1;
    memcpy(dst, o->bytes + offset, size);
    return 0;
}

onnx_run onnx_predict(const onnx *o, const sk_options *options, int n, const sk_tensor *const *inputs) {
    const sk_host host = {.read = read_model, .user = (void *)(uintptr_t)o};
    onnx_run run = {sk_model_new(&host, o->size, options), SK_OUT_OF_MEMORY};
    if (!run.model) return run;
    run.status = sk_model_load(run.model, 0);
    for (int i = 0; i < n && run.status == SK_OK; i++) {
        void *data;
        run.status = sk_set_input(run.model, i, inputs[i]->type, inputs[i]->rank, inputs[i]->dims, &data);
        if (run.status == SK_OK && sk_nbytes(inputs[i])) memcpy(data, inputs[i]->data, sk_nbytes(inputs[i]));
    }
    if (run.status == SK_OK) run.status = sk_model_run(run.model, 0);
    return run;
}
