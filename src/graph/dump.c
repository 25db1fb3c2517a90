/* Writes the IR as readable text: see dump.h. */
#include "graph/dump.h"

#include <math.h>
#include <string.h>

#define LONGEST_LIST 16 /* elements of an attribute or a small constant that are shown */

static void indent(sk_text *out, int depth) {
    for (int i = 0; i < depth; i++) sk_text_raw(out, "  ", 2);
}

static int is_word(const char *name) {
    if (!*name) return 0;
    for (; *name; name++) {
        const char c = *name;
        const int plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                          (c && strchr("_./:-", c));
        if (!plain) return 0;
    }
    return 1;
}

static void add_name(sk_text *out, const char *name) {
    if (is_word(name)) sk_text_raw(out, name, strlen(name));
    else sk_text_json(out, name);
}

/* float32[1,3,N,?], with an @nhwc behind it where the bytes are stored so */
static void add_type(sk_text *out, const sk_tensor *t, const char *const *symbols) {
    if (t->rank < 0) {
        sk_text_add(out, "%s", t->type ? sk_type_name(t->type) : "?");
        if (t->type) sk_text_add(out, "[...]");
        return;
    }
    sk_text_add(out, "%s[", t->type ? sk_type_name(t->type) : "?");
    for (int i = 0; i < t->rank; i++) {
        if (i) sk_text_raw(out, ",", 1);
        if (t->dims[i] >= 0) sk_text_add(out, "%d", (int)t->dims[i]);
        else if (symbols && symbols[i]) add_name(out, symbols[i]);
        else sk_text_raw(out, "?", 1);
    }
    sk_text_add(out, "]%s", t->layout == SK_CHANNELS_LAST ? "@channels-last" : "");
}

static void add_element(sk_text *out, const sk_tensor *t, size_t i) {
    switch (t->type) {
    case SK_FLOAT32: sk_text_number(out, ((const float *)t->data)[i]); break;
    case SK_FLOAT64: sk_text_number(out, ((const double *)t->data)[i]); break;
    case SK_INT64: sk_text_add(out, "%lld", (long long)((const int64_t *)t->data)[i]); break;
    case SK_INT32: sk_text_add(out, "%d", (int)((const int32_t *)t->data)[i]); break;
    case SK_INT8: sk_text_add(out, "%d", (int)((const int8_t *)t->data)[i]); break;
    case SK_UINT8:
    case SK_BOOL: sk_text_add(out, "%d", (int)((const uint8_t *)t->data)[i]); break;
    default: sk_text_raw(out, "?", 1); break;
    }
}

static void add_const(sk_text *out, const sk_const *c) {
    sk_text_raw(out, "const ", 6);
    add_type(out, &c->type, NULL);
    if (c->scale) sk_text_add(out, "*scale[%d]", c->scale_axis);
    if (c->variable) sk_text_add(out, " variable");
    if (!c->type.data || c->scale || c->type.type == SK_STRING || sk_numel(&c->type) > LONGEST_LIST) return;
    sk_text_raw(out, "{", 1);
    for (size_t i = 0, n = sk_numel(&c->type); i < n; i++) {
        if (i) sk_text_raw(out, ",", 1);
        add_element(out, &c->type, i);
    }
    sk_text_raw(out, "}", 1);
}

static void add_use(sk_text *out, const sk_graph *graph, const sk_value *value) {
    if (!value) {
        sk_text_raw(out, "_", 1);
        return;
    }
    sk_text_add(out, "%s%%", value->graph == graph ? "" : "^");
    add_name(out, value->name);
    if (!value->constant) return;
    sk_text_raw(out, ": ", 2);
    add_const(out, value->constant);
}

static void add_definition(sk_text *out, const sk_value *value) {
    if (!value) {
        sk_text_raw(out, "_", 1);
        return;
    }
    sk_text_raw(out, "%", 1);
    add_name(out, value->name);
    sk_text_raw(out, ": ", 2);
    add_type(out, &value->type, value->symbols);
}

/* ---- attributes ---- */

static void add_string(sk_text *out, const sk_string *s) {
    char head[64];
    const size_t n = s->length < sizeof head ? s->length : sizeof head - 1;
    memcpy(head, s->text, n);
    head[n] = 0;
    sk_text_json(out, head);
    if (n < s->length) sk_text_raw(out, "...", 3);
}

static void add_list(sk_text *out, const sk_attr *attr) {
    sk_text_raw(out, "[", 1);
    for (uint32_t i = 0; i < attr->count && i < LONGEST_LIST; i++) {
        if (i) sk_text_raw(out, ",", 1);
        if (attr->kind == SK_ATTR_INTS) sk_text_add(out, "%lld", (long long)attr->ints[i]);
        else if (attr->kind == SK_ATTR_FLOATS) sk_text_number(out, attr->floats[i]);
        else if (attr->kind == SK_ATTR_STRINGS) add_string(out, &attr->strings[i]);
        else if (attr->kind == SK_ATTR_TENSORS) add_const(out, attr->tensors[i]);
        else sk_text_add(out, "graph %d", (int)attr->graphs[i]->id);
    }
    sk_text_add(out, attr->count > LONGEST_LIST ? ",... %u in all]" : "]", (unsigned)attr->count);
}

