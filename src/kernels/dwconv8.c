/* 8-bit depthwise convolution, channels-last, eight channels at a time while x runs along the line. Taps go
 * in pairs: two numbers, interleaved and 16 bits wide, are one product with the pair's weights. Of two rows
 * of the filter those of a column make pairs; of the last row those of two columns. Exact for all operands.
 * Columns come in units of two and each is looked at once: a unit finishes the sums of one output, with
 * stride 1 of two, and adds to those of outputs that see more of what follows, which wait in registers.
 * Columns outside the input, and channels that are fewer than eight, are put together first. Finished sums of
 * a piece of the line wait for finish8.c. */
#include "kernels/finish8.h"

#define COLUMNS SK_I8_PANEL
#define PIECE 64 /* outputs whose sums wait, at most */
#define FIRST_LEVEL (28 << 10)
#define ROWS SK_DWCONV_ROWS
#define WAITING(k) (((k) - 1) / 2) /* units that an output waits for after its first */

SK_INLINE v128_t column(const int is_signed, const uint8_t *p) {
    return is_signed ? wasm_i16x8_load8x8(p) : wasm_u16x8_load8x8(p);
}

/* Pairs of numbers a and b times pairs of weights. */
typedef struct pairs {
    v128_t lo, hi;
} pairs;

SK_INLINE pairs pair_up(v128_t a, v128_t b) {
    return (pairs){wasm_i16x8_shuffle(a, b, 0, 8, 1, 9, 2, 10, 3, 11),
                   wasm_i16x8_shuffle(a, b, 4, 12, 5, 13, 6, 14, 7, 15)};
}

SK_INLINE void add_dots(v128_t sum[2], pairs p, const int8_t *w) {
    sum[0] = wasm_i32x4_add(sum[0], wasm_i32x4_dot_i16x8(p.lo, wasm_v128_load(w)));
    sum[1] = wasm_i32x4_add(sum[1], wasm_i32x4_dot_i16x8(p.hi, wasm_v128_load(w + 16)));
}

/* A unit's pairs to the sums of the outputs that began d units ago; `odd`: at its second column. */
SK_INLINE void add_unit(const int k, const int d, const int odd, pairs (*upright)[2], pairs across,
                        const int8_t *w, v128_t sum[2]) {
    SK_UNROLL
    for (int y = 0; y < k / 2; y++) {
        SK_UNROLL
        for (int c = 0; c < 2; c++) {
            const int tap = 2 * d + c - odd;
            if (tap >= 0 && tap < k) add_dots(sum, upright[y][c], w + 32 * (y * k + tap));
        }
    }
    add_dots(sum, across, w + 32 * (k / 2 * k + odd * (k + 1) / 2 + d));
}

/* Where the next units are: of each row the first column; columns are `step` bytes apart. */
typedef struct view {
    const uint8_t *row[ROWS];
    size_t step, units;
} view;

SK_INLINE int32_t *add_units(const int k, const int stride, const int is_signed, const view *v,
                             const int8_t *w, v128_t (*sum)[2][2], int32_t *to) {
    view now = *v;
    const uint8_t **const row = now.row;
    const size_t step = now.step;
    for (size_t n = now.units; n > 0; n--) {
        pairs upright[ROWS / 2][2];
        SK_UNROLL
        for (int y = 0; y < k / 2; y++) {
            const uint8_t *p = row[2 * y], *q = row[2 * y + 1];
            upright[y][0] = pair_up(column(is_signed, p), column(is_signed, q));
            upright[y][1] = pair_up(column(is_signed, p + step), column(is_signed, q + step));
        }
        const pairs across = pair_up(column(is_signed, row[k - 1]), column(is_signed, row[k - 1] + step));
        SK_UNROLL
        for (int y = 0; y < k; y++) row[y] += 2 * step;
        SK_UNROLL
        for (int d = WAITING(k); d >= 0; d--) {
            SK_UNROLL
            for (int odd = 0; odd < 3 - stride; odd++) {
                v128_t *own = sum[d][odd];
                own[0] = d ? sum[d - 1][odd][0] : wasm_i32x4_splat(0);
                own[1] = d ? sum[d - 1][odd][1] : own[0];
                add_unit(k, d, odd, upright, across, w, own);
                if (d < WAITING(k)) continue;
                wasm_v128_store(to, own[0]);
                wasm_v128_store(to + 4, own[1]);
                to += COLUMNS;
            }
        }
    }
    return to;
}

