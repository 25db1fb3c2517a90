/* MatMul: numpy's matmul over batches with broadcasting. float32 is a product on packed weights (a constant
 * second operand is packed once, another at each run, or not at all for few rows); float64 and the wide
 * integers are done one element at a time. */
#include "ops/product.h"
#include "kernels/select.h"

#define BATCH_RANK SK_MAX_RANK

/* Both operands as matrices: m x k and k x n in `batches` batches. */
typedef struct shapes {
    size_t m, n, k, batches;
    int rank; /* of the batch dimensions */
    int32_t dims[BATCH_RANK];
    size_t a_step[BATCH_RANK], b_step[BATCH_RANK]; /* in matrices; 0: broadcast */
    size_t b_batches;
} shapes;

typedef struct matmul_state {
    shapes s;
    const float *packed; /* all of b, or NULL */
    uint8_t direct;
    size_t panel_floats; /* of one packed matrix */
    sk_f32_gemm_fn *gemm;
} matmul_state;

/* A matrix product with few rows reads b once; packing it first reads and writes it once more. */
#define DIRECT_ROWS 4

/* Batch dimension i (of `rank`, the last is next to the matrix) of a tensor, 1 where it has none. */
static int32_t batch_dim(const sk_tensor *t, int rank, int i) {
    const int at = t->rank - 2 - rank + i;
    return at >= 0 ? t->dims[at] : 1;
}

static sk_status matmul_infer(sk_infer *c) {
    char a_text[SK_SHAPE_TEXT], b_text[SK_SHAPE_TEXT];
    const sk_tensor *a = c->in[0], *b = c->in[1];
    sk_tensor *y = c->out[0];
    y->type = a->type ? a->type : b->type;
    if (a->type && b->type && a->type != b->type)
        return sk_fail(c->err, SK_TYPE, "%s: %s times %s", sk_node_text(c->node, a_text),
                       sk_type_name(a->type), sk_type_name(b->type));
    if (a->rank < 0 || b->rank < 0) return SK_OK;
    if (a->rank == 0 || b->rank == 0) return sk_bad_shape(c, "a scalar operand");
    const int32_t ka = a->dims[a->rank - 1], kb = b->dims[b->rank == 1 ? 0 : b->rank - 2];
    if (ka >= 0 && kb >= 0 && ka != kb)
        return sk_bad_shape(c, "%s times %s", sk_tensor_text(a, a_text), sk_tensor_text(b, b_text));
    const int ra = a->rank > 2 ? a->rank - 2 : 0, rb = b->rank > 2 ? b->rank - 2 : 0,
              rank = ra > rb ? ra : rb;
    y->rank = (int8_t)(rank + (a->rank > 1) + (b->rank > 1));
    for (int i = 0; i < rank; i++) {
        const int32_t da = batch_dim(a, rank, i), db = batch_dim(b, rank, i);
        if (da > 1 && db > 1 && da != db)
            return sk_bad_shape(c, "%s times %s", sk_tensor_text(a, a_text), sk_tensor_text(b, b_text));
        if (da < 0 || db < 0) /* the other one decides unless it is 1 */
            y->dims[i] = da > 1 || da == 0 ? da : db > 1 || db == 0 ? db : -1;
        else y->dims[i] = da == 1 ? db : da;
        if ((da == 0 && db > 1) || (db == 0 && da > 1))
            return sk_bad_shape(c, "%s times %s", sk_tensor_text(a, a_text), sk_tensor_text(b, b_text));
    }
    int at = rank;
    if (a->rank > 1) y->dims[at++] = a->dims[a->rank - 2];
    if (b->rank > 1) y->dims[at] = b->dims[b->rank - 1];
    return SK_OK;
}

/* Known shapes to matrices. With one b for all, a's batches are just more rows. */
static void matmul_shapes(const sk_tensor *a, const sk_tensor *b, shapes *s) {
    *s = (shapes){.batches = 1, .b_batches = 1};
    s->m = a->rank > 1 ? (size_t)a->dims[a->rank - 2] : 1;
    s->n = b->rank > 1 ? (size_t)b->dims[b->rank - 1] : 1;
    s->k = (size_t)a->dims[a->rank - 1];
    const int ra = a->rank > 2 ? a->rank - 2 : 0, rb = b->rank > 2 ? b->rank - 2 : 0;
    s->b_batches = sk_span(b, 0, rb);
    if (s->b_batches == 1) {
        s->m *= sk_span(a, 0, ra);
        return;
    }
    s->rank = ra > rb ? ra : rb;
    size_t a_step = 1, b_step = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        const int32_t da = batch_dim(a, s->rank, i), db = batch_dim(b, s->rank, i);
        s->dims[i] = da == 1 ? db : da;
        s->a_step[i] = da == 1 ? 0 : a_step;
        s->b_step[i] = db == 1 ? 0 : b_step;
        a_step *= (size_t)da;
        b_step *= (size_t)db;
        s->batches *= (size_t)s->dims[i];
    }
}

