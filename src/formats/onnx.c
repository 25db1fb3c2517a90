/* The ONNX reader's way in: the model and its graphs. See onnx.h for what comes out. */
#include "formats/onnx.h"

#include <string.h>

#include "core/text.h"
#include "formats/onnx_reader.h"

#define OLDEST_IR 3
#define NEWEST_IR 14

/* ---- is it ONNX at all? ---- */

typedef struct magic {
    uint8_t at, length;
    const char *bytes, *what;
} magic;

/* What people hand to load() by mistake. */
static const magic not_onnx[] = {
    {0, 1, "<", "it starts with '<': this looks like an HTML page"},
    {0, 1, "{", "it starts with '{': this looks like JSON"},
    {0, 2, "\x1f\x8b", "it is gzip-compressed"},
    {0, 4, "PK\x03\x04", "it is a zip archive (PyTorch checkpoints are, too)"},
    {0, 8, "version ", "it looks like a Git LFS pointer, not the file itself"},
    {0, 4, "\x89HDF", "it is an HDF5 file (Keras)"},
    {0, 4, "GGUF", "it is a GGUF file"},
    {4, 4, "TFL3", "it is a TensorFlow Lite model"},
    {4, 4, "ORTM", "it is in onnxruntime's own format"},
};

static sk_status sniff(sk_onnx *r, uint64_t size) {
    char head[16] = {0};
    if (!size) return sk_fail(r->err, SK_MALFORMED, "not an ONNX model: the file is empty");
    const size_t n = size < sizeof head ? (size_t)size : sizeof head;
    SK_TRY(sk_wire_copy(&r->wire, 0, n, head));
    size_t start = 0;
    if (n > 3 && !memcmp(head, "\xef\xbb\xbf", 3)) start = 3; /* a byte order mark */
    while (start < n &&
           (head[start] == '\n' || head[start] == '\r' || head[start] == ' ' || head[start] == '\t'))
        start++;
    for (size_t i = 0; i < sizeof not_onnx / sizeof *not_onnx; i++) {
        const magic *m = &not_onnx[i];
        const size_t at = m->length == 1 ? start : m->at;
        if (at + m->length <= n && !memcmp(head + at, m->bytes, m->length))
            return sk_fail(r->err, SK_MALFORMED, "not an ONNX model: %s", m->what);
    }
    /* The tags of ModelProto's fields, low byte; writers put ir_version (8) first. */
    static const char tags[] = "\x08\x12\x1a\x22\x28\x32\x3a\x42\x72\xa2\xca\xd2";
    if (sk_find(tags, head[0], sizeof tags - 1)) return SK_OK;
    return sk_fail(r->err, SK_MALFORMED, "not an ONNX model: it starts with the bytes %x %x %x %x",
                   (uint8_t)head[0], (uint8_t)head[1], (uint8_t)head[2], (uint8_t)head[3]);
}

enum {
    GRAPH_NODE = 1,
    GRAPH_NAME = 2,
    GRAPH_INITIALIZER = 5,
    GRAPH_INPUT = 11,
    GRAPH_OUTPUT = 12,
    GRAPH_SPARSE = 15
};

/* ---- inputs and outputs ---- */

static void set_type(sk_value *value, const sk_onnx_value_info *info) {
    value->type = info->type;
    value->optional = info->optional;
    value->keys = info->keys;
    memcpy(value->symbols, info->symbols, sizeof value->symbols);
}

static sk_status check_input(sk_onnx *r, const sk_value *value) {
    if (value->type.kind == SK_SEQUENCE && value->keys)
        return sk_fail(r->err, SK_UNSUPPORTED, "input '%s' is a sequence of maps", value->name);
    if (value->type.type) return SK_OK;
    return sk_fail(r->err, SK_MALFORMED, "input '%s' has no element type", value->name);
}

static sk_status declare_input(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field) {
    sk_onnx_value_info info;
    const char *chars = NULL;
    sk_value *value = NULL;
    SK_TRY(sk_onnx_value_info_read(r, field, &info));
    SK_TRY(sk_wire_peek(&r->wire, &info.name, "ValueInfoProto", &chars));
    const sk_names_entry *known = sk_names_find(&scope->names, chars, (size_t)info.name.size);
    if (known && ((sk_value *)known->value)->constant) return SK_OK; /* only a default: see onnx.h */
    SK_TRY(sk_onnx_declare(r, scope, chars, (size_t)info.name.size, &value));
    value->is_input = 1;
    set_type(value, &info);
    scope->graph->inputs[scope->graph->n_inputs++] = value;
    return scope->parent ? SK_OK : check_input(r, value);
}

