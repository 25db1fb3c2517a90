/* The pieces under the ONNX reader: wire format, text map, TensorProto in all its forms. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/proto.h"
#include "formats/names.h"
#include "formats/onnx.h"
#include "formats/wire.h"

/* ---- wire ---- */

/* Reads one varint of `size` bytes; the status, and the value in *value. */
static sk_status one_varint(const void *bytes, size_t size, uint64_t *value) {
    sk_wire wire;
    sk_error err = {.status = SK_OK};
    sk_wire_memory(&wire, bytes, size, &err);
    sk_message m = {0, size};
    *value = 0;
    return sk_wire_scalar(&wire, &m, SK_VARINT, value);
}

static void test_varints(void) {
    uint64_t value;
    CHECK(one_varint("\x00", 1, &value) == SK_OK && value == 0);
    CHECK(one_varint("\x7f", 1, &value) == SK_OK && value == 127);
    CHECK(one_varint("\x80\x01", 2, &value) == SK_OK && value == 128);
    CHECK(one_varint("\x80\x00", 2, &value) == SK_OK && value == 0);
    CHECK(one_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &value) == SK_OK && value == UINT64_MAX);
    CHECK(one_varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, &value) == SK_MALFORMED);
    CHECK(one_varint("\xff", 1, &value) == SK_MALFORMED);
    CHECK(one_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, &value) == SK_MALFORMED);
    CHECK(one_varint("", 0, &value) == SK_MALFORMED);
}

static sk_status one_field(const void *bytes, size_t size, sk_field *field) {
    sk_wire wire;
    sk_error err = {.status = SK_OK};
    sk_wire_memory(&wire, bytes, size, &err);
    sk_message m = {0, size};
    return sk_wire_next(&wire, &m, field);
}