static double matmul_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node;
    return (double)sk_numel(out[0]) * (double)in[0]->dims[in[0]->rank - 1];
}

static sk_status matmul_run(sk_run *r);
static sk_status matmul_run_scalar(sk_run *r);

static sk_status run_nothing(sk_run *r) {
    (void)r;
    return SK_OK;
}

static sk_status matmul_prepare(sk_prepare *p) {
    matmul_state *m = sk_prepare_alloc(p, sizeof *m);
    if (!m) return sk_oom(p->err, sizeof *m);
    shapes *s = &m->s;
    p->state = m;
    p->run = sk_numel(p->out[0]) ? matmul_run : run_nothing;
    if (p->run == run_nothing) return SK_OK; /* and then the number of batches may be anything */
    matmul_shapes(p->in[0], p->in[1], s);
    if (p->reference || p->in[0]->type != SK_FLOAT32) {
        p->run = matmul_run_scalar;
        sk_prepare_want(p, 1);
        return SK_OK;
    }
    m->gemm = sk_select_f32_gemm();
    const sk_product_form form = {
        .batches = (int32_t)s->b_batches, .k = (int32_t)s->k, .n = (int32_t)s->n, .alpha = 1, .bias = -1};
    m->panel_floats = sk_product_floats(&form);
    if (!m->panel_floats) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    if (sk_packable(p, 1)) return sk_product_constant(p, &form, 1, &m->packed);
    sk_prepare_want(p, 1);
    m->direct = s->m <= DIRECT_ROWS;
    if (!m->direct) p->scratch = m->panel_floats * sizeof(float);
    return SK_OK;
}

/* Which matrices batch number `batch` multiplies. */
static void batch_at(const shapes *s, size_t batch, size_t *a, size_t *b) {
    *a = *b = 0;
    for (int i = s->rank - 1; i >= 0; i--) {
        const size_t at = batch % (size_t)s->dims[i];
        batch /= (size_t)s->dims[i];
        *a += at * s->a_step[i];
        *b += at * s->b_step[i];
    }
}

static sk_status matmul_run(sk_run *r) {
    const matmul_state *m = r->state;
    const shapes *s = &m->s;
    const float lo = r->node->lo, hi = r->node->hi;
    size_t ready = (size_t)-1; /* the matrix of b that lies packed in scratch */
    for (size_t i = 0; i < s->batches; i++) {
        size_t at, bt;
        batch_at(s, i, &at, &bt);
        const float *a = (const float *)r->in[0]->data + at * s->m * s->k;
        float *y = (float *)r->out[0]->data + i * s->m * s->n;
        if (m->direct) {
            const float *b = (const float *)r->in[1]->data + bt * s->k * s->n;
            f32_gemm_direct_1x16__simd128(s->m, s->n, s->k, a, s->k, b, s->n, y, s->n, lo, hi);
            continue;
        }
        const float *packed = m->packed + bt * m->panel_floats;
        if (!m->packed) {
            sk_weights weights = {.data = r->in[1]->data};
            const sk_product_form form = {
                .batches = 1, .k = (int32_t)s->k, .n = (int32_t)s->n, .alpha = 1, .bias = -1};
            if (bt != ready) SK_TRY(sk_product_pack(&form, bt, &weights, NULL, r->scratch));
            ready = bt;
            packed = r->scratch;
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
    const shapes *s = &((const matmul_state *)r->state)->s;
    for (size_t i = 0; i < s->batches; i++) {
        size_t at, bt;
        batch_at(s, i, &at, &bt);
        switch (r->in[0]->type) {
        case SK_FLOAT64: SCALAR(double); break;
        case SK_INT32:
        case SK_UINT32: SCALAR(uint32_t); break;
        case SK_INT64:
        case SK_UINT64: SCALAR(uint64_t); break;
        default: {
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
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_matmul = {
    .infer = matmul_infer, .prepare = matmul_prepare, .run = matmul_run, .macs = matmul_macs};
