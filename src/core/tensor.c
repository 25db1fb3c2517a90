/* Element types and tensor arithmetic. */
#include "core/tensor.h"

#include <string.h>

typedef struct type_row {
    uint8_t bits;
    const char *name;
} type_row;

static const type_row types[SK_TYPE_COUNT] = {
#define SK_TYPE_ROW(name, number, bits, text) [number] = {bits, text},
#include "core/types.def"
#undef SK_TYPE_ROW
};

const char *sk_type_name(int type) { return type > 0 && type < SK_TYPE_COUNT ? types[type].name : "unknown"; }

int sk_type_bits(int type) {
    if (type == SK_STRING) return (int)(8 * sizeof(sk_string));
    return type > 0 && type < SK_TYPE_COUNT ? types[type].bits : 0;
}

int sk_shape_known(const sk_tensor *t) {
    if (t->rank < 0) return 0;
    for (int i = 0; i < t->rank; i++)
        if (t->dims[i] < 0) return 0;
    return 1;
}

size_t sk_span(const sk_tensor *t, int from, int to) {
    size_t n = 1;
    for (int i = from; i < to; i++) n *= (size_t)t->dims[i];
    return n;
}

size_t sk_numel(const sk_tensor *t) { return sk_span(t, 0, t->rank); }

/* Of what dims count. */
static int item_bits(const sk_tensor *t) {
    return t->kind == SK_SEQUENCE ? (int)(8 * sizeof(sk_tensor)) : sk_type_bits(t->type);
}

int sk_tensor_bytes(const sk_tensor *t, size_t *bytes) {
    const int bits = item_bits(t);
    if (!bits || !sk_shape_known(t)) return 0;
    if (t->kind == SK_MAP || t->kind == SK_ABSENT) {
        *bytes = t->kind == SK_MAP ? 2 * sizeof(sk_tensor) : 0;
        return 1;
    }
    uint64_t n = 1;
    int empty = 0;
    /* a zero dimension makes the product zero, but the others still must not overflow when spans are taken */
    for (int i = 0; i < t->rank; i++) {
        if (t->dims[i] == 0) {
            empty = 1;
            continue;
        }
        n *= (uint64_t)t->dims[i];
        if (n > SK_MAX_TENSOR_BYTES) return 0;
    }
    const uint64_t size = (n * (uint64_t)bits + 7) / 8;
    if (size > SK_MAX_TENSOR_BYTES) return 0;
    *bytes = empty ? 0 : (size_t)size;
    return 1;
}

size_t sk_nbytes(const sk_tensor *t) {
    size_t bytes = 0;
    return sk_tensor_bytes(t, &bytes) ? bytes : 0;
}

int sk_same_shape(const sk_tensor *a, const sk_tensor *b) {
    if (a->rank != b->rank || a->kind != b->kind) return 0;
    for (int i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i]) return 0;
    return 1;
}

int sk_storage_axis(const sk_tensor *t, int axis) {
    if (t->layout == SK_PLAIN || axis == 0 || t->rank < 3) return axis;
    return axis == 1 ? t->rank - 1 : axis - 1;
}

void sk_storage_order(const sk_tensor *t, int8_t order[SK_MAX_RANK]) {
    for (int axis = 0; axis < t->rank; axis++) order[sk_storage_axis(t, axis)] = (int8_t)axis;
}

int sk_storage_dims(const sk_tensor *t, int32_t dims[SK_MAX_RANK]) {
    for (int axis = 0; axis < t->rank; axis++) dims[sk_storage_axis(t, axis)] = t->dims[axis];
    return t->rank;
}

const char *sk_tensor_text(const sk_tensor *t, char dst[SK_SHAPE_TEXT]) {
    static const char *const kinds[] = {"", "sequence of ", "map of ", "absent "};
    size_t n =
        sk_format(dst, SK_SHAPE_TEXT, "%s%s", kinds[t->kind & 3], t->type ? sk_type_name(t->type) : "?");
    if (t->kind == SK_ABSENT) return dst;
    if (t->rank < 0) {
        sk_format(dst + n, SK_SHAPE_TEXT - n, "[...]");
        return dst;
    }
    n += sk_format(dst + n, SK_SHAPE_TEXT - n, "[");
    for (int i = 0; i < t->rank; i++) {
        if (i) n += sk_format(dst + n, SK_SHAPE_TEXT - n, ",");
        if (t->dims[i] < 0) n += sk_format(dst + n, SK_SHAPE_TEXT - n, "?");
        else n += sk_format(dst + n, SK_SHAPE_TEXT - n, "%d", (int)t->dims[i]);
    }
    sk_format(dst + n, SK_SHAPE_TEXT - n, "]");
    return dst;
}

void sk_set_shape(sk_tensor *t, int type, int rank, const int32_t *dims) {
    t->type = (uint8_t)type;
    t->rank = (int8_t)rank;
    if (rank > 0) memmove(t->dims, dims, (size_t)rank * sizeof *dims);
}
