/* Models with QuantizeLinear and DequantizeLinear: which operators pass `integers` puts in their place, and
 * that codes are those of the same model in float32, but for sums that fall on the other side of a rounding:
 * at most one step away, and rarely. SEED=number for other numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "runtime/model.h"

/* A model as statements "value = Op operand ... attribute=integer" or "attribute=[i,j]", separated by ";".
 * What is quantized has its scale in thousandths and its zero point in its name: "t.20.128" is uint8,
 * "t.20.s-3" int8. "value q" quantizes and dequantizes it: the statement's result may then be written value
 * itself. Operands: x, y: float32 inputs; w<name>: constants of shapes below. */
typedef struct graph {
    const char *label;
    const char *text, *expected;
    uint8_t exact; /* no sum of float32 is rounded another way */
} graph;

typedef struct shaped {
    const char *name;
    int type, rank;
    int32_t dims[4];
    float low, high; /* of float32; 0, 0: all values */
} shaped;

static const shaped constants[] = {
    {"k1", SK_INT8, 4, {12, 10, 1, 1}, 0, 0},
    {"k3", SK_INT8, 4, {7, 10, 3, 3}, 0, 0},
    {"ku", SK_UINT8, 4, {7, 10, 3, 3}, 0, 0},
    {"kd", SK_INT8, 4, {10, 1, 3, 3}, 0, 0},
    {"kg", SK_INT8, 4, {6, 5, 1, 3}, 0, 0},
    {"m", SK_INT8, 2, {9, 11}, 0, 0},
    {"g", SK_INT8, 2, {11, 9}, 0, 0},
    {"b12", SK_FLOAT32, 1, {12}, -2, 2},
    {"b7", SK_FLOAT32, 1, {7}, -2, 2},
    {"b11", SK_FLOAT32, 1, {11}, -2, 2},
    {"s12", SK_FLOAT32, 1, {12}, 0.004f, 0.02f},
    {"s7", SK_FLOAT32, 1, {7}, 0.004f, 0.02f},
    {"s11", SK_FLOAT32, 1, {11}, 0.004f, 0.02f},
    {"z12", SK_INT8, 1, {12}, 0, 0},
    {"one", SK_INT8, 4, {1, 10, 1, 1}, 0, 0},
};

#define X "q = Q x .02 u128; d = D q .02 u128; "
#define Y "r = Q y .03 s5; e = D r .03 s5; "
#define DONE "; a = Q c .05 u100; z = D a .05 u100"

static const graph graphs[] = {
    {"conv", X "w = D k1 .01 s0; c = Conv d w" DONE, "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv, scale a channel, bias", X "w = D k1 s12 z12 axis=0; c = Conv d w b12" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv 3x3, padded, strided", X "w = D k3 .01 s0; c = Conv d w b7 pads=[1,0,2,1] strides=[2,1]" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv, unsigned weights", X "w = D ku .01 u120; c = Conv d w b7 dilations=[2,1]" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv, depthwise", X "w = D kd .01 s0; c = Conv d w group=10 pads=[1,1,1,1]" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv, groups", X "w = D kg .01 s-7; c = Conv d w group=2" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv, relu", X "w = D k1 .01 s0; p = Conv d w b12; c = Relu p" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv, clip", X "w = D k1 .01 s0; p = Conv d w b12; c = Clip p -.5 1.3" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv of an int8 input", Y "w = D k3 .01 s0; c = Conv e w" DONE,
     "QuantizeLinear QLinearConv DequantizeLinear", 0},
    {"conv whose output stays", X "w = D k1 .01 s0; z = Conv d w b12", "QuantizeLinear DequantizeLinear Conv",
     0},
    {"matmul", X "w = D m .01 s0; c = MatMul d w" DONE, "QuantizeLinear QLinearMatMul DequantizeLinear", 0},
    {"matmul, scale a column", X "w = D m s11 axis=1; c = MatMul d w" DONE,
     "QuantizeLinear QLinearMatMul DequantizeLinear", 0},
    {"matmul of two inputs", X Y "t = Transpose e perm=[0,1,3,2]; c = MatMul d t" DONE,
     "QuantizeLinear QuantizeLinear QLinearMatMul DequantizeLinear", 0},
    {"gemm", X "f = Flatten d axis=3; w = D m .01 s0; c = Gemm f w b11" DONE,
     "QuantizeLinear Flatten QLinearGemm DequantizeLinear", 0},
    {"gemm, transposed", X "f = Flatten d axis=3; w = D g .01 s0; c = Gemm f w transB=1" DONE,
     "QuantizeLinear Flatten QLinearGemm DequantizeLinear", 0},
    {"add", X Y "c = Add d e" DONE, "QuantizeLinear QuantizeLinear QLinearAdd DequantizeLinear", 1},
    {"add, relu", X Y "p = Add d e; c = Relu p" DONE,
     "QuantizeLinear QuantizeLinear QLinearAdd DequantizeLinear", 1},
    {"mul", X Y "c = Mul d e" DONE, "QuantizeLinear QuantizeLinear QLinearMul DequantizeLinear", 1},
    {"mul with a channel's number", X "w = D one .01 s0; c = Mul d w" DONE,
     "QuantizeLinear QLinearMul DequantizeLinear", 1},
    {"sigmoid", X "c = Sigmoid d" DONE, "QuantizeLinear Table DequantizeLinear", 1},
    {"hard swish, spelled out", X "p = Add d 3; r = Clip p 0 6; s = Mul d r; c = Div s 6" DONE,
     "QuantizeLinear Table DequantizeLinear", 1},
    {"another scale", X "b = Q d .01 s4; z = D b .01 s4", "QuantizeLinear Table DequantizeLinear", 1},
    {"the same again", X "b = Q d .02 u128; p = D b .02 u128; c = Relu p" DONE,
     "QuantizeLinear Table DequantizeLinear", 1},
    {"concat", X Y "c = Concat d e d axis=1" DONE,
     "QuantizeLinear QuantizeLinear Table Table Table Concat DequantizeLinear", 1},
    {"maximum, transposed",
     X "p = MaxPool d kernel_shape=[2,2]; t = Transpose p perm=[0,2,1,3]; c = Relu t" DONE,
     "QuantizeLinear MaxPool Table DequantizeLinear", 1},
    {"average between", X "c = GlobalAveragePool d" DONE,
     "QuantizeLinear DequantizeLinear GlobalAveragePool QuantizeLinear DequantizeLinear", 1},
    {"dynamic",
     "q s u = DynamicQuantizeLinear x; i = MatMulInteger q m u; c = Cast i to=1; w = Mul s .01; f = Mul c w; "
     "z = Add f b11",
     "DynamicQuantizeLinear ScaledMatMulInteger", 0},
    {"dynamic, scale a column",
     "q s u = DynamicQuantizeLinear x; i = MatMulInteger q m u; c = Cast i to=1; w = Mul s11 s; z = Mul c w",
     "DynamicQuantizeLinear ScaledMatMulInteger", 0},
};

