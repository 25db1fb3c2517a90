/* Tensors, types and attributes as ONNX's messages. */
#include <string.h>

#include "formats/onnx_writer.h"

/* ---- TensorProto ---- */

enum { DIMS = 1, DATA_TYPE = 2, STRINGS = 6, TENSOR_NAME = 8, RAW = 9 };

/* Types of less than a byte are read as they are stored; all others by the element, with their scale. */
static sk_status write_raw(sk_onnx_writer *w, const sk_const *c) {
    const size_t bytes = sk_nbytes(&c->type), bits = (size_t)sk_type_bits(c->type.type);
    SK_TRY(sk_out_head(&w->out, RAW, bytes));
    if (w->out.counting) {
        w->out.counted += bytes;
        return SK_OK;
    }
    for (size_t at = 0; at < bytes;) {
        const size_t size = bytes - at < SK_OUT_BUFFER ? bytes - at : SK_OUT_BUFFER;
        if (bits >= 8) {
            SK_TRY(sk_const_read(w->ir, c, at / (bits / 8), size / (bits / 8), w->piece, w->err));
        } else if (c->type.data) {
            memcpy(w->piece, (const char *)c->type.data + at, size);
        } else if (w->ir->source.read(w->ir->source.user, c->file, c->offset + at, size, w->piece)) {
            return sk_fail(w->err, SK_MALFORMED, "the model's bytes at %llu could not be read",
                           (unsigned long long)(c->offset + at));
        }
        SK_TRY(sk_out_bytes(&w->out, w->piece, size));
        at += size;
    }
    return SK_OK;
}

sk_status sk_onnx_write_tensor(sk_out *out, const void *what) {
    const sk_onnx_named *named = what;
    const sk_const *c = named->constant;
    const sk_tensor *t = &c->type;
    for (int i = 0; i < t->rank; i++) SK_TRY(sk_out_varint(out, DIMS, (uint64_t)t->dims[i]));
    SK_TRY(sk_out_varint(out, DATA_TYPE, t->type));
    if (named->name) SK_TRY(sk_out_text(out, TENSOR_NAME, named->name));
    if (t->type != SK_STRING) return write_raw((sk_onnx_writer *)out, c);
    const sk_string *strings = t->data;
    for (size_t i = 0, n = sk_numel(t); i < n; i++)
        SK_TRY(sk_out_string(out, STRINGS, strings[i].text, strings[i].length));
    return SK_OK;
}

/* ---- TypeProto, ValueInfoProto ---- */

enum { TYPE_TENSOR = 1, TYPE_SEQUENCE = 4, TYPE_MAP = 5, TYPE_OPTIONAL = 9 };

typedef struct typed { /* a type on its way from the outside in */
    const sk_tensor *type;
    const char *const *symbols; /* NULL: none */
    uint8_t keys, optional;
    uint8_t inside; /* what a list holds: its own dimensions are not known */
} typed;

static sk_status write_dim(sk_out *out, const void *what) {
    const int32_t dim = *(const int32_t *)what;
    return sk_out_varint(out, 1, (uint64_t)dim);
}

static sk_status write_symbol(sk_out *out, const void *what) {
    return what ? sk_out_text(out, 2, what) : SK_OK;
}

static sk_status write_shape(sk_out *out, const void *what) {
    const typed *t = what;
    for (int i = 0; i < t->type->rank; i++) {
        const int32_t *dim = &t->type->dims[i];
        if (*dim >= 0) SK_TRY(sk_out_message(out, 1, write_dim, dim));
        else SK_TRY(sk_out_message(out, 1, write_symbol, t->symbols ? t->symbols[i] : NULL));
    }
    return SK_OK;
}

static sk_status write_tensor_type(sk_out *out, const void *what) {
    const typed *t = what;
    SK_TRY(sk_out_varint(out, 1, t->type->type));
    return t->inside || t->type->rank < 0 ? SK_OK : sk_out_message(out, 2, write_shape, what);
}

static sk_status write_type(sk_out *out, const void *what);

/* Of a sequence or an optional. */
static sk_status write_element_type(sk_out *out, const void *what) {
    return sk_out_message(out, 1, write_type, what);
}

