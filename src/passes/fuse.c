/* Fusion by properties, not by names: an affine operator (batch norm, a constant scale or shift) folds into
 * the weights of the linear operator before it, a clamp (Relu, Clip) into whatever clamps for free, and the
 * sum of a residual connection into what adds before it clamps. The weights stay in the source: their scale
 * is one vector on the constant. */
#include <string.h>

#include "passes/passes.h"

typedef struct fusion {
    sk_ir *ir;
    sk_graph *graph;
    sk_error *err;
    int32_t *uses, *at; /* of the graph's values: how often read, and the number of the node that makes it */
    uint8_t *keep;
} fusion;

/* ONNX has no clamps and sums within other operators, and no bias of a MatMul. */
static int is_portable(const sk_ir *ir) { return SK_TOOLS && ir->portable; }

/* The node that makes `value`, when this is its only use and both stand in this graph. */
static sk_node *sole_maker(const fusion *f, const sk_value *value) {
    if (!value || value->graph != f->graph || !value->producer || value->is_output) return NULL;
    return f->uses[value->index] == 1 && value->producer->outputs[0] == value ? value->producer : NULL;
}

/* `by` swallows `node`, whose output it makes from now on. */
static void swallow(fusion *f, sk_node *by, const sk_node *node, int index) {
    f->at[node->outputs[0]->index] = f->at[by->outputs[0]->index];
    by->outputs[0] = node->outputs[0];
    by->outputs[0]->producer = by;
    f->keep[index] = 0;
}

static int is_clamped(const sk_node *node) {
    return node->lo != -__builtin_inff() || node->hi != __builtin_inff();
}

static int fuse_clamp(fusion *f, int index) {
    sk_node *node = f->graph->nodes[index];
    float lo, hi;
    const sk_traits *traits = node->op->impl->traits;
    if (!traits || !traits->as_clamp || !traits->as_clamp(node, &lo, &hi)) return 0;
    sk_node *maker = sole_maker(f, node->inputs[0]);
    if (!maker || !(maker->op->flags & SK_OP_CLAMPS) || node->outputs[0]->type.type != SK_FLOAT32 ||
        !(lo <= hi))
        return 0;
    maker->lo = maker->lo < lo ? lo : maker->lo > hi ? hi : maker->lo;
    maker->hi = maker->hi < lo ? lo : maker->hi > hi ? hi : maker->hi;
    swallow(f, maker, node, index);
    return 1;
}

/* A copy of the weights' constant with another factor along the channels; the bytes are not touched. */
static sk_value *scaled_weights(fusion *f, const sk_value *weights, int axis, const float *scale,
                                int channels) {
    const sk_const *old = weights->constant;
    sk_const *fresh = sk_const_new(f->ir);
    float *factors = sk_arena_calloc(&f->ir->arena, (size_t)channels, sizeof *factors);
    sk_value *value = sk_value_new(f->graph, weights->name);
    if (!fresh || !factors || !value) return NULL;
    const int32_t id = fresh->id;
    *fresh = *old;
    fresh->id = id;
    for (int i = 0; i < channels; i++) factors[i] = scale[i] * (old->scale ? old->scale[i] : 1);
    fresh->scale = factors;
    fresh->scale_axis = axis;
    value->constant = fresh;
    value->type = weights->type;
    return value;
}

/* bias * scale + shift as a new constant. */
static sk_value *shifted_bias(fusion *f, const sk_node *maker, int input, const float *scale,
                              const float *shift, int channels) {
    sk_tensor t = {.type = SK_FLOAT32, .rank = 1, .dims = {channels}};
    float *values = sk_arena_calloc(&f->ir->arena, (size_t)channels, sizeof *values);
    const sk_value *old = input < maker->n_inputs ? maker->inputs[input] : NULL;
    if (!values) return NULL;
    if (old && sk_const_read(f->ir, old->constant, 0, (size_t)channels, values, f->err) != SK_OK) return NULL;
    for (int i = 0; i < channels; i++) values[i] = values[i] * scale[i] + shift[i];
    t.data = values;
    return sk_value_const(f->ir, f->graph, old ? old->name : maker->inputs[1]->name, &t);
}

