/* Model, graphs and nodes as ONNX's messages: see onnx_writer.h. */
#include "formats/onnx_writer.h"

#include <math.h>
#include <string.h>

#include "formats/wire.h"
#include "graph/op.h"

/* ---- names ---- */

/* Takes a name for the file: this one, or with a number behind it when it is taken or empty. */
static sk_status take_name(sk_onnx_writer *w, sk_names *used, const char *wanted, const char **name) {
    const size_t length = strlen(wanted), room = length + 16;
    size_t n = length;
    *name = wanted;
    while (!n || sk_names_find(used, *name, n)) {
        char *text = sk_arena_alloc(&w->ir->arena, room);
        if (!text) return sk_oom(w->err, room);
        n = sk_format(text, room, "%s%s%d", wanted, length ? "_" : "v", (int)w->made++);
        *name = text;
    }
    return sk_names_add(used, *name, n, w, w->err);
}

static sk_status claim(sk_onnx_writer *w, const sk_value *value) {
    const char **name = &w->names[value->graph->id][value->index];
    return *name ? SK_OK : take_name(w, &w->used, value->name, name);
}

static sk_status claim_all(sk_onnx_writer *w, sk_value *const *values, int n) {
    for (int i = 0; i < n; i++)
        if (values[i]) SK_TRY(claim(w, values[i]));
    return SK_OK;
}

static sk_status name_graph(sk_onnx_writer *w, const sk_graph *graph) {
    const size_t n = (size_t)graph->n_values + 1;
    w->names[graph->id] = sk_calloc(w->heap, n, sizeof(char *));
    if (!w->names[graph->id]) return sk_oom(w->err, n * sizeof(char *));
    SK_TRY(claim_all(w, graph->inputs, graph->n_inputs));
    for (int i = 0; i < graph->n_outputs; i++)
        if (graph->outputs[i]->graph == graph) SK_TRY(claim(w, graph->outputs[i]));
    for (int i = 0; i < graph->n_nodes; i++) {
        sk_node *node = graph->nodes[i];
        if (node->name[0]) SK_TRY(take_name(w, &w->used_nodes, node->name, &node->name));
        for (int j = 0; j < node->n_outputs; j++)
            if (node->outputs[j] && node->outputs[j]->graph == graph) SK_TRY(claim(w, node->outputs[j]));
    }
    for (int i = 0; i < graph->n_values; i++)
        if (graph->values[i]->constant) SK_TRY(claim(w, graph->values[i]));
    for (int i = 0; i < graph->n_nodes; i++)
        for (int j = 0; j < graph->nodes[i]->n_bodies; j++) SK_TRY(name_graph(w, graph->nodes[i]->bodies[j]));
    return SK_OK;
}

static sk_status write_port(sk_out *out, uint32_t field, const sk_value *value) {
    const sk_onnx_writer *w = (const sk_onnx_writer *)out;
    const char *name = !value                       ? ""
                       : w->names[value->graph->id] ? w->names[value->graph->id][value->index]
                                                    : NULL;
    if (!name) return sk_fail(out->err, SK_MALFORMED, "'%s' is used but not made by any node", value->name);
    return sk_out_string(out, field, name, strlen(name));
}

/* ---- opsets ---- */

static int32_t *imported(sk_onnx_writer *w, const char *domain) {
    for (int i = 0; i < w->n_opsets; i++)
        if (!strcmp(w->opsets[i].domain, domain)) return &w->opsets[i].version;
    return NULL;
}

/* Every domain that a node is of has one version in the file, at which the node means what it means now. */
static sk_status import_node(sk_onnx_writer *w, const sk_node *node) {
    char text[SK_NODE_TEXT];
    int32_t *version = imported(w, node->domain);
    if (!version) {
        sk_opset *grown = sk_realloc(w->heap, w->opsets, (size_t)(w->n_opsets + 1) * sizeof *grown);
        if (!grown) return sk_oom(w->err, sizeof *grown);
        grown[w->n_opsets++] = (sk_opset){node->domain, node->opset};
        w->opsets = grown;
        return SK_OK;
    }
    if (*version == node->opset || sk_op_find(node->domain, node->op_type, *version) ==
                                       sk_op_find(node->domain, node->op_type, node->opset))
        return SK_OK;
    return sk_fail(w->err, SK_UNSUPPORTED, "%s is of opset %d, the model of opset %d, where it means another",
                   sk_node_text(node, text), (int)node->opset, (int)*version);
}

static sk_status import_graph(sk_onnx_writer *w, const sk_graph *graph) {
    for (int i = 0; i < graph->n_nodes; i++) {
        const sk_node *node = graph->nodes[i];
        SK_TRY(import_node(w, node));
        for (int j = 0; j < node->n_bodies; j++) SK_TRY(import_graph(w, node->bodies[j]));
    }
    return SK_OK;
}

