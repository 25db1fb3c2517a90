/* MatMul: numpy's matmul over batches with broadcasting. float32 is a product on packed weights (a constant
 * second operand is packed once, another at each run, or not at all for few rows); float64 and the wide
 * integers are done one element at a time. */
#include "ops/batches.h"
#include "ops/product.h"
#include "kernels/select.h"

typedef struct matmul_state {
    sk_batches s;
    const float *packed; /* all of b, or NULL */
    uint8_t direct;
    size_t panel_floats; /* of one packed matrix */
    sk_f32_gemm_fn *gemm;
} matmul_state;

/* A matrix product with few rows reads b once; packing it first reads and writes it once more. */
#define DIRECT_ROWS 4

static sk_status matmul_infer(sk_infer *c) {
    char a_text[SK_NODE_TEXT];
    const sk_tensor *a = c->in[0], *b = c->in[1];
    sk_tensor *y = c->out[0];
    y->type = a->type ? a->type : b->type;
    if (a->type && b->type && a->type != b->type)
        return sk_fail(c->err, SK_TYPE, "%s: %s times %s", sk_node_text(c->node, a_text),
                       sk_type_name(a->type), sk_type_name(b->type));
    return sk_batches_infer(c, a, b, y);
}

static double matmul_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node;
    return (double)sk_numel(out[0]) * (double)in[0]->dims[in[0]->rank - 1];
}

static sk_status matmul_run(sk_run *r);
static sk_status matmul_run_scalar(sk_run *r);
static sk_status matmul_run_reference(sk_run *r);

static sk_status run_nothing(sk_run *r) {
    (void)r;
    return SK_OK;
}

static sk_status matmul_prepare(sk_prepare *p) {
    matmul_state *m = sk_prepare_alloc(p, sizeof *m);
    if (!m) return sk_oom(p->err, sizeof *m);
    sk_batches *s = &m->s;
    p->state = m;
    p->run = sk_numel(p->out[0]) ? matmul_run : run_nothing;
    if (p->run == run_nothing) return SK_OK; /* and then the number of batches may be anything */
    sk_batches_make(p->in[0], p->in[1], s);
    if (sk_reference(p) || p->in[0]->type != SK_FLOAT32) {
        p->run = matmul_run_scalar;
        if (sk_reference(p) && p->in[0]->type == SK_FLOAT32) p->run = matmul_run_reference;
        sk_prepare_want(p, 1);
        return SK_OK;
    }
    m->gemm = sk_select_f32_gemm(p->tile);
    const int packable = sk_packable(p, 1);
    const sk_product_form form = {.batches = packable ? (int32_t)s->b_batches : 1,
                                  .k = (int32_t)s->k,
                                  .n = (int32_t)s->n,
                                  .alpha = 1,
                                  .bias = -1};
    m->panel_floats = sk_product_floats(&form);
    if (!m->panel_floats) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    if (packable) return sk_product_constant(p, &form, 1, &m->packed);
    sk_prepare_want(p, 1);
    m->direct = s->m <= DIRECT_ROWS;
    if (!m->direct) p->scratch = m->panel_floats * sizeof(float);
    return SK_OK;
}

static sk_status matmul_run(sk_run *r) {
    const matmul_state *m = r->state;
    const sk_batches *s = &m->s;
    const float lo = r->node->lo, hi = r->node->hi;
    size_t ready = (size_t)-1; /* the matrix of b that lies packed in scratch */
    for (size_t i = 0; i < s->batches; i++) {
        size_t at, bt;
        sk_batch_at(s, i, &at, &bt);
        const float *a = (const float *)r->in[0]->data + at * s->m * s->k;
        float *y = (float *)r->out[0]->data + i * s->m * s->n;
        if (m->direct) {
            const float *b = (const float *)r->in[1]->data + bt * s->k * s->n;
            f32_gemm_direct_1x16__simd128(s->m, s->n, s->k, a, s->k, b, s->n, y, s->n, lo, hi);
            continue;
        }
        const float *packed = r->scratch;
        if (m->packed) {
            packed = m->packed + bt * m->panel_floats;
        } else {
            sk_weights weights = {.data = r->in[1]->data};
            const sk_product_form form = {
                .batches = 1, .k = (int32_t)s->k, .n = (int32_t)s->n, .alpha = 1, .bias = -1};
            if (bt != ready) SK_TRY(sk_product_pack(&form, bt, &weights, NULL, r->scratch));
            ready = bt;
        }
        m->gemm(s->m, s->n, s->k, a, s->k, packed, y, s->n, lo, hi);
    }
    return SK_OK;
}

/* Wide integers wrap around, so signed ones are multiplied as unsigned. */
#define SCALAR(T)                                                                                            \
    do {                                                                                                     \
        const T *a = (const T *)r->in[0]->data + at * s->m * s->k,                                           \
                *b = (const T *)r->in[1]->data + bt * s->k * s->n;                                           \
        T *y = (T *)r->out[0]->data + i * s->m * s->n;                                                       \
        for (size_t row = 0; row < s->m; row++)                                                              \
            for (size_t col = 0; col < s->n; col++) {                                                        \
                T sum = 0;                                                                                   \
                for (size_t j = 0; j < s->k; j++) sum += a[row * s->k + j] * b[j * s->n + col];              \
                y[row * s->n + col] = sum;                                                                   \
            }                                                                                                \
    } while (0)

static sk_status matmul_run_scalar(sk_run *r) {
    const sk_batches *s = &((const matmul_state *)r->state)->s;
    for (size_t i = 0; i < s->batches; i++) {
        size_t at, bt;
        sk_batch_at(s, i, &at, &bt);
        switch (r->in[0]->type) {
        case SK_FLOAT64: SCALAR(double); break;
        case SK_INT32:
        case SK_UINT32: SCALAR(uint32_t); break;
        default: SCALAR(uint64_t); break;
        }
    }
    return SK_OK;
}

static sk_status matmul_run_reference(sk_run *r) {
    const sk_batches *s = &((const matmul_state *)r->state)->s;
    for (size_t i = 0; i < s->batches; i++) {
        size_t at, bt;
        sk_batch_at(s, i, &at, &bt);
        const sk_matmul_args args = {.m = s->m,
                                     .n = s->n,
                                     .k = s->k,
                                     .a = (const float *)r->in[0]->data + at * s->m * s->k,
                                     .b = (const float *)r->in[1]->data + bt * s->k * s->n,
                                     .a_row = s->k,
                                     .a_col = 1,
                                     .b_row = s->n,
                                     .b_col = 1,
                                     .c = (float *)r->out[0]->data + i * s->m * s->n,
                                     .c_row = s->n,
                                     .lo = r->node->lo,
                                     .hi = r->node->hi};
        f32_matmul__ref(&args);
    }
    return SK_OK;
}

const sk_impl sk_impl_matmul = {
    .infer = matmul_infer, .prepare = matmul_prepare, .run = matmul_run, SK_TRAITS(SK_MACS(matmul_macs))};
