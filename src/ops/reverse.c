/* ReverseSequence: for each sequence of the batch the first part backwards, the rest as it is. */
#include "ops/move.h"

typedef struct reverse_params {
    int64_t time, batch; /* axes 0 and 1, either way round */
} reverse_params;

static sk_status reverse_import(sk_import *c) {
    reverse_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "time_axis", 0, &params->time));
    SK_TRY(sk_want_int(c, "batch_axis", 1, &params->batch));
    if (params->time < 0 || params->batch < 0 || params->time + params->batch != 1)
        return sk_bad_attr(c, SK_MALFORMED, "time_axis and batch_axis are not 0 and 1");
    return SK_OK;
}

static sk_status reverse_infer(sk_infer *c) {
    const reverse_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *lengths = c->in[1];
    SK_TRY(sk_want_ints(c, 1, "sequence_lens"));
    if (in->rank >= 0 && in->rank < 2) return sk_bad_shape(c, "the input is %pT", in);
    if (lengths->rank >= 0 &&
        (lengths->rank != 1 || (in->rank >= 0 && lengths->dims[0] >= 0 && in->dims[params->batch] >= 0 &&
                                lengths->dims[0] != in->dims[params->batch])))
        return sk_bad_shape(c, "sequence_lens is %pT", lengths);
    return sk_infer_same(c);
}

/* Steps [first, first + n) of a sequence to the same place, walking the source by `step` from `from` on. */
static void copy_steps(sk_run *r, int32_t n, const char *src, ptrdiff_t step, char *dst,
                       const ptrdiff_t *strides) {
    const reverse_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    sk_copy copy;
    sk_copy_start(&copy, sk_elem(in->type));
    sk_copy_axis(&copy, n, step, strides[params->time]);
    for (int i = 2; i < in->rank; i++) sk_copy_axis(&copy, in->dims[i], strides[i], strides[i]);
    sk_move(r, &copy, dst, src);
}

static sk_status reverse_run(sk_run *r) {
    const reverse_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    ptrdiff_t strides[SK_MAX_RANK];
    sk_byte_strides(in, strides);
    const ptrdiff_t time = strides[params->time], batch = strides[params->batch];
    const int32_t steps = in->dims[params->time];
    const char *src = in->data;
    char *dst = r->out[0]->data;
    if (!sk_numel(in)) return SK_OK;
    for (int32_t b = 0; b < in->dims[params->batch]; b++, src += batch, dst += batch) {
        const int64_t length = sk_int_at(r->in[1], (size_t)b);
        if (length < 0 || length > steps)
            return sk_run_fail(r, SK_VALUE, "sequence %d has length %lld of %d steps", (int)b,
                               (long long)length, (int)steps);
        const int32_t n = (int32_t)length;
        if (n) copy_steps(r, n, src + (n - 1) * time, -time, dst, strides);
        if (n < steps) copy_steps(r, steps - n, src + n * time, time, dst + n * time, strides);
    }
    return SK_OK;
}

const sk_impl sk_impl_reverse_sequence = {
    .import = reverse_import, .infer = reverse_infer, .prepare = sk_move_prepare, .run = reverse_run};
