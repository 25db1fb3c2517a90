/* Gemm: clamp(alpha * A' * B' + beta * C), where A' and B' may be transposed. A constant B is packed once,
 * with a constant C that is the same for all rows in front as bias; any other C is added afterwards. */
#include "ops/product.h"
#include "kernels/select.h"
#include "ops/window.h"

#include <math.h>

typedef struct gemm_params {
    float alpha, beta;
    uint8_t trans_a, trans_b;
} gemm_params;

typedef struct gemm_state {
    size_t m, n, k;
    const float *packed; /* NULL: pack at run */
    sk_product_form form;
    uint8_t add_c;            /* C is added afterwards */
    size_t c_row, c_col;      /* strides of C, 0 where it is broadcast */
    size_t turned_a, pack_at; /* offsets in scratch */
    sk_f32_gemm_fn *gemm;
} gemm_state;

static sk_status gemm_import(sk_import *c) {
    const sk_attr *attr;
    gemm_params *params = sk_params(c, sizeof *params);
    if (!params) return sk_oom(c->err, sizeof *params);
    SK_TRY(sk_want(c, "alpha", SK_ATTR_FLOAT, &attr));
    params->alpha = attr ? attr->f : 1;
    SK_TRY(sk_want(c, "beta", SK_ATTR_FLOAT, &attr));
    params->beta = attr ? attr->f : 1;
    SK_TRY(sk_want(c, "transA", SK_ATTR_INT, &attr));
    params->trans_a = attr && attr->i != 0;
    SK_TRY(sk_want(c, "transB", SK_ATTR_INT, &attr));
    params->trans_b = attr && attr->i != 0;
    return SK_OK;
}

static sk_status gemm_infer(sk_infer *c) {
    const gemm_params *params = c->node->params;
    const sk_tensor *a = c->in[0], *b = c->in[1], *bias = c->n_in > 2 ? c->in[2] : NULL;
    sk_tensor *y = c->out[0];
    y->type = SK_FLOAT32;
    if ((b->type && b->type != SK_FLOAT32) || (bias && bias->type && bias->type != SK_FLOAT32))
        return sk_node_fail(c->node, c->err, SK_TYPE, "operands of different types");
    y->rank = 2;
    y->dims[0] = y->dims[1] = -1;
    if ((a->rank >= 0 && a->rank != 2) || (b->rank >= 0 && b->rank != 2))
        return sk_bad_shape(c, "%pT times %pT: not matrices", a, b);
    int32_t ka = -1, kb = -1;
    if (a->rank == 2) {
        y->dims[0] = a->dims[params->trans_a];
        ka = a->dims[!params->trans_a];
    }
    if (b->rank == 2) {
        y->dims[1] = b->dims[!params->trans_b];
        kb = b->dims[params->trans_b];
    }
    if (ka >= 0 && kb >= 0 && ka != kb)
        return sk_bad_shape(c, "%pT times %pT (transA %d, transB %d)", a, b, params->trans_a,
                            params->trans_b);
    if (!bias || bias->rank < 0) return SK_OK;
    int fits = bias->rank <= 2;
    for (int i = 0; fits && i < bias->rank; i++) {
        const int32_t d = bias->dims[i], want = y->dims[2 - bias->rank + i];
        fits = d < 0 || d == 1 || want < 0 || d == want;
    }
    return fits ? SK_OK : sk_bad_shape(c, "C %pT for a result of %pT", bias, y);
}

static double gemm_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    const gemm_params *params = node->params;
    return (double)sk_numel(out[0]) * (double)in[0]->dims[!params->trans_a];
}

/* Strides of C over the result. */
static void c_strides(const sk_tensor *bias, gemm_state *s) {
    const int32_t cols = bias->rank > 0 ? bias->dims[bias->rank - 1] : 1;
    const int32_t rows = bias->rank > 1 ? bias->dims[0] : 1;
    s->c_col = cols == 1 ? 0 : 1;
    s->c_row = rows == 1 ? 0 : (size_t)cols;
}

static sk_status gemm_run(sk_run *r);
static sk_status gemm_run_scalar(sk_run *r);

