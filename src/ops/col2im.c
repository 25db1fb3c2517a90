/* Col2Im: columns of blocks added up to an image of one to three dimensions. */
#include <string.h>

#include "ops/indices.h"
#include "ops/taps.h"
#include "ops/window.h"

static sk_status import(sk_import *c) {
    sk_window_attrs *attrs = sk_params(c, sizeof *attrs);
    return attrs ? sk_window_import(c, attrs) : sk_oom(c->err, sizeof *attrs);
}

/* The image as a tensor, the window over it, and the block's positions on it; image->rank -1: not known now.
 */
static sk_status geometry(const sk_infer *c, sk_window_attrs *attrs, sk_tensor *image, sk_tensor *positions) {
    const sk_tensor *x = c->in[0];
    sk_infer inner = *c;
    int64_t shape[SK_MAX_RANK], block[SK_MAX_RANK], taps = 1, count = 1;
    int n, m;
    *attrs = *(const sk_window_attrs *)c->node->params;
    *image = *positions = sk_unknown_tensor();
    SK_TRY(sk_list_input(c, 1, "image_shape", shape, &n));
    SK_TRY(sk_list_input(c, 2, "block_shape", block, &m));
    if (n < 0 || m < 0) return SK_OK;
    if (n != m || n < 1 || n > SK_SPATIAL)
        return sk_bad_shape(c, "an image of %d, a block of %d dimensions", n, m);
    image->rank = positions->rank = (int8_t)(2 + n);
    for (int i = 0; i < n; i++) {
        if (block[i] < 1 || shape[i] < 1 || block[i] > INT32_MAX || shape[i] > INT32_MAX)
            return sk_bad_shape(c, "image or block is out of range on axis %d", i);
        attrs->kernel[i] = (int32_t)block[i];
        image->dims[2 + i] = (int32_t)shape[i];
        if (__builtin_mul_overflow(taps, block[i], &taps)) return sk_bad_shape(c, "the block is too large");
    }
    attrs->has_kernel = 1;
    SK_TRY(sk_window_complete(&inner, attrs, image, NULL));
    SK_TRY(sk_window_output(&inner, attrs, image, positions));
    for (int i = 0; i < n; i++)
        if (__builtin_mul_overflow(count, (int64_t)positions->dims[2 + i], &count)) count = -1;
    if (x->rank == 3 && ((x->dims[1] >= 0 && x->dims[1] % taps) || (x->dims[2] >= 0 && x->dims[2] != count)))
        return sk_bad_shape(c, "%d by %d numbers for %lld blocks of %lld", (int)x->dims[1], (int)x->dims[2],
                            (long long)count, (long long)taps);
    image->dims[0] = x->rank == 3 ? x->dims[0] : -1;
    image->dims[1] = x->rank == 3 && x->dims[1] >= 0 ? (int32_t)(x->dims[1] / taps) : -1;
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    const sk_tensor *x = c->in[0];
    sk_window_attrs attrs;
    sk_tensor image, positions;
    if (x->rank >= 0 && x->rank != 3) return sk_bad_shape(c, "the input has rank %d, not 3", x->rank);
    SK_TRY(geometry(c, &attrs, &image, &positions));
    sk_set_shape(c->out[0], x->type, image.rank, image.dims);
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    sk_window_attrs attrs;
    sk_tensor image, positions;
    sk_window *w = p->state = sk_prepare_alloc(p, sizeof *w); /* `out`: the positions of the block */
    if (!w) return sk_oom(p->err, sizeof *w);
    SK_TRY(geometry(&p->shapes, &attrs, &image, &positions));
    if (image.rank < 0) return sk_bad_shape(&p->shapes, "image_shape or block_shape is not known");
    sk_window_make(&attrs, &image, &positions, 1, w, NULL);
    return SK_OK;
}

/* Adds the number of each tap and position to its pixel of a plane. */
static void add_columns(const sk_window *w, int type, const char *column, char *plane) {
    const size_t size = sk_elem(type), taps = sk_window_taps(w), count = sk_pixels(w->out);
    int64_t tap[3], at[3];
    for (size_t i = 0; i < taps * count; i++, column += size) {
        int64_t to = 0;
        int inside = 1;
        sk_box_at(w->kernel, i / count, tap);
        sk_box_at(w->out, i % count, at);
        for (int d = 0; d < 3; d++) {
            const int64_t x = at[d] * w->stride[d] + tap[d] * w->dilation[d] - w->pad[d];
            inside = inside && x >= 0 && x < w->in[d];
            to = to * w->in[d] + x;
        }
        if (inside) sk_scatter(SK_SCATTER_ADD, type, plane + (size_t)to * size, column, 1);
    }
}

static sk_status run(sk_run *r) {
    const sk_tensor *x = r->in[0], *y = r->out[0];
    const size_t bytes = sk_nbytes(y), planes = bytes ? sk_span(y, 0, 2) : 0;
    if (bytes) memset(y->data, 0, bytes);
    for (size_t plane = 0; plane < planes; plane++)
        add_columns(r->state, x->type, (const char *)x->data + plane * (sk_nbytes(x) / planes),
                    (char *)y->data + plane * (bytes / planes));
    return SK_OK;
}

const sk_impl sk_impl_col2im = {.import = import, .infer = infer, .prepare = prepare, .run = run};