static sk_status declare_initializer(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field) {
    sk_field name;
    const char *chars = NULL;
    sk_const *constant = NULL;
    SK_TRY((field->number == GRAPH_SPARSE ? sk_onnx_sparse : sk_onnx_tensor)(r, field, &name, &constant));
    if (!name.size) return sk_fail(r->err, SK_MALFORMED, "an initializer has no name");
    SK_TRY(sk_wire_peek(&r->wire, &name, "TensorProto", &chars));
    const sk_names_entry *known = sk_names_find(&scope->names, chars, (size_t)name.size);
    sk_value *value = known ? known->value : NULL;
    if (!value || !value->is_input) SK_TRY(sk_onnx_declare(r, scope, chars, (size_t)name.size, &value));
    value->is_input = 0;
    sk_value_hold(value, constant);
    return SK_OK;
}

/* An output is a value of this graph, once: another name gets an Identity. */
static sk_status own_output(sk_onnx *r, sk_onnx_scope *scope, const char *chars, size_t length,
                            sk_value **value) {
    if (!sk_onnx_lookup(scope, chars, length, value) || !*value)
        return sk_fail(r->err, SK_MALFORMED, "nothing gives the output '%.*s'", (int)length, chars);
    if ((*value)->graph == scope->graph && !(*value)->is_output) return SK_OK;
    if (!scope->parent)
        return sk_fail(r->err, SK_MALFORMED, "the output '%.*s' is listed twice", (int)length, chars);
    sk_value *from = *value;
    *value = sk_value_new(scope->graph, from->name);
    if (!*value) return sk_oom(r->err, sizeof **value);
    return sk_onnx_identity(r, scope, from, *value);
}

static sk_status read_output(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field) {
    sk_onnx_value_info info;
    const char *chars = NULL;
    sk_value *value = NULL;
    SK_TRY(sk_onnx_value_info_read(r, field, &info));
    SK_TRY(sk_wire_peek(&r->wire, &info.name, "ValueInfoProto", &chars));
    SK_TRY(own_output(r, scope, chars, (size_t)info.name.size, &value));
    value->is_output = 1;
    if (value->producer) set_type(value, &info);
    scope->graph->outputs[scope->graph->n_outputs++] = value;
    return SK_OK;
}

/* ---- graphs ---- */

static sk_status make_graph(sk_onnx *r, sk_onnx_scope *scope, sk_message m) {
    sk_field name = {.number = 0};
    size_t inputs = 0, outputs = 0;
    while (m.at < m.end) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        inputs += field.number == GRAPH_INPUT;
        outputs += field.number == GRAPH_OUTPUT;
        if (field.number == GRAPH_NAME) name = field;
    }
    const char *chars = "";
    if (name.number) SK_TRY(sk_wire_peek(&r->wire, &name, "GraphProto", &chars));
    memcpy(r->name, chars, (size_t)name.size);
    r->name[name.size] = 0;
    sk_graph *graph = sk_graph_new(r->ir, scope->parent ? scope->parent->graph : NULL, r->name);
    if (!graph) return sk_oom(r->err, sizeof *graph);
    graph->inputs = sk_arena_calloc(graph->arena, inputs, sizeof *graph->inputs);
    graph->outputs = sk_arena_calloc(graph->arena, outputs, sizeof *graph->outputs);
    if (!graph->inputs || !graph->outputs) return sk_oom(r->err, (inputs + outputs) * sizeof *graph->inputs);
    scope->graph = graph;
    return SK_OK;
}

static sk_status declare_field(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field) {
    switch (field->number) {
    case GRAPH_NODE: return sk_onnx_declare_outputs(r, scope, field);
    case GRAPH_SPARSE:
    case GRAPH_INITIALIZER: return declare_initializer(r, scope, field);
    case GRAPH_INPUT: return declare_input(r, scope, field);
    default: return SK_OK;
    }
}

static void drop_defaults(sk_graph *graph) {
    int32_t n = 0;
    for (int32_t i = 0; i < graph->n_inputs; i++)
        if (graph->inputs[i]->is_input) graph->inputs[n++] = graph->inputs[i];
    graph->n_inputs = n;
}

static sk_status read_graph(sk_onnx *r, sk_onnx_scope *scope, sk_message message) {
    sk_field field;
    SK_TRY(make_graph(r, scope, message));
    for (sk_message m = message; m.at < m.end;) {
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        SK_TRY(declare_field(r, scope, &field));
    }
    drop_defaults(scope->graph);
    for (sk_message m = message; m.at < m.end;) {
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == GRAPH_NODE) SK_TRY(sk_onnx_node_read(r, scope, &field));
    }
    for (sk_message m = message; m.at < m.end;) {
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == GRAPH_OUTPUT) SK_TRY(read_output(r, scope, &field));
    }
    return *scope->unsorted ? sk_onnx_sort(r, scope->graph) : SK_OK;
}

sk_status sk_onnx_graph(sk_onnx *r, sk_onnx_scope *parent, sk_message message, sk_graph **graph) {
    if (r->depth == SK_ONNX_DEPTH)
        return sk_fail(r->err, SK_LIMIT, "graphs and functions are nested more than %d deep", SK_ONNX_DEPTH);
    uint8_t unsorted = 0;
    sk_onnx_scope scope = {.parent = parent, .unsorted = &unsorted, .call = parent ? parent->call : NULL};
    sk_names_init(&scope.names, r->heap);
    sk_names_init(&scope.pending, r->heap);
    r->depth++;
    const sk_status status = read_graph(r, &scope, message);
    r->depth--;
    sk_names_free(&scope.names);
    *graph = scope.graph;
    return status;
}

