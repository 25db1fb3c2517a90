/* 8-bit depthwise convolution (one channel a group): a few lines of the output at a time, or, for windows
 * that have no kernel of their own, pixels through pointers. */
#include <string.h>

#include "ops/conv8.h"

#define LINES 8 /* at once, at most: what they read twice is in the first cache */
#define MAC_NS 0.04

typedef struct depthwise {
    const sk_conv8_state *s;
    const sk_product8_call *call;
    const uint8_t *x, *zeros;
} depthwise;

sk_status sk_conv8_prepare_depthwise(sk_prepare *p, sk_conv8_state *s) {
    sk_product8_form *f = &s->product.form;
    s->depthwise = 1;
    s->lines = sk_select_i8_dwconv(&s->w);
    f->matrices = f->channels = 1;
    f->n = s->w.in_c;
    f->depthwise = (uint8_t)(s->lines ? s->w.kernel[2] : 1);
    s->n_zeros = (size_t)s->w.in_c * (s->lines ? (size_t)s->w.in[2] : 1);
    return sk_product8_prepare(p, &s->product, (size_t)s->w.batch * sk_pixels(s->w.out));
}

/* Lines [begin, end) of the output, counted over all images. */
static void line_part(const void *work, size_t begin, size_t end, int thread) {
    const depthwise *d = work;
    const sk_window *w = &d->s->w;
    const size_t channels = (size_t)w->in_c, height = (size_t)w->out[1], line = (size_t)w->in[2] * channels;
    const uint8_t **rows = sk_product8_rows(d->call, thread);
    sk_i8_dwconv_args args = {.channels = channels,
                              .in_w = (size_t)w->in[2],
                              .out_w = (size_t)w->out[2],
                              .pad = (size_t)w->pad[2],
                              .rows = rows,
                              .zero_a = d->call->a_zero,
                              .a_signed = d->call->a_signed,
                              .packed = sk_product8_panels(d->call),
                              .target = d->call->target};
    for (size_t at = begin; at < end; at += args.lines) {
        const size_t image = at / height, first = at % height;
        args.lines = height - first < LINES ? height - first : LINES;
        if (args.lines > end - at) args.lines = end - at;
        const int32_t n = w->kernel[1] + ((int32_t)args.lines - 1) * w->stride[1];
        for (int32_t i = 0; i < n; i++) {
            const int32_t y = (int32_t)first * w->stride[1] - w->pad[1] + i;
            rows[i] =
                y < 0 || y >= w->in[1] ? d->zeros : d->x + (image * (size_t)w->in[1] + (size_t)y) * line;
        }
        args.y = (char *)d->call->y + at * args.out_w * channels * sk_elem(args.target.type);
        d->s->lines(&args);
    }
}

/* Pixels [begin, end), counted over all images. */
static void pixel_part(const void *work, size_t begin, size_t end, int thread) {
    const depthwise *d = work;
    const sk_window *w = &d->s->w;
    const size_t channels = (size_t)w->in_c;
    const uint8_t **rows = sk_product8_rows(d->call, thread);
    sk_i8_dwany_args args = {.channels = channels,
                             .taps = sk_window_taps(w),
                             .rows = rows,
                             .zero_a = d->call->a_zero,
                             .a_signed = d->call->a_signed,
                             .packed = sk_product8_panels(d->call),
                             .target = d->call->target};
    for (size_t at = begin; at < end; at += args.m) {
        args.m = end - at < SK_I8_ROWS ? end - at : SK_I8_ROWS;
        sk_window_rows(w, 1, d->x, d->zeros, at, args.m, (const void **)rows);
        args.y = (char *)d->call->y + at * channels * sk_elem(args.target.type);
        i8_dwconv_any__simd128(&args);
    }
}

void sk_conv8_run_depthwise(sk_pool *pool, const sk_conv8_state *s, const sk_product8_call *call,
                            const uint8_t *x, const uint8_t *zeros) {
    const depthwise d = {s, call, x, zeros};
    const double ns = (double)s->w.in_c * (double)sk_window_taps(&s->w) * MAC_NS;
    const size_t lines = (size_t)s->w.batch * (size_t)s->w.out[1];
    if (s->lines) sk_split(pool, lines, ns * s->w.out[2], line_part, &d);
    else sk_split(pool, call->m, ns, pixel_part, &d);
}
