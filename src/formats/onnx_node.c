/* NodeProto into nodes: ports by name, attributes, Constant nodes as constants, calls of functions expanded.
 */
#include <string.h>

#include "formats/onnx_reader.h"

enum { INPUT = 1, OUTPUT = 2, NAME = 3, OP_TYPE = 4, ATTRIBUTE = 5, DOMAIN = 7, OVERLOAD = 8 };

static const char WHAT[] = "NodeProto";

/* "Conv 'stem/conv'" for messages. */
static const char *title(const sk_onnx_node *n, char dst[128]) {
    if (n->name[0]) sk_format(dst, 128, "%.*s '%.*s'", 40, n->op_type, 80, n->name);
    else sk_format(dst, 128, "%.*s at byte %llu", 40, n->op_type, (unsigned long long)n->message.at);
    return dst;
}

static sk_status scan(sk_onnx *r, const sk_onnx_scope *scope, sk_onnx_node *n) {
    sk_field name = {.number = 0};
    n->domain = n->op_type = n->overload = n->name = "";
    for (sk_message m = n->message; m.at < m.end;) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (n->n_inputs + n->n_outputs + n->n_attrs > SK_ONNX_PORTS)
            return sk_fail(r->err, SK_LIMIT, "a node has more than %d inputs and outputs", SK_ONNX_PORTS);
        switch (field.number) {
        case INPUT: n->n_inputs++; break;
        case OUTPUT: n->n_outputs++; break;
        case ATTRIBUTE: n->n_attrs++; break;
        case NAME: name = field; break;
        case OP_TYPE: SK_TRY(sk_onnx_intern(r, &field, WHAT, &n->op_type)); break;
        case DOMAIN: SK_TRY(sk_onnx_intern(r, &field, WHAT, &n->domain)); break;
        case OVERLOAD: SK_TRY(sk_onnx_intern(r, &field, WHAT, &n->overload)); break;
        default: break;
        }
    }
    if (!strcmp(n->domain, "ai.onnx")) n->domain = "";
    if (!name.size) return SK_OK;
    const char *chars = NULL;
    SK_TRY(sk_wire_peek(&r->wire, &name, WHAT, &chars));
    const char *full = sk_onnx_prefixed(r, scope, chars, (size_t)name.size);
    n->name = sk_arena_text(&r->ir->arena, full, strlen(full));
    return n->name ? SK_OK : sk_oom(r->err, (size_t)name.size);
}

static sk_status check(sk_onnx *r, const sk_onnx_node *n) {
    char text[128];
    if (!n->op_type[0]) return sk_fail(r->err, SK_MALFORMED, "a node names no operator: %s", title(n, text));
    if (n->n_attrs > SK_ONNX_ATTRS)
        return sk_fail(r->err, SK_LIMIT, "%s has %d attributes", title(n, text), (int)n->n_attrs);
    return SK_OK;
}

/* The version of the node's domain that its function or the model imports. */
static sk_status find_opset(sk_onnx *r, const sk_onnx_scope *scope, sk_onnx_node *n) {
    const sk_onnx_function *function = scope->call ? scope->call->function : NULL;
    for (int32_t i = 0; function && i < function->n_opsets; i++)
        if (!strcmp(function->opsets[i].domain, n->domain)) n->opset = function->opsets[i].version;
    for (int32_t i = 0; !n->opset && i < r->ir->n_opsets; i++)
        if (!strcmp(r->ir->opsets[i].domain, n->domain)) n->opset = r->ir->opsets[i].version;
    if (n->opset) return SK_OK;
    n->opset = 1; /* custom domains are often not declared */
    if (n->domain[0]) return SK_OK;
    return sk_fail(r->err, SK_MALFORMED, "the model does not say which opset it uses");
}

