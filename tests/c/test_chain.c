/* Chains of elementwise operators: random ones, on plain and channels-last tensors with operands of every
 * shape that broadcasts, against the same graph node by node and with the reference kernels; then the spelled
 * out activations, which must become the few nodes they can be. SEED and CASES as in test_conv.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"

static void number(onnx *o, const char *name, float value, int rank) {
    const int32_t ones[4] = {1, 1, 1, 1};
    sk_tensor t = test_empty(SK_FLOAT32, rank, ones);
    *(float *)t.data = value;
    onnx_constant(o, name, &t);
    free(t.data);
}

static void node(onnx *o, const char *op, const char *a, const char *b, const char *c, const char *y) {
    const char *in[] = {a, b, c}, *out[] = {y};
    onnx_node(o, op, c ? 3 : b ? 2 : 1, in, 1, out);
}

/* ---- random chains ---- */

#define LONGEST 24

typedef struct chain_case {
    onnx o;
    uint32_t *r;
    int32_t dims[4];
    int rank, n; /* values so far: v0 .. v<n - 1> */
} chain_case;

/* One of the last values, most often the very last. */
static const char *value(chain_case *c, char text[16]) {
    const int back = test_between(c->r, 0, 2) ? 1 : test_between(c->r, 1, c->n < 5 ? c->n : 5);
    snprintf(text, 16, "v%d", c->n - back);
    return text;
}

/* A constant that broadcasts: one number, or as long as some of the dimensions. */
static const char *constant(chain_case *c, char text[16]) {
    int32_t dims[4];
    const int rank = test_between(c->r, 0, c->rank), whole = test_between(c->r, 0, 4);
    snprintf(text, 16, "k%d", c->n);
    for (int i = 0; i < rank; i++) {
        const int32_t dim = c->dims[c->rank - rank + i];
        dims[i] = whole == 0 ? dim : whole == 1 && c->rank - rank + i == 1 ? dim : 1;
    }
    sk_tensor t = test_tensor(c->r, SK_FLOAT32, rank, dims);
    for (size_t i = 0; i < sk_numel(&t); i++) /* far from 0: it may divide */
        ((float *)t.data)[i] += ((float *)t.data)[i] < 0 ? -0.5f : 0.5f;
    onnx_constant(&c->o, text, &t);
    free(t.data);
    return text;
}

static void add_link(chain_case *c) {
    static const char *const one[] = {"Relu",      "Sigmoid", "Tanh", "HardSigmoid",
                                      "HardSwish", "Neg",     "Abs",  "LeakyRelu"};
    static const char *const two[] = {"Add", "Sub", "Mul", "Max", "Min", "Div"};
    char a[16], b[16], y[16];
    onnx *o = &c->o;
    snprintf(y, sizeof y, "v%d", c->n);
    value(c, a);
    switch (test_between(c->r, 0, 5)) {
    case 0: node(o, one[test_between(c->r, 0, 7)], a, NULL, NULL, y); break;
    case 1: { /* between any two values, or with the second tensor or what is broadcast over pixels */
        const int which = test_between(c->r, 0, 3);
        const char *other = which == 0 ? "z" : which == 1 ? "g" : value(c, b);
        node(o, two[test_between(c->r, 0, 4)], test_between(c->r, 0, 1) ? a : other, other, NULL, y);
        break;
    }
    case 2: {
        char lo[16], hi[16];
        snprintf(lo, sizeof lo, "lo%d", c->n);
        snprintf(hi, sizeof hi, "hi%d", c->n);
        const float low = (float)test_between(c->r, -20, 5) / 10;
        number(o, lo, low, 0);
        number(o, hi, low + (float)test_between(c->r, 0, 30) / 10, 0);
        node(o, "Clip", a, test_between(c->r, 0, 4) ? lo : "", hi, y);
        break;
    }
    default: {
        const int op = test_between(c->r, 0, 5), first = op < 5 && test_between(c->r, 0, 3) == 0;
        constant(c, b);
        node(o, two[op], first ? b : a, first ? a : b, NULL, y);
    }
    }
    c->n++;
}

