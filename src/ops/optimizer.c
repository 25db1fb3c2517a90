/* Adagrad, Adam and Momentum of ai.onnx.preview.training: one step of an optimizer for any number of tensors.
 * The inputs are rate, count of steps so far, then all tensors, all their gradients, and all of each kind of
 * state; the outputs all tensors and each kind of state. */
#include <math.h>

#include "core/maths.h"
#include "ops/elementwise.h"

typedef struct optimizer_params {
    float decay, epsilon, norm, norm_post, alpha, beta;
    int nesterov;
} optimizer_params;

static int states_of(const sk_node *node) { return node->op->param == SK_OP_ADAM ? 2 : 1; }

/* An attribute of Momentum, which has no defaults. */
static sk_status want_required(sk_import *c, const char *name, float *value) {
    if (!sk_node_attr(c->node, name)) return sk_bad_attr(c, SK_MALFORMED, "attribute '%s' is missing", name);
    return sk_want_float(c, name, 0, value);
}

static sk_status import(sk_import *c) {
    static const char *const modes[] = {"standard", "nesterov", NULL};
    optimizer_params *params = sk_params(c, sizeof *params);
    const int kind = c->node->op->param, states = states_of(c->node), rest = c->node->n_inputs - 2;
    if (!params) return SK_OUT_OF_MEMORY;
    if (rest % (2 + states) || c->node->n_outputs != rest / (2 + states) * (1 + states))
        return sk_bad_attr(c, SK_MALFORMED, "%d inputs and %d outputs are no whole groups",
                           (int)c->node->n_inputs, (int)c->node->n_outputs);
    SK_TRY(sk_import_all_present(c));
    if (kind == SK_OP_MOMENTUM) {
        SK_TRY(want_required(c, "alpha", &params->alpha));
        SK_TRY(want_required(c, "beta", &params->beta));
        SK_TRY(want_required(c, "norm_coefficient", &params->norm));
        if (!sk_node_attr(c->node, "mode"))
            return sk_bad_attr(c, SK_MALFORMED, "attribute 'mode' is missing");
        return sk_want_word(c, "mode", modes, 0, &params->nesterov);
    }
    SK_TRY(sk_want_float(c, "alpha", 0.9f, &params->alpha));
    SK_TRY(sk_want_float(c, "beta", 0.999f, &params->beta));
    SK_TRY(sk_want_float(c, "decay_factor", 0, &params->decay));
    SK_TRY(sk_want_float(c, "epsilon", 1e-6f, &params->epsilon)); /* the text prints it as 0 */
    SK_TRY(sk_want_float(c, "norm_coefficient", 0, &params->norm));
    return sk_want_float(c, "norm_coefficient_post", 0, &params->norm_post);
}

static sk_status infer(sk_infer *c) {
    const int tensors = (c->n_in - 2) / (2 + states_of(c->node));
    SK_TRY(sk_want_types(c, 1, SK_T(INT64)));
    for (int i = 0; i < 2; i++)
        if (sk_shape_known(c->in[i]) && sk_numel(c->in[i]) != 1)
            return sk_bad_shape(c, "input %d is not a scalar", i);
    for (int i = 2; i < c->n_in; i++) {
        const sk_tensor *x = c->in[2 + (i - 2) % tensors], *t = c->in[i];
        SK_TRY(sk_want_types(c, i, SK_T(FLOAT32) | SK_T(FLOAT64)));
        if ((t->type && x->type && t->type != x->type) ||
            (sk_shape_known(t) && sk_shape_known(x) && !sk_same_shape(t, x)))
            return sk_bad_shape(c, "input %d is %pT, its tensor %pT", i, t, x);
    }
    for (int i = 0; i < c->n_out; i++)
        if (c->out[i]) sk_copy_type(c->out[i], c->in[2 + i % tensors]);
    return SK_OK;
}

/* One number's step: x, and its gradient and states in turn, which become the new states. */
static double step(const optimizer_params *p, int kind, double rate, double beta, double x, double g,
                   double state[2]) {
    g += (double)p->norm * x;
    if (kind == SK_OP_ADAGRAD) {
        state[0] += g * g;
        return x - rate * g / (sqrt(state[0]) + (double)p->epsilon);
    }
    state[0] = (double)p->alpha * state[0] + beta * g;
    if (kind == SK_OP_MOMENTUM) return x - rate * (p->nesterov ? g + (double)p->alpha * state[0] : state[0]);
    state[1] = (double)p->beta * state[1] + (1 - (double)p->beta) * g * g;
    return (1 - (double)p->norm_post) * (x - rate * state[0] / (sqrt(state[1]) + (double)p->epsilon));
}

static sk_status run(sk_run *r) {
    const optimizer_params *p = r->node->params;
    const int kind = r->node->op->param, states = states_of(r->node), tensors = (r->n_in - 2) / (2 + states);
    const double count = (double)*(const int64_t *)r->in[1]->data;
    double rate = sk_number_at(r->in[0], 0), beta = (double)p->beta, state[2] = {0, 0};
    if (kind == SK_OP_ADAGRAD) rate /= 1 + count * (double)p->decay;
    if (kind == SK_OP_ADAM) beta = 1 - (double)p->alpha;
    if (kind == SK_OP_ADAM && count > 0)
        rate *= sqrt(1 - sk_pow((double)p->beta, count)) / (1 - sk_pow((double)p->alpha, count));
    if (kind == SK_OP_MOMENTUM && count <= 0) beta = 1;
    for (int t = 0; t < tensors; t++) {
        const sk_tensor *const *in = r->in + 2 + t;
        for (size_t i = 0, n = sk_numel(in[0]); i < n; i++) {
            for (int s = 0; s < states; s++) state[s] = sk_number_at(in[(2 + s) * tensors], i);
            const double x =
                step(p, kind, rate, beta, sk_number_at(in[0], i), sk_number_at(in[tensors], i), state);
            if (r->out[t]) sk_put_number(r->out[t], i, x);
            for (int s = 0; s < states; s++)
                if (r->out[t + (1 + s) * tensors]) sk_put_number(r->out[t + (1 + s) * tensors], i, state[s]);
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_optimizer = {.import = import, .infer = infer, .run = run};
