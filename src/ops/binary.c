/* Functions of two numbers with broadcasting: arithmetic, logic, comparisons, shifts, PRelu, Pow. */
#include "ops/affine.h"
#include "ops/elementwise.h"

/* How Pow is computed when the exponent turns out to be one of these numbers: faster, and better rounded. */
typedef struct power_case {
    float exponent;
    uint8_t kind;
} power_case;

#define POWERS 3
static const power_case power_cases[POWERS] = {
    {2, SK_UNARY_SQUARE}, {3, SK_UNARY_CUBE}, {-1, SK_UNARY_RECIPROCAL}};

typedef struct binary_state {
    sk_broadcasting loops;
    sk_broadcasting unary;       /* Pow by one number: the base of the result's shape */
    sk_unary_fn *powers[POWERS]; /* NULL: not that case */
    uint8_t swap;
} binary_state;

/* ---- import ---- */

static sk_status import_mod(sk_import *c) {
    int64_t *fmod = sk_params(c, sizeof *fmod);
    if (!fmod) return SK_OUT_OF_MEMORY;
    return sk_want_int(c, "fmod", 0, fmod);
}

static sk_status import_shift(sk_import *c) {
    static const char *const words[] = {"LEFT", "RIGHT", NULL};
    int *right = sk_params(c, sizeof *right);
    if (!right) return SK_OUT_OF_MEMORY;
    if (!sk_node_attr(c->node, "direction"))
        return sk_bad_attr(c, SK_MALFORMED, "attribute 'direction' is missing");
    return sk_want_word(c, "direction", words, 0, right);
}

static int kind_of(const sk_node *node) {
    const int kind = node->op->param & ~SK_OP_SWAP;
    if (kind == SK_BINARY_MOD && *(const int64_t *)node->params) return SK_BINARY_FMOD;
    if (kind == SK_BINARY_SHIFT_LEFT && *(const int *)node->params) return SK_BINARY_SHIFT_RIGHT;
    return kind;
}

/* ---- infer ---- */

static sk_status infer(sk_infer *c) {
    SK_TRY(sk_infer_broadcast(c));
    SK_TRY(sk_same_types(c));
    if (kind_of(c->node) >= SK_BINARY_EQUAL) c->out[0]->type = SK_BOOL;
    return SK_OK;
}

static sk_status infer_pow(sk_infer *c) {
    SK_TRY(sk_want_types(c, 1, SK_T_ARITH));
    return sk_infer_broadcast(c);
}

/* The slope stretches to the input, not the other way round. */
static sk_status infer_prelu(sk_infer *c) {
    char text[2][SK_SHAPE_TEXT];
    SK_TRY(sk_infer_broadcast(c));
    if (sk_shape_known(c->in[0]) && sk_shape_known(c->out[0]) && !sk_same_shape(c->in[0], c->out[0]))
        return sk_bad_shape(c, "slope %s does not broadcast to %s", sk_tensor_text(c->in[1], text[0]),
                            sk_tensor_text(c->in[0], text[1]));
    return sk_same_types(c);
}

/* ---- prepare and run ---- */

static sk_status prepare(sk_prepare *p) {
    binary_state *s = p->state = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    s->swap = (p->node->op->param & SK_OP_SWAP) != 0;
    const sk_tensor *const in[2] = {p->in[s->swap], p->in[!s->swap]};
    return sk_binary_ready(p, &s->loops, kind_of(p->node), in, p->out[0]);
}

static sk_status run(sk_run *r) {
    const binary_state *s = r->state;
    const void *const in[2] = {r->in[s->swap]->data, r->in[!s->swap]->data};
    return sk_elementwise_run(r, &s->loops, in, r->out[0]->data);
}

static sk_status prepare_pow(sk_prepare *p) {
    binary_state *s = p->state = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    const int type = p->in[0]->type,
              integers = sk_type_in(type, SK_T_INT) && sk_type_in(p->in[1]->type, SK_T_INT);
    const uint8_t loop = integers ? SK_INT64 : SK_FLOAT64, loops[2] = {loop, loop};
    s->loops.binary = sk_select_binary(SK_BINARY_POW, loop, sk_reference(p));
    sk_broadcast_ready(&s->loops, p->out[0], p->in, 2, loops, loop);
    if (integers || sk_numel(p->in[1]) != 1 || !sk_same_shape(p->in[0], p->out[0])) return SK_OK;
    const uint8_t one[1] = {sk_type_in(type, SK_T_INT) ? SK_FLOAT64 : (uint8_t)sk_unary_loop(type)};
    sk_broadcast_ready(&s->unary, p->out[0], p->in, 1, one, one[0]);
    for (int i = 0; i < POWERS; i++)
        s->powers[i] = sk_select_unary(power_cases[i].kind, one[0], sk_reference(p));
    return SK_OK;
}

static sk_status run_pow(sk_run *r) {
    const binary_state *s = r->state;
    const void *const in[2] = {r->in[0]->data, r->in[1]->data};
    double exponent = 0;
    if (s->powers[0]) sk_convert(r->in[1]->type, SK_FLOAT64, in[1], &exponent, 0, 1);
    for (int i = 0; i < POWERS && s->powers[0]; i++) {
        if (exponent != power_cases[i].exponent) continue;
        sk_broadcasting unary = s->unary;
        unary.args.kind = power_cases[i].kind;
        unary.unary = s->powers[i];
        return sk_elementwise_run(r, &unary, in, r->out[0]->data);
    }
    return sk_elementwise_run(r, &s->loops, in, r->out[0]->data);
}

/* ---- as a link of a chain ---- */

static int as_element(const sk_node *node, sk_element *e) {
    e->kind = node->op->param;
    e->operands = 2;
    return 1;
}

/* By a constant that one of the fast cases is for. */
static int pow_as_element(const sk_node *node, sk_element *e) {
    const sk_const *c = node->inputs[1]->constant;
    if (!c || c->variable || !c->type.data || c->type.type != SK_FLOAT32 || sk_numel(&c->type) != 1) return 0;
    for (int i = 0; i < POWERS; i++)
        if (*(const float *)c->type.data == power_cases[i].exponent) {
            e->kind = power_cases[i].kind;
            e->operands = 1;
            return 1;
        }
    return 0;
}

const sk_impl sk_impl_binary = {.infer = infer, .prepare = prepare, .run = run};
const sk_impl sk_impl_arithmetic = {.infer = infer,
                                    .prepare = prepare,
                                    .run = run,
                                    SK_TRAITS(.as_affine = sk_affine_binary, .as_element = as_element)};
const sk_impl sk_impl_mod = {.import = import_mod, .infer = infer, .prepare = prepare, .run = run};
const sk_impl sk_impl_bit_shift = {.import = import_shift, .infer = infer, .prepare = prepare, .run = run};
const sk_impl sk_impl_prelu = {.infer = infer_prelu, .prepare = prepare, .run = run};
const sk_impl sk_impl_pow = {
    .infer = infer_pow, .prepare = prepare_pow, .run = run_pow, SK_TRAITS(.as_element = pow_as_element)};
