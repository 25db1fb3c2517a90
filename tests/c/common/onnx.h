/* ONNX models made in memory, for tests: just enough of the wire format to write nodes, attributes and
 * tensors. Every failure (memory, limits) aborts: these are tests. */
#ifndef TESTS_ONNX_H
#define TESTS_ONNX_H

#include "siskin.h"

typedef struct onnx {
    uint8_t *bytes; /* the graph so far; after onnx_end the model */
    size_t size, capacity;
    uint8_t *node; /* the open node, or NULL */
    size_t node_size, node_capacity;
} onnx;

void onnx_start(onnx *o);
/* A node with its names; "" is an absent optional; "ai.onnx.preview.training.Adam" is of that domain (the
 * only one but the default that models import). Attributes that follow belong to it. */
void onnx_node(onnx *o, const char *op, int n_in, const char *const *in, int n_out, const char *const *out);
void onnx_int(onnx *o, const char *name, int64_t value);
void onnx_float(onnx *o, const char *name, float value);
void onnx_string(onnx *o, const char *name, const char *value);
void onnx_ints(onnx *o, const char *name, int n, const int32_t *values);
/* rank -1: a shape that the model does not tell; a dimension of -1: one that it does not tell. */
void onnx_input(onnx *o, const char *name, int type, int rank, const int32_t *dims);
void onnx_output(onnx *o, const char *name, int type);
void onnx_constant(onnx *o, const char *name, const sk_tensor *tensor);
void onnx_end(onnx *o, int opset);
void onnx_free(onnx *o);

/* ---- running it ---- */
typedef struct onnx_run {
    sk_model *model; /* NULL when even that failed */
    sk_status status;
} onnx_run;
/* Loads o and runs it on n inputs; outputs by sk_output(run.model, ...). The caller frees run.model. */
onnx_run onnx_predict(const onnx *o, const sk_options *options, int n, const sk_tensor *const *inputs);

#endif