static void weights(chain_case *c, const char *name, int32_t channels) {
    const int32_t dims[4] = {channels, channels, 1, 1};
    sk_tensor t = test_tensor(c->r, SK_FLOAT32, 4, dims);
    onnx_constant(&c->o, name, &t);
    free(t.data);
}

static void random_case(test_counts *counts, uint32_t *r, int which) {
    chain_case c = {.r = r, .rank = 4, .n = 1};
    const int last = test_between(r, 0, 2); /* between convolutions: channels-last */
    const int large = test_between(r, 0, 9) == 0, unknown = test_between(r, 0, 1);
    char label[120], text[SK_SHAPE_TEXT], end[16];
    for (int i = 0; i < 4; i++)
        c.dims[i] = i == 0 ? test_between(r, 1, 2) : test_between(r, 1, large ? 40 : i == 1 ? 20 : 7);
    sk_tensor x = test_tensor(r, SK_FLOAT32, 4, c.dims), z = test_tensor(r, SK_FLOAT32, 4, c.dims);
    onnx_start(&c.o);
    const int32_t told[4] = {-1, c.dims[1], -1, -1};
    onnx_input(&c.o, "x", SK_FLOAT32, 4, unknown ? told : c.dims);
    onnx_input(&c.o, "second", SK_FLOAT32, 4, unknown ? told : c.dims);
    if (last) {
        weights(&c, "w", c.dims[1]);
        node(&c.o, "Conv", "x", "w", NULL, "v0");
        node(&c.o, "Conv", "second", "w", NULL, "z");
    } else {
        node(&c.o, "Abs", "x", NULL, NULL, "v0");
        node(&c.o, "Identity", "second", NULL, NULL, "z");
    }
    node(&c.o, "GlobalAveragePool", "v0", NULL, NULL, "g");
    for (int i = test_between(r, 2, LONGEST); i > 0; i--) add_link(&c);
    snprintf(end, sizeof end, "v%d", c.n - 1);
    node(&c.o, "Tanh", end, NULL, NULL, "y"); /* so that a large number somewhere hides no other */
    onnx_output(&c.o, "y", SK_FLOAT32);
    if (test_between(r, 0, 4) == 0) onnx_output(&c.o, value(&c, end), SK_FLOAT32);
    onnx_end(&c.o, 18);
    snprintf(label, sizeof label, "case %d: %d links on %s%s", which, c.n, sk_tensor_text(&x, text),
             last ? " channels-last" : "");
    test_against_reference(counts, &c.o, 2, (const sk_tensor *[]){&x, &z}, 4e-5, label);
    onnx_free(&c.o);
    free(x.data), free(z.data);
}

/* ---- what they become ---- */

/* The nodes of the graph after all passes, and how many of them are chains. */
static void count_nodes(sk_model *model, int *nodes, int *chains) {
    const char *text = sk_describe_text(model, SK_DESCRIBE_GRAPH);
    *nodes = *chains = 0;
    for (const char *at = text; (at = strstr(at, " = ")); at++, ++*nodes)
        *chains += !strncmp(at + 3, "Chain(", 6);
}

static void expect(test_counts *counts, onnx *o, const char *label, int nodes, int chains) {
    const int32_t dims[4] = {1, 5, 6, 7};
    uint32_t r = 5;
    int got[2];
    sk_tensor x = test_tensor(&r, SK_FLOAT32, 4, dims);
    for (size_t i = 0; i < sk_numel(&x); i++) ((float *)x.data)[i] *= 6;
    onnx_output(o, "y", SK_FLOAT32);
    onnx_end(o, 18);
    test_against_reference(counts, o, 1, (const sk_tensor *[]){&x}, 2e-6, label);
    onnx_run run = onnx_predict(o, &(sk_options){0}, 1, (const sk_tensor *[]){&x});
    count_nodes(run.model, &got[0], &got[1]);
    const int right = got[0] == nodes && got[1] == chains;
    if (!right)
        printf("FAIL %s: %d nodes, %d chains\n%s\n", label, got[0], got[1],
               sk_describe_text(run.model, SK_DESCRIBE_GRAPH));
    *(right ? &counts->passed : &counts->failed) += 1;
    sk_model_free(run.model);
    onnx_free(o);
    free(x.data);
}

