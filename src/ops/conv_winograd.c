/* Winograd's convolution (kernels/winograd.c) around the packed product: a block of tiles is transformed,
 * each of its positions multiplied with the weights of that position, and the products transformed back,
 * clamped and stored, so that scratch holds one block however large the image. Threads share each of the
 * three steps: the weights, which are the larger part where images are small, are then read once and not once
 * a thread. */
#include "ops/conv.h"

#include <string.h>

/* Tiles of a block for each thread: as many rows as a product takes at once. */
#define BLOCK_TILES 48
/* Between the positions of a block: not a multiple of 4096 bytes, or all would meet in one set of the cache.
 */
#define STEP_FLOATS 16

static size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }

const sk_winograd_kernels *sk_winograd_kernels_for(const sk_window *w) {
    const int fits = w->kernel[0] == 1 && w->kernel[1] == 3 && w->kernel[2] == 3 && w->in[0] == 1 &&
                     w->pad[0] == 0 && w->groups == 1;
    for (int d = 0; d < 3; d++)
        if (!fits || w->stride[d] != 1 || w->dilation[d] != 1 || w->out[d] == 0) return NULL;
    return w->batch ? sk_select_f32_winograd(w->in_c, w->out_c) : NULL;
}

static size_t positions(const sk_conv_state *s) {
    return (size_t)(s->form.tile[0] + 2) * (size_t)(s->form.tile[1] + 2);
}

static size_t tiles(const sk_conv_state *s) { return (size_t)s->w.batch * s->tiles[0] * s->tiles[1]; }

static size_t v_step(const sk_conv_state *s) { return s->block * (size_t)s->w.in_c + STEP_FLOATS; }
static size_t m_step(const sk_conv_state *s) { return s->block * (size_t)s->w.out_c + STEP_FLOATS; }

int sk_winograd_scratch(sk_prepare *p, sk_conv_state *s) {
    size_t bytes;
    s->tiles[0] = ceil_div((size_t)s->w.out[1], (size_t)s->form.tile[0]);
    s->tiles[1] = ceil_div((size_t)s->w.out[2], (size_t)s->form.tile[1]);
    /* blocks of the same size, in whole tiles of the product */
    const size_t all = tiles(s), most = BLOCK_TILES * (size_t)p->threads;
    s->block = ceil_div(ceil_div(all, ceil_div(all, most)), 6) * 6;
    if (s->block > all) s->block = all;
    return sk_mul(v_step(s), positions(s) * sizeof(float), &bytes) && sk_scratch_take(p, bytes, &s->v) &&
           sk_mul(m_step(s), positions(s) * sizeof(float), &bytes) && sk_scratch_take(p, bytes, &s->m);
}

/* Where tile number i lies: the image, and the first of its output pixels. */
typedef struct place {
    size_t image;
    int32_t y, x;
} place;

static place place_of(const sk_conv_state *s, size_t i) {
    const size_t across = s->tiles[1], image = s->tiles[0] * across, rest = i % image;
    return (place){i / image, (int32_t)(rest / across) * s->form.tile[0],
                   (int32_t)(rest % across) * s->form.tile[1]};
}

/* Tiles [begin, end) of the block. */
static void in_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const sk_window *w = &s->w;
    const size_t in_c = (size_t)w->in_c;
    const int32_t down = s->form.tile[0] + 2, across = s->form.tile[1] + 2;
    const float *rows[36];
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const place at = place_of(s, c->first + i);
        const float *image = c->x + at.image * sk_pixels(w->in) * in_c, **row = rows;
        for (int32_t y = at.y - w->pad[1], last = y + down; y < last; y++)
            for (int32_t x = at.x - w->pad[2], end_x = x + across; x < end_x; x++)
                *row++ = y >= 0 && y < w->in[1] && x >= 0 && x < w->in[2]
                             ? image + ((size_t)y * (size_t)w->in[2] + (size_t)x) * in_c
                             : c->zeros;
        s->winograd->in(&(sk_winograd_in_args){in_c, v_step(s), rows, c->v + i * in_c});
    }
}

static size_t block_tiles(const sk_conv_call *c) {
    const size_t left = tiles(c->s) - c->first;
    return left < c->s->block ? left : c->s->block;
}

/* Positions [begin, end) of all tiles of the block. */
static void product_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const size_t in_c = (size_t)s->w.in_c, out_c = (size_t)s->w.out_c;
    (void)thread;
    for (size_t i = begin; i < end; i++)
        s->gemm(block_tiles(c), out_c, in_c, c->v + i * v_step(s), in_c,
                c->packed + i * sk_conv_group_floats(&s->form), c->m + i * m_step(s), out_c,
                -__builtin_inff(), __builtin_inff());
}

static int32_t at_most(int32_t a, int32_t b) { return a < b ? a : b; }

static void out_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const sk_window *w = &s->w;
    const size_t out_c = (size_t)w->out_c, line = (size_t)w->out[2] * out_c;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const place at = place_of(s, c->first + i);
        const size_t pixel = (at.image * (size_t)w->out[1] + (size_t)at.y) * line + (size_t)at.x * out_c;
        s->winograd->out(&(sk_winograd_out_args){.channels = out_c,
                                                 .step = m_step(s),
                                                 .line = line,
                                                 .m = c->m + i * out_c,
                                                 .add = c->add ? c->add + pixel : NULL,
                                                 .y = c->y + pixel,
                                                 .height = at_most(w->out[1] - at.y, s->form.tile[0]),
                                                 .width = at_most(w->out[2] - at.x, s->form.tile[1]),
                                                 .lo = c->lo,
                                                 .hi = c->hi});
    }
}

void sk_conv_run_winograd(const sk_conv_call *call) {
    const sk_conv_state *s = call->s;
    const double in_c = s->w.in_c, out_c = s->w.out_c, transform = (double)positions(s) * 0.5;
    sk_conv_call c = *call;
    for (; c.first < tiles(s); c.first += s->block) {
        const size_t n = block_tiles(&c);
        sk_split(c.pool, n, in_c * transform, in_part, &c);
        sk_split(c.pool, positions(s), (double)n * in_c * out_c * 0.04, product_part, &c);
        sk_split(c.pool, n, out_c * transform, out_part, &c);
    }
}
