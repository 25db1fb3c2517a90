/* ConvTranspose whose kernel is its stride, as upsampling in segmentation and text detection is: outputs do
 * not overlap, each input pixel makes a tile of its own. One row of all tiles is one product of a row of
 * input pixels, written where it belongs: no row pointers, no phases, and eight columns filled even by one
 * channel. */
#include <string.h>

#include "kernels/select.h"
#include "ops/phases.h"

int sk_tiles_fit(const sk_window *w) {
    for (int i = 0; i < 3; i++)
        if (w->kernel[i] != w->stride[i] || w->dilation[i] != 1 || w->pad[i] != 0 ||
            (int64_t)w->in[i] * w->stride[i] != w->out[i])
            return 0;
    return w->groups == 1;
}

/* ---- packing: for each row of a tile panels of [kernel[2]][out_c] columns ---- */

typedef struct tiles_form {
    int32_t bias, in_c, out_c, lines, width; /* width: kernel[2], of which a tile has `lines` */
} tiles_form;

static sk_panels panels_of(const tiles_form *f, float *data) {
    return (sk_panels){SK_PANEL, (size_t)f->width * (size_t)f->out_c, (size_t)f->in_c, data};
}

/* Weights of one input channel, [out_c][lines][width], as row `c` of each line's panels; b holds a line. */
static void pack_channel(const tiles_form *f, size_t c, const float *weights, float *b, float *packed,
                         size_t line_floats) {
    const size_t out_c = (size_t)f->out_c, lines = (size_t)f->lines, width = (size_t)f->width;
    for (size_t line = 0; line < lines; line++) {
        const sk_panels p = panels_of(f, packed + line * line_floats);
        for (size_t x = 0; x < width; x++)
            for (size_t o = 0; o < out_c; o++) b[x * out_c + o] = weights[(o * lines + line) * width + x];
        sk_pack_piece(&p, &(sk_piece){c, 1, 0, p.n, b, p.n, 1, 1.0f});
    }
}

/* line: room for the columns of one line. */
static sk_status pack_lines(const tiles_form *f, sk_weights *weights, sk_weights *bias, float *line,
                            float *packed, size_t line_floats) {
    const size_t out_c = (size_t)f->out_c, n = (size_t)f->width * out_c, filter = n * (size_t)f->lines;
    const float *from;
    if (f->bias >= 0) {
        SK_TRY(sk_weights_at(bias, 0, out_c, &from));
        for (size_t i = 0; i < n; i++) line[i] = from[i % out_c];
    }
    for (size_t i = 0; i < (size_t)f->lines; i++) {
        const sk_panels p = panels_of(f, packed + i * line_floats);
        sk_pack_bias(&p, line);
    }
    for (size_t c = 0; c < (size_t)f->in_c; c++) {
        SK_TRY(sk_weights_at(weights, c * filter, filter, &from));
        pack_channel(f, c, from, line, packed, line_floats);
    }
    return SK_OK;
}

static sk_status pack_tiles(const sk_pack *pack, void *dst) {
    const tiles_form *f = pack->params;
    const sk_panels p = panels_of(f, dst);
    sk_weights weights = {.pack = pack, .input = 1}, bias = {.pack = pack, .input = 2};
    size_t bytes = 0;
    float *line = sk_calloc(pack->heap, p.n, sizeof *line);
    if (!line || !sk_panels_bytes(&p, &bytes)) {
        sk_free(pack->heap, line);
        return sk_oom(pack->err, p.n * sizeof *line);
    }
    const sk_status status = pack_lines(f, &weights, &bias, line, dst, bytes / sizeof(float));
    sk_free(pack->heap, line);
    sk_weights_close(&weights);
    sk_weights_close(&bias);
    return status;
}

static tiles_form form_of(const sk_window *w, int32_t bias) {
    return (tiles_form){bias, w->in_c, w->out_c, w->kernel[0] * w->kernel[1], w->kernel[2]};
}

sk_status sk_tiles_pack(sk_prepare *p, const sk_window *w, const float **packed) {
    const int has_bias = p->n_in > 2 && p->in[2];
    const tiles_form f = form_of(w, has_bias ? p->constants[2]->id : -1);
    const sk_panels panels = panels_of(&f, NULL);
    size_t bytes;
    const void *at;
    if (!sk_panels_bytes(&panels, &bytes) || !sk_mul(bytes, (size_t)f.lines, &bytes) ||
        bytes > SK_MAX_TENSOR_BYTES)
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    SK_TRY(sk_prepare_pack(p, &(sk_packing){"f32_conv_tiles", 1, &f, sizeof f, bytes, pack_tiles}, &at));
    *packed = at;
    return SK_OK;
}

/* ---- run ---- */

/* Rows [begin, end) of input pixels, counted over all images. */
static void run_lines(const void *work, size_t begin, size_t end, int thread) {
    const sk_tiles *t = work;
    const sk_window *w = t->w;
    const tiles_form f = form_of(w, -1);
    const sk_panels p = panels_of(&f, NULL);
    const size_t in_w = (size_t)w->in[2], rows = (size_t)w->in[1],
                 line = (size_t)w->out[2] * (size_t)w->out_c;
    size_t bytes = 0;
    (void)thread;
    sk_panels_bytes(&p, &bytes);
    for (size_t i = begin; i < end; i++) {
        const float *packed = t->packed;
        for (size_t z = 0; z < (size_t)w->kernel[0]; z++)
            for (size_t y = 0; y < (size_t)w->kernel[1]; y++, packed += bytes / sizeof(float)) {
                const size_t plane = i / rows * (size_t)w->kernel[0] + z;
                const size_t row = plane * (size_t)w->out[1] + i % rows * (size_t)w->kernel[1] + y;
                t->gemm(in_w, p.n, p.k, t->x + i * in_w * p.k, p.k, packed, t->y + row * line, p.n, t->lo,
                        t->hi);
            }
    }
}

void sk_tiles_run(sk_pool *pool, const sk_tiles *t) {
    const sk_window *w = t->w;
    const size_t rows = (size_t)w->batch * (size_t)w->in[0] * (size_t)w->in[1];
    const double macs = (double)w->in[2] * w->in_c * w->out_c * w->kernel[0] * w->kernel[1] * w->kernel[2];
    sk_split(pool, rows, macs / 20, run_lines, t);
}
