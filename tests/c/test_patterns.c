/* Operators spelled out by exporters: which of them the passes recognise, what near-misses they leave alone,
 * and that results are the same with and without fusion, and by the reference kernels. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "passes/passes.h"
#include "runtime/model.h"

/* A graph as statements "value = Op operand ... attribute=value ...;". The last value is the output.
 * Operands: x, y: inputs; what begins with a digit or a minus: a constant number; anything else that no
 * statement makes: a constant of a shape below. Attributes: name=1 an integer, name=[1,2] several, name:0.5 a
 * number, name~text. "value !" at the end makes that value an output too. */
typedef struct pattern {
    const char *label;
    int opset;
    const char *graph, *expected; /* the operators that the passes leave */
} pattern;

static const int32_t x_dims[] = {2, 5, 24};
typedef struct shaped {
    const char *name;
    int rank;
    int32_t dims[4];
} shaped;
static const shaped constants[] = {
    {"g", 1, {24}},
    {"b", 1, {24}},
    {"g3", 3, {1, 1, 24}},
    {"gx", 2, {5, 24}},
    {"bx", 2, {5, 24}},
    {"one", 1, {1}},
    {"row", 2, {1, 24}},
    {"deep", 4, {1, 1, 1, 24}},
    {"deep1", 4, {1, 1, 1, 1}},
    {"wq", 2, {24, 24}},
    {"wk", 2, {24, 24}},
    {"wv", 2, {24, 24}},
    {"mask", 4, {2, 1, 1, 5}},
    {"mask2", 2, {5, 5}},
    {"mask3", 3, {2, 5, 5}},
};

#define CENTRE "m = ReduceMean x axes=[-1]; d = Sub x m; "
#define ROOT "v = ReduceMean p axes=[-1]; a = Add v 1e-5; s = Sqrt a; "
#define TORCH CENTRE "p = Pow d 2; " ROOT "n = Div d s; "
#define ERF "e = Div x 1.41421356; f = Erf e; h = Add f 1; "
#define TANH "c = Pow x 3; k = Mul c 0.044715; a = Add x k; u = Mul a 0.79788456; t = Tanh u; h = Add t 1; "
#define EXP "m = ReduceMax x axes=[-1]; d = Sub x m; e = Exp d; "

#define QKV "q = MatMul x wq; k = MatMul x wk; v = MatMul x wv; "
#define SPLIT(name, shape) name "4 = Reshape " name " " shape "; "
#define HEADS(shape)                                                                                         \
    QKV SPLIT("q", shape) SPLIT("k", shape)                                                                  \
        SPLIT("v", shape) "qt = Transpose q4 perm=[0,2,1,3]; kt = Transpose k4 perm=[0,2,3,1]; vt = "        \
                          "Transpose v4 perm=[0,2,1,3]; "
#define CORE "s = MatMul qt kt; d = Div s 2.5; p = Softmax d axis=-1; o = MatMul p vt; "
#define BACK "t = Transpose o perm=[0,2,1,3]; z = Reshape t "
#define FLAT "kt = Transpose k perm=[0,2,1]; "

