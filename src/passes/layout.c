/* Layouts: convolutions and pooling want channels last, operators behind them follow where their row says
 * they can, and a transpose is inserted where neither holds. A model's own transposes between NCHW and NHWC
 * turn into views of the other layout, so they cost nothing. Graph inputs, outputs and the borders of bodies
 * stay plain. */
#include <string.h>

#include "passes/passes.h"

typedef struct layouts {
    sk_ir *ir;
    sk_graph *graph;
    sk_error *err;
    sk_node **nodes; /* the new list */
    int32_t n_nodes, capacity;
    sk_value **converted; /* pairs: value, the same in the other layout */
    int32_t n_converted, cap_converted;
} layouts;

static sk_status push(layouts *l, sk_node *node) {
    if (l->n_nodes == l->capacity) {
        const int32_t capacity = l->capacity ? l->capacity * 2 : 64;
        sk_node **grown = sk_arena_alloc(&l->ir->arena, (size_t)capacity * sizeof *grown);
        if (!grown) return sk_oom(l->err, (size_t)capacity * sizeof *grown);
        if (l->n_nodes) memcpy(grown, l->nodes, (size_t)l->n_nodes * sizeof *grown);
        l->nodes = grown;
        l->capacity = capacity;
    }
    l->nodes[l->n_nodes++] = node;
    return SK_OK;
}

static sk_value *find_converted(const layouts *l, const sk_value *value) {
    for (int i = 0; i < l->n_converted; i += 2)
        if (l->converted[i] == value) return l->converted[i + 1];
    return NULL;
}

static sk_status remember(layouts *l, sk_value *value, sk_value *other) {
    if (l->n_converted + 2 > l->cap_converted) {
        const int32_t capacity = l->cap_converted ? l->cap_converted * 2 : 32;
        sk_value **grown = sk_realloc(l->ir->arena.heap, l->converted, (size_t)capacity * sizeof *grown);
        if (!grown) return sk_oom(l->err, (size_t)capacity * sizeof *grown);
        l->converted = grown;
        l->cap_converted = capacity;
    }
    l->converted[l->n_converted++] = value;
    l->converted[l->n_converted++] = other;
    return SK_OK;
}

/* A transpose that permutes nothing but the storage. */
static sk_node *new_transpose(layouts *l, sk_value *from, sk_value *to) {
    sk_node *node = sk_node_new(l->graph, "", "Transpose", 1, 1);
    sk_attr *attr = sk_arena_calloc(&l->ir->arena, 1, sizeof *attr);
    int64_t *perm = sk_arena_calloc(&l->ir->arena, SK_MAX_RANK, sizeof *perm);
    if (!node || !attr || !perm) return NULL;
    for (int i = 0; i < SK_MAX_RANK; i++) perm[i] = i;
    *attr = (sk_attr){.name = "perm", .kind = SK_ATTR_INTS, .count = (uint32_t)from->type.rank, .ints = perm};
    node->name = from->name;
    node->attrs = attr;
    node->n_attrs = 1;
    node->opset = 13;
    node->op = sk_op_find("", "Transpose", 13);
    node->inputs[0] = from;
    node->outputs[0] = to;
    to->producer = node;
    sk_import import = {l->ir, node, l->err};
    return node->op->impl->import(&import) == SK_OK ? node : NULL;
}

/* *value in the wanted layout: itself, or a transposed copy made once. */
static sk_status want(layouts *l, sk_value **value, int layout) {
    sk_value *from = *value;
    if (from->type.layout == layout || from->type.rank < 3) return SK_OK;
    sk_value *to = find_converted(l, from);
    if (!to) {
        to = sk_value_new(l->graph, from->name);
        if (!to) return sk_oom(l->err, sizeof *to);
        to->type = from->type;
        to->type.layout = (uint8_t)layout;
        sk_node *node = new_transpose(l, from, to);
        if (!node) return sk_oom(l->err, sizeof *node);
        SK_TRY(push(l, node));
        SK_TRY(remember(l, from, to));
    }
    *value = to;
    return SK_OK;
}

/* 1 when every output present has this rank. */
static int outputs_have_rank(const sk_node *node, int rank) {
    for (int i = 0; i < node->n_outputs; i++)
        if (node->outputs[i] && node->outputs[i]->type.rank != rank) return 0;
    return 1;
}

static int wants_channels_last(const sk_node *node) {
    const sk_value *first = node->n_inputs ? node->inputs[0] : NULL;
    const int follow = node->op->follow;
    if (!first || follow == SK_FOLLOW_NONE || !node->n_outputs || !node->outputs[0]) return 0;
    const int rank = node->outputs[0]->type.rank;
    if (!outputs_have_rank(node, rank)) return 0;
    if (rank < 3 || rank > 5) return 0;
    if (follow == SK_FOLLOW_CHANNELS) return first->type.rank == rank && node->n_outputs == 1;
    int any = 0;
    for (int i = 0; i < node->n_inputs; i++) {
        const sk_value *in = node->inputs[i];
        if (!in) continue;
        if (in->type.rank < 0) return 0;
        if (in->type.rank > rank) return 0;
        any |= in->type.rank == rank && in->type.layout == SK_CHANNELS_LAST;
    }
    return any && (follow == SK_FOLLOW_ELEMENTWISE || first->type.rank == rank);
}

