/* Models with QuantizeLinear and DequantizeLinear around their operators (QDQ) on integers: an operator whose
 * inputs come from DequantizeLinear and whose output goes to QuantizeLinear becomes one on the 8-bit codes.
 *
 *   Conv, MatMul, Gemm   QLinearConv, QLinearMatMul, QLinearGemm; a clamp behind them bounds the codes
 *   Add, Mul             QLinearAdd, QLinearMul
 *   Concat               of codes, those of other scales through a table
 *   elementwise          Table: what becomes of each of the 256 codes, computed now by the operators
 * themselves
 *
 * MatMulInteger whose sums are scaled to float32 at once (dynamic quantization) becomes ScaledMatMulInteger.
 */
#include <math.h>
#include <string.h>

#include "passes/quantized.h"

/* The node that makes value, for nobody else. */
static sk_node *sole_maker(const sk_match *m, const sk_value *value) {
    return value && value->producer ? sk_match_maker(m, value, value->producer->op_type, 1) : NULL;
}

static float lowest(const sk_quantized *q) { return q->codes->type.type == SK_INT8 ? -128 : 0; }

/* The code of a number, as QuantizeLinear rounds it. */
static float code_of(const sk_quantized *q, float number) {
    const float code = rintf(number / q->factor) + (float)q->offset, low = lowest(q), high = low + 255;
    return code > low ? code < high ? code : high : low;
}

static sk_value *constant(const sk_match *m, int type, int rank, int32_t n, const void *data) {
    sk_tensor t = {.type = (uint8_t)type, .rank = (int8_t)rank, .dims = {n}, .data = (void *)data};
    return sk_value_const(m->ir, m->graph, "", &t);
}

/* Scale and zero point as two inputs in a row. */
static sk_status put_scale(const sk_match *m, const sk_quantized *q, sk_value **inputs) {
    inputs[0] = q->scale;
    inputs[1] = q->zero ? q->zero : constant(m, q->codes->type.type, 0, 0, &(int8_t){0});
    return inputs[1] ? SK_OK : sk_oom(m->err, 1);
}

/* Codes before them. */
static sk_status put(const sk_match *m, const sk_quantized *q, sk_value **inputs) {
    inputs[0] = q->codes;
    return put_scale(m, q, inputs + 1);
}

/* `node` becomes op; clamped to the codes lo .. hi. */
static sk_status become(sk_match *m, const sk_node *node, const sk_node *attrs, const char *op, int n_inputs,
                        sk_value **inputs, float lo, float hi) {
    SK_TRY(sk_match_replace(m, node, op, 13, n_inputs, inputs, attrs ? attrs->n_attrs : 0,
                            attrs ? attrs->attrs : NULL));
    m->graph->nodes[m->at]->lo = lo;
    m->graph->nodes[m->at]->hi = hi;
    return SK_OK;
}

/* ---- products ---- */

typedef struct product {
    const char *op;
    int weight_axis; /* that counts the output's channels; what the scales must go along */
    int32_t channels;
    sk_quantized a, b;
    sk_value *bias;
} product;

static int is_product(const sk_match *m, const sk_node *node, product *p) {
    int axis;
    if (!sk_dequantized(m, node->inputs[0], &p->a, NULL) || !sk_dequantized(m, node->inputs[1], &p->b, &axis))
        return 0;
    const sk_tensor *w = &p->b.codes->type;
    p->bias = node->n_inputs > 2 ? node->inputs[2] : NULL;
    if (sk_match_is(node, "Conv")) {
        p->op = "QLinearConv";
        p->weight_axis = 0;
    } else if (sk_match_is(node, "MatMul")) {
        p->op = "QLinearMatMul";
        p->weight_axis = w->rank - 1;
    } else {
        p->op = "QLinearGemm";
        p->weight_axis = sk_attr_int(node, "transB", 0) ? 0 : 1;
        if (sk_attr_int(node, "transA", 0) || sk_attr_float(node, "alpha", 1) != 1 ||
            (p->bias && sk_attr_float(node, "beta", 1) != 1))
            return 0;
    }
    if (w->rank < 2 || p->a.codes->type.rank < 1 || (axis >= 0 && axis != p->weight_axis)) return 0;
    p->channels = w->dims[p->weight_axis];
    return p->channels > 0;
}

