/* Timing loops around the kernels, linked with the very objects of a run-time build and called from
 * tests/bench/kernels-work.js, which times them: a run-time wasm exports no kernels. Only numbers cross. The
 * operands' values do not matter for the time as long as they are ordinary numbers; outputs of candidates are
 * compared with each other. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/select.h"

#define EXPORT(name) __attribute__((export_name(name), used))

/* Operands: what is read (activations), what was packed, what is written. */
static float *a, *w, *c;
static const float **rows;
static size_t room;

static uint32_t state = 2463534242u;
static float number(void) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return (float)state / 4294967296.0f - 0.5f;
}

/* Room for so many floats in each operand; 0 when there is no memory. */
EXPORT("prepare") int bench_prepare(size_t floats) {
    room = floats;
    a = aligned_alloc(64, floats * sizeof *a);
    w = aligned_alloc(64, floats * sizeof *w);
    c = aligned_alloc(64, floats * sizeof *c);
    rows = malloc(floats / 8 * sizeof *rows);
    if (!a || !w || !c || !rows) return 0;
    for (size_t i = 0; i < floats; i++) {
        a[i] = number();
        w[i] = number();
        c[i] = 0;
    }
    return 1;
}

/* ---- ceilings ---- */

/* 12 chains (the 6 x 2 sums of a tile) of a product and a sum, nothing in memory. Plain, the chain goes
 * through both, so that no product is the same for two of them or from one step to the next. */
SK_INLINE float peak(const int fused, int steps) {
    v128_t acc[12], x = sk_load4(a), y = sk_load4(w);
    SK_UNROLL
    for (int i = 0; i < 12; i++) acc[i] = sk_load4(c + 4 * i);
    for (int s = 0; s < steps; s++) {
        SK_UNROLL
        for (int i = 0; i < 12; i++)
            acc[i] = fused ? sk_madd(x, y, acc[i]) : wasm_f32x4_add(wasm_f32x4_mul(acc[i], x), y);
    }
    SK_UNROLL
    for (int i = 1; i < 12; i++) acc[0] = wasm_f32x4_add(acc[0], acc[i]);
    return wasm_f32x4_extract_lane(acc[0], 0);
}

EXPORT("peak_plain") float bench_peak_plain(int steps) { return peak(0, steps); }
#if SK_RELAXED
EXPORT("peak_fused") float bench_peak_fused(int steps) { return peak(1, steps); }
#endif

/* Reads `floats` (a multiple of 64), adding them up. */
EXPORT("peak_read") float bench_peak_read(int reps, size_t floats) {
    v128_t acc[8];
    SK_UNROLL
    for (int i = 0; i < 8; i++) acc[i] = wasm_f32x4_splat(0);
    for (int r = 0; r < reps; r++)
        for (const float *p = w; p < w + floats; p += 64) {
            SK_UNROLL
            for (int i = 0; i < 16; i++) acc[i % 8] = wasm_f32x4_add(acc[i % 8], sk_load4(p + 4 * i));
        }
    SK_UNROLL
    for (int i = 1; i < 8; i++) acc[0] = wasm_f32x4_add(acc[0], acc[i]);
    return wasm_f32x4_extract_lane(acc[0], 0);
}

EXPORT("copy") void bench_copy(int reps, size_t floats) {
    for (int r = 0; r < reps; r++) memcpy(c, a, floats * sizeof *c);
}

/* ---- products ---- */

static const char *const tile_names[] = {"6x8", "4x8"};
static sk_f32_gemm_fn *const gemms[] = {f32_gemm_6x8__simd128, f32_gemm_4x8__simd128};
static sk_f32_igemm_fn *const igemms[] = {f32_igemm_6x8__simd128, f32_igemm_4x8__simd128};

EXPORT("gemm_count") int bench_gemm_count(void) { return sizeof gemms / sizeof *gemms; }
EXPORT("gemm_name") const char *bench_gemm_name(int which) { return tile_names[which]; }
/* Which of them select.c takes when nothing has been timed. */
EXPORT("gemm_choice") int bench_gemm_choice(void) {
    for (int i = 0; i < bench_gemm_count(); i++)
        if (gemms[i] == sk_select_f32_gemm(0)) return i;
    return -1;
}
EXPORT("gemm") void bench_gemm(int which, int reps, size_t m, size_t n, size_t k) {
    for (int r = 0; r < reps; r++) gemms[which](m, n, k, a, k, w, c, n, -INFINITY, INFINITY);
}

