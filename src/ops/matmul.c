/* MatMul: numpy's matmul over batches with broadcasting, plus a bias that fusion may have put behind it, and
 * operands seen through transposes (sk_matmul_params). float32 is a product on packed weights (a constant
 * second operand is packed once, another at each run, or not at all for few rows); float64 and the wide
 * integers are done one element at a time. */
#include "ops/batches.h"
#include "ops/product.h"
#include "kernels/select.h"

#include <assert.h>

typedef struct matmul_state {
    sk_batches s;
    const float *packed; /* all of b, or NULL */
    size_t panel_floats; /* of one packed matrix */
    size_t scratch_step; /* from one thread's packed matrix to the next one's, in floats */
    float alpha;
    uint8_t add_bias; /* reference only: otherwise it is packed */
    sk_f32_gemm_fn *gemm;
} matmul_state;

/* A matrix product with few rows reads b once; packing it first reads and writes it once more. */
#define DIRECT_ROWS 4

/* *t as the product sees it. */
static void see(const sk_tensor *t, const sk_permutation *perm, sk_tensor *seen) {
    *seen = *t;
    if (t->rank < 1 || !perm || perm->rank != t->rank) return;
    for (int i = 0; i < t->rank; i++) seen->dims[i] = t->dims[perm->axis[i]];
}

static sk_status matmul_infer(sk_infer *c) {
    const sk_matmul_params *params = c->node->params;
    const sk_tensor *a = c->in[0], *b = c->in[1];
    sk_tensor *y = c->out[0], a_seen, b_seen, plain = *y;
    plain.type = a->type ? a->type : b->type;
    if (a->type && b->type && a->type != b->type)
        return sk_node_fail(c->node, c->err, SK_TYPE, "%s times %s", sk_type_name(a->type),
                            sk_type_name(b->type));
    see(a, params ? &params->a : NULL, &a_seen);
    see(b, params ? &params->b : NULL, &b_seen);
    SK_TRY(sk_batches_infer(c, &a_seen, &b_seen, &plain));
    see(&plain, params ? &params->y : NULL, y);
    return SK_OK;
}

static double matmul_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    const sk_matmul_params *params = node->params;
    sk_tensor a;
    see(in[0], params ? &params->a : NULL, &a);
    return (double)sk_numel(out[0]) * (double)a.dims[a.rank - 1];
}

static sk_status matmul_run(sk_run *r);
static sk_status matmul_run_scalar(sk_run *r);
static sk_status matmul_run_reference(sk_run *r);

static sk_status run_nothing(sk_run *r) {
    (void)r;
    return SK_OK;
}

static int has_bias(const sk_prepare *p) { return p->n_in > 2 && p->in[2]; }

/* A constant b: all its matrices, with the bias in front. */
static sk_status pack_constant(sk_prepare *p, matmul_state *m) {
    const sk_batches *s = &m->s;
    const size_t matrix = s->k * s->n;
    const sk_product_form form = {.batches = matrix ? (int32_t)(sk_numel(p->in[1]) / matrix) : 1,
                                  .k = (int32_t)s->k,
                                  .n = (int32_t)s->n,
                                  .alpha = m->alpha,
                                  .beta = 1,
                                  .bias = has_bias(p) ? p->constants[2]->id : -1,
                                  .bias_size = (int32_t)s->n};
    if (!sk_product_floats(&form)) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    return sk_product_constant(p, &form, 1, &m->packed);
}

static sk_status prepare_product(sk_prepare *p, matmul_state *m) {
    const sk_matmul_params *params = p->node->params;
    const sk_batches *s = &m->s;
    const sk_product_form one = {.batches = 1, .k = (int32_t)s->k, .n = (int32_t)s->n};
    size_t bytes;
    m->gemm = sk_select_f32_gemm(p->tile);
    m->panel_floats = sk_product_floats(&one);
    if (!m->panel_floats) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    if (sk_packable(p, 1) && (!params || !params->b.rank)) return pack_constant(p, m);
    if (has_bias(p)) return sk_fail(p->err, SK_STATE, "MatMul: a bias, but weights that are not constant");
    sk_prepare_want(p, 1);
    if (s->m <= DIRECT_ROWS && s->b_col == 1 && m->alpha == 1) return SK_OK;
    m->scratch_step = (m->panel_floats + 15) & ~(size_t)15; /* no cache line of two threads */
    if (!sk_mul(m->scratch_step * sizeof(float), (size_t)p->threads, &bytes) || bytes > SK_MAX_TENSOR_BYTES)
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    p->scratch = bytes;
    return SK_OK;
}

