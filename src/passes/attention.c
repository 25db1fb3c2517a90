/* Attention spelled out: softmax(Q K' * scale + mask) V becomes one operator. It is found in two steps: first
 * the products themselves, on operands [batch][heads][rows][depth]; then, where these are transposes of
 * [batch][rows][heads * depth] and the result is transposed back, the operator takes and makes those, and the
 * transposes are gone. */
#include <string.h>

#include "passes/match.h"

/* The matrices' own axes: the last two. */
static int swaps_last(const int64_t *perm, int rank, int64_t *others) {
    int is_identity = 1;
    for (int i = 0; i < rank; i++) {
        others[i] = perm[i < rank - 2 ? i : 2 * rank - 3 - i];
        is_identity &= others[i] == i;
    }
    return is_identity;
}

/* Gives a transpose another permutation. */
static sk_status permute(sk_match *m, sk_node *node, const int64_t *perm, int rank) {
    sk_attr *attr = sk_arena_calloc(&m->ir->arena, 1, sizeof *attr);
    int64_t *copy = sk_arena_calloc(&m->ir->arena, SK_MAX_RANK, sizeof *copy);
    if (!attr || !copy) return sk_oom(m->err, SK_MAX_RANK * sizeof *copy);
    memcpy(copy, perm, (size_t)rank * sizeof *copy);
    *attr = (sk_attr){.name = "perm", .kind = SK_ATTR_INTS, .count = (uint32_t)rank, .ints = copy};
    node->attrs = attr;
    node->n_attrs = 1;
    for (int i = 0; i < rank; i++) node->outputs[0]->type.dims[i] = node->inputs[0]->type.dims[perm[i]];
    sk_import import = {m->ir, node, m->err};
    return node->op->impl->import(&import);
}

static const int64_t *permutation(const sk_node *node, int rank) {
    uint32_t count;
    const int64_t *perm = node ? sk_attr_ints(node, "perm", &count) : NULL;
    return perm && (int)count == rank && node->inputs[0]->type.rank == rank ? perm : NULL;
}

/* The value itself, or what it is a multiple of. */
static sk_value *unscaled(const sk_match *m, sk_value *value, float *scale) {
    const sk_node *node = sk_match_maker(m, value, "Mul", 1);
    float factor;
    if (!node) node = sk_match_maker(m, value, "Div", 1);
    sk_value *inner = node ? sk_match_scaled(m, node, &factor) : NULL;
    if (inner) *scale *= factor;
    return inner ? inner : value;
}

static int is_matrix(const sk_value *value, int rank) {
    return sk_match_real(value) && value->type.rank == rank;
}

/* Is it a softmax over the last axis, whose maker and result are read once? */
static const sk_node *last_softmax(const sk_match *m, const sk_value *value, int rank) {
    const sk_node *node = sk_match_maker(m, value, "Softmax", 1);
    if (!node || !is_matrix(node->inputs[0], rank)) return NULL;
    const int64_t axis = sk_attr_int(node, "axis", node->op->since < 13 ? 1 : -1);
    return axis == -1 || axis == rank - 1 ? node : NULL;
}

typedef struct core {
    sk_value *inputs[4]; /* Q, K, V, mask */
    sk_node *turned;     /* K's transpose, when it has to stay with `perm` */
    int64_t perm[SK_MAX_RANK];
    float scale;
} core;

/* scale * Q K' with K' a transpose of K. */
static int find_scores(const sk_match *m, sk_value *value, int rank, core *c) {
    c->scale = 1;
    const sk_node *product = sk_match_maker(m, unscaled(m, value, &c->scale), "MatMul", 1);
    if (!product || product->n_inputs != 2) return 0;
    c->inputs[0] = unscaled(m, product->inputs[0], &c->scale);
    sk_node *turned = sk_match_maker(m, unscaled(m, product->inputs[1], &c->scale), "Transpose", 1);
    const int64_t *perm = permutation(turned, rank);
    if (!perm || !is_matrix(c->inputs[0], rank) || !is_matrix(turned->inputs[0], rank)) return 0;
    const int as_it_is = swaps_last(perm, rank, c->perm);
    c->turned = as_it_is ? NULL : turned;
    c->inputs[1] = as_it_is ? turned->inputs[0] : turned->outputs[0];
    return c->scale != 0;
}