static void test_fields(void) {
    sk_field f;
    CHECK(one_field("\x08\x05", 2, &f) == SK_OK && f.number == 1 && f.type == SK_VARINT && f.value == 5);
    CHECK(one_field("\x0a\x02hi", 4, &f) == SK_OK && f.type == SK_BYTES && f.at == 2 && f.size == 2);
    CHECK(one_field("\x15\x01\x02\x03\x04", 5, &f) == SK_OK && f.value == 0x04030201);
    CHECK(one_field("\x11\x01\x00\x00\x00\x00\x00\x00\x80", 9, &f) == SK_OK &&
          f.value == 0x8000000000000001u);
    CHECK(one_field("\x0a\x03hi", 4, &f) == SK_MALFORMED);               /* longer than what is left */
    CHECK(one_field("\x15\x01\x02\x03", 4, &f) == SK_MALFORMED);         /* a fixed32 cut off */
    CHECK(one_field("\x00\x00", 2, &f) == SK_MALFORMED);                 /* field 0 */
    CHECK(one_field("\x0b\x0c", 2, &f) == SK_MALFORMED);                 /* a group */
    CHECK(one_field("\x0e\x01", 2, &f) == SK_MALFORMED);                 /* wire type 6 */
    CHECK(one_field("\x80\x80\x80\x80\x10\x01", 6, &f) == SK_MALFORMED); /* a field number of 30 bits */
    CHECK(one_field("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, &f) == SK_MALFORMED);
}

typedef struct counted {
    const uint8_t *bytes;
    size_t size, read;
    int calls;
} counted;

static int read_counted(void *user, int file, uint64_t offset, size_t size, void *dst) {
    counted *c = user;
    if (file != 0 || offset > c->size || size > c->size - offset) return -1;
    memcpy(dst, c->bytes + offset, size);
    c->read += size;
    c->calls++;
    return 0;
}

/* A megabyte to be skipped, and more small fields than a window holds: each is seen, little is read. */
static void test_window(void) {
    enum { SMALL = 20000, BIG = 1 << 20 };
    uint8_t *bytes = calloc(1, 2 * BIG), *window = malloc(SK_WIRE_WINDOW);
    size_t n = 0;
    if (!bytes || !window) abort();
    for (int i = 0; i < SMALL; i++) bytes[n++] = 8, bytes[n++] = (uint8_t)(i % 100);
    memcpy(bytes + n, "\x12\x80\x80\x40", 4); /* field 2, 1 << 20 bytes */
    n += 4 + BIG;
    memcpy(bytes + n, "\x18\x07", 2);
    n += 2;
    counted c = {bytes, n, 0, 0};
    sk_wire wire;
    sk_error err = {.status = SK_OK};
    sk_wire_init(&wire, (sk_source){read_counted, &c}, n, window, &err);
    sk_message m = {0, n};
    sk_field f = {.number = 0};
    int small = 0, wrong = 0;
    while (m.at < m.end && sk_wire_next(&wire, &m, &f) == SK_OK)
        if (f.number == 1) wrong += f.value != (uint64_t)(small++ % 100);
    CHECK(err.status == SK_OK && m.at == n && small == SMALL && !wrong && f.number == 3 && f.value == 7);
    CHECK(c.read < 60000 && c.calls < 10);
    c.size = 100; /* the file turns out shorter than it was said to be */
    sk_wire_init(&wire, (sk_source){read_counted, &c}, n, window, &err);
    m = (sk_message){0, n};
    CHECK(sk_wire_next(&wire, &m, &f) == SK_MALFORMED && err.text[0]);
    free(bytes);
    free(window);
}

static void test_texts(void) {
    sk_wire wire;
    sk_error err = {.status = SK_OK};
    const char *chars = NULL;
    const sk_field text = {.number = 1, .type = SK_BYTES, .size = 3}, number = {.number = 1, .size = 1};
    sk_wire_memory(&wire, "abc", 3, &err);
    CHECK(sk_wire_peek(&wire, &text, "T", &chars) == SK_OK && !memcmp(chars, "abc", 3));
    CHECK(sk_wire_peek(&wire, &number, "T", &chars) == SK_MALFORMED);
    err.status = SK_OK;
    sk_wire_memory(&wire, "a\0c", 3, &err);
    CHECK(sk_wire_peek(&wire, &text, "T", &chars) == SK_MALFORMED);
    char *lots = calloc(1, SK_NAME_MAX + 1);
    if (!lots) abort();
    memset(lots, 'x', SK_NAME_MAX + 1);
    const sk_field longest = {.type = SK_BYTES, .size = SK_NAME_MAX},
                   longer = {.type = SK_BYTES, .size = SK_NAME_MAX + 1};
    sk_wire_memory(&wire, lots, SK_NAME_MAX + 1, &err);
    CHECK(sk_wire_peek(&wire, &longest, "T", &chars) == SK_OK);
    CHECK(sk_wire_peek(&wire, &longer, "T", &chars) == SK_LIMIT);
    free(lots);
}

static void test_names(void) {
    enum { COUNT = 3000 };
    static char texts[COUNT][16];
    sk_heap heap;
    sk_names names;
    sk_error err = {.status = SK_OK};
    sk_heap_init(&heap);
    sk_names_init(&names, &heap);
    CHECK(sk_names_find(&names, "x", 1) == NULL);
    int wrong = 0;
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], "v%d", i);
        wrong += sk_names_add(&names, texts[i], strlen(texts[i]), texts[i], &err) != SK_OK;
    }
    for (int i = 0; i < COUNT; i++) {
        const sk_names_entry *entry = sk_names_find(&names, texts[i], strlen(texts[i]));
        wrong += !entry || entry->value != texts[i];
    }
    CHECK(!wrong && names.count == COUNT);
    CHECK(sk_names_find(&names, "v3000", 5) == NULL && sk_names_find(&names, "v1", 1) == NULL);
    sk_names_free(&names);
    heap.fail_after = heap.requests;
    CHECK(sk_names_add(&names, "x", 1, NULL, &err) == SK_OUT_OF_MEMORY && heap.in_use == 0);
}

/* ---- tensors ---- */

