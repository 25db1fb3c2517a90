/* A chain of elementwise float32 operators as one node (made by passes/chain.c): one pass over memory. Before
 * it runs it is simplified: scales, shifts and bounds in a row are one function, x * bounded(x) is another,
 * so that HardSwish written as Add, Clip, Mul, Div and the scale and shift behind it are a single kernel. */
#include <math.h>
#include <string.h>

#include "ops/elementwise.h"

typedef struct link {
    sk_element e; /* operands 0: gone, its work is done by another */
    int16_t from[2];
    int uses;
} link;

typedef struct chain_state {
    sk_broadcasting loops;
    sk_chain chain;
} chain_state;

/* Larger shifts round what they are added to: that may be what they are for. */
#define SMALL_SHIFT 65536.0f

static int is_free(const sk_element *e) { return e->p[2] == -INFINITY && e->p[3] == INFINITY; }

static void set_linear(link *l, int from, float scale, float shift, float lo, float hi) {
    l->e = (sk_element){.kind = SK_UNARY_LINEAR, .operands = 1, .p = {scale, shift, lo, hi}};
    l->from[0] = (int16_t)from;
}

/* Functions of one operand that are linear within bounds. */
static void make_linear(link *l) {
    const float *p = l->e.p;
    if (l->e.kind == SK_UNARY_CLAMP) set_linear(l, l->from[0], 1, 0, p[0], p[1]);
    else if (l->e.kind == SK_UNARY_NEG) set_linear(l, l->from[0], -1, 0, -INFINITY, INFINITY);
}

/* Functions of two operands, number `at` of which is the constant c. */
static void make_linear_by(link *l, int at, float c) {
    const float inf = INFINITY;
    const int x = l->from[1 - at], first = at == 0;
    if (!isfinite(c)) return;
    switch (l->e.kind) {
    case SK_BINARY_ADD: set_linear(l, x, 1, c, -inf, inf); break;
    case SK_BINARY_SUB: set_linear(l, x, first ? -1 : 1, first ? c : -c, -inf, inf); break;
    case SK_BINARY_MUL: set_linear(l, x, c, 0, -inf, inf); break;
    case SK_BINARY_DIV:
        if (!first && isnormal(c) && isnormal(1 / c)) set_linear(l, x, 1 / c, 0, -inf, inf);
        break;
    case SK_BINARY_MIN: set_linear(l, x, 1, 0, -inf, c); break;
    case SK_BINARY_MAX: set_linear(l, x, 1, 0, c, inf); break;
    default: break;
    }
}

/* Bounds of s * x + t when lo and hi are those of x. */
static void move_bounds(float *lo, float *hi, float s, float t) {
    const float a = *lo * s + t, b = *hi * s + t;
    *lo = s < 0 ? b : a;
    *hi = s < 0 ? a : b;
}

/* q behind p as one function in p's place: 1 when that can be. */
static int join_linear(sk_element *p, const sk_element *q) {
    const float s = q->p[0], t = q->p[1];
    if (!isnormal(s) || fabsf(t) > SMALL_SHIFT || fabsf(p->p[1]) > SMALL_SHIFT) return 0;
    if (p->kind == SK_UNARY_LINEAR) {
        p->p[0] *= s;
        p->p[1] = p->p[1] * s + t;
        move_bounds(&p->p[2], &p->p[3], s, t);
        p->p[2] = sk_clamp1(p->p[2], q->p[2], q->p[3]);
        p->p[3] = sk_clamp1(p->p[3], q->p[2], q->p[3]);
        return 1;
    }
    if (p->kind != SK_UNARY_HARD_SWISH || !is_free(q)) return 0;
    p->p[0] *= s;
    p->p[1] *= s;
    move_bounds(&p->p[2], &p->p[3], s, 0);
    p->p[4] = p->p[4] * s + t;
    return 1;
}

/* x * g(x) where one kernel does both. */
static int join_gate(link *product, const link *gate, int x) {
    if (gate->e.operands != 1 || gate->from[0] != x) return 0;
    if (gate->e.kind == SK_UNARY_LINEAR) {
        product->e = gate->e;
        product->e.kind = SK_UNARY_HARD_SWISH;
    } else if (gate->e.kind == SK_UNARY_SIGMOID) {
        product->e = (sk_element){.kind = SK_UNARY_SWISH, .operands = 1, .p = {1}};
    } else {
        return 0;
    }
    product->from[0] = (int16_t)x;
    return 1;
}

static link *made_by(link *links, int from) { return from < 0 ? &links[~from] : NULL; }

