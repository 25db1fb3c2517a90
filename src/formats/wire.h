/* Protobuf wire format, read from a byte source through one small window: the file is never held whole, and
 * skipping a megabyte of weights costs nothing. A message is a range of the file; nested messages are ranges
 * inside it, so a reader may go over a message several times and in any order. Everything is checked against
 * the message's end. What one pass has counted the next one relies on: the source must give the same bytes
 * each time. */
#ifndef SK_FORMATS_WIRE_H
#define SK_FORMATS_WIRE_H

#include "core/heap.h"
#include "graph/graph.h"

#define SK_WIRE_WINDOW 16384
#define SK_NAME_MAX                                                                                          \
    4096 /* bytes of a name: a quarter of the window, so that a name is always seen in one piece */

typedef enum sk_wire_type { SK_VARINT = 0, SK_FIXED64 = 1, SK_BYTES = 2, SK_FIXED32 = 5 } sk_wire_type;

typedef struct sk_wire {
    sk_source source;
    uint64_t size;   /* of the file */
    uint8_t *window; /* bytes [start, start + filled) of the file */
    size_t capacity, filled;
    uint64_t start;
    /* Bytes looked at, and how many may be: what a reader allocates is proportional to what it looks at, and
     * only a model whose functions call each other again and again looks at the same bytes often. */
    uint64_t visited, visit_limit;
    sk_error *err;
} sk_wire;

/* A range of the file still to be read; reading advances at. */
typedef struct sk_message {
    uint64_t at, end;
} sk_message;

typedef struct sk_field {
    uint32_t number;
    uint8_t type;      /* sk_wire_type */
    uint64_t value;    /* of a varint, fixed32 or fixed64 */
    uint64_t at, size; /* where its value stands (for SK_BYTES: without the length) */
} sk_field;

/* Over file 0 of a source; window: SK_WIRE_WINDOW bytes, borrowed. */
void sk_wire_init(sk_wire *wire, sk_source source, uint64_t size, uint8_t *window, sk_error *err);
/* Over bytes in memory, borrowed. */
void sk_wire_memory(sk_wire *wire, const void *bytes, size_t size, sk_error *err);

/* while (m.at < m.end) { SK_TRY(sk_wire_next(wire, &m, &field)); switch (field.number) ... } */
sk_status sk_wire_next(sk_wire *wire, sk_message *message, sk_field *field);
/* SK_MALFORMED unless the field is of that type. what: whose field, for the message ("NodeProto"). */
sk_status sk_wire_want(sk_wire *wire, const sk_field *field, sk_wire_type type, const char *what);
/* The range of a nested message, or of a repeated scalar field's elements, packed or not: then
 * while (m.at < m.end) sk_wire_scalar(...). The field must be SK_BYTES or of type `element`. */
sk_status sk_wire_open(sk_wire *wire, const sk_field *field, sk_wire_type element, const char *what,
                       sk_message *inner);
sk_status sk_wire_scalar(sk_wire *wire, sk_message *message, sk_wire_type type, uint64_t *value);

/* The bytes of a name or other short text, valid until the next call; at most SK_NAME_MAX, no NUL among them.
 */
sk_status sk_wire_peek(sk_wire *wire, const sk_field *field, const char *what, const char **chars);
/* Copies [at, at + size), which must lie in the file. */
sk_status sk_wire_copy(sk_wire *wire, uint64_t at, uint64_t size, void *dst);

#endif