static sk_status matmul_prepare(sk_prepare *p) {
    const sk_matmul_params *params = p->node->params;
    matmul_state *m = sk_prepare_state(p, sizeof *m);
    if (!m) return SK_OUT_OF_MEMORY;
    p->run = sk_numel(p->out[0]) ? matmul_run : run_nothing;
    if (p->run == run_nothing) return SK_OK; /* and then the number of batches may be anything */
    m->alpha = params ? params->alpha : 1;
    const sk_strided a = sk_strided_of(p->in[0], params ? &params->a : NULL, 0),
                     b = sk_strided_of(p->in[1], params ? &params->b : NULL, 0),
                     y = sk_strided_of(p->out[0], params ? &params->y : NULL, 1);
    sk_batches_make(&a, &b, &y, &m->s);
    assert(m->s.a_col == 1 && m->s.y_col == 1);
    if (!sk_reference(p) && p->in[0]->type == SK_FLOAT32) return prepare_product(p, m);
    p->run = p->in[0]->type == SK_FLOAT32 ? matmul_run_reference : matmul_run_scalar;
    sk_prepare_want(p, 1);
    m->add_bias = has_bias(p);
    if (m->add_bias) sk_prepare_want(p, 2);
    return SK_OK;
}

/* ---- run ---- */

typedef struct matmul_call {
    const sk_run *r;
    const float *a, *b;
    float *y;
    size_t units; /* direct: pieces of the columns of a batch */
} matmul_call;

#define DIRECT_COLUMNS 64 /* of a piece: two strips */

/* Few rows and a computed b, taken as it lies. */
static void direct_part(const void *work, size_t begin, size_t end, int thread) {
    const matmul_call *c = work;
    const sk_batches *s = &((const matmul_state *)c->r->state)->s;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const sk_batch at = sk_batch_at(s, i / c->units);
        const size_t col = i % c->units * DIRECT_COLUMNS, left = s->n - col;
        f32_gemm_direct_1x32__simd128(s->m, left < DIRECT_COLUMNS ? left : DIRECT_COLUMNS, s->k, c->a + at.a,
                                      s->a_row, c->b + at.b + col, s->b_row, c->y + at.y + col, s->y_row,
                                      c->r->node->lo, c->r->node->hi);
    }
}

/* Where the constant matrix at b lies packed. */
static const float *packed_at(const matmul_state *m, size_t b) {
    const size_t matrix = m->s.k * m->s.n;
    return m->packed + (matrix ? b / matrix * m->panel_floats : 0);
}

static sk_product product_at(const matmul_call *c, const sk_batch *at, const float *packed) {
    const matmul_state *m = c->r->state;
    const sk_batches *s = &m->s;
    return (sk_product){.gemm = m->gemm,
                        .m = s->m,
                        .n = s->n,
                        .k = s->k,
                        .a = c->a + at->a,
                        .packed = packed,
                        .c = c->y + at->y,
                        .lda = s->a_row,
                        .ldc = s->y_row,
                        .lo = c->r->node->lo,
                        .hi = c->r->node->hi};
}

/* Batches [begin, end); each thread packs for itself. */
static void batches_part(const void *work, size_t begin, size_t end, int thread) {
    const matmul_call *c = work;
    const matmul_state *m = c->r->state;
    const sk_batches *s = &m->s;
    float *scratch = (float *)c->r->scratch + (size_t)thread * m->scratch_step;
    size_t ready = (size_t)-1; /* which matrix of b lies packed in scratch */
    for (size_t i = begin; i < end; i++) {
        const sk_batch at = sk_batch_at(s, i);
        const float *packed = scratch;
        if (m->packed) {
            packed = packed_at(m, at.b);
        } else if (at.b != ready) {
            const sk_operand operand = {s->k, s->n, c->b + at.b, s->b_row, s->b_col, m->alpha};
            sk_operand_pack(&operand, scratch);
            ready = at.b;
        }
        const sk_product product = product_at(c, &at, packed);
        sk_product_run(NULL, &product);
    }
}

