/* Window attributes and geometry for convolution and pooling; see window.h. Attributes and shapes are the
 * model's, so every size is checked here, once, against 32 bits: positions in a padded input and spans of
 * dilated kernels. */
#include "ops/window.h"

#include <string.h>

#include "ops/move.h"

sk_status sk_window_ints(sk_import *c, const char *name, int sides, int64_t least, int8_t *spatial,
                         int32_t *first, int32_t *second) {
    const sk_attr *attr;
    SK_TRY(sk_want(c, name, SK_ATTR_INTS, &attr));
    if (!attr || attr->count == 0) return SK_OK;
    if (attr->count % (uint32_t)sides || attr->count / (uint32_t)sides > SK_SPATIAL)
        return sk_node_fail(c->node, c->err, SK_UNSUPPORTED,
                            "%s with %u values (at most %d spatial dimensions)", name, attr->count,
                            SK_SPATIAL);
    const int n = (int)attr->count / sides;
    if (*spatial >= 0 && *spatial != n)
        return sk_node_fail(c->node, c->err, SK_MALFORMED, "%s has %u values where others have %d", name,
                            attr->count, *spatial * sides);
    *spatial = (int8_t)n;
    for (int i = 0; i < (int)attr->count; i++) {
        const int64_t v = attr->ints[i];
        if (v < least || v > INT32_MAX)
            return sk_node_fail(c->node, c->err, SK_MALFORMED, "%s has the value %lld", name, (long long)v);
        if (i < n) first[i] = (int32_t)v;
        else second[i - n] = (int32_t)v;
    }
    return SK_OK;
}

static sk_status read_auto_pad(sk_import *c, uint8_t *auto_pad) {
    static const char *const names[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};
    const sk_attr *attr;
    SK_TRY(sk_want(c, "auto_pad", SK_ATTR_STRING, &attr));
    *auto_pad = SK_PAD_EXPLICIT;
    if (!attr || attr->s.length == 0) return SK_OK;
    for (uint8_t i = 0; i < 4; i++)
        if (sk_attr_is(c->node, "auto_pad", names[i], "")) {
            *auto_pad = i;
            return SK_OK;
        }
    return sk_node_fail(c->node, c->err, SK_MALFORMED, "auto_pad is '%.*s'", (int)attr->s.length,
                        attr->s.text);
}

sk_status sk_window_import(sk_import *c, sk_window_attrs *attrs) {
    const sk_attr *ceil_mode;
    *attrs = (sk_window_attrs){.spatial = -1};
    for (int i = 0; i < SK_SPATIAL; i++) attrs->kernel[i] = attrs->stride[i] = attrs->dilation[i] = 1;
    SK_TRY(sk_window_ints(c, "kernel_shape", 1, 1, &attrs->spatial, attrs->kernel, NULL));
    attrs->has_kernel = attrs->spatial >= 0;
    SK_TRY(sk_window_ints(c, "strides", 1, 1, &attrs->spatial, attrs->stride, NULL));
    SK_TRY(sk_window_ints(c, "dilations", 1, 1, &attrs->spatial, attrs->dilation, NULL));
    SK_TRY(read_auto_pad(c, &attrs->auto_pad));
    SK_TRY(sk_window_ints(c, "pads", 2, 0, &attrs->spatial, attrs->pad, attrs->pad_end));
    if (attrs->auto_pad != SK_PAD_EXPLICIT) {
        memset(attrs->pad, 0, sizeof attrs->pad);
        memset(attrs->pad_end, 0, sizeof attrs->pad_end);
    }
    SK_TRY(sk_want(c, "ceil_mode", SK_ATTR_INT, &ceil_mode));
    attrs->ceil_mode = ceil_mode && ceil_mode->i != 0;
    return SK_OK;
}

sk_status sk_window_complete(sk_infer *c, sk_window_attrs *attrs, const sk_tensor *x,
                             const sk_tensor *weight) {
    if (x->rank < 3 || x->rank > 2 + SK_SPATIAL)
        return sk_bad_shape(c, "input %pT: 1 to %d spatial dimensions are supported", x, SK_SPATIAL);
    if (attrs->spatial >= 0 && attrs->spatial != x->rank - 2)
        return sk_bad_shape(c, "input %pT, but the attributes are for %d spatial dimensions", x,
                            attrs->spatial);
    attrs->spatial = (int8_t)(x->rank - 2);
    if (!weight) return attrs->has_kernel ? SK_OK : sk_bad_shape(c, "no kernel_shape");
    if (weight->rank != x->rank) return sk_bad_shape(c, "weights %pT", weight);
    for (int i = 0; i < attrs->spatial; i++) {
        const int32_t k = weight->dims[2 + i];
        if (k == 0 || (attrs->has_kernel && k > 0 && k != attrs->kernel[i]))
            return sk_bad_shape(c, "weights %pT do not have the kernel_shape", weight);
        if (!attrs->has_kernel) attrs->kernel[i] = k;
    }
    return SK_OK;
}

