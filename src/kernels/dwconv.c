/* float32 depthwise convolution, channels-last, vectorised over channels: every channel has a filter of its
 * own, so four channels are four independent sums. For the usual filters one output row is done at a time,
 * four channels while x runs along the row, a few outputs a step, which share most of their inputs; bound by
 * loads. The general kernel takes any window through row pointers. Weights: panels of width 4 (pack.h): 4
 * biases, then per tap 4 weights. */
#include "kernels/kernels.h"

/* Adds one row of the window to `pixels` neighbouring outputs of four channels: p points at the first input
 * column, columns are `step` floats apart. */
SK_INLINE void row_sums(const int kw, const int stride, const int pixels, const float *p, size_t step,
                        const v128_t *w, v128_t *acc) {
    const int columns = (pixels - 1) * stride + kw;
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

/* The outputs of one row from x on that see no edge, as many as fill whole steps; returns where they end. */
typedef size_t inner_fn(const sk_dwconv_args *a, const float *const *row, const size_t *row_step, size_t x,
                        const float *packed, float *y);

/* 3x3: all nine weights stay in registers, two outputs share their inputs. */
SK_INLINE size_t inner_3x3(const int stride, const sk_dwconv_args *a, const float *const *row,
                           const size_t *row_step, size_t x, const float *packed, float *y) {
    const v128_t lo = wasm_f32x4_splat(a->lo), hi = wasm_f32x4_splat(a->hi), bias = sk_load4(packed);
    const float *p[3];
    size_t bump[3];
    v128_t w[9], acc[2];
    SK_UNROLL
    for (int t = 0; t < 9; t++) w[t] = sk_load4(packed + 4 + 4 * t);
    SK_UNROLL
    for (int ky = 0; ky < 3; ky++) {
        p[ky] = row[ky] + (x * stride - a->pad) * row_step[ky];
        bump[ky] = 2 * (size_t)stride * row_step[ky];
    }
    for (; x + 1 < a->out_w && (x + 1) * stride - a->pad + 3 <= a->in_w; x += 2) {
        acc[0] = acc[1] = bias;
        SK_UNROLL
        for (int ky = 0; ky < 3; ky++) {
            row_sums(3, stride, 2, p[ky], a->channels, w + 3 * ky, acc);
            p[ky] += bump[ky];
        }
        sk_store4(y + x * a->channels, sk_clamp4(acc[0], lo, hi));
        sk_store4(y + (x + 1) * a->channels, sk_clamp4(acc[1], lo, hi));
    }
    return x;
}

/* 5x5: 25 weights do not fit, so one row of them at a time serves four outputs. */
SK_INLINE size_t inner_5x5(const int stride, const sk_dwconv_args *a, const float *const *row,
                           const size_t *row_step, size_t x, const float *packed, float *y) {
    const v128_t lo = wasm_f32x4_splat(a->lo), hi = wasm_f32x4_splat(a->hi), bias = sk_load4(packed);
    for (; x + 3 < a->out_w && (x + 3) * stride - a->pad + 5 <= a->in_w; x += 4) {
        v128_t w[5], acc[4] = {bias, bias, bias, bias};
        for (int ky = 0; ky < 5; ky++) {
            SK_UNROLL
            for (int t = 0; t < 5; t++) w[t] = sk_load4(packed + 4 + 20 * ky + 4 * t);
            row_sums(5, stride, 4, row[ky] + (x * stride - a->pad) * row_step[ky], a->channels, w, acc);
        }
        SK_UNROLL
        for (int i = 0; i < 4; i++) sk_store4(y + (x + (size_t)i) * a->channels, sk_clamp4(acc[i], lo, hi));
    }
    return x;
}

/* One output row, four channels at a time. */
static void output_row(int k, size_t stride, inner_fn *inner, const sk_dwconv_args *a) {
    const size_t panel = 4 * (1 + (size_t)(k * k));
    const float *packed = a->packed;
    for (size_t c = 0; c < a->channels; c += 4, packed += panel) {
        const float *row[5];
        size_t step[5], x = 0;
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

#define ROW_KERNEL(k, stride)                                                                                \
    static size_t inner_##k##s##stride(const sk_dwconv_args *a, const float *const *row,                     \
                                       const size_t *row_step, size_t x, const float *packed, float *y) {    \
        return inner_##k##x##k(stride, a, row, row_step, x, packed, y);                                      \
    }                                                                                                        \
    void f32_dwconv_##k##x##k##s##stride##__simd128(const sk_dwconv_args *args) {                            \
        output_row(k, stride, inner_##k##s##stride, args);                                                   \
    }
ROW_KERNEL(3, 1)
ROW_KERNEL(3, 2)
ROW_KERNEL(5, 1)
ROW_KERNEL(5, 2)

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
