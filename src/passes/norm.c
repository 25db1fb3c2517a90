/* Normalisation over the last axes, as exporters spell it out, into one operator that reads its input once:
 *
 *   LayerNormalization  d / sqrt(mean(d^2) + eps) * scale + shift, d = x - mean(x), in PyTorch's order, or
 *                       x * s + (shift - mean(x) * s), s = scale / sqrt(...), in TensorFlow's
 *   RMSNormalization    x / sqrt(mean(x^2) + eps) * scale
 *
 * A shift is taken in when the addition behind an operator made here is visited in its turn. */
#include <string.h>

#include "passes/match.h"

typedef struct moments {
    sk_value *x, *mean, *centred; /* mean NULL: of RMSNormalization; then centred is x */
    int first;                    /* of the axes [first, rank) */
    float epsilon;
} moments;

/* Does a reduction fold all axes from *first on? */
static int last_axes(const sk_match *m, const sk_node *node, int *first) {
    const uint32_t axes = sk_match_folded(m, node), all = (1u << node->inputs[0]->type.rank) - 1;
    *first = axes ? __builtin_ctz(axes) : 0;
    return axes && axes == (all >> *first) << *first;
}

/* x^2 of *x: by Pow or by Mul; *reads: how often that reads it. */
static int square_of(const sk_match *m, const sk_value *value, sk_value **x, int *reads) {
    const sk_node *node = sk_match_maker(m, value, "Mul", 1);
    *reads = 2;
    if (!node) node = sk_match_maker(m, value, "Pow", 1), *reads = 1;
    if (!node || !sk_match_real(node->inputs[0])) return 0;
    *x = node->inputs[0];
    return *reads == 2 ? node->inputs[1] == *x : sk_match_number(m, node->inputs[1], *x, 2);
}

/* x - mean(x) over the axes from `first` on. */
static int is_centred(const sk_match *m, const sk_value *value, moments *s) {
    const sk_node *sub = sk_match_maker(m, value, "Sub", 0);
    const sk_node *mean = sub ? sk_match_maker(m, sub->inputs[1], "ReduceMean", 0) : NULL;
    int first;
    if (!mean || mean->inputs[0] != sub->inputs[0] || !last_axes(m, mean, &first) || first != s->first)
        return 0;
    s->x = sub->inputs[0];
    s->mean = sub->inputs[1];
    return 1;
}

/* sqrt(mean(d^2) + eps) with what stands in it. *reads: how often d is read in it. */
static int deviation_of(const sk_match *m, const sk_value *value, moments *s, int *reads) {
    const sk_node *root = sk_match_maker(m, value, "Sqrt", 1);
    const sk_node *sum = root ? sk_match_maker(m, root->inputs[0], "Add", 1) : NULL;
    sk_value *epsilon;
    const sk_node *mean = sum ? sk_match_input(m, sum, "ReduceMean", 1, &epsilon) : NULL;
    if (!mean || !last_axes(m, mean, &s->first) || !square_of(m, mean->inputs[0], &s->centred, reads) ||
        !sk_match_scalar(m, epsilon, mean->outputs[0], &s->epsilon))
        return 0;
    if (!is_centred(m, s->centred, s)) {
        s->x = s->centred;
        s->mean = NULL;
    }
    return sk_match_real(s->x);
}

/* 1 / sqrt(...): by Reciprocal, or by Div. */
static int inverse_of(const sk_match *m, const sk_value *value, int uses, moments *s, int *reads) {
    const sk_node *node = sk_match_maker(m, value, "Reciprocal", uses);
    if (node) return deviation_of(m, node->inputs[0], s, reads);
    node = sk_match_maker(m, value, "Div", uses);
    return node && sk_match_number(m, node->inputs[0], node->inputs[1], 1) &&
           deviation_of(m, node->inputs[1], s, reads);
}

/* d / sqrt(...), or d * (1 / sqrt(...)), read once. */
static int normalised(const sk_match *m, const sk_value *value, moments *s) {
    int reads;
    const sk_node *node = sk_match_maker(m, value, "Div", 1);
    const sk_value *d = NULL;
    if (node && deviation_of(m, node->inputs[1], s, &reads)) d = node->inputs[0];
    node = d ? NULL : sk_match_maker(m, value, "Mul", 1);
    for (int i = 0; node && i < 2 && !d; i++)
        if (inverse_of(m, node->inputs[i], 1, s, &reads)) d = node->inputs[1 - i];
    if (!d) return 0;
    if (!s->mean) return d == s->x;
    /* PyTorch once exported the subtraction twice */
    moments other = *s;
    if (d != s->centred && (!is_centred(m, d, &other) || other.x != s->x)) return 0;
    return m->uses[d->index] == (d == s->centred ? reads + 1 : 1) &&
           m->uses[s->centred->index] == (d == s->centred ? reads + 1 : reads);
}

