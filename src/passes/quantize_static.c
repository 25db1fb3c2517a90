/* Calibrated quantization: a QuantizeLinear and a DequantizeLinear behind what gives a quantized value, and a
 * DequantizeLinear behind constant weights and biases, as onnxruntime's quantizer has them. */
#include <math.h>
#include <string.h>

#include "passes/quantizer.h"

/* ---- scales ---- */

typedef struct steps { /* of the activations' form */
    int type, lowest, highest;
} steps;

static steps steps_of(const sk_quantizer *q) {
    if (q->options->activations == SK_ACTIVATIONS_S8) return (steps){SK_INT8, -128, 127};
    return (steps){SK_UINT8, 0, q->options->activations == SK_ACTIVATIONS_U7 ? 127 : 255};
}

/* Zero is one of the steps, so that padding and what a Relu cuts off are exact. */
static sk_value_form *form_of(sk_quantizer *q, const sk_value *value) {
    sk_value_form *form = &q->forms[value->index];
    while (form->like) {
        value = form->like;
        form = &q->forms[value->index];
    }
    if (form->scale_value) return form;
    const steps s = steps_of(q);
    const sk_range *r = &q->ranges[value->index];
    const double lo = fmin((double)r->lo, 0), hi = fmax((double)r->hi, 0);
    form->scale = (float)((hi - lo) / (s.highest - s.lowest));
    const double zero = s.lowest + rint(-lo / (double)form->scale);
    form->zero = (int32_t)fmin(fmax(zero, s.lowest), s.highest);
    form->scale_value = sk_put_constant(q, value->name, ".s", SK_FLOAT32, -1, &form->scale);
    form->zero_value = sk_zero_point(q, s.type, form->zero);
    if (form->scale_value && form->zero_value) return form;
    sk_oom(q->err, sizeof *form);
    return NULL;
}

/* ---- activations ---- */

/* So that 7 bits are enough wherever the model runs. */
static sk_value *clamp_to(sk_quantizer *q, sk_value *from, const sk_value_form *form, const char *name) {
    const steps s = steps_of(q);
    const float lo = (float)(s.lowest - form->zero) * form->scale,
                hi = (float)(s.highest - form->zero) * form->scale;
    sk_value *inputs[3] = {from, sk_put_constant(q, name, ".lo", SK_FLOAT32, -1, &lo),
                           sk_put_constant(q, name, ".hi", SK_FLOAT32, -1, &hi)};
    sk_value *out = sk_suffixed(q, name, ".clip");
    if (!inputs[1] || !inputs[2] || !sk_put_node(q, "Clip", inputs, 3, out)) return NULL;
    return out;
}

/* from -> QuantizeLinear -> DequantizeLinear -> to */
static sk_status put_steps(sk_quantizer *q, const sk_value *value, sk_value *from, sk_value *to) {
    const sk_value_form *form = form_of(q, value);
    if (!form) return SK_OUT_OF_MEMORY;
    if (q->options->activations == SK_ACTIVATIONS_U7) from = clamp_to(q, from, form, value->name);
    sk_value *quantized = sk_suffixed(q, value->name, ".q");
    sk_value *inputs[3] = {from, form->scale_value, form->zero_value};
    if (!from || !sk_put_node(q, "QuantizeLinear", inputs, 3, quantized)) return sk_oom(q->err, sizeof *from);
    inputs[0] = quantized;
    return sk_put_node(q, "DequantizeLinear", inputs, 3, to) ? SK_OK : sk_oom(q->err, sizeof *to);
}

static int is_quantized(const sk_quantizer *q, const sk_value *value) {
    return value && value->graph == q->graph && value->index < q->n_values &&
           q->forms[value->index].quantized;
}

/* The input of the graph that this is the rounded form of, or the value itself. */
static const sk_value *before_rounding(const sk_quantizer *q, const sk_value *value) {
    for (int i = 0; i < q->graph->n_inputs; i++) {
        const sk_value *input = q->graph->inputs[i];
        if (value && q->forms[input->index].rounded == value) return input;
    }
    return value;
}

/* Everybody reads the inputs' rounded form from now on. */
static sk_status replace_inputs(sk_quantizer *q) {
    for (int i = 0; i < q->graph->n_inputs; i++) {
        sk_value *input = q->graph->inputs[i];
        if (!is_quantized(q, input)) continue;
        sk_value *rounded = sk_suffixed(q, input->name, ".dq");
        if (!rounded) return sk_oom(q->err, sizeof *rounded);
        rounded->type = input->type;
        q->forms[input->index].rounded = rounded;
        sk_replace_uses(q->graph, input, rounded);
    }
    return SK_OK;
}

static sk_status quantize_inputs(sk_quantizer *q) {
    for (int i = 0; i < q->graph->n_inputs; i++) {
        sk_value *input = q->graph->inputs[i];
        if (is_quantized(q, input)) SK_TRY(put_steps(q, input, input, q->forms[input->index].rounded));
    }
    return SK_OK;
}

