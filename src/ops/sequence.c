/* Sequences and optionals. A sequence is an array of tensors (core/tensor.h), so making one of others is
 * copying descriptors; only a tensor that goes in is copied, because its own place may be used again. What an
 * optional is, present or absent, is known when a plan is made. ONNX: Sequence... (11), ConcatFromSequence
 * (11), SplitToSequence (11, 24), Optional... (15, 18). */
#include <string.h>

#include "graph/op.h"
#include "ops/ops.h"

static sk_status not_a_sequence(const sk_infer *c, int i) {
    char node[SK_NODE_TEXT], text[SK_SHAPE_TEXT];
    return sk_fail(c->err, SK_TYPE, "%s: input %d is %s, not a sequence", sk_node_text(c->node, node), i,
                   sk_tensor_text(c->in[i], text));
}

/* Input 0, which has to be a sequence unless nothing is known of it. */
static sk_status want_sequence(const sk_infer *c) {
    return c->in[0]->kind == SK_SEQUENCE || !c->in[0]->type ? SK_OK : not_a_sequence(c, 0);
}

static void be_sequence(sk_tensor *out, int type, int32_t length) {
    sk_set_shape(out, type, 1, &length);
    out->kind = SK_SEQUENCE;
}

static int32_t length_of(const sk_tensor *t) { return t->rank == 1 ? t->dims[0] : -1; }

/* An index given as input i: into [0, n), or [0, n] for inserting. fallback when it is absent. */
static sk_status index_of(const sk_run *r, int i, int64_t n, int64_t fallback, int64_t *index) {
    char node[SK_NODE_TEXT];
    const sk_tensor *t = i < r->n_in ? r->in[i] : NULL;
    const int64_t given = !t                    ? fallback
                          : t->type == SK_INT64 ? *(const int64_t *)t->data
                                                : *(const int32_t *)t->data;
    *index = given < 0 ? given + n : given;
    if (*index >= 0 && *index < n + (fallback >= 0)) return SK_OK;
    return sk_fail(r->err, SK_VALUE, "%s: position %lld is outside the sequence of %lld",
                   sk_node_text(r->node, node), (long long)given, (long long)n);
}

static sk_status want_index(const sk_infer *c, int i) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t || ((!t->type || t->type == SK_INT64 || t->type == SK_INT32) && !t->kind &&
               (!sk_shape_known(t) || sk_numel(t) == 1)))
        return SK_OK;
    return sk_bad_shape(c, "the position is not one integer");
}

/* ---- making ---- */

static sk_status empty_import(sk_import *c) {
    const sk_attr *dtype;
    char node[SK_NODE_TEXT];
    SK_TRY(sk_want(c, "dtype", SK_ATTR_INT, &dtype));
    if (dtype && !sk_type_bits((int)dtype->i))
        return sk_fail(c->err, SK_MALFORMED, "%s: no element type %lld", sk_node_text(c->node, node),
                       (long long)dtype->i);
    return SK_OK;
}

static sk_status empty_infer(sk_infer *c) {
    be_sequence(c->out[0], (int)sk_attr_int(c->node, "dtype", SK_FLOAT32), 0);
    return SK_OK;
}

static sk_status empty_run(sk_run *r) {
    (void)r;
    return SK_OK;
}

const sk_impl sk_impl_sequence_empty = {.import = empty_import, .infer = empty_infer, .run = empty_run};

static sk_status construct_infer(sk_infer *c) {
    int type = 0;
    for (int i = 0; i < c->n_in; i++) {
        const sk_tensor *t = c->in[i];
        if (!t || t->kind) return sk_bad_shape(c, "input %d is not a tensor", i);
        if (type && t->type && t->type != type) return sk_bad_shape(c, "its inputs differ in type");
        if (t->type) type = t->type;
    }
    be_sequence(c->out[0], type, c->n_in);
    return SK_OK;
}

static sk_status construct_run(sk_run *r) {
    sk_tensor *items = r->out[0]->data;
    for (int i = 0; i < r->n_in; i++) SK_TRY(sk_keep_tensor(r, r->in[i], &items[i]));
    return SK_OK;
}

const sk_impl sk_impl_sequence_construct = {.infer = construct_infer, .run = construct_run};

static sk_status insert_infer(sk_infer *c) {
    SK_TRY(want_sequence(c));
    SK_TRY(want_index(c, 2));
    const sk_tensor *t = c->in[1];
    if (t->kind || (t->type && c->in[0]->type && t->type != c->in[0]->type))
        return sk_bad_shape(c, "what is inserted is not of the sequence's type");
    const int32_t n = length_of(c->in[0]);
    if (n == INT32_MAX) return sk_bad_shape(c, "the sequence is too long");
    be_sequence(c->out[0], c->in[0]->type, n < 0 ? -1 : n + 1);
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
    SK_TRY(want_sequence(c));
    SK_TRY(want_index(c, 1));
    const int32_t n = length_of(c->in[0]);
    if (!n) return sk_bad_shape(c, "the sequence is empty");
    be_sequence(c->out[0], c->in[0]->type, n < 0 ? -1 : n - 1);
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
    SK_TRY(want_sequence(c));
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
    SK_TRY(want_sequence(c));
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

static sk_status optional_run(sk_run *r) {
    const size_t bytes = sk_nbytes(r->out[0]);
    if (bytes) memcpy(r->out[0]->data, r->in[0]->data, bytes);
    return SK_OK;
}

const sk_impl sk_impl_optional = {.infer = optional_infer, .run = optional_run};

static sk_status get_infer(sk_infer *c) {
    char node[SK_NODE_TEXT];
    if (c->in[0]->kind == SK_ABSENT)
        return sk_fail(c->err, SK_VALUE, "%s: the optional is absent", sk_node_text(c->node, node));
    return sk_infer_same(c);
}

const sk_impl sk_impl_optional_get = {.infer = get_infer, .run = optional_run};

static sk_status has_infer(sk_infer *c) {
    sk_set_shape(c->out[0], SK_BOOL, 0, NULL);
    return SK_OK;
}

static sk_status has_run(sk_run *r) {
    *(uint8_t *)r->out[0]->data = r->n_in && r->in[0] && r->in[0]->kind != SK_ABSENT;
    return SK_OK;
}

const sk_impl sk_impl_optional_has = {.infer = has_infer, .run = has_run};
