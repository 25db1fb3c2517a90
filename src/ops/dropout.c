/* Dropout: at inference the input, and a mask that keeps everything; in training some numbers become 0 and
 * the others grow by as much. What is drawn cannot be that of other implementations. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/random.h"

typedef struct dropout_params {
    float ratio;      /* the attribute, or the default of the input */
    uint8_t training; /* up to opset 6 an attribute says so */
    uint64_t seed;
} dropout_params;

static sk_status import(sk_import *c) {
    dropout_params *params = sk_params(c, sizeof *params);
    int64_t is_test;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "is_test", 0, &is_test));
    params->training = c->node->op->since < 7 && !is_test;
    SK_TRY(sk_want_float(c, "ratio", 0.5f, &params->ratio));
    if (params->training && !(params->ratio >= 0 && params->ratio < 1))
        return sk_bad_attr(c, SK_MALFORMED, "'ratio' is outside of [0, 1)");
    return sk_random_seed(c, SK_ATTR_INT, &params->seed);
}

static sk_status infer(sk_infer *c) {
    SK_TRY(sk_want_types(c, 1, SK_T_FLOATS));
    SK_TRY(sk_want_types(c, 2, SK_T(BOOL)));
    SK_TRY(sk_infer_same(c));
    if (c->n_out < 2 || !c->out[1]) return SK_OK;
    sk_copy_type(c->out[1], c->in[0]);
    if (c->node->op->since >= 10) c->out[1]->type = SK_BOOL; /* before, the input's type */
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    const dropout_params *params = p->node->params;
    uint64_t *state = sk_prepare_state(p, sizeof *state);
    if (!state) return SK_OUT_OF_MEMORY;
    *state = params->seed;
    return SK_OK;
}

/* How many are dropped: 0 at inference. */
static sk_status ratio_of(const sk_run *r, double *ratio) {
    const dropout_params *params = r->node->params;
    const sk_tensor *given = r->n_in > 1 ? r->in[1] : NULL, *training = r->n_in > 2 ? r->in[2] : NULL;
    *ratio = 0;
    if (!params->training && (!training || !sk_numel(training) || !*(const uint8_t *)training->data))
        return SK_OK;
    *ratio = given && sk_numel(given) ? sk_number_at(given, 0) : params->ratio;
    if (*ratio >= 0 && *ratio < 1) return SK_OK;
    return sk_run_fail(r, SK_VALUE, "the ratio is outside of [0, 1)");
}

static sk_status run(sk_run *r) {
    const sk_tensor *mask = r->n_out > 1 ? r->out[1] : NULL;
    double ratio;
    SK_TRY(ratio_of(r, &ratio));
    SK_TRY(sk_run_same(r));
    if (ratio == 0 && !mask) return SK_OK;
    const double scale = 1 / (1 - ratio);
    for (size_t i = 0, n = sk_numel(r->out[0]); i < n; i++) {
        const int kept = ratio == 0 || sk_random_uniform(r->state) >= ratio;
        if (ratio != 0) sk_put_number(r->out[0], i, kept ? scale * sk_number_at(r->out[0], i) : 0);
        if (mask) sk_put_number(mask, i, kept);
    }
    return SK_OK;
}

const sk_impl sk_impl_dropout = {.import = import, .infer = infer, .prepare = prepare, .run = run};
