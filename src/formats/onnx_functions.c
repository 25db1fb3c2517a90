/* Model-local functions. A call is replaced by the function's nodes: its inputs are the call's inputs, its
 * outputs the call's outputs, everything else gets a name with the call's in front. The body is read from the
 * file anew for each call; sk_wire counts what that adds up to. */
#include <string.h>

#include "formats/onnx_reader.h"

enum { NAME = 1, INPUT = 4, OUTPUT = 5, NODE = 7, OPSET = 9, DOMAIN = 10, DEFAULT = 11, OVERLOAD = 13 };

static const char WHAT[] = "FunctionProto";

/* "domain\nname\noverload" in the reader's buffer; returns its length. */
static size_t make_key(sk_onnx *r, const char *domain, const char *name, const char *overload) {
    return sk_format(r->name, SK_ONNX_NAME_BUFFER, "%s\n%s\n%s", domain, name, overload);
}

const sk_onnx_function *sk_onnx_function_find(sk_onnx *r, const char *domain, const char *name,
                                              const char *overload) {
    if (!r->functions.count) return NULL;
    const sk_names_entry *entry = sk_names_find(&r->functions, r->name, make_key(r, domain, name, overload));
    return entry ? entry->value : NULL;
}

static sk_status scan(sk_onnx *r, sk_onnx_function *f, size_t *opsets) {
    for (sk_message m = f->message; m.at < m.end;) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        switch (field.number) {
        case NAME: SK_TRY(sk_onnx_intern(r, &field, WHAT, &f->name)); break;
        case DOMAIN: SK_TRY(sk_onnx_intern(r, &field, WHAT, &f->domain)); break;
        case OVERLOAD: SK_TRY(sk_onnx_intern(r, &field, WHAT, &f->overload)); break;
        case OPSET: ++*opsets; break;
        default: break;
        }
    }
    if (!strcmp(f->domain, "ai.onnx")) f->domain = "";
    return f->name[0] ? SK_OK : sk_fail(r->err, SK_MALFORMED, "a function has no name");
}

sk_status sk_onnx_function_add(sk_onnx *r, const sk_field *field) {
    sk_onnx_function *f = sk_arena_calloc(&r->scratch, 1, sizeof *f);
    if (!f) return sk_oom(r->err, sizeof *f);
    size_t opsets = 0;
    f->name = f->domain = f->overload = "";
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "ModelProto", &f->message));
    SK_TRY(scan(r, f, &opsets));
    f->opsets = sk_arena_calloc(&r->scratch, opsets, sizeof *f->opsets);
    if (!f->opsets) return sk_oom(r->err, opsets * sizeof *f->opsets);
    for (sk_message m = f->message; m.at < m.end;) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == OPSET) SK_TRY(sk_onnx_opset(r, &inner, &f->opsets[f->n_opsets++]));
    }
    const size_t length = make_key(r, f->domain, f->name, f->overload);
    if (sk_names_find(&r->functions, r->name, length))
        return sk_fail(r->err, SK_MALFORMED, "the model defines function '%s' twice", f->name);
    const char *key = sk_arena_text(&r->scratch, r->name, length);
    if (!key) return sk_oom(r->err, length);
    return sk_names_add(&r->functions, key, length, f, r->err);
}

/* ---- expansion ---- */

/* What the body may refer to: the call's attributes and, where it gives none, the function's defaults. */
static sk_status merge_attrs(sk_onnx *r, sk_onnx_scope *scope, sk_onnx_call *frame,
                             const sk_onnx_node *call) {
    size_t room = (size_t)call->n_attrs;
    for (int32_t i = 0; i < call->n_attrs; i++)
        if (call->attrs[i].kind == SK_ATTR_GRAPH || call->attrs[i].kind == SK_ATTR_GRAPHS)
            return sk_fail(r->err, SK_UNSUPPORTED, "function '%s' is given a graph as attribute '%s'",
                           call->function->name, call->attrs[i].name);
    sk_field field;
    for (sk_message m = call->function->message; m.at < m.end;) {
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        room += field.number == DEFAULT;
    }
    sk_attr *attrs = sk_arena_calloc(&r->scratch, room, sizeof *attrs);
    if (!attrs) return sk_oom(r->err, room * sizeof *attrs);
    if (call->n_attrs) memcpy(attrs, call->attrs, (size_t)call->n_attrs * sizeof *attrs);
    int32_t n = call->n_attrs;
    for (sk_message m = call->function->message; m.at < m.end;) {
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number != DEFAULT) continue;
        int present = 0;
        SK_TRY(sk_onnx_attr_read(r, scope, &field, &attrs[n], &present));
        if (attrs[n].kind == SK_ATTR_GRAPH || attrs[n].kind == SK_ATTR_GRAPHS)
            return sk_fail(r->err, SK_UNSUPPORTED, "function '%s' has a graph as attribute '%s'",
                           call->function->name, attrs[n].name);
        for (int32_t i = 0; i < call->n_attrs; i++)
            if (attrs[i].name == attrs[n].name) present = 0; /* interned */
        n += present;
    }
    frame->attrs = attrs;
    frame->n_attrs = n;
    return SK_OK;
}

