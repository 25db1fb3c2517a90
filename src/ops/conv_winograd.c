/* Winograd's convolution (kernels/winograd.c) around the packed product: a block of tiles is transformed,
 * each of its positions multiplied with the weights of that position, and the products transformed back,
 * clamped and stored, so that scratch holds one block however large the image. Threads share each of the
 * three steps: the weights, which are the larger part where images are small, are then read once and not once
 * a thread. Small weights are kept transformed; large ones are transformed a few panels at a time, in the
 * cache, when they are used. */
#include "ops/conv.h"

#include <string.h>

/* Tiles of a block for each thread: as many rows as a product takes at once. */
#define BLOCK_TILES 48
/* Between the positions of a block: not a multiple of 4096 bytes, or all would meet in one set of the cache.
 */
#define STEP_FLOATS 16
/* Weights made at once, about: all tiles are read again for each piece, and the products of a row lie apart.
 * ResNet-50's 3 x 3 layers of 256 channels: 1.95 ms with one panel, 1.85 with 128 kB, 1.82 from here on. */
#define MADE_BYTES (512u * 1024)
#define MOST_SIDE 6

static size_t ceil_div(size_t a, size_t b) { return (a + b - 1) / b; }

const sk_winograd_kernels *sk_winograd_kernels_for(const sk_window *w) {
    const int32_t stride = w->stride[1];
    const int fits = w->kernel[0] == 1 && w->kernel[1] == 3 && w->kernel[2] == 3 && w->in[0] == 1 &&
                     w->pad[0] == 0 && w->groups == 1 && w->stride[0] == 1 && w->stride[2] == stride &&
                     (stride == 1 || stride == 2) && w->batch > 0;
    for (int d = 0; d < 3; d++)
        if (!fits || w->dilation[d] != 1 || w->out[d] == 0) return NULL;
    return sk_select_f32_winograd(w);
}

/* Of the input tile, and of the positions. */
static size_t side(const sk_conv_state *s, int d) {
    return (size_t)((d ? s->winograd->width : s->winograd->height) - 1) * (size_t)s->winograd->stride + 3;
}
static size_t positions(const sk_conv_state *s) { return side(s, 0) * side(s, 1); }

static size_t tiles(const sk_conv_state *s) { return (size_t)s->w.batch * s->tiles[0] * s->tiles[1]; }

static size_t v_step(const sk_conv_state *s) { return s->block * (size_t)s->w.in_c + STEP_FLOATS; }
static size_t m_step(const sk_conv_state *s) { return s->block * (size_t)s->w.out_c + STEP_FLOATS; }

static size_t panel_floats(const sk_conv_state *s) { return ((size_t)s->w.in_c + 1) * SK_PANEL; }
static size_t u_step(const sk_conv_state *s) { return s->panels * panel_floats(s) + STEP_FLOATS; }

/* Room for the weights of one row of positions. */
static int take_made(sk_prepare *p, sk_conv_state *s) {
    size_t bytes;
    if (!s->winograd->weights) return 1;
    const size_t all = ceil_div((size_t)s->w.out_c, SK_PANEL), per_thread = ceil_div(all, (size_t)p->threads);
    s->panels = MADE_BYTES / (side(s, 1) * panel_floats(s) * sizeof(float)) + 1;
    if (s->panels > per_thread) s->panels = per_thread;
    s->u_floats = side(s, 1) * u_step(s);
    return sk_mul(s->u_floats, (size_t)p->threads * sizeof(float), &bytes) &&
           sk_scratch_take(p, bytes, &s->u);
}