/* One batch at a time, each on all threads. */
static void run_large(const matmul_call *c) {
    const matmul_state *m = c->r->state;
    const sk_batches *s = &m->s;
    size_t ready = (size_t)-1;
    for (size_t i = 0; i < s->batches; i++) {
        const sk_batch at = sk_batch_at(s, i);
        const sk_operand operand = {s->k, s->n, c->b + at.b, s->b_row, s->b_col, m->alpha};
        if (!m->packed && at.b != ready) sk_operand_pack_split(c->r->pool, &operand, c->r->scratch);
        ready = at.b;
        const sk_product product = product_at(c, &at, m->packed ? packed_at(m, at.b) : c->r->scratch);
        sk_product_run(c->r->pool, &product);
    }
}

static sk_status matmul_run(sk_run *r) {
    const matmul_state *m = r->state;
    const sk_batches *s = &m->s;
    matmul_call c = {r, r->in[0]->data, r->in[1]->data, r->out[0]->data, 1};
    const double ns = (double)s->m * (double)s->n * (double)s->k * SK_MAC_NS;
    if (!m->packed && !m->scratch_step) {
        c.units = (s->n + DIRECT_COLUMNS - 1) / DIRECT_COLUMNS;
        sk_split(r->pool, s->batches * c.units, ns / (double)c.units, direct_part, &c);
    } else if (s->batches < 4 * (size_t)sk_pool_threads(r->pool) && sk_pool_threads(r->pool) > 1) {
        run_large(&c);
    } else {
        sk_split(r->pool, s->batches, ns, batches_part, &c);
    }
    return SK_OK;
}

/* Wide integers wrap around, so signed ones are multiplied as unsigned. */
#define SCALAR(T)                                                                                            \
    do {                                                                                                     \
        const T *a = (const T *)r->in[0]->data + at.a, *b = (const T *)r->in[1]->data + at.b;                \
        T *y = (T *)r->out[0]->data + at.y;                                                                  \
        for (size_t row = 0; row < s->m; row++)                                                              \
            for (size_t col = 0; col < s->n; col++) {                                                        \
                T sum = 0;                                                                                   \
                for (size_t j = 0; j < s->k; j++)                                                            \
                    sum += a[row * s->a_row + j] * b[j * s->b_row + col * s->b_col];                         \
                y[row * s->y_row + col] = sum;                                                               \
            }                                                                                                \
    } while (0)

static sk_status matmul_run_scalar(sk_run *r) {
    const sk_batches *s = &((const matmul_state *)r->state)->s;
    for (size_t i = 0; i < s->batches; i++) {
        const sk_batch at = sk_batch_at(s, i);
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
    const matmul_state *m = r->state;
    const sk_batches *s = &m->s;
    for (size_t i = 0; i < s->batches; i++) {
        const sk_batch at = sk_batch_at(s, i);
        float *y = (float *)r->out[0]->data + at.y;
        const sk_matmul_args args = {.m = s->m,
                                     .n = s->n,
                                     .k = s->k,
                                     .a = (const float *)r->in[0]->data + at.a,
                                     .b = (const float *)r->in[1]->data + at.b,
                                     .a_row = s->a_row,
                                     .a_col = 1,
                                     .b_row = s->b_row,
                                     .b_col = s->b_col,
                                     .c = y,
                                     .c_row = s->y_row,
                                     .lo = -__builtin_inff(),
                                     .hi = __builtin_inff()};
        f32_matmul__ref(&args);
        for (size_t row = 0; row < s->m; row++, y += s->y_row)
            for (size_t col = 0; col < s->n; col++) {
                const float bias = m->add_bias ? ((const float *)r->in[2]->data)[col] : 0;
                y[col] = sk_clamp1(m->alpha * y[col] + bias, r->node->lo, r->node->hi);
            }
    }
    return SK_OK;
}

/* With one constant matrix for all batches, its columns are the channels of the output's last axis. */
static int matmul_as_linear(const sk_node *node, sk_linear *linear) {
    const sk_tensor *b = &node->inputs[1]->type, *y = &node->outputs[0]->type;
    *linear = (sk_linear){.weight = 1, .weight_axis = 1, .bias = 2, .out_axis = y->rank - 1};
    return b->rank == 2 && y->rank > 0 && y->type == SK_FLOAT32 && !node->params;
}

const sk_impl sk_impl_matmul = {.infer = matmul_infer,
                                .prepare = matmul_prepare,
                                .run = matmul_run,
                                SK_TRAITS(.as_linear = matmul_as_linear, SK_MACS(matmul_macs))};
