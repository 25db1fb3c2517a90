/* Recurrent layers with SIMD. The input's share of all gates is one matrix product for a block of steps; what
 * remains in a step is a product of the state with the recurrent weights, bound by reading them once, and the
 * gates, four numbers at a time. States and gates are padded to whole panels of 8, so no loop has a tail:
 * Silero VAD's LSTM (hidden 64, one step a call) spends its time in step_product. */
#include "kernels/kernels.h"

#include <string.h>

#include "kernels/select.h"
#include "kernels/vmath.h"

#define BLOCK 48 /* rows of one input product: what its tiles like, and what bounds the scratch */

/* Called from several places: inlined everywhere they would double the code and save nothing. */
#define ALONE __attribute__((noinline))

static size_t padded(size_t n) { return (n + SK_PANEL - 1) / SK_PANEL * SK_PANEL; }
static size_t panel_size(size_t k) { return SK_PANEL * (k + 1); }

/* ---- packing ---- */

size_t sk_rnn_panels(sk_cell cell, size_t hidden) {
    return sk_cell_gates(cell) * (padded(hidden) / SK_PANEL);
}

uint64_t sk_rnn_packed(sk_cell cell, size_t hidden, size_t k) {
    return (uint64_t)sk_rnn_panels(cell, hidden) * SK_PANEL * ((uint64_t)k + 1);
}

size_t sk_rnn_panel_row(size_t hidden, size_t panel, size_t *rows) {
    const size_t per_gate = padded(hidden) / SK_PANEL, first = panel % per_gate * SK_PANEL;
    *rows = hidden - first < SK_PANEL ? hidden - first : SK_PANEL;
    return panel / per_gate * hidden + first;
}

void sk_rnn_pack_panel(float *packed, size_t panel, const float *weights, size_t rows, size_t k) {
    float *dst = packed + panel * panel_size(k);
    memset(dst, 0, SK_PANEL * sizeof *dst);
    dst += SK_PANEL;
    for (size_t i = 0; i < k; i++)
        for (size_t j = 0; j < SK_PANEL; j++) *dst++ = j < rows ? weights[j * k + i] : 0;
}

/* ---- scratch ---- */

typedef struct rnn_work {
    size_t gates, width; /* of a state, padded */
    size_t steps;        /* of a block */
    float *bias;         /* [gates][width]: what joins the input's share */
    float *bias_h;       /* [width]: GRU with linear_before_reset, the state's share of gate h */
    float *peephole;     /* [3][width] */
    float *h, *c;        /* [batch][width] */
    float *gate;         /* [batch][gates][width] */
    float *extra;        /* [batch][width] */
    float *input;        /* [steps][batch][gates][width] */
} rnn_work;

static float *take(float **at, size_t n) {
    float *p = *at;
    *at += n;
    return p;
}

static void lay_out(const sk_rnn_args *a, rnn_work *w, float *base) {
    float *at = base;
    w->gates = sk_cell_gates(a->cell);
    w->width = padded(a->hidden);
    w->steps = a->batch >= BLOCK ? 1 : BLOCK / (a->batch ? a->batch : 1);
    if (w->steps > a->steps) w->steps = a->steps;
    const size_t state = a->batch * w->width;
    w->bias = take(&at, w->gates * w->width);
    w->bias_h = take(&at, w->width);
    w->peephole = take(&at, 3 * w->width);
    w->h = take(&at, state);
    w->c = take(&at, state);
    w->gate = take(&at, w->gates * state);
    w->extra = take(&at, state);
    w->input = take(&at, w->steps * w->gates * state);
}

uint64_t sk_rnn_scratch(const sk_rnn_args *args) {
    const uint64_t width = padded(args->hidden), gates = sk_cell_gates(args->cell), batch = args->batch;
    uint64_t steps = batch >= BLOCK ? 1 : BLOCK / (batch ? batch : 1);
    if (steps > args->steps) steps = args->steps;
    return width * (gates + 4 + batch * (gates + 3) + batch * steps * gates);
}

