/* Concat and Split: one strided copy for each part. Both keep any layout. */
#include "ops/elementwise.h"

/* ---- Concat ---- */

typedef struct concat_params {
    int64_t axis;
} concat_params;

static sk_status concat_import(sk_import *c) {
    concat_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    if (c->node->op->since >= 4 && !sk_node_attr(c->node, "axis"))
        return sk_bad_attr(c, SK_MALFORMED, "attribute 'axis' is missing");
    SK_TRY(sk_import_all_present(c));
    return sk_want_int(c, "axis", 1, &params->axis);
}

/* Merges input i into what the inputs before it said of the shape. */
static sk_status concat_merge(sk_infer *c, int i, int axis, int rank, int64_t *dims) {
    const sk_tensor *in = c->in[i];
    if (in->rank < 0) {
        dims[axis] = -1;
        return SK_OK;
    }
    if (in->rank != rank) return sk_bad_shape(c, "input %d is %pT, others have rank %d", i, in, rank);
    for (int d = 0; d < rank; d++) {
        if (d == axis) dims[d] = dims[d] < 0 || in->dims[d] < 0 ? -1 : dims[d] + in->dims[d];
        else if (dims[d] < 0) dims[d] = in->dims[d];
        else if (in->dims[d] >= 0 && in->dims[d] != dims[d])
            return sk_bad_shape(c, "input %d is %pT, dimension %d of others is %d", i, in, d, (int)dims[d]);
    }
    return SK_OK;
}

static sk_status concat_infer(sk_infer *c) {
    const concat_params *params = c->node->params;
    int rank = -1, axis;
    SK_TRY(sk_same_types(c));
    for (int i = 0; i < c->n_in && rank < 0; i++) rank = c->in[i]->rank;
    if (rank < 0) return SK_OK;
    SK_TRY(sk_axis_in(c, params->axis, rank, &axis));
    int64_t dims[SK_MAX_RANK];
    for (int d = 0; d < rank; d++) dims[d] = d == axis ? 0 : -1;
    for (int i = 0; i < c->n_in; i++) SK_TRY(concat_merge(c, i, axis, rank, dims));
    return sk_set_out(c, 0, c->out[0]->type, rank, dims);
}

static sk_status concat_run(sk_run *r) {
    const concat_params *params = r->node->params;
    const sk_tensor *out = r->out[0];
    int axis = 0;
    sk_axis(params->axis, out->rank, &axis);
    ptrdiff_t to[SK_MAX_RANK], from[SK_MAX_RANK];
    sk_byte_strides(out, to);
    char *dst = out->data;
    for (int i = 0; i < r->n_in; i++) {
        const sk_tensor *in = r->in[i];
        sk_byte_strides(in, from);
        sk_move_all(r, in, to, dst, from, in->data);
        dst += to[axis] * in->dims[axis];
    }
    return SK_OK;
}

/* Where all are stored alike, each row of the output is a piece of every input. Rows are completed block by
 * block, so that threads can share them. On one thread that is no faster than input by input: 0.8 ms for
 * PP-OCR's 4 x 24 channels of 120 x 160 pixels either way. */
#define CONCAT_ROWS 32

typedef struct concat_work {
    const sk_run *r;
    size_t row;   /* bytes of the output */
    size_t outer; /* positions before the axis, in storage order */
} concat_work;

static void concat_part(const void *work, size_t begin, size_t end, int thread) {
    const concat_work *w = work;
    const sk_run *r = w->r;
    const size_t first = begin * CONCAT_ROWS;
    const size_t last = end * CONCAT_ROWS < w->outer ? end * CONCAT_ROWS : w->outer;
    (void)thread;
    for (size_t at = first; at < last; at += CONCAT_ROWS) {
        const size_t rows = last - at < CONCAT_ROWS ? last - at : CONCAT_ROWS;
        uint8_t *dst = (uint8_t *)r->out[0]->data + at * w->row;
        for (int i = 0; i < r->n_in; i++) {
            const size_t piece = sk_nbytes(r->in[i]) / w->outer;
            const uint8_t *src = (const uint8_t *)r->in[i]->data + at * piece;
            for (size_t k = 0; k < rows; k++) sk_copy_run(dst + k * w->row, src + k * piece, piece);
            dst += piece;
        }
    }
}

static sk_status concat_rows(sk_run *r) {
    const concat_params *params = r->node->params;
    const sk_tensor *out = r->out[0];
    int32_t dims[SK_MAX_RANK];
    int axis = 0;
    concat_work w = {r, 0, 1};
    if (sk_numel(out) == 0) return SK_OK;
    sk_axis(params->axis, out->rank, &axis);
    sk_storage_dims(out, dims);
    for (int i = 0; i < sk_storage_axis(out, axis); i++) w.outer *= (size_t)dims[i];
    w.row = sk_nbytes(out) / w.outer;
    sk_split(r->pool, (w.outer + CONCAT_ROWS - 1) / CONCAT_ROWS, (double)w.row * CONCAT_ROWS / 16,
             concat_part, &w);
    return SK_OK;
}