static void add_attr(sk_text *out, const sk_attr *attr) {
    add_name(out, attr->name);
    sk_text_raw(out, "=", 1);
    switch (attr->kind) {
    case SK_ATTR_FLOAT: sk_text_number(out, attr->f); break;
    case SK_ATTR_INT: sk_text_add(out, "%lld", (long long)attr->i); break;
    case SK_ATTR_STRING: add_string(out, &attr->s); break;
    case SK_ATTR_TENSOR: add_const(out, attr->tensor); break;
    case SK_ATTR_GRAPH: sk_text_add(out, "graph %d", (int)attr->graph->id); break;
    case SK_ATTR_FLOATS:
    case SK_ATTR_INTS:
    case SK_ATTR_STRINGS:
    case SK_ATTR_TENSORS:
    case SK_ATTR_GRAPHS: add_list(out, attr); break;
    default: sk_text_raw(out, "?", 1); break;
    }
}

static void add_attrs(sk_text *out, const sk_node *node) {
    const int clamped = isfinite(node->lo) || isfinite(node->hi);
    if (!node->n_attrs && !clamped) return;
    sk_text_raw(out, " {", 2);
    for (int32_t i = 0; i < node->n_attrs; i++) {
        if (i) sk_text_raw(out, ", ", 2);
        add_attr(out, &node->attrs[i]);
    }
    if (clamped) {
        sk_text_add(out, "%sclamp=[", node->n_attrs ? ", " : "");
        sk_text_number(out, node->lo);
        sk_text_raw(out, ",", 1);
        sk_text_number(out, node->hi);
        sk_text_raw(out, "]", 1);
    }
    sk_text_raw(out, "}", 1);
}

/* ---- nodes and graphs ---- */

static void add_graph(sk_text *out, const sk_graph *graph, int depth);

static void add_node(sk_text *out, const sk_node *node, int depth) {
    indent(out, depth);
    for (int32_t i = 0; i < node->n_outputs; i++) {
        if (i) sk_text_raw(out, ", ", 2);
        add_definition(out, node->outputs[i]);
    }
    if (node->n_outputs) sk_text_raw(out, " = ", 3);
    if (node->domain[0]) {
        add_name(out, node->domain);
        sk_text_raw(out, ".", 1);
    }
    add_name(out, node->op_type);
    sk_text_raw(out, "(", 1);
    for (int32_t i = 0; i < node->n_inputs; i++) {
        if (i) sk_text_raw(out, ", ", 2);
        add_use(out, node->graph, node->inputs[i]);
    }
    sk_text_raw(out, ")", 1);
    add_attrs(out, node);
    if (node->name[0]) {
        sk_text_raw(out, "  # ", 4);
        add_name(out, node->name);
    }
    sk_text_raw(out, "\n", 1);
    for (int32_t i = 0; i < node->n_bodies; i++) add_graph(out, node->bodies[i], depth + 1);
}

static void add_graph(sk_text *out, const sk_graph *graph, int depth) {
    indent(out, depth);
    sk_text_add(out, "graph %d ", (int)graph->id);
    add_name(out, graph->name);
    sk_text_raw(out, "(", 1);
    for (int32_t i = 0; i < graph->n_inputs; i++) {
        if (i) sk_text_raw(out, ", ", 2);
        add_definition(out, graph->inputs[i]);
    }
    sk_text_raw(out, ") {\n", 4);
    for (int32_t i = 0; i < graph->n_nodes; i++) add_node(out, graph->nodes[i], depth + 1);
    indent(out, depth + 1);
    sk_text_raw(out, "return ", 7);
    for (int32_t i = 0; i < graph->n_outputs; i++) {
        if (i) sk_text_raw(out, ", ", 2);
        add_use(out, graph, graph->outputs[i]);
    }
    sk_text_raw(out, "\n", 1);
    indent(out, depth);
    sk_text_raw(out, "}\n", 2);
}

void sk_graph_dump(const sk_ir *ir, sk_text *out) {
    sk_text_add(out, "# ONNX IR %lld", (long long)ir->ir_version);
    for (int32_t i = 0; i < ir->n_opsets; i++) {
        sk_text_raw(out, ", ", 2);
        add_name(out, ir->opsets[i].domain[0] ? ir->opsets[i].domain : "ai.onnx");
        sk_text_add(out, " %d", (int)ir->opsets[i].version);
    }
    if (ir->producer && ir->producer[0]) {
        sk_text_raw(out, ", by ", 5);
        sk_text_json(out, ir->producer);
    }
    sk_text_raw(out, "\n", 1);
    add_graph(out, ir->main, 0);
}
