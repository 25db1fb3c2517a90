/* Nodes that must not run: hostile attributes, shapes whose product overflows, wrong types, indices beyond a
 * tensor. Each is loaded and run twice, its inputs fed and, where it has several, the later ones as
 * constants, and must end with the error that is named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/node_text.h"

#define MOST 10

/* inputs and attrs as in common/node_text.h */
typedef struct refusal {
    const char *op;
    int opset;
    sk_status status;
    const char *inputs, *attrs;
    int outputs; /* 0: one */
} refusal;

#define BIG "2147483647"
#define MIN64 "-9223372036854775808"

static const refusal refusals[] = {
    {"Det", 11, SK_SHAPE, "f2,3", "", 0},
    {"Det", 11, SK_SHAPE, "f3", "", 0},
    {"Det", 11, SK_UNSUPPORTED, "i2,2", "", 0},
    {"MelWeightMatrix", 17, SK_SHAPE, "i=" BIG " i=" BIG " i=8000 f=0 f=100", "", 0},
    {"MelWeightMatrix", 17, SK_SHAPE, "i=4 i=-2 i=8000 f=0 f=100", "", 0},
    {"MelWeightMatrix", 17, SK_VALUE, "i=4 i=16 i=0 f=0 f=100", "", 0},
    {"MelWeightMatrix", 17, SK_VALUE, "i=4 i=16 i=8000 f=0 f=90000", "", 0},
    {"Add", 6, SK_SHAPE, "f2,3,4 f3", "broadcast=1", 0},
    {"Add", 6, SK_SHAPE, "f2,3 f2,3,1", "broadcast=1", 0},
    {"Mul", 6, SK_SHAPE, "f2,3,4 f3", "broadcast=1 axis=" MIN64, 0},
    {"Pow", 6, SK_SHAPE, "f2,3,4 f3", "broadcast=1 axis=3", 0},
    {"PRelu", 6, SK_SHAPE, "f2,3,4 f2", "", 0},
    {"Less", 6, SK_SHAPE, "f2,3 f3", "", 0},
    {"BatchNormalization", 6, SK_SHAPE, "f2,3,4 f4 f3 f3 f3", "is_test=1", 0},
    {"BatchNormalization", 7, SK_SHAPE, "f2,3,4 f3 f3 f3 f3", "spatial=0", 0},
    {"Dropout", 6, SK_MALFORMED, "f2,3", "ratio=1.5", 0},
    {"Dropout", 13, SK_VALUE, "f2,3 f=-1 b=1", "", 0},
    {"Cast", 5, SK_UNSUPPORTED, "f2,3", "to=FLOAT99", 0},
    {"Tile", 5, SK_SHAPE, "f2,3 i=-1 i=0", "", 0},
    {"Tile", 5, SK_VALUE, "f2,3 i=2 i=7", "", 0},
    {"Tile", 5, SK_SHAPE, "f2,3 i=" BIG " i=0", "", 0},
    {"Pad", 1, SK_MALFORMED, "f2,3", "pads=[0,0,0,0]", 0},
    {"Upsample", 6, SK_SHAPE, "f1,1,2,2", "height_scale=-2.0 width_scale=1.5", 0},
    {"Upsample", 6, SK_SHAPE, "f2,2", "height_scale=2.0 width_scale=1.5", 0},
    {"CumProd", 26, SK_VALUE, "f2,3 i=2", "", 0},
    {"CumProd", 26, SK_TYPE, "f2,3 f=1", "", 0},
    {"BitCast", 26, SK_TYPE, "f2,3", "to=7", 0},
    {"BitCast", 26, SK_MALFORMED, "f2,3", "to=8", 0},
    {"BitCast", 26, SK_MALFORMED, "f2,3", "to=-1", 0},
    {"TensorScatter", 24, SK_VALUE, "f2,4,2 f2,2,2 i2=0,3", "", 0},
    {"TensorScatter", 24, SK_VALUE, "f2,4,2 f2,2,2 i2=" MIN64 ",0", "", 0},
    {"TensorScatter", 24, SK_SHAPE, "f2,4,2 f2,5,2", "", 0},
    {"TensorScatter", 24, SK_SHAPE, "f2,4,2 f2,2,2 i3=0,0,0", "", 0},
    {"TensorScatter", 24, SK_SHAPE, "f2,4,2 f2,2,2", "axis=" MIN64, 0},
    {"Col2Im", 18, SK_SHAPE, "f1,8,6 i2=3,4 i2=0,2", "", 0},
    {"Col2Im", 18, SK_SHAPE, "f1,8,6 i2=" BIG "," BIG " i2=65536,65536", "", 0},
    {"Col2Im", 18, SK_SHAPE, "f1,8,6 i2=3,4 i2=2,2", "pads=[1,1]", 0},
    {"Col2Im", 18, SK_SHAPE, "f1,8,6 i2=3,-4 i2=2,2", "", 0},
    {"Col2Im", 18, SK_MALFORMED, "f1,8,6 i2=3,4 i2=2,2", "strides=[0,1]", 0},
    {"Col2Im", 18, SK_MALFORMED, "f1,8,6 i2=3,4 i2=2,2", "dilations=[1,-1]", 0},
    {"DeformConv", 19, SK_MALFORMED, "f1,2,4,4 f1,2,2,2 f1,8,3,3", "group=0", 0},
    {"DeformConv", 19, SK_SHAPE, "f1,2,4,4 f1,2,2,2 f1,8,3,3", "group=3", 0},
    {"DeformConv", 19, SK_SHAPE, "f1,2,4,4 f1,2,2,2 f1,7,3,3", "", 0},
    {"DeformConv", 19, SK_SHAPE, "f1,2,4,4 f1,2,2,2 f1,8,4,3", "", 0},
    {"DeformConv", 19, SK_SHAPE, "f1,2,4,4 f1,2,2,2 f1,8,3,3 f3", "", 0},
    {"DeformConv", 19, SK_SHAPE, "f1,2,4,4 f1,2,2,2 f1,8,3,3 f1 f1,5,3,3", "", 0},
    {"DeformConv", 19, SK_TYPE, "f1,2,4,4 f1,2,2,2 d1,8,3,3", "", 0},
    {"MaxRoiPool", 1, SK_VALUE, "f1,1,2,2 f1,5=1,0,0,1,1", "pooled_shape=[1,1]", 0},
    {"MaxRoiPool", 1, SK_VALUE, "f1,1,2,2 f1,5=-3,0,0,1,1", "pooled_shape=[1,1]", 0},
    {"MaxRoiPool", 1, SK_SHAPE, "f1,1,2,2 f1,4", "pooled_shape=[1,1]", 0},
    {"MaxRoiPool", 1, SK_SHAPE, "f1,1,2,2 f1,5", "pooled_shape=[2147483647,2147483647]", 0},
    {"MaxRoiPool", 1, SK_MALFORMED, "f1,1,2,2 f1,5", "pooled_shape=[0,1]", 0},
    {"ImageDecoder", 20, SK_UNSUPPORTED, "u4", "", 0},
    {"GridSample", 20, SK_SHAPE, "f1,1,2,2 f1,2,2,3", "", 0},
    {"GridSample", 20, SK_SHAPE, "f1,1,2,2,2,2 f1,2,2,2,2,4", "", 0},
    {"GridSample", 20, SK_SHAPE, "f1,1,0,2 f1,2,2,2", "", 0},
    {"GridSample", 20, SK_UNSUPPORTED, "f1,1,2,2 f1,2,2,2", "mode=sinc", 0},
    {"RoiAlign", 16, SK_VALUE, "f1,1,3,3 f1,4 i1=-1", "", 0},
    {"Resize", 13, SK_SHAPE, "d1,2,7 - - i3=1,2,-7", "mode=linear", 0},
    {"Resize", 13, SK_SHAPE, "h1,2,7 - f3=1,1,1e30", "mode=cubic", 0},
    {"MaxUnpool", 11, SK_VALUE, "h1,1,2 i1,1,2=1,9", "kernel_shape=[2] strides=[2]", 0},
    {"MaxUnpool", 11, SK_VALUE, "d1,1,2 i1,1,2=" MIN64 ",1", "kernel_shape=[2] strides=[2]", 0},
    {"AveragePool", 19, SK_SHAPE, "h1,1,2,2", "kernel_shape=[3,3]", 0},
    {"MaxPool", 12, SK_MALFORMED, "h1,1,2,2", "kernel_shape=[2,2] strides=[0,1]", 0},
    {"ScatterElements", 18, SK_VALUE, "h2,3 i1,1=5 h1,1", "reduction=add", 0},
    {"ScatterND", 18, SK_VALUE, "b2,3 i1,1=-3 b1,3", "reduction=max", 0},
    {"Div", 14, SK_VALUE, "n2=1,2 n2=0,1", "", 0},
    {"Div", 14, SK_VALUE, "z2=1,2 z2=0,1", "", 0},
    {"Mod", 14, SK_VALUE, "u2=1,2 u2=0,1", "", 0},
    {"Mod", 14, SK_VALUE, "i2=1,2 i2=0,1", "fmod=1", 0},
    {"Div", 6, SK_VALUE, "n2=1,2 n2=0,1", "", 0},
    {"com.microsoft.BiasGelu", 21, SK_MALFORMED, "f2,3", "", 0},
    {"com.microsoft.BiasGelu", 21, SK_MALFORMED, "f2,3 f3 f3", "", 0},
    {"com.microsoft.BiasGelu", 21, SK_MALFORMED, "f2,3 f3", "", 2},
    {"com.microsoft.BiasGelu", 21, SK_SHAPE, "f2,3 f4", "", 0},
    {"com.microsoft.QuickGelu", 21, SK_MALFORMED, "f2,3", "alpha=much", 0},
    {"com.microsoft.FusedConv", 21, SK_UNSUPPORTED, "f1,2,4,4 f2,2,3,3", "activation=Nothing", 0},
    {"com.microsoft.FusedConv", 21, SK_MALFORMED, "f1,2,4,4 f2,2,3,3", "activation=3", 0},
    {"com.microsoft.FusedConv", 21, SK_MALFORMED, "f1,2,4,4 f2,2,3,3",
     "activation=Clip activation_params=[1]", 0},
    {"com.microsoft.FusedGemm", 21, SK_SHAPE, "f2,3 f2,3", "activation=Relu", 0},
    {"com.microsoft.FusedMatMul", 21, SK_MALFORMED, "f2,3 f2,3", "transA=yes", 0},
    {"com.microsoft.FusedMatMul", 21, SK_MALFORMED, "f2,3 f3,2", "alpha=much", 0},
    {"com.microsoft.FusedMatMul", 21, SK_SHAPE, "f2,3 f2,3", "transA=1 transB=1", 0},
    {"com.microsoft.FusedMatMul", 21, SK_SHAPE, "f4 f4,2", "transBatchA=1", 0},
    {"com.microsoft.SkipLayerNormalization", 21, SK_SHAPE, "f2,3 f2,3 f4", "", 0},
    {"com.microsoft.SkipSimplifiedLayerNormalization", 21, SK_UNSUPPORTED, "f2,3 f2,3 f3", "", 2},
    {"com.microsoft.EmbedLayerNormalization", 21, SK_VALUE, "n1,2=0,9 - f4,3 f4,3 - f3 f3", "", 0},
    {"com.microsoft.EmbedLayerNormalization", 21, SK_SHAPE, "n1,9 - f4,3 f4,3 - f3 f3", "", 0},
    {"com.microsoft.QLinearAdd", 21, SK_TYPE, "u2 f u u2 i u f u", "", 0},
    {"com.microsoft.QLinearAdd", 21, SK_SHAPE, "u2 f u u3 f u f u", "", 0},
    {"com.microsoft.QLinearConcat", 21, SK_MALFORMED, "f u u2 f u u2", "axis=0", 0},
    {"com.microsoft.QLinearConcat", 21, SK_MALFORMED, "f u", "axis=0", 0},
    {"com.microsoft.QLinearConcat", 21, SK_SHAPE, "f u u2 f u", "axis=7", 0},
    {"com.microsoft.QLinearSoftmax", 21, SK_MALFORMED, "u2 f u f u", "opset=new axis=0", 0},
    {"com.microsoft.QLinearSoftmax", 21, SK_SHAPE, "u2 f u f u", "opset=13 axis=4", 0},
    {"com.microsoft.QLinearAveragePool", 21, SK_MALFORMED, "u1,1,4,4 f u f u", "kernel_shape=[0,2]", 0},
    {"com.microsoft.MatMulNBits", 21, SK_MALFORMED, "f2,16 u4,1,8 f4", "K=16 N=4 block_size=15", 0},
    {"com.microsoft.MatMulNBits", 21, SK_MALFORMED, "f2,16 u4,1,8 f4", "K=-16 N=4 block_size=16", 0},
    {"com.microsoft.MatMulNBits", 21, SK_LIMIT, "f2,16 u4,1,8 f4", "K=" BIG " N=" BIG " block_size=16", 0},
    {"com.microsoft.MatMulNBits", 21, SK_SHAPE, "f2,16 u4,1,7 f4", "K=16 N=4 block_size=16", 0},
    {"com.microsoft.MatMulNBits", 21, SK_SHAPE, "f2,16 u4,1,8 f4 u3", "K=16 N=4 block_size=16", 0},
    {"com.microsoft.MatMulNBits", 21, SK_SHAPE, "f2,15 u4,1,8 f4", "K=16 N=4 block_size=16", 0},
    {"RotaryEmbedding", 23, SK_SHAPE, "f1,2,8 f4,2 f4,2 i1,2=0,1", "", 0},
    {"RotaryEmbedding", 23, SK_SHAPE, "f1,2,8 f4,2 f4,2 i1,2=0,1", "num_heads=3", 0},
    {"RotaryEmbedding", 23, SK_VALUE, "f1,2,8 f4,2 f4,2 i1,2=0,4", "num_heads=2", 0},
    {"RotaryEmbedding", 23, SK_VALUE, "f1,2,8 f4,2 f4,2 i1,2=" MIN64 ",0", "num_heads=2", 0},
    {"com.microsoft.RotaryEmbedding", 21, SK_VALUE, "f1,2,8 i1=9223372036854775807 f4,2 f4,2", "", 0},
    {"com.microsoft.RotaryEmbedding", 21, SK_SHAPE, "f1,2,8 i1=0 f4,0 f4,0", "", 0},
    {"AffineGrid", 20, SK_SHAPE, "f1,2,3 i4=1,1," BIG "," BIG, "", 0},
    {"AffineGrid", 20, SK_SHAPE, "f1,2,3 i4=1,1,-1,2", "", 0},
    {"AffineGrid", 20, SK_SHAPE, "f1,2,3 i5=1,1,1,2,2", "", 0},
    {"AffineGrid", 20, SK_SHAPE, "f2,2,3 i4=" MIN64 ",1,1,2", "", 0},
    {"NegativeLogLikelihoodLoss", 13, SK_VALUE, "f2,3 i2=0,3", "", 0},
    {"NegativeLogLikelihoodLoss", 13, SK_MALFORMED, "f2,3 i2", "ignore_index=none", 0},
    {"SoftmaxCrossEntropyLoss", 13, SK_SHAPE, "f2,3 i3,1,1,1 f3", "", 0},
    {"com.microsoft.Attention", 21, SK_SHAPE, "f1,2,4 f4,12", "num_heads=3", 0},
    {"com.microsoft.Attention", 21, SK_MALFORMED, "f1,2,4 f4,12", "num_heads=two", 0},
    {"com.microsoft.Attention", 21, SK_SHAPE, "f1,2,4 f4,12", "num_heads=2 qkv_hidden_sizes=[4,4,9]", 0},
    {"com.microsoft.MultiHeadAttention", 21, SK_UNSUPPORTED, "f1,2,4", "num_heads=2", 0},
    {"com.microsoft.MultiHeadAttention", 21, SK_SHAPE, "f1,2,4 f1,3,4 f1,3,4 f5", "num_heads=2", 0},
    {"com.microsoft.GroupQueryAttention", 21, SK_MALFORMED, "f1,2,8 f1,2,4 f1,2,4 - - n1=1 n=2",
     "num_heads=2", 0},
    {"com.microsoft.GroupQueryAttention", 21, SK_VALUE, "f1,1,8 f1,1,4 f1,1,4 f1,1,2,4 f1,1,2,4 n1=77 n=3",
     "num_heads=2 kv_num_heads=1", 0},
    {"com.microsoft.GroupQueryAttention", 21, SK_SHAPE, "f1,1,8 f1,1,4 f1,1,4 - - n1=0 n=1",
     "num_heads=2 kv_num_heads=3", 0},
    {"ai.onnx.preview.training.Adam", 17, SK_MALFORMED, "f i f2,3 f2,3 f2,3", "", 3},
    {"ai.onnx.preview.training.Adam", 17, SK_SHAPE, "f i f2,3 f2,3 f2,3 f3,2", "", 3},
    {"ai.onnx.preview.training.Adam", 17, SK_SHAPE, "f2 i f2,3 f2,3 f2,3 f2,3", "", 3},
    {"ai.onnx.preview.training.Adagrad", 17, SK_TYPE, "f n f2,3 f2,3 f2,3", "", 2},
    {"ai.onnx.preview.training.Adagrad", 17, SK_MALFORMED, "f i f2,3 f2,3 f2,3", "", 3},
    {"ai.onnx.preview.training.Momentum", 17, SK_MALFORMED, "f i f2,3 f2,3 f2,3", "alpha=0.5 beta=0.5", 2},
    {"ai.onnx.preview.training.Momentum", 17, SK_UNSUPPORTED, "f i f2,3 f2,3 f2,3",
     "alpha=0.5 beta=0.5 norm_coefficient=0.5 mode=other", 2},
};

