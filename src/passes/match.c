/* See match.h. */
#include "passes/match.h"

#include <math.h>
#include <string.h>

static sk_status visit_nodes(sk_match *m, sk_visit_fn *visit) {
    sk_count_uses(m->graph, m->uses);
    for (m->at = 0; m->at < m->graph->n_nodes; m->at++) SK_TRY(visit(m, m->graph->nodes[m->at]));
    return SK_OK;
}

static sk_status visit_graph(sk_ir *ir, sk_graph *graph, sk_visit_fn *visit, sk_error *err) {
    sk_match m = {.ir = ir, .graph = graph, .err = err, .n_values = graph->n_values};
    m.uses = sk_calloc(ir->arena.heap, (size_t)m.n_values + 1, sizeof *m.uses);
    if (!m.uses) return sk_oom(err, (size_t)m.n_values * sizeof *m.uses);
    const sk_status status = visit_nodes(&m, visit);
    sk_free(ir->arena.heap, m.uses);
    SK_TRY(status);
    if (m.changed) SK_TRY(sk_drop_dead(ir, graph, err));
    for (int i = 0; i < graph->n_nodes; i++)
        for (int j = 0; j < graph->nodes[i]->n_bodies; j++)
            SK_TRY(visit_graph(ir, graph->nodes[i]->bodies[j], visit, err));
    return SK_OK;
}

sk_status sk_match_each(sk_ir *ir, sk_error *err, sk_visit_fn *visit) {
    return visit_graph(ir, ir->main, visit, err);
}

int sk_match_is(const sk_node *node, const char *op) {
    return !node->domain[0] && !strcmp(node->op_type, op);
}

sk_node *sk_match_maker(const sk_match *m, const sk_value *value, const char *op, int uses) {
    if (!value || value->graph != m->graph || value->is_output || value->index >= m->n_values) return NULL;
    sk_node *node = value->producer;
    if (!node || node->outputs[0] != value || !sk_match_is(node, op)) return NULL;
    return !uses || m->uses[value->index] == uses ? node : NULL;
}

sk_node *sk_match_input(const sk_match *m, const sk_node *node, const char *op, int uses, sk_value **other) {
    for (int i = 0; i < 2; i++) {
        sk_node *maker = sk_match_maker(m, node->inputs[i], op, uses);
        *other = node->inputs[1 - i];
        if (maker) return maker;
    }
    return NULL;
}

int sk_match_real(const sk_value *value) {
    return value && value->type.type == SK_FLOAT32 && value->type.rank >= 0;
}

int sk_match_scalar(const sk_match *m, const sk_value *value, const sk_value *like, float *number) {
    if (!sk_match_real(value) || !sk_match_real(like) || !value->constant || value->constant->variable)
        return 0;
    const sk_const *c = value->constant;
    return sk_numel(&c->type) == 1 && c->type.rank <= like->type.rank &&
           sk_const_read(m->ir, c, 0, 1, number, m->err) == SK_OK;
}

int sk_match_number(const sk_match *m, const sk_value *value, const sk_value *like, float number) {
    float x;
    return sk_match_scalar(m, value, like, &x) && fabsf(x - number) <= 1e-5f * fabsf(number);
}

sk_value *sk_match_scaled(const sk_match *m, const sk_node *node, float *factor) {
    const int divides = sk_match_is(node, "Div");
    if (!divides && !sk_match_is(node, "Mul")) return NULL;
    for (int i = divides ? 1 : 0; i < 2; i++) {
        if (!sk_match_scalar(m, node->inputs[i], node->inputs[1 - i], factor)) continue;
        if (divides) *factor = 1 / *factor;
        return isfinite(*factor) ? node->inputs[1 - i] : NULL;
    }
    return NULL;
}

int sk_match_ints(const sk_match *m, const sk_value *value, int64_t *ints, int most) {
    const sk_const *c = value ? value->constant : NULL;
    int32_t narrow[SK_MAX_RANK];
    if (!c || c->variable || c->type.rank > 1 || most > SK_MAX_RANK) return -1;
    const size_t n = sk_numel(&c->type);
    const int wide = c->type.type == SK_INT64;
    if (n > (size_t)most || (!wide && c->type.type != SK_INT32)) return -1;
    if (sk_const_read(m->ir, c, 0, n, wide ? (void *)ints : narrow, m->err) != SK_OK) return -1;
    for (size_t i = 0; !wide && i < n; i++) ints[i] = narrow[i];
    return (int)n;
}

uint32_t sk_match_folded(const sk_match *m, const sk_node *node) {
    const int rank = node->inputs[0]->type.rank;
    int64_t from_input[SK_MAX_RANK];
    uint32_t count, mask = 0;
    const int64_t *axes = sk_attr_ints(node, "axes", &count);
    if (!sk_match_real(node->inputs[0]) || sk_attr_int(node, "keepdims", 1) != 1) return 0;
    if (!axes) {
        if (node->n_inputs < 2) return 0;
        const int n = sk_match_ints(m, node->inputs[1], from_input, SK_MAX_RANK);
        count = n < 0 ? 0 : (uint32_t)n;
        axes = from_input;
    }
    for (uint32_t i = 0; i < count; i++) {
        const int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank) return 0;
        mask |= 1u << axis;
    }
    return mask;
}

sk_status sk_match_replace(sk_match *m, const sk_node *node, const char *op, int version, int n_inputs,
                           sk_value *const *inputs, int n_attrs, const sk_attr *attrs) {
    sk_node *made = sk_node_new(m->graph, "", op, n_inputs, 1);
    sk_attr *copies = sk_arena_calloc(&m->ir->arena, (size_t)n_attrs + 1, sizeof *copies);
    if (!made || !copies) return sk_oom(m->err, sizeof *made);
    if (n_attrs) memcpy(copies, attrs, (size_t)n_attrs * sizeof *copies);
    memcpy(made->inputs, inputs, (size_t)n_inputs * sizeof(sk_value *));
    made->name = node->name;
    made->attrs = copies;
    made->n_attrs = n_attrs;
    made->opset = version;
    made->op = sk_op_find("", op, version);
    made->outputs[0] = node->outputs[0];
    sk_import import = {m->ir, made, m->err};
    if (made->op->impl->import) SK_TRY(made->op->impl->import(&import));
    made->outputs[0]->producer = made;
    m->graph->nodes[m->at] = made;
    m->changed = 1;
    return SK_OK;
}
