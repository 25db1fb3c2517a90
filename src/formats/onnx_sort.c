/* Topological order for graphs whose nodes stand in another one. ONNX asks writers for sorted nodes, but some
 * tools that edit models append theirs at the end and onnxruntime takes them. */
#include <string.h>

#include "formats/onnx_reader.h"

typedef struct sorter {
    const sk_graph *graph;
    int32_t *giver; /* by value index: the node that gives it, -1: none */
    int32_t *first; /* where a node's users begin in `users` */
    int32_t *users; /* NULL while they are only counted */
    int32_t *waits; /* how many inputs of a node are not given yet */
    int32_t *queue; /* nodes in their new order */
    int32_t node;   /* whose inputs are being visited */
} sorter;

static void visit_value(sorter *s, const sk_value *value) {
    if (!value || value->graph != s->graph || s->giver[value->index] < 0) return;
    const int32_t giver = s->giver[value->index];
    if (s->users) {
        s->users[s->first[giver]++] = s->node;
    } else {
        s->first[giver + 1]++;
        s->waits[s->node]++;
    }
}

/* All values that a node or its bodies read. */
static void visit_inputs(sorter *s, const sk_node *node) {
    for (int32_t i = 0; i < node->n_inputs; i++) visit_value(s, node->inputs[i]);
    for (int32_t i = 0; i < node->n_bodies; i++) {
        const sk_graph *body = node->bodies[i];
        for (int32_t j = 0; j < body->n_nodes; j++) visit_inputs(s, body->nodes[j]);
        for (int32_t j = 0; j < body->n_outputs; j++) visit_value(s, body->outputs[j]);
    }
}

static void visit_all(sorter *s) {
    for (s->node = 0; s->node < s->graph->n_nodes; s->node++) visit_inputs(s, s->graph->nodes[s->node]);
}

/* Fills the queue: nodes that wait for nothing, then those for which they were the last; returns how many. */
static int32_t fill_queue(const sorter *s) {
    int32_t filled = 0;
    for (int32_t i = 0; i < s->graph->n_nodes; i++)
        if (!s->waits[i]) s->queue[filled++] = i;
    for (int32_t done = 0; done < filled; done++) {
        const int32_t node = s->queue[done];
        /* filling `users` moved each node's beginning to its end, which is where the next one's begin */
        for (int32_t i = node ? s->first[node - 1] : 0; i < s->first[node]; i++)
            if (!--s->waits[s->users[i]]) s->queue[filled++] = s->users[i];
    }
    return filled;
}

static sk_status cycle(sk_onnx *r, const sorter *s) {
    int32_t i = 0;
    while (!s->waits[i]) i++;
    const sk_node *node = s->graph->nodes[i];
    return sk_fail(r->err, SK_MALFORMED, "the graph has a cycle: %.*s '%.*s' depends on its own output", 80,
                   node->op_type, 200,
                   node->name[0] || !node->n_outputs || !node->outputs[0] ? node->name
                                                                          : node->outputs[0]->name);
}

sk_status sk_onnx_sort(sk_onnx *r, sk_graph *graph) {
    const size_t n = (size_t)graph->n_nodes;
    sorter s = {.graph = graph};
    s.giver = sk_arena_alloc(&r->scratch, (size_t)graph->n_values * sizeof(int32_t));
    s.first = sk_arena_calloc(&r->scratch, n + 1, sizeof(int32_t));
    s.waits = sk_arena_calloc(&r->scratch, n, sizeof(int32_t));
    s.queue = sk_arena_calloc(&r->scratch, n, sizeof(int32_t));
    sk_node **order = sk_arena_calloc(&r->scratch, n, sizeof *order);
    if (!s.giver || !s.first || !s.waits || !s.queue || !order) return sk_oom(r->err, n * 24);
    for (int32_t i = 0; i < graph->n_values; i++) s.giver[i] = -1;
    for (int32_t i = 0; i < graph->n_nodes; i++)
        for (int32_t j = 0; j < graph->nodes[i]->n_outputs; j++)
            if (graph->nodes[i]->outputs[j]) s.giver[graph->nodes[i]->outputs[j]->index] = i;
    visit_all(&s);
    for (size_t i = 0; i < n; i++) s.first[i + 1] += s.first[i];
    int32_t *users = sk_arena_calloc(&r->scratch, (size_t)s.first[n], sizeof(int32_t));
    if (!users) return sk_oom(r->err, (size_t)s.first[n] * sizeof(int32_t));
    s.users = users;
    visit_all(&s);
    if (fill_queue(&s) < graph->n_nodes) return cycle(r, &s);
    for (size_t i = 0; i < n; i++) order[i] = graph->nodes[s.queue[i]];
    if (n) memcpy(graph->nodes, order, n * sizeof *order);
    return SK_OK;
}