static void run_case(test_counts *counts, const refusal *c, int constants) {
    static const char *const names[MOST] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    static const char *const outs[3] = {"x", "y", "z"};
    const char *given[MOST];
    sk_tensor t[MOST], got;
    const sk_tensor *fed[MOST];
    int n = 0, n_fed = 0;
    for (const char *at = c->inputs; *at; n++) {
        t[n] = test_input(&at);
        given[n] = t[n].type ? names[n] : "";
        while (*at == ' ') at++;
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, c->op, n, given, c->outputs ? c->outputs : 1, outs);
    test_attrs(&o, c->attrs);
    for (int i = 0; i < n; i++) {
        if (!t[i].type) continue;
        if (i && constants) {
            onnx_constant(&o, names[i], &t[i]);
            continue;
        }
        onnx_input(&o, names[i], t[i].type, t[i].rank, t[i].dims);
        fed[n_fed++] = &t[i];
    }
    onnx_output(&o, "x", SK_FLOAT32);
    onnx_end(&o, c->opset);
    const sk_status status = test_output(&o, NULL, n_fed, fed, 0, &got);
    if (status != c->status)
        printf("FAIL %s %d of %s with %s: %s instead of %s\n", c->op, c->opset, c->inputs, c->attrs,
               sk_status_name(status), sk_status_name(c->status));
    *(status == c->status ? &counts->passed : &counts->failed) += 1;
    for (int i = 0; i < n; i++) free(t[i].data);
    free(got.data);
    onnx_free(&o);
}

int main(void) {
    test_counts counts = {0, 0};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        for (int constants = 0; constants < 2; constants++) run_case(&counts, &refusals[i], constants);
    return test_summary(&counts);
}