static ALONE void pad_rows(float *dst, const float *src, size_t rows, size_t n, size_t width) {
    for (size_t i = 0; i < rows; i++, dst += width) {
        if (src) memcpy(dst, src + i * n, n * sizeof *dst);
        memset(dst + (src ? n : 0), 0, (width - (src ? n : 0)) * sizeof *dst);
    }
}

static void start(const sk_rnn_args *a, rnn_work *w) {
    const size_t n = a->hidden, all = w->gates * n;
    pad_rows(w->bias, a->bias, w->gates, n, w->width);
    pad_rows(w->bias_h, NULL, 1, n, w->width);
    pad_rows(w->peephole, a->peephole, 3, n, w->width);
    pad_rows(w->h, a->h, a->batch, n, w->width);
    pad_rows(w->c, a->cell == SK_CELL_LSTM ? a->c : NULL, a->batch, n, w->width);
    if (!a->bias) return;
    for (size_t g = 0; g < w->gates; g++) {
        const int apart = a->cell == SK_CELL_GRU && g == 2 && a->linear_before_reset;
        float *to = apart ? w->bias_h : w->bias + g * w->width;
        const float *from = (const float *)a->bias + all + g * n;
        for (size_t j = 0; j < n; j++) to[j] += from[j];
    }
}

/* ---- products ---- */

/* c[panels * 8] += h[k] * panels, several panels at once so that enough sums are in flight. */
SK_INLINE void product_tile(const int panels, size_t k, const float *h, const float *w, float *c) {
    v128_t acc[4][2];
    const size_t size = panel_size(k);
    SK_UNROLL
    for (int p = 0; p < panels; p++) {
        acc[p][0] = sk_load4(c + p * SK_PANEL);
        acc[p][1] = sk_load4(c + p * SK_PANEL + 4);
    }
    w += SK_PANEL;
    for (size_t i = 0; i < k; i++, w += SK_PANEL) {
        const v128_t x = wasm_v128_load32_splat(h + i);
        SK_UNROLL
        for (int p = 0; p < panels; p++) {
            acc[p][0] = sk_madd(x, sk_load4(w + (size_t)p * size), acc[p][0]);
            acc[p][1] = sk_madd(x, sk_load4(w + (size_t)p * size + 4), acc[p][1]);
        }
    }
    SK_UNROLL
    for (int p = 0; p < panels; p++) {
        sk_store4(c + p * SK_PANEL, acc[p][0]);
        sk_store4(c + p * SK_PANEL + 4, acc[p][1]);
    }
}

/* For each row of the batch: gates [first, first + count) of c += h * r. */
static ALONE void step_product(const sk_rnn_args *a, const rnn_work *w, size_t first, size_t count,
                               const float *h, float *c, size_t c_row) {
    const size_t k = a->hidden, size = panel_size(k), per_gate = w->width / SK_PANEL;
    const float *r = (const float *)a->r + first * per_gate * size;
    size_t left = count * per_gate;
    for (; left >= 4; left -= 4, r += 4 * size, c += 4 * SK_PANEL)
        for (size_t b = 0; b < a->batch; b++) product_tile(4, k, h + b * w->width, r, c + b * c_row);
    for (; left; left--, r += size, c += SK_PANEL)
        for (size_t b = 0; b < a->batch; b++) product_tile(1, k, h + b * w->width, r, c + b * c_row);
}

/* The first time step of sequence b within the block of n steps that begins with step s; *count: how many it
 * has. */
static ALONE size_t block_start(const sk_rnn_args *a, size_t b, size_t s, size_t n, size_t *count) {
    const size_t length = a->lengths ? (size_t)a->lengths[b] : a->steps;
    *count = s >= length ? 0 : length - s < n ? length - s : n;
    return a->reverse ? length - s - *count : s;
}

