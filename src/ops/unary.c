/* Functions of one number: mathematics and activations. Attributes become the kernel's three parameters at
 * import; all that is left for the rest is one impl. */
#include <math.h>

#include "ops/elementwise.h"

static sk_status begin(sk_import *c, int kind, sk_unary_args **args) {
    *args = sk_params(c, sizeof **args);
    if (!*args) return SK_OUT_OF_MEMORY;
    (*args)->kind = kind;
    return SK_OK;
}

static sk_status import_unary(sk_import *c) {
    sk_unary_args *args;
    return begin(c, c->node->op->param, &args);
}

static sk_status import_relu(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_CLAMP, &args));
    args->p[1] = INFINITY;
    return SK_OK;
}

/* Up to opset 10; from 11 on the bounds are inputs (clip.c). */
static sk_status import_clip_6(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_CLAMP, &args));
    SK_TRY(sk_want_float(c, "min", -INFINITY, &args->p[0]));
    return sk_want_float(c, "max", INFINITY, &args->p[1]);
}

static sk_status import_leaky_relu(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_LEAKY, &args));
    return sk_want_float(c, "alpha", 0.01f, &args->p[0]);
}

static sk_status import_elu(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_ELU, &args));
    args->p[0] = args->p[2] = 1;
    return sk_want_float(c, "alpha", 1, &args->p[1]);
}

static sk_status import_selu(sk_import *c) {
    sk_unary_args *args;
    float alpha, gamma;
    SK_TRY(begin(c, SK_UNARY_ELU, &args));
    const int old = c->node->opset < 6;
    SK_TRY(sk_want_float(c, "alpha", old ? 1.6732f : 1.67326319217681884765625f, &alpha));
    SK_TRY(sk_want_float(c, "gamma", old ? 1.0507f : 1.05070102214813232421875f, &gamma));
    args->p[0] = gamma;
    args->p[1] = gamma * alpha;
    args->p[2] = 1;
    return SK_OK;
}

static sk_status import_celu(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_ELU, &args));
    SK_TRY(sk_want_float(c, "alpha", 1, &args->p[1]));
    args->p[0] = 1;
    args->p[2] = 1 / args->p[1];
    return SK_OK;
}

static sk_status import_thresholded_relu(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_THRESHOLD, &args));
    return sk_want_float(c, "alpha", 1, &args->p[0]);
}

static sk_status import_hard_sigmoid(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_LINEAR, &args));
    args->p[3] = 1;
    SK_TRY(sk_want_float(c, "alpha", 0.2f, &args->p[0]));
    return sk_want_float(c, "beta", 0.5f, &args->p[1]);
}

static sk_status import_hard_swish(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_HARD_SWISH, &args));
    args->p[0] = 1.0f / 6;
    args->p[1] = 0.5f;
    args->p[3] = 1;
    return SK_OK;
}

static sk_status import_gelu(sk_import *c) {
    static const char *const words[] = {"none", "tanh", NULL};
    sk_unary_args *args;
    int approximate;
    SK_TRY(sk_want_word(c, "approximate", words, 0, &approximate));
    return begin(c, approximate ? SK_UNARY_GELU_TANH : SK_UNARY_GELU, &args);
}

static sk_status import_swish(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_SWISH, &args));
    return sk_want_float(c, "alpha", 1, &args->p[0]);
}

static sk_status import_shrink(sk_import *c) {
    sk_unary_args *args;
    SK_TRY(begin(c, SK_UNARY_SHRINK, &args));
    SK_TRY(sk_want_float(c, "lambd", 0.5f, &args->p[0]));
    return sk_want_float(c, "bias", 0, &args->p[1]);
}

static sk_status import_is_inf(sk_import *c) {
    sk_unary_args *args;
    int64_t negative, positive;
    SK_TRY(begin(c, SK_UNARY_IS_INF, &args));
    SK_TRY(sk_want_int(c, "detect_negative", 1, &negative));
    SK_TRY(sk_want_int(c, "detect_positive", 1, &positive));
    args->p[0] = negative != 0;
    args->p[1] = positive != 0;
    return SK_OK;
}

static sk_status infer_test(sk_infer *c) {
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = SK_BOOL;
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    sk_broadcasting *b = sk_prepare_state(p, sizeof *b);
    if (!b) return SK_OUT_OF_MEMORY;
    return sk_unary_ready(p, b, p->node->params, p->in[0], p->out[0]);
}

static sk_status run(sk_run *r) {
    return sk_elementwise_run(r, r->state, (const void *const[]){r->in[0]->data}, r->out[0]->data);
}

static int as_clamp(const sk_node *node, float *lo, float *hi) {
    const sk_unary_args *args = node->params;
    *lo = args->p[0];
    *hi = args->p[1];
    return args->kind == SK_UNARY_CLAMP;
}

static int as_element(const sk_node *node, sk_element *e) {
    const sk_unary_args *args = node->params;
    e->kind = args->kind;
    e->operands = 1;
    for (int i = 0; i < SK_ELEMENT_NUMBERS; i++) e->p[i] = args->p[i];
    return 1;
}

#define FUNCTION(name, import_, ...)                                                                         \
    const sk_impl sk_impl_##name = {.import = (import_),                                                     \
                                    .infer = sk_infer_same,                                                  \
                                    .prepare = prepare,                                                      \
                                    .run = run,                                                              \
                                    SK_TRAITS(.as_element = as_element, __VA_ARGS__)};
FUNCTION(unary, import_unary)
FUNCTION(relu, import_relu, .as_clamp = as_clamp)
FUNCTION(clip_6, import_clip_6, .as_clamp = as_clamp)
FUNCTION(leaky_relu, import_leaky_relu)
FUNCTION(elu, import_elu)
FUNCTION(selu, import_selu)
FUNCTION(celu, import_celu)
FUNCTION(thresholded_relu, import_thresholded_relu)
FUNCTION(hard_sigmoid, import_hard_sigmoid)
FUNCTION(hard_swish, import_hard_swish)
FUNCTION(gelu, import_gelu)
FUNCTION(swish, import_swish)
FUNCTION(shrink, import_shrink)
const sk_impl sk_impl_is_inf = {.import = import_is_inf, .infer = infer_test, .prepare = prepare, .run = run};
const sk_impl sk_impl_is_nan = {.import = import_unary, .infer = infer_test, .prepare = prepare, .run = run};
