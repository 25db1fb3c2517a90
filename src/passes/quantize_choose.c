/* Which operators are computed in 8 bits and which values are therefore quantized. Products (convolutions and
 * matrix products with constant weights) always are; from them 8 bits spread to what is between them:
 *
 *   from     a value can be had in 8 bits when a product gives it, or an operator whose inputs all can
 *   wanted   it is quantized when a product reads it, or such an operator of which the result is wanted
 *
 * So a residual sum between convolutions is quantized, one between layer norms is not, and what only leads to
 * an output stays float32. Operators that move numbers give theirs on with their scale. Elementwise operators
 * in a row need no steps between them: any run-time that works on 8 bits looks up 256 results. What is inside
 * of a softmax, a norm or an attention that the model spells out is not seen here: `seen` has them in one. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "passes/quantizer.h"

typedef enum role {
    NONE,
    PRODUCT,
    MOVE,    /* the numbers of input 0 in another order, some of them, or the largest */
    ELEMENT, /* a function of the numbers of one input */
    SUM,     /* a function of the numbers of two inputs */
    MEAN,
    JOIN, /* the numbers of all inputs */
} role;

static const struct {
    const char *op;
    role role;
} roles[] = {
    {"Conv", PRODUCT},      {"ConvTranspose", PRODUCT},
    {"Gemm", PRODUCT},      {"MatMul", PRODUCT},
    {"MaxPool", MOVE},      {"Reshape", MOVE},
    {"Flatten", MOVE},      {"Squeeze", MOVE},
    {"Unsqueeze", MOVE},    {"Transpose", MOVE},
    {"Slice", MOVE},        {"Gather", MOVE},
    {"Split", MOVE},        {"DepthToSpace", MOVE},
    {"SpaceToDepth", MOVE}, {"Expand", MOVE},
    {"Tile", MOVE},         {"GlobalMaxPool", MOVE},
    {"Resize", MOVE},       {"Relu", ELEMENT},
    {"Clip", ELEMENT},      {"LeakyRelu", ELEMENT},
    {"Sigmoid", ELEMENT},   {"HardSigmoid", ELEMENT},
    {"HardSwish", ELEMENT}, {"Swish", ELEMENT},
    {"Gelu", ELEMENT},      {"Tanh", ELEMENT},
    {"Elu", ELEMENT},       {"Mish", ELEMENT},
    {"Softplus", ELEMENT},  {"Abs", ELEMENT},
    {"Add", SUM},           {"Mul", SUM},
    {"Sub", SUM},           {"Div", SUM},
    {"AveragePool", MEAN},  {"GlobalAveragePool", MEAN},
    {"Concat", JOIN},
};

typedef struct choice {
    sk_quantizer *q;
    uint8_t *role;          /* by number of the seen graph's nodes */
    uint8_t *from, *wanted; /* by index of the seen graph's values */
    int32_t *uses, *maker;  /* as well; maker: the node's number, or -1 */
    sk_value **match;       /* as well: the value of that name in the graph to be rewritten, or NULL */
} choice;

/* ---- values by name ---- */