static void input_products(const sk_rnn_args *a, const rnn_work *w, size_t s, size_t n) {
    sk_f32_gemm_fn *gemm = sk_select_f32_gemm(0);
    const size_t row = w->gates * w->width;
    const float *x = a->x;
    size_t count;
    if (!a->lengths && a->x_step == a->batch * a->x_batch) {
        const size_t t = block_start(a, 0, s, n, &count);
        gemm(count * a->batch, row, a->input, x + t * a->x_step, a->x_batch, a->w, w->input, row, -INFINITY,
             INFINITY);
        return;
    }
    for (size_t b = 0; b < a->batch; b++) {
        const size_t t = block_start(a, b, s, n, &count);
        if (count)
            gemm(count, row, a->input, x + t * a->x_step + b * a->x_batch, a->x_step, a->w,
                 w->input + b * row, a->batch * row, -INFINITY, INFINITY);
    }
}

/* ---- gates ---- */

SK_INLINE v128_t add4(const float *a, const float *b) { return wasm_f32x4_add(sk_load4(a), sk_load4(b)); }

static ALONE void activate(const sk_rnn_args *a, int which, float *x, size_t n) {
    static const sk_unary_args none; /* these have no parameters */
    const sk_rnn_act *act = &a->act[which];
    if (a->clip > 0 && which < 2) {
        const v128_t lo = sk_splat4(-a->clip), hi = sk_splat4(a->clip);
        for (size_t i = 0; i < n; i += 4) sk_store4(x + i, sk_clamp4(sk_load4(x + i), lo, hi));
    }
    if (act->kind == SK_ACT_SIGMOID) f32_sigmoid__simd128(x, x, n, &none);
    else if (act->kind == SK_ACT_TANH) f32_tanh__simd128(x, x, n, &none);
    else
        for (size_t i = 0; i < n; i++) x[i] = (float)sk_rnn_activate(act, (double)x[i]);
}

/* x += p * c */
static ALONE void peep(float *x, const float *p, const float *c, size_t n) {
    for (size_t i = 0; i < n; i += 4)
        sk_store4(x + i, sk_madd(sk_load4(p + i), sk_load4(c + i), sk_load4(x + i)));
}

static void lstm_gates(const sk_rnn_args *a, const rnn_work *w, float *gate, float *h, float *c) {
    const size_t n = w->width;
    float *i = gate, *o = gate + n, *f = gate + 2 * n, *g = gate + 3 * n;
    if (a->peephole) {
        peep(i, w->peephole, c, n);
        peep(f, w->peephole + 2 * n, c, n);
    }
    activate(a, 0, i, n);
    activate(a, 1, g, n);
    if (a->input_forget)
        for (size_t j = 0; j < n; j += 4) sk_store4(f + j, sk_sub4(sk_splat4(1), sk_load4(i + j)));
    else activate(a, 0, f, n);
    for (size_t j = 0; j < n; j += 4) {
        const v128_t kept = sk_mul4(sk_load4(f + j), sk_load4(c + j));
        const v128_t next = sk_madd(sk_load4(i + j), sk_load4(g + j), kept);
        sk_store4(c + j, next);
        sk_store4(h + j, next);
    }
    if (a->peephole) peep(o, w->peephole + n, c, n);
    activate(a, 0, o, n);
    activate(a, 2, h, n);
    for (size_t j = 0; j < n; j += 4) sk_store4(h + j, sk_mul4(sk_load4(h + j), sk_load4(o + j)));
}

/* h = (1 - z) * n + z * h */
static void gru_blend(const float *z, const float *next, float *h, size_t n) {
    for (size_t j = 0; j < n; j += 4) {
        const v128_t zj = sk_load4(z + j), keep = sk_mul4(zj, sk_load4(h + j));
        sk_store4(h + j, sk_madd(sk_sub4(sk_splat4(1), zj), sk_load4(next + j), keep));
    }
}

static int live(const sk_rnn_args *a, size_t b, size_t s) { return !a->lengths || s < (size_t)a->lengths[b]; }

