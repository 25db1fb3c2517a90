/* Building, reading and changing the IR. */
#include "graph/graph.h"

#include <math.h>
#include <string.h>

/* Appends to an arena array, doubling it; the old one stays in the arena until the model is freed. */
static int grow(sk_arena *arena, void **array, int32_t count, int32_t *capacity) {
    if (count < *capacity) return 1;
    const int32_t larger = *capacity ? *capacity * 2 : 16;
    void *grown = sk_arena_calloc(arena, (size_t)larger, sizeof(void *));
    if (!grown) return 0;
    if (count) memcpy(grown, *array, (size_t)count * sizeof(void *));
    *array = grown;
    *capacity = larger;
    return 1;
}

sk_graph *sk_graph_new(sk_ir *ir, sk_graph *parent, const char *name) {
    sk_graph *graph = sk_arena_calloc(&ir->arena, 1, sizeof *graph);
    if (!graph) return NULL;
    graph->arena = &ir->arena;
    graph->parent = parent;
    graph->id = ir->n_graphs++;
    graph->name = sk_arena_text(&ir->arena, name, strlen(name));
    return graph->name ? graph : NULL;
}

sk_value *sk_value_new(sk_graph *graph, const char *name) {
    sk_value *value = sk_arena_calloc(graph->arena, 1, sizeof *value);
    if (!value || !grow(graph->arena, (void **)&graph->values, graph->n_values, &graph->cap_values))
        return NULL;
    value->name = sk_arena_text(graph->arena, name, strlen(name));
    if (!value->name) return NULL;
    value->graph = graph;
    value->type = sk_unknown_tensor();
    value->index = graph->n_values;
    graph->values[graph->n_values++] = value;
    return value;
}

sk_node *sk_node_new(sk_graph *graph, const char *domain, const char *op_type, int n_inputs, int n_outputs) {
    sk_node *node = sk_arena_calloc(graph->arena, 1, sizeof *node);
    if (!node) return NULL;
    node->graph = graph;
    node->name = "";
    node->domain = domain;
    node->op_type = op_type;
    node->n_inputs = n_inputs;
    node->n_outputs = n_outputs;
    node->lo = -INFINITY;
    node->hi = INFINITY;
    node->inputs = sk_arena_calloc(graph->arena, (size_t)n_inputs + 1, sizeof *node->inputs);
    node->outputs = sk_arena_calloc(graph->arena, (size_t)n_outputs + 1, sizeof *node->outputs);
    return node->inputs && node->outputs ? node : NULL;
}

sk_status sk_graph_append(sk_graph *graph, sk_node *node) {
    if (!grow(graph->arena, (void **)&graph->nodes, graph->n_nodes, &graph->cap_nodes))
        return SK_OUT_OF_MEMORY;
    graph->nodes[graph->n_nodes++] = node;
    return SK_OK;
}

sk_const *sk_const_new(sk_ir *ir) {
    sk_const *constant = sk_arena_calloc(&ir->arena, 1, sizeof *constant);
    if (constant) constant->id = ir->n_consts++;
    return constant;
}

sk_value *sk_value_const(sk_ir *ir, sk_graph *graph, const char *name, const sk_tensor *tensor) {
    const size_t bytes = sk_nbytes(tensor);
    sk_value *value = sk_value_new(graph, name);
    sk_const *constant = sk_const_new(ir);
    void *data = sk_arena_alloc(&ir->arena, bytes);
    if (!value || !constant || !data) return NULL;
    memcpy(data, tensor->data, bytes);
    constant->type = *tensor;
    constant->type.layout = SK_PLAIN;
    constant->type.data = data;
    sk_value_hold(value, constant);
    return value;
}

void sk_value_hold(sk_value *value, sk_const *constant) {
    value->constant = constant;
    value->type = constant->type;
    value->type.data = NULL;
}

/* ---- attributes ---- */

const sk_attr *sk_node_attr(const sk_node *node, const char *name) {
    for (int i = 0; i < node->n_attrs; i++)
        if (!strcmp(node->attrs[i].name, name)) return &node->attrs[i];
    return NULL;
}

int64_t sk_attr_int(const sk_node *node, const char *name, int64_t fallback) {
    const sk_attr *attr = sk_node_attr(node, name);
    return attr && attr->kind == SK_ATTR_INT ? attr->i : fallback;
}

float sk_attr_float(const sk_node *node, const char *name, float fallback) {
    const sk_attr *attr = sk_node_attr(node, name);
    return attr && attr->kind == SK_ATTR_FLOAT ? attr->f : fallback;
}