typedef struct reading {
    sk_heap heap;
    sk_arena arena;
    sk_tensor t;
    const char *name;
    sk_error err;
    sk_status status;
} reading;

static void read_tensor(reading *r, const proto *p) {
    sk_heap_init(&r->heap);
    sk_arena_init(&r->arena, &r->heap);
    r->err = (sk_error){.status = SK_OK};
    r->name = NULL;
    r->status = sk_onnx_read_tensor(p->bytes, p->size, &r->arena, &r->t, &r->name, &r->err);
}

/* Reads the tensor; 1 when it is of this type and shape and its bytes are these. */
static int reads_as(const proto *p, int type, int rank, const int64_t *dims, const void *bytes, size_t size) {
    reading r;
    read_tensor(&r, p);
    int same = r.status == SK_OK && r.t.type == type && r.t.rank == rank && sk_nbytes(&r.t) == size;
    for (int i = 0; same && i < rank; i++) same = r.t.dims[i] == dims[i];
    same = same && (!size || !memcmp(r.t.data, bytes, size)) && (uintptr_t)r.t.data % SK_ALIGN == 0;
    if (r.status != SK_OK) printf("  %s: %s\n", sk_status_name(r.status), r.err.text);
    sk_arena_clear(&r.arena);
    return same && r.heap.in_use == 0;
}

static sk_status fails_with(const proto *p) {
    reading r;
    read_tensor(&r, p);
    sk_arena_clear(&r.arena);
    return r.err.status == r.status && (r.status == SK_OK || r.err.text[0]) ? r.status : SK_STATUS_COUNT;
}