static void gru_step(const sk_rnn_args *a, const rnn_work *w, size_t s) {
    const size_t n = w->width, row = w->gates * n;
    step_product(a, w, 0, 2, w->h, w->gate, row);
    for (size_t b = 0; b < a->batch; b++) {
        float *gate = w->gate + b * row, *extra = w->extra + b * n;
        activate(a, 0, gate, 2 * n);
        if (a->linear_before_reset) memcpy(extra, w->bias_h, n * sizeof *extra);
        else
            for (size_t j = 0; j < n; j += 4)
                sk_store4(extra + j, sk_mul4(sk_load4(gate + n + j), sk_load4(w->h + b * n + j)));
    }
    if (a->linear_before_reset) step_product(a, w, 2, 1, w->h, w->extra, n);
    else step_product(a, w, 2, 1, w->extra, w->gate + 2 * n, row);
    for (size_t b = 0; b < a->batch; b++) {
        float *gate = w->gate + b * row;
        if (!live(a, b, s)) continue;
        if (a->linear_before_reset) peep(gate + 2 * n, gate + n, w->extra + b * n, n);
        activate(a, 1, gate + 2 * n, n);
        gru_blend(gate, gate + 2 * n, w->h + b * n, n);
    }
}

static void plain_step(const sk_rnn_args *a, const rnn_work *w, size_t s) {
    const size_t n = w->width, row = w->gates * n;
    step_product(a, w, 0, w->gates, w->h, w->gate, row);
    for (size_t b = 0; b < a->batch; b++) {
        float *gate = w->gate + b * row, *h = w->h + b * n;
        if (!live(a, b, s)) continue;
        if (a->cell == SK_CELL_LSTM) {
            lstm_gates(a, w, gate, h, w->c + b * n);
        } else {
            activate(a, 0, gate, n);
            memcpy(h, gate, n * sizeof *h);
        }
    }
}

/* ---- the layer ---- */

/* Gates start as the input's share and the biases; the block's inputs begin with step `first`. */
static void load_gates(const sk_rnn_args *a, const rnn_work *w, size_t s, size_t first, size_t n) {
    const size_t row = w->gates * w->width;
    for (size_t b = 0; b < a->batch; b++) {
        size_t count;
        block_start(a, b, first, n, &count);
        const size_t at = s - first, local = at >= count ? 0 : a->reverse ? count - 1 - at : at;
        const float *from = w->input + (local * a->batch + b) * row;
        float *to = w->gate + b * row;
        if (at >= count) from = w->bias; /* the sequence is over: any numbers do */
        for (size_t j = 0; j < row; j += 4) sk_store4(to + j, add4(from + j, w->bias + j));
    }
}

static void store_output(const sk_rnn_args *a, const rnn_work *w, size_t s) {
    for (size_t b = 0; b < a->batch && a->y; b++) {
        const size_t length = a->lengths ? (size_t)a->lengths[b] : a->steps;
        const size_t t = s >= length ? s : a->reverse ? length - 1 - s : s;
        float *y = (float *)a->y + t * a->y_step + b * a->y_batch;
        if (s < length) memcpy(y, w->h + b * w->width, a->hidden * sizeof *y);
        else memset(y, 0, a->hidden * sizeof *y);
    }
}

void f32_rnn__simd128(const sk_rnn_args *a) {
    rnn_work w;
    lay_out(a, &w, a->scratch);
    start(a, &w);
    for (size_t first = 0; first < a->steps; first += w.steps) {
        const size_t n = a->steps - first < w.steps ? a->steps - first : w.steps;
        input_products(a, &w, first, n);
        for (size_t s = first; s < first + n; s++) {
            load_gates(a, &w, s, first, n);
            if (a->cell == SK_CELL_GRU) gru_step(a, &w, s);
            else plain_step(a, &w, s);
            store_output(a, &w, s);
        }
    }
    for (size_t b = 0; b < a->batch; b++) {
        memcpy((float *)a->h + b * a->hidden, w.h + b * w.width, a->hidden * sizeof(float));
        if (a->cell == SK_CELL_LSTM)
            memcpy((float *)a->c + b * a->hidden, w.c + b * w.width, a->hidden * sizeof(float));
    }
}