/* What link l does joined with what the links before it do. */
static void join(link *links, link *l) {
    if (l->e.operands == 1) {
        link *before = made_by(links, l->from[0]);
        if (l->e.kind != SK_UNARY_LINEAR || !before || before->uses != 1 || before->e.operands != 1) return;
        sk_element joined = before->e;
        if (!join_linear(&joined, &l->e)) return;
        l->e = joined;
        l->from[0] = before->from[0];
        before->e.operands = 0;
        return;
    }
    for (int i = 0; i < 2 && l->e.operands == 2 && l->e.kind == SK_BINARY_MUL; i++) {
        link *gate = made_by(links, l->from[i]);
        const int x = l->from[1 - i];
        if (!gate || gate->uses != 1 || !join_gate(l, gate, x)) continue;
        gate->e.operands = 0;
        link *source = made_by(links, x);
        if (source) source->uses--;
    }
}

/* The one number that input i is, when it is known. */
static int known_number(const sk_prepare *p, int i, float *number) {
    const sk_const *c = i >= 0 ? p->constants[i] : NULL;
    if (!c || c->variable || c->scale || !c->type.data || sk_numel(&c->type) != 1) return 0;
    *number = *(const float *)c->type.data;
    return 1;
}

static void simplify(const sk_prepare *p, link *links, int n) {
    float number;
    for (int i = 0; i < n; i++) {
        link *l = &links[i];
        for (int k = 0; k < 2 && l->e.operands == 2; k++)
            if (known_number(p, l->from[k], &number)) make_linear_by(l, k, number);
        if (l->e.operands == 1) make_linear(l);
        join(links, l);
    }
}

/* ---- steps ---- */

static int take_register(uint32_t *taken) {
    int r = 0;
    while ((*taken >> r) & 1) r++;
    *taken |= 1u << r;
    return r;
}

/* Is link i read behind link k? */
static int read_later(const link *links, int n, int i, int k) {
    for (k++; k < n; k++)
        for (int j = 0; j < links[k].e.operands; j++)
            if (links[k].from[j] == ~i) return 1;
    return 0;
}

static sk_status make_steps(const sk_prepare *p, sk_chain *chain, const link *links, int n) {
    int8_t at[SK_CHAIN_LINKS]; /* the register that holds a link's result */
    uint32_t taken = 0;
    for (int k = 0; k < n; k++) {
        const link *l = &links[k];
        if (!l->e.operands) continue;
        sk_chain_step *s = &chain->steps[chain->n_steps++];
        int8_t from[2] = {0, 0};
        for (int j = 0; j < l->e.operands; j++) {
            from[j] = (int8_t)(l->from[j] < 0 ? ~at[~l->from[j]] : l->from[j]);
            if (l->from[j] < 0 && !read_later(links, n, ~l->from[j], k)) taken &= ~(1u << at[~l->from[j]]);
        }
        s->a = from[0];
        s->b = from[1];
        if (k < n - 1) at[k] = (int8_t)take_register(&taken);
        s->to = (int8_t)(k < n - 1 ? ~at[k] : 0);
        s->args.kind = l->e.kind;
        memcpy(s->args.p, l->e.p, sizeof s->args.p);
        if (l->e.operands == 1) s->unary = sk_select_unary(l->e.kind, SK_FLOAT32, sk_reference(p));
        else s->binary = sk_select_binary(l->e.kind, SK_FLOAT32, sk_reference(p));
        if (l->e.operands == 2 && !s->binary) s->binary = sk_select_binary(l->e.kind, SK_FLOAT32, 0);
        if (!s->unary && !s->binary) return sk_no_kernel(p, SK_FLOAT32);
    }
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    const sk_links *made = p->node->params;
    link links[SK_CHAIN_LINKS] = {{.uses = 0}};
    chain_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    for (int i = 0; i < made->n; i++) {
        links[i].e = made->link[i].element;
        for (int j = 0; j < links[i].e.operands; j++) {
            const int from = links[i].from[j] = made->link[i].from[j];
            if (from < 0) links[~from].uses++;
        }
    }
    if (!sk_reference(p)) simplify(p, links, made->n);
    SK_TRY(make_steps(p, &s->chain, links, made->n));
    sk_broadcast_ready(&s->loops, p->out[0], p->in, p->n_in, NULL, 0);
    s->loops.chain = &s->chain;
    s->loops.element_ns = 0.2f + 0.15f * (float)s->chain.n_steps;
    return SK_OK;
}

static sk_status run(sk_run *r) {
    const chain_state *s = r->state;
    const void *in[SK_CHAIN_INPUTS] = {NULL};
    for (int i = 0; i < SK_CHAIN_INPUTS && i < r->n_in; i++) in[i] = r->in[i]->data;
    return sk_elementwise_run(r, &s->loops, in, r->out[0]->data);
}

_Static_assert(SK_CHAIN_INPUTS <= SK_OPERANDS && SK_CHAIN_LINKS <= SK_CHAIN_STEPS, "room for a chain");
_Static_assert(sizeof(((sk_element *)0)->p) == sizeof(((sk_unary_args *)0)->p), "the same numbers");

const sk_impl sk_impl_chain = {.infer = sk_infer_broadcast, .prepare = prepare, .run = run};
