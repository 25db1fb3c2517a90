/* Protobuf's wire format, written: fields go through a small buffer to a sink. A message's length stands in
 * front of it, so what writes one runs twice, the first time only counting: `sk_out_message` does that. */
#ifndef SK_FORMATS_WIRE_OUT_H
#define SK_FORMATS_WIRE_OUT_H

#include "core/heap.h"

#define SK_OUT_BUFFER 65536
#define SK_OUT_LIMIT INT32_MAX /* bytes of a message: readers of protobuf take no more */

/* Takes bytes as they come; 0 on success. */
typedef struct sk_sink {
    int (*write)(void *user, const void *bytes, size_t size);
    void *user;
} sk_sink;

typedef struct sk_out {
    sk_sink sink;
    uint8_t *buffer; /* SK_OUT_BUFFER bytes */
    size_t filled;
    uint64_t counted; /* bytes that a message would have, while `counting` */
    uint8_t counting;
    sk_error *err;
} sk_out;

/* What fills a message with its fields; called once to count and once to write. */
typedef sk_status sk_out_fields(sk_out *out, const void *what);

sk_status sk_out_bytes(sk_out *out, const void *bytes, size_t size);
sk_status sk_out_flush(sk_out *out);

/* A field's number in front of bytes of that length, which the caller writes next. */
sk_status sk_out_head(sk_out *out, uint32_t field, uint64_t length);
sk_status sk_out_varint(sk_out *out, uint32_t field, uint64_t value);
sk_status sk_out_float(sk_out *out, uint32_t field, float value);
sk_status sk_out_string(sk_out *out, uint32_t field, const void *text, size_t length);
sk_status sk_out_text(sk_out *out, uint32_t field, const char *text); /* left out when empty */
sk_status sk_out_message(sk_out *out, uint32_t field, sk_out_fields *fields, const void *what);

#endif
