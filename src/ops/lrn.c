/* LRN: y = x / (bias + alpha / size * sum of x^2 over `size` neighbouring channels)^beta. */
#include <string.h>

#include "ops/fold.h"
#include "ops/norm.h"

#define STRIP 64

typedef struct lrn_params {
    int64_t size;
    float alpha, beta, bias;
} lrn_params;

typedef struct lrn_kernels {
    const sk_norm_kernels *norm;
    sk_unary_fn *square, *log, *exp;
    sk_binary_fn *arithmetic;
} lrn_kernels;

static sk_status import(sk_import *c) {
    lrn_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "size", 0, &params->size));
    SK_TRY(sk_want_float(c, "alpha", 0.0001f, &params->alpha));
    SK_TRY(sk_want_float(c, "beta", 0.75f, &params->beta));
    SK_TRY(sk_want_float(c, "bias", 1, &params->bias));
    if (params->size < 1 || params->size > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "size is %lld", (long long)params->size);
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    if (c->in[0]->rank == 0 || c->in[0]->rank == 1)
        return sk_bad_shape(c, "rank %d has no channels", c->in[0]->rank);
    return sk_infer_same(c);
}

static sk_status prepare(sk_prepare *p) {
    lrn_kernels *k = sk_prepare_state(p, sizeof *k);
    if (!k) return SK_OUT_OF_MEMORY;
    k->norm = sk_select_norm(sk_reference(p));
    k->square = sk_select_unary(SK_UNARY_SQUARE, SK_FLOAT32, sk_reference(p));
    k->log = sk_select_unary(SK_UNARY_LOG, SK_FLOAT32, sk_reference(p));
    k->exp = sk_select_unary(SK_UNARY_EXP, SK_FLOAT32, sk_reference(p));
    k->arithmetic = sk_select_binary(SK_BINARY_ADD, SK_FLOAT32, sk_reference(p));
    p->scratch = 2 * sk_pad16(sk_channels_of(p->in[0]).channels * sizeof(float));
    return SK_OK;
}

/* y = x * (bias + alpha / size * sums)^-beta; sums are overwritten */
static void apply(const lrn_kernels *k, const lrn_params *params, const float *x, float *sums, float *y,
                  size_t n) {
    const float factor = params->alpha / (float)params->size, power = -params->beta;
    const sk_unary_args log = {.kind = SK_UNARY_LOG}, exp = {.kind = SK_UNARY_EXP};
    k->norm->affine(sums, sums, 1, n, n, &factor, &params->bias, 0);
    k->log(sums, sums, n, &log);
    k->arithmetic(SK_BINARY_MUL, sums, 1, &power, 0, sums, n);
    k->exp(sums, sums, n, &exp);
    k->arithmetic(SK_BINARY_MUL, x, 1, sums, 1, y, n);
}

/* The channels that channel c looks at: [*from, *to) */
static void neighbours(const lrn_params *params, size_t channels, size_t c, size_t *from, size_t *to) {
    const size_t size = (size_t)params->size, before = (size - 1) / 2, after = size - 1 - before;
    *from = c < before ? 0 : c - before;
    *to = channels - c <= after ? channels : c + after + 1;
}

static void image_plain(const lrn_kernels *k, const lrn_params *params, const sk_channels *s, const float *x,
                        float *y) {
    float sums[STRIP];
    for (size_t c = 0; c < s->channels; c++) {
        size_t from, to;
        neighbours(params, s->channels, c, &from, &to);
        for (size_t j = 0; j < s->inner; j += STRIP) {
            const size_t n = s->inner - j < STRIP ? s->inner - j : STRIP;
            memset(sums, 0, sizeof sums);
            k->norm->fold(SK_FOLD_SUM_SQUARE, x + from * s->inner + j, to - from, n, s->inner, sums);
            apply(k, params, x + c * s->inner + j, sums, y + c * s->inner + j, n);
        }
    }
}

/* One pixel's channels: the squares, then shifted copies of them added up. */
static void pixel(const lrn_kernels *k, const lrn_params *params, size_t channels, const float *x, float *y,
                  float *scratch) {
    float *squares = scratch, *sums = scratch + sk_pad16(channels * sizeof *sums) / sizeof *sums;
    const sk_unary_args square = {.kind = SK_UNARY_SQUARE};
    const size_t size = (size_t)params->size, before = (size - 1) / 2, after = size - 1 - before;
    k->square(x, squares, channels, &square);
    memcpy(sums, squares, channels * sizeof *sums);
    for (size_t d = 1; d < channels && (d <= before || d <= after); d++) {
        if (d <= before) k->arithmetic(SK_BINARY_ADD, sums + d, 1, squares, 1, sums + d, channels - d);
        if (d <= after) k->arithmetic(SK_BINARY_ADD, sums, 1, squares + d, 1, sums, channels - d);
    }
    apply(k, params, x, sums, y, channels);
}

static sk_status run(sk_run *r) {
    const lrn_kernels *k = r->state;
    const lrn_params *params = r->node->params;
    const sk_channels s = sk_channels_of(r->in[0]);
    const size_t image = s.channels * s.inner;
    if (!sk_numel(r->in[0])) return SK_OK;
    for (size_t n = 0; n < s.batch; n++) {
        const float *x = (const float *)r->in[0]->data + n * image;
        float *y = (float *)r->out[0]->data + n * image;
        if (!s.last) image_plain(k, params, &s, x, y);
        for (size_t i = 0; s.last && i < s.inner; i++)
            pixel(k, params, s.channels, x + i * s.channels, y + i * s.channels, r->scratch);
    }
    return SK_OK;
}

const sk_impl sk_impl_lrn = {.import = import, .infer = infer, .prepare = prepare, .run = run};