/* Names the function's inputs and outputs after the call's values. */
static sk_status bind_port(sk_onnx *r, sk_onnx_scope *scope, const sk_onnx_node *call, const sk_field *field,
                           int32_t i) {
    const char *chars = NULL;
    const int input = field->number == INPUT;
    SK_TRY(sk_wire_peek(&r->wire, field, WHAT, &chars));
    const size_t length = (size_t)field->size;
    sk_names *names = input ? &scope->names : &scope->pending;
    if (!length || sk_names_find(names, chars, length))
        return sk_fail(r->err, SK_MALFORMED, "function '%s' has two %s named '%.*s'", call->function->name,
                       input ? "inputs" : "outputs", (int)length, chars);
    sk_value *value =
        i < (input ? call->n_inputs : call->n_outputs) ? (input ? call->inputs : call->outputs)[i] : NULL;
    const char *key = sk_arena_text(&r->scratch, chars, length);
    if (!key) return sk_oom(r->err, length);
    if (!value && !input) {
        value = sk_value_new(scope->graph, sk_onnx_prefixed(r, scope, key, length));
        if (!value) return sk_oom(r->err, sizeof *value);
    }
    return sk_names_add(names, key, length, value, r->err);
}

static sk_status bind_ports(sk_onnx *r, sk_onnx_scope *scope, const sk_onnx_node *call) {
    int32_t inputs = 0, outputs = 0;
    for (sk_message m = call->function->message; m.at < m.end;) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == INPUT) SK_TRY(bind_port(r, scope, call, &field, inputs++));
        if (field.number == OUTPUT) SK_TRY(bind_port(r, scope, call, &field, outputs++));
    }
    if (call->n_inputs <= inputs && call->n_outputs <= outputs) return SK_OK;
    return sk_fail(
        r->err, SK_MALFORMED, "function '%s' is called with %d inputs and %d outputs; it has %d and %d",
        call->function->name, (int)call->n_inputs, (int)call->n_outputs, (int)inputs, (int)outputs);
}

/* Outputs that no node gives: an input may be passed through. */
static sk_status pass_through(sk_onnx *r, sk_onnx_scope *scope, const sk_onnx_function *function) {
    for (size_t i = 0; i < scope->pending.capacity; i++) {
        const sk_names_entry *entry = &scope->pending.entries[i];
        if (!entry->text || !entry->value) continue;
        const sk_names_entry *input = sk_names_find(&scope->names, entry->text, entry->length);
        if (!input || !input->value)
            return sk_fail(r->err, SK_MALFORMED, "nothing gives output '%s' of function '%s'", entry->text,
                           function->name);
        SK_TRY(sk_onnx_identity(r, scope, input->value, entry->value));
    }
    return SK_OK;
}

static sk_status expand_body(sk_onnx *r, sk_onnx_scope *scope, sk_onnx_call *frame,
                             const sk_onnx_node *call) {
    sk_field field;
    SK_TRY(merge_attrs(r, scope, frame, call));
    SK_TRY(bind_ports(r, scope, call));
    for (sk_message m = call->function->message; m.at < m.end;) {
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == NODE) SK_TRY(sk_onnx_declare_outputs(r, scope, &field));
    }
    for (sk_message m = call->function->message; m.at < m.end;) {
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == NODE) SK_TRY(sk_onnx_node_read(r, scope, &field));
    }
    return pass_through(r, scope, call->function);
}

sk_status sk_onnx_expand(sk_onnx *r, sk_onnx_scope *scope, const sk_onnx_node *call) {
    for (const sk_onnx_call *c = scope->call; c; c = c->caller)
        if (c->function == call->function)
            return sk_fail(r->err, SK_MALFORMED, "function '%s' calls itself", call->function->name);
    if (r->depth == SK_ONNX_DEPTH)
        return sk_fail(r->err, SK_LIMIT, "graphs and functions are nested more than %d deep", SK_ONNX_DEPTH);
    sk_onnx_call frame = {.caller = scope->call, .function = call->function};
    sk_onnx_scope inner = {.graph = scope->graph, .unsorted = scope->unsorted, .call = &frame};
    if (call->name[0])
        sk_format(frame.prefix, sizeof frame.prefix, "%.*s/", (int)sizeof frame.prefix - 2, call->name);
    else sk_format(frame.prefix, sizeof frame.prefix, "%.*s_%d/", 40, call->op_type, (int)r->n_calls);
    r->n_calls++;
    sk_names_init(&inner.names, r->heap);
    sk_names_init(&inner.pending, r->heap);
    r->depth++;
    const sk_status status = expand_body(r, &inner, &frame, call);
    r->depth--;
    sk_names_free(&inner.names);
    sk_names_free(&inner.pending);
    return status;
}
