/* exp(x - max(x)) / sum(exp(x - max(x))), as exporters of older graphs spell it out, is Softmax. */
#include "passes/match.h"

static sk_status replace(sk_match *m, const sk_node *node, const sk_value *top, const sk_node *sum) {
    const sk_node *exp = sk_match_maker(m, top, "Exp", 2);
    const sk_node *sub = exp ? sk_match_maker(m, exp->inputs[0], "Sub", 1) : NULL;
    const sk_node *max = sub ? sk_match_maker(m, sub->inputs[1], "ReduceMax", 1) : NULL;
    if (!max || sum->inputs[0] != top || max->inputs[0] != sub->inputs[0]) return SK_OK;
    const uint32_t axes = sk_match_folded(m, sum);
    if (!axes || (axes & (axes - 1)) || sk_match_folded(m, max) != axes) return SK_OK;
    sk_value *x = sub->inputs[0];
    const sk_attr attr = {.name = "axis", .kind = SK_ATTR_INT, .i = __builtin_ctz(axes)};
    return sk_match_replace(m, node, "Softmax", 13, 1, &x, 1, &attr);
}

static sk_status visit(sk_match *m, sk_node *node) {
    if (sk_match_is(node, "Div")) {
        const sk_node *sum = sk_match_maker(m, node->inputs[1], "ReduceSum", 1);
        if (sum) return replace(m, node, node->inputs[0], sum);
    } else if (sk_match_is(node, "Mul")) {
        sk_value *top;
        const sk_node *inverse = sk_match_input(m, node, "Reciprocal", 1, &top);
        const sk_node *sum = inverse ? sk_match_maker(m, inverse->inputs[0], "ReduceSum", 1) : NULL;
        if (sum) return replace(m, node, top, sum);
    }
    return SK_OK;
}

sk_status sk_pass_softmax(sk_ir *ir, sk_error *err) { return sk_match_each(ir, err, visit); }
