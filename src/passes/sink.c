/* DequantizeLinear goes behind what only moves numbers (transposes, slices, the largest of some): that moves
 * bytes then, and the operators on both sides of it meet. */
#include "passes/quantized.h"

static int moves(const sk_node *node) {
    return (node->op->flags & SK_OP_MOVES) && !sk_attr_is(node, "mode", "linear", "") &&
           !sk_attr_is(node, "mode", "cubic", "") &&
           !sk_attr_is(node, "coordinate_transformation_mode", "tf_crop_and_resize", "");
}

static sk_status dequantize_behind(sk_match *m, const sk_node *node, int output, const sk_quantized *q) {
    sk_value *real = node->outputs[output], *codes = sk_value_new(m->graph, "");
    sk_node *made = sk_node_new(m->graph, "", "DequantizeLinear", q->zero ? 3 : 2, 1);
    if (!codes || !made) return sk_oom(m->err, sizeof *made);
    codes->type = real->type;
    codes->type.type = q->codes->type.type;
    codes->producer = node->outputs[output]->producer;
    node->outputs[output] = codes;
    made->opset = 13;
    made->op = sk_op_find("", "DequantizeLinear", 13);
    made->inputs[0] = codes;
    made->inputs[1] = q->scale;
    if (q->zero) made->inputs[2] = q->zero;
    made->outputs[0] = real;
    real->producer = made;
    sk_import import = {m->ir, made, m->err};
    SK_TRY(made->op->impl->import(&import));
    return sk_insert_node(m->graph, m->at + 1, made, m->err);
}

static sk_status visit(sk_match *m, sk_node *node) {
    if (!moves(node)) return SK_OK;
    const int n = node->op->max_in == SK_MANY ? node->n_inputs : 1;
    sk_quantized first, q;
    if (!sk_dequantized(m, node->inputs[0], &first, NULL)) return SK_OK;
    for (int i = 1; i < n; i++)
        if (!sk_dequantized(m, node->inputs[i], &q, NULL) || !sk_quantized_alike(&first, &q)) return SK_OK;
    for (int i = 0; i < n; i++) {
        sk_dequantized(m, node->inputs[i], &q, NULL);
        node->inputs[i] = q.codes;
    }
    for (int i = node->n_outputs - 1; i >= 0; i--)
        if (node->outputs[i] && node->outputs[i]->type.type == SK_FLOAT32)
            SK_TRY(dequantize_behind(m, node, i, &first));
    m->changed = 1;
    return SK_OK;
}

sk_status sk_pass_sink(sk_ir *ir, sk_error *err) { return sk_match_each(ir, err, visit); }
