/* DeformConv: a convolution whose taps read between the pixels, where offsets say. For a block of output
 * pixels the taps' values become columns, one row a channel and tap, and a product with the weights follows.
 * float32; other types are converted. */
#include <math.h>

#include "kernels/kernels.h"
#include "ops/elementwise.h"
#include "ops/taps.h"
#include "ops/window.h"

#define BLOCK 64 /* output pixels at a time */

typedef struct deform_params {
    sk_window_attrs attrs;
    int64_t group, offset_group;
} deform_params;

typedef struct deform_state {
    sk_window w;
    size_t columns_bytes; /* a thread's scratch */
} deform_state;

static sk_status import(sk_import *c) {
    deform_params *p = sk_params(c, sizeof *p);
    if (!p) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_window_import(c, &p->attrs));
    SK_TRY(sk_want_int(c, "group", 1, &p->group));
    SK_TRY(sk_want_int(c, "offset_group", 1, &p->offset_group));
    if (p->group < 1 || p->group > INT32_MAX || p->offset_group < 1 || p->offset_group > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "group or offset_group is out of range");
    return SK_OK;
}

/* Input i, if it is there, has so many channels and y's pixels. */
static sk_status check_field(const sk_infer *c, int i, int64_t channels) {
    int64_t dims[SK_MAX_RANK];
    sk_dims(c->out[0], dims);
    dims[1] = channels;
    return sk_fit(c, i, c->out[0]->rank, dims);
}

static sk_status infer(sk_infer *c) {
    const deform_params *p = c->node->params;
    const sk_tensor *x = c->in[0], *weight = c->in[1];
    sk_tensor *y = c->out[0];
    sk_window_attrs attrs = p->attrs;
    y->type = x->type;
    for (int i = 1; i < c->n_in; i++)
        if (x->type) SK_TRY(sk_want_types(c, i, 1u << x->type));
    if (x->rank < 0 || !sk_shape_known(weight)) return SK_OK;
    SK_TRY(sk_window_complete(c, &attrs, x, weight));
    int64_t taps = 1, channels = weight->dims[0];
    if ((x->dims[1] >= 0 && (x->dims[1] != weight->dims[1] * p->group || x->dims[1] % p->offset_group)) ||
        weight->dims[0] % p->group)
        return sk_bad_shape(c, "%pT with weights %pT", x, weight);
    SK_TRY(sk_fit(c, 3, 1, &channels));
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = weight->dims[0];
    SK_TRY(sk_window_output(c, &attrs, x, y));
    for (int i = 0; i < attrs.spatial; i++)
        if (__builtin_mul_overflow(taps, (int64_t)attrs.kernel[i], &taps) || taps > INT32_MAX)
            return sk_bad_shape(c, "a kernel too large");
    SK_TRY(check_field(c, 2, taps * p->offset_group * attrs.spatial));
    return check_field(c, 4, taps * p->offset_group);
}

static sk_status ready(sk_prepare *p) {
    const deform_params *params = p->node->params;
    sk_window_attrs attrs = params->attrs;
    deform_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    attrs.spatial = (int8_t)(p->in[0]->rank - 2);
    for (int i = 0; i < attrs.spatial; i++) attrs.kernel[i] = p->in[1]->dims[2 + i];
    sk_window_make(&attrs, p->in[0], p->out[0], (int)params->group, &s->w, NULL);
    s->columns_bytes = sk_span(p->in[1], 1, p->in[1]->rank) * BLOCK * sizeof(float);
    if (s->columns_bytes > SK_MAX_TENSOR_BYTES || !sk_mul(s->columns_bytes, (size_t)p->threads, &p->scratch))
        return sk_oom(p->err, SIZE_MAX);
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) { return sk_prepare_as_f32(p, 31, ready); }

typedef struct deform_work {
    const deform_state *s;
    const float *x, *weight, *offset, *bias, *mask; /* bias, mask NULL: none */
    float *y;
    char *columns;
    size_t channels, offset_groups, blocks; /* channels: of a group; blocks: of an image and group */
    int spatial;
} deform_work;

