/* See quantized.h. */
#include "passes/quantized.h"

#include <math.h>

/* The only number of a constant; 0 when it is none. */
static int one(const sk_match *m, const sk_value *value, void *number) {
    const sk_const *c = value->constant;
    return c && !c->variable && sk_numel(&c->type) == 1 &&
           sk_const_read(m->ir, c, 0, 1, number, m->err) == SK_OK;
}

static int is_byte(const sk_value *value) {
    return value->type.type == SK_UINT8 || value->type.type == SK_INT8;
}

int sk_quantized_by(const sk_match *m, const sk_node *node, const char *op, sk_quantized *q, int *axis) {
    int8_t zero = 0;
    if (!sk_match_is(node, op) || sk_attr_int(node, "block_size", 0) || sk_attr_int(node, "precision", 1) > 1)
        return 0;
    const int quantizes = op[0] == 'Q';
    const sk_value *real = quantizes ? node->inputs[0] : node->outputs[0];
    *q = (sk_quantized){.codes = quantizes ? node->outputs[0] : node->inputs[0],
                        .scale = node->inputs[1],
                        .zero = node->n_inputs > 2 ? node->inputs[2] : NULL};
    if (!is_byte(q->codes) || real->type.type != SK_FLOAT32 || q->scale->type.type != SK_FLOAT32) return 0;
    if (one(m, q->scale, &q->factor) && (!q->zero || one(m, q->zero, &zero))) {
        if (axis) *axis = -1;
        q->offset = q->codes->type.type == SK_INT8 ? zero : (uint8_t)zero;
        return isfinite(q->factor) && q->factor > 0;
    }
    if (!axis || !q->scale->constant || (q->zero && !q->zero->constant) || q->codes->type.rank < 1) return 0;
    return sk_axis(sk_attr_int(node, "axis", 1), q->codes->type.rank, axis);
}

int sk_dequantized(const sk_match *m, const sk_value *value, sk_quantized *q, int *axis) {
    const sk_node *node = sk_match_maker(m, value, "DequantizeLinear", 0);
    return node && sk_quantized_by(m, node, "DequantizeLinear", q, axis);
}

int sk_quantized_alike(const sk_quantized *a, const sk_quantized *b) {
    return a->factor == b->factor && a->offset == b->offset && a->codes->type.type == b->codes->type.type;
}