static sk_status read_ports(sk_onnx *r, sk_onnx_scope *scope, sk_onnx_node *n) {
    char text[128];
    int32_t inputs = 0, outputs = 0;
    for (sk_message m = n->message; m.at < m.end;) {
        sk_field field;
        const char *chars = NULL;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number != INPUT && field.number != OUTPUT) continue;
        sk_value **port = field.number == INPUT ? &n->inputs[inputs++] : &n->outputs[outputs++];
        if (!field.size) continue; /* an optional that is left out */
        SK_TRY(sk_wire_peek(&r->wire, &field, WHAT, &chars));
        if (field.number == OUTPUT)
            *port = sk_names_find(&scope->names, chars, (size_t)field.size)->value; /* declared before */
        else if (!sk_onnx_lookup(scope, chars, (size_t)field.size, port))
            return sk_fail(r->err, SK_MALFORMED, "%s reads '%.*s', which nothing gives", title(n, text),
                           (int)field.size, chars);
    }
    return SK_OK;
}

static sk_status read_attrs(sk_onnx *r, sk_onnx_scope *scope, sk_onnx_node *n) {
    char text[128];
    int32_t count = 0;
    n->attrs = sk_arena_calloc(&r->ir->arena, (size_t)n->n_attrs, sizeof *n->attrs);
    if (!n->attrs) return sk_oom(r->err, (size_t)n->n_attrs * sizeof *n->attrs);
    for (sk_message m = n->message; m.at < m.end;) {
        sk_field field;
        int present = 0;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number != ATTRIBUTE) continue;
        sk_attr *attr = &n->attrs[count];
        SK_TRY(sk_onnx_attr_read(r, scope, &field, attr, &present));
        for (int32_t i = 0; i < count; i++)
            if (n->attrs[i].name == attr->name) /* interned */
                return sk_fail(r->err, SK_MALFORMED, "%s has the attribute '%s' twice", title(n, text),
                               attr->name);
        count += present;
    }
    n->n_attrs = count;
    return SK_OK;
}

/* ---- what becomes of it ---- */

/* The value of a Constant node as bytes of one tensor; data is borrowed. */
static sk_status constant_tensor(sk_onnx *r, const sk_onnx_node *n, const sk_attr *attr, sk_tensor *tensor,
                                 const void **data) {
    static const struct {
        const char *name;
        uint8_t kind, type, list;
    } forms[] = {
        {"value_float", SK_ATTR_FLOAT, SK_FLOAT32, 0},  {"value_floats", SK_ATTR_FLOATS, SK_FLOAT32, 1},
        {"value_int", SK_ATTR_INT, SK_INT64, 0},        {"value_ints", SK_ATTR_INTS, SK_INT64, 1},
        {"value_string", SK_ATTR_STRING, SK_STRING, 0}, {"value_strings", SK_ATTR_STRINGS, SK_STRING, 1},
    };
    char text[128];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (strcmp(forms[i].name, attr->name) != 0 || forms[i].kind != attr->kind) continue;
        const int32_t count = (int32_t)attr->count;
        sk_set_shape(tensor, forms[i].type, forms[i].list, &count);
        *data = forms[i].list ? (const void *)attr->ints : (const void *)&attr->i; /* members of one union */
        return SK_OK;
    }
    return sk_fail(r->err, SK_MALFORMED, "%s has the unknown attribute '%s'", title(n, text), attr->name);
}

static sk_status take_constant(sk_onnx *r, const sk_onnx_node *n) {
    char text[128];
    if (n->n_attrs != 1 || n->n_outputs != 1 || !n->outputs[0] || n->n_inputs)
        return sk_fail(r->err, SK_MALFORMED, "%s needs one value and one output", title(n, text));
    const sk_attr *attr = &n->attrs[0];
    sk_const *constant = attr->kind == SK_ATTR_TENSOR ? attr->tensor : sk_const_new(r->ir);
    if (!constant) return sk_oom(r->err, sizeof *constant);
    if (attr->kind != SK_ATTR_TENSOR) {
        const void *data = "";
        size_t bytes = 0;
        SK_TRY(constant_tensor(r, n, attr, &constant->type, &data));
        if (!sk_tensor_bytes(&constant->type, &bytes))
            return sk_fail(r->err, SK_LIMIT, "%s is too large", title(n, text));
        constant->type.data = sk_arena_alloc(&r->ir->arena, bytes);
        if (!constant->type.data) return sk_oom(r->err, bytes);
        if (bytes) memcpy(constant->type.data, data, bytes);
    }
    sk_value_hold(n->outputs[0], constant);
    return SK_OK;
}