/* Has value exactly the shape of x's last axes (leading ones aside)? */
static int is_factor(const sk_value *value, const moments *s) {
    const sk_tensor *x = &s->x->type, *t = &value->type;
    if (!sk_match_real(value) || t->rank > x->rank) return 0;
    for (int i = 1; i <= t->rank || i <= x->rank - s->first; i++) {
        const int32_t want = i <= x->rank - s->first ? x->dims[x->rank - i] : 1;
        if (want < 1 || (i <= t->rank ? t->dims[t->rank - i] : 1) != want) return 0;
    }
    return 1;
}

static sk_status replace(sk_match *m, const sk_node *node, const moments *s, sk_value *scale,
                         sk_value *shift) {
    sk_value *const inputs[3] = {s->x, scale, shift};
    const sk_attr attrs[2] = {{.name = "axis", .kind = SK_ATTR_INT, .i = s->first - s->x->type.rank},
                              {.name = "epsilon", .kind = SK_ATTR_FLOAT, .f = s->epsilon}};
    return s->mean ? sk_match_replace(m, node, "LayerNormalization", 17, shift ? 3 : 2, inputs, 2, attrs)
                   : sk_match_replace(m, node, "RMSNormalization", 23, 2, inputs, 2, attrs);
}

static sk_status visit_mul(sk_match *m, const sk_node *node) {
    moments s;
    for (int i = 0; i < 2; i++)
        if (normalised(m, node->inputs[i], &s) && is_factor(node->inputs[1 - i], &s))
            return replace(m, node, &s, node->inputs[1 - i], NULL);
    return SK_OK;
}

/* TensorFlow's order: x * s + (shift - mean * s). */
static sk_status visit_tensorflow(sk_match *m, const sk_node *node) {
    sk_value *with_x;
    const sk_node *rest = sk_match_input(m, node, "Sub", 1, &with_x);
    const sk_node *product = rest ? sk_match_maker(m, rest->inputs[1], "Mul", 1) : NULL;
    const sk_node *scaled = product ? sk_match_maker(m, with_x, "Mul", 1) : NULL;
    for (int i = 0; scaled && i < 4; i++) {
        sk_value *both = product->inputs[i & 1], *x = scaled->inputs[i >> 1];
        if (scaled->inputs[1 - (i >> 1)] != both) continue;
        const sk_node *factor = sk_match_maker(m, both, "Mul", 2);
        for (int j = 0; factor && j < 2; j++) {
            moments s;
            int reads;
            if (inverse_of(m, factor->inputs[j], 1, &s, &reads) && s.mean && s.x == x &&
                product->inputs[1 - (i & 1)] == s.mean && m->uses[s.centred->index] == reads &&
                is_factor(factor->inputs[1 - j], &s) && is_factor(rest->inputs[0], &s))
                return replace(m, node, &s, factor->inputs[1 - j], rest->inputs[0]);
        }
    }
    return SK_OK;
}

static sk_status visit_add(sk_match *m, const sk_node *node) {
    sk_value *shift;
    const sk_node *norm = sk_match_input(m, node, "LayerNormalization", 1, &shift);
    if (!norm || norm->n_inputs != 2 || norm->n_outputs != 1) return visit_tensorflow(m, node);
    sk_value *const inputs[3] = {norm->inputs[0], norm->inputs[1], shift};
    const int64_t axis = sk_attr_int(norm, "axis", -1);
    const moments s = {.x = norm->inputs[0],
                       .first = (int)(axis < 0 ? axis + norm->inputs[0]->type.rank : axis)};
    if (!sk_match_real(s.x) || s.first < 0 || !is_factor(shift, &s)) return SK_OK;
    return sk_match_replace(m, node, "LayerNormalization", 17, 3, inputs, norm->n_attrs, norm->attrs);
}

static sk_status visit(sk_match *m, sk_node *node) {
    if (!sk_match_real(node->outputs[0])) return SK_OK;
    if (sk_match_is(node, "Mul")) return visit_mul(m, node);
    return sk_match_is(node, "Add") ? visit_add(m, node) : SK_OK;
}

sk_status sk_pass_norm(sk_ir *ir, sk_error *err) { return sk_match_each(ir, err, visit); }