/* ---- weights ---- */

/* Scales below which the bias, in steps of input times weights, would not fit 32 bits. */
static void least_scales(const float *bias, int32_t channels, float input_scale, float *least) {
    for (int32_t i = 0; i < channels; i++) least[i] = fabsf(bias[i]) / input_scale / 2147483000.0f;
}

/* The bias in the steps of the sums: 32 bits, scale = input's * weights'. */
static sk_status quantize_bias(sk_quantizer *q, sk_node *node, const sk_weights *w, float input_scale,
                               const float *bias, int32_t n) {
    const char *name = node->inputs[2]->name;
    int32_t *codes = sk_alloc(q->heap, (size_t)n * 2 * sizeof *codes);
    if (!codes) return sk_oom(q->err, (size_t)n * sizeof *codes);
    float *scales = (float *)(codes + n);
    for (int32_t i = 0; i < n; i++) {
        scales[i] = input_scale * w->scales[w->axis < 0 ? 0 : i];
        const double exact = rint((double)bias[i] / (double)scales[i]);
        codes[i] = (int32_t)fmin(fmax(exact, -2147483647.0), 2147483647.0);
    }
    sk_value *inputs[2] = {sk_put_constant(q, name, ".q", SK_INT32, n, codes),
                           sk_put_constant(q, name, ".s", SK_FLOAT32, n, scales)};
    sk_value *out = sk_suffixed(q, name, ".dq");
    sk_free(q->heap, codes);
    sk_node *made = inputs[0] && inputs[1] ? sk_put_node(q, "DequantizeLinear", inputs, 2, out) : NULL;
    if (!made) return sk_oom(q->err, (size_t)n * sizeof *codes);
    node->inputs[2] = out;
    return sk_put_int(q, made, "axis", 0);
}

/* The bias' length when it can be quantized: one number an output channel, multiplied with nothing; else 0.
 */
static int32_t bias_length(const sk_node *node, int32_t channels) {
    const sk_value *bias = node->n_inputs > 2 ? node->inputs[2] : NULL;
    if (!bias || !bias->constant || bias->constant->variable || bias->constant->type.type != SK_FLOAT32)
        return 0;
    if (sk_attr_float(node, "alpha", 1) != 1 || sk_attr_float(node, "beta", 1) != 1) return 0;
    const sk_tensor *t = &bias->constant->type;
    return t->rank == 1 && (channels == 1 || t->dims[0] == channels) ? t->dims[0] : 0;
}

static sk_status quantize_product(sk_quantizer *q, sk_node *node, const sk_value *input) {
    const sk_value_form *form = form_of(q, input);
    const int axis = q->options->per_tensor ? -1 : sk_weight_axis(node);
    const int32_t n = bias_length(node, axis < 0 ? 1 : node->inputs[1]->constant->type.dims[axis]);
    float *bias = NULL, *least = NULL;
    sk_weights *w = NULL;
    if (!form) return SK_OUT_OF_MEMORY;
    if (n) SK_TRY(sk_constant_floats(q, node->inputs[2], &bias));
    if (n && axis >= 0) least = sk_alloc(q->heap, (size_t)n * sizeof *least);
    if (least) least_scales(bias, n, form->scale, least);
    sk_status status = sk_quantize_weights(q, node, least, &w);
    if (status == SK_OK) status = sk_dequantize_weights(q, node, w);
    if (status == SK_OK && n) status = quantize_bias(q, node, w, form->scale, bias, n);
    sk_free(q->heap, least);
    sk_free(q->heap, bias);
    return status;
}

/* ---- all together ---- */

/* What the node gives gets another name: the old one is its rounded form's. */
static sk_status quantize_outputs(sk_quantizer *q, sk_node *node) {
    for (int i = 0; i < node->n_outputs; i++) {
        sk_value *value = node->outputs[i];
        if (!is_quantized(q, value)) continue;
        sk_value *exact = sk_suffixed(q, value->name, ".f");
        if (!exact) return sk_oom(q->err, sizeof *exact);
        exact->type = value->type;
        exact->producer = node;
        node->outputs[i] = exact;
        SK_TRY(put_steps(q, value, exact, value));
    }
    return SK_OK;
}

static sk_status place(sk_quantizer *q, sk_node *node) {
    if (!node) return quantize_inputs(q);
    for (int32_t i = 0; i < q->n_products; i++) {
        if (q->products[i] != node) continue;
        const sk_value *input = before_rounding(q, node->inputs[0]);
        if (is_quantized(q, input)) SK_TRY(quantize_product(q, node, input));
        break;
    }
    SK_TRY(sk_place_node(q, node));
    return quantize_outputs(q, node);
}

sk_status sk_quantize_static(sk_quantizer *q) {
    SK_TRY(replace_inputs(q));
    return sk_rewrite_nodes(q, place);
}
