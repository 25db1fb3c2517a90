/* Quantization with ranges taken at run time: DynamicQuantizeLinear, then ConvInteger or MatMulInteger, whose
 * sums are scaled back by both operands' scales. */
#include <string.h>

#include "passes/quantizer.h"

typedef struct rounded { /* an input in 8 bits: three outputs of a DynamicQuantizeLinear */
    sk_value *q, *scale, *zero;
} rounded;

static sk_status oom(const sk_quantizer *q) { return sk_oom(q->err, sizeof(sk_node)); }

/* One DynamicQuantizeLinear for all who read the value. */
static sk_status round_input(sk_quantizer *q, sk_value *value, rounded *r) {
    static const char op[] = "DynamicQuantizeLinear";
    for (int32_t i = q->graph->n_nodes - 1; i >= 0; i--) {
        sk_node *node = q->graph->nodes[i];
        if (strcmp(node->op_type, op) != 0 || node->inputs[0] != value) continue;
        *r = (rounded){node->outputs[0], node->outputs[1], node->outputs[2]};
        return SK_OK;
    }
    r->q = sk_suffixed(q, value->name, ".q");
    r->scale = sk_suffixed(q, value->name, ".s");
    r->zero = sk_suffixed(q, value->name, ".z");
    sk_node *node = sk_node_new(q->graph, "", op, 1, 3);
    if (!r->q || !r->scale || !r->zero || !node) return oom(q);
    node->inputs[0] = value;
    node->outputs[0] = r->q;
    node->outputs[1] = r->scale;
    node->outputs[2] = r->zero;
    for (int i = 0; i < 3; i++) node->outputs[i]->producer = node;
    node->opset = q->opset;
    node->op = sk_op_find("", op, q->opset);
    return sk_place_node(q, node);
}

/* Gemm's second operand may stand the other way round; MatMulInteger's does not. */
static sk_status transpose(sk_quantizer *q, sk_weights *w) {
    sk_const *c = w->q->constant;
    const int32_t rows = c->type.dims[0], columns = c->type.dims[1];
    int8_t *turned = sk_arena_alloc(&q->ir->arena, sk_numel(&c->type));
    if (!turned) return oom(q);
    for (int32_t i = 0; i < rows; i++)
        for (int32_t j = 0; j < columns; j++)
            turned[(size_t)j * (size_t)rows + (size_t)i] =
                ((const int8_t *)c->type.data)[(size_t)i * (size_t)columns + (size_t)j];
    sk_value *value = sk_suffixed(q, w->from->name, ".qt");
    sk_const *constant = sk_const_new(q->ir);
    if (!value || !constant) return oom(q);
    constant->type = c->type;
    constant->type.dims[0] = columns;
    constant->type.dims[1] = rows;
    constant->type.data = turned;
    sk_value_hold(value, constant);
    w->q = value;
    return SK_OK;
}

/* A list of numbers for each channel, as broadcast over what the operator gives. */
static sk_value *channels_first(sk_quantizer *q, const char *name, const char *suffix, const float *list,
                                int32_t n, int rank) {
    sk_value *value = sk_put_constant(q, name, suffix, SK_FLOAT32, n, list);
    if (!value || n == 1) return value;
    sk_tensor *t = &value->constant->type;
    *t = (sk_tensor){.data = t->data, .type = SK_FLOAT32, .rank = (int8_t)(rank - 1)};
    t->dims[0] = n;
    for (int i = 1; i < rank - 1; i++) t->dims[i] = 1;
    sk_value_hold(value, value->constant);
    return value;
}

/* sums (int32) * (input's scale * weights' scales) + bias -> out */
static sk_status scale_back(sk_quantizer *q, sk_value *sums, sk_value *input_scale, sk_value *scales,
                            sk_value *bias, sk_value *out) {
    const char *name = out->name;
    sk_value *real = sk_suffixed(q, name, ".sums"), *both = sk_suffixed(q, name, ".s");
    sk_value *scaled = bias ? sk_suffixed(q, name, ".scaled") : out;
    sk_node *cast = sk_put_node(q, "Cast", &sums, 1, real);
    SK_TRY(sk_put_int(q, cast, "to", SK_FLOAT32));
    if (!sk_put_node(q, "Mul", (sk_value *[]){input_scale, scales}, 2, both)) return oom(q);
    if (!sk_put_node(q, "Mul", (sk_value *[]){real, both}, 2, scaled)) return oom(q);
    if (bias && !sk_put_node(q, "Add", (sk_value *[]){scaled, bias}, 2, out)) return oom(q);
    return SK_OK;
}

