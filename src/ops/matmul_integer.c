/* MatMulInteger and QLinearMatMul: 8-bit matrix product with 32-bit sums, and the same scaled back to 8 bits.
 * Zero points and scales: one number, or one a row of the first and one a column of the second operand. */
#include "ops/batches.h"
#include "ops/elementwise.h"
#include "ops/integer.h"
#include "ops/ops.h"
#include "ops/window.h"

/* Where the inputs are. MatMulInteger: a, b, a_zero, b_zero. QLinearMatMul: a, a_scale, a_zero, b, b_scale,
 * b_zero, y_scale, y_zero. */
typedef struct places {
    int b, a_zero, b_zero;
} places;

static places places_of(const sk_node *node) {
    return node->op->param == SK_OP_SCALED ? (places){3, 2, 5} : (places){1, 2, 3};
}

static const sk_tensor *optional(const sk_tensor *const *in, int n_in, int i) {
    return i < n_in ? in[i] : NULL;
}

static sk_status infer(sk_infer *c) {
    const places at = places_of(c->node);
    const int scaled = c->node->op->param == SK_OP_SCALED;
    const sk_tensor *a = c->in[0], *b = c->in[at.b];
    sk_tensor *y = c->out[0];
    y->type = scaled ? c->in[7]->type : SK_INT32;
    SK_TRY(sk_want_types(c, at.b, SK_T_BYTE));
    if (optional(c->in, c->n_in, at.a_zero) && a->type) SK_TRY(sk_want_types(c, at.a_zero, 1u << a->type));
    if (optional(c->in, c->n_in, at.b_zero) && b->type) SK_TRY(sk_want_types(c, at.b_zero, 1u << b->type));
    if (a->rank > 0 && b->rank > 0) {
        const int64_t rows = a->rank > 1 ? a->dims[a->rank - 2] : 1,
                      cols = b->rank > 1 ? b->dims[b->rank - 1] : 1;
        SK_TRY(sk_want_scales(c, at.a_zero, rows));
        SK_TRY(sk_want_scales(c, at.b_zero, cols));
        if (scaled) {
            SK_TRY(sk_want_scales(c, 1, rows));
            SK_TRY(sk_want_scales(c, 4, cols));
        }
    }
    if (scaled) {
        for (int i = 1; i < 7; i += i == 4 ? 2 : 3) SK_TRY(sk_want_types(c, i, SK_T_FLOAT));
        SK_TRY(sk_want_types(c, 7, SK_T_BYTE));
        SK_TRY(sk_want_scales(c, 6, 1));
        SK_TRY(sk_want_scales(c, 7, 1));
    }
    return sk_batches_infer(c, a, b, y);
}

static double macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node;
    return (double)sk_numel(out[0]) * (double)in[0]->dims[in[0]->rank - 1];
}

static sk_status prepare(sk_prepare *p) {
    sk_batches *s = sk_prepare_alloc(p, sizeof *s);
    size_t sums;
    if (!s) return sk_oom(p->err, sizeof *s);
    p->state = s;
    if (sk_numel(p->out[0]) == 0) return SK_OK; /* no batches at all */
    const sk_strided a = sk_strided_of(p->in[0], NULL, 0),
                     b = sk_strided_of(p->in[places_of(p->node).b], NULL, 0),
                     y = sk_strided_of(p->out[0], NULL, 0);
    sk_batches_make(&a, &b, &y, s);
    if (p->node->op->param != SK_OP_SCALED) return SK_OK;
    if (!sk_mul(s->m * s->n, sizeof(int32_t), &sums) || !sk_scratch_take(p, sums, &sums))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    return SK_OK;
}

/* Matrix number `batch` of the result, from its sums. */
static void scale_back(const sk_run *r, const sk_batches *s, size_t batch, const int32_t *sums) {
    const float y_scale = sk_scale_at(r->in[6], 0);
    const int32_t zero = sk_zero_at(r->in[7], 0);
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j < s->n; j++) {
            const float scale = sk_scale_at(r->in[1], i) * sk_scale_at(r->in[4], j) / y_scale;
            sk_requantize(r->out[0], (batch * s->m + i) * s->n + j, sums[i * s->n + j], scale, zero);
        }
}

static sk_status run(sk_run *r) {
    const sk_batches *s = r->state;
    const places at = places_of(r->node);
    const int scaled = r->node->op->param == SK_OP_SCALED;
    for (size_t i = 0; i < s->batches; i++) {
        const sk_batch batch = sk_batch_at(s, i);
        sk_i8_matmul_args args = {.m = s->m, .n = s->n, .k = s->k};
        args.a = sk_i8_operand_of(r->in[0], optional(r->in, r->n_in, at.a_zero));
        args.b = sk_i8_operand_of(r->in[at.b], optional(r->in, r->n_in, at.b_zero));
        args.a.data = (const uint8_t *)args.a.data + batch.a;
        args.b.data = (const uint8_t *)args.b.data + batch.b;
        args.c = scaled ? r->scratch : (int32_t *)r->out[0]->data + i * s->m * s->n;
        i8_matmul__ref(&args);
        if (scaled) scale_back(r, s, i, args.c);
    }
    return SK_OK;
}

const sk_impl sk_impl_matmul_integer = {
    .infer = infer, .prepare = prepare, .run = run, SK_TRAITS(SK_MACS(macs))};
