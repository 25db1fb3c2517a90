/* NonZero and Compress: how much comes out is known only when the data is. */
#include <string.h>

#include "ops/elementwise.h"

/* ---- NonZero ---- */

static int is_nonzero(const sk_tensor *t, size_t i) {
    uint64_t bits = 0;
    const size_t size = sk_elem(t->type);
    memcpy(&bits, (const char *)t->data + i * size, size); /* little-endian */
    if (sk_type_in(t->type, SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16) | SK_T(BFLOAT16)))
        bits &= ((uint64_t)1 << (8 * size - 1)) - 1; /* -0 is zero */
    return bits != 0;
}

static sk_status nonzero_infer(sk_infer *c) {
    const int rank = c->in[0]->rank;
    const int64_t dims[2] = {rank < 0 ? -1 : rank ? rank : 1, -1};
    return sk_set_out(c, 0, SK_INT64, 2, dims);
}

static sk_status nonzero_run(sk_run *r) {
    const sk_tensor *in = r->in[0];
    const size_t n = sk_numel(in);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < n; i++) count += (size_t)is_nonzero(in, i);
    const int32_t dims[2] = {in->rank ? in->rank : 1, (int32_t)count};
    SK_TRY(sk_run_output(r, 0, 2, dims));
    int64_t *dst = r->out[0]->data;
    for (size_t i = 0; i < n && count; i++) {
        if (!is_nonzero(in, i)) continue;
        size_t left = i;
        for (int d = in->rank - 1; d >= 0; d--) {
            dst[(size_t)d * count + at] = (int64_t)(left % (size_t)in->dims[d]);
            left /= (size_t)in->dims[d];
        }
        if (!in->rank) dst[at] = 0;
        at++;
    }
    return SK_OK;
}

const sk_impl sk_impl_nonzero = {.infer = nonzero_infer, .run = nonzero_run};

/* ---- Compress ---- */

typedef struct compress_params {
    int64_t axis;
    uint8_t flat; /* no axis given */
} compress_params;

static sk_status compress_import(sk_import *c) {
    compress_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    params->flat = !sk_node_attr(c->node, "axis");
    return sk_want_int(c, "axis", 0, &params->axis);
}

static sk_status compress_infer(sk_infer *c) {
    const compress_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t n = -1;
    SK_TRY(sk_want_types(c, 1, SK_T(BOOL)));
    SK_TRY(sk_fit(c, 1, 1, &n));
    n = -1;
    return params->flat ? sk_set_out(c, 0, in->type, 1, &n) : sk_set_along(c, 0, in->type, params->axis, -1);
}

static sk_status compress_run(sk_run *r) {
    const compress_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *condition = r->in[1];
    const uint8_t *keep = condition->data;
    const sk_around a = sk_around_axis(in, params->flat ? SK_NO_AXIS : params->axis);
    const size_t run = a.inner * sk_elem(in->type);
    size_t length = sk_numel(condition), count = 0;
    if (length > a.n) length = a.n;
    for (size_t i = 0; i < length; i++) count += keep[i] != 0;
    SK_TRY(sk_run_along(r, 0, params->flat ? SK_NO_AXIS : params->axis, count));
    char *dst = r->out[0]->data;
    for (size_t o = 0; o < a.outer && run; o++)
        for (size_t i = 0; i < length; i++) {
            if (!keep[i]) continue;
            memcpy(dst, (const char *)in->data + (o * a.n + i) * run, run);
            dst += run;
        }
    return SK_OK;
}

const sk_impl sk_impl_compress = {.import = compress_import, .infer = compress_infer, .run = compress_run};