/* 8 channels, or those that there are. */
SK_INLINE v128_t load_part(const uint8_t *p, size_t channels) {
    uint8_t part[COLUMNS];
    if (channels == COLUMNS) return wasm_v128_load64_zero(p);
    for (size_t j = 0; j < COLUMNS; j++) part[j] = j < channels ? p[j] : 0;
    return wasm_v128_load64_zero(part);
}

/* A line of outputs, eight channels: of the window's rows, from channel c on. */
typedef struct line {
    const uint8_t *const *rows;
    const int8_t *w;
    size_t pixel, c, channels, units; /* units: that finish outputs */
    ptrdiff_t x;                      /* the first column that is seen */
    ptrdiff_t end;                    /* the input's width */
    int8_t zero;
    int32_t *to;
} line;

/* Finds the units from column x on, at most `most`: as many as are inside the input where they are; or one,
 * or any of fewer than 8 channels, copied to `room`. Inlined and unrolled: short lines spend much of their
 * time here. */
SK_INLINE void look(const int k, const line *l, ptrdiff_t x, size_t most, uint8_t *room, view *v) {
    const size_t pixel = l->pixel, at = (size_t)x * pixel + l->c;
    const ptrdiff_t end = l->end, units = x < 0 || l->channels < COLUMNS ? 0 : (end - x) / 2;
    if (units > 0) {
        v->units = (size_t)units < most ? (size_t)units : most;
        v->step = pixel;
        SK_UNROLL
        for (int y = 0; y < k; y++) v->row[y] = l->rows[y] + at;
        return;
    }
    const int first = x >= 0 && x < end, second = x + 1 >= 0 && x + 1 < end;
    const v128_t zeros = wasm_i8x16_splat(l->zero);
    v->units = 1;
    v->step = COLUMNS;
    for (int y = 0; y < k; y++, room += 2 * COLUMNS) {
        const v128_t p = first ? load_part(l->rows[y] + at, l->channels) : zeros;
        const v128_t q = second ? load_part(l->rows[y] + at + pixel, l->channels) : zeros;
        wasm_v128_store(room, wasm_i64x2_shuffle(p, q, 0, 2));
        v->row[y] = room;
    }
}

typedef void line_fn(const line *l);
SK_INLINE void line_sums(const int k, const int stride, const int is_signed, const line *given) {
    const line own = *given, *const l = &own; /* what is written may be anything */
    uint8_t room[ROWS * COLUMNS * 2];
    int32_t before[2 * COLUMNS * WAITING(ROWS)]; /* what lies before the first output */
    v128_t sum[WAITING(ROWS) + 1][2][2];
    view v;
    ptrdiff_t x = l->x;
    size_t early = WAITING(k);
    int32_t *to = l->to;
    SK_UNROLL
    for (int i = 0; i < 4 * (WAITING(ROWS) + 1); i++) sum[i / 4][i / 2 % 2][i % 2] = wasm_i32x4_splat(0);
    for (size_t left = l->units; left > 0; x += 2 * (ptrdiff_t)v.units) {
        look(k, l, x, early ? early : left, room, &v);
        int32_t *const end = add_units(k, stride, is_signed, &v, l->w, sum, early ? before : to);
        if (early) {
            early -= v.units;
        } else {
            to = end;
            left -= v.units;
        }
    }
}

/* How many outputs of a line are done for eight channels before the next eight: as many as have all that they
 * see in the first-level cache, each line of which is read by eight passes (112x112x96, stride 2: 0.33 ->
 * 0.26 ms). */
static size_t piece_width(size_t k, size_t stride, const sk_i8_dwconv_args *a) {
    const size_t column = k * stride * a->channels,
                 fit = column < FIRST_LEVEL / 16 ? FIRST_LEVEL / column : 16;
    const size_t most = fit < PIECE ? fit : PIECE, pieces = (a->out_w + most - 1) / most;
    return (a->out_w + pieces - 1) / pieces;
}