/* ---- the model ---- */

sk_status sk_onnx_opset(sk_onnx *r, const sk_field *field, sk_opset *opset) {
    *opset = (sk_opset){.domain = ""};
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "ModelProto", &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == 1) SK_TRY(sk_onnx_intern(r, &inner, "OperatorSetIdProto", &opset->domain));
        if (inner.number != 2) continue;
        SK_TRY(sk_wire_want(&r->wire, &inner, SK_VARINT, "OperatorSetIdProto"));
        if (!inner.value || inner.value > INT16_MAX)
            return sk_fail(r->err, SK_MALFORMED, "the model imports opset version %lld",
                           (long long)inner.value);
        opset->version = (int32_t)inner.value;
    }
    if (!strcmp(opset->domain, "ai.onnx")) opset->domain = "";
    return SK_OK;
}

typedef struct model {
    sk_field graph, producer, version;
    size_t n_opsets;
} model;

static sk_status scan_model(sk_onnx *r, sk_message m, model *found) {
    while (m.at < m.end) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        switch (field.number) {
        case 1:
            SK_TRY(sk_wire_want(&r->wire, &field, SK_VARINT, "ModelProto"));
            r->ir->ir_version = (int64_t)field.value;
            break;
        case 2: found->producer = field; break;
        case 3: found->version = field; break;
        case 7: found->graph = field; break;
        case 8: found->n_opsets++; break;
        default: break;
        }
    }
    if (!r->ir->ir_version || !found->graph.number)
        return sk_fail(r->err, SK_MALFORMED, "not an ONNX model: it has no %s",
                       found->graph.number ? "IR version" : "graph");
    if (r->ir->ir_version < OLDEST_IR || r->ir->ir_version > NEWEST_IR)
        return sk_fail(r->err, SK_UNSUPPORTED,
                       "the model is in ONNX IR version %lld; versions %d to %d are supported",
                       (long long)r->ir->ir_version, OLDEST_IR, NEWEST_IR);
    return SK_OK;
}

/* "pytorch 2.1" */
static sk_status read_producer(sk_onnx *r, const model *found) {
    const sk_field *parts[] = {&found->producer, &found->version};
    size_t length = 0;
    for (int i = 0; i < 2; i++) {
        const char *chars = NULL;
        if (!parts[i]->number) continue;
        SK_TRY(sk_wire_peek(&r->wire, parts[i], "ModelProto", &chars));
        if (length && parts[i]->size) r->name[length++] = ' ';
        memcpy(r->name + length, chars, (size_t)parts[i]->size);
        length += (size_t)parts[i]->size;
    }
    r->ir->producer = sk_arena_text(&r->ir->arena, r->name, length);
    return r->ir->producer ? SK_OK : sk_oom(r->err, length);
}

static sk_status read_model(sk_onnx *r, uint64_t size) {
    sk_ir *ir = r->ir;
    model found = {.n_opsets = 0};
    SK_TRY(sniff(r, size));
    SK_TRY(scan_model(r, (sk_message){0, size}, &found));
    SK_TRY(read_producer(r, &found));
    ir->opsets = sk_arena_calloc(&ir->arena, found.n_opsets, sizeof *ir->opsets);
    if (!ir->opsets) return sk_oom(r->err, found.n_opsets * sizeof *ir->opsets);
    for (sk_message m = {0, size}; m.at < m.end;) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == 8) SK_TRY(sk_onnx_opset(r, &field, &ir->opsets[ir->n_opsets++]));
        if (field.number == 25) SK_TRY(sk_onnx_function_add(r, &field));
    }
    sk_message graph;
    SK_TRY(sk_wire_open(&r->wire, &found.graph, SK_BYTES, "ModelProto", &graph));
    return sk_onnx_graph(r, NULL, graph, &ir->main);
}

sk_status sk_onnx_read(sk_ir *ir, sk_heap *heap, sk_error *err) {
    sk_onnx r = {.ir = ir, .heap = heap, .err = err};
    const uint64_t size = ir->files[0].size;
    uint8_t *window = sk_alloc(heap, SK_WIRE_WINDOW + SK_ONNX_NAME_BUFFER);
    if (!window) return sk_oom(err, SK_WIRE_WINDOW + SK_ONNX_NAME_BUFFER);
    r.name = (char *)window + SK_WIRE_WINDOW;
    sk_wire_init(&r.wire, ir->source, size, window, err);
    sk_arena_init(&r.scratch, heap);
    sk_names_init(&r.texts, heap);
    sk_names_init(&r.functions, heap);
    const sk_status status = read_model(&r, size);
    sk_names_free(&r.functions);
    sk_names_free(&r.texts);
    sk_arena_clear(&r.scratch);
    sk_free(heap, window);
    return status;
}
