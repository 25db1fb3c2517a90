/* Packs matrices and splits products; see product.h. */
#include "ops/product.h"

#define STRIP_FLOATS 16384 /* 64 kB of rows at a time */
#define PACK_NS 0.4        /* of one float packed, about */

size_t sk_product_floats(const sk_product_form *f) {
    const sk_panels p = {SK_PANEL, (size_t)f->n, (size_t)f->k, NULL};
    size_t bytes, all;
    if (!sk_panels_bytes(&p, &bytes) || !sk_mul(bytes, (size_t)f->batches, &all) || all > SK_MAX_TENSOR_BYTES)
        return 0;
    return bytes / sizeof(float);
}

static sk_status pack_bias(const sk_product_form *f, const sk_panels *p, sk_weights *bias) {
    const float *b;
    sk_pack_bias(p, NULL);
    if (!bias || p->n == 0) return SK_OK;
    SK_TRY(sk_weights_at(bias, 0, (size_t)f->bias_size, &b));
    for (size_t j = 0; j < p->n; j++)
        p->data[j / SK_PANEL * SK_PANEL * (p->k + 1) + j % SK_PANEL] = f->beta * b[f->bias_size == 1 ? 0 : j];
    return SK_OK;
}

/* Packs matrix `batch`. bias may be NULL. */
static sk_status pack_matrix(const sk_product_form *f, size_t batch, sk_weights *weights, sk_weights *bias,
                             float *packed) {
    const sk_panels p = {SK_PANEL, (size_t)f->n, (size_t)f->k, packed};
    const float *b;
    SK_TRY(pack_bias(f, &p, bias));
    if (p.n == 0 || p.k == 0) return SK_OK;
    const size_t first = batch * p.k * p.n;
    if (f->transposed) {
        for (size_t j = 0; j < p.n; j += SK_PANEL) {
            const size_t cols = p.n - j < SK_PANEL ? p.n - j : SK_PANEL;
            SK_TRY(sk_weights_at(weights, first + j * p.k, cols * p.k, &b));
            sk_pack_piece(&p, &(sk_piece){0, p.k, j, cols, b, 1, p.k, f->alpha});
        }
        return SK_OK;
    }
    const size_t step = p.n < STRIP_FLOATS ? STRIP_FLOATS / p.n : 1;
    for (size_t i = 0; i < p.k; i += step) {
        const size_t rows = p.k - i < step ? p.k - i : step;
        SK_TRY(sk_weights_at(weights, first + i * p.n, rows * p.n, &b));
        sk_pack_piece(&p, &(sk_piece){i, rows, 0, p.n, b, p.n, 1, f->alpha});
    }
    return SK_OK;
}

typedef struct constant_form {
    sk_product_form form;
    int32_t input;
} constant_form;

static sk_status pack_constants(const sk_pack *pack, void *dst) {
    const constant_form *c = pack->params;
    const size_t floats = sk_product_floats(&c->form);
    sk_weights weights = {.pack = pack, .input = c->input}, bias = {.pack = pack, .input = 2};
    sk_status status = SK_OK;
    float *to = dst;
    for (int32_t i = 0; i < c->form.batches && status == SK_OK; i++, to += floats)
        status = pack_matrix(&c->form, (size_t)i, &weights, c->form.bias >= 0 ? &bias : NULL, to);
    sk_weights_close(&weights);
    sk_weights_close(&bias);
    return status;
}

sk_status sk_product_constant(sk_prepare *p, const sk_product_form *f, int input, const float **packed) {
    const constant_form c = {*f, input};
    const size_t bytes = sk_product_floats(f) * (size_t)f->batches * sizeof(float);
    const void *to;
    SK_TRY(sk_prepare_pack(p, &(sk_packing){"f32_product", input, &c, sizeof c, bytes, pack_constants}, &to));
    *packed = to;
    return SK_OK;
}

/* ---- computed operands ---- */

typedef struct operand_pack {
    const sk_operand *o;
    float *packed;
} operand_pack;

/* Panels [begin, end). */
static void pack_panels(const void *work, size_t begin, size_t end, int thread) {
    const operand_pack *w = work;
    const sk_operand *o = w->o;
    const size_t col = begin * SK_PANEL, last = end * SK_PANEL < o->n ? end * SK_PANEL : o->n;
    const sk_panels p = {SK_PANEL, last - col, o->k, w->packed + col * (o->k + 1)};
    const sk_piece piece = {0, o->k, 0, p.n, o->k ? o->b + col * o->col : NULL, o->row, o->col, o->alpha};
    (void)thread;
    sk_pack_bias(&p, NULL);
    if (o->k) sk_pack_piece(&p, &piece);
}

void sk_operand_pack(const sk_operand *o, float *packed) { sk_operand_pack_split(NULL, o, packed); }

void sk_operand_pack_split(sk_pool *pool, const sk_operand *o, float *packed) {
    const operand_pack work = {o, packed};
    sk_split(pool, (o->n + SK_PANEL - 1) / SK_PANEL, (double)o->k * SK_PANEL * PACK_NS, pack_panels, &work);
}

/* ---- products ---- */

#define ROW_UNIT 24                /* rows an item: whole tiles of 4 and of 6 */
#define COLUMN_UNIT (4 * SK_PANEL) /* columns an item: what one row takes at once */
#define MANY_UNITS 16              /* enough of them for threads of different speed */

static size_t units(size_t n, size_t unit) { return (n + unit - 1) / unit; }

static void rows_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_product *p = work;
    const size_t row = begin * ROW_UNIT, last = end * ROW_UNIT < p->m ? end * ROW_UNIT : p->m;
    (void)thread;
    p->gemm(last - row, p->n, p->k, p->a + row * p->lda, p->lda, p->packed, p->c + row * p->ldc, p->ldc,
            p->lo, p->hi);
}

static void columns_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_product *p = work;
    const size_t col = begin * COLUMN_UNIT, last = end * COLUMN_UNIT < p->n ? end * COLUMN_UNIT : p->n;
    (void)thread;
    p->gemm(p->m, last - col, p->k, p->a, p->lda, p->packed + col * (p->k + 1), p->c + col, p->ldc, p->lo,
            p->hi);
}

void sk_product_run(sk_pool *pool, const sk_product *p) {
    const size_t rows = units(p->m, ROW_UNIT), columns = units(p->n, COLUMN_UNIT);
    const double ns = (double)p->m * (double)p->n * (double)p->k * SK_MAC_NS;
    if (rows >= MANY_UNITS || rows >= columns) sk_split(pool, rows, ns / (double)rows, rows_part, p);
    else sk_split(pool, columns, ns / (double)columns, columns_part, p);
}
