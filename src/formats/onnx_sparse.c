/* SparseTensorProto into constants: all zeros but the values listed, each with its index. Written out as a
 * whole at load: no operator knows sparse tensors. */
#include <string.h>

#include "formats/onnx_reader.h"

enum { VALUES = 1, INDICES = 2, DIMS = 3 };

static const char WHAT[] = "SparseTensorProto";

/* n: the number of values; width: indices for each, or 1: counted over the whole tensor. */
typedef struct sparse {
    sk_field values_at, indices_at; /* number 0: not there */
    const sk_const *values, *indices;
    sk_tensor type;
    size_t n, width;
} sparse;

static sk_status scan(sk_onnx *r, const sk_field *field, sparse *s) {
    sk_message m, dims;
    SK_TRY(sk_wire_open(&r->wire, field, SK_BYTES, WHAT, &m));
    while (m.at < m.end) {
        sk_field inner;
        SK_TRY(sk_wire_next(&r->wire, &m, &inner));
        if (inner.number == VALUES) s->values_at = inner;
        if (inner.number == INDICES) s->indices_at = inner;
        if (inner.number != DIMS) continue;
        SK_TRY(sk_wire_open(&r->wire, &inner, SK_VARINT, WHAT, &dims));
        while (dims.at < dims.end) {
            uint64_t dim = 0;
            SK_TRY(sk_wire_scalar(&r->wire, &dims, SK_VARINT, &dim));
            if (s->type.rank == SK_MAX_RANK || dim > INT32_MAX)
                return sk_fail(r->err, SK_LIMIT, "a sparse tensor has too many or too large dimensions");
            s->type.dims[s->type.rank++] = (int32_t)dim;
        }
    }
    return SK_OK;
}

static sk_status check(sk_onnx *r, sparse *s) {
    const sk_tensor *values = &s->values->type, *indices = &s->indices->type;
    const int rank = s->type.rank;
    if (!sk_type_in(values->type, SK_T_FIXED))
        return sk_fail(r->err, SK_UNSUPPORTED, "a sparse tensor of %s", sk_type_name(values->type));
    s->type.type = values->type;
    s->n = sk_numel(values);
    s->width = indices->rank == 2 ? (size_t)rank : 1;
    if (values->rank != 1 || indices->type != SK_INT64 || indices->rank < 1 || indices->rank > 2 ||
        indices->dims[0] != values->dims[0] || (indices->rank == 2 && indices->dims[1] != rank))
        return sk_fail(r->err, SK_MALFORMED, "a sparse tensor %pT has values %pT and indices %pT", &s->type,
                       values, indices);
    return SK_OK;
}

/* Where index i puts its value; 0: outside. */
static int find(const sparse *s, const int64_t *index, size_t *at) {
    *at = 0;
    if (s->width == 1) {
        *at = (size_t)index[0];
        return index[0] >= 0 && (uint64_t)index[0] < sk_numel(&s->type);
    }
    for (size_t d = 0; d < s->width; d++) {
        if (index[d] < 0 || index[d] >= s->type.dims[d]) return 0;
        *at = *at * (size_t)s->type.dims[d] + (size_t)index[d];
    }
    return 1;
}

/* work: room for indices, then values. */
static sk_status spread(sk_onnx *r, const sparse *s, int64_t *work, char *dense) {
    const size_t size = (size_t)sk_type_bits(s->type.type) / 8;
    const char *values = (const char *)(work + s->n * s->width);
    SK_TRY(sk_const_read(r->ir, s->indices, 0, s->n * s->width, work, r->err));
    SK_TRY(sk_const_read(r->ir, s->values, 0, s->n, (char *)(uintptr_t)values, r->err));
    for (size_t i = 0, at; i < s->n; i++, values += size) {
        if (!find(s, work + i * s->width, &at))
            return sk_fail(r->err, SK_MALFORMED, "value %d of a sparse tensor stands outside of %pT", (int)i,
                           &s->type);
        memcpy(dense + at * size, values, size);
    }
    return SK_OK;
}

sk_status sk_onnx_sparse(sk_onnx *r, const sk_field *field, sk_field *name, sk_const **constant) {
    sparse s = {.n = 0};
    sk_const *part;
    size_t bytes;
    SK_TRY(scan(r, field, &s));
    if (!s.values_at.number || !s.indices_at.number)
        return sk_fail(r->err, SK_MALFORMED, "a sparse tensor lacks values or indices");
    SK_TRY(sk_onnx_tensor(r, &s.values_at, name, &part));
    s.values = part;
    SK_TRY(sk_onnx_tensor(r, &s.indices_at, NULL, &part));
    s.indices = part;
    SK_TRY(check(r, &s));
    if (!sk_tensor_bytes(&s.type, &bytes)) return sk_fail(r->err, SK_LIMIT, "%pT is too large", &s.type);
    *constant = sk_const_new(r->ir);
    char *dense = sk_arena_calloc(&r->ir->arena, bytes, 1);
    if (!*constant || !dense) return sk_oom(r->err, bytes);
    const size_t room = sk_nbytes(&s.values->type) + sk_nbytes(&s.indices->type) + 1;
    int64_t *work = sk_alloc(r->heap, room);
    if (!work) return sk_oom(r->err, room);
    const sk_status status = spread(r, &s, work, dense);
    sk_free(r->heap, work);
    s.type.data = dense;
    (*constant)->type = s.type;
    return status;
}
