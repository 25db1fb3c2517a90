/* Pad: the input placed somewhere in the output; negative padding crops. The
 * border is a constant, or is copied slab by slab from what already stands in the output. Any layout. */
#include "ops/elementwise.h"

enum { PAD_CONSTANT, PAD_REFLECT, PAD_EDGE, PAD_WRAP };

typedef struct pad_params {
    int mode;
} pad_params;

static sk_status pad_import(sk_import *c) {
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap", NULL};
    pad_params *params = sk_params(c, sizeof *params);
    return params ? sk_want_word(c, "mode", modes, PAD_CONSTANT, &params->mode) : SK_OUT_OF_MEMORY;
}

/* ---- infer ---- */

/* before[] and out[] of every axis from pads; both stay as they are (0, input's dims) for axes not padded. */
static sk_status apply_pads(const sk_infer *c, const int64_t *pads, int n, const int *axes, int64_t *before,
                            int64_t *out) {
    const pad_params *params = c->node->params;
    for (int i = 0; i < n; i++) {
        const int a = axes ? axes[i] : i;
        const int64_t lo = pads[i], hi = pads[n + i];
        if (lo < -INT32_MAX || lo > INT32_MAX || hi < -INT32_MAX || hi > INT32_MAX)
            return sk_bad_shape(c, "padding of axis %d is out of range", a);
        before[a] = lo;
        if (out[a] < 0) continue;
        const int64_t kept = out[a] + (lo < 0 ? lo : 0) + (hi < 0 ? hi : 0);
        if (kept < 0) return sk_bad_shape(c, "axis %d of %d loses more than it has", a, (int)out[a]);
        if (kept == 0 && (lo > 0 || hi > 0) && params->mode != PAD_CONSTANT)
            return sk_bad_shape(c, "axis %d has nothing to pad from", a);
        out[a] += lo + hi;
    }
    return SK_OK;
}

/* Where the input goes, and the output's dimensions (-1: unknown). The input's rank must be known. */
static sk_status pad_place(const sk_infer *c, int64_t before[SK_MAX_RANK], int64_t out[SK_MAX_RANK]) {
    const sk_tensor *in = c->in[0], *t = c->in[1];
    int64_t pads[2 * SK_MAX_RANK], axes[SK_MAX_RANK];
    int n_axes, at[SK_MAX_RANK];
    SK_TRY(sk_want_ints(c, 1, "pads"));
    SK_TRY(sk_list_input(c, 3, "axes", axes, &n_axes));
    if (t->rank > 1 || (t->rank == 1 && t->dims[0] > 2 * SK_MAX_RANK))
        return sk_bad_shape(c, "pads is no list of two entries an axis");
    const int n = sk_known_ints(t, pads, 2 * SK_MAX_RANK);
    const int unknown = n < 0 || (n_axes < 0 && c->n_in > 3 && c->in[3]);
    for (int i = 0; i < in->rank; i++) before[i] = 0, out[i] = unknown ? -1 : in->dims[i];
    if (unknown) return SK_OK;
    if (n != 2 * (n_axes < 0 ? in->rank : n_axes))
        return sk_bad_shape(c, "pads has %d entries for %d axes", n, n_axes < 0 ? in->rank : n_axes);
    if (n_axes >= 0) SK_TRY(sk_list_axes(c, axes, n_axes, in->rank, at));
    return apply_pads(c, pads, n / 2, n_axes < 0 ? NULL : at, before, out);
}

static sk_status pad_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    int64_t before[SK_MAX_RANK] = {0}, dims[SK_MAX_RANK] = {0};
    sk_set_out_type(c, 0, in->type);
    if (in->type) SK_TRY(sk_want_types(c, 2, 1u << in->type));
    if (in->rank < 0) return SK_OK;
    SK_TRY(pad_place(c, before, dims));
    for (int i = 0; i < in->rank; i++)
        if (dims[i] < -1) return sk_bad_shape(c, "dimension %d would be %lld", i, (long long)dims[i]);
    return sk_set_out(c, 0, in->type, in->rank, dims);
}

/* ---- run ---- */

