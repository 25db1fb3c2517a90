/* RoiAlign: each region of interest is cut into bins, each bin averages (or takes the largest of)
 * interpolated points. param 0: opset 10, whose coordinates are half a pixel off; 1: 16, with the attribute
 * that says. MaxRoiPool, its forerunner: the largest pixel of each bin. */
#include <math.h>

#include "ops/elementwise.h"

typedef struct roi_params {
    int mode;     /* 0 avg, 1 max */
    uint8_t half; /* coordinates are shifted by half a pixel */
    int64_t height, width, ratio;
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
    SK_TRY(sk_want_int(c, "output_height", 1, &params->height));
    SK_TRY(sk_want_int(c, "output_width", 1, &params->width));
    SK_TRY(sk_want_int(c, "sampling_ratio", 0, &params->ratio));
    SK_TRY(sk_want_float(c, "spatial_scale", 1, &params->scale));
    params->half = shift == 1;
    if (params->height < 1 || params->width < 1 || params->ratio < 0 || params->ratio > 1000)
        return sk_bad_attr(c, SK_MALFORMED, "output_height, output_width or sampling_ratio is out of range");
    return SK_OK;
}

static sk_status roi_infer(sk_infer *c) {
    const roi_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *rois = c->in[1], *batch = c->in[2];
    char a[SK_SHAPE_TEXT], b[SK_SHAPE_TEXT];
    SK_TRY(sk_want_ints(c, 2, "batch_indices"));
    if ((in->rank >= 0 && in->rank != 4) || (rois->type && in->type && rois->type != in->type) ||
        (rois->rank >= 0 && (rois->rank != 2 || (rois->dims[1] >= 0 && rois->dims[1] != 4))) ||
        (batch->rank >= 0 && (batch->rank != 1 || (rois->rank == 2 && rois->dims[0] >= 0 &&
                                                   batch->dims[0] >= 0 && rois->dims[0] != batch->dims[0]))))
        return sk_bad_shape(c, "input %s and regions %s do not fit", sk_tensor_text(in, a),
                            sk_tensor_text(rois, b));
    const int64_t dims[4] = {rois->rank == 2 ? rois->dims[0] : -1, in->rank == 4 ? in->dims[1] : -1,
                             params->height, params->width};
    return sk_set_out(c, 0, in->type, 4, dims);
}

/* A point between pixels: four corners and their weights; n 0: too far outside, counts as 0. */
typedef struct point {
    size_t at[4];
    float weight[4];
    int n;
} point;

static point locate(float y, float x, int32_t h, int32_t w) {
    point p = {.n = 4};
    if (!(y >= -1 && y <= (float)h && x >= -1 && x <= (float)w)) return (point){.n = 0};
    y = y < 0 ? 0 : y;
    x = x < 0 ? 0 : x;
    int32_t y0 = (int32_t)y, x0 = (int32_t)x;
    if (y0 >= h - 1) y0 = h - 1, y = (float)y0;
    if (x0 >= w - 1) x0 = w - 1, x = (float)x0;
    const int32_t y1 = y0 < h - 1 ? y0 + 1 : y0, x1 = x0 < w - 1 ? x0 + 1 : x0;
    const float ly = y - (float)y0, lx = x - (float)x0, hy = 1 - ly, hx = 1 - lx;
    const size_t row0 = (size_t)y0 * (size_t)w, row1 = (size_t)y1 * (size_t)w;
    p.at[0] = row0 + (size_t)x0, p.at[1] = row0 + (size_t)x1, p.at[2] = row1 + (size_t)x0,
    p.at[3] = row1 + (size_t)x1;
    p.weight[0] = hy * hx, p.weight[1] = hy * lx, p.weight[2] = ly * hx, p.weight[3] = ly * lx;
    return p;
}

typedef struct region {
    float y, x, bin_h, bin_w;
    int64_t grid_h, grid_w; /* points in a bin */
} region;

