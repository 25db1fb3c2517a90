/* Clip from opset 11 on, whose bounds are optional inputs, and Where. */
#include <math.h>

#include "ops/elementwise.h"

/* ---- Clip ---- */

typedef struct clip_state {
    sk_broadcasting whole;     /* float32: one pass */
    sk_broadcasting low, high; /* others: max, then min */
} clip_state;

static const sk_tensor *input(const sk_tensor *const *in, int n_in, int i) { return i < n_in ? in[i] : NULL; }

/* Scalar bounds that stay in the file would be out of reach of as_clamp. */
static sk_status import_clip(sk_import *c) {
    for (int i = 1; i < c->node->n_inputs; i++) {
        sk_value *bound = c->node->inputs[i];
        size_t bytes;
        if (!bound || !bound->constant || bound->constant->type.data) continue;
        if (sk_tensor_bytes(&bound->constant->type, &bytes) && bytes <= sizeof(double))
            SK_TRY(sk_const_load(c->ir, bound->constant, c->err));
    }
    return SK_OK;
}

static sk_status infer_clip(sk_infer *c) {
    SK_TRY(sk_infer_same(c));
    for (int i = 1; i < c->n_in; i++)
        if (c->in[i] && sk_shape_known(c->in[i]) && sk_numel(c->in[i]) != 1)
            return sk_bad_shape(c, "bound %pT is not a scalar", c->in[i]);
    return sk_same_types(c);
}

/* A bound of one element counts as a scalar whatever its rank. */
static sk_status bound_ready(const sk_prepare *p, sk_broadcasting *b, int kind, const sk_tensor *from,
                             int i) {
    if (!input(p->in, p->n_in, i)) return SK_OK;
    const sk_tensor bound = {.type = p->in[i]->type};
    const sk_tensor *const in[2] = {from, &bound};
    return sk_binary_ready(p, b, kind, in, p->out[0]);
}

static sk_status prepare_clip(sk_prepare *p) {
    clip_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    if (p->in[0]->type == SK_FLOAT32) {
        const sk_unary_args args = {.kind = SK_UNARY_CLAMP};
        return sk_unary_ready(p, &s->whole, &args, p->in[0], p->out[0]);
    }
    SK_TRY(bound_ready(p, &s->low, SK_BINARY_MAX, p->in[0], 1));
    return bound_ready(p, &s->high, SK_BINARY_MIN, s->low.binary ? p->out[0] : p->in[0], 2);
}

static sk_status run_clip(sk_run *r) {
    clip_state *s = r->state;
    const sk_tensor *lo = input(r->in, r->n_in, 1), *hi = input(r->in, r->n_in, 2);
    void *out = r->out[0]->data;
    const void *from = r->in[0]->data;
    if (r->in[0]->type == SK_FLOAT32) {
        s->whole.args.p[0] = lo ? *(const float *)lo->data : -INFINITY;
        s->whole.args.p[1] = hi ? *(const float *)hi->data : INFINITY;
        return sk_elementwise_run(r, &s->whole, &from, out);
    }
    if (!lo && !hi) return sk_run_same(r);
    if (lo) SK_TRY(sk_elementwise_run(r, &s->low, (const void *const[]){from, lo->data}, out));
    if (hi) SK_TRY(sk_elementwise_run(r, &s->high, (const void *const[]){lo ? out : from, hi->data}, out));
    return SK_OK;
}

static int constant_bound(const sk_node *node, int i, float *bound) {
    if (i >= node->n_inputs || !node->inputs[i]) return 1;
    const sk_const *constant = node->inputs[i]->constant;
    if (!constant || constant->variable || !constant->type.data || constant->type.type != SK_FLOAT32 ||
        sk_numel(&constant->type) != 1)
        return 0;
    *bound = *(const float *)constant->type.data;
    return 1;
}

static int as_clamp(const sk_node *node, float *lo, float *hi) {
    *lo = -INFINITY;
    *hi = INFINITY;
    return constant_bound(node, 1, lo) && constant_bound(node, 2, hi);
}

static int as_element(const sk_node *node, sk_element *e) {
    e->kind = SK_UNARY_CLAMP;
    e->operands = 1;
    return as_clamp(node, &e->p[0], &e->p[1]);
}

const sk_impl sk_impl_clip = {.import = import_clip,
                              .infer = infer_clip,
                              .prepare = prepare_clip,
                              .run = run_clip,
                              SK_TRAITS(.as_clamp = as_clamp, .as_element = as_element)};

/* ---- Where ---- */

static sk_status infer_where(sk_infer *c) {
    char text[SK_NODE_TEXT];
    const sk_tensor *a = c->in[1], *b = c->in[2];
    if (a->type && b->type && a->type != b->type)
        return sk_fail(c->err, SK_TYPE, "%s mixes %s and %s", sk_node_text(c->node, text),
                       sk_type_name(a->type), sk_type_name(b->type));
    SK_TRY(sk_infer_broadcast(c));
    c->out[0]->type = a->type ? a->type : b->type;
    return SK_OK;
}

static sk_status prepare_where(sk_prepare *p) {
    sk_broadcasting *b = sk_prepare_state(p, sizeof *b);
    if (!b) return SK_OUT_OF_MEMORY;
    const int bits = sk_type_bits(p->out[0]->type);
    b->where = bits % 8 ? NULL : sk_select_where((size_t)bits / 8);
    if (!b->where) return sk_no_kernel(p, p->out[0]->type);
    sk_broadcast_ready(b, p->out[0], p->in, 3, NULL, 0);
    return SK_OK;
}

static sk_status run_where(sk_run *r) {
    const void *const in[3] = {r->in[0]->data, r->in[1]->data, r->in[2]->data};
    return sk_elementwise_run(r, r->state, in, r->out[0]->data);
}

const sk_impl sk_impl_where = {.infer = infer_where, .prepare = prepare_where, .run = run_where};
