/* Slice. Any layout; negative steps walk backwards. */
#include "ops/move.h"

/* One axis of the input: elements start, start + step, ... count of them. */
typedef struct slice_axis {
    int64_t start, step, count; /* count -1: unknown */
} slice_axis;

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

/* axes[] describes every dimension of the input. What is unknown leaves counts of -1. */
static sk_status slice_axes(const sk_infer *c, slice_axis axes[SK_MAX_RANK]) {
    enum { STARTS, ENDS, AXES, STEPS };
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    const sk_tensor *in = c->in[0];
    int64_t list[4][SK_MAX_RANK];
    int n[4], at[SK_MAX_RANK], many = -1, unknown = 0; /* unknown: bits of lists that are there */
    for (int k = 0; k < 4; k++) {
        SK_TRY(sk_list_input(c, k + 1, names[k], list[k], &n[k]));
        if (n[k] < 0 && k + 1 < c->n_in && c->in[k + 1]) unknown |= 1 << k;
        if (n[k] < 0) continue;
        if ((many >= 0 && n[k] != many) || n[k] > in->rank)
            return sk_bad_shape(c, "starts, ends, axes and steps differ in length, or exceed rank %d",
                                in->rank);
        many = n[k];
    }
    const int any = many < 0 || unknown & 1 << AXES; /* any axis may be cut */
    for (int i = 0; i < in->rank; i++) axes[i] = (slice_axis){0, 1, any ? -1 : in->dims[i]};
    if (any) return SK_OK;
    for (int i = 0; i < many && n[AXES] < 0; i++) list[AXES][i] = i;
    SK_TRY(sk_list_axes(c, list[AXES], many, in->rank, at));
    for (int i = 0; i < many; i++) {
        const int64_t step = n[STEPS] < 0 ? 1 : list[STEPS][i];
        slice_axis *a = &axes[at[i]];
        if (!step) return sk_bad_shape(c, "step %d is 0", i);
        if (a->count >= 0 && !unknown) slice_resolve(a, list[STARTS][i], list[ENDS][i], step, a->count);
        else a->count = -1;
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
    const sk_tensor *in = r->in[0], *out = r->out[0];
    slice_axis axes[SK_MAX_RANK] = {{0}};
    SK_TRY(slice_axes(&r->shapes, axes));
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

const sk_impl sk_impl_slice = {.infer = slice_infer, .prepare = sk_move_prepare, .run = slice_run};
