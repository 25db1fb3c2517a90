/* Sequences and optionals. A sequence is an array of tensors (core/tensor.h), so making one of others is
 * copying descriptors; only a tensor that goes in is copied, because its own place may be used again. What an
 * optional is, present or absent, is known when a plan is made. ONNX: Sequence... (11), ConcatFromSequence
 * (11), SplitToSequence (11, 24), Optional... (15, 18). */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/sequence.h"

sk_status sk_want_sequence(const sk_infer *c) {
    char text[SK_SHAPE_TEXT];
    if (c->in[0]->kind == SK_SEQUENCE || !c->in[0]->type) return SK_OK;
    return sk_infer_fail(c, SK_TYPE, "input 0 is %s, not a sequence", sk_tensor_text(c->in[0], text));
}

void sk_be_sequence(sk_tensor *out, int type, int32_t length) {
    sk_set_shape(out, type, 1, &length);
    out->kind = SK_SEQUENCE;
}

static int32_t length_of(const sk_tensor *t) { return t->rank == 1 ? t->dims[0] : -1; }

/* An index given as input i: into [0, n), or [0, n] for inserting. fallback when it is absent. */
static sk_status index_of(const sk_run *r, int i, int64_t n, int64_t fallback, int64_t *index) {
    const int present = i < r->n_in && r->in[i];
    const int64_t given = present ? sk_int_at(r->in[i], 0) : fallback;
    *index = given < 0 ? given + n : given;
    if (*index >= 0 && *index < n + (fallback >= 0)) return SK_OK;
    return sk_run_fail(r, SK_VALUE, "position %lld is outside the sequence of %lld", (long long)given,
                       (long long)n);
}

static sk_status want_index(const sk_infer *c, int i) {
    if (i < c->n_in && c->in[i] && c->in[i]->kind) return sk_bad_shape(c, "the position is not one integer");
    SK_TRY(sk_want_ints(c, i, "the position"));
    return sk_want_one(c, i);
}

/* ---- making ---- */

static sk_status empty_import(sk_import *c) {
    int64_t type;
    SK_TRY(sk_want_int(c, "dtype", SK_FLOAT32, &type));
    if (sk_type_bits((int)type)) return SK_OK;
    return sk_bad_attr(c, SK_MALFORMED, "no element type %lld", (long long)type);
}

static sk_status empty_infer(sk_infer *c) {
    sk_be_sequence(c->out[0], (int)sk_attr_int(c->node, "dtype", SK_FLOAT32), 0);
    return SK_OK;
}

static sk_status empty_run(sk_run *r) {
    (void)r;
    return SK_OK;
}

const sk_impl sk_impl_sequence_empty = {.import = empty_import, .infer = empty_infer, .run = empty_run};

static sk_status construct_infer(sk_infer *c) {
    for (int i = 0; i < c->n_in; i++)
        if (!c->in[i] || c->in[i]->kind) return sk_bad_shape(c, "input %d is not a tensor", i);
    SK_TRY(sk_same_types(c));
    sk_be_sequence(c->out[0], c->out[0]->type, c->n_in);
    return SK_OK;
}

static sk_status construct_run(sk_run *r) {
    sk_tensor *items = r->out[0]->data;
    for (int i = 0; i < r->n_in; i++) SK_TRY(sk_keep_tensor(r, r->in[i], &items[i]));
    return SK_OK;
}

const sk_impl sk_impl_sequence_construct = {.infer = construct_infer, .run = construct_run};

static sk_status insert_infer(sk_infer *c) {
    SK_TRY(sk_want_sequence(c));
    SK_TRY(want_index(c, 2));
    const sk_tensor *t = c->in[1];
    if (t->kind || (t->type && c->in[0]->type && t->type != c->in[0]->type))
        return sk_bad_shape(c, "what is inserted is not of the sequence's type");
    const int32_t n = length_of(c->in[0]);
    if (n == INT32_MAX) return sk_bad_shape(c, "the sequence is too long");
    sk_be_sequence(c->out[0], c->in[0]->type, n < 0 ? -1 : n + 1);
    return SK_OK;
}

static sk_status insert_run(sk_run *r) {
    const sk_tensor *in = r->in[0]->data;
    sk_tensor *out = r->out[0]->data;
    const int64_t n = r->in[0]->dims[0];
    int64_t at;
    SK_TRY(index_of(r, 2, n, n, &at));
    if (at) memcpy(out, in, (size_t)at * sizeof *out);
    if (n > at) memcpy(out + at + 1, in + at, (size_t)(n - at) * sizeof *out);
    return sk_keep_tensor(r, r->in[1], &out[at]);
}

