/* Chains: elementwise operators on the same float32 elements become one node, Chain, that goes over memory
 * once. A chain is everything that leads to one operator's output, is used for nothing else and has its shape
 * and layout: found from the last operator backwards. What an operator does is its own answer (as_element);
 * how the links run, and which of them are one, is ops/chain.c's business. */
#include <string.h>

#include "passes/passes.h"

typedef struct chains {
    sk_ir *ir;
    sk_graph *graph;
    sk_error *err;
    int32_t *uses;  /* by value */
    int32_t *maker; /* by value: the node that makes it, -1 */
    uint8_t *keep;  /* by node */
} chains;

typedef struct region {
    int32_t nodes[SK_CHAIN_LINKS]; /* the last operator first, then in the order they were found */
    sk_element elements[SK_CHAIN_LINKS];
    int n;
    sk_value *inputs[SK_CHAIN_INPUTS + 2];
    int n_inputs;
} region;

static int as_element(const chains *c, int32_t node, sk_element *e) {
    const sk_node *n = c->graph->nodes[node];
    const sk_traits *traits = n->op->impl->traits;
    *e = (sk_element){.operands = 0};
    if (!c->keep[node] || !traits || !traits->as_element || n->n_outputs != 1 || !traits->as_element(n, e))
        return 0;
    for (int i = 0; i < e->operands; i++)
        if (n->inputs[i]->type.type != SK_FLOAT32) return 0;
    return n->outputs[0]->type.type == SK_FLOAT32;
}

/* One shape and layout as far as is known at load? */
static int alike(const sk_value *a, const sk_value *b) {
    if (a->type.rank < 0 || a->type.rank != b->type.rank || a->type.layout != b->type.layout) return 0;
    return !memcmp(a->type.dims, b->type.dims, (size_t)a->type.rank * sizeof *a->type.dims);
}

static int member(const region *r, int32_t node) {
    for (int i = 0; i < r->n; i++)
        if (r->nodes[i] == node) return i;
    return -1;
}

static int32_t maker_of(const chains *c, const sk_value *value) {
    return value->graph == c->graph ? c->maker[value->index] : -1;
}

/* How often the region reads it. */
static int reads(const chains *c, const region *r, const sk_value *value) {
    int count = 0;
    for (int i = 0; i < r->n; i++)
        for (int j = 0; j < r->elements[i].operands; j++)
            count += c->graph->nodes[r->nodes[i]]->inputs[j] == value;
    return count;
}

/* What comes from outside; those of the output's shape first, whose memory the output may take. 0: too many.
 */
static int find_inputs(const chains *c, region *r) {
    const sk_value *out = c->graph->nodes[r->nodes[0]]->outputs[0];
    r->n_inputs = 0;
    for (int i = 0; i < r->n; i++)
        for (int j = 0; j < r->elements[i].operands; j++) {
            sk_value *in = c->graph->nodes[r->nodes[i]]->inputs[j];
            const int32_t maker = maker_of(c, in);
            int k = 0;
            if (maker >= 0 && member(r, maker) >= 0) continue;
            while (k < r->n_inputs && r->inputs[k] != in) k++;
            if (k < r->n_inputs) continue;
            if (k == SK_CHAIN_INPUTS) return 0;
            r->inputs[r->n_inputs++] = in;
            if (in->constant || !alike(in, out) || (alike(r->inputs[0], out) && !r->inputs[0]->constant))
                continue;
            r->inputs[k] = r->inputs[0];
            r->inputs[0] = in;
        }
    return 1;
}

/* Takes in the operator that makes `value`, if it can be a link. */
static int grow(const chains *c, region *r, const sk_value *value) {
    const int32_t maker = maker_of(c, value);
    const sk_value *out = c->graph->nodes[r->nodes[0]]->outputs[0];
    if (maker < 0 || member(r, maker) >= 0 || r->n == SK_CHAIN_LINKS || !alike(value, out)) return 0;
    if (c->uses[value->index] != reads(c, r, value) || !as_element(c, maker, &r->elements[r->n])) return 0;
    r->nodes[r->n++] = maker;
    if (find_inputs(c, r)) return 1;
    r->n--;
    return 0;
}

