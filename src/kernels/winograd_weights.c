/* Weights for Winograd's positions (winograd.c), made while a convolution runs from those of the nine taps,
 * for a few panels of columns at a time: kept, they would be 2.7 to 4 times the plain ones, and large ones
 * would come from memory that much slower than they are made here, in the cache. One row of positions at a
 * time. */
#include "kernels/kernels.h"

#define POSITIONS 6 /* of a row, for tiles 4 wide */

SK_INLINE v128_t add(v128_t a, v128_t b) { return wasm_f32x4_add(a, b); }
SK_INLINE v128_t sub(v128_t a, v128_t b) { return wasm_f32x4_sub(a, b); }
SK_INLINE v128_t times(v128_t a, float k) { return wasm_f32x4_mul(a, wasm_f32x4_splat(k)); }

/* Lines of G: what the three taps of a line count for at each position. */
static const float lines_2[4][3] = {{1, 0, 0}, {0.5f, 0.5f, 0.5f}, {0.5f, -0.5f, 0.5f}, {0, 0, 1}};
static const float lines_4[6][3] = {{1.0f / 4, 0, 0},
                                    {-1.0f / 6, -1.0f / 6, -1.0f / 6},
                                    {-1.0f / 6, 1.0f / 6, -1.0f / 6},
                                    {1.0f / 24, 1.0f / 12, 1.0f / 6},
                                    {1.0f / 24, -1.0f / 12, 1.0f / 6},
                                    {0, 0, 1}};

/* G g of three taps g. */
SK_INLINE void line(const v128_t *g, v128_t *o) {
    const v128_t sixth = times(add(g[0], g[2]), -1.0f / 6), middle = times(g[1], -1.0f / 6);
    const v128_t twelfth = times(g[1], 1.0f / 12);
    const v128_t both = sk_madd(g[2], wasm_f32x4_splat(1.0f / 6), times(g[0], 1.0f / 24));
    o[0] = times(g[0], 1.0f / 4);
    o[1] = add(sixth, middle);
    o[2] = sub(sixth, middle);
    o[3] = add(both, twelfth);
    o[4] = sub(both, twelfth);
    o[5] = g[2];
}

/* Positions of a row, made of three sums over the taps' columns. */
static void row(const float *down, const sk_winograd_weights_args *a) {
    const float *taps = a->taps;
    const v128_t c0 = wasm_f32x4_splat(down[0]), c1 = wasm_f32x4_splat(down[1]);
    const v128_t c2 = wasm_f32x4_splat(down[2]);
    for (size_t i = 0; i < a->floats; i += 4, taps += 4) {
        v128_t g[3], o[6];
        SK_UNROLL
        for (size_t x = 0; x < 3; x++) {
            const float *tap = taps + x * a->tap_step;
            g[x] = wasm_f32x4_mul(c0, sk_load4(tap));
            g[x] = sk_madd(c1, sk_load4(tap + 3 * a->tap_step), g[x]);
            g[x] = sk_madd(c2, sk_load4(tap + 6 * a->tap_step), g[x]);
        }
        line(g, o);
        float *to = a->to + i;
        SK_UNROLL
        for (int x = 0; x < POSITIONS; x++, to += a->step) sk_store4(to, o[x]);
    }
    for (size_t x = 0; x < POSITIONS; x++) a->at[x] = a->to + x * a->step;
}

void f32_winograd_weights_2x4__simd128(const sk_winograd_weights_args *args) { row(lines_2[args->y], args); }
void f32_winograd_weights_4x4__simd128(const sk_winograd_weights_args *args) { row(lines_4[args->y], args); }

static void sum(size_t floats, const float *a, const float *b, float *to) {
    for (size_t i = 0; i < floats; i += 4) sk_store4(to + i, add(sk_load4(a + i), sk_load4(b + i)));
}

/* Stride 2: each line has the taps 0, 1, 0 + 2, 2, 1. */
void f32_winograd_weights_2x2s2__simd128(const sk_winograd_weights_args *a) {
    static const uint8_t taps[] = {0, 1, 0, 2, 1};
    const float *first = a->taps + 3 * taps[a->y] * a->tap_step;
    size_t step = a->tap_step;
    float *sums = a->to;
    if (a->y == 2) {
        for (size_t x = 0; x < 3; x++, sums += a->step)
            sum(a->floats, a->taps + x * step, a->taps + (6 + x) * step, sums);
        first = a->to;
        step = a->step;
    }
    sum(a->floats, first, first + 2 * step, sums);
    for (size_t x = 0; x < 5; x++) a->at[x] = x == 2 ? sums : first + taps[x] * step;
}