/* Convolution of a padded image as an indirect product: `lines` x `columns` outputs, each of taps_y x taps_x
 * pieces of k floats; pieces lie `step` floats apart along x and `line` along y, outputs `stride` times that.
 */
EXPORT("igemm_rows")
size_t bench_igemm_rows(int bytes, size_t lines, size_t columns, size_t taps_y, size_t taps_x, size_t step,
                        size_t line, size_t stride) {
    const size_t pixels = lines * columns, k = step * taps_x * taps_y;
    const float **to = rows;
    for (size_t first = 0, m; first < pixels; first += m) {
        m = bytes ? sk_i8_block_rows(pixels - first, k) : sk_igemm_rows(pixels - first);
        for (size_t t = 0; t < taps_y * taps_x; t++)
            for (size_t p = first; p < first + m; p++) {
                const size_t y = p / columns * stride + t / taps_x, x = p % columns * stride + t % taps_x;
                *to++ = (const float *)((const char *)a + (y * line + x * step) * (bytes ? 1 : sizeof *a));
            }
    }
    return pixels;
}
EXPORT("igemm") void bench_igemm(int which, int reps, size_t pixels, size_t n, size_t k, size_t taps) {
    for (int r = 0; r < reps; r++) {
        const float *const *at = rows;
        for (size_t first = 0, m; first < pixels; first += m) {
            m = sk_igemm_rows(pixels - first);
            igemms[which](m, n, k, taps, at, w, c + first * n, n, -INFINITY, INFINITY);
            at += taps * m;
        }
    }
}

EXPORT("direct") void bench_direct(int reps, size_t m, size_t n, size_t k) {
    for (int r = 0; r < reps; r++)
        f32_gemm_direct_1x32__simd128(m, n, k, a, k, w, n, c, n, -INFINITY, INFINITY);
}

/* ---- 8-bit products ---- */

/* As gemm and igemm: how an operator would, gathering a block of rows at a time. The operands' numbers, seen
 * as bytes, will do. */
EXPORT("forms8") int bench_forms8(void) { return SK_RELAXED ? SK_I8_BOTH7 + 1 : 1; }
static void gemm8(int form, size_t m, size_t n, size_t k, size_t taps, const float *const *at, float *to) {
    int32_t sums[SK_I8_ROWS];
    sk_i8_gather_args gather = {.form = (sk_i8_form)form, .m = m, .k = k, .taps = taps, .to = c + room / 2};
    gather.rows = (const uint8_t *const *)at;
    gather.sums = form == SK_I8_W7 ? sums : NULL;
    sk_select_i8_gather(0)(&gather);
    const sk_i8_target target = {.type = SK_UINT8, .zero = 100, .factor = 1, .lo = 0, .hi = 255};
    sk_select_i8_gemm(gather.form, 0)(&(sk_i8_gemm_args){.form = gather.form,
                                                         .m = m,
                                                         .n = n,
                                                         .k = k * taps,
                                                         .a = gather.to,
                                                         .sums = gather.sums,
                                                         .zero_a = 128,
                                                         .packed = w,
                                                         .y = to,
                                                         .y_row = n,
                                                         .target = target});
}
EXPORT("gemm8") void bench_gemm8(int form, int reps, size_t m, size_t n, size_t k) {
    for (int r = 0; r < reps; r++)
        for (size_t first = 0, block; first < m; first += block) {
            block = sk_i8_block_rows(m - first, k);
            for (size_t i = 0; i < block; i++) rows[i] = (const float *)((const char *)a + (first + i) * k);
            gemm8(form, block, n, k, 1, rows, (float *)((char *)c + first * n));
        }
}
EXPORT("igemm8") void bench_igemm8(int form, int reps, size_t pixels, size_t n, size_t k, size_t taps) {
    for (int r = 0; r < reps; r++) {
        const float *const *at = rows;
        for (size_t first = 0, m; first < pixels; first += m) {
            m = sk_i8_block_rows(pixels - first, k * taps);
            gemm8(form, m, n, k, taps, at, (float *)((char *)c + first * n));
            at += taps * m;
        }
    }
}

/* A sum over the output, to compare candidates bit by bit. */
EXPORT("sum") uint32_t bench_sum(size_t floats) {
    uint32_t sum = 0, bits;
    for (size_t i = 0; i < floats; i++) {
        memcpy(&bits, c + i, sizeof bits);
        sum = sum * 31 + bits;
    }
    memset(c, 0, floats * sizeof *c);
    return sum;
}

/* ---- depthwise ---- */