static int by_name(const void *a, const void *b) {
    const sk_value *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

/* Named values that are computed or given, and of whose name there is one. */
static void index_names(sk_quantizer *q) {
    for (int32_t i = 0; i < q->n_values; i++) {
        sk_value *value = q->graph->values[i];
        if (value->name[0] && (value->producer || value->is_input)) q->by_name[q->n_named++] = value;
    }
    qsort(q->by_name, (size_t)q->n_named, sizeof(sk_value *), by_name);
}

static sk_value *find(const sk_quantizer *q, const sk_value *seen) {
    if (!seen || !seen->name[0] || seen->constant || seen->graph != q->seen) return NULL;
    const sk_value *const *key = &seen;
    sk_value **found = bsearch(key, q->by_name, (size_t)q->n_named, sizeof(sk_value *), by_name);
    if (!found || (found > q->by_name && !by_name(found - 1, found)) ||
        (found + 1 < q->by_name + q->n_named && !by_name(found, found + 1)))
        return NULL;
    return *found;
}

/* ---- ranges ---- */

/* Something is known of it, and it is not always zero. */
static int has_range(const sk_quantizer *q, const sk_value *value) {
    if (!value) return 0;
    const sk_range *r = &q->ranges[value->index];
    return r->lo <= r->hi && r->hi - r->lo >= FLT_MIN * 512 && isfinite(r->hi - r->lo);
}

/* ---- operators ---- */

static int is_number(const sk_value *value) {
    return value && value->constant && value->constant->type.type == SK_FLOAT32 &&
           sk_numel(&value->constant->type) == 1;
}

/* The node of the graph to be rewritten that a product of the seen one is; NULL: cannot be quantized. */
static sk_node *product_of(const sk_quantizer *q, const sk_node *seen) {
    const sk_value *out = find(q, seen->outputs[0]);
    sk_node *node = out ? out->producer : NULL;
    if (!node || node->graph != q->graph || strcmp(node->op_type, seen->op_type) != 0 || node->n_inputs < 2)
        return NULL;
    const sk_value *x = node->inputs[0], *w = node->inputs[1];
    if (!x || x->constant || x->graph != q->graph || x->type.type != SK_FLOAT32) return NULL;
    if (!w || !w->constant || w->constant->variable || w->constant->type.type != SK_FLOAT32) return NULL;
    if (!sk_numel(&w->constant->type) || w->constant->type.rank < 2) return NULL;
    return sk_is_excluded(q->options, seen) || sk_is_excluded(q->options, node) ? NULL : node;
}

static int n_activations(role r, const sk_node *node) {
    return r == SUM ? 2 : r == JOIN ? node->n_inputs : 1;
}

/* A Resize that only picks numbers or means of neighbours keeps their range; others overshoot. */
static int is_cubic(const sk_node *node) { return sk_attr_is(node, "mode", "cubic", "nearest"); }

static role role_of(const choice *c, const sk_node *node) {
    role r = NONE;
    for (size_t i = 0; !node->domain[0] && i < sizeof roles / sizeof *roles; i++)
        if (!strcmp(roles[i].op, node->op_type)) r = roles[i].role;
    const sk_value *out = node->n_outputs ? node->outputs[0] : NULL;
    if (r == NONE || !out || out->type.type != SK_FLOAT32 || is_cubic(node)) return NONE;
    if (r == PRODUCT) return product_of(c->q, node) ? r : NONE;
    if (sk_is_excluded(c->q->options, node)) return NONE;
    if (r == SUM && (is_number(node->inputs[0]) || is_number(node->inputs[1]))) r = ELEMENT;
    else if (r == SUM && (strcmp(node->op_type, "Sub") == 0 || strcmp(node->op_type, "Div") == 0))
        return NONE;
    return r;
}

/* Of an elementwise operator the input that is no number. */
static int data_input(role r, const sk_node *node) {
    return r == ELEMENT && node->n_inputs > 1 && is_number(node->inputs[0]) ? 1 : 0;
}

static const sk_value *activation(role r, const sk_node *node, int i) {
    return node->inputs[data_input(r, node) + i];
}

/* Views are not watched: their range is their source's. */
static void give_ranges_on(const choice *c, const sk_node *node) {
    sk_range *ranges = c->q->ranges;
    const sk_value *in = c->match[node->inputs[0]->index];
    for (int i = 0; i < node->n_outputs && in; i++) {
        const sk_value *out = node->outputs[i] ? c->match[node->outputs[i]->index] : NULL;
        if (out && ranges[out->index].lo > ranges[out->index].hi) ranges[out->index] = ranges[in->index];
    }
}

/* Can this operator's results be had in 8 bits? */
static int spreads(const choice *c, role r, const sk_node *node) {
    if (r == NONE) return 0;
    for (int i = 0; i < n_activations(r, node); i++) {
        const sk_value *in = activation(r, node, i);
        if (!in || in->graph != c->q->seen || in->type.type != SK_FLOAT32) return 0;
        if (r != PRODUCT && !c->from[in->index]) return 0;
        if (r != MOVE && !has_range(c->q, c->match[in->index])) return 0;
    }
    for (int i = 0; i < node->n_outputs; i++) {
        const sk_value *out = node->outputs[i];
        if (out && (out->type.type != SK_FLOAT32 || !c->match[out->index])) return 0;
    }
    return 1;
}

static void look_forward(const choice *c) {
    for (int i = 0; i < c->q->seen->n_nodes; i++) {
        const sk_node *node = c->q->seen->nodes[i];
        role r = role_of(c, node);
        if (r == MOVE && node->inputs[0]) give_ranges_on(c, node);
        if (!spreads(c, r, node)) r = NONE;
        c->role[i] = (uint8_t)r;
        for (int j = 0; j < node->n_outputs; j++) {
            const sk_value *out = node->outputs[j];
            if (!out) continue;
            c->maker[out->index] = i;
            c->from[out->index] =
                r != NONE && (r == PRODUCT || r == MOVE || has_range(c->q, c->match[out->index]));
        }
    }
}

/* May the value between two operators stay as it is, since they are computed as one? A clamp bounds the
 * steps of what is before it, and elementwise operators in a row are one. */
static int is_between(const choice *c, const sk_node *node, const sk_value *in) {
    float lo, hi;
    const int maker = c->maker[in->index];
    const sk_traits *traits = node->op->impl->traits;
    if (maker < 0 || c->uses[in->index] != 1 || in->is_output) return 0;
    if (c->role[maker] == ELEMENT) return 1;
    return (c->role[maker] == PRODUCT || c->role[maker] == SUM) && traits && traits->as_clamp &&
           traits->as_clamp(node, &lo, &hi);
}

static void look_back(const choice *c) {
    for (int i = c->q->seen->n_nodes - 1; i >= 0; i--) {
        const sk_node *node = c->q->seen->nodes[i];
        const role r = (role)c->role[i];
        int wanted = r == PRODUCT;
        for (int j = 0; j < node->n_outputs && r != NONE; j++)
            wanted |= node->outputs[j] && c->wanted[node->outputs[j]->index];
        if (!wanted) {
            c->role[i] = NONE;
            continue;
        }
        for (int j = 0; j < n_activations(r, node); j++) {
            const sk_value *in = activation(r, node, j);
            if (r == ELEMENT && is_between(c, node, in)) c->wanted[in->index] |= 2; /* its maker is wanted */
            else c->wanted[in->index] |= 1;
        }
    }
}

/* ---- the result ---- */

static sk_status mark_values(const choice *c) {
    sk_quantizer *q = c->q;
    for (int i = 0; i < q->seen->n_values; i++) {
        const sk_value *value = c->match[i];
        if (!value || !(c->wanted[i] & 1)) continue;
        if (q->ranges[value->index].broken)
            return sk_fail(q->err, SK_VALUE, "'%s' is a NaN or an infinity at times, on the calibration data",
                           value->name);
        if (value->is_input && value->is_output) continue;
        q->forms[value->index].quantized = 1;
        q->n_quantized++;
    }
    for (int i = 0; i < q->seen->n_nodes; i++) {
        const sk_node *node = q->seen->nodes[i];
        if (c->role[i] == PRODUCT) q->products[q->n_products++] = product_of(q, node);
        if (c->role[i] != MOVE) continue;
        sk_value *in = c->match[node->inputs[0]->index];
        for (int j = 0; j < node->n_outputs && in && q->forms[in->index].quantized; j++)
            if (node->outputs[j]) q->forms[c->match[node->outputs[j]->index]->index].like = in;
    }
    return SK_OK;
}

static sk_status choose(choice *c) {
    sk_quantizer *q = c->q;
    index_names(q);
    sk_count_uses(q->graph, q->uses);
    sk_count_uses(q->seen, c->uses);
    for (int i = 0; i < q->seen->n_values; i++) {
        c->match[i] = find(q, q->seen->values[i]);
        c->maker[i] = -1;
    }
    look_forward(c);
    look_back(c);
    return mark_values(c);
}

sk_status sk_quantize_choose(sk_quantizer *q) {
    choice c = {.q = q};
    const size_t values = (size_t)q->seen->n_values + 1;
    c.role = sk_calloc(q->heap, (size_t)q->seen->n_nodes + 1, 1);
    c.from = sk_calloc(q->heap, values, 1);
    c.wanted = sk_calloc(q->heap, values, 1);
    c.uses = sk_calloc(q->heap, values, sizeof *c.uses);
    c.maker = sk_calloc(q->heap, values, sizeof *c.maker);
    c.match = sk_calloc(q->heap, values, sizeof(sk_value *));
    sk_status status = SK_OK;
    if (c.role && c.from && c.wanted && c.uses && c.maker && c.match) status = choose(&c);
    else status = sk_oom(q->err, values * 24);
    sk_free(q->heap, c.role);
    sk_free(q->heap, c.from);
    sk_free(q->heap, c.wanted);
    sk_free(q->heap, c.uses);
    sk_free(q->heap, c.maker);
    sk_free(q->heap, c.match);
    return status;
}

sk_status sk_quantize_products(sk_quantizer *q) {
    index_names(q);
    sk_count_uses(q->graph, q->uses);
    for (int i = 0; i < q->seen->n_nodes; i++) {
        const sk_node *node = q->seen->nodes[i];
        role r = NONE;
        for (size_t j = 0; !node->domain[0] && j < sizeof roles / sizeof *roles; j++)
            if (!strcmp(roles[j].op, node->op_type)) r = roles[j].role;
        sk_node *product = r == PRODUCT && node->outputs[0] ? product_of(q, node) : NULL;
        if (product) q->products[q->n_products++] = product;
    }
    return SK_OK;
}