static region read_region(const roi_params *params, const float *roi) {
    const float shift = params->half ? 0.5f : 0;
    region g = {.x = roi[0] * params->scale - shift, .y = roi[1] * params->scale - shift};
    float w = roi[2] * params->scale - shift - g.x, h = roi[3] * params->scale - shift - g.y;
    if (!params->half) {
        w = w < 1 ? 1 : w;
        h = h < 1 ? 1 : h;
    }
    g.bin_h = h / (float)params->height;
    g.bin_w = w / (float)params->width;
    /* as many points as pixels unless told; 1,000 at most: larger regions than any image */
    const float rows = ceilf(g.bin_h), cols = ceilf(g.bin_w);
    g.grid_h = params->ratio ? params->ratio : rows >= 1 ? (int64_t)(rows < 1000 ? rows : 1000) : 0;
    g.grid_w = params->ratio ? params->ratio : cols >= 1 ? (int64_t)(cols < 1000 ? cols : 1000) : 0;
    return g;
}

/* One bin of all channels. */
static void fill_bin(const roi_params *params, const sk_tensor *in, const region *g, int64_t row, int64_t col,
                     const float *x, float *y, size_t out_plane) {
    const int32_t h = in->dims[2], w = in->dims[3];
    const int64_t points = g->grid_h * g->grid_w;
    for (int32_t c = 0; c < in->dims[1]; c++) y[(size_t)c * out_plane] = 0;
    for (int64_t i = 0; i < points; i++) {
        const int64_t at_y = i / g->grid_w, at_x = i % g->grid_w;
        const float fy = ((float)at_y + 0.5f) / (float)g->grid_h,
                    fx = ((float)at_x + 0.5f) / (float)g->grid_w;
        const point p =
            locate(g->y + ((float)row + fy) * g->bin_h, g->x + ((float)col + fx) * g->bin_w, h, w);
        const float *plane = x;
        for (int32_t c = 0; c < in->dims[1]; c++, plane += (size_t)h * (size_t)w) {
            float *to = y + (size_t)c * out_plane, sum = 0, most = p.n ? -INFINITY : 0;
            for (int k = 0; k < p.n; k++) {
                const float part = p.weight[k] * plane[p.at[k]];
                sum += part;
                most = part > most ? part : most;
            }
            if (params->mode == 0) *to += sum / (float)points;
            else
                *to =
                    i == 0 || most > *to ? most : *to; /* the largest weighted corner, as onnxruntime does */
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
        const region g = read_region(params, (const float *)r->in[1]->data + (size_t)i * 4);
        for (int64_t bin = 0; bin < params->height * params->width; bin++)
            fill_bin(params, in, &g, bin / params->width, bin % params->width,
                     (const float *)in->data + (size_t)batch * image,
                     (float *)out->data + (size_t)i * out_image + (size_t)bin, out_plane);
    }
    return SK_OK;
}

static sk_status roi_ready(sk_prepare *p) {
    (void)p;
    return SK_OK;
}

static sk_status roi_prepare(sk_prepare *p) { return sk_prepare_as_f32(p, 3, roi_ready); }

const sk_impl sk_impl_roi_align = {
    .import = roi_import, .infer = roi_infer, .prepare = roi_prepare, .run = roi_run};

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
    params->height = shape[0];
    params->width = shape[1];
    return SK_OK;
}

static sk_status pool_infer(sk_infer *c) {
    const roi_params *params = c->node->params;
    const sk_tensor *in = c->in[0], *rois = c->in[1];
    char a[SK_SHAPE_TEXT], b[SK_SHAPE_TEXT];
    if ((in->rank >= 0 && in->rank != 4) || (rois->type && in->type && rois->type != in->type) ||
        (rois->rank >= 0 && (rois->rank != 2 || (rois->dims[1] >= 0 && rois->dims[1] != 5))))
        return sk_bad_shape(c, "input %s and regions %s do not fit", sk_tensor_text(in, a),
                            sk_tensor_text(rois, b));
    const int64_t dims[4] = {rois->rank == 2 ? rois->dims[0] : -1, in->rank == 4 ? in->dims[1] : -1,
                             params->height, params->width};
    return sk_set_out(c, 0, in->type, 4, dims);
}

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
    const int64_t bins = params->height * params->width;
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
                bin_span(roi[2], roi[4], bin / params->width, params->height, in->dims[2], &y0, &y1);
                bin_span(roi[1], roi[3], bin % params->width, params->width, in->dims[3], &x0, &x1);
                sk_put_number(out, to++, largest(in, plane, y0, y1, x0, x1));
            }
    }
    return SK_OK;
}

const sk_impl sk_impl_max_roi_pool = {.import = pool_import, .infer = pool_infer, .run = pool_run};