const sk_impl sk_impl_sequence_insert = {.infer = insert_infer, .run = insert_run};

static sk_status erase_infer(sk_infer *c) {
    SK_TRY(sk_want_sequence(c));
    SK_TRY(want_index(c, 1));
    const int32_t n = length_of(c->in[0]);
    if (!n) return sk_bad_shape(c, "the sequence is empty");
    sk_be_sequence(c->out[0], c->in[0]->type, n < 0 ? -1 : n - 1);
    return SK_OK;
}

static sk_status erase_run(sk_run *r) {
    const sk_tensor *in = r->in[0]->data;
    sk_tensor *out = r->out[0]->data;
    const int64_t n = r->in[0]->dims[0];
    int64_t at;
    SK_TRY(index_of(r, 1, n, -1, &at));
    if (at) memcpy(out, in, (size_t)at * sizeof *out);
    if (n > at + 1) memcpy(out + at, in + at + 1, (size_t)(n - at - 1) * sizeof *out);
    return SK_OK;
}

const sk_impl sk_impl_sequence_erase = {.infer = erase_infer, .run = erase_run};

/* ---- looking ---- */

static sk_status at_infer(sk_infer *c) {
    SK_TRY(sk_want_sequence(c));
    SK_TRY(want_index(c, 1));
    c->out[0]->type = c->in[0]->type;
    if (c->in[0]->data && c->in[1]->data) { /* both known: so is the item's shape */
        const sk_run r = {.node = c->node, .in = c->in, .n_in = c->n_in, .err = c->err};
        int64_t at;
        SK_TRY(index_of(&r, 1, c->in[0]->dims[0], -1, &at));
        sk_copy_type(c->out[0], (const sk_tensor *)c->in[0]->data + at);
    }
    return SK_OK;
}

static sk_status at_run(sk_run *r) {
    int64_t at;
    SK_TRY(index_of(r, 1, r->in[0]->dims[0], -1, &at));
    const sk_tensor *item = (const sk_tensor *)r->in[0]->data + at;
    if (!r->out[0]->data) {
        r->out[0]->kind = item->kind;
        SK_TRY(sk_run_output(r, 0, item->rank, item->dims));
    }
    const size_t bytes = sk_nbytes(item);
    if (bytes) memcpy(r->out[0]->data, item->data, bytes);
    return SK_OK;
}

const sk_impl sk_impl_sequence_at = {.infer = at_infer, .run = at_run};

static sk_status length_infer(sk_infer *c) {
    SK_TRY(sk_want_sequence(c));
    sk_set_shape(c->out[0], SK_INT64, 0, NULL);
    return SK_OK;
}

static sk_status length_run(sk_run *r) {
    *(int64_t *)r->out[0]->data = r->in[0]->dims[0];
    return SK_OK;
}

const sk_impl sk_impl_sequence_length = {.infer = length_infer, .run = length_run};

/* ---- optionals ---- */

static sk_status optional_infer(sk_infer *c) {
    if (c->n_in && c->in[0]) {
        sk_copy_type(c->out[0], c->in[0]);
        return SK_OK;
    }
    const sk_attr *type = sk_node_attr(c->node, "type");
    if (!type || type->kind != SK_ATTR_TYPE) return sk_bad_shape(c, "it has neither an input nor a type");
    sk_set_shape(c->out[0], type->type->type ? type->type->type : SK_FLOAT32, 0, NULL);
    c->out[0]->kind = SK_ABSENT;
    return SK_OK;
}

const sk_impl sk_impl_optional = {.infer = optional_infer, .run = sk_run_same};

static sk_status get_infer(sk_infer *c) {
    if (c->in[0]->kind == SK_ABSENT) return sk_infer_fail(c, SK_VALUE, "the optional is absent");
    return sk_infer_same(c);
}

const sk_impl sk_impl_optional_get = {.infer = get_infer, .run = sk_run_same};

static sk_status has_infer(sk_infer *c) {
    sk_set_shape(c->out[0], SK_BOOL, 0, NULL);
    return SK_OK;
}

static sk_status has_run(sk_run *r) {
    *(uint8_t *)r->out[0]->data = r->n_in && r->in[0] && r->in[0]->kind != SK_ABSENT;
    return SK_OK;
}

const sk_impl sk_impl_optional_has = {.infer = has_infer, .run = has_run};
