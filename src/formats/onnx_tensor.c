/* TensorProto into constants. Bytes that stand in the file as the engine wants them (raw_data, packed floats)
 * stay there; varints and strings are decoded into the arena, which takes at most 8 bytes for each byte of
 * the file. */
#include <string.h>

#include "formats/onnx.h"
#include "formats/onnx_reader.h"

enum {
    DIMS = 1,
    DATA_TYPE = 2,
    SEGMENT = 3,
    FLOATS = 4,
    INT32S = 5,
    STRINGS = 6,
    INT64S = 7,
    NAME = 8,
    RAW = 9,
    DOUBLES = 10,
    UINT64S = 11,
    EXTERNAL = 13,
    LOCATION = 14
};

static const char WHAT[] = "TensorProto";

/* Where the tensor is read from and to; ir is NULL for a tensor that stands alone. */
typedef struct target {
    sk_wire *wire;
    sk_arena *arena;
    const sk_ir *ir;
} target;

typedef struct proto {
    sk_message message;
    sk_tensor type;
    uint64_t data_type;
    sk_field name, raw; /* number 0: not there */
    sk_field chunk;     /* the last field of typed values */
    uint32_t chunks;
    uint32_t typed;      /* number of the field that holds typed values, 0: none */
    uint64_t elements;   /* in it */
    uint64_t text_bytes; /* of string elements together */
    uint64_t location;   /* 1: external */
    char title[96];      /* "tensor 'conv1.weight'", once scanned */
} proto;

static sk_wire_type element_type(uint32_t field) {
    switch (field) {
    case FLOATS: return SK_FIXED32;
    case DOUBLES: return SK_FIXED64;
    case STRINGS: return SK_BYTES;
    default: return SK_VARINT;
    }
}

/* The typed field in which values of a type are stored. */
static uint32_t typed_field(int type) {
    switch (type) {
    case SK_FLOAT32:
    case SK_COMPLEX64: return FLOATS;
    case SK_FLOAT64:
    case SK_COMPLEX128: return DOUBLES;
    case SK_INT64: return INT64S;
    case SK_UINT32:
    case SK_UINT64: return UINT64S;
    case SK_STRING: return STRINGS;
    default: return INT32S;
    }
}

/* Bytes that one element of the typed field gives; narrow types stand in int32_data one byte (or two) a
 * number. */
static size_t element_width(int type) {
    switch (type) {
    case SK_COMPLEX64: return 4;
    case SK_COMPLEX128: return 8;
    default: return (size_t)(sk_type_bits(type) + 7) / 8;
    }
}

static sk_status add_dims(const target *t, const sk_field *field, proto *p) {
    sk_message m;
    SK_TRY(sk_wire_open(t->wire, field, SK_VARINT, WHAT, &m));
    while (m.at < m.end) {
        uint64_t dim = 0;
        SK_TRY(sk_wire_scalar(t->wire, &m, SK_VARINT, &dim));
        if (p->type.rank == SK_MAX_RANK)
            return sk_fail(t->wire->err, SK_UNSUPPORTED, "a tensor has more than %d dimensions", SK_MAX_RANK);
        if ((int64_t)dim < 0)
            return sk_fail(t->wire->err, SK_MALFORMED, "a tensor has a dimension of %lld", (long long)dim);
        if (dim > INT32_MAX)
            return sk_fail(t->wire->err, SK_LIMIT, "a tensor has a dimension of %lld", (long long)dim);
        p->type.dims[p->type.rank++] = (int32_t)dim;
    }
    return SK_OK;
}

static sk_status count_elements(const target *t, const sk_field *field, proto *p) {
    const sk_wire_type type = element_type(field->number);
    if (type == SK_BYTES) {
        SK_TRY(sk_wire_want(t->wire, field, SK_BYTES, WHAT));
        p->text_bytes += field->size;
        p->elements++;
        return SK_OK;
    }
    sk_message m;
    SK_TRY(sk_wire_open(t->wire, field, type, WHAT, &m));
    if (type == SK_VARINT) {
        for (uint64_t value; m.at < m.end; p->elements++) SK_TRY(sk_wire_scalar(t->wire, &m, type, &value));
        return SK_OK;
    }
    const uint64_t width = type == SK_FIXED32 ? 4 : 8;
    if ((m.end - m.at) % width)
        return sk_fail(t->wire->err, SK_MALFORMED, "malformed at byte %llu: packed values end within one",
                       (unsigned long long)m.at);
    p->elements += (m.end - m.at) / width;
    return SK_OK;
}

