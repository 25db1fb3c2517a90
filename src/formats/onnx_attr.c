/* AttributeProto into sk_attr. Inside a function body an attribute may stand for one of the call's. */
#include <string.h>

#include "formats/onnx_reader.h"

enum { NAME = 1, FIRST_VALUE = 2, LAST_VALUE = 11, TYPE_VALUE = 14, TYPE = 20, REF = 21, SPARSE_VALUE = 22 };
enum {
    SPARSE = 11, /* becomes SK_ATTR_TENSOR */
    LAST_KIND = 14
}; /* lists of sparse tensors or types: kinds that exist, without a value here */

static const char WHAT[] = "AttributeProto";

/* The field that holds the value of a kind: f is 2, i is 3 and so on in the order of the kinds. */
static uint32_t value_field(int kind) {
    return kind <= SK_ATTR_GRAPHS ? (uint32_t)kind + 1
           : kind == SK_ATTR_TYPE ? TYPE_VALUE
           : kind == SPARSE       ? SPARSE_VALUE
                                  : 0;
}

static int is_list(int kind) { return kind >= SK_ATTR_FLOATS && kind <= SK_ATTR_GRAPHS; }

typedef struct found {
    uint64_t kind;
    sk_field value; /* the last value field */
} found;

static sk_status scan(sk_onnx *r, sk_message m, sk_attr *attr, found *f) {
    while (m.at < m.end) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == NAME) {
            SK_TRY(sk_onnx_intern(r, &field, WHAT, &attr->name));
        } else if (field.number == REF) {
            SK_TRY(sk_onnx_intern(r, &field, WHAT, &attr->ref));
        } else if (field.number == TYPE) {
            SK_TRY(sk_wire_want(&r->wire, &field, SK_VARINT, WHAT));
            f->kind = field.value;
        } else if ((field.number >= FIRST_VALUE && field.number <= LAST_VALUE) ||
                   field.number == TYPE_VALUE || field.number == SPARSE_VALUE) {
            f->value = field;
        }
    }
    if (!attr->name || !attr->name[0]) return sk_fail(r->err, SK_MALFORMED, "an attribute has no name");
    if (attr->ref && !attr->ref[0]) attr->ref = NULL;
    if (!f->kind && f->value.number)
        f->kind = f->value.number == TYPE_VALUE ? SK_ATTR_TYPE
                                                : f->value.number - 1; /* early writers gave no type */
    if (!f->kind || f->kind > LAST_KIND)
        return sk_fail(r->err, SK_MALFORMED, "attribute '%s' has the unknown type %llu", attr->name,
                       (unsigned long long)f->kind);
    attr->kind = (uint8_t)f->kind;
    return SK_OK;
}

/* ---- values ---- */

static sk_status read_string(sk_onnx *r, const sk_field *field, sk_string *string) {
    SK_TRY(sk_wire_want(&r->wire, field, SK_BYTES, WHAT));
    if (field->size > SK_MAX_TENSOR_BYTES)
        return sk_fail(r->err, SK_LIMIT, "an attribute holds a string of more than 1 GB");
    char *copy = sk_arena_alloc(&r->ir->arena, (size_t)field->size + 1);
    if (!copy) return sk_oom(r->err, (size_t)field->size);
    copy[field->size] = 0;
    *string = (sk_string){copy, (uint32_t)field->size};
    return sk_wire_copy(&r->wire, field->at, field->size, copy);
}

static sk_status read_graph(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field, sk_graph **graph) {
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, WHAT, &m));
    return sk_onnx_graph(r, scope, m, graph);
}

static sk_status read_type(sk_onnx *r, const sk_field *field, sk_attr *attr) {
    sk_onnx_value_info info = {.type = sk_unknown_tensor()};
    sk_tensor *type = sk_arena_calloc(&r->ir->arena, 1, sizeof *type);
    if (!type) return sk_oom(r->err, sizeof *type);
    SK_TRY(sk_onnx_type_read(r, field, &info, 0));
    *type = info.type;
    attr->type = type;
    return SK_OK;
}

static sk_status read_single(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field, sk_attr *attr) {
    const int there = field->number == value_field(attr->kind);
    switch (attr->kind) {
    case SK_ATTR_FLOAT:
        if (there) {
            SK_TRY(sk_wire_want(&r->wire, field, SK_FIXED32, WHAT));
            memcpy(&attr->f, &field->value, sizeof attr->f);
        }
        return SK_OK;
    case SK_ATTR_INT:
        if (there) {
            SK_TRY(sk_wire_want(&r->wire, field, SK_VARINT, WHAT));
            attr->i = (int64_t)field->value;
        }
        return SK_OK;
    case SK_ATTR_STRING: attr->s.text = ""; return there ? read_string(r, field, &attr->s) : SK_OK;
    case SPARSE:
    case SK_ATTR_TENSOR:
    case SK_ATTR_GRAPH:
    case SK_ATTR_TYPE:
        if (!there) return sk_fail(r->err, SK_MALFORMED, "attribute '%s' has no value", attr->name);
        if (attr->kind == SK_ATTR_GRAPH) return read_graph(r, scope, field, &attr->graph);
        if (attr->kind == SK_ATTR_TYPE) return read_type(r, field, attr);
        sk_const *tensor = NULL;
        SK_TRY((attr->kind == SPARSE ? sk_onnx_sparse : sk_onnx_tensor)(r, field, NULL, &tensor));
        attr->kind = SK_ATTR_TENSOR;
        attr->tensor = tensor;
        return SK_OK;
    default: return SK_OK;
    }
}