static const pattern patterns[] = {
    /* LayerNormalization */
    {"torch", 13, TORCH "w = Mul n g; z = Add w b", "LayerNormalization"},
    {"torch, other order", 13, TORCH "w = Mul g n; z = Add b w", "LayerNormalization"},
    {"no shift", 13, TORCH "z = Mul n g", "LayerNormalization"},
    {"squared by Mul", 13, CENTRE "p = Mul d d; " ROOT "n = Div d s; w = Mul n g; z = Add w b",
     "LayerNormalization"},
    {"subtracted twice", 13,
     CENTRE "d2 = Sub x m; p = Pow d2 2; " ROOT "n = Div d s; w = Mul n g; z = Add w b",
     "LayerNormalization"},
    {"two means", 13,
     CENTRE "m2 = ReduceMean x axes=[-1]; d2 = Sub x m2; p = Pow d2 2; " ROOT
            "n = Div d s; w = Mul n g; z = Add w b",
     "LayerNormalization"},
    {"by a reciprocal", 13,
     CENTRE "p = Pow d 2; " ROOT "r = Reciprocal s; n = Mul d r; w = Mul n g; z = Add w b",
     "LayerNormalization"},
    {"by 1 / s", 13, CENTRE "p = Pow d 2; " ROOT "r = Div 1 s; n = Mul r d; w = Mul n g; z = Add w b",
     "LayerNormalization"},
    {"two axes", 13,
     "m = ReduceMean x axes=[-2,-1]; d = Sub x m; p = Pow d 2; v = ReduceMean p axes=[1,2]; a = Add v 1e-5; "
     "s = Sqrt a; n = Div d s; w = Mul n gx; z = Add w bx",
     "LayerNormalization"},
    {"factors of rank 3", 13, TORCH "w = Mul n g3; z = Add w b", "LayerNormalization"},
    {"tensorflow", 13,
     CENTRE "p = Mul d d; " ROOT
            "r = Reciprocal s; k = Mul r g; i = Mul x k; j = Mul m k; t = Sub b j; z = Add i t",
     "LayerNormalization"},
    {"shift of another shape", 13, TORCH "w = Mul n g; z = Add w bx", "LayerNormalization Add"},
    {"scale of another shape", 13, TORCH "w = Mul n one; z = Add w b",
     "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul Add"},
    {"scale of higher rank", 13, TORCH "w = Mul n deep; z = Add w b",
     "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul Add"},
    {"mean over another axis", 13,
     "m = ReduceMean x axes=[1]; d = Sub x m; p = Pow d 2; " ROOT "n = Div d s; z = Mul n g",
     "ReduceMean Sub RMSNormalization"},
    {"variance over another axis", 13,
     CENTRE "p = Pow d 2; v = ReduceMean p axes=[-2]; a = Add v 1e-5; s = Sqrt a; n = Div d s; z = Mul n g",
     "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul"},
    {"cubed", 13, CENTRE "p = Pow d 3; " ROOT "n = Div d s; z = Mul n g",
     "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul"},
    {"no epsilon", 13, CENTRE "p = Pow d 2; v = ReduceMean p axes=[-1]; s = Sqrt v; n = Div d s; z = Mul n g",
     "ReduceMean Sub Pow ReduceMean Sqrt Div Mul"},
    {"divided something else", 13, CENTRE "p = Pow d 2; " ROOT "n = Div x s; z = Mul n g",
     "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul"},
    {"d read again", 13, TORCH "w = Mul n g; z = Add w d",
     "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul Add"},
    {"n read again", 13, TORCH "w = Mul n g; z = Add w n",
     "ReduceMean Sub Pow ReduceMean Add Sqrt Div Mul Add"},
    {"d an output", 13, TORCH "z = Mul n g; d !", "ReduceMean Sub RMSNormalization"},
    {"axes dropped", 13, "m = ReduceMean x axes=[-1] keepdims=0; z = Exp m", "ReduceMean Exp"},
    /* RMSNormalization */
    {"rms", 13, "p = Pow x 2; " ROOT "n = Div x s; z = Mul n g", "RMSNormalization"},
    {"rms as in T5", 13, "p = Mul x x; " ROOT "r = Div 1 s; n = Mul x r; z = Mul g n", "RMSNormalization"},
    {"rms of something else", 13, "q = Exp x; p = Pow q 2; " ROOT "n = Div x s; z = Mul n g",
     "Exp Pow ReduceMean Add Sqrt Div Mul"},
    /* Gelu */
    {"gelu", 13, ERF "q = Mul x h; z = Mul q 0.5", "Gelu"},
    {"gelu, halved first", 13, ERF "q = Mul x 0.5; z = Mul q h", "Gelu"},
    {"gelu, halved gate", 13, ERF "q = Mul h 0.5; z = Mul q x", "Gelu"},
    {"gelu by division", 13, ERF "q = Mul x h; z = Div q 2", "Gelu"},
    {"gelu, 1 + erf", 13, "e = Mul 0.70710678 x; f = Erf e; h = Add 1 f; q = Mul 0.5 h; z = Mul x q", "Gelu"},
    {"gelu by tanh", 13, TANH "q = Mul 0.5 x; z = Mul q h", "Gelu"},
    {"gelu by tanh, cubed by Mul", 13,
     "p = Mul x x; c = Mul p x; k = Mul 0.044715 c; a = Add x k; u = Mul 0.79788456 a; t = Tanh u; h = Add 1 "
     "t; "
     "q = Mul x h; z = Mul q 0.5",
     "Gelu"},
    {"gelu by tanh, factored", 13,
     "p = Mul x 0.79788456; k = Mul x 0.044715; i = Mul k x; a = Add i 1; u = Mul p a; t = Tanh u; h = Add t "
     "1; "
     "q = Mul x 0.5; z = Mul q h",
     "Gelu"},
    {"gelu, then more", 13, ERF "q = Mul x h; g1 = Mul q 0.5; z = Mul g1 y", "Gelu Mul"},
    {"gelu, not halved", 13, ERF "z = Mul x h", "Div Erf Add Mul"},
    {"gelu, another root", 13, "e = Div x 1.5; f = Erf e; h = Add f 1; q = Mul x h; z = Mul q 0.5",
     "Div Erf Add Mul Mul"},
    {"gelu of two", 13, ERF "q = Mul y h; z = Mul q 0.5", "Div Erf Add Mul Mul"},
    {"gelu, erf read again", 13, ERF "q = Mul x h; w = Mul q 0.5; z = Add w f", "Div Erf Add Mul Mul Add"},
    {"gelu, another addend", 13, "e = Div x 1.41421356; f = Erf e; h = Add f 2; q = Mul x h; z = Mul q 0.5",
     "Div Erf Add Mul Mul"},
    {"gelu by tanh, another factor", 13,
     "c = Pow x 3; k = Mul c 0.05; a = Add x k; u = Mul a 0.79788456; t = Tanh u; h = Add t 1; q = Mul x h; "
     "z = Mul q 0.5",
     "Pow Mul Add Mul Tanh Add Mul Mul"},
    {"gelu, constant of higher rank", 13, ERF "q = Mul x h; w = Mul q deep1; z = Mul w 0.5",
     "Div Erf Add Mul Mul Mul"},
    {"swish", 13, "s = Sigmoid x; z = Mul x s", "Swish"},
    {"swish with a factor", 13, "k = Mul x 1.702; s = Sigmoid k; z = Mul s x", "Swish"},
    {"swish by nothing", 13, "k = Mul x 0; s = Sigmoid k; z = Mul s x", "Mul Sigmoid Mul"},
    {"swish of two", 13, "s = Sigmoid x; z = Mul y s", "Sigmoid Mul"},
    {"swish of a square", 13, "k = Mul x x; s = Sigmoid k; z = Mul x s", "Mul Sigmoid Mul"},
    {"hard swish", 13, "s = HardSigmoid x alpha:0.16666667; z = Mul x s", "HardSwish"},
    {"another hard swish", 13, "s = HardSigmoid x; z = Mul x s", "HardSigmoid Mul"},
    /* Attention */
    {"attention", 13, HEADS("i[0,0,4,6]") CORE BACK "i[0,0,24]", "MatMul MatMul MatMul Attention"},
    {"attention, fixed shapes", 13, HEADS("i[2,5,4,6]") CORE BACK "i[2,5,24]",
     "MatMul MatMul MatMul Attention"},
    {"attention, implied rows", 13, HEADS("i[0,-1,4,6]") CORE BACK "i[0,-1,24]",
     "MatMul MatMul MatMul Attention"},
    {"attention with a mask", 13,
     HEADS("i[0,0,4,6]") "s = MatMul qt kt; f = Mul s 0.4; d = Add f mask; p = Softmax d axis=3; o = MatMul "
                         "p vt; " BACK "i[0,0,24]",
     "MatMul MatMul MatMul Attention"},
    {"attention, mask first, no scale", 11,
     HEADS("i[0,0,4,6]") "s = MatMul qt kt; d = Add mask2 s; p = Softmax d axis=3; o = MatMul p vt; " BACK
                         "i[0,0,24]",
     "MatMul MatMul MatMul Attention"},
    {"attention, scaled before", 13,
     HEADS("i[0,0,4,6]") "qs = Mul qt 0.6; ks = Mul 0.7 kt; s = MatMul qs ks; p = Softmax s axis=-1; o = "
                         "MatMul p vt; " BACK "i[0,0,24]",
     "MatMul MatMul MatMul Attention"},
    {"attention, heads stay in front", 13, HEADS("i[0,0,4,6]") CORE "z = Exp o",
     "MatMul MatMul MatMul Reshape Reshape Reshape Transpose Transpose Transpose Attention Exp"},
    {"attention, keys turned alone", 13,
     QKV SPLIT("q", "i[0,0,4,6]") SPLIT("k", "i[0,0,4,6]")
         SPLIT("v", "i[0,0,4,6]") "qt = Transpose q4 perm=[0,2,1,3]; ka = Transpose k4 perm=[0,2,1,3]; kt = "
                                  "Transpose ka perm=[0,1,3,2]; "
                                  "vt = Transpose v4 perm=[0,2,1,3]; " CORE BACK "i[0,0,24]",
     "MatMul MatMul MatMul Attention"},
    {"attention without heads", 13,
     QKV FLAT "s = MatMul q kt; d = Mul s 0.3; p = Softmax d axis=-1; z = MatMul p v",
     "MatMul MatMul MatMul Attention"},
    {"attention without heads, masked", 13,
     QKV FLAT "s = MatMul q kt; d = Add s mask2; p = Softmax d axis=2; z = MatMul p v",
     "MatMul MatMul MatMul Attention"},
    {"attention, a mask that needs heads", 13,
     QKV FLAT "s = MatMul q kt; d = Add s mask3; p = Softmax d axis=2; z = MatMul p v",
     "MatMul MatMul MatMul Transpose MatMul Add Softmax MatMul"},
    {"attention, another axis", 13, QKV FLAT "s = MatMul q kt; p = Softmax s axis=1; z = MatMul p v",
     "MatMul MatMul MatMul Transpose MatMul Softmax MatMul"},
    {"attention, scores read again", 13,
     QKV FLAT "s = MatMul q kt; p = Softmax s axis=-1; o = MatMul p v; e = MatMul s v; z = Add o e",
     "MatMul MatMul MatMul Transpose MatMul Softmax MatMul MatMul Add"},
    {"attention, softmax read again", 13,
     QKV FLAT "s = MatMul q kt; p = Softmax s axis=-1; o = MatMul p v; e = MatMul p x; z = Add o e",
     "MatMul MatMul MatMul Transpose MatMul Softmax MatMul MatMul Add"},
    {"attention, keys not turned", 13,
     "k = Transpose x perm=[0,1,2]; s = MatMul mask3 y; p = Softmax s axis=-1; "
     "t = Transpose y perm=[0,2,1]; z = MatMul p t",
     "MatMul Softmax Transpose MatMul"},
    {"attention, other heads than dimensions say", 13,
     HEADS("i[2,5,4,6]") "s = MatMul qt kt; p = Softmax s axis=-1; o = MatMul p vt; "
                         "t = Transpose o perm=[0,2,1,3]; z = Reshape t i[5,2,24]",
     "MatMul MatMul MatMul Reshape Reshape Reshape Transpose Transpose Transpose Attention Transpose "
     "Reshape"},
    {"attention, divided by a matrix", 13,
     QKV FLAT "s = MatMul q kt; d = Div s mask3; p = Softmax d axis=-1; z = MatMul p v",
     "MatMul MatMul MatMul Transpose MatMul Div Softmax MatMul"},
    /* Softmax */
    {"softmax", 11, EXP "s = ReduceSum e axes=[2]; z = Div e s", "Softmax"},
    {"softmax by a reciprocal", 11, EXP "s = ReduceSum e axes=[-1]; r = Reciprocal s; z = Mul r e",
     "Softmax"},
    {"softmax of the first axis", 11,
     "m = ReduceMax x axes=[0]; d = Sub x m; e = Exp d; s = ReduceSum e axes=[0]; z = Div e s", "Softmax"},
    {"softmax, another maximum", 11,
     "m = ReduceMax x axes=[1]; d = Sub x m; e = Exp d; s = ReduceSum e axes=[2]; z = Div e s",
     "ReduceMax Sub Exp ReduceSum Div"},
    {"softmax over two axes", 11,
     "m = ReduceMax x axes=[1,2]; d = Sub x m; e = Exp d; s = ReduceSum e axes=[1,2]; z = Div e s",
     "ReduceMax Sub Exp ReduceSum Div"},
    {"softmax, exp read again", 11, EXP "s = ReduceSum e axes=[2]; w = Div e s; z = Add w e",
     "ReduceMax Sub Exp ReduceSum Div Add"},
    {"softmax without a maximum", 11, "e = Exp x; s = ReduceSum e axes=[2]; z = Div e s",
     "Exp ReduceSum Div"},
    {"sum without its axis", 11, EXP "s = ReduceSum e axes=[0] keepdims=0; z = Div e s",
     "ReduceMax Sub Exp ReduceSum Div"},
};