static sk_status scan_field(const target *t, const sk_field *field, proto *p) {
    switch (field->number) {
    case DIMS: return add_dims(t, field, p);
    case DATA_TYPE: p->data_type = field->value; return sk_wire_want(t->wire, field, SK_VARINT, WHAT);
    case SEGMENT: return sk_fail(t->wire->err, SK_UNSUPPORTED, "a tensor is stored in segments");
    case NAME: p->name = *field; return sk_wire_want(t->wire, field, SK_BYTES, WHAT);
    case RAW: p->raw = *field; return sk_wire_want(t->wire, field, SK_BYTES, WHAT);
    case LOCATION: p->location = field->value; return sk_wire_want(t->wire, field, SK_VARINT, WHAT);
    case FLOATS:
    case INT32S:
    case STRINGS:
    case INT64S:
    case DOUBLES:
    case UINT64S:
        if (!field->size && field->number != STRINGS) return SK_OK;
        if (p->typed && p->typed != field->number)
            return sk_fail(t->wire->err, SK_MALFORMED, "a tensor has values of two types");
        p->typed = field->number;
        p->chunk = *field;
        p->chunks++;
        return count_elements(t, field, p);
    default: return SK_OK;
    }
}

static sk_status scan(const target *t, const sk_field *field, proto *p) {
    *p = (proto){.message = {field->at, field->at + field->size}};
    SK_TRY(sk_wire_want(t->wire, field, SK_BYTES, WHAT));
    sk_message m = p->message;
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(t->wire, &m, &inner));
        SK_TRY(scan_field(t, &inner, p));
    }
    if (!p->data_type) return sk_fail(t->wire->err, SK_MALFORMED, "a tensor has no element type");
    if (p->data_type >= SK_TYPE_COUNT)
        return sk_fail(t->wire->err, SK_UNSUPPORTED, "a tensor has element type %llu, which is not known",
                       (unsigned long long)p->data_type);
    p->type.type = (uint8_t)p->data_type;
    const char *name = NULL;
    sk_format(p->title, sizeof p->title, "a tensor");
    if (!p->name.size) return SK_OK;
    SK_TRY(sk_wire_peek(t->wire, &p->name, WHAT, &name));
    sk_format(p->title, sizeof p->title, "tensor '%.*s'", p->name.size < 80 ? (int)p->name.size : 80, name);
    return SK_OK;
}

/* ---- values inside the message ---- */

static sk_status wrong_count(const target *t, const proto *p, uint64_t there, const char *unit,
                             uint64_t wanted) {
    char text[SK_SHAPE_TEXT];
    return sk_fail(t->wire->err, SK_MALFORMED, "%s, %s, holds %llu %s where its shape needs %llu", p->title,
                   sk_tensor_text(&p->type, text), (unsigned long long)there, unit,
                   (unsigned long long)wanted);
}

static sk_status read_strings(const target *t, const proto *p, size_t bytes, sk_const *c) {
    const size_t n = bytes / sizeof(sk_string);
    if (n != p->elements || (n && p->typed != STRINGS))
        return wrong_count(t, p, p->typed == STRINGS ? p->elements : 0, "strings", n);
    if (p->text_bytes > SK_MAX_TENSOR_BYTES)
        return sk_fail(t->wire->err, SK_LIMIT, "%s has strings of more than 1 GB", p->title);
    sk_string *strings = sk_arena_calloc(t->arena, n, sizeof *strings);
    char *text = sk_arena_alloc(t->arena, (size_t)p->text_bytes);
    if (!strings || !text) return sk_oom(t->wire->err, bytes + (size_t)p->text_bytes);
    sk_message m = p->message;
    for (size_t i = 0; m.at < m.end;) {
        sk_field field;
        SK_TRY(sk_wire_next(t->wire, &m, &field));
        if (field.number != STRINGS) continue;
        SK_TRY(sk_wire_copy(t->wire, field.at, field.size, text));
        strings[i++] = (sk_string){text, (uint32_t)field.size};
        text += field.size;
    }
    c->type.data = strings;
    return SK_OK;
}