/* Output positions along an axis; *fits = 0 when sizes leave 32 bits or the window is larger than the input.
 */
static int32_t output_size(const sk_window_attrs *a, int i, int32_t in, int *fits) {
    const int64_t span = (int64_t)(a->kernel[i] - 1) * a->dilation[i] + 1, stride = a->stride[i];
    const int64_t padded = (int64_t)in + a->pad[i] + a->pad_end[i], room = padded - span;
    *fits = span <= INT32_MAX && padded <= INT32_MAX;
    if (a->auto_pad == SK_PAD_SAME_UPPER || a->auto_pad == SK_PAD_SAME_LOWER)
        return (int32_t)((in + stride - 1) / stride);
    if (in == 0 && room < 0) return 0; /* nothing in, nothing out */
    *fits &= room >= 0;
    if (!*fits) return 0;
    int64_t out = (a->ceil_mode ? room + stride - 1 : room) / stride + 1;
    /* A last window that starts beyond the input and its leading pad is dropped. */
    if (a->ceil_mode && (out - 1) * stride >= (int64_t)in + a->pad[i] && out > 1) out--;
    return (int32_t)out;
}

sk_status sk_window_output(sk_infer *c, const sk_window_attrs *attrs, const sk_tensor *x, sk_tensor *out) {
    for (int i = 0; i < attrs->spatial; i++) {
        int fits = 1;
        const int32_t in = x->dims[2 + i];
        out->dims[2 + i] = in < 0 || attrs->kernel[i] < 0 ? -1 : output_size(attrs, i, in, &fits);
        if (!fits)
            return sk_bad_shape(
                c, "a window of %d (dilation %d, pads %d and %d) does not fit on axis %d of %pT",
                attrs->kernel[i], attrs->dilation[i], attrs->pad[i], attrs->pad_end[i], 2 + i, x);
    }
    return SK_OK;
}

void sk_window_make(const sk_window_attrs *attrs, const sk_tensor *x, const sk_tensor *out, int groups,
                    sk_window *w, int32_t pad_end[SK_SPATIAL]) {
    *w = (sk_window){.batch = x->dims[0], .groups = groups, .in_c = x->dims[1], .out_c = out->dims[1]};
    const int first = SK_SPATIAL - attrs->spatial;
    for (int d = 0; d < SK_SPATIAL; d++) {
        const int i = d - first;
        w->in[d] = w->out[d] = w->kernel[d] = w->stride[d] = w->dilation[d] = 1;
        if (pad_end) pad_end[d] = 0;
        if (i < 0) continue;
        w->in[d] = x->dims[2 + i];
        w->out[d] = out->dims[2 + i];
        w->kernel[d] = attrs->kernel[i];
        w->stride[d] = attrs->stride[i];
        w->dilation[d] = attrs->dilation[i];
        w->pad[d] = attrs->pad[i];
        int32_t end = attrs->pad_end[i];
        if (attrs->auto_pad == SK_PAD_SAME_UPPER || attrs->auto_pad == SK_PAD_SAME_LOWER) {
            int64_t total =
                (int64_t)(w->out[d] - 1) * w->stride[d] + (int64_t)(w->kernel[d] - 1) * w->dilation[d] + 1;
            total = total > w->in[d] ? total - w->in[d] : 0;
            w->pad[d] = (int32_t)(attrs->auto_pad == SK_PAD_SAME_UPPER ? total / 2 : total - total / 2);
            end = (int32_t)(total - w->pad[d]);
        }
        if (pad_end) pad_end[d] = end;
    }
}

/* How many of `kernel` taps from start on lie below end. */
static int64_t taps_below(const sk_window *w, int d, int64_t start, int64_t end) {
    const int64_t taps = start < end ? (end - start - 1) / w->dilation[d] + 1 : 0;
    return taps < w->kernel[d] ? taps : w->kernel[d];
}

sk_span_at sk_window_span(const sk_window *w, int d, int32_t out, int32_t pad_end) {
    const int64_t start = (int64_t)out * w->stride[d] - w->pad[d];
    const int64_t before = taps_below(w, d, start, 0), below = taps_below(w, d, start, w->in[d]);
    return (sk_span_at){(int32_t)(start + before * w->dilation[d]), (int32_t)(below - before),
                        (int32_t)taps_below(w, d, start, (int64_t)w->in[d] + pad_end)};
}