/* ---- from text to a model ---- */

typedef struct names {
    char text[80][32];
    int n;
} names;

static int find_name(const names *list, const char *name) {
    for (int i = 0; i < list->n; i++)
        if (!strcmp(list->text[i], name)) return i;
    return -1;
}

static void add_name(names *list, const char *name) {
    if (list->n == 80 || strlen(name) > 31) abort();
    strcpy(list->text[list->n++], name);
}

static void add_attribute(onnx *o, char *word) {
    char *value = word + strcspn(word, "=:~");
    const char kind = *value;
    *value++ = 0;
    int32_t list[4];
    int n = 0;
    if (kind == ':') onnx_float(o, word, strtof(value, NULL));
    else if (kind == '~') onnx_string(o, word, value);
    else if (*value != '[') onnx_int(o, word, atoi(value));
    else {
        for (char *at = value + 1; n < 4 && *at && *at != ']'; at += *at == ',')
            list[n++] = (int32_t)strtol(at, &at, 10);
        onnx_ints(o, word, n, list);
    }
}

/* "value = Op words": operands that nothing made before become constants. */
static void add_statement(onnx *o, char *statement, names *made, names *wanted) {
    const char *in[8], *out[1];
    char *attributes[8], *save, *value = strtok_r(statement, " ", &save);
    int n_in = 0, n_attributes = 0;
    const char *mark = strtok_r(NULL, " ", &save);
    if (*mark == '!') {
        onnx_output(o, value, SK_FLOAT32);
        return;
    }
    const char *op = strtok_r(NULL, " ", &save);
    for (char *word; (word = strtok_r(NULL, " ", &save));) {
        if (word[strcspn(word, "=:~")]) attributes[n_attributes++] = word;
        else in[n_in++] = word;
    }
    for (int i = 0; i < n_in; i++)
        if (find_name(made, in[i]) < 0 && find_name(wanted, in[i]) < 0) add_name(wanted, in[i]);
    add_name(made, value);
    out[0] = value;
    onnx_node(o, op, n_in, in, 1, out);
    for (int i = 0; i < n_attributes; i++) add_attribute(o, attributes[i]);
}

