/* GridSample on images of one to three dimensions: each output pixel reads its place in the input from a
 * grid. The taps of a place (up to 4 pixels in each dimension, with weights) are found once and used for all
 * channels. */
#include <math.h>
#include <string.h>

#include "ops/elementwise.h"

#define MOST_AXES 3
#define MOST_TAPS 64 /* 4 along each axis */

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
    int64_t dims[SK_MAX_RANK];
    const int rank = in->rank >= 0 ? in->rank : grid->rank;
    SK_TRY(sk_want_types(c, 1, SK_T_FLOATS));
    sk_set_out_type(c, 0, in->type);
    if (rank < 0) return SK_OK;
    const int32_t coordinates = grid->rank == rank ? grid->dims[rank - 1] : -1;
    if (rank < 3 || rank > 2 + MOST_AXES || (grid->rank >= 0 && grid->rank != rank) ||
        (coordinates >= 0 && coordinates != rank - 2) ||
        (in->rank >= 0 && grid->rank >= 0 && in->dims[0] >= 0 && grid->dims[0] >= 0 &&
         in->dims[0] != grid->dims[0]))
        return sk_bad_shape(c, "input %s and grid %s do not fit", sk_tensor_text(in, a),
                            sk_tensor_text(grid, b));
    for (int i = 0; i < rank; i++)
        dims[i] = i < 2 ? (in->rank < 0 ? -1 : in->dims[i]) : grid->rank < 0 ? -1 : grid->dims[i - 1];
    return sk_set_out(c, 0, in->type, rank, dims);
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

/* Appends taps along one more dimension to those along the others before it. */
static int combine(int n, int more, const int64_t *pixel, const float *weight, int32_t size, int64_t *offset,
                   float *total) {
    int64_t old[MOST_TAPS];
    float factor[MOST_TAPS];
    int count = 0;
    memcpy(old, offset, (size_t)n * sizeof *old);
    memcpy(factor, total, (size_t)n * sizeof *factor);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < more; j++) {
            if (pixel[j] < 0) continue;
            offset[count] = old[i] * size + pixel[j];
            total[count++] = factor[i] * weight[j];
        }
    return count;
}

static void sample(const grid_params *params, const sk_tensor *in, const float *x, const float *at, float *y,
                   size_t out_plane) {
    int64_t pixels[4], offset[MOST_TAPS] = {0};
    float weights[4], total[MOST_TAPS] = {1};
    int n = 1;
    for (int d = 2; d < in->rank; d++) { /* the grid has the last axis first */
        const float x_d = place(params, at[in->rank - 1 - d], in->dims[d]);
        const int more = taps(params, x_d, in->dims[d], pixels, weights);
        n = combine(n, more, pixels, weights, in->dims[d], offset, total);
    }
    const size_t plane = sk_span(in, 2, in->rank);
    for (int32_t c = 0; c < in->dims[1]; c++, x += plane, y += out_plane) {
        float sum = 0;
        for (int i = 0; i < n; i++) sum += total[i] * x[offset[i]];
        *y = sum;
    }
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

static sk_status grid_ready(sk_prepare *p) {
    (void)p;
    return SK_OK;
}

static sk_status grid_prepare(sk_prepare *p) { return sk_prepare_as_f32(p, 3, grid_ready); }

const sk_impl sk_impl_grid_sample = {
    .import = grid_import, .infer = grid_infer, .prepare = grid_prepare, .run = grid_run};
