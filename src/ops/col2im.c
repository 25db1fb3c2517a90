/* Col2Im: columns of blocks added up to an image of one to three dimensions. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/window.h"

typedef struct col_state {
    sk_window w; /* `out`: the positions of the block */
    sk_binary_fn *add;
    uint8_t loop;
} col_state;

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
    const sk_infer c = {p->node, p->in, p->out, p->n_in, p->n_out, p->err};
    sk_window_attrs attrs;
    sk_tensor image, positions;
    col_state *s = p->state = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    SK_TRY(geometry(&c, &attrs, &image, &positions));
    if (image.rank < 0) return sk_bad_shape(&c, "image_shape or block_shape is not known");
    sk_window_make(&attrs, &image, &positions, 1, &s->w, NULL);
    s->loop = (uint8_t)sk_binary_loop(SK_BINARY_ADD, p->in[0]->type, sk_reference(p));
    s->add = s->loop ? sk_select_binary(SK_BINARY_ADD, s->loop, sk_reference(p)) : NULL;
    if (!s->add) return sk_no_kernel(p, p->in[0]->type);
    if (s->loop != p->in[0]->type)
        p->scratch = (sk_numel(p->in[0]) + sk_numel(p->out[0])) * (size_t)sk_type_bits(s->loop) / 8;
    return SK_OK;
}

/* Coordinates of i in a box of `size`. */
static void split(size_t i, const int32_t size[3], int64_t at[3]) {
    for (int d = 2; d >= 0; d--) {
        at[d] = (int64_t)(i % (size_t)size[d]);
        i /= (size_t)size[d];
    }
}

/* Adds the number of each tap and position to its pixel of a plane. */
static void add_columns(const col_state *s, const char *column, char *plane) {
    const sk_window *w = &s->w;
    const size_t size = (size_t)sk_type_bits(s->loop) / 8, taps = sk_window_taps(w),
                 count = sk_pixels(w->out);
    int64_t tap[3], at[3];
    for (size_t i = 0; i < taps * count; i++, column += size) {
        int64_t to = 0;
        int inside = 1;
        split(i / count, w->kernel, tap);
        split(i % count, w->out, at);
        for (int d = 0; d < 3; d++) {
            const int64_t x = at[d] * w->stride[d] + tap[d] * w->dilation[d] - w->pad[d];
            inside = inside && x >= 0 && x < w->in[d];
            to = to * w->in[d] + x;
        }
        if (inside) s->add(plane + (size_t)to * size, 1, column, 1, plane + (size_t)to * size, 1);
    }
}

static sk_status run(sk_run *r) {
    const col_state *s = r->state;
    const sk_tensor *x = r->in[0], *y = r->out[0];
    const size_t size = (size_t)sk_type_bits(s->loop) / 8, total = sk_numel(y);
    const size_t planes = total ? sk_span(y, 0, 2) : 0;
    const int same = s->loop == x->type;
    char *image = same ? y->data : r->scratch, *columns = same ? x->data : image + total * size;
    if (!same) sk_convert(x->type, s->loop, x->data, columns, 0, sk_numel(x));
    if (total) memset(image, 0, total * size);
    for (size_t plane = 0; plane < planes; plane++)
        add_columns(s, columns + plane * (sk_numel(x) / planes) * size,
                    image + plane * (total / planes) * size);
    if (!same) sk_convert(s->loop, y->type, image, y->data, 0, total);
    return SK_OK;
}

const sk_impl sk_impl_col2im = {.import = import, .infer = infer, .prepare = prepare, .run = run};
