/* Pooling from end to end against the scalar definition: random windows, types, layouts. The definition
 * itself is held against ONNX's own vectors (tests/c/vectors.c). CASES, SEED as in test_conv.c. */
#include <stdio.h>
#include <stdlib.h>

#include "common/compare.h"

static const char *const ops[] = {"MaxPool",       "AveragePool",       "LpPool",
                                  "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"};

typedef struct pool_case {
    int op, spatial, type, channels, batch, known, ceil_mode, count_pad, auto_pad;
    int32_t in[3], kernel[3], stride[3], dilation[3], pads[6];
} pool_case;

static pool_case pick(uint32_t *r) {
    const int channels[] = {0, 1, 3, 4, 5, 8, 11, 16, 21};
    pool_case c = {.op = test_between(r, 0, 5), .spatial = test_between(r, 1, 3)};
    c.channels = channels[test_between(r, test_between(r, 0, 15) ? 1 : 0, 8)];
    c.batch = test_between(r, 0, 9) ? test_between(r, 1, 2) : 0;
    c.known = test_between(r, 0, 2) > 0;
    c.ceil_mode = test_between(r, 0, 1);
    c.count_pad = test_between(r, 0, 1);
    c.auto_pad = test_between(r, 0, 2) ? 0 : test_between(r, 1, 3);
    c.type = test_between(r, 0, 3) ? SK_FLOAT32 : SK_FLOAT64;
    if (c.op == 0 && test_between(r, 0, 4) == 0) c.type = test_between(r, 0, 1) ? SK_INT8 : SK_UINT8;
    for (int i = 0; i < c.spatial; i++) {
        c.kernel[i] = test_between(r, 1, 4);
        c.stride[i] = test_between(r, 1, 3);
        c.dilation[i] = test_between(r, 0, 2) ? 1 : 2;
        c.pads[i] = test_between(r, 0, c.kernel[i] - 1);
        c.pads[c.spatial + i] = test_between(r, 0, c.kernel[i] - 1);
        const int span = (c.kernel[i] - 1) * c.dilation[i] + 1;
        c.in[i] = span + test_between(r, 0, c.spatial == 3 ? 4 : 12);
    }
    return c;
}

static void write_node(onnx *o, const pool_case *c) {
    static const char *const auto_pads[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    const char *in[] = {"x"}, *out[] = {"y"};
    onnx_node(o, ops[c->op], 1, in, 1, out);
    if (c->op % 3 == 2) onnx_int(o, "p", c->op == 2 ? 3 : 1);
    if (c->op > 2) return;
    onnx_ints(o, "kernel_shape", c->spatial, c->kernel);
    onnx_ints(o, "strides", c->spatial, c->stride);
    onnx_ints(o, "dilations", c->spatial, c->dilation);
    if (c->auto_pad) onnx_string(o, "auto_pad", auto_pads[c->auto_pad]);
    else onnx_ints(o, "pads", 2 * c->spatial, c->pads);
    onnx_int(o, "ceil_mode", c->ceil_mode);
    if (c->op == 1) onnx_int(o, "count_include_pad", c->count_pad);
}

static void run_case(test_counts *counts, const pool_case *c, uint32_t *r, int seed) {
    const int32_t dims[5] = {c->batch, c->channels, c->in[0], c->in[1], c->in[2]};
    sk_tensor x = test_tensor(r, c->type, 2 + c->spatial, dims);
    const sk_tensor *inputs[1] = {&x};
    char label[400], text[SK_SHAPE_TEXT];
    int n = snprintf(label, sizeof label, "SEED=%d %s %s known %d ceil %d count %d auto %d", seed, ops[c->op],
                     sk_tensor_text(&x, text), c->known, c->ceil_mode, c->count_pad, c->auto_pad);
    for (int i = 0; i < c->spatial; i++)
        n += snprintf(label + n, sizeof label - (size_t)n, " k %d s %d d %d p %d,%d", c->kernel[i],
                      c->stride[i], c->dilation[i], c->pads[i], c->pads[c->spatial + i]);
    onnx o;
    onnx_start(&o);
    write_node(&o, c);
    onnx_input(&o, "x", c->type, c->known ? 2 + c->spatial : -1, dims);
    onnx_output(&o, "y", c->type);
    onnx_end(&o, 19);
    test_against_reference(counts, &o, 1, inputs, 1e-4, label);
    onnx_free(&o);
    free(x.data);
}

int main(void) {
    const char *cases = getenv("CASES"), *first = getenv("SEED");
    const int n = cases ? atoi(cases) : 600, seed = first ? atoi(first) : 1;
    test_counts counts = {0, 0};
    for (int i = seed; i < seed + n; i++) {
        uint32_t r = (uint32_t)i * 2654435761u | 1;
        for (int j = 0; j < 8; j++) test_random(&r);
        const pool_case c = pick(&r);
        run_case(&counts, &c, &r, i);
    }
    return test_summary(&counts);
}
