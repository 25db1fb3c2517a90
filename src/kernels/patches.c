/* The rows of the indirect product for convolutions of few channels (a model's first layer). What a window
 * sees of one line, all its taps and channels, lies side by side in the input, so it is one piece of the
 * product (3x3x3: three of nine numbers); only at the left and right edges it is put together. Measured (V8,
 * 224x224x3 to 32 channels, stride 2): 0.52 ms, 0.62 when every row was put together. */
#include "kernels/kernels.h"

SK_INLINE float *copy(float *to, const float *from, size_t n) {
    for (; n >= 4; n -= 4, to += 4, from += 4) sk_store4(to, sk_load4(from));
    for (; n > 0; n--) *to++ = *from++;
    return to;
}

SK_INLINE float *zeros(float *to, size_t n) {
    for (; n > 0; n--) *to++ = 0;
    return to;
}

/* The taps along x from column x on of one line, NULL: outside the input. */
static float *line_taps(const sk_window *w, const float *line, int64_t x, float *to) {
    const size_t c = (size_t)w->in_c;
    const int64_t k = w->kernel[2], left = x < 0 ? -x : 0, room = w->in[2] - x;
    const int64_t first = !line || left > k ? k : left;
    const int64_t end = room < first ? first : room < k ? room : k;
    to = zeros(to, (size_t)first * c);
    if (end > first) to = copy(to, line + (size_t)(x + first) * c, (size_t)(end - first) * c);
    return zeros(to, (size_t)(k - end) * c);
}

/* The rows of `m` neighbouring output pixels from `column` on, in one line; stride: of rows. */
static float *line_rows(const sk_window *w, const float *image, size_t row, size_t column, size_t m,
                        size_t stride, const float **rows, float *to) {
    const int64_t k = w->kernel[2];
    int64_t y = (int64_t)row * w->stride[1] - w->pad[1];
    for (int32_t ky = 0; ky < w->kernel[1]; ky++, y += w->dilation[1], rows += stride) {
        const float *line =
            y >= 0 && y < w->in[1] ? image + (size_t)y * (size_t)w->in[2] * (size_t)w->in_c : NULL;
        int64_t x = (int64_t)column * w->stride[2] - w->pad[2];
        for (size_t i = 0; i < m; i++, x += w->stride[2]) {
            const int inside = line && x >= 0 && x + k <= w->in[2];
            rows[i] = inside ? line + (size_t)x * (size_t)w->in_c : to;
            if (!inside) to = line_taps(w, line, x, to);
        }
    }
    return to;
}

void f32_patches__simd128(const sk_window *w, const float *x, size_t first, size_t m, const float **rows,
                          float *to) {
    const size_t image = (size_t)w->in[1] * (size_t)w->in[2] * (size_t)w->in_c, out_h = (size_t)w->out[1];
    size_t column = first % (size_t)w->out[2], row = first / (size_t)w->out[2];
    for (size_t i = 0, n; i < m; i += n, row++, column = 0) {
        n = (size_t)w->out[2] - column < m - i ? (size_t)w->out[2] - column : m - i;
        to = line_rows(w, x + row / out_h * image, row % out_h, column, n, m, rows + i, to);
    }
}
