/* GridSample on images: each output pixel reads its place in the input from a grid. The taps of a place (1, 4
 * or 16 pixels with weights) are found once and used for all channels. */
#include <math.h>

#include "ops/move.h"

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
    char a[SK_SHAPE_TEXT], b[SK_SHAPE_TEXT];
    int64_t dims[4] = {-1, -1, -1, -1};
    if ((in->rank >= 0 && in->rank != 4) || (grid->rank >= 0 && grid->rank != 4) ||
        (grid->rank == 4 && grid->dims[3] >= 0 && grid->dims[3] != 2) ||
        (in->rank == 4 && grid->rank == 4 && in->dims[0] >= 0 && grid->dims[0] >= 0 &&
         in->dims[0] != grid->dims[0]) ||
        (grid->type && grid->type != SK_FLOAT32))
        return sk_bad_shape(c, "input %s and grid %s: only [N,C,H,W] and float32[N,H,W,2]",
                            sk_tensor_text(in, a), sk_tensor_text(grid, b));
    if (in->rank == 4) dims[0] = in->dims[0], dims[1] = in->dims[1];
    if (grid->rank == 4) dims[2] = grid->dims[1], dims[3] = grid->dims[2];
    return sk_set_out(c, 0, in->type, 4, dims);
}

/* Reflected at lo and hi until it lies between. */
static float reflect(float x, float lo, float hi) {
    const float range = hi - lo;
    if (!(range > 0)) return lo;
    float d = (float)fmod((double)fabsf(x - lo), (double)(2 * range));
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
    switch (params->mode) {
    case GRID_NEAREST:
        count = 1;
        weight[0] = 1;
        break;
    case GRID_LINEAR:
        weight[0] = 1 - t;
        weight[1] = t;
        break;
    default:
        count = 4;
        first = -1;
        weight[0] = ((a * (t + 1) - 5 * a) * (t + 1) + 8 * a) * (t + 1) - 4 * a;
        weight[1] = ((a + 2) * t - (a + 3)) * t * t + 1;
        weight[2] = ((a + 2) * (1 - t) - (a + 3)) * (1 - t) * (1 - t) + 1;
        weight[3] = ((a * (2 - t) - 5 * a) * (2 - t) + 8 * a) * (2 - t) - 4 * a;
    }
    for (int i = 0; i < count; i++) at[i] = pixel(params, base + first + i, n);
    return count;
}

static void sample(const grid_params *params, const sk_tensor *in, const float *x, const float *at, float *y,
                   size_t out_plane) {
    const int32_t h = in->dims[2], w = in->dims[3];
    int64_t xs[4], ys[4], offset[16];
    float wx[4], wy[4], weight[16];
    const int nx = taps(params, place(params, at[0], w), w, xs, wx);
    const int ny = taps(params, place(params, at[1], h), h, ys, wy);
    int n = 0;
    for (int j = 0; j < ny; j++)
        for (int i = 0; i < nx; i++) {
            if (xs[i] < 0 || ys[j] < 0) continue;
            offset[n] = ys[j] * w + xs[i];
            weight[n++] = wy[j] * wx[i];
        }
    const size_t plane = (size_t)h * (size_t)w;
    for (int32_t c = 0; c < in->dims[1]; c++, x += plane, y += out_plane) {
        float sum = 0;
        for (int i = 0; i < n; i++) sum += weight[i] * x[offset[i]];
        *y = sum;
    }
}

static sk_status grid_run(sk_run *r) {
    const grid_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *out = r->out[0];
    const size_t out_plane = sk_span(out, 2, 4), in_image = sk_span(in, 1, 4), out_image = sk_span(out, 1, 4);
    const float *grid = r->in[1]->data;
    if (!sk_numel(out)) return SK_OK;
    if (!in_image) return sk_run_fail(r, SK_SHAPE, "there is nothing to sample");
    for (size_t b = 0; b < (size_t)in->dims[0]; b++)
        for (size_t i = 0; i < out_plane; i++, grid += 2)
            sample(params, in, (const float *)in->data + b * in_image, grid,
                   (float *)out->data + b * out_image + i, out_plane);
    return SK_OK;
}

const sk_impl sk_impl_grid_sample = {.import = grid_import, .infer = grid_infer, .run = grid_run};