/* The bias in steps of the products, 32 bits. 0: it is no constant, or too large. */
static int bias_codes(const sk_match *m, const product *p, int32_t *codes, float *numbers, sk_error *err) {
    const size_t n = (size_t)p->channels;
    const sk_node *maker = sk_match_maker(m, p->bias, "DequantizeLinear", 0);
    const sk_value *source = maker ? maker->inputs[0] : p->bias, *scale = maker ? maker->inputs[1] : NULL;
    const sk_const *c = source->constant;
    if (!c || c->variable || sk_numel(&c->type) != n || c->type.dims[c->type.rank - 1] != p->channels ||
        c->type.type != (maker ? SK_INT32 : SK_FLOAT32))
        return 0;
    if (sk_const_read(m->ir, c, 0, n, maker ? (void *)codes : numbers, err) != SK_OK) return 0;
    for (size_t i = 0; i < n; i++) {
        float w = p->b.factor, s = 1;
        const sk_const *by = p->b.scale->constant;
        if (sk_numel(&by->type) > 1 && sk_const_read(m->ir, by, i, 1, &w, err) != SK_OK) return 0;
        const double step = (double)p->a.factor * (double)w;
        if (maker) {
            const size_t scales = scale->constant ? sk_numel(&scale->constant->type) : 0;
            if ((scales != 1 && scales != n) ||
                sk_const_read(m->ir, scale->constant, scales == 1 ? 0 : i, 1, &s, err) != SK_OK)
                return 0;
            if (fabs((double)s / step - 1) < 1e-5) continue;
            numbers[i] = (float)codes[i] * s;
        }
        const double code = rint((double)numbers[i] / step);
        if (!(fabs(code) < 1 << 30)) return 0;
        codes[i] = (int32_t)code;
    }
    return 1;
}

/* *codes: the bias as a constant; NULL: it cannot be one. */
static sk_status make_bias(const sk_match *m, const product *p, sk_value **codes) {
    const size_t n = (size_t)p->channels;
    int32_t *work = sk_calloc(m->ir->arena.heap, n, sizeof *work + sizeof(float));
    sk_error err = {.status = SK_OK};
    if (!work) return sk_oom(m->err, n * 8);
    *codes = NULL;
    if (bias_codes(m, p, work, (float *)(work + n), &err))
        *codes = constant(m, SK_INT32, 1, p->channels, work);
    sk_free(m->ir->arena.heap, work);
    return SK_OK;
}

static sk_status make_product(sk_match *m, const sk_node *node, const sk_node *maker, const sk_quantized *to,
                              float lo, float hi) {
    product p;
    sk_value *inputs[9];
    if (!is_product(m, maker, &p)) return SK_OK;
    SK_TRY(put(m, &p.a, inputs));
    SK_TRY(put(m, &p.b, inputs + 3));
    SK_TRY(put_scale(m, to, inputs + 6));
    inputs[8] = NULL;
    if (p.bias) {
        SK_TRY(make_bias(m, &p, &inputs[8]));
        if (!inputs[8]) return SK_OK;
    }
    return become(m, node, maker, p.op, p.bias ? 9 : 8, inputs, lo, hi);
}

/* ---- sums and products of two ---- */

static sk_status make_binary(sk_match *m, const sk_node *node, const sk_node *maker, const sk_quantized *to,
                             float lo, float hi) {
    sk_quantized a, b;
    sk_value *inputs[8];
    if (!sk_dequantized(m, maker->inputs[0], &a, NULL) || !sk_dequantized(m, maker->inputs[1], &b, NULL))
        return SK_OK;
    SK_TRY(put(m, &a, inputs));
    SK_TRY(put(m, &b, inputs + 3));
    SK_TRY(put_scale(m, to, inputs + 6));
    return become(m, node, NULL, sk_match_is(maker, "Add") ? "QLinearAdd" : "QLinearMul", 8, inputs, lo, hi);
}

/* ---- tables ---- */

#define MOST_LINKS 8 /* one behind the other */
#define CODES 256

typedef struct table {
    const sk_match *m;
    sk_arena *arena;
    sk_error *err;
    sk_quantized from;
    const sk_value *codes; /* NULL: not come to yet */
    uint8_t bytes[CODES];
} table;

static int is_elementwise(const sk_node *node) {
    return node->op->follow == SK_FOLLOW_ELEMENTWISE && node->n_outputs == 1 && !node->n_bodies &&
           !(node->op->flags & (SK_OP_RANDOM | SK_OP_KINDS)) && node->outputs[0]->type.type == SK_FLOAT32;
}

static sk_status map_value(table *t, const sk_value *value, int depth, sk_tensor *out);

