/* Nodes that must not run: hostile attributes, shapes whose product overflows, wrong types, indices beyond a
 * tensor. Each is loaded and run twice, its inputs fed and, where it has several, the later ones as
 * constants, and must end with the error that is named. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"

#define MOST 10

/* inputs, separated by spaces: a letter for the type (f float32, d float64, h float16, i int64, n int32, u
 * uint8, b bool, z uint64), its shape, and perhaps values: "f2,3 i2=5,-1". "-" is absent, "f" alone a scalar.
 * Without values floats are moderate numbers, and all others 0. attrs: "axis=3 pads=[1,2] scale=0.5
 * mode=linear". */
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
    {"Cast", 5, SK_UNSUPPORTED, "f2,3", "to=STRING", 0},
    {"Tile", 5, SK_SHAPE, "f2,3 i=-1 i=0", "", 0},
    {"Tile", 5, SK_SHAPE, "f2,3 i=2 i=7", "", 0},
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
    {"ai.onnx.preview.training.Adam", 17, SK_MALFORMED, "f i f2,3 f2,3 f2,3", "", 3},
    {"ai.onnx.preview.training.Adam", 17, SK_SHAPE, "f i f2,3 f2,3 f2,3 f3,2", "", 3},
    {"ai.onnx.preview.training.Adam", 17, SK_SHAPE, "f2 i f2,3 f2,3 f2,3 f2,3", "", 3},
    {"ai.onnx.preview.training.Adagrad", 17, SK_TYPE, "f n f2,3 f2,3 f2,3", "", 2},
    {"ai.onnx.preview.training.Adagrad", 17, SK_MALFORMED, "f i f2,3 f2,3 f2,3", "", 3},
    {"ai.onnx.preview.training.Momentum", 17, SK_MALFORMED, "f i f2,3 f2,3 f2,3", "alpha=0.5 beta=0.5", 2},
    {"ai.onnx.preview.training.Momentum", 17, SK_UNSUPPORTED, "f i f2,3 f2,3 f2,3",
     "alpha=0.5 beta=0.5 norm_coefficient=0.5 mode=other", 2},
};

static int type_of(char letter) {
    switch (letter) {
    case 'f': return SK_FLOAT32;
    case 'd': return SK_FLOAT64;
    case 'h': return SK_FLOAT16;
    case 'n': return SK_INT32;
    case 'u': return SK_UINT8;
    case 'b': return SK_BOOL;
    case 'z': return SK_UINT64;
    default: return SK_INT64;
    }
}

/* One input; moves *at to what follows it. type 0: absent. */
static sk_tensor read_input(const char **at) {
    int32_t dims[SK_MAX_RANK];
    uint32_t r = 99;
    int rank = 0;
    const char letter = *(*at)++;
    if (letter == '-') return (sk_tensor){.rank = -1};
    while (isdigit((unsigned char)**at)) {
        dims[rank++] = (int32_t)strtol(*at, (char **)(uintptr_t)at, 10);
        if (**at == ',') ++*at;
    }
    const int type = type_of(letter), is_float = letter == 'f' || letter == 'd' || letter == 'h';
    sk_tensor t = is_float ? test_moderate(&r, type, rank, dims, 2, 1) : test_empty(type, rank, dims);
    if (**at != '=') return t;
    for (size_t i = 0; i < sk_numel(&t); i++) {
        ++*at;
        if (is_float) test_put_real(&t, i, strtod(*at, (char **)(uintptr_t)at));
        else test_put_int(&t, i, strtoll(*at, (char **)(uintptr_t)at, 10));
    }
    return t;
}

static void write_attrs(onnx *o, const char *at) {
    char name[40], text[40];
    int used;
    while (sscanf(at, " %39[^=]=%39s%n", name, text, &used) == 2) {
        const int whole = strspn(text, "-0123456789") == strlen(text);
        if (text[0] == '[') {
            int32_t list[MOST];
            int n = 0;
            for (char *s = text; *s && *s != ']';) list[n++] = (int32_t)strtol(s + 1, &s, 10);
            onnx_ints(o, name, n, list);
        } else if (whole) onnx_int(o, name, strtoll(text, NULL, 10));
        else if (isalpha((unsigned char)text[0])) onnx_string(o, name, text);
        else onnx_float(o, name, strtof(text, NULL));
        at += used;
    }
}

static void run_case(test_counts *counts, const refusal *c, int constants) {
    static const char *const names[MOST] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    static const char *const outs[3] = {"x", "y", "z"};
    const char *given[MOST];
    sk_tensor t[MOST], got;
    const sk_tensor *fed[MOST];
    int n = 0, n_fed = 0;
    for (const char *at = c->inputs; *at; n++) {
        t[n] = read_input(&at);
        given[n] = t[n].type ? names[n] : "";
        while (*at == ' ') at++;
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, c->op, n, given, c->outputs ? c->outputs : 1, outs);
    write_attrs(&o, c->attrs);
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
