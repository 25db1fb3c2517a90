/* float32 depthwise convolution, channels-last, vectorised over channels: every channel has a filter of its
 * own, so four channels are four independent sums. For the usual filters one output row is done at a time,
 * four channels while x runs along the row, a few outputs a step, which share most of their inputs and each
 * row of weights: two loads for three multiply-adds. Measured (V8, one thread, on what lies in the
 * first-level cache and beyond it): 29 and 22 Gop/s; with all nine weights in registers, which the compiler
 * spills, 21 and 18. The general kernel takes any window through row pointers. Weights: panels of width 4
 * (pack.h): 4 biases, then per tap 4 weights. */
#include "kernels/kernels.h"

/* Adds one row of the window to `pixels` neighbouring outputs of four channels: p points at the first input
 * column, columns are `step` floats apart. */
SK_INLINE void row_sums(const int kw, const int stride, const int pixels, const float *p, size_t step,
                        const float *packed, v128_t *acc) {
    const int columns = (pixels - 1) * stride + kw;
    v128_t w[5];
    SK_UNROLL
    for (int t = 0; t < kw; t++) w[t] = sk_load4(packed + 4 * t);
    SK_UNROLL
    for (int cx = 0; cx < columns; cx++) {
        const v128_t x = sk_load4(p + (size_t)cx * step);
        SK_UNROLL
        for (int i = 0; i < pixels; i++) {
            const int kx = cx - i * stride;
            if (kx >= 0 && kx < kw) acc[i] = sk_madd(x, w[kx], acc[i]);
        }
    }
}

/* One output near the left or right edge: only the taps inside the input. Rare, so one small copy serves all
 * filters. */
static v128_t edge(int k, const sk_dwconv_args *a, const float *const *row, const size_t *row_step,
                   ptrdiff_t x0, const float *packed) {
    const ptrdiff_t first = x0 < 0 ? -x0 : 0, room = (ptrdiff_t)a->in_w - x0, end = room < k ? room : k;
    v128_t acc = sk_load4(packed);
    packed += 4;
    for (int ky = 0; ky < k; ky++, packed += 4 * (size_t)k) {
        if (row_step[ky] == 0) continue; /* zeros */
        const float *x = row[ky] + (size_t)(x0 + first) * a->channels, *w = packed + 4 * first;
        for (ptrdiff_t kx = first; kx < end; kx++, x += a->channels, w += 4)
            acc = sk_madd(sk_load4(x), sk_load4(w), acc);
    }
    return sk_clamp4(acc, wasm_f32x4_splat(a->lo), wasm_f32x4_splat(a->hi));
}

/* The outputs of one row from x on that see no edge, unless they are too few for a step; returns where they
 * end.
 */
typedef size_t inner_fn(const sk_dwconv_args *a, const float *const *row, const size_t *row_step, size_t x,
                        const float *packed, float *y);

/* `pixels` outputs a step. A row of the filter at a time: not unrolled, because the compiler would then load
 * all that it needs before the first multiplication, which spills. The last step may do some outputs twice.
 */
SK_INLINE size_t inner_row(const int k, const int stride, const int pixels, const sk_dwconv_args *a,
                           const float *const *row, const size_t *row_step, size_t x, const float *packed,
                           float *y) {
    const v128_t lo = wasm_f32x4_splat(a->lo), hi = wasm_f32x4_splat(a->hi), bias = sk_load4(packed);
    if (a->in_w + a->pad < (size_t)k) return x;
    const size_t room = (a->in_w + a->pad - (size_t)k) / (size_t)stride + 1,
                 last = a->out_w < room ? a->out_w : room;
    const size_t channels = a->channels;
    if (x + (size_t)pixels > last) return x;
    for (;;) {
        v128_t acc[4];
        const float *w = packed + 4;
        SK_UNROLL
        for (int i = 0; i < pixels; i++) acc[i] = bias;
        for (int ky = 0; ky < k; ky++, w += 4 * k)
            row_sums(k, stride, pixels, row[ky] + (x * (size_t)stride - a->pad) * row_step[ky], channels, w,
                     acc);
        float *to = y + x * channels;
        SK_UNROLL
        for (int i = 0; i < pixels; i++, to += channels) sk_store4(to, sk_clamp4(acc[i], lo, hi));
        x += (size_t)pixels;
        if (x == last) return x;
        if (x + (size_t)pixels > last) x = last - (size_t)pixels;
    }
}

/* One output row, four channels at a time. */
static void output_row(int k, size_t stride, inner_fn *inner, const sk_dwconv_args *a) {
    const size_t panel = 4 * (1 + (size_t)(k * k));
    const float *packed = a->packed;
    for (size_t c = 0; c < a->channels; c += 4, packed += panel) {
        const float *row[SK_DWCONV_ROWS];
        size_t step[SK_DWCONV_ROWS], x = 0;
        for (int ky = 0; ky < k; ky++) { /* outside the input: the zeros, again and again */
            row[ky] = a->rows[ky] ? a->rows[ky] + c : a->zeros;
            step[ky] = a->rows[ky] ? a->channels : 0;
        }
        float *y = a->y + c;
        for (; x < a->out_w && x * stride < a->pad; x++)
            sk_store4(y + x * a->channels,
                      edge(k, a, row, step, (ptrdiff_t)(x * stride) - (ptrdiff_t)a->pad, packed));
        x = inner(a, row, step, x, packed, y);
        for (; x < a->out_w; x++)
            sk_store4(y + x * a->channels, edge(k, a, row, step, (ptrdiff_t)(x * stride - a->pad), packed));
    }
}

#define ROW_KERNEL(k, stride, pixels)                                                                        \
    static size_t inner_##k##s##stride(const sk_dwconv_args *a, const float *const *row,                     \
                                       const size_t *row_step, size_t x, const float *packed, float *y) {    \
        return inner_row(k, stride, pixels, a, row, row_step, x, packed, y);                                 \
    }                                                                                                        \
    void f32_dwconv_##k##x##k##s##stride##__simd128(const sk_dwconv_args *args) {                            \
        output_row(k, stride, inner_##k##s##stride, args);                                                   \
    }
ROW_KERNEL(3, 1, 4)
ROW_KERNEL(3, 2, 3)
ROW_KERNEL(5, 1, 4)
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
