/* The protobuf wire reader: see wire.h. */
#include "formats/wire.h"

#include <string.h>

#include "core/text.h"

/* After a jump only this much is read: most jumps lead to the few header bytes between two blocks of weights.
 */
#define AFTER_JUMP 512
#define MAX_VARINT 10

void sk_wire_init(sk_wire *wire, sk_source source, uint64_t size, uint8_t *window, sk_error *err) {
    *wire =
        (sk_wire){.source = source, .size = size, .window = window, .capacity = SK_WIRE_WINDOW, .err = err};
    /* A plain file is looked at fewer than ten times; functions may add to that, in proportion to the file.
     */
    wire->visit_limit = 65536 + (size > UINT64_MAX / 64 ? UINT64_MAX / 2 : size * 32);
}

static int no_read(void *user, int file, uint64_t offset, size_t size, void *dst) {
    (void)user, (void)file, (void)offset, (void)size, (void)dst;
    return -1;
}

void sk_wire_memory(sk_wire *wire, const void *bytes, size_t size, sk_error *err) {
    /* The window is the whole: it is never refilled, so the const is kept. */
    *wire = (sk_wire){.source = {.read = no_read},
                      .size = size,
                      .window = (uint8_t *)(uintptr_t)bytes,
                      .capacity = size,
                      .filled = size,
                      .visit_limit = UINT64_MAX,
                      .err = err};
}

static sk_status visit(sk_wire *wire, uint64_t size) {
    wire->visited += size;
    if (wire->visited <= wire->visit_limit) return SK_OK;
    return sk_fail(wire->err, SK_LIMIT, "the model's functions expand to too many nodes for its size");
}

/* Makes the window hold [at, at + size); size <= SK_NAME_MAX, the range lies in the file. */
static sk_status cover(sk_wire *wire, uint64_t at, size_t size, const uint8_t **bytes) {
    if (at < wire->start || at + size > wire->start + wire->filled) {
        int near = at >= wire->start && at <= wire->start + wire->filled;
        uint64_t want = near ? wire->capacity : AFTER_JUMP;
        if (want < size) want = wire->capacity;
        if (want > wire->size - at) want = wire->size - at;
        wire->filled = 0;
        if (wire->source.read(wire->source.user, 0, at, (size_t)want, wire->window))
            return sk_fail(wire->err, SK_MALFORMED, "the model's bytes could not be read at %llu",
                           (unsigned long long)at);
        wire->start = at;
        wire->filled = (size_t)want;
    }
    *bytes = wire->window + (at - wire->start);
    return SK_OK;
}

static sk_status read_varint(sk_wire *wire, sk_message *message, uint64_t *value) {
    uint64_t left = message->end - message->at;
    size_t limit = left < MAX_VARINT ? (size_t)left : MAX_VARINT;
    const uint8_t *bytes = wire->window;
    SK_TRY(cover(wire, message->at, limit, &bytes));
    uint64_t result = 0;
    for (size_t i = 0; i < limit; i++) {
        result |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
        if (bytes[i] & 0x80) continue;
        message->at += i + 1;
        *value = result;
        return visit(wire, i + 1);
    }
    return sk_fail(wire->err, SK_MALFORMED, "malformed at byte %llu: a number %s",
                   (unsigned long long)message->at,
                   limit == MAX_VARINT ? "of more than 10 bytes" : "is cut off by the end of what holds it");
}

static sk_status read_fixed(sk_wire *wire, sk_message *message, size_t size, uint64_t *value) {
    if (message->end - message->at < size)
        return sk_fail(wire->err, SK_MALFORMED,
                       "malformed at byte %llu: a number is cut off by the end of what holds it",
                       (unsigned long long)message->at);
    const uint8_t *bytes = wire->window;
    SK_TRY(cover(wire, message->at, size, &bytes));
    uint64_t result = 0;
    for (size_t i = 0; i < size; i++) result |= (uint64_t)bytes[i] << (8 * i);
    *value = result;
    message->at += size;
    return visit(wire, size);
}

