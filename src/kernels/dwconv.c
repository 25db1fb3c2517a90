/* float32 depthwise convolution, channels-last, vectorised over channels: every channel has a filter of its
 * own, so four channels are four independent sums. For the usual filters one output row is done at a time,
 * four channels while x runs along the row, a few outputs a step, which share most of their inputs and each
 * row of weights: two loads for three multiply-adds. Measured (V8, one thread): 31 Gop/s on what lies in the
 * first-level cache, 24 beyond it; with all nine weights in registers, which the compiler spills, 21 and 18.
 * The general kernel takes any window through row pointers. Weights: panels of width 4 (pack.h): 4 biases,
 * then per tap 4 weights. */
#include "kernels/kernels.h"

/* Adds one row of the window to `pixels` neighbouring outputs of four channels. Columns are `step` floats
 * apart; of the first `left` and last `right` of them nothing is read, they lie outside the input. p points
 * at the first of the others. */
SK_INLINE void row_sums(const int kw, const int stride, const int pixels, const int left, const int right,
                        const float *p, size_t step, const float *packed, v128_t *acc) {
    const int columns = (pixels - 1) * stride + kw;
    v128_t w[5];
    SK_UNROLL
    for (int t = 0; t < kw; t++) w[t] = sk_load4(packed + 4 * t);
    SK_UNROLL
    for (int cx = left; cx < columns - right; cx++) {
        const v128_t x = sk_load4(p + (size_t)(cx - left) * step);
        SK_UNROLL
        for (int i = 0; i < pixels; i++) {
            const int kx = cx - i * stride;
            if (kx >= 0 && kx < kw) acc[i] = sk_madd(x, w[kx], acc[i]);
        }
    }
}

typedef struct line {
    const float *row[SK_DWCONV_ROWS]; /* from its first column; outside the input zeros, again and again */
    size_t step[SK_DWCONV_ROWS];      /* from column to column: 0 in the zeros */
    const float *packed;
    float *y;
    v128_t lo, hi;
} line;

static void set_rows(int k, const sk_dwconv_args *a, size_t c, line *l) {
    for (int ky = 0; ky < k; ky++) {
        l->row[ky] = a->rows[ky] ? a->rows[ky] + c : a->zeros;
        l->step[ky] = a->rows[ky] ? a->channels : 0;
    }
    l->y = a->y + c;
}

/* Output x near the left or right edge, whose window starts at x0: only the taps inside the input. Rare, so
 * one small copy serves all 3 x 3 filters. */
SK_INLINE void edge_of(const int k, const sk_dwconv_args *a, const line *l, ptrdiff_t x0, size_t x) {
    const ptrdiff_t first = x0 < 0 ? -x0 : 0, room = (ptrdiff_t)a->in_w - x0, end = room < k ? room : k;
    const float *packed = l->packed + 4;
    v128_t acc = sk_load4(l->packed);
    for (int ky = 0; ky < k; ky++, packed += 4 * (size_t)k) {
        if (l->step[ky] == 0) continue; /* zeros */
        const float *in = l->row[ky] + (size_t)(x0 + first) * a->channels, *w = packed + 4 * first;
        for (ptrdiff_t kx = first; kx < end; kx++, in += a->channels, w += 4)
            acc = sk_madd(sk_load4(in), sk_load4(w), acc);
    }
    sk_store4(l->y + x * a->channels, sk_clamp4(acc, l->lo, l->hi));
}

static __attribute__((noinline)) void edge_3(const sk_dwconv_args *a, const line *l, ptrdiff_t x0, size_t x) {
    edge_of(3, a, l, x0, x);
}

/* With 5 x 5, where more outputs see an edge, the call alone costs 7%. */
SK_INLINE void edge(const int k, const sk_dwconv_args *a, const line *l, ptrdiff_t x0, size_t x) {
    if (k == 3) edge_3(a, l, x0, x);
    else edge_of(k, a, l, x0, x);
}

/* `pixels` outputs from x on. A row of the filter at a time: not unrolled, because the compiler would then
 * load all that it needs before the first multiplication, which spills. */