int sk_window_rows_bytes(const sk_window *w, size_t *bytes) {
    return sk_mul(sk_window_taps(w), SK_IGEMM_ROWS * sizeof(float *), bytes);
}

/* Row pointers of one output pixel, whose window starts at `start`. */
static void pixel_rows(const sk_window *w, size_t pixel, const char *image, const void *zeros,
                       const int64_t start[3], size_t m, const void **rows) {
    for (int32_t kz = 0; kz < w->kernel[0]; kz++) {
        const int64_t z = start[0] + (int64_t)kz * w->dilation[0];
        for (int32_t ky = 0; ky < w->kernel[1]; ky++) {
            const int64_t y = start[1] + (int64_t)ky * w->dilation[1];
            const int inside = z >= 0 && z < w->in[0] && y >= 0 && y < w->in[1];
            const size_t line = inside ? ((size_t)z * (size_t)w->in[1] + (size_t)y) * (size_t)w->in[2] : 0;
            for (int32_t kx = 0; kx < w->kernel[2]; kx++, rows += m) {
                const int64_t x = start[2] + (int64_t)kx * w->dilation[2];
                *rows = inside && x >= 0 && x < w->in[2] ? image + (line + (size_t)x) * pixel : zeros;
            }
        }
    }
}

void sk_window_rows(const sk_window *w, size_t size, const void *x, const void *zeros, size_t first, size_t m,
                    const void **rows) {
    const size_t pixels = sk_pixels(w->out), pixel = (size_t)w->in_c * size, image = sk_pixels(w->in) * pixel;
    size_t n = first / pixels, rest = first % pixels;
    int32_t at[3];
    at[2] = (int32_t)(rest % (size_t)w->out[2]);
    rest /= (size_t)w->out[2];
    at[1] = (int32_t)(rest % (size_t)w->out[1]);
    at[0] = (int32_t)(rest / (size_t)w->out[1]);
    for (size_t i = 0; i < m; i++) {
        int64_t start[3];
        for (int d = 0; d < 3; d++) start[d] = (int64_t)at[d] * w->stride[d] - w->pad[d];
        pixel_rows(w, pixel, (const char *)x + n * image, zeros, start, m, rows + i);
        if (++at[2] < w->out[2]) continue;
        at[2] = 0;
        if (++at[1] < w->out[1]) continue;
        at[1] = 0;
        if (++at[0] < w->out[0]) continue;
        at[0] = 0;
        n++;
    }
}

int sk_scratch_take(sk_prepare *p, size_t bytes, size_t *offset) {
    size_t end;
    *offset = p->scratch;
    if (!sk_add(p->scratch, bytes, &end) || !sk_add(end, SK_ALIGN - 1, &end) || end > SK_MAX_TENSOR_BYTES)
        return 0;
    p->scratch = end & ~(size_t)(SK_ALIGN - 1);
    return 1;
}

void sk_to_channels_last(size_t size, size_t n, size_t channels, size_t pixels, const void *x, void *y) {
    const ptrdiff_t step = (ptrdiff_t)size, image = (ptrdiff_t)(channels * pixels * size);
    sk_copy copy;
    sk_copy_start(&copy, size);
    sk_copy_axis(&copy, (int32_t)n, image, image);
    sk_copy_axis(&copy, (int32_t)pixels, step, (ptrdiff_t)channels * step);
    sk_copy_axis(&copy, (int32_t)channels, (ptrdiff_t)pixels * step, step);
    sk_copy_ready(&copy);
    any_copy__simd128(&copy, y, x);
}

const void *sk_turned_input(const sk_run *r, int turn, size_t offset) {
    const sk_tensor *x = r->in[0];
    if (!turn) return x->data;
    void *turned = (char *)r->scratch + offset;
    sk_to_channels_last(sk_elem(x->type), (size_t)x->dims[0], (size_t)x->dims[1], sk_span(x, 2, x->rank),
                        x->data, turned);
    return turned;
}

/* [pixels][channels] to [channels][pixels] is the same turn the other way round. */
void sk_turn_output(const sk_run *r, const void *y) {
    const sk_tensor *to = r->out[0];
    sk_to_channels_last(sk_elem(to->type), (size_t)to->dims[0], sk_span(to, 2, to->rank), (size_t)to->dims[1],
                        y, to->data);
}

int sk_layout_matters(const sk_tensor *t) { return t->dims[1] != 1 && sk_span(t, 2, t->rank) != 1; }