static void add_constant(onnx *o, const char *name, uint32_t *random) {
    sk_tensor t = {.rank = -1};
    if (strchr("-0123456789", *name)) {
        float number = strtof(name, NULL);
        sk_set_shape(&t, SK_FLOAT32, 0, NULL);
        t.data = &number;
        onnx_constant(o, name, &t);
        return;
    }
    if (!strncmp(name, "i[", 2)) {
        int64_t list[4];
        int32_t n = 0;
        for (char *at = (char *)(uintptr_t)name + 2; n < 4 && *at && *at != ']'; at += *at == ',')
            list[n++] = strtol(at, &at, 10);
        sk_set_shape(&t, SK_INT64, 1, &n);
        t.data = list;
        onnx_constant(o, name, &t);
        return;
    }
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) {
        if (strcmp(constants[i].name, name) != 0) continue;
        t = test_tensor(random, SK_FLOAT32, constants[i].rank, constants[i].dims);
        onnx_constant(o, name, &t);
        free(t.data);
        return;
    }
    printf("no constant %s\n", name);
    abort();
}

static onnx build(const pattern *p, uint32_t *random) {
    char text[1600], *save;
    onnx o;
    names made = {.n = 0}, wanted = {.n = 0};
    add_name(&made, "x");
    add_name(&made, "y");
    if (strlen(p->graph) >= sizeof text) abort();
    strcpy(text, p->graph);
    onnx_start(&o);
    for (char *s = strtok_r(text, ";", &save); s; s = strtok_r(NULL, ";", &save)) {
        if (strchr(s, '!')) onnx_output(&o, made.text[made.n - 1], SK_FLOAT32);
        add_statement(&o, s, &made, &wanted);
    }
    if (!strchr(p->graph, '!')) onnx_output(&o, made.text[made.n - 1], SK_FLOAT32);
    for (int i = 0; i < wanted.n; i++) add_constant(&o, wanted.text[i], random);
    onnx_input(&o, "x", SK_FLOAT32, 3, x_dims);
    onnx_input(&o, "y", SK_FLOAT32, 3, x_dims);
    onnx_end(&o, p->opset);
    return o;
}

