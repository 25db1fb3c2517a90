/* Texts and scopes of the ONNX reader: values are connected by name, within the graph, the graphs around it,
 * or the function whose body is being expanded. */
#include <string.h>

#include "formats/onnx_reader.h"

sk_status sk_onnx_intern(sk_onnx *r, const sk_field *field, const char *what, const char **text) {
    const char *chars = NULL;
    SK_TRY(sk_wire_peek(&r->wire, field, what, &chars));
    const size_t length = (size_t)field->size;
    const sk_names_entry *known = sk_names_find(&r->texts, chars, length);
    if (known) {
        *text = known->text;
        return SK_OK;
    }
    char *copy = sk_arena_text(&r->ir->arena, chars, length);
    if (!copy) return sk_oom(r->err, length);
    *text = copy;
    return sk_names_add(&r->texts, copy, length, copy, r->err);
}

const char *sk_onnx_prefixed(sk_onnx *r, const sk_onnx_scope *scope, const char *chars, size_t length) {
    const size_t before = scope->call ? strlen(scope->call->prefix) : 0;
    if (before) memcpy(r->name, scope->call->prefix, before);
    memcpy(r->name + before, chars, length);
    r->name[before + length] = 0;
    return r->name;
}

/* A function's output has its value already: the caller's. */
static sk_value *take_pending(sk_onnx_scope *scope, const char *chars, size_t length, const char **key) {
    sk_names_entry *entry = sk_names_find(&scope->pending, chars, length);
    if (!entry || !entry->value) return NULL;
    sk_value *value = entry->value;
    *key = entry->text;
    entry->value = NULL;
    return value;
}

sk_status sk_onnx_declare(sk_onnx *r, sk_onnx_scope *scope, const char *chars, size_t length,
                          sk_value **value) {
    if (sk_names_find(&scope->names, chars, length))
        return sk_fail(r->err, SK_MALFORMED, "two values are named '%.*s'", (int)length, chars);
    const char *key = NULL;
    *value = take_pending(scope, chars, length, &key);
    if (!*value) {
        const char *name = sk_onnx_prefixed(r, scope, chars, length);
        *value = sk_value_new(scope->graph, name);
        if (!*value) return sk_oom(r->err, sizeof **value);
        key = (*value)->name + (strlen(name) - length);
    }
    return sk_names_add(&scope->names, key, length, *value, r->err);
}

sk_status sk_onnx_declare_outputs(sk_onnx *r, sk_onnx_scope *scope, const sk_field *node) {
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, node, SK_BYTES, "GraphProto", &m));
    while (m.at < m.end) {
        sk_field field;
        const char *chars = NULL;
        sk_value *value = NULL;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number != 2) continue; /* NodeProto.output */
        SK_TRY(sk_wire_peek(&r->wire, &field, "NodeProto", &chars));
        if (field.size) SK_TRY(sk_onnx_declare(r, scope, chars, (size_t)field.size, &value));
    }
    return SK_OK;
}

int sk_onnx_lookup(sk_onnx_scope *scope, const char *chars, size_t length, sk_value **value) {
    for (; scope; scope = scope->parent) {
        const sk_names_entry *entry = sk_names_find(&scope->names, chars, length);
        if (!entry) continue;
        *value = entry->value;
        if (*value && !(*value)->producer && !(*value)->constant && !(*value)->is_input) *scope->unsorted = 1;
        return 1;
    }
    return 0;
}