static sk_status visit_product(sk_match *m, const sk_node *node) {
    const int rank = node->outputs[0]->type.rank;
    core c = {.inputs = {NULL, NULL, node->inputs[1], NULL}};
    if ((rank != 3 && rank != 4) || node->n_inputs != 2 || !is_matrix(node->inputs[1], rank)) return SK_OK;
    const sk_node *softmax = last_softmax(m, node->inputs[0], rank);
    if (!softmax) return SK_OK;
    int found = find_scores(m, softmax->inputs[0], rank, &c);
    const sk_node *sum = found ? NULL : sk_match_maker(m, softmax->inputs[0], "Add", 1);
    for (int i = 0; sum && i < 2 && !found; i++) {
        c.inputs[3] = sum->inputs[1 - i];
        /* without a dimension for the heads the mask's batches would be taken for theirs */
        found = sk_match_real(c.inputs[3]) && c.inputs[3]->type.rank <= (rank == 4 ? 4 : 2) &&
                find_scores(m, sum->inputs[i], rank, &c);
    }
    if (!found) return SK_OK;
    if (c.turned) SK_TRY(permute(m, c.turned, c.perm, rank));
    const sk_attr attrs[3] = {{.name = "scale", .kind = SK_ATTR_FLOAT, .f = c.scale},
                              {.name = "q_num_heads", .kind = SK_ATTR_INT, .i = 1},
                              {.name = "kv_num_heads", .kind = SK_ATTR_INT, .i = 1}};
    return sk_match_replace(m, node, "Attention", 23, sum ? 4 : 3, c.inputs, rank == 3 ? 3 : 1, attrs);
}

/* ---- heads ---- */

/* Does a Reshape keep its input's first two dimensions? With the size of all others known to be equal, one of
 * them may follow from the other. */
static int keeps_front(const sk_match *m, const sk_node *node) {
    const sk_tensor *in = &node->inputs[0]->type, *out = &node->outputs[0]->type;
    int64_t shape[SK_MAX_RANK] = {1, 1};
    const int n = node->n_inputs > 1 ? sk_match_ints(m, node->inputs[1], shape, SK_MAX_RANK) : -1;
    int kept[2], implied[2];
    for (int i = 0; i < 2; i++) {
        kept[i] = in->dims[i] > 0 && in->dims[i] == out->dims[i];
        kept[i] |= n > 1 && shape[i] == 0 && !sk_attr_int(node, "allowzero", 0);
        implied[i] = n > 1 && shape[i] == -1;
    }
    return (kept[0] && (kept[1] || implied[1])) || (kept[1] && implied[0]);
}

static const sk_node *middle_transpose(const sk_match *m, const sk_value *value) {
    static const int64_t middle[4] = {0, 2, 1, 3};
    const sk_node *node = sk_match_maker(m, value, "Transpose", 1);
    const int64_t *perm = permutation(node, 4);
    return perm && !memcmp(perm, middle, sizeof middle) ? node : NULL;
}

/* value is [b][heads][rows][d], a transposed [b][rows][heads][d], reshaped from the result, [b][rows][heads *
 * d]. */
static sk_value *merged_heads(const sk_match *m, const sk_value *value, int32_t *heads) {
    const sk_node *turned = middle_transpose(m, value);
    const sk_node *reshape = turned ? sk_match_maker(m, turned->inputs[0], "Reshape", 1) : NULL;
    if (!reshape || !is_matrix(reshape->inputs[0], 3)) return NULL;
    const int32_t *to = turned->inputs[0]->type.dims;
    *heads = to[2];
    return to[2] > 0 && to[3] > 0 && reshape->inputs[0]->type.dims[2] == to[2] * to[3] &&
                   keeps_front(m, reshape)
               ? reshape->inputs[0]
               : NULL;
}

static sk_status visit_reshape(sk_match *m, const sk_node *node) {
    const sk_node *turned = middle_transpose(m, node->inputs[0]);
    const sk_node *attention = turned ? sk_match_maker(m, turned->inputs[0], "Attention", 1) : NULL;
    if (!attention || attention->n_outputs != 1 || !is_matrix(node->outputs[0], 3) || !keeps_front(m, node))
        return SK_OK;
    sk_value *inputs[4] = {NULL, NULL, NULL, attention->n_inputs > 3 ? attention->inputs[3] : NULL};
    int32_t heads[3];
    for (int i = 0; i < 3; i++) {
        inputs[i] = merged_heads(m, attention->inputs[i], &heads[i]);
        if (!inputs[i]) return SK_OK;
    }
    if (heads[0] != heads[1] || heads[0] != heads[2] ||
        node->outputs[0]->type.dims[2] != inputs[2]->type.dims[2])
        return SK_OK;
    const sk_attr attrs[4] = {
        {.name = "scale", .kind = SK_ATTR_FLOAT, .f = sk_attr_float(attention, "scale", 0)},
        {.name = "q_num_heads", .kind = SK_ATTR_INT, .i = heads[0]},
        {.name = "kv_num_heads", .kind = SK_ATTR_INT, .i = heads[1]},
        {.name = "is_causal", .kind = SK_ATTR_INT, .i = sk_attr_int(attention, "is_causal", 0)}};
    return sk_match_replace(m, node, "Attention", 23, inputs[3] ? 4 : 3, inputs, 4, attrs);
}

static sk_status visit(sk_match *m, sk_node *node) {
    if (!sk_match_real(node->outputs[0])) return SK_OK;
    if (sk_match_is(node, "MatMul")) return visit_product(m, node);
    return sk_match_is(node, "Reshape") ? visit_reshape(m, node) : SK_OK;
}

sk_status sk_pass_attention(sk_ir *ir, sk_error *err) { return sk_match_each(ir, err, visit); }