/* ---- checking it ---- */

/* The passes under test alone: the others do more with what is left. */
static sk_status run_passes(sk_model *model) {
    static const char *const tested[] = {"softmax", "norm", "gate", "attention"};
    int n = 0;
    for (int i = 0; i < sk_pass_count; i++)
        for (int j = 0; j < 4; j++) {
            if (strcmp(sk_passes[i].name, tested[j]) != 0) continue;
            const sk_status status = sk_passes[i].run(&model->ir, &model->error);
            if (status != SK_OK) return status;
            n++;
        }
    return n == 4 ? SK_OK : SK_STATE;
}

static void check_operators(test_counts *counts, const pattern *p, const onnx *o, int n,
                            const sk_tensor *const *inputs) {
    char found[400] = "";
    onnx_run run = onnx_predict(o, &(sk_options){.no_fusion = 1}, n, inputs);
    if (run.status == SK_OK) run.status = run_passes(run.model);
    const sk_graph *graph = run.model ? run.model->ir.main : NULL;
    for (int i = 0; run.status == SK_OK && i < graph->n_nodes; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%s", i ? " " : "",
                 graph->nodes[i]->op_type);
    if (strcmp(found, p->expected) == 0) {
        counts->passed++;
    } else {
        printf("FAIL %s: %s%s, not %s\n", p->label, found, run.model ? sk_model_error(run.model)->text : "",
               p->expected);
        counts->failed++;
    }
    sk_model_free(run.model);
}

int main(void) {
    test_counts counts = {0, 0};
    uint32_t random = 20240611;
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        const pattern *p = &patterns[i];
        onnx o = build(p, &random);
        sk_tensor x = test_tensor(&random, SK_FLOAT32, 3, x_dims),
                  y = test_tensor(&random, SK_FLOAT32, 3, x_dims);
        const sk_tensor *const inputs[2] = {&x, &y};
        check_operators(&counts, p, &o, 2, inputs);
        test_against_reference(&counts, &o, 2, inputs, 1e-5, p->label);
        free(x.data);
        free(y.data);
        onnx_free(&o);
    }
    return test_summary(&counts);
}