/* Appends a list field's elements behind attr->count; list NULL: only counts. */
static sk_status read_numbers(sk_onnx *r, const sk_field *field, sk_attr *attr, void *list) {
    const int floats = attr->kind == SK_ATTR_FLOATS;
    const sk_wire_type type = floats ? SK_FIXED32 : SK_VARINT;
    sk_message m;
    SK_TRY(sk_wire_open(&r->wire, field, type, WHAT, &m));
    for (; m.at < m.end; attr->count++) {
        uint64_t value = 0;
        SK_TRY(sk_wire_scalar(&r->wire, &m, type, &value));
        if (attr->count == INT32_MAX)
            return sk_fail(r->err, SK_LIMIT, "attribute '%s' is too long", attr->name);
        if (list) memcpy((char *)list + attr->count * (floats ? 4u : 8u), &value, floats ? 4 : 8);
    }
    return SK_OK;
}

static sk_status read_element(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field, sk_attr *attr,
                              void *list) {
    if (attr->kind == SK_ATTR_FLOATS || attr->kind == SK_ATTR_INTS) return read_numbers(r, field, attr, list);
    if (attr->count == INT32_MAX) return sk_fail(r->err, SK_LIMIT, "attribute '%s' is too long", attr->name);
    const uint32_t i = attr->count++;
    if (!list) return SK_OK;
    if (attr->kind == SK_ATTR_STRINGS) return read_string(r, field, (sk_string *)list + i);
    if (attr->kind == SK_ATTR_TENSORS) return sk_onnx_tensor(r, field, NULL, (sk_const **)list + i);
    return read_graph(r, scope, field, (sk_graph **)list + i);
}

/* Once to count, once to read. */
static sk_status each_element(sk_onnx *r, sk_onnx_scope *scope, sk_message m, sk_attr *attr, void *list) {
    attr->count = 0;
    while (m.at < m.end) {
        sk_field field;
        SK_TRY(sk_wire_next(&r->wire, &m, &field));
        if (field.number == value_field(attr->kind)) SK_TRY(read_element(r, scope, &field, attr, list));
    }
    return SK_OK;
}

static sk_status read_list(sk_onnx *r, sk_onnx_scope *scope, sk_message m, sk_attr *attr) {
    SK_TRY(each_element(r, scope, m, attr, NULL));
    const size_t width = attr->kind == SK_ATTR_INTS      ? sizeof(int64_t)
                         : attr->kind == SK_ATTR_FLOATS  ? sizeof(float)
                         : attr->kind == SK_ATTR_STRINGS ? sizeof(sk_string)
                                                         : sizeof(void *);
    void *list = sk_arena_calloc(&r->ir->arena, attr->count, width);
    if (!list) return sk_oom(r->err, attr->count * width);
    attr->ints = list; /* all list members of the union are pointers */
    return each_element(r, scope, m, attr, list);
}

/* ---- references ---- */

static sk_status resolve(sk_onnx *r, const sk_onnx_scope *scope, sk_attr *attr, int *present) {
    if (!scope->call)
        return sk_fail(r->err, SK_MALFORMED,
                       "attribute '%s' refers to a function's attribute outside any function", attr->name);
    *present = 0;
    for (int32_t i = 0; i < scope->call->n_attrs; i++) {
        const sk_attr *given = &scope->call->attrs[i];
        if (given->name != attr->ref) continue; /* interned */
        if (given->kind != attr->kind)
            return sk_fail(r->err, SK_MALFORMED,
                           "attribute '%s' of a call of function '%s' has the wrong type", given->name,
                           scope->call->function->name);
        const char *name = attr->name;
        *attr = *given;
        attr->name = name;
        *present = 1;
        return SK_OK;
    }
    return SK_OK;
}

sk_status sk_onnx_attr_read(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field, sk_attr *attr,
                            int *present) {
    found f = {.kind = 0};
    sk_message m;
    *attr = (sk_attr){.name = NULL};
    *present = 1;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, "NodeProto", &m));
    SK_TRY(scan(r, m, attr, &f));
    if (attr->ref) return resolve(r, scope, attr, present);
    return is_list(attr->kind) ? read_list(r, scope, m, attr) : read_single(r, scope, &f.value, attr);
}