static sk_status find_opsets(sk_onnx_writer *w) {
    const size_t n = (size_t)w->ir->n_opsets;
    w->opsets = sk_calloc(w->heap, n + 1, sizeof *w->opsets);
    if (!w->opsets) return sk_oom(w->err, n * sizeof *w->opsets);
    if (n) memcpy(w->opsets, w->ir->opsets, n * sizeof *w->opsets);
    w->n_opsets = (int32_t)n;
    return import_graph(w, w->ir->main);
}

static sk_status write_opset(sk_out *out, const void *what) {
    const sk_opset *opset = what;
    SK_TRY(sk_out_text(out, 1, opset->domain));
    return sk_out_varint(out, 2, (uint64_t)opset->version);
}

/* ---- nodes ---- */

enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTR = 5, NODE_DOMAIN = 7 };

/* A body that a pass made stands on the node alone, without an attribute. */
static sk_status write_made_body(sk_out *out, const sk_node *node) {
    for (int i = 0; i < node->n_attrs; i++)
        if (node->attrs[i].kind == SK_ATTR_GRAPH || node->attrs[i].kind == SK_ATTR_GRAPHS) return SK_OK;
    if (!node->n_bodies) return SK_OK;
    const sk_attr body = {.name = "body", .kind = SK_ATTR_GRAPH, .graph = node->bodies[0]};
    return sk_out_message(out, NODE_ATTR, sk_onnx_write_attr, &body);
}

static sk_status write_node(sk_out *out, const void *what) {
    const sk_node *node = what;
    for (int i = 0; i < node->n_inputs; i++) SK_TRY(write_port(out, NODE_INPUT, node->inputs[i]));
    for (int i = 0; i < node->n_outputs; i++) SK_TRY(write_port(out, NODE_OUTPUT, node->outputs[i]));
    SK_TRY(sk_out_text(out, NODE_NAME, node->name));
    SK_TRY(sk_out_text(out, NODE_OP, node->op_type));
    for (int i = 0; i < node->n_attrs; i++)
        SK_TRY(sk_out_message(out, NODE_ATTR, sk_onnx_write_attr, &node->attrs[i]));
    SK_TRY(write_made_body(out, node));
    return sk_out_text(out, NODE_DOMAIN, node->domain);
}

/* What only target passes make no file can hold. */
static sk_status check_node(sk_onnx_writer *w, const sk_node *node) {
    char text[SK_NODE_TEXT];
    const int target = node->op && ((node->op->flags & SK_OP_INTERNAL) ||
                                    (node->op->max_in != SK_MANY && node->n_inputs > node->op->max_in));
    if (!target && !isfinite(node->lo) && !isfinite(node->hi)) return SK_OK;
    return sk_fail(w->err, SK_STATE, "%s is made for running and cannot be written",
                   sk_node_text(node, text));
}

/* ---- graphs ---- */

enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };

static sk_status write_values(sk_out *out, uint32_t field, sk_value *const *values, int n) {
    const sk_onnx_writer *w = (const sk_onnx_writer *)out;
    for (int i = 0; i < n; i++) {
        const sk_onnx_named named = {.name = w->names[values[i]->graph->id][values[i]->index],
                                     .value = values[i]};
        SK_TRY(sk_out_message(out, field, sk_onnx_write_value_info, &named));
    }
    return SK_OK;
}

static sk_status write_initializers(sk_out *out, const sk_graph *graph) {
    sk_onnx_writer *w = (sk_onnx_writer *)out;
    int32_t *uses = sk_calloc(w->heap, (size_t)graph->n_values + 1, sizeof *uses);
    if (!uses) return sk_oom(w->err, (size_t)graph->n_values * sizeof *uses);
    sk_count_uses(graph, uses);
    sk_status status = SK_OK;
    for (int i = 0; i < graph->n_values && status == SK_OK; i++) {
        const sk_value *value = graph->values[i];
        if (!value->constant || !uses[i]) continue;
        const sk_onnx_named named = {.name = w->names[graph->id][i], .constant = value->constant};
        status = sk_out_message(out, GRAPH_INITIALIZER, sk_onnx_write_tensor, &named);
    }
    sk_free(w->heap, uses);
    return status;
}

sk_status sk_onnx_write_graph(sk_out *out, const void *what) {
    const sk_graph *graph = what;
    for (int i = 0; i < graph->n_nodes; i++) {
        SK_TRY(check_node((sk_onnx_writer *)out, graph->nodes[i]));
        SK_TRY(sk_out_message(out, GRAPH_NODE, write_node, graph->nodes[i]));
    }
    SK_TRY(sk_out_text(out, GRAPH_NAME, graph->name[0] ? graph->name : "graph"));
    SK_TRY(write_initializers(out, graph));
    SK_TRY(write_values(out, GRAPH_INPUT, graph->inputs, graph->n_inputs));
    return write_values(out, GRAPH_OUTPUT, graph->outputs, graph->n_outputs);
}