SK_INLINE void outputs(const int k, const int stride, const int pixels, const int left, const int right,
                       const sk_dwconv_args *a, const line *l, size_t x) {
    const size_t first = left ? 0 : x * (size_t)stride - a->pad, channels = a->channels;
    const float *w = l->packed + 4;
    v128_t acc[6];
    SK_UNROLL
    for (int i = 0; i < pixels; i++) acc[i] = sk_load4(l->packed);
    for (int ky = 0; ky < k; ky++, w += 4 * k)
        row_sums(k, stride, pixels, left, right, l->row[ky] + first * l->step[ky], l->step[ky], w, acc);
    float *to = l->y + x * channels;
    SK_UNROLL
    for (int i = 0; i < pixels; i++, to += channels) sk_store4(to, sk_clamp4(acc[i], l->lo, l->hi));
}

/* One line of four channels. With 3x3 the first and last outputs, which see one column outside, come with
 * their neighbours: alone they would take as long as four. Some outputs are done twice where whole steps end.
 */
SK_INLINE void output_line(const int k, const int stride, const int pixels, const sk_dwconv_args *a,
                           const line *l) {
    const size_t s = (size_t)stride, n = (size_t)pixels, seen = a->in_w + a->pad;
    const size_t inside =
        seen < (size_t)k ? 0 : (seen - (size_t)k) / s + 1; /* end of those without an edge */
    const size_t room = a->out_w < inside ? a->out_w : inside;
    size_t x = 0, end = a->out_w;
    const int right = k == 3 && end > room && (end - 1) * s + (size_t)k == seen + 1 && end >= n + a->pad;
    if (k == 3 && a->pad == 1 && room >= n) {
        outputs(k, stride, pixels, 1, 0, a, l, 0);
        x = n;
    }
    for (; x < end && x * s < a->pad; x++) edge(k, a, l, (ptrdiff_t)(x * s) - (ptrdiff_t)a->pad, x);
    if (right) end -= n;
    if (x + n <= room || (x < end && room >= n && (room - n) * s >= a->pad))
        for (; x < end && x < room; x += n) {
            if (x + n > room) x = room - n;
            outputs(k, stride, pixels, 0, 0, a, l, x);
        }
    if (right && x >= end) {
        outputs(k, stride, pixels, 0, 1, a, l, end);
        return;
    }
    for (; x < a->out_w; x++) edge(k, a, l, (ptrdiff_t)(x * s) - (ptrdiff_t)a->pad, x);
}

/* One output row, four channels at a time. How many outputs a step: more have more sums under way and share
 * more inputs, but where the row is no multiple of them some are done twice. With 3x3 5 take 0.050 ms where
 * 4 take 0.057 (384 channels of 14x14), as long on wider rows; with 5x5 6 take 0.41, 4 took 0.46 (240 of
 * 12x80). */
#define ROW_KERNEL(k, stride, pixels)                                                                        \
    void f32_dwconv_##k##x##k##s##stride##__simd128(const sk_dwconv_args *a) {                               \
        line l = {.packed = a->packed, .lo = wasm_f32x4_splat(a->lo), .hi = wasm_f32x4_splat(a->hi)};        \
        for (size_t c = 0; c < a->channels; c += 4, l.packed += 4 * (1 + k * k)) {                           \
            set_rows(k, a, c, &l);                                                                           \
            output_line(k, stride, pixels, a, &l);                                                           \
        }                                                                                                    \
    }
ROW_KERNEL(3, 1, 5)
ROW_KERNEL(3, 2, 4)
ROW_KERNEL(5, 1, 6)
ROW_KERNEL(5, 2, 4)

/* Any window: tap t of output i is channels floats at rows[t * m + i]. */
void f32_dwconv_any__simd128(size_t m, size_t n, size_t k, size_t taps, const float *const *rows,
                             const float *packed, float *c, size_t ldc, float clamp_lo, float clamp_hi) {
    const v128_t lo = wasm_f32x4_splat(clamp_lo), hi = wasm_f32x4_splat(clamp_hi);
    (void)k;
    for (size_t i = 0; i < m; i++, c += ldc) {
        const float *w = packed;
        for (size_t j = 0; j < n; j += 4) {
            const size_t nr = n - j;
            v128_t acc = sk_load4(w);
            w += 4;
            for (size_t t = 0; t < taps; t++, w += 4) {
                const float *x = rows[t * m + i] + j;
                acc = sk_madd(nr >= 4 ? sk_load4(x) : sk_load_part(x, nr), sk_load4(w), acc);
            }
            acc = sk_clamp4(acc, lo, hi);
            if (nr >= 4) sk_store4(c + j, acc);
            else sk_store_part(c + j, acc, nr);
        }
    }
}
