/* RoiAlign: each region of interest is cut into bins, each bin averages (or takes the largest of)
 * interpolated points. param 0: opset 10, whose coordinates are half a pixel off; 1: 16, with the attribute
 * that says. MaxRoiPool, its forerunner: the largest pixel of each bin. */
#include <math.h>
#include <string.h>

#include "ops/elementwise.h"
#include "ops/taps.h"

typedef struct roi_params {
    int mode;               /* 0 avg, 1 max */
    uint8_t half;           /* coordinates are shifted by half a pixel */
    int64_t bins[2], ratio; /* bins: rows and columns */
    float scale;
} roi_params;

static sk_status roi_import(sk_import *c) {
    static const char *const modes[] = {"avg", "max", NULL};
    static const char *const shifts[] = {"output_half_pixel", "half_pixel", NULL};
    roi_params *params = sk_params(c, sizeof *params);
    int shift = 0;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_word(c, "mode", modes, 0, &params->mode));
    if (c->node->op->param) SK_TRY(sk_want_word(c, "coordinate_transformation_mode", shifts, 1, &shift));
    SK_TRY(sk_want_int(c, "output_height", 1, &params->bins[0]));
    SK_TRY(sk_want_int(c, "output_width", 1, &params->bins[1]));
    SK_TRY(sk_want_int(c, "sampling_ratio", 0, &params->ratio));
    SK_TRY(sk_want_float(c, "spatial_scale", 1, &params->scale));
    params->half = shift == 1;
    if (params->bins[0] < 1 || params->bins[1] < 1 || params->ratio < 0 || params->ratio > 1000)
        return sk_bad_attr(c, SK_MALFORMED, "output_height, output_width or sampling_ratio is out of range");
    return SK_OK;
}

/* The result: of the regions (`columns` numbers each) and the images. */
static sk_status regions_infer(sk_infer *c, int columns) {
    const roi_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t image[4] = {-1, -1, -1, -1}, regions[2] = {-1, columns};
    if (in->type) SK_TRY(sk_want_types(c, 1, 1u << in->type));
    SK_TRY(sk_fit(c, 0, 4, image));
    SK_TRY(sk_fit(c, 1, 2, regions));
    SK_TRY(sk_fit(c, 2, 1, regions));
    const int64_t dims[4] = {regions[0], image[1], params->bins[0], params->bins[1]};
    return sk_set_out(c, 0, in->type, 4, dims);
}

static sk_status roi_infer(sk_infer *c) {
    SK_TRY(sk_want_ints(c, 2, "batch_indices"));
    return regions_infer(c, 4);
}

/* By rows and columns: where a region begins, the size of its bins, and how many points a bin has. */
typedef struct region {
    float first[2], bin[2];
    int64_t grid[2];
} region;

static void read_region(const roi_params *params, const float *roi, region *g) {
    const float shift = params->half ? 0.5f : 0;
    for (int d = 0; d < 2; d++) {
        g->first[d] = roi[1 - d] * params->scale - shift;
        float size = roi[3 - d] * params->scale - shift - g->first[d];
        if (!params->half && size < 1) size = 1;
        g->bin[d] = size / (float)params->bins[d];
        /* as many points as pixels unless told; 1,000 at most: larger regions than any image */
        const float n = ceilf(g->bin[d]);
        g->grid[d] = params->ratio ? params->ratio : n >= 1 ? (int64_t)(n < 1000 ? n : 1000) : 0;
    }
}

/* Point i of a bin: the four pixels around it, none when it is too far outside. */
static void locate(const sk_tensor *in, const region *g, const int64_t bin[2], int64_t i, sk_taps *taps) {
    const int64_t at[2] = {i / g->grid[1], i % g->grid[1]};
    int inside = 1;
    sk_taps_start(taps);
    for (int d = 0; d < 2; d++) {
        const int32_t n = in->dims[2 + d];
        const float part = ((float)at[d] + 0.5f) / (float)g->grid[d];
        float x = g->first[d] + ((float)bin[d] + part) * g->bin[d];
        inside = inside && x >= -1 && x <= (float)n;
        x = x < 0 ? 0 : x;
        sk_taps_linear(taps, n, (double)(x > (float)(n - 1) ? (float)(n - 1) : x));
    }
    if (!inside) taps->n = 0;
}

/* One bin of all channels. */
static void fill_bin(const roi_params *params, const sk_tensor *in, const region *g, const int64_t bin[2],
                     const float *x, float *y, size_t out_plane) {
    const size_t channels = (size_t)in->dims[1], plane = sk_span(in, 2, 4);
    const int64_t points = g->grid[0] * g->grid[1];
    sk_taps taps;
    for (size_t c = 0; c < channels; c++) y[c * out_plane] = 0;
    for (int64_t i = 0; i < points; i++) {
        locate(in, g, bin, i, &taps);
        for (size_t c = 0; c < channels; c++) {
            float *to = y + c * out_plane;
            const float *from = x + c * plane;
            if (params->mode == 0) {
                *to += sk_taps_sum(&taps, from) / (float)points;
                continue;
            }
            /* the largest weighted corner, as onnxruntime does; those beyond the edge weigh nothing */
            float most = taps.n < 4 ? 0 : -INFINITY;
            for (int k = 0; k < taps.n; k++) {
                const float part = taps.weight[k] * from[taps.at[k]];
                most = part > most ? part : most;
            }
            if (i == 0 || most > *to) *to = most;
        }
    }
}

