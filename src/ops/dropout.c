/* Dropout at inference: the input, and a mask that keeps everything. */
#include <string.h>

#include "ops/elementwise.h"

static sk_status infer(sk_infer *c) {
    SK_TRY(sk_want_types(c, 1, SK_T_FLOATS));
    SK_TRY(sk_want_types(c, 2, SK_T(BOOL)));
    SK_TRY(sk_infer_same(c));
    if (c->n_out < 2 || !c->out[1]) return SK_OK;
    sk_copy_type(c->out[1], c->in[0]);
    if (c->node->op->since >= 10) c->out[1]->type = SK_BOOL; /* before, the input's type */
    return SK_OK;
}

/* Training mode (an input from opset 12 on) drops nothing where the ratio is zero; otherwise it is random. */
static sk_status check_training(const sk_run *r) {
    const sk_tensor *ratio = r->n_in > 1 ? r->in[1] : NULL, *training = r->n_in > 2 ? r->in[2] : NULL;
    if (!training || !sk_numel(training) || !*(const uint8_t *)training->data) return SK_OK;
    if (ratio && sk_numel(ratio) == 1) {
        double value;
        sk_convert(ratio->type, SK_FLOAT64, ratio->data, &value, 0, 1);
        if (value == 0) return SK_OK;
    }
    return sk_run_fail(r, SK_UNSUPPORTED, "training mode");
}

static sk_status run(sk_run *r) {
    const sk_tensor *mask = r->n_out > 1 ? r->out[1] : NULL;
    SK_TRY(check_training(r));
    SK_TRY(sk_run_same(r));
    if (!mask) return SK_OK;
    const size_t n = sk_numel(mask), size = (size_t)sk_type_bits(mask->type) / 8;
    if (mask->type == SK_BOOL) {
        memset(mask->data, 1, n);
        return SK_OK;
    }
    const uint8_t kept = 1;
    for (size_t i = 0; i < n; i++)
        sk_convert(SK_BOOL, mask->type, &kept, (uint8_t *)mask->data + i * size, 0, 1);
    return SK_OK;
}

const sk_impl sk_impl_dropout = {.infer = infer, .run = run};
