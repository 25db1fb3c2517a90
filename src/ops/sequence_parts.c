/* One tensor from a sequence of parts, and a sequence of parts from one tensor. ONNX: ConcatFromSequence
 * (11), SplitToSequence (11). */
#include <string.h>

#include "graph/op.h"
#include "ops/ops.h"

/* ---- ConcatFromSequence ---- */

static sk_status concat_import(sk_import *c) {
    const sk_attr *axis, *fresh;
    char node[SK_NODE_TEXT];
    SK_TRY(sk_want(c, "axis", SK_ATTR_INT, &axis));
    SK_TRY(sk_want(c, "new_axis", SK_ATTR_INT, &fresh));
    if (axis) return SK_OK;
    return sk_fail(c->err, SK_MALFORMED, "%s lacks its axis", sk_node_text(c->node, node));
}

static sk_status concat_infer(sk_infer *c) {
    if (c->in[0]->kind != SK_SEQUENCE && c->in[0]->type)
        return sk_bad_shape(c, "its input is not a sequence");
    c->out[0]->type = c->in[0]->type;
    return SK_OK;
}

/* The result's shape, by the first item; the others have to fit. */
static sk_status join_shape(const sk_run *r, int fresh, int *axis, sk_tensor *out) {
    char node[SK_NODE_TEXT];
    const sk_tensor *items = r->in[0]->data;
    const int n = r->in[0]->dims[0];
    sk_node_text(r->node, node);
    if (!n) return sk_fail(r->err, SK_VALUE, "%s: the sequence is empty", node);
    *out = items[0];
    if (out->rank + fresh > SK_MAX_RANK) return sk_fail(r->err, SK_LIMIT, "%s: too many dimensions", node);
    if (!sk_axis(sk_attr_int(r->node, "axis", 0), out->rank + fresh, axis))
        return sk_fail(r->err, SK_SHAPE, "%s: no such axis in %d dimensions", node, out->rank + fresh);
    int64_t along = 0;
    for (int i = 0; i < n; i++) {
        int fits = items[i].rank == items[0].rank && !items[i].kind;
        for (int d = 0; fits && d < items[0].rank; d++)
            fits = items[i].dims[d] == items[0].dims[d] || (!fresh && d == *axis);
        if (!fits)
            return sk_fail(r->err, SK_SHAPE, "%s: item %d does not fit the first one's shape", node, i);
        along += fresh ? 1 : items[i].dims[*axis];
    }
    if (along > INT32_MAX) return sk_fail(r->err, SK_LIMIT, "%s: the result is too large", node);
    if (fresh) {
        memmove(out->dims + *axis + 1, out->dims + *axis, (size_t)(out->rank - *axis) * sizeof *out->dims);
        out->rank++;
    }
    out->dims[*axis] = (int32_t)along;
    return SK_OK;
}

static sk_status concat_run(sk_run *r) {
    const int fresh = sk_attr_int(r->node, "new_axis", 0) != 0;
    const sk_tensor *items = r->in[0]->data;
    sk_tensor shape = {.data = NULL};
    int axis = 0;
    SK_TRY(join_shape(r, fresh, &axis, &shape));
    SK_TRY(sk_run_output(r, 0, shape.rank, shape.dims));
    char *dst = r->out[0]->data;
    const size_t outer = sk_span(&shape, 0, axis), whole = outer ? sk_nbytes(r->out[0]) / outer : 0;
    size_t at = 0;
    for (int i = 0; i < r->in[0]->dims[0]; i++) {
        const size_t part = outer ? sk_nbytes(&items[i]) / outer : 0;
        for (size_t o = 0; o < outer && part; o++)
            memcpy(dst + o * whole + at, (const char *)items[i].data + o * part, part);
        at += part;
    }
    return SK_OK;
}

const sk_impl sk_impl_concat_from_sequence = {
    .import = concat_import, .infer = concat_infer, .run = concat_run};

/* ---- SplitToSequence ---- */