/* Decodes the typed values, `width` bytes each, little-endian as every machine here is. */
static sk_status decode(const target *t, const proto *p, size_t width, uint8_t *dst) {
    const sk_wire_type type = element_type(p->typed);
    sk_message m = p->message;
    while (m.at < m.end) {
        sk_field field;
        SK_TRY(sk_wire_next(t->wire, &m, &field));
        if (field.number != p->typed) continue;
        sk_message inner;
        SK_TRY(sk_wire_open(t->wire, &field, type, WHAT, &inner));
        for (uint64_t value = 0; inner.at < inner.end; dst += width) {
            SK_TRY(sk_wire_scalar(t->wire, &inner, type, &value));
            memcpy(dst, &value, width);
        }
    }
    return SK_OK;
}

static sk_status use_typed(const target *t, const proto *p, size_t bytes, sk_const *c) {
    const size_t width = element_width(p->type.type);
    if (p->typed && p->typed != typed_field(p->type.type))
        return sk_fail(t->wire->err, SK_MALFORMED, "%s is %s but has values of another type", p->title,
                       sk_type_name(p->type.type));
    if (p->elements != bytes / width) return wrong_count(t, p, p->elements, "values", bytes / width);
    if (p->chunks == 1 && element_type(p->typed) != SK_VARINT) {
        c->offset = p->chunk.at;
        return SK_OK;
    }
    c->type.data = sk_arena_alloc(t->arena, bytes);
    if (!c->type.data) return sk_oom(t->wire->err, bytes);
    return decode(t, p, width, c->type.data);
}

/* ---- values in another file ---- */

/* A decimal number of an external_data entry; 0 when it is not one. */
static int parse_number(const char *chars, uint64_t size, uint64_t *number) {
    *number = 0;
    for (uint64_t i = 0; i < size; i++) {
        if (chars[i] < '0' || chars[i] > '9' || *number > (UINT64_MAX - 9) / 10) return 0;
        *number = *number * 10 + (uint64_t)(chars[i] - '0');
    }
    return size > 0;
}

static int find_file(const sk_ir *ir, const char *path, size_t length) {
    if (length > 2 && path[0] == '.' && path[1] == '/') path += 2, length -= 2;
    for (int i = 1; i < ir->n_files; i++) {
        const char *offered = ir->files[i].path;
        if (offered[0] == '.' && offered[1] == '/') offered += 2;
        if (strlen(offered) == length && !memcmp(offered, path, length)) return i;
    }
    return -1;
}

/* One key and its value; file, offset and length are set as they come. */
static sk_status external_entry(const target *t, const sk_field *entry, sk_const *c, uint64_t *length) {
    sk_field key = {.number = 0}, value = {.number = 0};
    sk_message m;
    SK_TRY(sk_wire_open(t->wire, entry, SK_BYTES, WHAT, &m));
    while (m.at < m.end) {
        sk_field field;
        SK_TRY(sk_wire_next(t->wire, &m, &field));
        if (field.number == 1) key = field;
        if (field.number == 2) value = field;
    }
    if (!key.number || !value.number)
        return sk_fail(t->wire->err, SK_MALFORMED,
                       "a tensor's external data is not described as key and value");
    const char *chars = NULL;
    SK_TRY(sk_wire_peek(t->wire, &key, WHAT, &chars));
    const int location = key.size == 8 && !memcmp(chars, "location", 8);
    const int offset = key.size == 6 && !memcmp(chars, "offset", 6);
    const int size = key.size == 6 && !memcmp(chars, "length", 6);
    if (!location && !offset && !size) return SK_OK;
    SK_TRY(sk_wire_peek(t->wire, &value, WHAT, &chars));
    if (location) {
        c->file = find_file(t->ir, chars, (size_t)value.size);
        if (c->file >= 0) return SK_OK;
        return sk_fail(t->wire->err, SK_EXTERNAL_DATA,
                       "the model's weights are in another file, '%.*s', which was not given",
                       (int)value.size, chars);
    }
    if (parse_number(chars, value.size, offset ? &c->offset : length)) return SK_OK;
    return sk_fail(t->wire->err, SK_MALFORMED, "a tensor's external data has the %s '%.*s'",
                   offset ? "offset" : "length", (int)value.size, chars);
}