/* Position of padding element i (counted from the first kept one) inside the n kept ones. */
static int64_t mirrored(int mode, int64_t i, int64_t n) {
    if (mode == PAD_EDGE) return i < 0 ? 0 : i >= n ? n - 1 : i;
    const int64_t period = mode == PAD_WRAP ? n : 2 * (n - 1);
    if (period == 0) return 0;
    i %= period;
    if (i < 0) i += period;
    return i < n ? i : period - i;
}

/* What remains of the input on each axis and where it goes. */
typedef struct kept {
    int32_t first, n, at; /* of the input; how many; position in the output */
} kept;

static void fill_border(const sk_run *r, int mode, const kept *k, const ptrdiff_t *to) {
    const sk_tensor *out = r->out[0];
    char *base = out->data;
    /* axes before `axis` are complete already, those after it hold only what was kept */
    for (int axis = 0; axis < out->rank; axis++) {
        for (int32_t i = 0; i < out->dims[axis]; i++) {
            if (i >= k[axis].at && i < k[axis].at + k[axis].n) continue;
            const int64_t from = k[axis].at + mirrored(mode, i - k[axis].at, k[axis].n);
            sk_copy copy;
            ptrdiff_t offset = 0;
            sk_copy_start(&copy, sk_elem(out->type));
            for (int d = 0; d < out->rank; d++) {
                if (d == axis) continue;
                sk_copy_axis(&copy, d < axis ? out->dims[d] : k[d].n, to[d], to[d]);
                if (d > axis) offset += k[d].at * to[d];
            }
            sk_move(r, &copy, base + offset + i * to[axis], base + offset + from * to[axis]);
        }
    }
}

static void fill_constant(const sk_run *r) {
    const sk_tensor *out = r->out[0], *value = r->n_in > 2 ? r->in[2] : NULL;
    const size_t n = sk_numel(out), size = sk_elem(out->type);
    static const char zero[16] = {0};
    if (n) sk_moves(r)->fill(out->data, value && sk_numel(value) ? value->data : zero, size, n);
}

static void pad_into(const sk_run *r, int mode, const int64_t *before) {
    const sk_tensor *in = r->in[0], *out = r->out[0];
    kept k[SK_MAX_RANK] = {0};
    ptrdiff_t from[SK_MAX_RANK], to[SK_MAX_RANK];
    sk_byte_strides(in, from);
    sk_byte_strides(out, to);
    sk_copy copy;
    sk_copy_start(&copy, sk_elem(in->type));
    const char *src = in->data;
    char *dst = out->data;
    int whole = 1;
    for (int i = 0; i < in->rank; i++) {
        const int64_t lo = before[i], hi = (int64_t)out->dims[i] - in->dims[i] - lo;
        k[i].first = lo < 0 ? (int32_t)-lo : 0;
        k[i].at = lo > 0 ? (int32_t)lo : 0;
        k[i].n = in->dims[i] - k[i].first + (hi < 0 ? (int32_t)hi : 0);
        if (k[i].n < 0) k[i].n = 0;
        whole = whole && k[i].n == out->dims[i];
        sk_copy_axis(&copy, k[i].n, from[i], to[i]);
        if (k[i].n) src += k[i].first * from[i], dst += k[i].at * to[i];
    }
    if (mode == PAD_CONSTANT && !whole) fill_constant(r);
    sk_move(r, &copy, dst, src);
    if (mode != PAD_CONSTANT && sk_numel(out)) fill_border(r, mode, k, to);
}

static sk_status pad_run(sk_run *r) {
    const pad_params *params = r->node->params;
    int64_t before[SK_MAX_RANK] = {0}, dims[SK_MAX_RANK] = {0};
    SK_TRY(pad_place(&r->shapes, before, dims));
    for (int i = 0; i < r->in[0]->rank; i++)
        if (dims[i] != r->out[0]->dims[i])
            return sk_run_fail(r, SK_VALUE, "axis %d would have %d elements, not %d", i, (int)dims[i],
                               (int)r->out[0]->dims[i]);
    pad_into(r, params->mode, before);
    return SK_OK;
}

const sk_impl sk_impl_pad = {
    .import = pad_import, .infer = pad_infer, .prepare = sk_move_prepare, .run = pad_run};
