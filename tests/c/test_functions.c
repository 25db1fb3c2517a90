/* Operators that functions.def defines, and those of com.microsoft that have a kernel: models of one node
 * run, give the same bits on threads and, changed at random, end with a result or a typed error. What they
 * compute is compared in tests/conformance/own. CASES: how many changed models. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/exercise.h"
#include "common/mutate.h"
#include "common/node_text.h"
#include "common/threads.h"

#define MOST 10

typedef struct call {
    const char *op, *inputs, *attrs;
    int outputs;
} call;

static const call calls[] = {
    {"NegativeLogLikelihoodLoss", "f2,3,2 i2,2=0,2,1,1 f3", "ignore_index=1 reduction=mean", 1},
    {"SoftmaxCrossEntropyLoss", "f4,3 i4=0,2,1,1", "reduction=none", 2},
    {"SimplifiedLayerNormalization", "f2,3 f3", "axis=-1 epsilon=0.1", 1},
    {"com.microsoft.FastGelu", "f2,3 f3", "", 1},
    {"com.microsoft.BiasGelu", "f2,3 f3", "", 1},
    {"com.microsoft.FusedConv", "f1,2,5,5 f3,2,3,3 f3 f1,3,3,3", "activation=Relu kernel_shape=[3,3]", 1},
    {"com.microsoft.FusedGemm", "f2,3 f4,3 f4", "transB=1 activation=LeakyRelu activation_alpha=0.5", 1},
    {"com.microsoft.FusedMatMul", "f2,4,3 f4,5", "transA=1 alpha=0.5", 1},
    {"com.microsoft.MatMulIntegerToFloat", "u2,3 u3,4 f f4 u u4 f4", "", 1},
    {"com.microsoft.DynamicQuantizeMatMul", "f2,3 u3,4 f4 u4 f4", "", 1},
    {"com.microsoft.QGemm", "u2,3 f u u4,3 f u n4 f=0.5 u", "transB=1 alpha=0.5", 1},
    {"com.microsoft.SkipLayerNormalization", "f2,3,4 f2,3,4 f4 f4 f4", "epsilon=0.1", 4},
    {"com.microsoft.EmbedLayerNormalization", "n1,2 n1,2 f4,3 f4,3 f2,3 f3 f3 n1,2", "", 2},
    {"com.microsoft.QLinearAdd", "u2,3 f u u3 f u f=0.5 u", "", 1},
    {"com.microsoft.QLinearSoftmax", "u2,3 f u f=0.01 u", "opset=12 axis=1", 1},
    {"com.microsoft.QLinearAveragePool", "u1,2,4,4 f u f=0.5 u", "kernel_shape=[2,2] channels_last=0", 1},
    {"com.microsoft.QLinearConcat", "f=0.5 u u2,3 f u u2,1 f u", "axis=1", 1},
    {"com.microsoft.MatMulNBits", "f3,40 u21,3,8 f63 u42 - f21", "K=40 N=21 block_size=16 bits=4", 1},
    {"com.microsoft.RotaryEmbedding", "f2,3,16 i2,3 f4,2 f4,2", "num_heads=4 interleaved=1", 1},
    {"RotaryEmbedding", "f2,2,3,6 f5,2 f5,2 i2,3=0,1,2,3,4,0", "rotary_embedding_dim=4", 1},
    {"AffineGrid", "f2,2,3 i4=2,1,3,4", "align_corners=1", 1},
    {"com.microsoft.Attention", "f2,3,4 f4,24 f24 n2,3=1,1,1,1,1,0", "num_heads=2", 1},
    {"com.microsoft.MultiHeadAttention", "f2,3,4 f2,5,4 f2,5,4 f12 n2=2,5 f1,2,3,5", "num_heads=2", 1},
    {"com.microsoft.GroupQueryAttention", "f1,2,32 - - f1,1,3,8 f1,1,3,8 n1=4 n=5 f8,4 f8,4",
     "num_heads=2 kv_num_heads=1 do_rotary=1", 3},
};
#define CALLS (sizeof calls / sizeof *calls)

typedef struct example {
    onnx o;
    sk_tensor in[MOST];
    const sk_tensor *fed[MOST];
    int n, n_fed;
} example;

/* fixed: the later inputs are constants. */
static void make(const call *c, int fixed, example *e) {
    static const char *const names[MOST] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
    static const char *const outs[4] = {"w", "x", "y", "z"};
    const char *given[MOST];
    memset(e, 0, sizeof *e);
    for (const char *at = c->inputs; *at; e->n++) {
        e->in[e->n] = test_input(&at);
        given[e->n] = e->in[e->n].type ? names[e->n] : "";
        while (*at == ' ') at++;
    }
    onnx_start(&e->o);
    onnx_node(&e->o, c->op, e->n, given, c->outputs, outs);
    test_attrs(&e->o, c->attrs);
    for (int i = 0; i < e->n; i++) {
        const sk_tensor *t = &e->in[i];
        if (!t->type) continue;
        if (i && fixed) {
            onnx_constant(&e->o, names[i], t);
            continue;
        }
        onnx_input(&e->o, names[i], t->type, t->rank, t->dims);
        e->fed[e->n_fed++] = t;
    }
    onnx_output(&e->o, "w", SK_FLOAT32);
    onnx_end(&e->o, 23);
}

static void clear(example *e) {
    for (int i = 0; i < e->n; i++) free(e->in[i].data);
    onnx_free(&e->o);
}

static void count(test_counts *counts, int ok, const char *what, const call *c) {
    if (!ok) printf("FAIL %s of %s\n", what, c->op);
    *(ok ? &counts->passed : &counts->failed) += 1;
}

static void check_calls(test_counts *counts) {
    for (size_t i = 0; i < 2 * CALLS; i++) {
        const call *c = &calls[i / 2];
        const sk_options threads = {.pool = test_pool()};
        sk_tensor one, many;
        example e;
        make(c, i % 2, &e);
        const sk_status status = test_output(&e.o, NULL, e.n_fed, e.fed, 0, &one);
        count(counts, status == SK_OK, "run", c);
        test_output(&e.o, &threads, e.n_fed, e.fed, 0, &many);
        count(counts,
              one.rank >= 0 && sk_same_shape(&one, &many) && !memcmp(one.data, many.data, sk_nbytes(&one)),
              "bits on threads", c);
        free(one.data), free(many.data);
        clear(&e);
    }
}

static void check_changed(test_counts *counts, int n) {
    uint32_t random = 77;
    for (int i = 0; i < n; i++) {
        const call *c = &calls[(size_t)i % CALLS];
        size_t size;
        example e;
        make(c, i / (int)CALLS % 2, &e);
        uint8_t *bytes = test_mutate(e.o.bytes, e.o.size, &random, &size);
        const exercise_result r = test_exercise(&(test_bytes){bytes, size}, &(exercise){.seed = (uint32_t)i});
        if (r.problem[0]) printf("number %d: %s\n", i, r.problem);
        count(counts, !r.problem[0], "changed model", c);
        free(bytes);
        clear(&e);
    }
}

int main(void) {
    const char *cases = getenv("CASES");
    test_counts counts = {0, 0};
    check_calls(&counts);
    check_changed(&counts, cases ? atoi(cases) : 3000);
    return test_summary(&counts);
}