int sk_winograd_scratch(sk_prepare *p, sk_conv_state *s) {
    size_t bytes;
    s->tiles[0] = ceil_div((size_t)s->w.out[1], (size_t)s->winograd->height);
    s->tiles[1] = ceil_div((size_t)s->w.out[2], (size_t)s->winograd->width);
    /* blocks of the same size, in whole tiles of the product */
    const size_t all = tiles(s), most = BLOCK_TILES * (size_t)p->threads;
    s->block = ceil_div(ceil_div(all, ceil_div(all, most)), 6) * 6;
    if (s->block > all) s->block = all;
    return sk_mul(v_step(s), positions(s) * sizeof(float), &bytes) && sk_scratch_take(p, bytes, &s->v) &&
           sk_mul(m_step(s), positions(s) * sizeof(float), &bytes) && sk_scratch_take(p, bytes, &s->m) &&
           take_made(p, s);
}

/* Tiles are counted in four groups, so that those that reach beyond the output stand together and positions
 * which only matter there are not computed for them: beyond its right edge, whole, beyond the lower edge,
 * beyond both. */
typedef struct groups {
    size_t down, across;            /* whole tiles of an image */
    size_t right, whole, low, both; /* of all images */
} groups;

static groups groups_of(const sk_conv_state *s) {
    const size_t down = (size_t)(s->w.out[1] / s->winograd->height),
                 across = (size_t)(s->w.out[2] / s->winograd->width), batch = (size_t)s->w.batch;
    const size_t right = s->tiles[1] - across, low = s->tiles[0] - down;
    return (groups){
        down, across, batch * down * right, batch * down * across, batch * low * across, batch * low * right};
}

/* Where tile number i lies: the image, and the first of its output pixels. */
typedef struct place {
    size_t image;
    int32_t y, x;
} place;

static place place_of(const sk_conv_state *s, size_t i) {
    const groups g = groups_of(s);
    size_t first_y = 0, first_x = 0, down = g.down, across = g.across;
    if (i < g.right) {
        first_x = across;
        across = 1;
    } else if ((i -= g.right) >= g.whole) {
        i -= g.whole;
        first_y = down;
        down = 1;
        if (i >= g.low) {
            i -= g.low;
            first_x = across;
            across = 1;
        }
    }
    const size_t rest = i % (down * across);
    return (place){i / (down * across), (int32_t)(first_y + rest / across) * s->winograd->height,
                   (int32_t)(first_x + rest % across) * s->winograd->width};
}

/* Does position i along dimension d only count for the last output of a tile? */
static int only_last(const sk_conv_state *s, int d, size_t i) {
    return i + (size_t)s->winograd->stride >= side(s, d);
}

/* The tiles of the block for which a position is computed. */
typedef struct span {
    size_t first, count;
} span;

static size_t block_tiles(const sk_conv_call *c) {
    const size_t left = tiles(c->s) - c->first;
    return left < c->s->block ? left : c->s->block;
}

static span span_of(const sk_conv_call *c, size_t y, size_t x) {
    const groups g = groups_of(c->s);
    const int whole_y = only_last(c->s, 0, y), whole_x = only_last(c->s, 1, x);
    size_t first = whole_x ? g.right : 0, end = tiles(c->s);
    if (whole_y) end = g.right + g.whole;
    else if (whole_x) end -= g.both;
    const size_t last = c->first + block_tiles(c);
    if (first < c->first) first = c->first;
    if (end > last) end = last;
    return (span){first - c->first, end > first ? end - first : 0};
}

/* Tiles [begin, end) of the block. */
static void in_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const sk_window *w = &s->w;
    const size_t in_c = (size_t)w->in_c;
    const int32_t down = (int32_t)side(s, 0), across = (int32_t)side(s, 1), stride = s->winograd->stride;
    const float *rows[MOST_SIDE * MOST_SIDE];
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const place at = place_of(s, c->first + i);
        const float *image = c->x + at.image * sk_pixels(w->in) * in_c, **row = rows;
        const int32_t first_y = at.y * stride - w->pad[1], first_x = at.x * stride - w->pad[2];
        for (int32_t y = first_y; y < first_y + down; y++)
            for (int32_t x = first_x; x < first_x + across; x++)
                *row++ = y >= 0 && y < w->in[1] && x >= 0 && x < w->in[2]
                             ? image + ((size_t)y * (size_t)w->in[2] + (size_t)x) * in_c
                             : c->zeros;
        s->winograd->in(&(sk_winograd_in_args){in_c, v_step(s), rows, c->v + i * in_c});
    }
}

