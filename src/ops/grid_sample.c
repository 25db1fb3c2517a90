/* GridSample on images of one to three dimensions: each output pixel reads its place in the input from a
 * grid. The taps of a place (up to 4 pixels in each dimension, with weights) are found once and used for all
 * channels. */
#include "core/maths.h"
#include "ops/elementwise.h"
#include "ops/taps.h"

#define MOST_AXES 3

enum { GRID_LINEAR, GRID_NEAREST, GRID_CUBIC };
enum { GRID_ZEROS, GRID_BORDER, GRID_REFLECTION };

typedef struct grid_params {
    int mode, padding;
    uint8_t align_corners;
} grid_params;

static sk_status grid_import(sk_import *c) {
    static const char *const modes[] = {"bilinear", "nearest", "bicubic", "linear", "cubic", NULL};
    static const char *const paddings[] = {"zeros", "border", "reflection", NULL};
    grid_params *params = sk_params(c, sizeof *params);
    int64_t align;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_word(c, "mode", modes, GRID_LINEAR, &params->mode));
    if (params->mode > GRID_CUBIC)
        params->mode = params->mode == 3 ? GRID_LINEAR : GRID_CUBIC; /* opset 20's names */
    SK_TRY(sk_want_word(c, "padding_mode", paddings, GRID_ZEROS, &params->padding));
    SK_TRY(sk_want_int(c, "align_corners", 0, &align));
    params->align_corners = align != 0;
    return SK_OK;
}

static sk_status grid_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0], *grid = c->in[1];
    int64_t dims[SK_MAX_RANK] = {-1, -1, -1, -1, -1}, at[SK_MAX_RANK];
    const int rank = in->rank >= 0 ? in->rank : grid->rank;
    SK_TRY(sk_want_types(c, 1, SK_T_FLOATS));
    sk_set_out_type(c, 0, in->type);
    if (rank < 0) return SK_OK;
    if (rank < 3 || rank > 2 + MOST_AXES) return sk_bad_shape(c, "images of rank %d", rank);
    if (in->rank >= 0) dims[0] = in->dims[0], dims[1] = in->dims[1];
    at[0] = dims[0];
    for (int i = 1; i < rank; i++) at[i] = i < rank - 1 ? -1 : rank - 2;
    SK_TRY(sk_fit(c, 1, rank, at));
    for (int i = 2; i < rank; i++) dims[i] = at[i - 1];
    return sk_set_out(c, 0, in->type, rank, dims);
}

/* Reflected at lo and hi until it lies between. */
static float reflect(float x, float lo, float hi) {
    const float range = hi - lo;
    if (!(range > 0)) return lo;
    float d = (float)sk_fmod((double)fabsf(x - lo), (double)(2 * range));
    if (d > range) d = 2 * range - d;
    return lo + d;
}

/* A grid coordinate in pixels of a dimension of n. */
static float place(const grid_params *params, float x, int32_t n) {
    const float lo = params->align_corners ? 0 : -0.5f, hi = (float)n - (params->align_corners ? 1 : 0.5f);
    x = params->align_corners ? (x + 1) / 2 * (float)(n - 1) : ((x + 1) * (float)n - 1) / 2;
    if (params->mode == GRID_NEAREST) x = rintf(x);
    if (x < lo || x > hi) {
        /* cubic taps reach beyond the border, so they are clamped one by one instead */
        if (params->padding == GRID_BORDER && params->mode != GRID_CUBIC) x = x < 0 ? 0 : (float)(n - 1);
        if (params->padding == GRID_REFLECTION) x = reflect(x, lo, hi);
    }
    return x;
}

/* Pixel number of tap i, -1 when it counts as zero. */
static int64_t pixel(const grid_params *params, int64_t i, int32_t n) {
    if (i >= 0 && i < n) return i;
    if (params->padding == GRID_ZEROS) return -1;
    if (params->padding == GRID_REFLECTION) {
        const float at = params->align_corners ? reflect((float)i, 0, (float)(n - 1))
                                               : reflect((float)i, -0.5f, (float)n - 0.5f);
        i = (int64_t)at;
    }
    return i < 0 ? 0 : i >= n ? n - 1 : i;
}

/* Taps along one dimension: pixel numbers and weights; returns how many. */
static int taps(const grid_params *params, float x, int32_t n, int64_t *at, float *weight) {
    const float a = -0.75f, whole = floorf(x), t = x - whole;
    if (!(fabsf(x) < 1e9f)) return 0; /* nowhere near, or no number */
    const int64_t base = (int64_t)whole;
    int count = 2, first = 0;
    if (params->mode == GRID_CUBIC) {
        count = 4;
        first = -1;
        for (int i = 0; i < 4; i++) { /* d: how far away */
            const float d = fabsf(t + 1 - (float)i);
            weight[i] = i == 1 || i == 2 ? ((a + 2) * d - (a + 3)) * d * d + 1
                                         : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
        }
    } else {
        if (params->mode == GRID_NEAREST) count = 1;
        weight[0] = count == 1 ? 1 : 1 - t;
        weight[1] = t;
    }
    for (int i = 0; i < count; i++) at[i] = pixel(params, base + first + i, n);
    return count;
}

static void sample(const grid_params *params, const sk_tensor *in, const float *x, const float *at, float *y,
                   size_t out_plane) {
    int64_t pixels[4];
    float weights[4];
    sk_taps all;
    sk_taps_start(&all);
    for (int d = 2; d < in->rank; d++) { /* the grid has the last axis first */
        const float x_d = place(params, at[in->rank - 1 - d], in->dims[d]);
        sk_taps_add(&all, in->dims[d], taps(params, x_d, in->dims[d], pixels, weights), pixels, weights);
    }
    const size_t plane = sk_span(in, 2, in->rank);
    for (int32_t c = 0; c < in->dims[1]; c++, x += plane, y += out_plane) *y = sk_taps_sum(&all, x);
}

static sk_status grid_run(sk_run *r) {
    const grid_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *out = r->out[0];
    const size_t out_plane = sk_span(out, 2, out->rank), in_image = sk_span(in, 1, in->rank);
    const float *grid = r->in[1]->data;
    if (!sk_numel(out)) return SK_OK;
    if (!in_image) return sk_run_fail(r, SK_SHAPE, "there is nothing to sample");
    for (size_t b = 0; b < (size_t)in->dims[0]; b++)
        for (size_t i = 0; i < out_plane; i++, grid += in->rank - 2)
            sample(params, in, (const float *)in->data + b * in_image, grid,
                   (float *)out->data + b * (size_t)in->dims[1] * out_plane + i, out_plane);
    return SK_OK;
}

const sk_impl sk_impl_grid_sample = {
    .import = grid_import, .infer = grid_infer, .prepare = sk_prepare_two_f32, .run = grid_run};