static sk_status matmul(sk_quantizer *q, const sk_node *node, const rounded *x, sk_weights *w) {
    const int transposed =
        !strcmp(node->op_type, "Gemm") && sk_attr_int(node, "transB", 0) && !w->dequantized;
    if (transposed) {
        SK_TRY(transpose(q, w));
        w->dequantized = w->q; /* turned: once */
    }
    sk_value *sums = sk_suffixed(q, node->outputs[0]->name, ".int32");
    if (!sk_put_node(q, "MatMulInteger", (sk_value *[]){x->q, w->q, x->zero}, 3, sums)) return oom(q);
    sk_value *bias = node->n_inputs > 2 ? node->inputs[2] : NULL;
    return scale_back(q, sums, x->scale, w->scale, bias, node->outputs[0]);
}

static sk_status conv(sk_quantizer *q, const sk_node *node, const rounded *x, const sk_weights *w) {
    const int rank = w->from->constant->type.rank;
    const sk_value *bias = node->n_inputs > 2 ? node->inputs[2] : NULL;
    sk_value *sums = sk_suffixed(q, node->outputs[0]->name, ".int32"), *added = NULL;
    sk_node *made = sk_put_node(q, "ConvInteger", (sk_value *[]){x->q, w->q, x->zero}, 3, sums);
    if (!made) return oom(q);
    made->attrs = node->attrs;
    made->n_attrs = node->n_attrs;
    if (bias) {
        float *numbers = NULL;
        SK_TRY(sk_constant_floats(q, bias, &numbers));
        added = channels_first(q, bias->name, ".channels", numbers, bias->constant->type.dims[0], rank);
        sk_free(q->heap, numbers);
        if (!added) return oom(q);
    }
    sk_value *scales = w->scale;
    if (w->axis >= 0) scales = channels_first(q, w->from->name, ".scales", w->scales, w->channels, rank);
    if (!scales) return oom(q);
    return scale_back(q, sums, x->scale, scales, added, node->outputs[0]);
}

/* What cannot be said with whole numbers stays. */
static int fits(const sk_node *node) {
    const sk_value *bias = node->n_inputs > 2 ? node->inputs[2] : NULL;
    if (!strcmp(node->op_type, "ConvTranspose")) return 0;
    if (!strcmp(node->op_type, "Conv"))
        return !bias ||
               (bias->constant && bias->constant->type.rank == 1 && bias->constant->type.type == SK_FLOAT32);
    if (!strcmp(node->op_type, "MatMul")) return 1;
    return !sk_attr_int(node, "transA", 0) && sk_attr_float(node, "alpha", 1) == 1 &&
           (!bias || sk_attr_float(node, "beta", 1) == 1);
}

static sk_status place(sk_quantizer *q, sk_node *node) {
    int32_t i = 0;
    if (!node) return SK_OK;
    while (i < q->n_products && q->products[i] != node) i++;
    if (i == q->n_products) return sk_place_node(q, node);
    rounded x = {.q = NULL};
    sk_weights *w = NULL;
    SK_TRY(sk_quantize_weights(q, node, NULL, &w));
    SK_TRY(round_input(q, node->inputs[0], &x));
    q->n_quantized++;
    return !strcmp(node->op_type, "Conv") ? conv(q, node, &x, w) : matmul(q, node, &x, w);
}

sk_status sk_quantize_dynamic(sk_quantizer *q) {
    int32_t n = 0;
    for (int32_t i = 0; i < q->n_products; i++)
        if (fits(q->products[i])) q->products[n++] = q->products[i];
    q->n_products = n;
    if (!n) return sk_fail(q->err, SK_VALUE, "nothing to quantize: no Conv, Gemm or MatMul of a plain form");
    return sk_rewrite_nodes(q, place);
}