/* Columns [col, col + cols) of the products of position (y, x), with weights u. */
static void product(const sk_conv_call *c, size_t y, size_t x, size_t col, size_t cols, const float *u) {
    const sk_conv_state *s = c->s;
    const size_t in_c = (size_t)s->w.in_c, out_c = (size_t)s->w.out_c, i = y * side(s, 1) + x;
    const span t = span_of(c, y, x);
    if (t.count == 0) return;
    s->gemm(t.count, cols, in_c, c->v + i * v_step(s) + t.first * in_c, in_c, u,
            c->m + i * m_step(s) + t.first * out_c + col, out_c, -__builtin_inff(), __builtin_inff());
}

/* Positions [begin, end) of all tiles of the block. */
static void kept_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const size_t across = side(c->s, 1);
    (void)thread;
    for (size_t i = begin; i < end; i++)
        product(c, i / across, i % across, 0, (size_t)c->s->w.out_c,
                c->packed + i * sk_conv_group_floats(&c->s->form));
}

/* Stride 1: the middle tap's bias belongs to position (1, 1) alone, whatever the transform made of it. With
 * stride 2 the middle tap is used as it is, once for each output of a tile. */
static void place_biases(const sk_winograd_weights_args *a, size_t panels, size_t panel) {
    for (size_t x = 0; x < MOST_SIDE; x++)
        for (size_t p = 0; p < panels; p++)
            for (size_t j = 0; j < SK_PANEL; j++)
                a->to[x * a->step + p * panel + j] =
                    a->y == 1 && x == 1 ? a->taps[4 * a->tap_step + p * panel + j] : 0;
}

/* All positions, for pieces [begin, end) of the columns. */
static void made_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const size_t out_c = (size_t)s->w.out_c, panel = panel_floats(s), width = s->panels * SK_PANEL;
    const float *at[MOST_SIDE];
    for (size_t i = begin; i < end; i++) {
        const size_t col = i * width, cols = out_c - col < width ? out_c - col : width;
        const size_t panels = ceil_div(cols, SK_PANEL);
        sk_winograd_weights_args args = {.floats = panels * panel,
                                         .tap_step = sk_conv_group_floats(&s->form),
                                         .step = u_step(s),
                                         .taps = c->packed + col / SK_PANEL * panel,
                                         .to = c->u + (size_t)thread * s->u_floats,
                                         .at = at};
        for (size_t y = 0; y < side(s, 0); y++) {
            args.y = (int32_t)y;
            s->winograd->weights(&args);
            if (s->winograd->stride == 1) place_biases(&args, panels, panel);
            for (size_t x = 0; x < side(s, 1); x++) product(c, y, x, col, cols, at[x]);
        }
    }
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
                                                 .height = at_most(w->out[1] - at.y, s->winograd->height),
                                                 .width = at_most(w->out[2] - at.x, s->winograd->width),
                                                 .lo = c->lo,
                                                 .hi = c->hi});
    }
}

void sk_conv_run_winograd(const sk_conv_call *call) {
    const sk_conv_state *s = call->s;
    const double in_c = s->w.in_c, out_c = s->w.out_c, transform = (double)positions(s) * 0.5;
    sk_conv_call c = *call;
    for (; c.first < tiles(s); c.first += s->block) {
        const size_t n = block_tiles(&c), pieces = s->panels ? ceil_div(s->w.out_c, s->panels * SK_PANEL) : 0;
        const double product_ns = (double)n * in_c * out_c * 0.04;
        sk_split(c.pool, n, in_c * transform, in_part, &c);
        if (pieces)
            sk_split(c.pool, pieces, product_ns * (double)positions(s) / (double)pieces, made_part, &c);
        else sk_split(c.pool, positions(s), product_ns, kept_part, &c);
        sk_split(c.pool, n, out_c * transform, out_part, &c);
    }
}
