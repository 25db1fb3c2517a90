/* See values.h. */
#include "values.h"

#include <stdlib.h>
#include <string.h>

#include "formats/onnx.h"

typedef struct span {
    const uint8_t *at;
    size_t size;
} span;

static int varint(span *s, uint64_t *value) {
    *value = 0;
    for (int shift = 0; s->size && shift < 64; shift += 7) {
        const uint8_t byte = *s->at++;
        s->size--;
        *value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) return 1;
    }
    return 0;
}

/* The next field; only varints and bytes occur in these messages. 0 at the end. */
static int next(span *s, unsigned *number, span *inner) {
    uint64_t key, n;
    *inner = (span){NULL, 0};
    if (!varint(s, &key) || !varint(s, &n)) return 0;
    *number = (unsigned)(key >> 3);
    if ((key & 7) == 0) return 1;
    if ((key & 7) != 2 || n > s->size) return 0;
    *inner = (span){s->at, (size_t)n};
    s->at += n;
    s->size -= (size_t)n;
    return 1;
}

static sk_status read_sequence(span s, sk_arena *arena, sk_tensor *value, sk_error *err) {
    unsigned number;
    span inner, counting = s;
    int32_t n = 0;
    while (next(&counting, &number, &inner)) n += number == 3;
    sk_tensor *items = sk_arena_calloc(arena, (size_t)n + 1, sizeof *items);
    if (!items) return sk_oom(err, sizeof *items);
    *value = (sk_tensor){.data = items, .rank = 1, .kind = SK_SEQUENCE, .dims = {n}};
    for (int32_t i = 0; next(&s, &number, &inner);)
        if (number == 3) SK_TRY(sk_onnx_read_tensor(inner.at, inner.size, arena, &items[i++], NULL, err));
    if (n) value->type = items[0].type;
    return SK_OK;
}

sk_status test_read_value(const uint8_t *bytes, size_t size, int kind, int optional, sk_arena *arena,
                          sk_tensor *value, sk_error *err) {
    span s = {bytes, size}, inner;
    unsigned number;
    if (!optional && kind == SK_SEQUENCE) return read_sequence(s, arena, value, err);
    if (!optional) return sk_onnx_read_tensor(bytes, size, arena, value, NULL, err);
    *value = (sk_tensor){.kind = SK_ABSENT};
    while (next(&s, &number, &inner)) {
        if (number == 3) return sk_onnx_read_tensor(inner.at, inner.size, arena, value, NULL, err);
        if (number == 5) return read_sequence(inner, arena, value, err);
    }
    return SK_OK;
}

static sk_status give_tensor(sk_model *model, int i, int item, const sk_tensor *t) {
    void *data = NULL;
    if (t->type == SK_STRING) {
        const size_t n = sk_numel(t);
        const sk_string *strings = t->data;
        uint32_t *lengths = calloc(n + 1, sizeof *lengths);
        size_t size = 0, at = 0;
        for (size_t k = 0; k < n; k++) size += strings[k].length;
        char *text = malloc(size + 1);
        for (size_t k = 0; lengths && text && k < n; at += lengths[k++])
            memcpy(text + at, strings[k].text, lengths[k] = strings[k].length);
        const sk_status status = sk_set_strings(model, i, item, t->rank, t->dims, lengths, text, size);
        free(text);
        free(lengths);
        return status;
    }
    SK_TRY(item < 0 ? sk_set_input(model, i, t->type, t->rank, t->dims, &data)
                    : sk_set_item(model, i, item, t->type, t->rank, t->dims, &data));
    if (sk_nbytes(t)) memcpy(data, t->data, sk_nbytes(t));
    return SK_OK;
}

sk_status test_give_value(sk_model *model, int i, const sk_tensor *value) {
    if (value->kind == SK_ABSENT) return sk_unset_input(model, i);
    if (value->kind == SK_TENSOR) return give_tensor(model, i, -1, value);
    const int n = value->kind == SK_MAP ? 2 : value->dims[0];
    SK_TRY(sk_set_list(model, i, value->kind, value->type, n));
    for (int k = 0; k < n; k++) SK_TRY(give_tensor(model, i, k, (const sk_tensor *)value->data + k));
    return SK_OK;
}