static sk_status use_external(const target *t, const proto *p, size_t bytes, sk_const *c) {
    if (!t->ir) return sk_fail(t->wire->err, SK_UNSUPPORTED, "a tensor file with external data");
    uint64_t length = bytes;
    sk_message m = p->message;
    while (m.at < m.end) {
        sk_field field;
        SK_TRY(sk_wire_next(t->wire, &m, &field));
        if (field.number == EXTERNAL) SK_TRY(external_entry(t, &field, c, &length));
    }
    if (!c->file)
        return sk_fail(t->wire->err, SK_MALFORMED, "the external data of %s names no file", p->title);
    if (length != bytes) return wrong_count(t, p, length, "external bytes", bytes);
    const sk_file *file = &t->ir->files[c->file];
    if (c->offset <= file->size && bytes <= file->size - c->offset) return SK_OK;
    return sk_fail(t->wire->err, SK_EXTERNAL_DATA,
                   "the external data file '%s' has %llu bytes, but %s needs %zu from byte %llu on",
                   file->path, (unsigned long long)file->size, p->title, bytes,
                   (unsigned long long)c->offset);
}

/* ---- all together ---- */

static sk_status place(const target *t, const proto *p, sk_const *c) {
    c->type = p->type;
    size_t bytes = 0;
    char text[SK_SHAPE_TEXT];
    if (!sk_tensor_bytes(&p->type, &bytes))
        return sk_fail(t->wire->err, SK_LIMIT, "%s, %s, is too large", p->title,
                       sk_tensor_text(&p->type, text));
    if (p->type.type == SK_STRING) return read_strings(t, p, bytes, c);
    if (p->location == 1) {
        SK_TRY(use_external(t, p, bytes, c));
    } else if (p->raw.number && (p->raw.size || !p->elements)) {
        if (p->raw.size != bytes) return wrong_count(t, p, p->raw.size, "bytes", bytes);
        c->offset = p->raw.at;
    } else {
        SK_TRY(use_typed(t, p, bytes, c));
    }
    if (c->type.data || (t->ir && bytes > SK_ONNX_RESIDENT)) return SK_OK;
    c->type.data = sk_arena_alloc(t->arena, bytes);
    if (!c->type.data) return sk_oom(t->wire->err, bytes);
    if (!c->file || !t->ir) return sk_wire_copy(t->wire, c->offset, bytes, c->type.data);
    if (!t->ir->source.read(t->ir->source.user, c->file, c->offset, bytes, c->type.data)) return SK_OK;
    return sk_fail(t->wire->err, SK_EXTERNAL_DATA, "the external data file '%s' could not be read",
                   t->ir->files[c->file].path);
}

sk_status sk_onnx_tensor(sk_onnx *r, const sk_field *field, sk_field *name, sk_const **constant) {
    const target t = {&r->wire, &r->ir->arena, r->ir};
    proto p;
    SK_TRY(scan(&t, field, &p));
    *constant = sk_const_new(r->ir);
    if (!*constant) return sk_oom(r->err, sizeof **constant);
    if (name) *name = p.name;
    return place(&t, &p, *constant);
}

sk_status sk_onnx_read_tensor(const void *bytes, size_t size, sk_arena *arena, sk_tensor *tensor,
                              const char **name, sk_error *err) {
    sk_wire wire;
    sk_wire_memory(&wire, bytes, size, err);
    const target t = {&wire, arena, NULL};
    const sk_field whole = {.type = SK_BYTES, .size = size};
    proto p;
    sk_const c = {.file = 0};
    SK_TRY(scan(&t, &whole, &p));
    SK_TRY(place(&t, &p, &c));
    *tensor = c.type;
    if (!name) return SK_OK;
    const char *chars = "";
    if (p.name.number) SK_TRY(sk_wire_peek(&wire, &p.name, WHAT, &chars));
    *name = sk_arena_text(arena, chars, (size_t)p.name.size);
    return *name ? SK_OK : sk_oom(err, (size_t)p.name.size);
}
