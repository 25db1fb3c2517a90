/* Operators on types that their kernels lack: casts to a wider type stand before them and casts back behind
 * them. Results are rounded to the narrow type after each operator, as the standard has it, so no pair of
 * casts is ever removed. Part of infer, which knows the types; casts of constants are folded afterwards. */
#include <string.h>

#include "passes/passes.h"

#define FLOAT8 (SK_T(FLOAT8E4M3FN) | SK_T(FLOAT8E4M3FNUZ) | SK_T(FLOAT8E5M2) | SK_T(FLOAT8E5M2FNUZ))

/* Every number of these types is one of the wider type's; uint64 wraps around, back too. Float64 is for
 * functions that are made of floats (Erf) and take all of them, where a few bits of int64 do not matter. */
int sk_wider(const sk_op *op, int type) {
    static const struct {
        uint32_t narrow;
        sk_type wide;
    } rules[] = {
        {SK_T(FLOAT16) | SK_T(BFLOAT16), SK_FLOAT32},
        {FLOAT8, SK_FLOAT16},
        {SK_T(INT4) | SK_T(INT2), SK_INT8},
        {SK_T(UINT4) | SK_T(UINT2), SK_UINT8},
        {SK_T(FLOAT4E2M1), SK_FLOAT8E4M3FN},
        {SK_T_INT, SK_INT64},
        {SK_T_INT, SK_FLOAT64},
    };
    if (!(op->flags & SK_OP_WIDENS) || sk_type_in(type, op->types)) return 0;
    /* matrix products have all the integers that they may have, convolutions none */
    if (sk_type_in(type, SK_T_INT) &&
        (sk_type_in(SK_UINT32, op->types) || !sk_type_in(SK_FLOAT16, op->types)))
        return 0;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (sk_type_in(type, rules[i].narrow) && sk_type_in(rules[i].wide, op->types))
            return (int)rules[i].wide;
    return 0;
}

/* Cast of from to `to`; either may be NULL: a new value, left in *made. */
static sk_status cast(sk_ir *ir, sk_graph *graph, sk_value *from, sk_value *to, int type, sk_node **node,
                      sk_error *err) {
    sk_node *n = *node = sk_node_new(graph, "", "Cast", 1, 1);
    sk_attr *attr = sk_arena_calloc(&ir->arena, 1, sizeof *attr);
    if (n && !from) from = sk_value_new(graph, "");
    if (n && !to) to = sk_value_new(graph, "");
    if (!n || !attr || !from || !to) return sk_oom(err, sizeof *n);
    *attr = (sk_attr){.name = "to", .kind = SK_ATTR_INT, .i = type};
    n->inputs[0] = from;
    n->outputs[0] = to;
    to->producer = n;
    n->attrs = attr;
    n->n_attrs = 1;
    n->opset = 13;
    n->op = sk_op_find("", "Cast", n->opset);
    sk_import import = {ir, n, err};
    return n->op->impl->import(&import);
}

sk_status sk_insert_node(sk_graph *graph, int at, sk_node *node, sk_error *err) {
    if (sk_graph_append(graph, node) != SK_OK) return sk_oom(err, sizeof(sk_node *));
    memmove(&graph->nodes[at + 1], &graph->nodes[at], (size_t)(graph->n_nodes - 1 - at) * sizeof(sk_node *));
    graph->nodes[at] = node;
    return SK_OK;
}

sk_status sk_widen(sk_ir *ir, sk_graph *graph, int *at, sk_error *err) {
    sk_node *node = graph->nodes[*at], *made;
    const int narrow = node->n_inputs && node->inputs[0] ? node->inputs[0]->type.type : 0;
    const int wide = sk_wider(node->op, narrow);
    if (!wide) return SK_OK;
    sk_node **back = sk_arena_calloc(&ir->arena, (size_t)node->n_outputs + 1, sizeof *back);
    if (!back) return sk_oom(err, sizeof *back);
    for (int i = 0; i < node->n_inputs; i++) {
        sk_value *value = node->inputs[i];
        if (!value || ((node->op->values >> i) & 1) || /* axes, say */
            !(value->type.type == narrow || sk_wider(node->op, value->type.type) == wide))
            continue;
        SK_TRY(cast(ir, graph, value, NULL, wide, &made, err));
        SK_TRY(sk_insert_node(graph, (*at)++, made, err));
        for (int j = i; j < node->n_inputs; j++)
            if (node->inputs[j] == value) node->inputs[j] = made->outputs[0];
        SK_TRY(sk_infer_static(ir, made, err));
    }
    for (int i = 0; i < node->n_outputs; i++) {
        if (!node->outputs[i]) continue;
        SK_TRY(cast(ir, graph, NULL, node->outputs[i], narrow, &made, err));
        back[i] = made;
        node->outputs[i] = made->inputs[0];
        node->outputs[i]->producer = node;
    }
    SK_TRY(sk_infer_static(ir, node, err));
    for (int i = 0, behind = *at + 1; i < node->n_outputs; i++) {
        if (!node->outputs[i]) continue;
        if (node->outputs[i]->type.type == wide) {
            SK_TRY(sk_insert_node(graph, behind++, back[i], err));
            continue;
        }
        node->outputs[i] = back[i]->outputs[0]; /* indices, say */
        node->outputs[i]->producer = node;
    }
    return SK_OK;
}
