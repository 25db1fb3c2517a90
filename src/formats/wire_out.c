/* The protobuf wire writer: see wire_out.h. */
#include "formats/wire_out.h"

#include <string.h>

enum { VARINT = 0, BYTES = 2, FIXED32 = 5 };

sk_status sk_out_flush(sk_out *out) {
    const size_t size = out->filled;
    out->filled = 0;
    if (!size || !out->sink.write(out->sink.user, out->buffer, size)) return SK_OK;
    return sk_fail(out->err, SK_OUT_OF_MEMORY, "nobody takes the model that is being written");
}

sk_status sk_out_bytes(sk_out *out, const void *bytes, size_t size) {
    if (out->counting) {
        out->counted += size;
        return SK_OK;
    }
    const uint8_t *from = bytes;
    while (size) {
        size_t part = SK_OUT_BUFFER - out->filled;
        if (part > size) part = size;
        memcpy(out->buffer + out->filled, from, part);
        out->filled += part;
        from += part;
        size -= part;
        if (out->filled == SK_OUT_BUFFER) SK_TRY(sk_out_flush(out));
    }
    return SK_OK;
}

static sk_status add_varint(sk_out *out, uint64_t value) {
    uint8_t bytes[10];
    size_t n = 0;
    do {
        bytes[n] = (uint8_t)((value & 127) | (value > 127 ? 128 : 0));
        value >>= 7;
        n++;
    } while (value);
    return sk_out_bytes(out, bytes, n);
}

static sk_status add_tag(sk_out *out, uint32_t field, int type) {
    return add_varint(out, (uint64_t)field << 3 | (uint64_t)type);
}

sk_status sk_out_head(sk_out *out, uint32_t field, uint64_t length) {
    SK_TRY(add_tag(out, field, BYTES));
    return add_varint(out, length);
}

sk_status sk_out_varint(sk_out *out, uint32_t field, uint64_t value) {
    SK_TRY(add_tag(out, field, VARINT));
    return add_varint(out, value);
}

sk_status sk_out_float(sk_out *out, uint32_t field, float value) {
    SK_TRY(add_tag(out, field, FIXED32));
    return sk_out_bytes(out, &value, sizeof value); /* little-endian, as every machine here is */
}

sk_status sk_out_string(sk_out *out, uint32_t field, const void *text, size_t length) {
    SK_TRY(sk_out_head(out, field, length));
    return sk_out_bytes(out, text, length);
}

sk_status sk_out_text(sk_out *out, uint32_t field, const char *text) {
    return *text ? sk_out_string(out, field, text, strlen(text)) : SK_OK;
}

sk_status sk_out_message(sk_out *out, uint32_t field, sk_out_fields *fields, const void *what) {
    const uint8_t counting = out->counting;
    const uint64_t before = out->counted;
    out->counting = 1;
    const sk_status status = fields(out, what);
    const uint64_t length = out->counted - before;
    out->counting = counting;
    SK_TRY(status);
    if (length > SK_OUT_LIMIT)
        return sk_fail(out->err, SK_LIMIT,
                       "the model would have %llu bytes in one file, more than 2 GB cannot be read again",
                       (unsigned long long)length);
    if (counting) return sk_out_head(out, field, length); /* the message itself is counted already */
    out->counted = before;
    SK_TRY(sk_out_head(out, field, length));
    return fields(out, what);
}