/* The subgraphs among the attributes; an If's in the order then, else, whatever the file's. */
static sk_status collect_bodies(sk_onnx *r, sk_node *node) {
    size_t count = 0;
    for (int32_t i = 0; i < node->n_attrs; i++)
        count += node->attrs[i].kind == SK_ATTR_GRAPH    ? 1
                 : node->attrs[i].kind == SK_ATTR_GRAPHS ? node->attrs[i].count
                                                         : 0;
    if (!count) return SK_OK;
    node->bodies = sk_arena_calloc(&r->ir->arena, count, sizeof(sk_graph *));
    if (!node->bodies) return sk_oom(r->err, count * sizeof(sk_graph *));
    const sk_attr *then = sk_node_attr(node, "then_branch");
    if (then && then->kind == SK_ATTR_GRAPH) node->bodies[node->n_bodies++] = then->graph;
    for (int32_t i = 0; i < node->n_attrs; i++) {
        const sk_attr *attr = &node->attrs[i];
        if (attr->kind == SK_ATTR_GRAPH && attr != then) node->bodies[node->n_bodies++] = attr->graph;
        for (uint32_t j = 0; attr->kind == SK_ATTR_GRAPHS && j < attr->count; j++)
            node->bodies[node->n_bodies++] = attr->graphs[j];
    }
    return SK_OK;
}

static sk_status append(sk_onnx *r, const sk_onnx_scope *scope, const sk_onnx_node *n) {
    sk_node *node = sk_node_new(scope->graph, n->domain, n->op_type, n->n_inputs, n->n_outputs);
    if (!node) return sk_oom(r->err, sizeof *node);
    node->name = n->name;
    node->opset = n->opset;
    node->attrs = n->attrs;
    node->n_attrs = n->n_attrs;
    if (n->n_inputs) memcpy(node->inputs, n->inputs, (size_t)n->n_inputs * sizeof *n->inputs);
    for (int32_t i = 0; i < n->n_outputs; i++) {
        node->outputs[i] = n->outputs[i];
        if (n->outputs[i]) n->outputs[i]->producer = node;
    }
    SK_TRY(collect_bodies(r, node));
    /* Inputs left out at the end are not there; but a Loop's places count, even when both are left out. */
    while (!node->n_bodies && node->n_inputs && !node->inputs[node->n_inputs - 1]) node->n_inputs--;
    return sk_graph_append(scope->graph, node) == SK_OK ? SK_OK : sk_oom(r->err, sizeof(sk_node *));
}

sk_status sk_onnx_identity(sk_onnx *r, const sk_onnx_scope *scope, sk_value *from, sk_value *to) {
    sk_onnx_node n = {.domain = "", .op_type = "Identity", .name = "", .n_inputs = 1, .n_outputs = 1};
    n.inputs = &from;
    n.outputs = &to;
    SK_TRY(find_opset(r, scope, &n));
    return append(r, scope, &n);
}

sk_status sk_onnx_node_read(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field) {
    sk_onnx_node n = {.n_inputs = 0};
    if (++r->n_nodes > SK_ONNX_NODES)
        return sk_fail(r->err, SK_LIMIT, "the model has more than %d nodes", SK_ONNX_NODES);
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "GraphProto", &n.message));
    SK_TRY(scan(r, scope, &n));
    SK_TRY(check(r, &n));
    n.function = sk_onnx_function_find(r, n.domain, n.op_type, n.overload);
    if (!n.function) SK_TRY(find_opset(r, scope, &n));
    const size_t ports = (size_t)n.n_inputs + (size_t)n.n_outputs;
    n.inputs = sk_calloc(r->heap, ports, sizeof(sk_value *));
    if (!n.inputs) return sk_oom(r->err, ports * sizeof(sk_value *));
    n.outputs = n.inputs + n.n_inputs;
    sk_status status = read_ports(r, scope, &n);
    if (status == SK_OK) status = read_attrs(r, scope, &n);
    if (status == SK_OK) {
        if (n.function) status = sk_onnx_expand(r, scope, &n);
        else if (!strcmp(n.op_type, "Constant") && !n.domain[0]) status = take_constant(r, &n);
        else status = append(r, scope, &n);
    }
    sk_free(r->heap, n.inputs);
    return status;
}
