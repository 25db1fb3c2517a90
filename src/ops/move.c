/* Shared by the data movement operators; see move.h. */
#include "ops/move.h"

#include <string.h>

size_t sk_elem(int type) {
    const int bits = sk_type_bits(type);
    return bits % 8 ? 0 : (size_t)bits / 8;
}

void sk_byte_strides(const sk_tensor *t, ptrdiff_t strides[SK_MAX_RANK]) {
    int8_t order[SK_MAX_RANK];
    sk_storage_order(t, order);
    ptrdiff_t stride = (ptrdiff_t)sk_elem(t->type);
    for (int i = t->rank - 1; i >= 0; i--) {
        strides[order[i]] = stride;
        stride *= t->dims[order[i]];
    }
}

int64_t sk_int_at(const sk_tensor *t, size_t i) {
    switch (t->type) {
    case SK_INT64: return ((const int64_t *)t->data)[i];
    case SK_INT32: return ((const int32_t *)t->data)[i];
    case SK_UINT32: return ((const uint32_t *)t->data)[i];
    case SK_UINT64: return (int64_t)((const uint64_t *)t->data)[i];
    case SK_INT16: return ((const int16_t *)t->data)[i];
    case SK_UINT16: return ((const uint16_t *)t->data)[i];
    case SK_INT8: return ((const int8_t *)t->data)[i];
    default: return ((const uint8_t *)t->data)[i];
    }
}

sk_status sk_set_out(const sk_infer *c, int i, int type, int rank, const int64_t *dims) {
    if (i >= c->n_out || !c->out[i]) return SK_OK;
    sk_tensor *out = c->out[i];
    if (rank > SK_MAX_RANK) return sk_bad_shape(c, "rank %d is more than %d", rank, SK_MAX_RANK);
    for (int d = 0; d < rank; d++) {
        if (dims[d] < -1 || dims[d] > INT32_MAX)
            return sk_bad_shape(c, "dimension %d of output %d would be %lld", d, i, (long long)dims[d]);
        out->dims[d] = (int32_t)dims[d];
    }
    out->type = (uint8_t)type;
    out->rank = (int8_t)rank;
    size_t bytes;
    if (type && sk_shape_known(out) && !sk_tensor_bytes(out, &bytes)) {
        return sk_bad_shape(c, "output %d would be %pT: too large", i, out);
    }
    return SK_OK;
}

void sk_set_out_type(const sk_infer *c, int i, int type) {
    if (i < c->n_out && c->out[i]) c->out[i]->type = (uint8_t)type;
}

sk_status sk_want_ints(const sk_infer *c, int i, const char *what) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t || !t->type || t->type == SK_INT64 || t->type == SK_INT32) return SK_OK;
    return sk_infer_fail(c, SK_TYPE, "%s is %s, not int64 or int32", what, sk_type_name(t->type));
}

sk_status sk_list_input(const sk_infer *c, int i, const char *what, int64_t dst[SK_MAX_RANK], int *n) {
    *n = -1;
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t) return SK_OK;
    SK_TRY(sk_want_ints(c, i, what));
    if (t->rank > 1 || (t->rank == 1 && t->dims[0] > SK_MAX_RANK)) {
        return sk_bad_shape(c, "%s is %pT, not a list of at most %d integers", what, t, SK_MAX_RANK);
    }
    *n = sk_known_ints(t, dst, SK_MAX_RANK);
    return SK_OK;
}

sk_status sk_axis_in(const sk_infer *c, int64_t axis, int rank, int *out) {
    if (sk_axis(axis, rank, out)) return SK_OK;
    return sk_bad_shape(c, "axis %lld is outside rank %d", (long long)axis, rank);
}

void sk_dims(const sk_tensor *t, int64_t dims[SK_MAX_RANK]) {
    for (int i = 0; i < t->rank; i++) dims[i] = t->dims[i];
}

sk_status sk_set_along(const sk_infer *c, int i, int type, int64_t axis, int64_t n) {
    const sk_tensor *in = c->in[0];
    int64_t dims[SK_MAX_RANK];
    int at;
    sk_set_out_type(c, i, type);
    if (in->rank < 0) return SK_OK;
    SK_TRY(sk_axis_in(c, axis, in->rank, &at));
    sk_dims(in, dims);
    dims[at] = n;
    return sk_set_out(c, i, type, in->rank, dims);
}

sk_status sk_fit(const sk_infer *c, int i, int rank, int64_t *dims) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t || t->rank < 0) return SK_OK;
    int fits = t->rank == rank;
    for (int d = 0; fits && d < rank; d++) {
        if (dims[d] < 0) dims[d] = t->dims[d];
        else fits = t->dims[d] < 0 || t->dims[d] == dims[d];
    }
    return fits ? SK_OK : sk_bad_shape(c, "input %d is %pT, which does not fit", i, t);
}

sk_status sk_want_one(const sk_infer *c, int i) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    int64_t one = 1;
    return t && t->rank ? sk_fit(c, i, 1, &one) : SK_OK;
}

sk_around sk_around_axis(const sk_tensor *t, int64_t axis) {
    int at;
    if (!sk_axis(axis, t->rank, &at)) return (sk_around){1, sk_numel(t), 1};
    return (sk_around){sk_span(t, 0, at), (size_t)t->dims[at], sk_span(t, at + 1, t->rank)};
}

sk_status sk_list_axes(const sk_infer *c, const int64_t *axes, int n, int rank, int dst[SK_MAX_RANK]) {
    unsigned seen = 0;
    for (int i = 0; i < n; i++) {
        SK_TRY(sk_axis_in(c, axes[i], rank, &dst[i]));
        if (seen >> dst[i] & 1u) return sk_bad_shape(c, "axis %d is given twice", dst[i]);
        seen |= 1u << dst[i];
    }
    return SK_OK;
}

