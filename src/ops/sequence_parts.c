/* One tensor from a sequence of parts, and a sequence of parts from one tensor. ONNX: ConcatFromSequence
 * (11), SplitToSequence (11). */
#include <string.h>

#include "ops/move.h"
#include "ops/sequence.h"

/* ---- ConcatFromSequence ---- */

/* A piece of each of `outer` rows, from rows of `from` bytes into rows of `to`. */
static void copy_pieces(char *dst, size_t to, const char *src, size_t from, size_t piece, size_t outer) {
    for (size_t o = 0; o < outer && piece; o++) memcpy(dst + o * to, src + o * from, piece);
}

typedef struct join_params {
    int64_t axis, fresh;
} join_params;

static sk_status concat_import(sk_import *c) {
    join_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    if (!sk_node_attr(c->node, "axis")) return sk_bad_attr(c, SK_MALFORMED, "it lacks its axis");
    SK_TRY(sk_want_int(c, "axis", 0, &params->axis));
    return sk_want_int(c, "new_axis", 0, &params->fresh);
}

static sk_status concat_infer(sk_infer *c) {
    c->out[0]->type = c->in[0]->type;
    return sk_want_sequence(c);
}

/* The result's shape, by the first item; the others have to fit. */
static sk_status join_shape(const sk_run *r, int *axis, sk_tensor *out) {
    const join_params *params = r->node->params;
    const sk_tensor *items = r->in[0]->data;
    const int n = r->in[0]->dims[0], fresh = params->fresh != 0;
    if (!n) return sk_run_fail(r, SK_VALUE, "the sequence is empty");
    *out = items[0];
    const int rank = out->rank + fresh;
    if (rank > SK_MAX_RANK) return sk_run_fail(r, SK_LIMIT, "too many dimensions");
    if (!sk_axis(params->axis, rank, axis))
        return sk_run_fail(r, SK_SHAPE, "no such axis in %d dimensions", rank);
    int64_t along = 0;
    for (int i = 0; i < n; i++) {
        sk_tensor item = items[i];
        along += fresh ? 1 : item.dims[*axis];
        if (!fresh) item.dims[*axis] = out->dims[*axis];
        if (item.kind || !sk_same_shape(&item, out))
            return sk_run_fail(r, SK_SHAPE, "item %d does not fit the first one's shape", i);
    }
    if (along > INT32_MAX) return sk_run_fail(r, SK_LIMIT, "the result is too large");
    for (int d = rank - 1; fresh && d > *axis; d--) out->dims[d] = out->dims[d - 1];
    out->rank = (int8_t)rank;
    out->dims[*axis] = (int32_t)along;
    return SK_OK;
}

static sk_status concat_run(sk_run *r) {
    const sk_tensor *items = r->in[0]->data;
    sk_tensor shape = sk_unknown_tensor();
    int axis = 0;
    SK_TRY(join_shape(r, &axis, &shape));
    SK_TRY(sk_run_output(r, 0, shape.rank, shape.dims));
    char *dst = r->out[0]->data;
    const size_t outer = sk_span(&shape, 0, axis), whole = outer ? sk_nbytes(r->out[0]) / outer : 0;
    for (int i = 0; i < r->in[0]->dims[0] && outer; i++) {
        const size_t piece = sk_nbytes(&items[i]) / outer;
        copy_pieces(dst, whole, items[i].data, piece, piece, outer);
        dst += piece;
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
            const int64_t size = sk_int_at(split, (size_t)i);
            if (size < 0 || size > n - sum) return sk_bad_shape(c, "the parts are not %lld", (long long)n);
            sum += size;
        }
        return sum == n ? SK_OK
                        : sk_bad_shape(c, "the parts are %lld, not %lld", (long long)sum, (long long)n);
    }
    if (split) p->step = sk_int_at(split, 0);
    if (p->step < 1) return sk_bad_shape(c, "a part of %lld", (long long)p->step);
    p->count = n / p->step + (n % p->step != 0);
    return SK_OK;
}

static sk_status split_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0], *split = c->n_in > 1 ? c->in[1] : NULL;
    int32_t length = -1;
    SK_TRY(sk_want_ints(c, 1, "the split"));
    if (split && split->rank > 1) return sk_bad_shape(c, "the split is not integers");
    if (sk_shape_known(in) && (!split || (split->data && sk_shape_known(split)))) {
        parts p;
        SK_TRY(find_parts(c, &p));
        length = (int32_t)p.count;
    }
    sk_be_sequence(c->out[0], in->type, length);
    return SK_OK;
}

static sk_status split_run(sk_run *r) {
    const sk_tensor *in = r->in[0];
    const int drop = (r->n_in < 2 || !r->in[1]) && !sk_attr_int(r->node, "keepdims", 1);
    parts p;
    SK_TRY(find_parts(&r->shapes, &p));
    sk_tensor *items = r->out[0]->data;
    const size_t outer = sk_span(in, 0, p.axis), whole = outer ? sk_nbytes(in) / outer : 0;
    const int64_t n = in->dims[p.axis];
    const char *src = in->data;
    for (int64_t i = 0, first = 0; i < p.count; i++) {
        const int64_t size = p.sizes              ? sk_int_at(p.sizes, (size_t)i)
                             : n - first < p.step ? n - first
                                                  : p.step;
        sk_tensor part = *in;
        part.dims[p.axis] = (int32_t)size;
        const size_t bytes = sk_nbytes(&part), run = outer ? bytes / outer : 0;
        part.data = sk_keep(r, bytes);
        if (!part.data) return sk_oom(r->err, bytes);
        copy_pieces(part.data, run, src, whole, run, outer);
        if (drop) {
            part.rank--;
            memmove(part.dims + p.axis, part.dims + p.axis + 1,
                    (size_t)(part.rank - p.axis) * sizeof *part.dims);
        }
        items[i] = part;
        first += size;
        src += run;
    }
    return SK_OK;
}

const sk_impl sk_impl_split_to_sequence = {.infer = split_infer, .run = split_run};
