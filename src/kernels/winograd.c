/* Winograd's convolution, 3x3, channels-last: with stride 1 a tile of h x w outputs takes (h + 2) * (w + 2)
 * multiplications a pair of channels instead of 9 h w, 4 times fewer for 4 x 4, 3 for 2 x 4; with stride 2 a
 * tile of 2 x 2 takes 25 instead of 36. What stands here goes before and after the products: the input tile
 * into its transformed positions (B' d B) and the products back into pixels (A' m A), four channels at a
 * time. The matrices are Lavin and Gray's ("Fast Algorithms for Convolutional Neural Networks", 2015).
 * Columns first, through a buffer of one tile on the stack, because 36 vectors do not fit in registers. Bound
 * by loads and stores. */
#include "kernels/kernels.h"

#define SIDE 6 /* of the largest input tile */
/* Of the input tile, and how many positions a line has. */
#define SIDE_OF(stride, t) (((t) - 1) * (stride) + 3)

SK_INLINE v128_t add(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
SK_INLINE v128_t sub(v128_t a, v128_t b) { return wasm_f32x4_sub(a, b); }
/* a * k + b */
SK_INLINE v128_t scaled(v128_t a, float k, v128_t b) { return sk_madd(a, wasm_f32x4_splat(k), b); }

/* One line of B' d. Stride 2: the odd inputs meet two taps, three products for two outputs (0, 2, 3); each
 * even one meets the middle tap (1, 4). */
SK_INLINE void in_line(const int stride, const int t, const v128_t *d, v128_t *o) {
    if (stride == 2) {
        o[0] = sub(d[0], d[2]);
        o[1] = d[1];
        o[2] = d[2];
        o[3] = sub(d[4], d[2]);
        o[4] = d[3];
        return;
    }
    if (t == 2) {
        o[0] = sub(d[0], d[2]);
        o[1] = add(d[1], d[2]);
        o[2] = sub(d[2], d[1]);
        o[3] = sub(d[1], d[3]);
        return;
    }
    const v128_t a = scaled(d[2], -4, d[4]), b = scaled(d[1], -4, d[3]);
    const v128_t c = sub(d[4], d[2]), e = sub(d[3], d[1]), two = add(e, e);
    o[0] = scaled(d[0], 4, scaled(d[2], -5, d[4]));
    o[1] = add(a, b);
    o[2] = sub(a, b);
    o[3] = add(c, two);
    o[4] = sub(c, two);
    o[5] = scaled(d[1], 4, scaled(d[3], -5, d[5]));
}

/* One line of A' m. */
SK_INLINE void out_line(const int stride, const int t, const v128_t *m, v128_t *o) {
    if (stride == 2) {
        o[0] = add(add(m[0], m[1]), m[2]);
        o[1] = add(m[2], add(m[3], m[4]));
        return;
    }
    const v128_t sum = add(m[1], m[2]), difference = sub(m[1], m[2]);
    if (t == 2) {
        o[0] = add(m[0], sum);
        o[1] = sub(difference, m[3]);
        return;
    }
    const v128_t s = add(m[3], m[4]), d = sub(m[3], m[4]);
    o[0] = add(add(m[0], sum), s);
    o[1] = scaled(d, 2, difference);
    o[2] = scaled(s, 4, sum);
    o[3] = scaled(d, 8, add(difference, m[5]));
}

/* h x w: the output tile. */
SK_INLINE void in_tile(const int stride, const int h, const int w, const sk_winograd_in_args *a) {
    const int down = SIDE_OF(stride, h), across = SIDE_OF(stride, w);
    for (size_t c = 0; c < a->channels; c += 4) {
        v128_t between[SIDE * SIDE];
        for (int x = 0; x < across; x++) {
            v128_t d[SIDE], o[SIDE];
            SK_UNROLL
            for (int y = 0; y < down; y++) d[y] = sk_load4(a->rows[y * across + x] + c);
            in_line(stride, h, d, o);
            SK_UNROLL
            for (int y = 0; y < down; y++) between[y * across + x] = o[y];
        }
        float *v = a->v + c;
        for (int y = 0; y < down; y++) {
            v128_t o[SIDE];
            in_line(stride, w, between + y * across, o);
            SK_UNROLL
            for (int x = 0; x < across; x++, v += a->step) sk_store4(v, o[x]);
        }
    }
}

SK_INLINE void out_tile(const int stride, const int h, const int w, const sk_winograd_out_args *a) {
    const int down = SIDE_OF(stride, h), across = SIDE_OF(stride, w);
    const v128_t lo = wasm_f32x4_splat(a->lo), hi = wasm_f32x4_splat(a->hi);
    for (size_t c = 0; c < a->channels; c += 4) {
        v128_t between[4 * SIDE];
        for (int x = 0; x < across; x++) {
            const float *m = a->m + (size_t)x * a->step + c;
            v128_t d[SIDE], o[4];
            SK_UNROLL
            for (int y = 0; y < down; y++, m += (size_t)across * a->step) d[y] = sk_load4(m);
            out_line(stride, h, d, o);
            SK_UNROLL
            for (int y = 0; y < h; y++) between[y * across + x] = o[y];
        }
        for (int y = 0; y < a->height; y++) {
            const size_t line = (size_t)y * a->line + c;
            v128_t o[4];
            out_line(stride, w, between + y * across, o);
            SK_UNROLL
            for (int x = 0; x < w; x++) {
                const size_t at = line + (size_t)x * a->channels;
                if (x >= a->width) break;
                if (a->add) o[x] = add(o[x], sk_load4(a->add + at));
                sk_store4(a->y + at, sk_clamp4(o[x], lo, hi));
            }
        }
    }
}

#define TILE_KERNELS(name, stride, h, w)                                                                     \
    void f32_winograd_in_##name##__simd128(const sk_winograd_in_args *args) { in_tile(stride, h, w, args); } \
    void f32_winograd_out_##name##__simd128(const sk_winograd_out_args *args) {                              \
        out_tile(stride, h, w, args);                                                                        \
    }
TILE_KERNELS(2x4, 1, 2, 4)
TILE_KERNELS(4x4, 1, 4, 4)
TILE_KERNELS(2x2s2, 2, 2, 2)

/* The sum of a residual connection, on a block of outputs that is still in the cache. */
void f32_residual__simd128(size_t n, const float *x, float *y, float clamp_lo, float clamp_hi) {
    const v128_t lo = wasm_f32x4_splat(clamp_lo), hi = wasm_f32x4_splat(clamp_hi);
    size_t i = 0;
    for (; n - i >= 4; i += 4) sk_store4(y + i, sk_clamp4(add(sk_load4(y + i), sk_load4(x + i)), lo, hi));
    for (; i < n; i++) y[i] = sk_clamp1(y[i] + x[i], clamp_lo, clamp_hi);
}