/* ---- the model ---- */

enum { MODEL_IR = 1, MODEL_DOC = 6, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_METADATA = 14 };
#define OLDEST_IR 4 /* before it initializers had to be inputs as well */

/* The IR version in which an opset of ai.onnx came. */
static int64_t ir_of_opset(int32_t opset) {
    static const uint8_t first[] = {9, 10, 11, 12, 15, 19, 21, 23, 24, 25},
                         ir[] = {4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    int64_t version = 3;
    for (size_t i = 0; i < sizeof first; i++)
        if (opset >= first[i]) version = ir[i];
    return version;
}

static sk_status pass_bytes(sk_onnx_writer *w, sk_wire *wire, const sk_field *field) {
    SK_TRY(sk_out_head(&w->out, field->number, field->size));
    for (uint64_t at = 0; at < field->size;) {
        const uint64_t left = field->size - at;
        const size_t size = left < SK_OUT_BUFFER ? (size_t)left : SK_OUT_BUFFER;
        SK_TRY(sk_wire_copy(wire, field->at + at, size, w->piece));
        SK_TRY(sk_out_bytes(&w->out, w->piece, size));
        at += size;
    }
    return SK_OK;
}

/* What the file says about the model (producer, domain, version, documentation, metadata) goes on as it is.
 */
static sk_status pass_on(sk_onnx_writer *w) {
    const uint64_t size = w->ir->files[0].size;
    uint8_t *window = sk_alloc(w->heap, SK_WIRE_WINDOW);
    sk_wire wire;
    sk_status status = window ? SK_OK : sk_oom(w->err, SK_WIRE_WINDOW);
    if (window) sk_wire_init(&wire, w->ir->source, size, window, w->err);
    for (sk_message m = {0, size}; status == SK_OK && m.at < m.end;) {
        sk_field field;
        status = sk_wire_next(&wire, &m, &field);
        if (status != SK_OK ||
            !((field.number > MODEL_IR && field.number <= MODEL_DOC) || field.number == MODEL_METADATA))
            continue;
        if (field.type == SK_BYTES) status = pass_bytes(w, &wire, &field);
        else if (field.type == SK_VARINT) status = sk_out_varint(&w->out, field.number, field.value);
    }
    sk_free(w->heap, window);
    return status;
}

static sk_status write_model(sk_onnx_writer *w) {
    SK_TRY(name_graph(w, w->ir->main));
    SK_TRY(find_opsets(w));
    const int32_t *opset = imported(w, "");
    int64_t ir_version = w->ir->ir_version > OLDEST_IR ? w->ir->ir_version : OLDEST_IR;
    if (opset && ir_of_opset(*opset) > ir_version) ir_version = ir_of_opset(*opset);
    SK_TRY(sk_out_varint(&w->out, MODEL_IR, (uint64_t)ir_version));
    SK_TRY(pass_on(w));
    SK_TRY(sk_out_message(&w->out, MODEL_GRAPH, sk_onnx_write_graph, w->ir->main));
    for (int i = 0; i < w->n_opsets; i++)
        SK_TRY(sk_out_message(&w->out, MODEL_OPSET, write_opset, &w->opsets[i]));
    return sk_out_flush(&w->out);
}

sk_status sk_onnx_write(sk_ir *ir, sk_sink sink, sk_heap *heap, sk_error *err) {
    sk_onnx_writer w = {.out = {.sink = sink, .err = err}, .ir = ir, .heap = heap, .err = err};
    const size_t graphs = (size_t)ir->n_graphs;
    sk_names_init(&w.used, heap);
    sk_names_init(&w.used_nodes, heap);
    w.out.buffer = sk_alloc(heap, SK_OUT_BUFFER);
    w.piece = sk_alloc(heap, SK_OUT_BUFFER);
    w.names = sk_calloc(heap, graphs, sizeof *w.names);
    const sk_status status =
        w.out.buffer && w.piece && w.names ? write_model(&w) : sk_oom(err, 2 * (size_t)SK_OUT_BUFFER);
    for (size_t i = 0; w.names && i < graphs; i++) sk_free(heap, w.names[i]);
    sk_free(heap, w.names);
    sk_free(heap, w.opsets);
    sk_free(heap, w.piece);
    sk_free(heap, w.out.buffer);
    sk_names_free(&w.used);
    sk_names_free(&w.used_nodes);
    return status;
}