sk_status sk_wire_scalar(sk_wire *wire, sk_message *message, sk_wire_type type, uint64_t *value) {
    if (type == SK_VARINT) return read_varint(wire, message, value);
    return read_fixed(wire, message, type == SK_FIXED64 ? 8 : 4, value);
}

sk_status sk_wire_next(sk_wire *wire, sk_message *message, sk_field *field) {
    uint64_t start = message->at, tag = 0;
    SK_TRY(read_varint(wire, message, &tag));
    if (tag > UINT32_MAX || tag < 8)
        return sk_fail(wire->err, SK_MALFORMED, "malformed at byte %llu: not a protobuf field",
                       (unsigned long long)start);
    *field = (sk_field){.number = (uint32_t)tag >> 3, .type = tag & 7, .at = message->at};
    if (field->type == SK_VARINT || field->type == SK_FIXED32 || field->type == SK_FIXED64) {
        SK_TRY(sk_wire_scalar(wire, message, (sk_wire_type)field->type, &field->value));
        field->size = message->at - field->at;
        return SK_OK;
    }
    if (field->type != SK_BYTES) /* 3 and 4 are groups, which ONNX never had */
        return sk_fail(wire->err, SK_MALFORMED, "malformed at byte %llu: field %u of unknown wire type %u",
                       (unsigned long long)start, field->number, (unsigned)field->type);
    SK_TRY(read_varint(wire, message, &field->size));
    field->at = message->at;
    if (field->size > message->end - message->at) {
        uint64_t left = message->end - message->at;
        return sk_fail(
            wire->err, SK_MALFORMED, "malformed at byte %llu: field %u has %llu bytes, but %llu are left%s",
            (unsigned long long)start, field->number, (unsigned long long)field->size,
            (unsigned long long)left, message->end == wire->size ? " (is the file complete?)" : "");
    }
    message->at += field->size;
    return SK_OK;
}

sk_status sk_wire_want(sk_wire *wire, const sk_field *field, sk_wire_type type, const char *what) {
    if (field->type == type) return SK_OK;
    return sk_fail(wire->err, SK_MALFORMED, "malformed at byte %llu: field %u of %s is of another type",
                   (unsigned long long)field->at, field->number, what);
}

sk_status sk_wire_open(sk_wire *wire, const sk_field *field, sk_wire_type element, const char *what,
                       sk_message *inner) {
    if (field->type != SK_BYTES) SK_TRY(sk_wire_want(wire, field, element, what));
    *inner = (sk_message){field->at, field->at + field->size};
    return SK_OK;
}

sk_status sk_wire_peek(sk_wire *wire, const sk_field *field, const char *what, const char **chars) {
    SK_TRY(sk_wire_want(wire, field, SK_BYTES, what));
    if (field->size > SK_NAME_MAX)
        return sk_fail(wire->err, SK_LIMIT, "a name in %s has %llu bytes; %d are accepted", what,
                       (unsigned long long)field->size, SK_NAME_MAX);
    const uint8_t *bytes = wire->window;
    SK_TRY(cover(wire, field->at, (size_t)field->size, &bytes));
    if (field->size && sk_find(bytes, 0, (size_t)field->size))
        return sk_fail(wire->err, SK_MALFORMED, "malformed at byte %llu: a name with a zero byte",
                       (unsigned long long)field->at);
    *chars = (const char *)bytes;
    return visit(wire, field->size);
}

sk_status sk_wire_copy(sk_wire *wire, uint64_t at, uint64_t size, void *dst) {
    if (size > SIZE_MAX) return sk_oom(wire->err, SIZE_MAX);
    SK_TRY(visit(wire, size));
    if (at >= wire->start && size <= wire->filled && at - wire->start <= wire->filled - size) {
        if (size) memcpy(dst, wire->window + (at - wire->start), (size_t)size);
        return SK_OK;
    }
    if (!wire->source.read(wire->source.user, 0, at, (size_t)size, dst)) return SK_OK;
    return sk_fail(wire->err, SK_MALFORMED, "the model's bytes could not be read at %llu",
                   (unsigned long long)at);
}