/* The parts along the axis; sizes NULL: all of `step`, the last one smaller. */
typedef struct parts {
    const sk_tensor *sizes;
    int64_t step, count;
    int axis;
} parts;

static int64_t integer(const sk_tensor *t, size_t i) {
    return t->type == SK_INT64 ? ((const int64_t *)t->data)[i] : ((const int32_t *)t->data)[i];
}

static sk_status find_parts(const sk_infer *c, parts *p) {
    const sk_tensor *in = c->in[0], *split = c->n_in > 1 ? c->in[1] : NULL;
    *p = (parts){.step = 1};
    if (!sk_axis(sk_attr_int(c->node, "axis", 0), in->rank, &p->axis))
        return sk_bad_shape(c, "no such axis in %d dimensions", in->rank);
    const int64_t n = in->dims[p->axis];
    if (split && split->rank == 1) {
        int64_t sum = 0;
        p->sizes = split;
        p->count = split->dims[0];
        for (int64_t i = 0; i < p->count; i++) {
            const int64_t size = integer(split, (size_t)i);
            if (size < 0 || size > n - sum) return sk_bad_shape(c, "the parts are not %lld", (long long)n);
            sum += size;
        }
        return sum == n ? SK_OK
                        : sk_bad_shape(c, "the parts are %lld, not %lld", (long long)sum, (long long)n);
    }
    if (split) p->step = integer(split, 0);
    if (p->step < 1) return sk_bad_shape(c, "a part of %lld", (long long)p->step);
    p->count = n / p->step + (n % p->step != 0);
    return SK_OK;
}

static sk_status split_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0], *split = c->n_in > 1 ? c->in[1] : NULL;
    int32_t length = -1;
    if (in->kind) return sk_bad_shape(c, "its input is not a tensor");
    if (split && split->type &&
        (split->kind || (split->type != SK_INT64 && split->type != SK_INT32) || split->rank > 1))
        return sk_bad_shape(c, "the split is not integers");
    if (sk_shape_known(in) && (!split || (split->data && sk_shape_known(split)))) {
        parts p;
        SK_TRY(find_parts(c, &p));
        length = (int32_t)p.count;
    }
    sk_set_shape(c->out[0], in->type, 1, &length);
    c->out[0]->kind = SK_SEQUENCE;
    return SK_OK;
}

static sk_status split_run(sk_run *r) {
    const sk_infer c = {.node = r->node, .in = r->in, .n_in = r->n_in, .err = r->err};
    const sk_tensor *in = r->in[0];
    const int drop = (r->n_in < 2 || !r->in[1]) && !sk_attr_int(r->node, "keepdims", 1);
    parts p;
    SK_TRY(find_parts(&c, &p));
    sk_tensor *items = r->out[0]->data;
    const size_t outer = sk_span(in, 0, p.axis), whole = outer ? sk_nbytes(in) / outer : 0;
    const int64_t n = in->dims[p.axis];
    size_t at = 0;
    for (int64_t i = 0, first = 0; i < p.count; i++) {
        const int64_t size = p.sizes ? integer(p.sizes, (size_t)i) : n - first < p.step ? n - first : p.step;
        sk_tensor part = *in;
        part.dims[p.axis] = (int32_t)size;
        const size_t bytes = sk_nbytes(&part), run = outer ? bytes / outer : 0;
        part.data = sk_keep(r, bytes);
        if (!part.data) return sk_oom(r->err, bytes);
        for (size_t o = 0; o < outer && run; o++)
            memcpy((char *)part.data + o * run, (const char *)in->data + o * whole + at, run);
        if (drop) {
            part.rank--;
            memmove(part.dims + p.axis, part.dims + p.axis + 1,
                    (size_t)(part.rank - p.axis) * sizeof *part.dims);
        }
        items[i] = part;
        first += size;
        at += run;
    }
    return SK_OK;
}

const sk_impl sk_impl_split_to_sequence = {.infer = split_infer, .run = split_run};