static sk_window depthwise_window(int size, int channels, int kernel, int stride) {
    const int out = (size + stride - 1) / stride;
    return (sk_window){1,
                       channels,
                       channels,
                       channels,
                       {1, size, size},
                       {1, out, out},
                       {1, kernel, kernel},
                       {1, stride, stride},
                       {1, 1, 1},
                       {0, kernel / 2, kernel / 2}};
}

EXPORT("depthwise") int bench_depthwise(int reps, int size, int channels, int kernel, int stride) {
    const sk_window window = depthwise_window(size, channels, kernel, stride);
    const int out = window.out[1];
    sk_f32_dwconv_fn *dwconv = sk_select_f32_dwconv(&window);
    if (!dwconv) return 0;
    const size_t line = (size_t)size * (size_t)channels;
    sk_dwconv_args args = {.channels = (size_t)channels,
                           .in_w = (size_t)size,
                           .out_w = (size_t)out,
                           .pad = (size_t)kernel / 2,
                           .rows = rows,
                           .zeros = c + room / 2,
                           .packed = w,
                           .lo = 0,
                           .hi = 6};
    for (int r = 0; r < reps; r++)
        for (int y = 0; y < out; y++) {
            for (int t = 0; t < kernel; t++) {
                const int from = y * stride + t - kernel / 2;
                rows[t] = from >= 0 && from < size ? a + (size_t)from * line : NULL;
            }
            args.y = c + (size_t)(y * out) * (size_t)channels;
            dwconv(&args);
        }
    return 1;
}

EXPORT("depthwise8") int bench_depthwise8(int reps, int size, int channels, int kernel, int stride) {
    const sk_window window = depthwise_window(size, channels, kernel, stride);
    sk_i8_dwconv_fn *dwconv = sk_select_i8_dwconv(&window);
    const int out = window.out[1], line = size * channels;
    sk_i8_dwconv_args args = {.channels = (size_t)channels,
                              .in_w = (size_t)size,
                              .out_w = (size_t)out,
                              .pad = (size_t)kernel / 2,
                              .rows = (const uint8_t *const *)rows,
                              .zero_a = 128,
                              .packed = w,
                              .target = {.type = SK_UINT8, .zero = 100, .factor = 1, .lo = 0, .hi = 255}};
    args.lines = (size_t)out;
    args.y = c;
    for (int r = 0; r < reps; r++) {
        for (int t = 0; t < kernel + (out - 1) * stride; t++) {
            const int from = t - kernel / 2;
            rows[t] = (const float *)((const char *)a + (from >= 0 && from < size ? from : size) * line);
        }
        dwconv(&args);
    }
    return 1;
}

/* ---- Winograd's transforms, F(4x4, 3x3) ---- */

/* All tiles of a size x size image: into 36 positions, or (back) out of them. */
EXPORT("winograd") void bench_winograd(int reps, int back, size_t size, size_t channels) {
    const size_t across = size / 4, tiles = across * across, step = tiles * channels, line = size * channels;
    for (int r = 0; r < reps; r++)
        for (size_t t = 0; t < tiles; t++) {
            const size_t first = t / across * 4 * line + t % across * 4 * channels;
            sk_winograd_out_args out = {
                .channels = channels, .step = step, .line = line, .m = w + t * channels};
            out.y = c + first;
            out.height = out.width = 4;
            out.lo = 0;
            out.hi = 6;
            for (size_t p = 0; p < 36 && !back; p++) rows[p] = a + first + p / 6 * line + p % 6 * channels;
            if (back) f32_winograd_out_4x4__simd128(&out);
            else f32_winograd_in_4x4__simd128(&(sk_winograd_in_args){channels, step, rows, c + t * channels});
        }
}

/* ---- elementwise ---- */

EXPORT("softmax") void bench_softmax(int reps, size_t outer, size_t n) {
    const sk_softmax_args args = {.outer = outer, .n = n, .inner = 1, .x = a, .y = c};
    for (int r = 0; r < reps; r++) sk_select_softmax(SK_FLOAT32)(&args);
}

/* 0 exp, 1 erf, 2 tanh, 3 sigmoid. */
EXPORT("unary") void bench_unary(int reps, int function, size_t n) {
    static const uint8_t kinds[] = {SK_UNARY_EXP, SK_UNARY_ERF, SK_UNARY_TANH, SK_UNARY_SIGMOID};
    const sk_unary_args args = {.kind = kinds[function]};
    sk_unary_fn *unary = sk_select_unary(kinds[function], SK_FLOAT32, 0);
    for (int r = 0; r < reps; r++) unary(a, c, n, &args);
}
