/* MatMulInteger and QLinearMatMul: 8-bit matrix product with 32-bit sums, and the same scaled back to 8 bits.
 * Zero points and scales: one number, or one a row of the first and one a column of the second operand. Two
 * more that passes/integers.c makes: QLinearGemm, with a bias and perhaps a transposed second operand, and
 * ScaledMatMulInteger, whose sums become float32. */
#include "ops/batches.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "ops/product8.h"
#include "ops/window.h"

#define A_SCALE 4 /* of ScaledMatMulInteger */

/* Where the inputs are. MatMulInteger: a, b, a_zero, b_zero; scaled also a_scale, b_scale, addend.
 * QLinearMatMul: a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero; Gemm also bias. */
static sk_product8_inputs places_of(const sk_node *node) {
    switch (node->op->param) {
    case SK_OP_SUMS: return (sk_product8_inputs){1, 2, 3, -1, -1, -1, -1, -1, -1};
    case SK_OP_FLOATS: return (sk_product8_inputs){1, 2, 3, -1, 5, -1, -1, -1, 6};
    default: return (sk_product8_inputs){3, 2, 5, 1, 4, 6, 7, 8, -1};
    }
}

static int transposed(const sk_node *node) {
    return node->op->param == SK_OP_GEMM && sk_attr_int(node, "transB", 0) != 0;
}

static sk_status infer_scaled(sk_infer *c, int64_t rows, int64_t cols) {
    for (int i = 1; i < 7; i += i == 4 ? 2 : 3) SK_TRY(sk_want_types(c, i, SK_T_FLOAT));
    SK_TRY(sk_want_types(c, 7, SK_T_BYTE));
    SK_TRY(sk_want_types(c, 8, SK_T(INT32)));
    SK_TRY(sk_want_scales(c, 1, rows));
    SK_TRY(sk_want_scales(c, 4, cols));
    SK_TRY(sk_want_scales(c, 6, 1));
    SK_TRY(sk_want_scales(c, 7, 1));
    return sk_want_scales(c, 8, cols);
}

static sk_status infer(sk_infer *c) {
    const sk_product8_inputs at = places_of(c->node);
    const sk_tensor *a = c->in[0];
    sk_tensor b = *c->in[at.b], *y = c->out[0];
    y->type = at.y_zero >= 0 ? c->in[at.y_zero]->type : at.addend >= 0 ? SK_FLOAT32 : SK_INT32;
    SK_TRY(sk_want_types(c, at.b, SK_T_BYTE));
    if (a->type) SK_TRY(sk_want_types(c, at.a_zero, 1u << a->type));
    if (b.type) SK_TRY(sk_want_types(c, at.b_zero, 1u << b.type));
    if (transposed(c->node) && b.rank == 2) {
        const int32_t n = b.dims[0];
        b.dims[0] = b.dims[1];
        b.dims[1] = n;
    }
    if (a->rank > 0 && b.rank > 0) {
        const int64_t rows = a->rank > 1 ? a->dims[a->rank - 2] : 1,
                      cols = b.rank > 1 ? b.dims[b.rank - 1] : 1;
        SK_TRY(sk_want_scales(c, at.a_zero, rows));
        SK_TRY(sk_want_scales(c, at.b_zero, cols));
        if (at.y_zero >= 0) SK_TRY(infer_scaled(c, rows, cols));
    }
    return sk_batches_infer(c, a, &b, y);
}

static double macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node;
    return (double)sk_numel(out[0]) * (double)in[0]->dims[in[0]->rank - 1];
}

typedef struct matmul8_state {
    sk_batches batches;
    sk_product8 product;
    int8_t a_scale; /* the input, when it is not among what is packed */
    uint8_t by_row; /* zero points or scales of a's rows differ */
} matmul8_state;

static int many(const sk_prepare *p, int i) {
    return i >= 0 && i < p->n_in && p->in[i] && sk_numel(p->in[i]) > 1;
}

static sk_status prepare(sk_prepare *p) {
    static const sk_permutation swap = {2, {1, 0}};
    matmul8_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    if (sk_numel(p->out[0]) == 0) return SK_OK; /* no batches at all */
    sk_product8_inputs at = places_of(p->node);
    const sk_strided a = sk_strided_of(p->in[0], NULL, 0),
                     b = sk_strided_of(p->in[at.b], transposed(p->node) ? &swap : NULL, 0),
                     y = sk_strided_of(p->out[0], NULL, 0);
    sk_batches *to = &s->batches;
    sk_batches_make(&a, &b, &y, to);
    s->by_row = (uint8_t)(many(p, at.a_zero) || many(p, at.a_scale));
    s->a_scale = -1;
    if (at.a_scale >= 0 && s->by_row) s->a_scale = at.a_scale, at.a_scale = -1;
    if (p->node->op->param == SK_OP_FLOATS) s->a_scale = A_SCALE;
    s->product.form = (sk_product8_form){.at = sk_present(p, at),
                                         .narrow = (uint8_t)sk_codes_are_narrow(p->node->inputs[0]),
                                         .matrices = 1,
                                         .n = (int32_t)to->n,
                                         .taps = 1,
                                         .channels = (int32_t)to->k,
                                         .col = (int32_t)to->b_col,
                                         .row = (int32_t)to->b_row};
    s->product.pack_at_run = to->batches > 1;
    return sk_product8_prepare(p, &s->product, to->m);
}

typedef struct matrix {
    const uint8_t *a;
    size_t row;
} matrix;

static void matrix_rows(const void *of, size_t number, size_t first, size_t m, const uint8_t **rows) {
    const matrix *a = of;
    (void)number;
    for (size_t i = 0; i < m; i++) rows[i] = a->a + (first + i) * a->row;
}

/* Row by row, each with numbers of its own. */
static void run_rows(const sk_run *r, const matmul8_state *s, sk_product8_call *c, matrix *of) {
    const int a_zero = s->product.form.at.a_zero;
    const size_t size = sk_elem(r->out[0]->type);
    for (size_t i = 0, m = c->m; i < m; i++, of->a += of->row, c->y = (char *)c->y + c->y_row * size) {
        c->m = 1;
        if (a_zero >= 0) c->a_zero = sk_zero_at(r->in[a_zero], i);
        if (s->a_scale >= 0) c->target.factor = sk_scale_at(r->in[s->a_scale], i);
        sk_product8_run(NULL, c);
    }
}

static sk_status run(sk_run *r) {
    const matmul8_state *s = r->state;
    const sk_batches *b = &s->batches;
    if (sk_numel(r->out[0]) == 0) return SK_OK;
    for (size_t i = 0; i < b->batches; i++) {
        const sk_batch batch = sk_batch_at(b, i);
        matrix of = {(const uint8_t *)r->in[0]->data + batch.a, b->a_row};
        sk_product8_call c = sk_product8_call_of(r, &s->product);
        c.rows = matrix_rows;
        c.of = &of;
        c.m = b->m;
        c.y = (char *)r->out[0]->data + batch.y * sk_elem(r->out[0]->type);
        c.y_row = b->y_row;
        if (s->a_scale >= 0) c.target.factor = sk_scale_at(r->in[s->a_scale], 0);
        if (!c.packed) SK_TRY(sk_product8_pack_now(r, &c, batch.b));
        if (s->by_row) run_rows(r, s, &c, &of);
        else sk_product8_run(r->pool, &c);
    }
    return SK_OK;
}

const sk_impl sk_impl_matmul_integer = {
    .infer = infer, .prepare = prepare, .run = run, SK_TRAITS(SK_MACS(macs))};