/* The column of output pixel `out` of an image, for all channels of group g: rows BLOCK apart. */
static void make_column(const deform_work *k, size_t image, size_t g, size_t out, float *column) {
    const sk_window *w = &k->s->w;
    const size_t taps = sk_window_taps(w), pixels = sk_pixels(w->out), plane = sk_pixels(w->in),
                 all = (size_t)w->in_c;
    const size_t each = all / k->offset_groups; /* channels of an offset group */
    const float *x = k->x + (image * all + g * k->channels) * plane;
    const int spatial = k->spatial;
    int64_t place[3], tap[3];
    sk_taps around = {0};
    sk_box_at(w->out, out, place);
    for (size_t t = 0; t < taps; t++) {
        size_t last = SIZE_MAX;
        float scale = 1;
        sk_box_at(w->kernel, t, tap);
        for (size_t c = 0; c < k->channels; c++) {
            const size_t og = (g * k->channels + c) / each,
                         field = (image * k->offset_groups + og) * taps + t;
            if (og != last) {
                sk_taps_start(&around);
                for (int i = 0; i < spatial; i++) {
                    const int d = i + 3 - spatial;
                    const double at = (double)(place[d] * w->stride[d] - w->pad[d] + tap[d] * w->dilation[d]),
                                 offset =
                                     (double)k->offset[(field * (size_t)spatial + (size_t)i) * pixels + out];
                    sk_taps_linear(&around, w->in[d], at + offset);
                }
                scale = k->mask ? k->mask[field * pixels + out] : 1;
                last = og;
            }
            column[(c * taps + t) * BLOCK] = scale * sk_taps_sum(&around, x + c * plane);
        }
    }
}

/* Items: blocks of pixels, of each group, of each image. */
static void part(const void *work, size_t begin, size_t end, int thread) {
    const deform_work *k = work;
    const sk_window *w = &k->s->w;
    const size_t pixels = sk_pixels(w->out), groups = (size_t)w->groups, m = (size_t)w->out_c / groups;
    const size_t depth = k->channels * sk_window_taps(w);
    float *columns = (float *)(k->columns + (size_t)thread * k->s->columns_bytes);
    for (size_t i = begin; i < end; i++) {
        const size_t first = i % k->blocks * BLOCK, g = i / k->blocks % groups,
                     image = i / k->blocks / groups;
        const size_t n = pixels - first < BLOCK ? pixels - first : BLOCK;
        for (size_t p = 0; p < n; p++) make_column(k, image, g, first + p, columns + p);
        float *y = k->y + (image * (size_t)w->out_c + g * m) * pixels + first;
        f32_gemm_direct_1x32__simd128(m, n, depth, k->weight + g * m * depth, depth, columns, BLOCK, y,
                                      pixels, -INFINITY, INFINITY);
        for (size_t o = 0; k->bias && o < m; o++)
            for (size_t p = 0; p < n; p++) y[o * pixels + p] += k->bias[g * m + o];
    }
}

static sk_status run(sk_run *r) {
    const deform_params *params = r->node->params;
    const deform_state *s = r->state;
    if (!sk_numel(r->out[0])) return SK_OK;
    const size_t blocks = (sk_pixels(s->w.out) + BLOCK - 1) / BLOCK;
    const float *in[5] = {r->in[0]->data};
    for (int i = 1; i < r->n_in; i++)
        if (r->in[i]) in[i] = r->in[i]->data;
    const deform_work k = {.s = s,
                           .x = in[0],
                           .weight = in[1],
                           .offset = in[2],
                           .bias = in[3],
                           .mask = in[4],
                           .y = r->out[0]->data,
                           .columns = r->scratch,
                           .channels = (size_t)(s->w.in_c / s->w.groups),
                           .offset_groups = (size_t)params->offset_group,
                           .blocks = blocks,
                           .spatial = r->in[0]->rank - 2};
    const double macs = (double)k.channels * (double)sk_window_taps(&s->w) * BLOCK;
    sk_split(r->pool, blocks * (size_t)(s->w.groups * s->w.batch), macs * (2 + 0.1 * s->w.out_c), part, &k);
    return SK_OK;
}

const sk_impl sk_impl_deform_conv = {.import = import, .infer = infer, .prepare = prepare, .run = run};