/* What one node, whose inputs are numbers or come from the codes, makes of each of these. */
static sk_status map_node(table *t, const sk_node *node, int depth, sk_tensor *out) {
    sk_ports ports;
    SK_TRY(sk_ports_of(node, t->arena, &ports, t->err));
    for (int i = 0; i < node->n_inputs; i++) {
        const sk_value *value = node->inputs[i];
        sk_tensor *in = &ports.tensors[i];
        if (!value) continue;
        if (value == t->codes) {
            *in = (sk_tensor){.type = value->type.type, .rank = 1, .dims = {CODES}, .data = t->bytes};
        } else if (!value->constant) {
            SK_TRY(map_value(t, value, depth, in));
        } else if (sk_numel(&value->constant->type) != 1 || value->constant->variable) {
            return SK_UNSUPPORTED;
        } else {
            in->data = sk_arena_alloc(t->arena, sk_nbytes(in));
            if (!in->data) return sk_oom(t->err, sk_nbytes(in));
            SK_TRY(sk_const_bytes(t->m->ir, value->constant, in->data, t->err));
        }
    }
    SK_TRY(sk_infer_node(node, ports.in, ports.out, t->err));
    *out = *ports.out[0];
    if (!sk_shape_known(out) || sk_numel(out) != CODES) return SK_UNSUPPORTED;
    ports.out[0]->data = out->data = sk_arena_alloc(t->arena, sk_nbytes(out));
    if (!out->data) return sk_oom(t->err, sk_nbytes(out));
    sk_set_shape(out, out->type, 1, &(int32_t){CODES});
    return sk_evaluate(t->m->ir, node, ports.in, ports.out, t->arena, t->err);
}

static sk_status map_value(table *t, const sk_value *value, int depth, sk_tensor *out) {
    const sk_node *maker = value->producer ? sk_match_maker(t->m, value, value->producer->op_type, 0) : NULL;
    sk_quantized from;
    if (!maker || depth == MOST_LINKS) return SK_UNSUPPORTED;
    if (sk_dequantized(t->m, value, &from, NULL)) {
        if (from.codes->constant || (t->codes && t->codes != from.codes)) return SK_UNSUPPORTED;
        t->from = from;
        t->codes = from.codes;
    } else if (!is_elementwise(maker)) {
        return SK_UNSUPPORTED;
    }
    return map_node(t, maker, depth + 1, out);
}

/* node, a QuantizeLinear, behind elementwise operators behind a DequantizeLinear. */
static sk_status make_table(sk_match *m, sk_node *node, const sk_quantized *to) {
    sk_arena arena;
    sk_error why = {.status = SK_OK};
    table t = {.m = m, .arena = &arena, .err = &why};
    sk_tensor out;
    for (int i = 0; i < CODES; i++) t.bytes[i] = (uint8_t)i;
    sk_arena_init(&arena, m->ir->arena.heap);
    const sk_status status = map_node(&t, node, 0, &out);
    sk_value *made = status == SK_OK ? constant(m, out.type, 1, CODES, out.data) : NULL;
    sk_arena_clear(&arena);
    if (status == SK_OUT_OF_MEMORY || (status == SK_OK && !made)) return sk_oom(m->err, CODES);
    if (status != SK_OK || t.from.codes->type.rank != node->outputs[0]->type.rank) return SK_OK;
    if (sk_dequantized(m, node->inputs[0], &t.from, NULL) && sk_quantized_alike(&t.from, to) &&
        !to->codes->is_output) {
        sk_replace_uses(m->graph, to->codes, t.from.codes);
        m->changed = 1;
        return SK_OK;
    }
    return become(m, node, NULL, "Table", 2, (sk_value *[]){t.from.codes, made}, -INFINITY, INFINITY);
}

/* ---- Concat ---- */

/* Input i of Concat as codes on the output's scale. */
static sk_status rescale(sk_match *m, const sk_node *quantize, const sk_quantized *to, sk_node *concat,
                         int i) {
    const int n_inputs = quantize->n_inputs;
    sk_node *made = sk_node_new(m->graph, "", "QuantizeLinear", n_inputs, 1);
    sk_value *codes = sk_value_new(m->graph, "");
    if (!made || !codes) return sk_oom(m->err, sizeof *made);
    memcpy(made->inputs, quantize->inputs, (size_t)n_inputs * sizeof(sk_value *));
    sk_quantized of = *to;
    of.codes = codes;
    made->inputs[0] = concat->inputs[i];
    made->outputs[0] = codes;
    made->opset = quantize->opset;
    made->op = quantize->op;
    made->params = quantize->params;
    codes->type = concat->inputs[i]->type;
    codes->type.type = quantize->outputs[0]->type.type;
    codes->producer = made;
    concat->inputs[i] = codes;
    SK_TRY(sk_insert_node(m->graph, m->at, made, m->err));
    SK_TRY(make_table(m, made, &of));
    m->at++;
    return SK_OK;
}