static void begin(onnx *o) {
    onnx_start(o);
    onnx_input(o, "x", SK_FLOAT32, 4, (const int32_t[]){-1, 5, -1, -1});
}

/* x * clip(x + 3, 0, 6) / 6 * 2 + 1 from input `from` to y: what mobile networks are full of. */
static void hard_swish(onnx *o, const char *from) {
    number(o, "three", 3, 0), number(o, "zero", 0, 0), number(o, "six", 6, 0);
    number(o, "two", 2, 1), number(o, "one", 1, 3);
    node(o, "Add", from, "three", NULL, "a");
    node(o, "Clip", "a", "zero", "six", "b");
    node(o, "Mul", from, "b", NULL, "c");
    node(o, "Div", "c", "six", NULL, "d");
    node(o, "Mul", "two", "d", NULL, "e");
    node(o, "Add", "e", "one", NULL, "y");
}

static void shape_tests(test_counts *counts) {
    onnx o;
    begin(&o);
    hard_swish(&o, "x");
    expect(counts, &o, "HardSwish, scaled and shifted", 1, 1);

    begin(&o); /* what is read elsewhere stays */
    node(&o, "Sigmoid", "x", NULL, NULL, "a");
    node(&o, "Mul", "x", "a", NULL, "b");
    node(&o, "Neg", "b", NULL, NULL, "y");
    onnx_output(&o, "a", SK_FLOAT32);
    expect(counts, &o, "a value that is an output too", 2, 1);

    begin(&o); /* squeeze and excite: the gate is small, its own operators are no links */
    node(&o, "GlobalAveragePool", "x", NULL, NULL, "a");
    node(&o, "HardSigmoid", "a", NULL, NULL, "b");
    node(&o, "Mul", "x", "b", NULL, "c");
    node(&o, "Add", "c", "x", NULL, "y");
    expect(counts, &o, "squeeze and excite", 5, 1);

    begin(&o); /* rounding by a large number must not be simplified away */
    number(&o, "magic", 12582912, 0);
    node(&o, "Add", "x", "magic", NULL, "a");
    node(&o, "Sub", "a", "magic", NULL, "y");
    expect(counts, &o, "rounding by adding", 1, 1);
}

/* A model cannot ask for the internal operator. */
static void internal_test(test_counts *counts) {
    onnx o;
    begin(&o);
    node(&o, "Chain", "x", NULL, NULL, "y");
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 18);
    const int32_t dims[4] = {1, 5, 1, 1};
    sk_tensor x = test_empty(SK_FLOAT32, 4, dims);
    onnx_run run = onnx_predict(&o, &(sk_options){0}, 1, (const sk_tensor *[]){&x});
    const int right = run.status == SK_UNSUPPORTED;
    if (!right) printf("FAIL Chain in a file: %s\n", sk_status_name(run.status));
    *(right ? &counts->passed : &counts->failed) += 1;
    sk_model_free(run.model);
    onnx_free(&o);
    free(x.data);
}

int main(void) {
    test_counts counts = {0, 0};
    const char *seed = getenv("SEED"), *cases = getenv("CASES");
    const uint32_t first = seed ? (uint32_t)strtoul(seed, NULL, 10) : 1;
    for (int i = 0, n = cases ? atoi(cases) : 400; i < n; i++) {
        uint32_t r = (first + (uint32_t)i) * 2654435761u | 1;
        random_case(&counts, &r, i);
    }
    shape_tests(&counts);
    internal_test(&counts);
    return test_summary(&counts);
}