static sk_status concat_prepare(sk_prepare *p) {
    int alike = !sk_reference(p);
    for (int i = 0; i < p->n_in; i++) alike = alike && p->in[i]->layout == p->out[0]->layout;
    if (alike) p->run = concat_rows;
    return sk_move_prepare(p);
}

const sk_impl sk_impl_concat = {
    .import = concat_import, .infer = concat_infer, .prepare = concat_prepare, .run = concat_run};

/* ---- Split ---- */

typedef struct split_params {
    int64_t axis;
    int64_t parts;        /* num_outputs; 0: as many as the node has outputs */
    const int64_t *sizes; /* attribute 'split', one an output, or NULL */
} split_params;

static sk_status split_import(sk_import *c) {
    split_params *params = sk_params(c, sizeof *params);
    const sk_attr *sizes;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", 0, &params->axis));
    if (c->node->op->since >= 18) {
        SK_TRY(sk_want_int(c, "num_outputs", 0, &params->parts));
        if (params->parts && params->parts != c->node->n_outputs)
            return sk_bad_attr(c, SK_MALFORMED, "num_outputs is %lld, the node has %d",
                               (long long)params->parts, (int)c->node->n_outputs);
    }
    if (c->node->op->since >= 13) return SK_OK;
    SK_TRY(sk_want(c, "split", SK_ATTR_INTS, &sizes));
    if (!sizes) return SK_OK;
    if (sizes->count != (uint32_t)c->node->n_outputs)
        return sk_bad_attr(c, SK_MALFORMED, "'split' has %u entries for %d outputs", (unsigned)sizes->count,
                           (int)c->node->n_outputs);
    params->sizes = sizes->ints;
    return SK_OK;
}

/* Size of part i of `total` elements (both may be unknown: -1). */
static int64_t part_size(sk_infer *c, const sk_tensor *list, int i, int64_t total) {
    const split_params *params = c->node->params;
    if (params->sizes) return params->sizes[i];
    if (list) return list->data ? sk_int_at(list, (size_t)i) : -1;
    if (total < 0) return -1;
    const int64_t chunk = (total + c->n_out - 1) / c->n_out, left = total - chunk * i;
    return left < 0 ? 0 : left < chunk ? left : chunk;
}

static sk_status split_infer(sk_infer *c) {
    const split_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *list = c->n_in > 1 ? c->in[1] : NULL;
    int64_t dims[SK_MAX_RANK], sum = 0;
    int axis;
    SK_TRY(sk_want_ints(c, 1, "split"));
    dims[0] = c->n_out;
    SK_TRY(sk_fit(c, 1, 1, dims));
    for (int i = 0; i < c->n_out; i++) sk_set_out_type(c, i, in->type);
    if (in->rank < 0) return SK_OK;
    SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
    const int64_t total = in->dims[axis];
    if (!list && !params->sizes && !params->parts && c->n_out > 0 && total % c->n_out > 0)
        return sk_bad_shape(c, "dimension %d of %d does not split into %d equal parts", axis, (int)total,
                            c->n_out);
    sk_dims(in, dims);
    for (int i = 0; i < c->n_out; i++) {
        dims[axis] = part_size(c, list, i, total);
        if (dims[axis] > INT32_MAX || dims[axis] < -1 ||
            (dims[axis] < 0 && (params->sizes || (list && list->data))))
            return sk_bad_shape(c, "part %d would have %lld elements", i, (long long)dims[axis]);
        SK_TRY(sk_set_out(c, i, in->type, in->rank, dims));
        sum = sum < 0 || dims[axis] < 0 ? -1 : sum + dims[axis];
    }
    if (sum >= 0 && total >= 0 && sum != total)
        return sk_bad_shape(c, "the parts have %lld elements, dimension %d has %d", (long long)sum, axis,
                            (int)total);
    return SK_OK;
}

static sk_status split_run(sk_run *r) {
    const split_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *list = r->n_in > 1 ? r->in[1] : NULL;
    int axis = 0;
    sk_axis(params->axis, in->rank, &axis);
    ptrdiff_t to[SK_MAX_RANK], from[SK_MAX_RANK];
    sk_byte_strides(in, from);
    const int64_t chunk = (in->dims[axis] + r->n_out - 1) / r->n_out;
    int64_t at = 0;
    for (int i = 0; i < r->n_out; i++) {
        const sk_tensor *out = r->out[i];
        if (out) {
            sk_byte_strides(out, to);
            sk_move_all(r, out, to, out->data, from, (const char *)in->data + at * from[axis]);
        }
        at += out             ? out->dims[axis]
              : params->sizes ? params->sizes[i]
              : list          ? sk_int_at(list, (size_t)i)
                              : chunk;
    }
    return SK_OK;
}

const sk_impl sk_impl_split = {
    .import = split_import, .infer = split_infer, .prepare = sk_move_prepare, .run = split_run};