/* ---- from text to a model ---- */

typedef struct build {
    onnx o;
    char made[60][16];
    int n_made, n_numbers;
    uint32_t random;
} build;

static int is_made(const build *b, const char *name) {
    for (int i = 0; i < b->n_made; i++)
        if (!strcmp(b->made[i], name)) return 1;
    return 0;
}

static void make(build *b, const char *name) {
    if (b->n_made == 60 || strlen(name) > 15) abort();
    strcpy(b->made[b->n_made++], name);
}

static float between(uint32_t *random, float low, float high) {
    return low + (high - low) * (float)test_between(random, 0, 10000) / 10000;
}

/* A constant named so, once: one of the list, a number, u<zero point> or s<zero point>. */
static void want(build *b, const char *name) {
    sk_tensor t = {.rank = 0};
    if (is_made(b, name)) return;
    make(b, name);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        const shaped *s = &constants[i];
        if (strcmp(s->name, name) != 0) continue;
        t = test_tensor(&b->random, s->type, s->rank, s->dims);
        for (size_t j = 0; s->type == SK_FLOAT32 && j < sk_numel(&t); j++)
            ((float *)t.data)[j] = between(&b->random, s->low, s->high);
        onnx_constant(&b->o, name, &t);
        free(t.data);
        return;
    }
    const int zero = atoi(name + 1);
    const float number = strtof(name, NULL);
    const uint8_t byte = (uint8_t)zero;
    t.type = *name == 'u' ? SK_UINT8 : *name == 's' ? SK_INT8 : SK_FLOAT32;
    t.data = t.type == SK_FLOAT32 ? (void *)(uintptr_t)&number : (void *)(uintptr_t)&byte;
    onnx_constant(&b->o, name, &t);
}

static void attribute(onnx *o, char *word, char *equals) {
    int32_t list[8];
    int n = 0;
    *equals = 0;
    if (equals[1] != '[') {
        onnx_int(o, word, atoi(equals + 1));
        return;
    }
    for (char *at = equals + 2; n < 8 && *at && *at != ']'; at += *at == ',')
        list[n++] = (int32_t)strtol(at, &at, 10);
    onnx_ints(o, word, n, list);
}

