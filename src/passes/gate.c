/* Activations that multiply a number by a gate of it, as exporters spell them out:
 *
 *   Gelu       x * (1 + erf(x / sqrt 2)) / 2, or x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3))) / 2
 *   Swish      x * sigmoid(alpha * x)
 *   HardSwish  x * hard_sigmoid(x)
 *
 * Products come in any order and nesting; so a product is taken apart into its factors first. */
#include <math.h>
#include <string.h>

#include "passes/match.h"

/* constant * x^powers * others */
typedef struct product {
    const sk_value *x; /* NULL: not known yet; then it is among the others */
    float constant;
    int powers, n_others;
    sk_value *others[2];
} product;

/* Takes value's factors into p; 0 when it is not such a product. */
static int take(const sk_match *m, sk_value *value, int depth, product *p) {
    float factor;
    if (value == p->x) return ++p->powers > 0;
    if (depth < 4) {
        const sk_node *node = sk_match_maker(m, value, "Mul", 1);
        if (!node) node = sk_match_maker(m, value, "Div", 1);
        sk_value *scaled = node ? sk_match_scaled(m, node, &factor) : NULL;
        if (scaled) {
            p->constant *= factor;
            return take(m, scaled, depth + 1, p);
        }
        if (node && sk_match_is(node, "Mul"))
            return take(m, node->inputs[0], depth + 1, p) && take(m, node->inputs[1], depth + 1, p);
        node = sk_match_maker(m, value, "Pow", 1);
        if (node && p->x && node->inputs[0] == p->x &&
            sk_match_scalar(m, node->inputs[1], node->inputs[0], &factor) &&
            (factor == 2.0f || factor == 3.0f)) {
            p->powers += (int)factor;
            return 1;
        }
    }
    if (p->n_others == 2) return 0;
    p->others[p->n_others++] = value;
    return 1;
}

static int near(float x, double want) { return fabs(x - want) <= 1e-5 * fabs(want); }

/* Is value = constant * x^powers? */
static int is_power(const sk_match *m, sk_value *value, const sk_value *x, double constant, int powers) {
    product p = {.x = x, .constant = 1};
    return take(m, value, 0, &p) && !p.n_others && p.powers == powers && near(p.constant, constant);
}

/* sqrt(2 / pi) * (x + 0.044715 x^3), or sqrt(2 / pi) * x * (1 + 0.044715 x^2) */
static int is_gelu_argument(const sk_match *m, sk_value *value, const sk_value *x) {
    product p = {.x = x, .constant = 1};
    if (!take(m, value, 0, &p) || p.n_others != 1 || !near(p.constant, 0.7978845608) || p.powers > 1)
        return 0;
    const sk_node *sum = sk_match_maker(m, p.others[0], "Add", 1);
    for (int i = 0; sum && i < 2; i++) {
        sk_value *first = sum->inputs[i], *second = sum->inputs[1 - i];
        if (!is_power(m, second, x, 0.044715, 3 - p.powers)) continue;
        if (p.powers ? sk_match_number(m, first, x, 1) : first == x) return 1;
    }
    return 0;
}

/* What x * gate, times `constant`, is. */
typedef struct gate {
    const char *op;
    int version, tanh;
    float constant, alpha;
} gate;

static int gelu_gate(const sk_match *m, const sk_value *value, const sk_value *x, gate *g) {
    const sk_node *sum = sk_match_maker(m, value, "Add", 1);
    sk_value *one;
    if (!sum) return 0;
    const sk_node *erf = sk_match_input(m, sum, "Erf", 1, &one);
    const sk_node *tanh = erf ? NULL : sk_match_input(m, sum, "Tanh", 1, &one);
    if ((!erf && !tanh) || !sk_match_number(m, one, x, 1)) return 0;
    *g = (gate){"Gelu", 20, tanh != NULL, 0.5f, 0};
    return erf ? is_power(m, erf->inputs[0], x, 0.70710678, 1) : is_gelu_argument(m, tanh->inputs[0], x);
}

static int find_gate(const sk_match *m, const sk_value *value, const sk_value *x, gate *g) {
    if (gelu_gate(m, value, x, g)) return 1;
    const sk_node *node = sk_match_maker(m, value, "Sigmoid", 1);
    if (node) {
        product p = {.x = x, .constant = 1};
        *g = (gate){"Swish", 24, 0, 1, 0};
        const int found = take(m, node->inputs[0], 0, &p) && !p.n_others && p.powers == 1;
        g->alpha = p.constant;
        return found && p.constant != 0;
    }
    node = sk_match_maker(m, value, "HardSigmoid", 1);
    *g = (gate){"HardSwish", 14, 0, 1, 0};
    return node && node->inputs[0] == x && near(sk_attr_float(node, "alpha", 0.2f), 1.0 / 6) &&
           near(sk_attr_float(node, "beta", 0.5f), 0.5);
}

static sk_status visit(sk_match *m, sk_node *node) {
    product p = {.constant = 1};
    gate g;
    if ((!sk_match_is(node, "Mul") && !sk_match_is(node, "Div")) || !sk_match_real(node->outputs[0]))
        return SK_OK;
    float factor = 1;
    sk_value *scaled = sk_match_scaled(m, node, &factor);
    p.constant = scaled ? factor : 1;
    if (!scaled && sk_match_is(node, "Div")) return SK_OK;
    if (!take(m, scaled ? scaled : node->inputs[0], 1, &p)) return SK_OK;
    if (!scaled && !take(m, node->inputs[1], 1, &p)) return SK_OK;
    if (p.n_others != 2) return SK_OK;
    for (int i = 0; i < 2; i++) {
        sk_value *x = p.others[i];
        if (!sk_match_real(x) || !find_gate(m, p.others[1 - i], x, &g) || !near(p.constant, g.constant))
            continue;
        const sk_attr alpha = {.name = "alpha", .kind = SK_ATTR_FLOAT, .f = g.alpha};
        const sk_attr tanh = {.name = "approximate", .kind = SK_ATTR_STRING, .s = {"tanh", 4}};
        const int n_attrs = g.tanh || g.alpha != 0;
        return sk_match_replace(m, node, g.op, g.version, 1, &x, n_attrs, g.tanh ? &tanh : &alpha);
    }
    return SK_OK;
}

sk_status sk_pass_gate(sk_ir *ir, sk_error *err) { return sk_match_each(ir, err, visit); }