static sk_status write_map_type(sk_out *out, const void *what) {
    typed value = *(const typed *)what;
    SK_TRY(sk_out_varint(out, 1, value.keys));
    value.keys = 0;
    return sk_out_message(out, 2, write_type, &value);
}

static sk_status write_type(sk_out *out, const void *what) {
    typed t = *(const typed *)what;
    if (t.optional) {
        t.optional = 0;
        return sk_out_message(out, TYPE_OPTIONAL, write_element_type, &t);
    }
    if (t.type->kind == SK_SEQUENCE && !t.inside) {
        t.inside = 1;
        return sk_out_message(out, TYPE_SEQUENCE, write_element_type, &t);
    }
    if (t.keys) {
        t.inside = 1;
        return sk_out_message(out, TYPE_MAP, write_map_type, &t);
    }
    return sk_out_message(out, TYPE_TENSOR, write_tensor_type, &t);
}

sk_status sk_onnx_write_value_info(sk_out *out, const void *what) {
    const sk_onnx_named *named = what;
    const sk_value *v = named->value;
    const typed t = {&v->type, v->symbols, v->keys, v->optional, 0};
    SK_TRY(sk_out_text(out, 1, named->name));
    return v->type.type ? sk_out_message(out, 2, write_type, &t) : SK_OK;
}

/* ---- AttributeProto ---- */

enum { ATTR_NAME = 1, ATTR_TYPE_VALUE = 14, ATTR_TYPE = 20 };

static sk_status write_tensor_attr(sk_out *out, uint32_t field, const sk_const *constant) {
    const sk_onnx_named named = {.constant = constant};
    return sk_out_message(out, field, sk_onnx_write_tensor, &named);
}

/* Element i of a list, which stands in the field of its kind: f is 2, i is 3 and so on. */
static sk_status write_element(sk_out *out, const sk_attr *attr, uint32_t i) {
    const uint32_t field = (uint32_t)attr->kind + 1;
    switch (attr->kind) {
    case SK_ATTR_FLOATS: return sk_out_float(out, field, attr->floats[i]);
    case SK_ATTR_INTS: return sk_out_varint(out, field, (uint64_t)attr->ints[i]);
    case SK_ATTR_STRINGS: return sk_out_string(out, field, attr->strings[i].text, attr->strings[i].length);
    case SK_ATTR_TENSORS: return write_tensor_attr(out, field, attr->tensors[i]);
    default: return sk_out_message(out, field, sk_onnx_write_graph, attr->graphs[i]);
    }
}

sk_status sk_onnx_write_attr(sk_out *out, const void *what) {
    const sk_attr *attr = what;
    const uint32_t field = (uint32_t)attr->kind + 1;
    SK_TRY(sk_out_text(out, ATTR_NAME, attr->name));
    SK_TRY(sk_out_varint(out, ATTR_TYPE, attr->kind));
    switch (attr->kind) {
    case SK_ATTR_FLOAT: return sk_out_float(out, field, attr->f);
    case SK_ATTR_INT: return sk_out_varint(out, field, (uint64_t)attr->i);
    case SK_ATTR_STRING: return sk_out_string(out, field, attr->s.text, attr->s.length);
    case SK_ATTR_TENSOR: return write_tensor_attr(out, field, attr->tensor);
    case SK_ATTR_GRAPH: return sk_out_message(out, field, sk_onnx_write_graph, attr->graph);
    case SK_ATTR_TYPE: {
        const typed t = {.type = attr->type};
        return sk_out_message(out, ATTR_TYPE_VALUE, write_type, &t);
    }
    case SK_ATTR_FLOATS:
    case SK_ATTR_INTS:
    case SK_ATTR_STRINGS:
    case SK_ATTR_TENSORS:
    case SK_ATTR_GRAPHS:
        for (uint32_t i = 0; i < attr->count; i++) SK_TRY(write_element(out, attr, i));
        return SK_OK;
    default:
        return sk_fail(out->err, SK_UNSUPPORTED, "attribute '%s' is of a kind that is not kept", attr->name);
    }
}