static void statement(build *b, char *text) {
    const char *in[8], *out[4];
    char *attributes[8], *save, *word = strtok_r(text, " ", &save);
    int n_in = 0, n_out = 0, n_attributes = 0;
    for (; strcmp(word, "=") != 0; word = strtok_r(NULL, " ", &save)) out[n_out++] = word;
    const char *op = strtok_r(NULL, " ", &save);
    if (!strcmp(op, "Q")) op = "QuantizeLinear";
    if (!strcmp(op, "D")) op = "DequantizeLinear";
    while ((word = strtok_r(NULL, " ", &save))) {
        if (strchr(word, '=')) attributes[n_attributes++] = word;
        else in[n_in++] = word;
    }
    for (int i = 0; i < n_in; i++) want(b, in[i]);
    onnx_node(&b->o, op, n_in, in, n_out, out);
    for (int i = 0; i < n_attributes; i++) attribute(&b->o, attributes[i], strchr(attributes[i], '='));
    for (int i = 0; i < n_out; i++) make(b, out[i]);
}

static const int32_t dims[] = {2, 10, 8, 9};

static onnx build_graph(const graph *g, uint32_t random) {
    char text[600], *save;
    build b = {.random = random};
    if (strlen(g->text) >= sizeof text) abort();
    strcpy(text, g->text);
    onnx_start(&b.o);
    make(&b, "x");
    make(&b, "y");
    for (char *s = strtok_r(text, ";", &save); s; s = strtok_r(NULL, ";", &save)) statement(&b, s);
    onnx_input(&b.o, "x", SK_FLOAT32, 4, dims);
    if (strstr(g->text, " y ")) onnx_input(&b.o, "y", SK_FLOAT32, 4, dims);
    onnx_output(&b.o, "z", SK_FLOAT32);
    onnx_end(&b.o, 13);
    return b.o;
}

/* ---- checking it ---- */

static void failure(test_counts *counts, const graph *g, const char *what, const char *found) {
    printf("FAIL %s: %s %s\n", g->label, what, found);
    counts->failed++;
}

static void operators(const sk_model *model, char found[400]) {
    *found = 0;
    for (int i = 0; i < model->ir.main->n_nodes; i++) {
        const sk_node *node = model->ir.main->nodes[i];
        if (!strcmp(node->op_type, "Transpose")) continue; /* pass layout's business */
        snprintf(found + strlen(found), 400 - strlen(found), "%s%s", *found ? " " : "", node->op_type);
    }
}

/* Numbers that are one step of .05 apart count as near. */
static void compare(test_counts *counts, const graph *g, const sk_tensor *a, const sk_tensor *b) {
    size_t unequal = 0, far = 0;
    const size_t n = sk_numel(a);
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs((double)((const float *)b->data)[i]));
    const double step = strstr(g->text, "a = Q") ? 0.0501 : 1e-5 * most;
    for (size_t i = 0; i < n; i++) {
        const double difference =
            fabs((double)((const float *)a->data)[i] - (double)((const float *)b->data)[i]);
        unequal += difference > 1e-5 * most;
        far += !(difference <= step);
    }
    char text[80];
    snprintf(text, sizeof text, "%zu of %zu differ, %zu by more than a step", unequal, n, far);
    if (far || unequal > (g->exact ? 0 : n / 50) || most == 0) failure(counts, g, "codes:", text);
    else counts->passed++;
}

static void check(test_counts *counts, const graph *g, uint32_t seed) {
    char found[400];
    uint32_t random = seed + 1;
    onnx o = build_graph(g, seed);
    sk_tensor x = test_tensor(&random, SK_FLOAT32, 4, dims), y = test_tensor(&random, SK_FLOAT32, 4, dims);
    for (size_t i = 0; i < sk_numel(&x); i++) ((float *)x.data)[i] *= 2.7f, ((float *)y.data)[i] *= 4;
    const sk_tensor *const inputs[2] = {&x, &y};
    const int n = strstr(g->text, " y ") ? 2 : 1;
    onnx_run fast = onnx_predict(&o, &(sk_options){0}, n, inputs);
    onnx_run slow = onnx_predict(&o, &(sk_options){.no_fusion = 1}, n, inputs);
    if (fast.status != SK_OK || slow.status != SK_OK) {
        failure(counts, g, "does not run:", fast.model ? sk_model_error(fast.model)->text : "");
    } else {
        operators(fast.model, found);
        if (strcmp(found, g->expected) != 0) failure(counts, g, "operators:", found);
        else counts->passed++;
        sk_tensor a, b;
        if (sk_output(fast.model, 0, &a) != SK_OK || sk_output(slow.model, 0, &b) != SK_OK) abort();
        compare(counts, g, &a, &b);
    }
    sk_model_free(fast.model);
    sk_model_free(slow.model);
    test_against_reference(counts, &o, n, inputs, g->exact ? 1e-5 : 0.2, g->label);
    free(x.data);
    free(y.data);
    onnx_free(&o);
}

int main(void) {
    test_counts counts = {0, 0};
    const char *seed = getenv("SEED");
    for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++)
        check(&counts, &graphs[i], seed ? (uint32_t)atoi(seed) : 20261124u);
    return test_summary(&counts);
}
