/* float32 depthwise convolution, channels-last, vectorised over channels: every channel has a filter of its
 * own, so four channels are four independent sums. For the usual filters one output row is done at a time
 * with the filter of four channels in registers while x runs along the row (two outputs a step, which share
 * most of their inputs); bound by loads. The general kernel takes any window through row pointers. Weights:
 * panels of width 4 (pack.h): 4 biases, then per tap 4 weights. */
#include "kernels/kernels.h"

/* `pixels` neighbouring outputs of four channels: p[ky] points at their first input column, columns are
 * `step` floats apart. */
SK_INLINE void outputs(const int kh, const int kw, const int stride, const int pixels, const float *const *p,
                       size_t step, const v128_t *w, v128_t bias, v128_t *acc) {
    const int columns = (pixels - 1) * stride + kw;
    SK_UNROLL
    for (int i = 0; i < pixels; i++) acc[i] = bias;
    SK_UNROLL
    for (int ky = 0; ky < kh; ky++) SK_UNROLL
    for (int cx = 0; cx < columns; cx++) {
        const v128_t x = sk_load4(p[ky] + (size_t)cx * step);
        SK_UNROLL
        for (int i = 0; i < pixels; i++) {
            const int kx = cx - i * stride;
            if (kx >= 0 && kx < kw) acc[i] = sk_madd(x, w[ky * kw + kx], acc[i]);
        }
    }
}

/* One output near the left or right edge: only the taps inside the input. Rare, so one small copy serves all
 * filters. */
static v128_t edge(int kh, int kw, const sk_dwconv_args *a, const float *const *row, const size_t *row_step,
                   ptrdiff_t x0, const float *packed) {
    const ptrdiff_t first = x0 < 0 ? -x0 : 0, room = (ptrdiff_t)a->in_w - x0, end = room < kw ? room : kw;
    v128_t acc = sk_load4(packed);
    packed += 4;
    for (int ky = 0; ky < kh; ky++, packed += 4 * (size_t)kw) {
        if (row_step[ky] == 0) continue; /* zeros */
        const float *x = row[ky] + (size_t)(x0 + first) * a->channels, *w = packed + 4 * first;
        for (ptrdiff_t kx = first; kx < end; kx++, x += a->channels, w += 4)
            acc = sk_madd(sk_load4(x), sk_load4(w), acc);
    }
    return sk_clamp4(acc, wasm_f32x4_splat(a->lo), wasm_f32x4_splat(a->hi));
}

/* Four channels of one output row. row[ky]: the first pixel of each input row at these channels; a row
 * outside the input is the zeros, again and again (step 0). */
SK_INLINE void four_channels(const int kh, const int kw, const int stride, const sk_dwconv_args *a,
                             const float *const *row, const size_t *row_step, const float *packed, float *y) {
    const v128_t lo = wasm_f32x4_splat(a->lo), hi = wasm_f32x4_splat(a->hi), bias = sk_load4(packed);
    const ptrdiff_t pad = (ptrdiff_t)a->pad;
    v128_t w[25], acc[2];
    SK_UNROLL
    for (int t = 0; t < kh * kw; t++) w[t] = sk_load4(packed + 4 + 4 * t);
    size_t x = 0;
    for (; x < a->out_w; x++) {
        const ptrdiff_t x0 = (ptrdiff_t)x * stride - pad;
        if (x0 >= 0 && x0 + kw <= (ptrdiff_t)a->in_w) break;
        sk_store4(y + x * a->channels, edge(kh, kw, a, row, row_step, x0, packed));
    }
    if (x == a->out_w) return;
    const float *p[5];
    size_t bump[5];
    SK_UNROLL
    for (int ky = 0; ky < kh; ky++) {
        p[ky] = row[ky] + (x * stride - a->pad) * row_step[ky];
        bump[ky] = 2 * (size_t)stride * row_step[ky];
    }
    for (; x + 1 < a->out_w && (x + 1) * stride - a->pad + kw <= a->in_w; x += 2) {
        outputs(kh, kw, stride, 2, p, a->channels, w, bias, acc);
        sk_store4(y + x * a->channels, sk_clamp4(acc[0], lo, hi));
        sk_store4(y + (x + 1) * a->channels, sk_clamp4(acc[1], lo, hi));
        SK_UNROLL
        for (int ky = 0; ky < kh; ky++) p[ky] += bump[ky];
    }
    for (; x < a->out_w; x++) {
        const ptrdiff_t x0 = (ptrdiff_t)x * stride - pad;
        sk_store4(y + x * a->channels, edge(kh, kw, a, row, row_step, x0, packed));
    }
}

SK_INLINE void output_row(const int kh, const int kw, const int stride, const sk_dwconv_args *a) {
    const size_t panel = 4 * (1 + (size_t)(kh * kw));
    for (size_t c = 0; c < a->channels; c += 4) {
        const float *row[5];
        size_t step[5];
        SK_UNROLL
        for (int ky = 0; ky < kh; ky++) {
            row[ky] = a->rows[ky] ? a->rows[ky] + c : a->zeros;
            step[ky] = a->rows[ky] ? a->channels : 0;
        }
        four_channels(kh, kw, stride, a, row, step, a->packed + c / 4 * panel, a->y + c);
    }
}

void f32_dwconv_3x3s1__simd128(const sk_dwconv_args *args) { output_row(3, 3, 1, args); }
void f32_dwconv_3x3s2__simd128(const sk_dwconv_args *args) { output_row(3, 3, 2, args); }
void f32_dwconv_5x5s1__simd128(const sk_dwconv_args *args) { output_row(5, 5, 1, args); }
void f32_dwconv_5x5s2__simd128(const sk_dwconv_args *args) { output_row(5, 5, 2, args); }

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
