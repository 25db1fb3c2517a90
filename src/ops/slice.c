/* Slice: attributes until opset 9 (param 0), inputs since 10 (param 1). Any layout; negative steps walk
 * backwards. */
#include <string.h>

#include "ops/move.h"

typedef struct slice_params {
    int64_t starts[SK_MAX_RANK], ends[SK_MAX_RANK], axes[SK_MAX_RANK];
    int n, n_axes; /* n_axes -1: the first n */
} slice_params;

/* One axis of the input: elements start, start + step, ... count of them. */
typedef struct slice_axis {
    int64_t start, step, count; /* count -1: unknown */
} slice_axis;

static sk_status slice_import(sk_import *c) {
    if (c->node->op->param) return SK_OK;
    slice_params *params = sk_params(c, sizeof *params);
    int n_ends;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_list(c, "starts", params->starts, &params->n));
    SK_TRY(sk_want_list(c, "ends", params->ends, &n_ends));
    SK_TRY(sk_want_list(c, "axes", params->axes, &params->n_axes));
    if (params->n < 0 || n_ends != params->n || (params->n_axes >= 0 && params->n_axes != params->n))
        return sk_bad_attr(c, SK_MALFORMED, "starts, ends and axes differ in length");
    return SK_OK;
}

static int64_t clamp(int64_t x, int64_t lo, int64_t hi) { return x < lo ? lo : x > hi ? hi : x; }

/* What start, end and step mean on a dimension: out-of-range values clamp, as in Python. */
static void slice_resolve(slice_axis *a, int64_t start, int64_t end, int64_t step, int64_t dim) {
    step = clamp(step, -INT32_MAX, INT32_MAX);              /* beyond any dimension it changes nothing */
    if (start < 0) start = start < -dim ? -1 : start + dim; /* -1: before the first, for the clamps below */
    if (end < 0) end = end < -dim ? -1 : end + dim;
    a->step = step;
    a->start = step > 0 ? clamp(start, 0, dim) : clamp(start, 0, dim - 1);
    end = step > 0 ? clamp(end, 0, dim) : clamp(end, -1, dim - 1);
    const int64_t span = step > 0 ? end - a->start : a->start - end, stride = step > 0 ? step : -step;
    a->count = span <= 0 || dim == 0 ? 0 : (span + stride - 1) / stride;
}

/* The four lists, wherever they stand, as counts of known values (-1: unknown). */
typedef struct slice_lists {
    int64_t starts[SK_MAX_RANK], ends[SK_MAX_RANK], axes[SK_MAX_RANK], steps[SK_MAX_RANK];
    int n_starts, n_ends, n_axes, n_steps;
} slice_lists;

static sk_status slice_read(const sk_infer *c, slice_lists *l) {
    if (!c->node->op->param) {
        const slice_params *params = c->node->params;
        memcpy(l->starts, params->starts, sizeof l->starts);
        memcpy(l->ends, params->ends, sizeof l->ends);
        memcpy(l->axes, params->axes, sizeof l->axes);
        l->n_starts = l->n_ends = params->n;
        l->n_axes = params->n_axes;
        l->n_steps = -1;
        return SK_OK;
    }
    SK_TRY(sk_list_input(c, 1, "starts", l->starts, &l->n_starts));
    SK_TRY(sk_list_input(c, 2, "ends", l->ends, &l->n_ends));
    SK_TRY(sk_list_input(c, 3, "axes", l->axes, &l->n_axes));
    return sk_list_input(c, 4, "steps", l->steps, &l->n_steps);
}

static int given(const sk_infer *c, int i) { return c->node->op->param && i < c->n_in && c->in[i]; }

/* axes[] describes every dimension of the input. What is unknown leaves counts of -1. */
static sk_status slice_axes(const sk_infer *c, slice_axis axes[SK_MAX_RANK]) {
    const sk_tensor *in = c->in[0];
    slice_lists l;
    int at[SK_MAX_RANK];
    SK_TRY(slice_read(c, &l));
    for (int i = 0; i < in->rank; i++) axes[i] = (slice_axis){0, 1, in->dims[i]};
    if (given(c, 3) && l.n_axes < 0) { /* any axis may be cut */
        for (int i = 0; i < in->rank; i++) axes[i].count = -1;
        return SK_OK;
    }
    const int n = l.n_axes >= 0 ? l.n_axes : l.n_starts >= 0 ? l.n_starts : l.n_ends;
    if (n < 0) {
        for (int i = 0; i < in->rank; i++) axes[i].count = -1;
        return SK_OK;
    }
    if ((l.n_starts >= 0 && l.n_starts != n) || (l.n_ends >= 0 && l.n_ends != n) || n > in->rank ||
        (given(c, 4) && l.n_steps >= 0 && l.n_steps != n))
        return sk_bad_shape(c, "starts, ends, axes and steps differ in length, or exceed rank %d", in->rank);
    for (int i = 0; i < n && l.n_axes < 0; i++) l.axes[i] = i;
    SK_TRY(sk_list_axes(c, l.axes, n, in->rank, at));
    for (int i = 0; i < n; i++) {
        const int known = l.n_starts >= 0 && l.n_ends >= 0 && (!given(c, 4) || l.n_steps >= 0);
        if (l.n_steps >= 0 && l.steps[i] == 0) return sk_bad_shape(c, "step %d is 0", i);
        if (known && in->dims[at[i]] >= 0)
            slice_resolve(&axes[at[i]], l.starts[i], l.ends[i], l.n_steps >= 0 ? l.steps[i] : 1,
                          in->dims[at[i]]);
        else axes[at[i]].count = -1;
    }
    return SK_OK;
}

static sk_status slice_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    slice_axis axes[SK_MAX_RANK];
    int64_t dims[SK_MAX_RANK];
    sk_set_out_type(c, 0, in->type);
    if (in->rank < 0) return SK_OK;
    SK_TRY(slice_axes(c, axes));
    for (int i = 0; i < in->rank; i++) dims[i] = axes[i].count;
    return sk_set_out(c, 0, in->type, in->rank, dims);
}

static sk_status slice_run(sk_run *r) {
    const sk_infer c = {r->node, r->in, r->out, r->n_in, r->n_out, r->err};
    const sk_tensor *in = r->in[0], *out = r->out[0];
    slice_axis axes[SK_MAX_RANK];
    SK_TRY(slice_axes(&c, axes));
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK];
    sk_byte_strides(in, from);
    sk_byte_strides(out, to);
    sk_copy copy;
    sk_copy_start(&copy, sk_elem(in->type));
    const char *src = in->data;
    for (int i = 0; i < in->rank; i++) {
        if (axes[i].count != out->dims[i])
            return sk_run_fail(r, SK_VALUE, "axis %d would have %d elements, not %d", i, (int)axes[i].count,
                               (int)out->dims[i]);
        src += axes[i].count ? axes[i].start * from[i] : 0;
        /* a step over a single element may be any number: not multiplied */
        sk_copy_axis(&copy, out->dims[i], axes[i].count > 1 ? (ptrdiff_t)axes[i].step * from[i] : 0, to[i]);
    }
    sk_move(r, &copy, out->data, src);
    return SK_OK;
}

const sk_impl sk_impl_slice = {
    .import = slice_import, .infer = slice_infer, .prepare = sk_move_prepare, .run = slice_run};