static sk_status roi_run(sk_run *r) {
    const roi_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *out = r->out[0];
    const size_t image = sk_span(in, 1, 4), out_image = sk_span(out, 1, 4), out_plane = sk_span(out, 2, 4);
    if (!sk_numel(out)) return SK_OK;
    if (!image) return sk_run_fail(r, SK_SHAPE, "there is nothing to cut from");
    for (int32_t i = 0; i < out->dims[0]; i++) {
        const int64_t batch = sk_int_at(r->in[2], (size_t)i);
        if (batch < 0 || batch >= in->dims[0]) return sk_bad_index(r, batch, 0, in->dims[0]);
        region g;
        read_region(params, (const float *)r->in[1]->data + (size_t)i * 4, &g);
        for (int64_t k = 0; k < params->bins[0] * params->bins[1]; k++) {
            const int64_t bin[2] = {k / params->bins[1], k % params->bins[1]};
            fill_bin(params, in, &g, bin, (const float *)in->data + (size_t)batch * image,
                     (float *)out->data + (size_t)i * out_image + (size_t)k, out_plane);
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_roi_align = {
    .import = roi_import, .infer = roi_infer, .prepare = sk_prepare_two_f32, .run = roi_run};

/* ---- MaxRoiPool ---- */

static sk_status pool_import(sk_import *c) {
    roi_params *params = sk_params(c, sizeof *params);
    int64_t shape[SK_MAX_RANK];
    int n;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_float(c, "spatial_scale", 1, &params->scale));
    SK_TRY(sk_want_list(c, "pooled_shape", shape, &n));
    if (n != 2 || shape[0] < 1 || shape[1] < 1 || shape[0] > INT32_MAX || shape[1] > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "'pooled_shape' is missing or no size");
    memcpy(params->bins, shape, sizeof params->bins);
    return SK_OK;
}

static sk_status pool_infer(sk_infer *c) { return regions_infer(c, 5); }

/* Pixels [first, last) of a side of n that bin i of `bins` covers; low, high: the region's first and last
 * pixel. */
static void bin_span(double low, double high, int64_t i, int64_t bins, int32_t n, int32_t *first,
                     int32_t *last) {
    const double from = floor(low + 0.5), size = floor(high + 0.5) - from + 1,
                 bin = (size > 1 ? size : 1) / (double)bins;
    const double a = from + floor((double)i * bin), b = from + ceil((double)(i + 1) * bin);
    *first = a > 0 ? (a < n ? (int32_t)a : n) : 0;
    *last = b > 0 ? (b < n ? (int32_t)b : n) : 0;
}

static double largest(const sk_tensor *in, size_t plane, int32_t y0, int32_t y1, int32_t x0, int32_t x1) {
    double most = -INFINITY;
    if (y0 >= y1 || x0 >= x1) return 0; /* an empty bin */
    for (int32_t y = y0; y < y1; y++)
        for (int32_t x = x0; x < x1; x++) {
            const double v = sk_number_at(in, plane + (size_t)y * (size_t)in->dims[3] + (size_t)x);
            most = v > most || v != v ? v : most;
        }
    return most;
}

static sk_status pool_run(sk_run *r) {
    const roi_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *rois = r->in[1], *out = r->out[0];
    const int64_t bins = params->bins[0] * params->bins[1];
    size_t to = 0;
    for (size_t i = 0; sk_numel(out) && i < (size_t)out->dims[0]; i++) {
        double roi[5];
        for (size_t k = 0; k < 5; k++)
            roi[k] = sk_number_at(rois, 5 * i + k) * (k ? (double)params->scale : 1);
        if (!(roi[0] >= 0 && roi[0] < in->dims[0]))
            return sk_run_fail(r, SK_VALUE, "region %zu is of no image", i);
        for (int32_t c = 0; c < in->dims[1]; c++)
            for (int64_t bin = 0; bin < bins; bin++) {
                const size_t plane = ((size_t)roi[0] * (size_t)in->dims[1] + (size_t)c) * sk_span(in, 2, 4);
                int32_t y0, y1, x0, x1;
                bin_span(roi[2], roi[4], bin / params->bins[1], params->bins[0], in->dims[2], &y0, &y1);
                bin_span(roi[1], roi[3], bin % params->bins[1], params->bins[1], in->dims[3], &x0, &x1);
                sk_put_number(out, to++, largest(in, plane, y0, y1, x0, x1));
            }
    }
    return SK_OK;
}

const sk_impl sk_impl_max_roi_pool = {.import = pool_import, .infer = pool_infer, .run = pool_run};