/* Room for the bias input, when the file left it out. */
static int reach_input(sk_node *node, int input) {
    if (input < node->n_inputs) return 1;
    sk_value **longer = sk_arena_calloc(node->graph->arena, (size_t)input + 2, sizeof *longer);
    if (!longer) return 0;
    memcpy(longer, node->inputs, (size_t)node->n_inputs * sizeof *longer);
    node->inputs = longer;
    node->n_inputs = input + 1;
    return 1;
}

static int is_plain_constant(const sk_value *value, int type) {
    return value && value->constant && !value->constant->variable && value->constant->type.type == type;
}

/* Can the maker take a scale and a shift? Then *linear says where and the result is its number of channels,
 * else 0. */
static int takes_affine(const sk_node *maker, sk_linear *linear) {
    const sk_traits *traits = maker->op->impl->traits;
    if (!traits || !traits->as_linear || is_clamped(maker) || maker->n_inputs > maker->op->max_in ||
        !traits->as_linear(maker, linear))
        return 0;
    const sk_value *weights = maker->inputs[linear->weight];
    const sk_value *bias = linear->bias < maker->n_inputs ? maker->inputs[linear->bias] : NULL;
    if (!is_plain_constant(weights, SK_FLOAT32) || (bias && !is_plain_constant(bias, SK_FLOAT32))) return 0;
    const sk_const *c = weights->constant;
    const int channels = c->type.dims[linear->weight_axis];
    if (c->scale && c->scale_axis != linear->weight_axis) return 0;
    if (bias && (bias->constant->type.rank != 1 || bias->constant->type.dims[0] != channels)) return 0;
    return channels > 0 && channels < 1 << 20 ? channels : 0;
}

static sk_status fuse_affine_into(fusion *f, int index, int data, sk_node *maker, sk_linear linear,
                                  int channels, float *vectors) {
    const sk_node *node = f->graph->nodes[index];
    float *scale = vectors, *shift = vectors + channels;
    int read = data;
    const sk_status status = node->op->impl->traits->as_affine(f->ir, node, linear.out_axis, channels, &read,
                                                               scale, shift, f->err);
    if (status == SK_UNSUPPORTED || read != data) return SK_OK;
    SK_TRY(status);
    sk_value *bias = shifted_bias(f, maker, linear.bias, scale, shift, channels);
    sk_value *weights = scaled_weights(f, maker->inputs[linear.weight], linear.weight_axis, scale, channels);
    if (!bias || !weights || !reach_input(maker, linear.bias))
        return sk_oom(f->err, (size_t)channels * sizeof(float));
    maker->inputs[linear.bias] = bias;
    maker->inputs[linear.weight] = weights;
    swallow(f, maker, node, index);
    return SK_OK;
}

static sk_status fuse_affine(fusion *f, int index) {
    sk_node *node = f->graph->nodes[index];
    if (!node->op->impl->traits || !node->op->impl->traits->as_affine) return SK_OK;
    for (int i = 0; i < node->n_inputs && i < 2 && f->keep[index]; i++) {
        sk_node *maker = sole_maker(f, node->inputs[i]);
        sk_linear linear;
        int channels = maker ? takes_affine(maker, &linear) : 0;
        if (is_portable(f->ir) && channels && linear.bias >= maker->op->max_in) channels = 0;
        /* what is added must not make the output larger than the linear operator's */
        if (!channels || node->outputs[0]->type.rank != node->inputs[i]->type.rank) continue;
        float *vectors = sk_calloc(f->ir->arena.heap, 2 * (size_t)channels, sizeof *vectors);
        if (!vectors) return sk_oom(f->err, 2 * (size_t)channels * sizeof *vectors);
        const sk_status status = fuse_affine_into(f, index, i, maker, linear, channels, vectors);
        sk_free(f->ir->arena.heap, vectors);
        SK_TRY(status);
    }
    return SK_OK;
}

