/* What a window sees at each output pixel, side by side: the rows of a plain product, for convolutions of few
 * channels (a model's first layer). There the pieces that the indirect product reads through pointers would
 * be of three or so numbers each, and its loops too short. */
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
SK_INLINE float *line_taps(const sk_window *w, const float *line, int64_t x, float *to) {
    const size_t c = (size_t)w->in_c;
    const int64_t k = w->kernel[2], left = x < 0 ? -x : 0, room = w->in[2] - x;
    if (line && left == 0 && room >= k) return copy(to, line + (size_t)x * c, (size_t)k * c);
    const int64_t first = !line || left > k ? k : left;
    const int64_t end = room < first ? first : room < k ? room : k;
    to = zeros(to, (size_t)first * c);
    if (end > first) to = copy(to, line + (size_t)(x + first) * c, (size_t)(end - first) * c);
    return zeros(to, (size_t)(k - end) * c);
}

void f32_patches__simd128(const sk_window *w, const float *x, size_t first, size_t m, size_t step,
                          float *to) {
    const size_t line = (size_t)w->in[2] * (size_t)w->in_c, image = (size_t)w->in[1] * line;
    size_t column = first % (size_t)w->out[2], row = first / (size_t)w->out[2];
    for (; m > 0; row++, column = 0) {
        const float *at = x + row / (size_t)w->out[1] * image;
        const int64_t y0 = (int64_t)(row % (size_t)w->out[1]) * w->stride[1] - w->pad[1];
        for (; m > 0 && column < (size_t)w->out[2]; m--, column++, to += step) {
            const int64_t x0 = (int64_t)column * w->stride[2] - w->pad[2];
            int64_t y = y0;
            float *taps = to;
            for (int32_t ky = 0; ky < w->kernel[1]; ky++, y += w->dilation[1])
                taps = line_taps(w, y >= 0 && y < w->in[1] ? at + (size_t)y * line : NULL, x0, taps);
        }
    }
}
