/* The direct ways of convolution (conv.h), each in parts that threads may take: rows of the product or, where
 * these are few, its columns; lines of the output when depthwise. */
#include "ops/conv.h"

#define ROW_UNIT 24                  /* rows an item: whole tiles of 4 and of 6 */
#define COLUMN_UNIT (2 * SK_PANEL)   /* columns an item */
#define MAC_NS 0.04                  /* of one multiply-add, about */
#define RESIDUAL_FLOATS (64u * 1024) /* a product waits in the second-level cache for its addend */

/* Block c[m][n] of a product is done; y: its first element, rows out_c apart. */
static void add_block(const sk_conv_call *c, float *y, size_t m, size_t n) {
    const size_t out_c = (size_t)c->s->w.out_c;
    if (!c->add) return;
    if (n == out_c) {
        n *= m;
        m = 1;
    }
    for (size_t i = 0; i < m; i++, y += out_c) f32_residual__simd128(n, c->add + (y - c->y), y, c->lo, c->hi);
}

/* What the product clamps to: nothing yet when something is added afterwards. */
static float low(const sk_conv_call *c) { return c->add ? -__builtin_inff() : c->lo; }
static float high(const sk_conv_call *c) { return c->add ? __builtin_inff() : c->hi; }

typedef struct range {
    size_t row, rows, col, cols;
} range;

/* Items [begin, end) as rows and columns of the product. cols: of a group. */
static range range_of(const sk_conv_call *c, size_t begin, size_t end, size_t rows, size_t cols) {
    const size_t unit = c->s->by_columns ? COLUMN_UNIT : ROW_UNIT, all = c->s->by_columns ? cols : rows;
    const size_t last = end * unit < all ? end * unit : all;
    if (c->s->by_columns) return (range){0, rows, begin * unit, last - begin * unit};
    return (range){begin * unit, last - begin * unit, 0, cols};
}

static void pointwise_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const size_t pixels = (size_t)s->w.batch * sk_pixels(s->w.out), groups = (size_t)s->w.groups;
    const size_t in_c = (size_t)s->w.in_c, out_c = (size_t)s->w.out_c, n = out_c / groups;
    const range r = range_of(c, begin, end, pixels, n);
    size_t block = r.rows;
    (void)thread;
    if (c->add) block = (RESIDUAL_FLOATS / out_c / (2 * ROW_UNIT) + 1) * 2 * ROW_UNIT;
    for (size_t i = 0; i < r.rows; i += block) {
        const size_t m = r.rows - i < block ? r.rows - i : block;
        float *y = c->y + (r.row + i) * out_c + r.col;
        for (size_t g = 0; g < groups; g++)
            s->gemm(m, r.cols, s->k, c->x + (r.row + i) * in_c + g * s->k, in_c,
                    c->packed + g * sk_conv_group_floats(&s->form) + r.col * (s->k + 1), y + g * n, out_c,
                    low(c), high(c));
        add_block(c, y, m, s->by_columns ? r.cols : out_c);
    }
}

/* A row's numbers, if they have to be put together, and the pointers to its pieces. */
size_t sk_conv_patch_step(const sk_conv_state *s) {
    return s->k * s->taps + (size_t)s->w.kernel[1] * (sizeof(void *) / sizeof(float));
}

static void patches_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const size_t out_c = (size_t)s->w.out_c, k = s->k * s->taps, lines = (size_t)s->w.kernel[1];
    const range r = range_of(c, begin, end, (size_t)s->w.batch * sk_pixels(s->w.out), out_c);
    const float **rows = (const float **)(c->rows + (size_t)thread * s->rows_bytes);
    for (size_t i = 0, m; i < r.rows; i += m) {
        m = sk_igemm_rows(r.rows - i);
        float *y = c->y + (r.row + i) * out_c + r.col;
        f32_patches__simd128(&s->w, c->x, r.row + i, m, rows, (float *)(rows + lines * m));
        s->igemm(m, r.cols, k / lines, lines, rows, c->packed + r.col * (k + 1), y, out_c, low(c), high(c));
        add_block(c, y, m, r.cols);
    }
}

static void indirect_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_conv_state *s = c->s;
    const size_t pixels = (size_t)s->w.batch * sk_pixels(s->w.out), out_c = (size_t)s->w.out_c;
    const size_t groups = s->form.depthwise ? 1 : (size_t)s->w.groups, n = out_c / groups;
    const float **rows = (const float **)(c->rows + (size_t)thread * s->rows_bytes);
    const range r = range_of(c, begin, end, pixels, n);
    for (size_t i = 0, m; i < r.rows; i += m) {
        m = sk_igemm_rows(r.rows - i);
        float *y = c->y + (r.row + i) * out_c + r.col;
        for (size_t g = 0; g < groups; g++) {
            sk_window_rows(&s->w, sizeof *c->x, c->x + g * s->k, c->zeros, r.row + i, m, (const void **)rows);
            s->igemm(m, r.cols, s->k, s->taps, rows,
                     c->packed + g * sk_conv_group_floats(&s->form) + r.col * (s->k * s->taps + 1), y + g * n,
                     out_c, low(c), high(c));
        }
        add_block(c, y, m, s->by_columns ? r.cols : out_c);
    }
}

/* Lines of the output, counted over all images. */
static void depthwise_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_conv_call *c = work;
    const sk_window *w = &c->s->w;
    const size_t channels = (size_t)w->in_c, line = (size_t)w->in[2] * channels;
    const float *rows[SK_DWCONV_ROWS];
    sk_dwconv_args args = {channels, (size_t)w->in[2], (size_t)w->out[2], (size_t)w->pad[2],
                           rows,     c->zeros,         c->packed,         NULL,
                           low(c),   high(c)};
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const size_t image = i / (size_t)w->out[1];
        const float *x = c->x + image * (size_t)w->in[1] * line;
        const int64_t top = (int64_t)(i % (size_t)w->out[1]) * w->stride[1] - w->pad[1];
        for (int32_t ky = 0; ky < w->kernel[1]; ky++)
            rows[ky] = top + ky >= 0 && top + ky < w->in[1] ? x + (size_t)(top + ky) * line : NULL;
        args.y = c->y + i * (size_t)w->out[2] * channels;
        c->s->dwconv(&args);
        add_block(c, args.y, (size_t)w->out[2], channels);
    }
}

void sk_conv_run_direct(const sk_conv_call *c) {
    const sk_conv_state *s = c->s;
    const size_t pixels = (size_t)s->w.batch * sk_pixels(s->w.out), out_c = (size_t)s->w.out_c;
    if (s->way == SK_CONV_DEPTHWISE_ROWS) {
        const size_t line = (size_t)s->w.out[2] * out_c * s->taps;
        sk_split(c->pool, (size_t)s->w.batch * (size_t)s->w.out[1], (double)line * 0.1, depthwise_part, c);
        return;
    }
    const double macs = (double)s->k * (double)s->taps;
    sk_part_fn *part = s->way == SK_CONV_POINTWISE ? pointwise_part
                       : s->way == SK_CONV_PATCHES ? patches_part
                                                   : indirect_part;
    if (s->by_columns)
        sk_split(c->pool, (out_c + COLUMN_UNIT - 1) / COLUMN_UNIT,
                 macs * (double)pixels * COLUMN_UNIT * MAC_NS, part, c);
    else
        sk_split(c->pool, (pixels + ROW_UNIT - 1) / ROW_UNIT, macs * (double)out_c * ROW_UNIT * MAC_NS, part,
                 c);
}