static uint32_t bits_of(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void test_floats(void) {
    const int64_t dims[] = {3};
    const float values[] = {1.5f, -2, 1e30f};
    proto raw = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_bytes(&raw, TENSOR_RAW, values, sizeof values);
    CHECK(reads_as(&raw, SK_FLOAT32, 1, dims, values, sizeof values));
    proto packed = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_bytes(&packed, TENSOR_FLOATS, values, sizeof values);
    CHECK(reads_as(&packed, SK_FLOAT32, 1, dims, values, sizeof values));
    proto unpacked = proto_tensor("w", SK_FLOAT32, 1, dims);
    for (int i = 0; i < 3; i++) proto_fixed32(&unpacked, TENSOR_FLOATS, bits_of(values[i]));
    CHECK(reads_as(&unpacked, SK_FLOAT32, 1, dims, values, sizeof values));
    proto mixed = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_bytes(&mixed, TENSOR_FLOATS, values, 8);
    proto_fixed32(&mixed, TENSOR_FLOATS, bits_of(values[2]));
    CHECK(reads_as(&mixed, SK_FLOAT32, 1, dims, values, sizeof values));
    const double doubles[] = {0.1, -1e300};
    const int64_t two[] = {1, 2};
    proto dbl = proto_tensor(NULL, SK_FLOAT64, 2, two);
    proto_bytes(&dbl, TENSOR_DOUBLES, doubles, sizeof doubles);
    CHECK(reads_as(&dbl, SK_FLOAT64, 2, two, doubles, sizeof doubles));
    proto complex = proto_tensor(NULL, SK_COMPLEX64, 2, two);
    proto_bytes(&complex, TENSOR_FLOATS, doubles, sizeof doubles);
    CHECK(reads_as(&complex, SK_COMPLEX64, 2, two, doubles, sizeof doubles));
}

static proto packed_numbers(int type, int field, int n, const int64_t *values, int elements) {
    const int64_t dims[] = {elements};
    proto p = proto_tensor(NULL, type, 1, dims), list = {.size = 0};
    for (int i = 0; i < n; i++) proto_varint(&list, (uint64_t)values[i]);
    proto_message(&p, field, &list);
    return p;
}

static void test_integers(void) {
    const int64_t values[] = {-1, 0, 300, -70000}, dims[] = {4}, two[] = {2}, three[] = {3};
    proto p = packed_numbers(SK_INT64, TENSOR_INT64S, 4, values, 4);
    CHECK(reads_as(&p, SK_INT64, 1, dims, values, sizeof values));
    const int32_t as32[] = {-1, 0, 300, -70000};
    p = packed_numbers(SK_INT32, TENSOR_INT32S, 4, values, 4);
    CHECK(reads_as(&p, SK_INT32, 1, dims, as32, sizeof as32));
    p = packed_numbers(SK_UINT64, TENSOR_UINT64S, 4, values, 4);
    CHECK(reads_as(&p, SK_UINT64, 1, dims, values, sizeof values));
    p = packed_numbers(SK_UINT32, TENSOR_UINT64S, 4, values, 4);
    CHECK(reads_as(&p, SK_UINT32, 1, dims, as32, sizeof as32));
    const int64_t small[] = {-128, 127, 1, 0};
    p = packed_numbers(SK_INT8, TENSOR_INT32S, 4, small, 4);
    CHECK(reads_as(&p, SK_INT8, 1, dims, "\x80\x7f\x01\x00", 4));
    p = packed_numbers(SK_BOOL, TENSOR_INT32S, 2, small + 2, 2);
    CHECK(reads_as(&p, SK_BOOL, 1, two, "\x01\x00", 2));
    const int64_t halves[] = {0x3c00, 0xbc00};
    p = packed_numbers(SK_FLOAT16, TENSOR_INT32S, 2, halves, 2);
    CHECK(reads_as(&p, SK_FLOAT16, 1, two, "\x00\x3c\x00\xbc", 4));
    const int64_t nibbles[] = {0x21, 0x03}; /* 1 2 3: two in a byte */
    p = packed_numbers(SK_UINT4, TENSOR_INT32S, 2, nibbles, 3);
    CHECK(reads_as(&p, SK_UINT4, 1, three, "\x21\x03", 2));
    p = proto_tensor(NULL, SK_INT64, 1, two); /* unpacked */
    proto_number(&p, TENSOR_INT64S, (uint64_t)-5);
    proto_number(&p, TENSOR_INT64S, 6);
    CHECK(reads_as(&p, SK_INT64, 1, two, (const int64_t[]){-5, 6}, 16));
}

static void test_strings(void) {
    const int64_t dims[] = {2};
    proto p = proto_tensor("s", SK_STRING, 1, dims);
    proto_bytes(&p, TENSOR_STRINGS, "a\0b", 3);
    proto_text(&p, TENSOR_STRINGS, "");
    reading r;
    read_tensor(&r, &p);
    const sk_string *s = r.t.data;
    CHECK(r.status == SK_OK && s[0].length == 3 && !memcmp(s[0].text, "a\0b", 3) && s[1].length == 0);
    CHECK(r.status == SK_OK && !strcmp(r.name, "s"));
    sk_arena_clear(&r.arena);
    proto_text(&p, TENSOR_STRINGS, "one too many");
    CHECK(fails_with(&p) == SK_MALFORMED);
}

static void test_shapes(void) {
    const int64_t none[] = {0, 5}, negative[] = {2, -1}, huge[] = {(int64_t)1 << 31},
                  large[] = {1 << 20, 1 << 20};
    const int64_t hidden[] = {0, INT32_MAX, INT32_MAX}, nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    proto p = proto_tensor(NULL, SK_FLOAT32, 2, none);
    CHECK(reads_as(&p, SK_FLOAT32, 2, none, NULL, 0));
    p = proto_tensor(NULL, SK_FLOAT32, 0, NULL);
    CHECK(fails_with(&p) == SK_MALFORMED); /* a scalar without its number */
    proto_fixed32(&p, TENSOR_FLOATS, bits_of(3));
    CHECK(reads_as(&p, SK_FLOAT32, 0, NULL, (const float[]){3}, 4));
    p = proto_tensor(NULL, SK_FLOAT32, 2, negative);
    CHECK(fails_with(&p) == SK_MALFORMED);
    p = proto_tensor(NULL, SK_FLOAT32, 1, huge);
    CHECK(fails_with(&p) == SK_LIMIT);
    p = proto_tensor(NULL, SK_FLOAT32, 2, large);
    CHECK(fails_with(&p) == SK_LIMIT);
    p = proto_tensor(NULL, SK_FLOAT32, 3, hidden); /* no bytes, but products of its dimensions overflow */
    CHECK(fails_with(&p) == SK_LIMIT);
    p = proto_tensor(NULL, SK_FLOAT32, 9, nine);
    CHECK(fails_with(&p) == SK_UNSUPPORTED);
    const int64_t claims[] = {100000000}; /* 400 MB said, 4 bytes there: nothing may be allocated for it */
    p = proto_tensor(NULL, SK_INT32, 1, claims);
    proto_bytes(&p, TENSOR_INT32S, "\x01\x02\x03\x04", 4);
    reading r;
    read_tensor(&r, &p);
    CHECK(r.status == SK_MALFORMED && r.heap.peak == 0);
    sk_arena_clear(&r.arena);
}

static void test_contradictions(void) {
    const int64_t dims[] = {2};
    proto p = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_bytes(&p, TENSOR_RAW, "1234567", 7);
    CHECK(fails_with(&p) == SK_MALFORMED);
    p = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_bytes(&p, TENSOR_FLOATS, "1234567", 7);
    CHECK(fails_with(&p) == SK_MALFORMED);
    p = proto_tensor("w", SK_FLOAT32, 1, dims); /* values of another type */
    proto_bytes(&p, TENSOR_INT64S, "\x01\x02", 2);
    CHECK(fails_with(&p) == SK_MALFORMED);
    proto_bytes(&p, TENSOR_FLOATS, "12345678", 8); /* of two types */
    CHECK(fails_with(&p) == SK_MALFORMED);
    p = proto_tensor("w", 0, 1, dims);
    CHECK(fails_with(&p) == SK_MALFORMED);
    p = proto_tensor("w", 99, 1, dims);
    CHECK(fails_with(&p) == SK_UNSUPPORTED);
    p = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_number(&p, TENSOR_RAW, 3); /* a number where bytes belong */
    CHECK(fails_with(&p) == SK_MALFORMED);
    p = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_number(&p, TENSOR_LOCATION, 1);
    CHECK(fails_with(&p) == SK_UNSUPPORTED); /* external data of a tensor that stands alone */
}

/* Cut at every byte and starved of every allocation: an error, nothing leaked. */
static void test_cut_and_starved(void) {
    const int64_t dims[] = {4}, values[] = {-1, 2, 3, 4};
    proto p = packed_numbers(SK_INT64, TENSOR_INT64S, 4, values, 4);
    proto_text(&p, TENSOR_NAME, "w");
    int wrong = 0;
    for (size_t size = 0; size < p.size; size++) {
        proto part = {.size = 0};
        proto_raw(&part, p.bytes, size);
        const sk_status status = fails_with(&part);
        wrong += status != SK_MALFORMED && !(status == SK_OK && size > p.size - 4); /* the name may go */
    }
    CHECK(wrong == 0);
    sk_status status = SK_OUT_OF_MEMORY;
    for (long n = 0; status == SK_OUT_OF_MEMORY && n < 20; n++) {
        sk_heap heap;
        sk_arena arena;
        sk_tensor t;
        const char *name;
        sk_heap_init(&heap);
        heap.fail_after = n;
        sk_arena_init(&arena, &heap);
        status = sk_onnx_read_tensor(p.bytes, p.size, &arena, &t, &name, NULL);
        sk_arena_clear(&arena);
        CHECK(heap.in_use == 0 && (status == SK_OK || status == SK_OUT_OF_MEMORY));
    }
    CHECK(status == SK_OK);
    CHECK(reads_as(&p, SK_INT64, 1, dims, values, sizeof values));
}

int main(void) {
    test_varints();
    test_fields();
    test_window();
    test_texts();
    test_names();
    test_floats();
    test_integers();
    test_strings();
    test_shapes();
    test_contradictions();
    test_cut_and_starved();
    return test_checks();
}