static sk_status make_concat(sk_match *m, sk_node *node, const sk_quantized *to, sk_node *maker) {
    sk_quantized q;
    for (int i = 0; i < maker->n_inputs; i++)
        if (!sk_dequantized(m, maker->inputs[i], &q, NULL)) return SK_OK;
    sk_value **inputs = sk_arena_alloc(&m->ir->arena, (size_t)maker->n_inputs * sizeof *inputs);
    if (!inputs) return sk_oom(m->err, (size_t)maker->n_inputs * sizeof *inputs);
    for (int i = 0; i < maker->n_inputs; i++) SK_TRY(rescale(m, node, to, maker, i));
    memcpy(inputs, maker->inputs, (size_t)maker->n_inputs * sizeof *inputs);
    return become(m, node, maker, "Concat", maker->n_inputs, inputs, -INFINITY, INFINITY);
}

/* ---- QuantizeLinear, and sums scaled to float32 ---- */

static sk_status quantized(sk_match *m, sk_node *node, const sk_quantized *to) {
    float lo = -INFINITY, hi = INFINITY;
    sk_node *maker = sole_maker(m, node->inputs[0]);
    for (float low, high; maker; maker = sole_maker(m, maker->inputs[0])) {
        const sk_traits *traits = maker->op->impl->traits;
        if (!traits || !traits->as_clamp || !traits->as_clamp(maker, &low, &high) || !(low <= high)) break;
        lo = fmaxf(fminf(low, hi), lo);
        hi = fmaxf(fminf(high, hi), lo);
    }
    lo = code_of(to, lo);
    hi = code_of(to, hi);
    if (maker && (sk_match_is(maker, "Conv") || sk_match_is(maker, "MatMul") || sk_match_is(maker, "Gemm")))
        return make_product(m, node, maker, to, lo, hi);
    if (maker && sk_match_is(maker, "Concat")) return make_concat(m, node, to, maker);
    if (maker && (sk_match_is(maker, "Add") || sk_match_is(maker, "Mul")))
        SK_TRY(make_binary(m, node, maker, to, lo, hi));
    return m->graph->nodes[m->at] == node ? make_table(m, node, to) : SK_OK;
}

/* One number, or n along the last axis? */
static int fits_columns(const sk_value *value, int32_t n) {
    const sk_tensor *t = &value->type;
    if (t->rank < 0 || !sk_shape_known(t)) return 0;
    return sk_numel(t) == 1 || (sk_numel(t) == (size_t)n && t->dims[t->rank - 1] == n);
}

/* Mul of the sums with a scale of the first operand times those of the second. */
static sk_status scaled(sk_match *m, const sk_node *node) {
    sk_value *scale;
    const sk_node *cast = sk_match_input(m, node, "Cast", 1, &scale);
    const sk_node *sums = cast ? sk_match_maker(m, cast->inputs[0], "MatMulInteger", 1) : NULL;
    const sk_node *scales = sums ? sk_match_maker(m, scale, "Mul", 0) : NULL;
    const sk_tensor *y = &node->outputs[0]->type;
    if (!scales || y->type != SK_FLOAT32 || y->rank < 1 || scale->type.rank > y->rank) return SK_OK;
    const int32_t n = y->dims[y->rank - 1];
    sk_value *inputs[6] = {NULL};
    const int second = scales->inputs[1]->constant != NULL;
    inputs[4] = scales->inputs[!second];
    inputs[5] = scales->inputs[second];
    if (sums->inputs[1]->type.rank < 2 || !fits_columns(inputs[4], 1) || !fits_columns(inputs[5], n))
        return SK_OK;
    memcpy(inputs, sums->inputs, (size_t)sums->n_inputs * sizeof *inputs);
    return become(m, node, NULL, "ScaledMatMulInteger", 6, inputs, -INFINITY, INFINITY);
}

/* Add of a bias to what that became. */
static sk_status biased(sk_match *m, const sk_node *node) {
    sk_value *inputs[7], *bias;
    const sk_node *sums = sk_match_input(m, node, "ScaledMatMulInteger", 1, &bias);
    const sk_tensor *y = &node->outputs[0]->type;
    if (!sums || sums->n_inputs > 6 || !bias->constant || y->rank != sums->outputs[0]->type.rank ||
        bias->type.type != SK_FLOAT32 || bias->type.rank > y->rank ||
        !fits_columns(bias, y->dims[y->rank - 1]))
        return SK_OK;
    memcpy(inputs, sums->inputs, 6 * sizeof *inputs);
    inputs[6] = bias;
    return become(m, node, NULL, "ScaledMatMulInteger", 7, inputs, -INFINITY, INFINITY);
}

static sk_status visit(sk_match *m, sk_node *node) {
    sk_quantized to;
    if (sk_match_is(node, "Mul")) return scaled(m, node);
    if (sk_match_is(node, "Add")) return biased(m, node);
    return sk_quantized_by(m, node, "QuantizeLinear", &to, NULL) ? quantized(m, node, &to) : SK_OK;
}

sk_status sk_pass_integers(sk_ir *ir, sk_error *err) { return sk_match_each(ir, err, visit); }
