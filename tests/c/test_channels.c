/* Elementwise operators, reductions and normalisations behind a convolution, whose output is stored
 * channels-last: the layout pass lets them follow, and the results must be those of plain storage. Operands
 * of every shape that broadcasts, constant or not. SEED as in test_conv.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"

typedef struct channels_case {
    const char *op;
    int inputs; /* besides the convolution's output */
    int opset;
    const char *ints[3]; /* attributes and their values; NULL ends */
    int values[3];
    const char *list; /* an attribute with `n_list` ints */
    int n_list;
    int32_t items[4];
    int out_type; /* 0: float32 */
} channels_case;

#define AXIS(value)                                                                                          \
    {"axis"}, { value }
static const channels_case cases[] = {
    {"Relu", 0, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Tanh", 0, 14, {0}, {0}, 0, 0, {0}, 0},
    {"HardSwish", 0, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Cast", 0, 14, {"to"}, {SK_FLOAT64}, 0, 0, {0}, SK_FLOAT64},
    {"Dropout", 0, 11, {0}, {0}, 0, 0, {0}, 0},
    {"Add", 1, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Sub", 1, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Div", 1, 14, {0}, {0}, 0, 0, {0}, 0},
    {"PRelu", 1, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Pow", 1, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Less", 1, 14, {0}, {0}, 0, 0, {0}, SK_BOOL},
    {"Max", 2, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Mean", 2, 14, {0}, {0}, 0, 0, {0}, 0},
    {"Softmax", 0, 14, AXIS(0), 0, 0, {0}, 0},
    {"Softmax", 0, 14, AXIS(1), 0, 0, {0}, 0},
    {"Softmax", 0, 14, AXIS(2), 0, 0, {0}, 0},
    {"LogSoftmax", 0, 14, AXIS(3), 0, 0, {0}, 0},
    {"Softmax", 0, 11, AXIS(0), 0, 0, {0}, 0},
    {"Softmax", 0, 11, AXIS(1), 0, 0, {0}, 0},
    {"LogSoftmax", 0, 11, AXIS(2), 0, 0, {0}, 0},
    {"Softmax", 0, 11, AXIS(3), 0, 0, {0}, 0},
    {"Hardmax", 0, 14, AXIS(1), 0, 0, {0}, 0},
    {"ArgMax", 0, 14, AXIS(1), 0, 0, {0}, SK_INT64},
    {"ArgMin", 0, 14, AXIS(2), 0, 0, {0}, SK_INT64},
    {"ArgMax", 0, 14, {"axis", "keepdims"}, {1, 0}, 0, 0, {0}, SK_INT64},
    {"ReduceMean", 0, 14, {0}, {0}, "axes", 2, {2, 3}, 0},
    {"ReduceMean", 0, 14, {"keepdims"}, {0}, "axes", 2, {2, 3}, 0},
    {"ReduceSum", 0, 11, {0}, {0}, "axes", 1, {1}, 0},
    {"ReduceMax", 0, 14, {0}, {0}, "axes", 2, {1, 3}, 0},
    {"ReduceMin", 0, 14, {0}, {0}, "axes", 2, {0, 2}, 0},
    {"ReduceL2", 0, 14, {"keepdims"}, {0}, "axes", 2, {1, 2}, 0},
    {"ReduceLogSumExp", 0, 14, {0}, {0}, "axes", 1, {1}, 0},
    {"ReduceSumSquare", 0, 14, {0}, {0}, 0, 0, {0}, 0},
    {"LpNormalization", 0, 14, AXIS(1), 0, 0, {0}, 0},
    {"LpNormalization", 0, 14, AXIS(3), 0, 0, {0}, 0},
    {"MeanVarianceNormalization", 0, 14, {0}, {0}, 0, 0, {0}, 0},
    {"MeanVarianceNormalization", 0, 14, {0}, {0}, "axes", 1, {1}, 0},
    {"LRN", 0, 14, {"size"}, {5}, 0, 0, {0}, 0},
};
/* Operators with vectors of the channels' length, and per-axis quantization. */
static const char *const by_channel[] = {"BatchNormalization", "InstanceNormalization", "GroupNormalization",
                                         "QuantizeLinear"};

/* w * x of a 1 x 1 convolution into c channels, as value "c". */
static void convolve(onnx *o, uint32_t *r, const int32_t dims[4], int channels) {
    static const char *const in[] = {"x", "w"}, *const out[] = {"c"};
    sk_tensor w = test_tensor(r, SK_FLOAT32, 4, (int32_t[]){channels, dims[1], 1, 1});
    onnx_start(o);
    onnx_node(o, "Conv", 2, in, 1, out);
    onnx_constant(o, "w", &w);
    free(w.data);
}

/* An operand that broadcasts to [n][channels][h][w]; which: its shape. */
static sk_tensor operand(uint32_t *r, const int32_t whole[4], int which) {
    const int32_t shapes[8][4] = {{whole[0], whole[1], whole[2], whole[3]},
                                  {1, whole[1], 1, 1},
                                  {whole[1], 1, 1, 0},
                                  {whole[2], whole[3], 0, 0},
                                  {whole[0], 1, whole[2], whole[3]},
                                  {1, 0, 0, 0},
                                  {whole[1], whole[2], 1, 0},
                                  {1, whole[1], whole[2], whole[3]}};
    static const int ranks[8] = {4, 4, 3, 2, 4, 1, 3, 4};
    sk_tensor t = test_tensor(r, SK_FLOAT32, ranks[which], shapes[which]);
    for (size_t i = 0; i < sk_numel(&t); i++) ((float *)t.data)[i] += ((float *)t.data)[i] < 0 ? -0.5f : 0.5f;
    return t;
}

static void run_case(test_counts *counts, const channels_case *c, uint32_t *r) {
    static const char *const in[] = {"c", "p", "q"}, *const out[] = {"y"};
    for (int which = 0; which < (c->inputs ? 8 : 2); which++)
        for (int constant = 0; constant < (c->inputs ? 2 : 1); constant++) {
            const int channels = test_between(r, 1, 3) * (which % 2 ? 4 : 3);
            const int32_t dims[4] = {test_between(r, 1, 2), 3, test_between(r, 1, 6), test_between(r, 1, 6)};
            const int32_t whole[4] = {dims[0], channels, dims[2], dims[3]};
            sk_tensor x = test_tensor(r, SK_FLOAT32, 4, dims), p = operand(r, whole, which);
            sk_tensor q = operand(r, whole, (which * 3 + 1) % 8);
            onnx o;
            convolve(&o, r, dims, channels);
            onnx_node(&o, c->op, 1 + c->inputs, in, 1, out);
            for (int i = 0; i < 3 && c->ints[i]; i++) onnx_int(&o, c->ints[i], c->values[i]);
            if (c->list) onnx_ints(&o, c->list, c->n_list, c->items);
            onnx_input(&o, "x", SK_FLOAT32, 4, dims);
            if (c->inputs && !constant) onnx_input(&o, "p", SK_FLOAT32, p.rank, p.dims);
            if (c->inputs && constant) onnx_constant(&o, "p", &p);
            if (c->inputs > 1) onnx_constant(&o, "q", &q);
            onnx_output(&o, "y", c->out_type ? c->out_type : SK_FLOAT32);
            onnx_end(&o, c->opset);
            char label[200], text[2][SK_SHAPE_TEXT];
            snprintf(label, sizeof label, "%s (opset %d) of %d channels of %s with %s%s", c->op, c->opset,
                     channels, sk_tensor_text(&x, text[0]), sk_tensor_text(&p, text[1]),
                     constant ? ", constant" : "");
            test_against_reference(counts, &o, c->inputs && !constant ? 2 : 1, (const sk_tensor *[]){&x, &p},
                                   2e-5, label);
            onnx_free(&o);
            free(x.data), free(p.data), free(q.data);
        }
}

static void run_by_channel(test_counts *counts, const char *op, uint32_t *r) {
    static const char *const in[] = {"c", "a", "b", "m", "v"}, *const out[] = {"y"};
    const int channels = 2 * test_between(r, 1, 9), quantizes = !strcmp(op, "QuantizeLinear");
    const int batch = !strcmp(op, "BatchNormalization");
    const int32_t dims[4] = {test_between(r, 1, 2), 3, test_between(r, 1, 6), test_between(r, 1, 6)},
                  n = channels;
    sk_tensor x = test_tensor(r, SK_FLOAT32, 4, dims);
    onnx o;
    convolve(&o, r, dims, channels);
    onnx_node(&o, op, batch ? 5 : 3, in, 1, out);
    if (!strcmp(op, "GroupNormalization")) onnx_int(&o, "num_groups", channels / 2);
    for (int i = 1; i < (batch ? 5 : 3); i++) {
        sk_tensor t =
            quantizes && i == 2 ? test_tensor(r, SK_INT8, 1, &n) : test_tensor(r, SK_FLOAT32, 1, &n);
        for (int k = 0; t.type == SK_FLOAT32 && k < channels; k++)
            ((float *)t.data)[k] = quantizes ? 0.01f + (float)k * 0.001f : ((float *)t.data)[k] + 1.5f;
        onnx_constant(&o, in[i], &t);
        free(t.data);
    }
    onnx_input(&o, "x", SK_FLOAT32, 4, dims);
    onnx_output(&o, "y", quantizes ? SK_INT8 : SK_FLOAT32);
    onnx_end(&o, 21);
    char label[120], text[SK_SHAPE_TEXT];
    snprintf(label, sizeof label, "%s of %d channels of %s", op, channels, sk_tensor_text(&x, text));
    /* a sum rounded otherwise may move a quantized number by one */
    test_against_reference(counts, &o, 1, (const sk_tensor *[]){&x}, quantizes ? 1.0 / 127 : 2e-5, label);
    onnx_free(&o);
    free(x.data);
}

int main(void) {
    const char *first = getenv("SEED");
    uint32_t r = (uint32_t)(first ? atoi(first) : 1) * 2654435761u | 1;
    test_counts counts = {0, 0};
    for (int i = 0; i < 4; i++) {
        for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) run_case(&counts, &cases[k], &r);
        for (size_t k = 0; k < sizeof by_channel / sizeof *by_channel; k++)
            run_by_channel(&counts, by_channel[k], &r);
    }
    return test_summary(&counts);
}