static sk_status gemm_prepare(sk_prepare *p) {
    const gemm_params *params = p->node->params;
    const sk_tensor *bias = p->n_in > 2 ? p->in[2] : NULL;
    gemm_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    p->run = sk_reference(p) ? gemm_run_scalar : gemm_run;
    s->m = (size_t)p->out[0]->dims[0];
    s->n = (size_t)p->out[0]->dims[1];
    s->k = (size_t)p->in[0]->dims[!params->trans_a];
    s->gemm = sk_select_f32_gemm(p->tile);
    if (bias) c_strides(bias, s);
    const int packable = !sk_reference(p) && sk_packable(p, 1);
    const int fold = packable && bias && sk_packable(p, 2) && s->c_row == 0;
    s->add_c = bias && !fold;
    s->form = (sk_product_form){.batches = 1,
                                .k = (int32_t)s->k,
                                .n = (int32_t)s->n,
                                .transposed = params->trans_b,
                                .alpha = params->alpha,
                                .beta = params->beta,
                                .bias = fold ? p->constants[2]->id : -1,
                                .bias_size = s->c_col ? (int32_t)s->n : 1};
    if (s->add_c) sk_prepare_want(p, 2);
    if (!packable) sk_prepare_want(p, 1);
    const size_t floats = sk_product_floats(&s->form);
    if (s->n && !floats) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    if (sk_reference(p)) return SK_OK;
    if (params->trans_a && !sk_scratch_take(p, sk_nbytes(p->in[0]), &s->turned_a))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    if (packable) return sk_product_constant(p, &s->form, 1, &s->packed);
    return sk_scratch_take(p, floats * sizeof(float), &s->pack_at) ? SK_OK
                                                                   : sk_oom(p->err, SK_MAX_TENSOR_BYTES);
}

/* y = clamp(y + beta * C) */
static void add_c(const sk_run *r, const gemm_state *s) {
    const float beta = ((const gemm_params *)r->node->params)->beta;
    float *y = r->out[0]->data;
    for (size_t i = 0; i < s->m; i++) {
        const float *c = (const float *)r->in[2]->data + i * s->c_row;
        for (size_t j = 0; j < s->n; j++, y++)
            *y = sk_clamp1(*y + beta * c[j * s->c_col], r->node->lo, r->node->hi);
    }
}

static sk_status gemm_run(sk_run *r) {
    const gemm_state *s = r->state;
    const gemm_params *params = r->node->params;
    const float *a = r->in[0]->data, *packed = s->packed;
    char *scratch = r->scratch;
    if (s->m == 0 || s->n == 0) return SK_OK;
    if (params->trans_a) {
        sk_to_channels_last(sizeof *a, 1, s->k, s->m, a, scratch + s->turned_a);
        a = (const float *)(scratch + s->turned_a);
    }
    if (!packed) {
        float *to = (float *)(scratch + s->pack_at);
        const sk_operand operand = {
            s->k,         s->n, r->in[1]->data, params->trans_b ? 1 : s->n, params->trans_b ? s->k : 1,
            params->alpha};
        sk_operand_pack_split(r->pool, &operand, to);
        packed = to;
    }
    const float lo = s->add_c ? -INFINITY : r->node->lo, hi = s->add_c ? INFINITY : r->node->hi;
    const sk_product product = {s->gemm, s->m, s->n, s->k, a, packed, r->out[0]->data, s->k, s->n, lo, hi};
    sk_product_run(r->pool, &product);
    if (s->add_c) add_c(r, s);
    return SK_OK;
}

static sk_status gemm_run_scalar(sk_run *r) {
    const gemm_state *s = r->state;
    const gemm_params *params = r->node->params;
    sk_matmul_args args = {.m = s->m,
                           .n = s->n,
                           .k = s->k,
                           .a = r->in[0]->data,
                           .b = r->in[1]->data,
                           .a_row = params->trans_a ? 1 : s->k,
                           .a_col = params->trans_a ? s->m : 1,
                           .b_row = params->trans_b ? 1 : s->n,
                           .b_col = params->trans_b ? s->k : 1,
                           .c = r->out[0]->data,
                           .c_row = s->n,
                           .lo = -INFINITY,
                           .hi = INFINITY};
    f32_matmul__ref(&args);
    float *y = r->out[0]->data;
    for (size_t i = 0; i < s->m * s->n; i++) y[i] *= params->alpha;
    if (s->add_c) {
        add_c(r, s);
        return SK_OK;
    }
    for (size_t i = 0; i < s->m * s->n; i++) y[i] = sk_clamp1(y[i], r->node->lo, r->node->hi);
    return SK_OK;
}

/* alpha * A B + beta * C: a factor behind it goes into B whatever alpha is, but into C only as it stands. */
static int gemm_as_linear(const sk_node *node, sk_linear *linear) {
    *linear = (sk_linear){
        .weight = 1, .weight_axis = sk_attr_int(node, "transB", 0) ? 0 : 1, .bias = 2, .out_axis = 1};
    return sk_attr_float(node, "beta", 1) == 1;
}

const sk_impl sk_impl_gemm = {.import = gemm_import,
                              .infer = gemm_infer,
                              .prepare = gemm_prepare,
                              .run = gemm_run,
                              SK_TRAITS(.as_linear = gemm_as_linear, SK_MACS(gemm_macs))};
