/* RandomNormal, RandomUniform (and Like), Bernoulli, Multinomial. A small generator (xorshift64*, seeded
 * through splitmix64) whose state lives with the plan and goes on from run to run; without a seed attribute
 * it starts from the node's name, so that a model repeats itself but its nodes differ. */
#include "ops/random.h"

#include <string.h>

#include "core/maths.h"
#include "ops/elementwise.h"

typedef struct random_params {
    int64_t type; /* 0: the input's */
    float a, b;   /* mean and scale, or low and high */
    uint64_t seed;
    int64_t dims[SK_MAX_RANK];
    int rank;
    int64_t samples;
} random_params;

static uint64_t scramble(uint64_t x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

sk_status sk_random_seed(sk_import *c, sk_attr_kind kind, uint64_t *state) {
    const sk_attr *attr;
    SK_TRY(sk_want(c, "seed", kind, &attr));
    *state = 0;
    if (attr && kind == SK_ATTR_INT) {
        *state = (uint64_t)attr->i;
    } else if (attr) {
        uint32_t bits;
        memcpy(&bits, &attr->f, sizeof bits);
        *state = bits;
    } else {
        for (const char *name = c->node->name; *name; name++) *state = scramble(*state + (uint8_t)*name);
    }
    *state = scramble(*state) | 1; /* never 0 */
    return SK_OK;
}

static sk_status random_import(sk_import *c) {
    const int kind = c->node->op->param & 15, like = c->node->op->param & SK_RANDOM_LIKE;
    random_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_random_seed(c, SK_ATTR_FLOAT, &params->seed));
    SK_TRY(sk_want_int(c, "dtype",
                       like                            ? 0
                       : kind == SK_RANDOM_MULTINOMIAL ? SK_INT32
                                                       : SK_FLOAT32,
                       &params->type));
    SK_TRY(sk_want_float(c, kind == SK_RANDOM_NORMAL ? "mean" : "low", 0, &params->a));
    SK_TRY(sk_want_float(c, kind == SK_RANDOM_NORMAL ? "scale" : "high", 1, &params->b));
    SK_TRY(sk_want_int(c, "sample_size", 1, &params->samples));
    const uint32_t types = kind == SK_RANDOM_MULTINOMIAL ? SK_T(INT32) | SK_T(INT64)
                           : kind == SK_RANDOM_BERNOULLI ? SK_T_ARITH | SK_T(BOOL)
                                                         : SK_T_FLOATS;
    if (params->type && (params->type < 0 || params->type > 31 || !sk_type_in((int)params->type, types)))
        return sk_bad_attr(c, SK_UNSUPPORTED, "dtype %lld", (long long)params->type);
    if (params->samples < 0) return sk_bad_attr(c, SK_MALFORMED, "sample_size is negative");
    if (like || kind >= SK_RANDOM_BERNOULLI) return SK_OK;
    SK_TRY(sk_want_list(c, "shape", params->dims, &params->rank));
    if (params->rank < 0) return sk_bad_attr(c, SK_MALFORMED, "attribute 'shape' is missing");
    for (int i = 0; i < params->rank; i++)
        if (params->dims[i] < 0) return sk_bad_attr(c, SK_MALFORMED, "'shape' has a negative entry");
    return SK_OK;
}

static sk_status random_infer(sk_infer *c) {
    const random_params *params = c->node->params;
    const int kind = c->node->op->param & 15, like = c->node->op->param & SK_RANDOM_LIKE;
    if (!like && kind < SK_RANDOM_BERNOULLI)
        return sk_set_out(c, 0, (int)params->type, params->rank, params->dims);
    const sk_tensor *in = c->in[0];
    const int type = params->type ? (int)params->type : in->type;
    sk_set_out_type(c, 0, type);
    if (type && kind < SK_RANDOM_BERNOULLI && !sk_type_in(type, SK_T_FLOATS))
        return sk_infer_fail(c, SK_UNSUPPORTED, "output of %s", sk_type_name(type));
    if (in->rank < 0) return SK_OK;
    int64_t dims[SK_MAX_RANK];
    sk_dims(in, dims);
    if (kind == SK_RANDOM_MULTINOMIAL) {
        if (in->rank != 2) return sk_bad_shape(c, "the input has rank %d, not 2", in->rank);
        if (in->dims[1] == 0 && params->samples) return sk_bad_shape(c, "there are no classes to draw from");
        dims[1] = params->samples;
    }
    return sk_set_out(c, 0, type, in->rank, dims);
}

static sk_status random_prepare(sk_prepare *p) {
    const random_params *params = p->node->params;
    uint64_t *state = sk_prepare_alloc(p, sizeof *state);
    if (!state) return sk_oom(p->err, sizeof *state);
    *state = params->seed;
    p->state = state;
    return SK_OK;
}

double sk_random_uniform(uint64_t *state) {
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return (double)((x * 0x2545f4914f6cdd1du) >> 11) * 0x1p-53;
}

static double normal(uint64_t *state) {
    const double radius = sqrt(-2 * sk_log(1 - sk_random_uniform(state)));
    return radius * sk_cos(6.283185307179586 * sk_random_uniform(state));
}

/* One class of n, by log-probabilities that need not be normalised. */
static size_t draw(uint64_t *state, const sk_tensor *logits, size_t first, size_t n) {
    double most = -INFINITY, total = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, sk_number_at(logits, first + i));
    for (size_t i = 0; i < n; i++) total += sk_exp(sk_number_at(logits, first + i) - most);
    double left = sk_random_uniform(state) * total;
    for (size_t i = 0; i + 1 < n; i++) {
        left -= sk_exp(sk_number_at(logits, first + i) - most);
        if (left < 0) return i;
    }
    return n - 1;
}

static sk_status random_run(sk_run *r) {
    const random_params *params = r->node->params;
    const sk_tensor *out = r->out[0];
    const int kind = r->node->op->param & 15;
    const size_t n = sk_numel(out), classes = kind == SK_RANDOM_MULTINOMIAL ? (size_t)r->in[0]->dims[1] : 0;
    for (size_t i = 0; i < n; i++) {
        double x;
        switch (kind) {
        case SK_RANDOM_NORMAL: x = params->a + (double)params->b * normal(r->state); break;
        case SK_RANDOM_UNIFORM:
            x = params->a + ((double)params->b - params->a) * sk_random_uniform(r->state);
            break;
        case SK_RANDOM_BERNOULLI: x = sk_random_uniform(r->state) < sk_number_at(r->in[0], i); break;
        default: x = (double)draw(r->state, r->in[0], i / (size_t)params->samples * classes, classes); break;
        }
        sk_put_number(out, i, x);
    }
    return SK_OK;
}

const sk_impl sk_impl_random = {
    .import = random_import, .infer = random_infer, .prepare = random_prepare, .run = random_run};
