/* Functions of two numbers with broadcasting: arithmetic, logic, comparisons, shifts, PRelu, Pow; and those
 * of the first opsets, which broadcast in their own way. */
#include "ops/affine.h"
#include "ops/characters.h"
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
    SK_TRY(sk_infer_broadcast(c));
    if (sk_shape_known(c->in[0]) && sk_shape_known(c->out[0]) && !sk_same_shape(c->in[0], c->out[0]))
        return sk_bad_shape(c, "slope %pT does not broadcast to %pT", c->in[1], c->in[0]);
    return sk_same_types(c);
}

/* ---- prepare and run ---- */

static int equal_strings(int kind, const void *pa, int a_step, const void *pb, int b_step, void *py,
                         size_t n) {
    const sk_string *a = pa, *b = pb;
    uint8_t *y = py;
    (void)kind;
    for (size_t i = 0; i < n; i++, a += a_step, b += b_step) y[i] = (uint8_t)sk_string_equal(a, b);
    return 0;
}

static sk_status prepare(sk_prepare *p) {
    binary_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    s->swap = (p->node->op->param & SK_OP_SWAP) != 0;
    const sk_tensor *const in[2] = {p->in[s->swap], p->in[!s->swap]};
    if (in[0]->type == SK_STRING) {
        s->loops.binary = equal_strings;
        sk_broadcast_ready(&s->loops, p->out[0], in, 2, NULL, 0);
        return SK_OK;
    }
    return sk_binary_ready(p, &s->loops, kind_of(p->node), in, p->out[0]);
}

static sk_status run(sk_run *r) {
    const binary_state *s = r->state;
    const void *const in[2] = {r->in[s->swap]->data, r->in[!s->swap]->data};
    return sk_elementwise_run(r, &s->loops, in, r->out[0]->data);
}

static sk_status prepare_pow(sk_prepare *p) {
    binary_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    const int type = p->in[0]->type,
              integers = sk_type_in(type, SK_T_INT) && sk_type_in(p->in[1]->type, SK_T_INT);
    const uint8_t loop = integers ? SK_INT64 : SK_FLOAT64, loops[2] = {loop, loop};
    s->loops.args.kind = SK_BINARY_POW;
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

/* ---- up to opset 6 ---- */

/* Only the second operand stretches, and only where `broadcast` says so: it is one number, or its shape is a
 * part of the first one's, from `axis` on (by default the last part). */
typedef struct limited_params {
    int64_t broadcast, axis;
    uint8_t has_axis;
} limited_params;

static sk_status import_limited(sk_import *c) {
    limited_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    if (c->node->op->param == SK_BINARY_PRELU) { /* has no attributes: a slope for each channel */
        params->broadcast = params->axis = params->has_axis = 1;
        return SK_OK;
    }
    params->has_axis = sk_node_attr(c->node, "axis") != NULL;
    SK_TRY(sk_want_int(c, "broadcast", 0, &params->broadcast));
    return sk_want_int(c, "axis", 0, &params->axis);
}

/* The second operand as today's broadcasting wants it: with ones up to the first one's rank. */
static sk_status place_second(const sk_node *node, const sk_tensor *const *in, sk_tensor *placed,
                              sk_error *err) {
    const limited_params *params = node->params;
    const sk_tensor *a = in[0], *b = in[1];
    const sk_infer c = {.node = node, .in = in, .n_in = 2, .err = err};
    int axis = a->rank - b->rank, one = b->rank <= a->rank, fits = one;
    *placed = *b;
    for (int i = 0; i < b->rank; i++) one = one && b->dims[i] == 1;
    if (b->rank == a->rank || (one && params->broadcast)) return SK_OK;
    if (params->has_axis && fits) {
        SK_TRY(sk_axis_in(&c, params->axis, a->rank + 1, &axis));
        if (params->axis < 0) axis--; /* counted in the first operand's axes */
        fits = axis + b->rank <= a->rank;
    }
    if (!fits || !params->broadcast)
        return sk_bad_shape(&c, "%pT is no part of %pT%s", b, a,
                            params->broadcast ? "" : ", without broadcast");
    placed->rank = a->rank;
    for (int i = 0; i < a->rank; i++) {
        const int inside = i >= axis && i < axis + b->rank;
        placed->dims[i] = inside ? b->dims[i - axis] : 1;
    }
    return SK_OK;
}

static sk_status infer_limited(sk_infer *c) {
    const sk_tensor *a = c->in[0];
    sk_tensor placed;
    const sk_tensor *const in[2] = {a, &placed};
    c->out[0]->type = kind_of(c->node) >= SK_BINARY_EQUAL ? SK_BOOL : a->type;
    if (a->rank < 0 || c->in[1]->rank < 0) return SK_OK;
    SK_TRY(place_second(c->node, c->in, &placed, c->err));
    c->in = in;
    SK_TRY(infer_prelu(c));
    if (kind_of(c->node) >= SK_BINARY_EQUAL) c->out[0]->type = SK_BOOL;
    return SK_OK;
}

static sk_status prepare_limited(sk_prepare *p) {
    sk_tensor placed;
    const sk_tensor *const *given = p->in, *const in[2] = {given[0], &placed};
    SK_TRY(place_second(p->node, given, &placed, p->err));
    p->in = in;
    const int is_pow = p->node->op->param == SK_BINARY_POW;
    if (is_pow) p->run = run_pow;
    const sk_status status = is_pow ? prepare_pow(p) : prepare(p);
    p->in = given;
    return status;
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
const sk_impl sk_impl_limited = {
    .import = import_limited, .infer = infer_limited, .prepare = prepare_limited, .run = run};