/* Does input i of a node that works channels-last have to be so too? */
static int converts_input(const sk_node *node, int i, int rank) {
    const sk_value *in = node->inputs[i];
    if (!in || in->type.rank != rank) return 0;
    switch (node->op->follow) {
    case SK_FOLLOW_CHANNELS: return i == 0 || i == node->op->max_in; /* what it adds lies as its output */
    case SK_FOLLOW_ELEMENTWISE: return !in->constant; /* a constant operand is read with strides */
    default: return 1;
    }
}

/* The model's own Transpose: its output takes the layout in which nothing has to move, when there is one. */
static int free_transpose(const sk_node *node, uint8_t *layout) {
    const sk_value *in = node->n_inputs ? node->inputs[0] : NULL;
    uint32_t count;
    const int64_t *perm = sk_attr_ints(node, "perm", &count);
    if (strcmp(node->op_type, "Transpose") != 0 || !in || (int)count != in->type.rank || count < 3 ||
        count > 5)
        return 0;
    const int rank = (int)count, to_last = in->type.layout == SK_PLAIN;
    for (int i = 0; i < rank; i++) {
        /* NHWC -> NCHW puts the last axis second; NCHW -> NHWC the second last */
        const int expected = to_last ? (i == 0   ? 0
                                        : i == 1 ? rank - 1
                                                 : i - 1)
                                     : (i == 0          ? 0
                                        : i == rank - 1 ? 1
                                                        : i + 1);
        if (perm[i] != expected) return 0;
    }
    *layout = to_last ? SK_CHANNELS_LAST : SK_PLAIN;
    return 1;
}

static sk_status lay_out_node(layouts *l, sk_node *node) {
    uint8_t layout = SK_PLAIN;
    if (!(node->op->flags & SK_OP_CONTROL) && free_transpose(node, &layout)) {
        node->outputs[0]->type.layout = layout;
        return push(l, node);
    }
    const int last = wants_channels_last(node);
    const int rank = last ? node->outputs[0]->type.rank : -1;
    for (int i = 0; i < node->n_inputs; i++) {
        if (!node->inputs[i]) continue;
        if (last && converts_input(node, i, rank)) SK_TRY(want(l, &node->inputs[i], SK_CHANNELS_LAST));
        else if (!last || node->inputs[i]->type.rank != rank || node->op->follow != SK_FOLLOW_ELEMENTWISE)
            SK_TRY(want(l, &node->inputs[i], SK_PLAIN));
    }
    for (int i = 0; last && i < node->n_outputs; i++)
        if (node->outputs[i]) node->outputs[i]->type.layout = SK_CHANNELS_LAST;
    return push(l, node);
}

/* A graph output under its own name but made in the wrong layout: the maker gets another value, a transpose
 * makes it. */
static sk_status settle_output(layouts *l, int i) {
    sk_value *output = l->graph->outputs[i];
    if (output->type.layout == SK_PLAIN || output->graph != l->graph)
        return want(l, &l->graph->outputs[i], SK_PLAIN);
    sk_value *made = sk_value_new(l->graph, output->name);
    if (!made) return sk_oom(l->err, sizeof *made);
    made->type = output->type;
    made->producer = output->producer;
    sk_node *maker = output->producer;
    for (int j = 0; maker && j < maker->n_outputs; j++)
        if (maker->outputs[j] == output) maker->outputs[j] = made;
    for (int n = 0; n < l->n_nodes; n++) {
        for (int j = 0; j < l->nodes[n]->n_inputs; j++)
            if (l->nodes[n]->inputs[j] == output) l->nodes[n]->inputs[j] = made;
        for (int j = 0; j < l->nodes[n]->n_bodies; j++) sk_replace_uses(l->nodes[n]->bodies[j], output, made);
    }
    output->type.layout = SK_PLAIN;
    sk_node *node = new_transpose(l, made, output);
    return node ? push(l, node) : sk_oom(l->err, sizeof *node);
}

static sk_status lay_out_graph(sk_ir *ir, sk_graph *graph, sk_error *err) {
    layouts l = {.ir = ir, .graph = graph, .err = err};
    sk_status status = SK_OK;
    for (int i = 0; i < graph->n_nodes && status == SK_OK; i++) status = lay_out_node(&l, graph->nodes[i]);
    for (int i = 0; i < graph->n_outputs && status == SK_OK; i++) status = settle_output(&l, i);
    sk_free(ir->arena.heap, l.converted);
    SK_TRY(status);
    graph->nodes = l.nodes;
    graph->n_nodes = l.n_nodes;
    graph->cap_nodes = l.capacity;
    return SK_OK;
}

sk_status sk_pass_layout(sk_ir *ir, sk_error *err) { return sk_each_graph(ir, ir->main, lay_out_graph, err); }
