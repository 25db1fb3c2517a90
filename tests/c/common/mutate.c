/* See mutate.h. What looks like a message is one: bytes that parse to their end. */
#include "mutate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

typedef struct field {
    uint64_t tag;
    uint64_t value;       /* of a varint */
    const uint8_t *bytes; /* of anything else */
    size_t size;
} field;

typedef struct buffer {
    uint8_t *bytes;
    size_t size, capacity;
} buffer;

typedef struct mutation {
    uint32_t *random;
    long at, target;     /* fields seen so far; the one to change, -1: only count */
    const uint8_t *text; /* of another field of bytes, chosen while counting */
    size_t text_size;
} mutation;

static void put(buffer *out, const void *bytes, size_t size) {
    if (out->size + size > out->capacity) {
        out->capacity = 2 * (out->size + size) + 64;
        out->bytes = realloc(out->bytes, out->capacity);
        if (!out->bytes) abort();
    }
    if (size) memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

static void put_varint(buffer *out, uint64_t value) {
    do {
        const uint8_t byte = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
        put(out, &byte, 1);
        value >>= 7;
    } while (value);
}

static int get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (int shift = 0; *at < end && shift < 64; shift += 7) {
        const uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128)) return 1;
    }
    return 0;
}

static int get_field(const uint8_t **at, const uint8_t *end, field *f) {
    if (!get_varint(at, end, &f->tag) || f->tag < 8 || f->tag > 8 * 64) return 0;
    const unsigned type = f->tag & 7;
    uint64_t size = type == 1 ? 8 : 4;
    if (type == 0) return get_varint(at, end, &f->value);
    if (type == 2 && !get_varint(at, end, &size)) return 0;
    if ((type != 1 && type != 2 && type != 5) || size > (uint64_t)(end - *at)) return 0;
    f->bytes = *at;
    f->size = (size_t)size;
    *at += size;
    return 1;
}

static int is_message(const field *f) {
    const uint8_t *at = f->bytes, *end = f->bytes + f->size;
    field inner;
    if ((f->tag & 7) != 2 || !f->size) return 0;
    while (at < end)
        if (!get_field(&at, end, &inner)) return 0;
    return 1;
}

static uint64_t awkward(uint32_t *random, uint64_t value) {
    static const uint64_t edges[] = {0,
                                     1,
                                     2,
                                     3,
                                     5,
                                     UINT64_MAX,     /* -1 */
                                     UINT64_MAX - 1, /* -2 */
                                     127,
                                     255,
                                     65536,
                                     INT32_MAX,
                                     (uint64_t)INT32_MAX + 1,
                                     UINT32_MAX,
                                     (uint64_t)1 << 62,
                                     (uint64_t)1 << 63};
    const uint32_t pick = test_random(random) >> 8;
    if (pick % 3 == 0) return value + (pick & 64 ? 1 : UINT64_MAX);
    if (pick % 3 == 1) return (pick >> 4) % 12;
    return edges[(pick >> 4) % (sizeof edges / sizeof *edges)];
}

/* Bytes that are no message: a text, raw values or packed ones. */
static void put_changed_bytes(buffer *out, const field *f, mutation *m) {
    const uint32_t pick = test_random(m->random) >> 8;
    buffer copy = {.bytes = NULL};
    put(&copy, f->bytes, f->size);
    if (pick % 2 && m->text) {
        copy.size = 0;
        put(&copy, m->text, m->text_size);
    } else if (f->size % 8 == 0 && f->size && pick & 2) { /* an int64 of a shape, perhaps */
        uint8_t *at = copy.bytes + (pick >> 4) % (f->size / 8) * 8;
        uint64_t value;
        memcpy(&value, at, 8);
        value = awkward(m->random, value);
        memcpy(at, &value, 8);
    } else if (f->size) {
        copy.bytes[(pick >> 4) % f->size] = (uint8_t)awkward(m->random, f->bytes[(pick >> 4) % f->size]);
    }
    put_varint(out, f->tag);
    if ((f->tag & 7) == 2) put_varint(out, copy.size);
    put(out, copy.bytes, copy.size);
    free(copy.bytes);
}

static void put_field(buffer *out, const field *f) {
    put_varint(out, f->tag);
    if ((f->tag & 7) == 0) {
        put_varint(out, f->value);
        return;
    }
    if ((f->tag & 7) == 2) put_varint(out, f->size);
    put(out, f->bytes, f->size);
}

static void copy_message(buffer *out, const uint8_t *bytes, size_t size, mutation *m) {
    const uint8_t *at = bytes, *end = bytes + size;
    field f;
    while (at < end && get_field(&at, end, &f)) {
        const int chosen = m->at++ == m->target;
        const uint32_t pick = chosen ? test_random(m->random) >> 8 : 8;
        if (chosen && pick % 8 == 0) continue; /* gone */
        if (chosen && pick % 8 == 1) put_field(out, &f);
        if (is_message(&f)) {
            buffer inner = {.bytes = NULL};
            copy_message(&inner, f.bytes, f.size, m);
            put_varint(out, f.tag);
            put_varint(out, inner.size);
            put(out, inner.bytes, inner.size);
            free(inner.bytes);
        } else if ((f.tag & 7) == 0) {
            if (chosen) f.value = awkward(m->random, f.value);
            put_field(out, &f);
        } else if (chosen) {
            put_changed_bytes(out, &f, m);
        } else {
            put_field(out, &f);
            if (m->target < 0 && (f.tag & 7) == 2 && test_random(m->random) % 16 < 2)
                m->text = f.bytes, m->text_size = f.size;
        }
    }
    put(out, at, (size_t)(end - at)); /* what is no field stays as it is */
}

uint8_t *test_mutate(const uint8_t *bytes, size_t size, uint32_t *random, size_t *changed_size) {
    mutation m = {.random = random, .target = -1};
    buffer out = {.bytes = NULL};
    copy_message(&out, bytes, size, &m);
    m.target = m.at ? (long)(test_random(random) % (uint32_t)m.at) : 0;
    m.at = out.size = 0;
    copy_message(&out, bytes, size, &m);
    *changed_size = out.size;
    put(&out, "", 1); /* never NULL */
    return out.bytes;
}