int sk_attr_is(const sk_node *node, const char *name, const char *text, const char *fallback) {
    const sk_attr *attr = sk_node_attr(node, name);
    if (!attr || attr->kind != SK_ATTR_STRING) return !strcmp(text, fallback);
    return attr->s.length == strlen(text) && !memcmp(attr->s.text, text, attr->s.length);
}

const int64_t *sk_attr_ints(const sk_node *node, const char *name, uint32_t *count) {
    const sk_attr *attr = sk_node_attr(node, name);
    const int found = attr && attr->kind == SK_ATTR_INTS;
    *count = found ? attr->count : 0;
    return found ? attr->ints : NULL;
}

/* ---- constants ---- */

static void multiply_scale(const sk_const *c, size_t first, size_t count, float *values) {
    const size_t inner = sk_span(&c->type, c->scale_axis + 1, c->type.rank);
    const size_t channels = (size_t)c->type.dims[c->scale_axis];
    for (size_t i = 0; i < count;) {
        const size_t at = first + i, left = inner - at % inner;
        const size_t run = left < count - i ? left : count - i;
        const float factor = c->scale[at / inner % channels];
        for (size_t j = 0; j < run; j++) values[i + j] *= factor;
        i += run;
    }
}

sk_status sk_const_read(const sk_ir *ir, const sk_const *c, size_t first, size_t count, void *dst,
                        sk_error *err) {
    const size_t width = (size_t)sk_type_bits(c->type.type) / 8;
    if (!count) return SK_OK;
    if (c->type.data) {
        memcpy(dst, (const char *)c->type.data + first * width, count * width);
    } else if (ir->source.read(ir->source.user, c->file, c->offset + (uint64_t)first * width, count * width,
                               dst)) {
        return sk_fail(err, SK_MALFORMED, "the model's bytes at %llu could not be read",
                       (unsigned long long)c->offset);
    }
    if (c->scale) multiply_scale(c, first, count, dst);
    return SK_OK;
}

sk_status sk_const_bytes(const sk_ir *ir, const sk_const *c, void *dst, sk_error *err) {
    if (sk_type_bits(c->type.type) >= 8) return sk_const_read(ir, c, 0, sk_numel(&c->type), dst, err);
    const size_t bytes = sk_nbytes(&c->type);
    if (c->type.data) memcpy(dst, c->type.data, bytes);
    else if (ir->source.read(ir->source.user, c->file, c->offset, bytes, dst))
        return sk_fail(err, SK_MALFORMED, "the model's bytes at %llu could not be read",
                       (unsigned long long)c->offset);
    return SK_OK;
}

sk_status sk_const_load(sk_ir *ir, sk_const *c, sk_error *err) {
    if (c->type.data && !c->scale) return SK_OK;
    const size_t bytes = sk_nbytes(&c->type);
    void *data = sk_arena_alloc(&ir->arena, bytes);
    if (!data) return sk_oom(err, bytes);
    SK_TRY(sk_const_bytes(ir, c, data, err));
    c->type.data = data;
    c->scale = NULL;
    return SK_OK;
}

/* ---- changing ---- */

void sk_replace_uses(sk_graph *graph, sk_value *from, sk_value *to) {
    for (int i = 0; i < graph->n_nodes; i++) {
        sk_node *node = graph->nodes[i];
        for (int j = 0; j < node->n_inputs; j++)
            if (node->inputs[j] == from) node->inputs[j] = to;
        for (int j = 0; j < node->n_bodies; j++) sk_replace_uses(node->bodies[j], from, to);
    }
    for (int i = 0; i < graph->n_outputs; i++)
        if (graph->outputs[i] == from) graph->outputs[i] = to, to->is_output = 1;
}

static void count_in(const sk_graph *user, const sk_graph *of, int32_t *uses) {
    for (int i = 0; i < user->n_nodes; i++) {
        const sk_node *node = user->nodes[i];
        for (int j = 0; j < node->n_inputs; j++)
            if (node->inputs[j] && node->inputs[j]->graph == of) uses[node->inputs[j]->index]++;
        for (int j = 0; j < node->n_bodies; j++) count_in(node->bodies[j], of, uses);
    }
    for (int i = 0; i < user->n_outputs; i++)
        if (user->outputs[i]->graph == of) uses[user->outputs[i]->index]++;
}

void sk_count_uses(const sk_graph *graph, int32_t *uses) {
    memset(uses, 0, (size_t)graph->n_values * sizeof *uses);
    count_in(graph, graph, uses);
}

void sk_keep_nodes(sk_graph *graph, const uint8_t *keep) {
    int n = 0;
    for (int i = 0; i < graph->n_nodes; i++)
        if (keep[i]) graph->nodes[n++] = graph->nodes[i];
    graph->n_nodes = n;
}