static void find_region(const chains *c, region *r) {
    int grown = 1;
    while (grown) {
        grown = 0;
        for (int i = 0; i < r->n; i++)
            for (int j = 0; j < r->elements[i].operands; j++)
                grown |= grow(c, r, c->graph->nodes[r->nodes[i]]->inputs[j]);
    }
}

/* The operators' own order. */
static void sort(region *r) {
    for (int i = 1; i < r->n; i++)
        for (int j = i; j && r->nodes[j] < r->nodes[j - 1]; j--) {
            const int32_t node = r->nodes[j];
            const sk_element element = r->elements[j];
            r->nodes[j] = r->nodes[j - 1];
            r->elements[j] = r->elements[j - 1];
            r->nodes[j - 1] = node;
            r->elements[j - 1] = element;
        }
}

static void make_links(const chains *c, const region *r, sk_links *links) {
    links->n = r->n;
    for (int i = 0; i < r->n; i++) {
        sk_link *link = &links->link[i];
        link->element = r->elements[i];
        for (int j = 0; j < link->element.operands; j++) {
            const sk_value *in = c->graph->nodes[r->nodes[i]]->inputs[j];
            const int32_t maker = maker_of(c, in);
            const int before = maker < 0 ? -1 : member(r, maker);
            int k = 0;
            while (before < 0 && r->inputs[k] != in) k++;
            link->from[j] = (int16_t)(before < 0 ? k : ~before);
        }
    }
}

/* The Chain takes the last operator's place. */
static sk_status replace(chains *c, region *r) {
    const int32_t last = r->nodes[0];
    const sk_node *end = c->graph->nodes[last];
    find_inputs(c, r);
    sort(r);
    const size_t size = sizeof(sk_links) + (size_t)r->n * sizeof(sk_link);
    sk_node *node = sk_node_new(c->graph, "", "Chain", r->n_inputs, 1);
    sk_links *links = sk_arena_calloc(&c->ir->arena, 1, size);
    if (!node || !links) return sk_oom(c->err, size);
    make_links(c, r, links);
    node->name = end->name;
    node->opset = end->opset;
    node->op = sk_op_find("", "Chain", INT16_MAX);
    node->params = links;
    for (int i = 0; i < r->n_inputs; i++) node->inputs[i] = r->inputs[i];
    node->outputs[0] = end->outputs[0];
    node->outputs[0]->producer = node;
    for (int i = 0; i < r->n; i++) c->keep[r->nodes[i]] = 0;
    c->keep[last] = 1;
    c->graph->nodes[last] = node;
    return SK_OK;
}

static sk_status find_chains(chains *c) {
    const sk_graph *graph = c->graph;
    sk_count_uses(graph, c->uses);
    memset(c->keep, 1, (size_t)graph->n_nodes);
    for (int i = 0; i < graph->n_values; i++) c->maker[i] = -1;
    for (int i = 0; i < graph->n_nodes; i++)
        for (int j = 0; j < graph->nodes[i]->n_outputs; j++)
            if (graph->nodes[i]->outputs[j]) c->maker[graph->nodes[i]->outputs[j]->index] = i;
    for (int i = graph->n_nodes - 1; i >= 0; i--) {
        region r = {.nodes = {i}, .n = 1};
        if (!as_element(c, i, &r.elements[0])) continue;
        find_region(c, &r);
        if (r.n > 1) SK_TRY(replace(c, &r));
    }
    sk_keep_nodes(c->graph, c->keep);
    return SK_OK;
}

static sk_status chain_graph(sk_ir *ir, sk_graph *graph, sk_error *err) {
    chains c = {.ir = ir, .graph = graph, .err = err};
    const size_t values = (size_t)graph->n_values + 1, nodes = (size_t)graph->n_nodes + 1;
    c.uses = sk_calloc(ir->arena.heap, values, sizeof *c.uses);
    c.maker = sk_calloc(ir->arena.heap, values, sizeof *c.maker);
    c.keep = sk_calloc(ir->arena.heap, nodes, 1);
    const sk_status status = c.uses && c.maker && c.keep ? find_chains(&c) : sk_oom(err, values * 8);
    sk_free(ir->arena.heap, c.uses);
    sk_free(ir->arena.heap, c.maker);
    sk_free(ir->arena.heap, c.keep);
    return status;
}

sk_status sk_pass_chain(sk_ir *ir, sk_error *err) { return sk_each_graph(ir, ir->main, chain_graph, err); }