/* Whole lines wait together as far as there is room. */
static __attribute__((noinline)) void lines(size_t k, size_t stride, line_fn *run,
                                            const sk_i8_dwconv_args *a) {
    const size_t panel = sk_i8_dw_panel_bytes(k, k), size = sk_i8_target_size(&a->target), w = a->out_w;
    const size_t width = piece_width(k, stride, a), usual = width < w ? 1 : PIECE / w, each = 3 - stride;
    int32_t acc[(PIECE + 2) * COLUMNS];
    sk_i8_sums s = {.target = &a->target, .acc = acc, .y_row = a->channels, .zero_a = a->zero_a};
    line l = {.pixel = a->channels, .end = (ptrdiff_t)a->in_w, .zero = (int8_t)a->zero_a};
    for (size_t first = 0, n; first < a->lines; first += n) {
        n = a->lines - first < usual ? a->lines - first : usual;
        for (size_t from = 0, m; from < w; from += m) {
            m = w - from < width ? w - from : width;
            l.units = (m + each - 1) / each;
            l.x = (ptrdiff_t)(from * stride) - (ptrdiff_t)a->pad;
            s.m = n * m;
            s.panel = a->packed;
            for (l.c = 0; l.c < a->channels; l.c += COLUMNS) {
                s.cols = l.channels = a->channels - l.c < COLUMNS ? a->channels - l.c : COLUMNS;
                s.y = (uint8_t *)a->y + ((first * w + from) * a->channels + l.c) * size;
                l.w = (const int8_t *)(s.panel + 1);
                l.to = acc;
                for (size_t i = 0; i < n; i++, l.to += m * COLUMNS) {
                    l.rows = a->rows + (first + i) * stride;
                    run(&l);
                }
                sk_i8_finish(&s);
                s.panel = (const sk_i8_panel *)((const char *)s.panel + panel);
            }
        }
    }
}

#define KERNEL(k, stride)                                                                                    \
    static void unsigned_##k##stride(const line *l) { line_sums(k, stride, 0, l); }                          \
    static void signed_##k##stride(const line *l) { line_sums(k, stride, 1, l); }                            \
    void i8_dwconv_##k##x##k##s##stride##__simd128(const sk_i8_dwconv_args *a) {                             \
        lines(k, stride, a->a_signed ? signed_##k##stride : unsigned_##k##stride, a);                        \
    }
KERNEL(3, 1)
KERNEL(3, 2)
KERNEL(5, 1)
KERNEL(5, 2)

/* Any window: tap t of output i at rows[t * m + i]; pairs of taps as they come, the last one perhaps alone.
 */
void i8_dwconv_any__simd128(const sk_i8_dwany_args *a) {
    const size_t size = sk_i8_dw_panel_bytes(a->taps, 1);
    const v128_t flip = wasm_i8x16_splat(a->a_signed ? 0 : -128);
    int32_t acc[SK_I8_ROWS * COLUMNS];
    sk_i8_sums s = {.target = &a->target,
                    .panel = a->packed,
                    .acc = acc,
                    .m = a->m,
                    .y = a->y,
                    .y_row = a->channels,
                    .zero_a = a->zero_a - (a->a_signed ? 0 : 128)};
    for (size_t c = 0; c < a->channels; c += COLUMNS) {
        s.cols = a->channels - c < COLUMNS ? a->channels - c : COLUMNS;
        for (size_t i = 0; i < a->m; i++) {
            v128_t sum[2] = {wasm_i32x4_splat(0), wasm_i32x4_splat(0)};
            const int8_t *w = (const int8_t *)(s.panel + 1);
            for (size_t t = 0; t < a->taps; t += 2, w += 32) {
                const size_t next = t + 1 < a->taps ? t + 1 : t; /* alone: its second weight is 0 */
                const v128_t x = load_part(a->rows[t * a->m + i] + c, s.cols);
                const v128_t y = load_part(a->rows[next * a->m + i] + c, s.cols);
                add_dots(sum,
                         pair_up(wasm_i16x8_extend_low_i8x16(wasm_v128_xor(x, flip)),
                                 wasm_i16x8_extend_low_i8x16(wasm_v128_xor(y, flip))),
                         w);
            }
            wasm_v128_store(acc + i * COLUMNS, sum[0]);
            wasm_v128_store(acc + i * COLUMNS + 4, sum[1]);
        }
        sk_i8_finish(&s);
        s.panel = (const sk_i8_panel *)((const char *)s.panel + size);
        s.y += COLUMNS * sk_i8_target_size(&a->target);
    }
}