sk_status sk_want_list(sk_import *c, const char *name, int64_t dst[SK_MAX_RANK], int *n) {
    const sk_attr *attr;
    *n = -1;
    SK_TRY(sk_want(c, name, SK_ATTR_INTS, &attr));
    if (!attr) return SK_OK;
    if (attr->count > SK_MAX_RANK)
        return sk_bad_attr(c, SK_UNSUPPORTED, "attribute '%s' has %u entries", name, (unsigned)attr->count);
    *n = (int)attr->count;
    for (int i = 0; i < *n; i++) dst[i] = attr->ints[i];
    return SK_OK;
}

sk_status sk_want_int(sk_import *c, const char *name, int64_t fallback, int64_t *value) {
    const sk_attr *attr;
    SK_TRY(sk_want(c, name, SK_ATTR_INT, &attr));
    *value = attr ? attr->i : fallback;
    return SK_OK;
}

sk_status sk_want_float(sk_import *c, const char *name, float fallback, float *value) {
    const sk_attr *attr;
    SK_TRY(sk_want(c, name, SK_ATTR_FLOAT, &attr));
    *value = attr ? attr->f : fallback;
    return SK_OK;
}

int sk_word(const sk_string *s, const char *const *words) {
    for (int i = 0; words[i]; i++)
        if (strlen(words[i]) == s->length && !memcmp(words[i], s->text, s->length)) return i;
    return -1;
}

sk_status sk_want_word(sk_import *c, const char *name, const char *const *words, int fallback, int *value) {
    const sk_attr *attr;
    *value = fallback;
    SK_TRY(sk_want(c, name, SK_ATTR_STRING, &attr));
    if (!attr) return SK_OK;
    *value = sk_word(&attr->s, words);
    if (*value >= 0) return SK_OK;
    return sk_bad_attr(c, SK_UNSUPPORTED, "attribute '%s' is '%.*s'", name,
                       attr->s.length > 60 ? 60 : (int)attr->s.length, attr->s.text);
}

sk_status sk_bad_attr_with(const sk_import *context, sk_status status, SK_PRINTED) {
    return sk_node_fail_with(context->node, context->err, status, SK_PRINTED_ON);
}

sk_status sk_run_fail_with(const sk_run *context, sk_status status, SK_PRINTED) {
    return sk_node_fail_with(context->node, context->err, status, SK_PRINTED_ON);
}

sk_status sk_infer_fail_with(const sk_infer *context, sk_status status, SK_PRINTED) {
    return sk_node_fail_with(context->node, context->err, status, SK_PRINTED_ON);
}

sk_status sk_move_prepare(sk_prepare *p) {
    p->state = (void *)(uintptr_t)sk_select_move(sk_reference(p));
    return SK_OK;
}

/* Positions of the outermost axis that are copied at a time: lines of a matrix transpose, and pages. */
#define MOVE_LINES 16
#define MOVE_BYTES 4096

typedef struct move_work {
    const sk_copy *copy;
    sk_copy_fn *run;
    char *dst;
    const char *src;
    size_t grain;
} move_work;

static void move_part(const void *work, size_t begin, size_t end, int thread) {
    const move_work *w = work;
    const size_t first = begin * w->grain, all = (size_t)w->copy->dims[0];
    const size_t last = end * w->grain < all ? end * w->grain : all;
    sk_copy part = *w->copy;
    (void)thread;
    part.dims[0] = (int32_t)(last - first);
    w->run(&part, w->dst + (ptrdiff_t)first * part.dst[0], w->src + (ptrdiff_t)first * part.src[0]);
}

void sk_move(const sk_run *r, sk_copy *copy, void *dst, const void *src) {
    sk_copy_ready(copy);
    if (copy->empty || !copy->rank) {
        sk_moves(r)->copy(copy, dst, src);
        return;
    }
    double bytes = copy->size;
    for (int i = 1; i < copy->rank; i++) bytes *= copy->dims[i];
    move_work w = {copy, sk_moves(r)->copy, dst, src, MOVE_LINES};
    if (bytes * MOVE_LINES < MOVE_BYTES) w.grain = (size_t)(MOVE_BYTES / bytes);
    const size_t items = ((size_t)copy->dims[0] + w.grain - 1) / w.grain;
    sk_split(r->pool, items, bytes * (double)w.grain / 16, move_part, &w);
}

void sk_move_all(const sk_run *r, const sk_tensor *dims, const ptrdiff_t *dst_strides, void *dst,
                 const ptrdiff_t *src_strides, const void *src) {
    sk_copy copy;
    sk_copy_start(&copy, sk_elem(dims->type));
    for (int i = 0; i < dims->rank; i++) sk_copy_axis(&copy, dims->dims[i], src_strides[i], dst_strides[i]);
    sk_move(r, &copy, dst, src);
}

sk_status sk_run_along(sk_run *r, int i, int64_t axis, size_t n) {
    const sk_tensor *in = r->in[0];
    sk_tensor shape = {.rank = 1};
    int at = 0;
    if (sk_axis(axis, in->rank, &at)) shape = *in;
    shape.dims[at] = (int32_t)n;
    return sk_run_output(r, i, shape.rank, shape.dims);
}

sk_status sk_bad_index(const sk_run *r, int64_t index, int axis, int32_t dim) {
    return sk_run_fail(r, SK_VALUE, "index %lld is outside axis %d of %d elements", (long long)index, axis,
                       (int)dim);
}
