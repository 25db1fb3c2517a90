/* What passes/integers.c makes of operators between DequantizeLinear and QuantizeLinear: QLinearAdd,
 * QLinearMul, Table. */
#include <math.h>

#include "ops/elementwise.h"
#include "ops/integer.h"

/* ---- QLinearAdd, QLinearMul: a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero ---- */

static sk_status infer_pair(sk_infer *c) {
    c->out[0]->type = c->in[7]->type;
    SK_TRY(sk_want_types(c, 3, SK_T(UINT8) | SK_T(INT8)));
    return sk_broadcast(c, c->in[0], c->in[3], c->out[0]);
}

static sk_quantized_number number(const sk_prepare *p, const sk_tensor *codes, int scale, int zero) {
    return (sk_quantized_number){.scale = sk_scale_at(p->in[scale], 0),
                                 .zero = sk_zero_at(p->in[zero], 0),
                                 .is_signed = codes->type == SK_INT8};
}

typedef struct pair_state {
    sk_broadcasting loops;
    sk_i8_binary_args args;
} pair_state;

static sk_status prepare_pair(sk_prepare *p) {
    const sk_tensor *operands[] = {p->in[0], p->in[3]}, *y = p->out[0];
    pair_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    const float low = y->type == SK_INT8 ? -128 : 0;
    s->args = (sk_i8_binary_args){.kind = p->node->op->param,
                                  .a = number(p, p->in[0], 1, 2),
                                  .b = number(p, p->in[3], 4, 5),
                                  .y = number(p, y, 6, 7),
                                  .lo = fmaxf(p->node->lo, low),
                                  .hi = fminf(p->node->hi, low + 255)};
    s->loops.pair = sk_select_i8_binary(sk_reference(p));
    s->loops.pair_args = &s->args;
    sk_broadcast_ready(&s->loops, y, operands, 2, NULL, 0);
    return SK_OK;
}

static sk_status run_pair(sk_run *r) {
    const pair_state *s = r->state;
    const void *in[] = {r->in[0]->data, r->in[3]->data};
    return sk_elementwise_run(r, &s->loops, in, r->out[0]->data);
}

const sk_impl sk_impl_qlinear = {.infer = infer_pair, .prepare = prepare_pair, .run = run_pair};

/* ---- Table: codes, 256 bytes ---- */

static sk_status infer_table(sk_infer *c) {
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = c->in[1]->type;
    return SK_OK;
}

static void look_up(const void *work, size_t begin, size_t end, int thread) {
    const sk_run *r = work;
    const size_t n = sk_numel(r->out[0]), first = begin * SK_BLOCK,
                 last = end * SK_BLOCK < n ? end * SK_BLOCK : n;
    (void)thread;
    u8_table__ref(r->in[1]->data, (const uint8_t *)r->in[0]->data + first, (uint8_t *)r->out[0]->data + first,
                  last - first);
}

static sk_status run_table(sk_run *r) {
    sk_split(r->pool, (sk_numel(r->out[0]) + SK_BLOCK - 1) / SK_BLOCK, SK_BLOCK, look_up, r);
    return SK_OK;
}

const sk_impl sk_impl_table = {.infer = infer_table, .run = run_table};