/* The node that adds `other`, made elsewhere, to what it makes anyway; NULL: `value`'s maker cannot. */
static sk_node *adder(const fusion *f, const sk_value *value, const sk_value *other, const sk_value *sum) {
    sk_node *maker = sole_maker(f, value);
    if (!maker || !(maker->op->flags & SK_OP_ADDS) || is_clamped(maker)) return NULL;
    if (maker->n_inputs > maker->op->max_in || !other || other->constant) return NULL;
    /* shapes that are only known later might have to be stretched */
    const sk_tensor *a = &value->type, *b = &other->type;
    const int same = sk_shape_known(a) && sk_shape_known(b) && sk_same_shape(a, b);
    return same && a->type == SK_FLOAT32 && b->type == SK_FLOAT32 && sum->type.type == SK_FLOAT32 ? maker
                                                                                                  : NULL;
}

/* In place of the sum, where both operands are there, stands the node that makes one of them: the later one,
 * so that the order stays as it was. */
static sk_status fuse_sum(fusion *f, int index) {
    sk_node **nodes = f->graph->nodes, *node = nodes[index];
    if (!(node->op->flags & SK_OP_SUM)) return SK_OK;
    sk_node *can[2];
    for (int i = 0; i < 2; i++) can[i] = adder(f, node->inputs[i], node->inputs[!i], node->outputs[0]);
    if (!can[0] && !can[1]) return SK_OK;
    const int first = can[0] && can[1] && f->at[node->inputs[0]->index] < f->at[node->inputs[1]->index];
    const int i = can[0] && !first ? 0 : 1;
    sk_node *by = can[i];
    if (!reach_input(by, by->op->max_in)) return sk_oom(f->err, sizeof *by);
    by->inputs[by->op->max_in] = node->inputs[!i];
    f->keep[f->at[node->inputs[i]->index]] = 0;
    by->outputs[0] = node->outputs[0];
    by->outputs[0]->producer = by;
    nodes[index] = by;
    return SK_OK;
}

static sk_status fuse_nodes(fusion *f) {
    memset(f->keep, 1, (size_t)f->graph->n_nodes);
    sk_count_uses(f->graph, f->uses);
    for (int i = 0; i < f->graph->n_nodes; i++) {
        const sk_node *node = f->graph->nodes[i];
        for (int j = 0; j < node->n_outputs; j++)
            if (node->outputs[j] && node->outputs[j]->graph == f->graph) f->at[node->outputs[j]->index] = i;
        if (!is_portable(f->ir) && fuse_clamp(f, i)) continue;
        SK_TRY(fuse_affine(f, i));
        if (f->keep[i] && !is_portable(f->ir)) SK_TRY(fuse_sum(f, i));
    }
    sk_keep_nodes(f->graph, f->keep);
    return SK_OK;
}

static sk_status fuse_graph(sk_ir *ir, sk_graph *graph, sk_error *err) {
    fusion f = {.ir = ir, .graph = graph, .err = err};
    /* fused constants add values: at most two for each node */
    const size_t values = (size_t)graph->n_values + 2 * (size_t)graph->n_nodes + 1;
    f.uses = sk_calloc(ir->arena.heap, values, 2 * sizeof *f.uses);
    f.at = f.uses ? f.uses + values : NULL;
    f.keep = sk_calloc(ir->arena.heap, (size_t)graph->n_nodes + 1, 1);
    const sk_status status = f.uses && f.keep ? fuse_nodes(&f) : sk_oom(err, (size_t)graph->n_values);
    sk_free(ir->arena.heap, f.uses);
    sk_free(ir->arena.heap, f.keep);
    return status;
}

sk_status sk_pass_fuse(sk_ir *ir, sk_error *err) { return sk_each_graph(ir, ir->main, fuse_graph, err); }
