/* The 8-bit kernels by themselves, bit by bit: what they compute against the definition on the operands as
 * the model has them, and against each kernel's own reference. All remainders of rows, columns and pieces,
 * every form of packed weights with the extreme values that it allows, zero points, all targets; operands are
 * exactly as large as they have to be (so that sanitizers see a read or write too far) and nothing is written
 * between rows. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "kernels/select.h"

#define GUARD 77

typedef struct problem {
    size_t m, n, k, taps, y_row, size; /* size: bytes of a number of y */
    sk_i8_form form;
    uint8_t a_signed, w_signed;
    uint8_t *a, *w; /* a: pieces apart from each other; w: [taps * k][n] */
    const uint8_t **rows;
    int32_t zero_a, *bias;
    uint8_t *zeros; /* of w, or NULL */
    float *scales, *addend;
    size_t n_zeros, n_scales;
    sk_i8_target target;
    void *packed, *y;
} problem;

static void *room(size_t bytes) {
    void *p = malloc(bytes ? bytes : 1);
    if (!p) abort();
    return p;
}

static void *aligned(size_t bytes) {
    void *p = aligned_alloc(16, (bytes + 31) / 16 * 16);
    if (!p) abort();
    return p;
}

/* A number within the bounds, an extreme one each third time. */
static int extreme(uint32_t *r, int low, int high) {
    const int which = test_between(r, 0, 5);
    return which == 0 ? low : which == 1 ? high : test_between(r, low, high);
}

static uint8_t activation(uint32_t *r, const problem *p) {
    if (p->form >= SK_I8_A7) return (uint8_t)extreme(r, 0, 127);
    return (uint8_t)(p->a_signed ? extreme(r, -128, 127) : extreme(r, 0, 255));
}

static uint8_t weight(uint32_t *r, const problem *p) {
    const int seven = p->form == SK_I8_W7 || p->form == SK_I8_BOTH7;
    const int w = seven ? extreme(r, -64, p->form == SK_I8_W7 ? 63 : 64) : extreme(r, -128, 127);
    return (uint8_t)(p->w_signed ? w : w + 128);
}

static void make_columns(uint32_t *r, problem *p) {
    p->bias = room(p->n * sizeof *p->bias);
    p->addend = room(p->n * sizeof *p->addend);
    p->n_scales = test_between(r, 0, 1) ? p->n : 1;
    p->scales = room(p->n_scales * sizeof *p->scales);
    p->n_zeros = test_between(r, 0, 1) ? p->n : 1;
    p->zeros = test_between(r, 0, 2) ? room(p->n_zeros) : NULL;
    const int none = test_between(r, 0, 1); /* the zero that costs nothing */
    for (size_t j = 0; p->zeros && j < p->n_zeros; j++)
        p->zeros[j] = none ? (p->w_signed ? 0 : 128) : (uint8_t)test_random(r);
    for (size_t j = 0; j < p->n; j++) {
        p->bias[j] = test_between(r, -20000, 20000);
        p->addend[j] = (float)test_between(r, -100, 100) / 7;
    }
    for (size_t j = 0; j < p->n_scales; j++)
        p->scales[j] = 1.0f / (float)test_between(r, 1, 100 + 400 * (int)(p->taps * p->k));
}

static void make_target(uint32_t *r, problem *p, uint8_t type) {
    sk_i8_target *t = &p->target;
    p->size = type == SK_INT8 || type == SK_UINT8 ? 1 : 4;
    *t = (sk_i8_target){type, 0, 1, -INFINITY, INFINITY};
    if (type == SK_FLOAT32) t->factor = 0.37f;
    if (p->size == 1) {
        t->lo = type == SK_INT8 ? -128 : 0;
        t->hi = type == SK_INT8 ? 127 : 255;
        t->zero = test_between(r, (int)t->lo, (int)t->hi);
    }
    if (test_between(r, 0, 1) && type != SK_INT32) {
        t->lo = (float)t->zero;
        t->hi = fminf(t->hi, t->lo + 3);
    }
}

static problem make(uint32_t *r, sk_i8_form form, uint8_t type, const size_t sizes[4]) {
    problem p = {.m = sizes[0], .n = sizes[1], .k = sizes[2], .taps = sizes[3], .form = form};
    const size_t pieces = p.m * p.taps, between = (size_t)test_between(r, 0, 2);
    p.a_signed = (uint8_t)test_between(r, 0, 1);
    p.w_signed = (uint8_t)test_between(r, 0, 1);
    p.zero_a = form >= SK_I8_A7 ? test_between(r, 0, 127) : activation(r, &p);
    if (p.a_signed) p.zero_a = (int8_t)p.zero_a;
    p.y_row = p.n + (size_t)test_between(r, 0, 3);
    const size_t bytes = (pieces - 1) * (p.k + between) + p.k;
    p.a = room(bytes);
    for (size_t i = 0; i < bytes; i++) p.a[i] = activation(r, &p);
    p.rows = room(pieces * sizeof *p.rows);
    for (size_t i = 0; i < pieces; i++) p.rows[i] = p.a + i * (p.k + between);
    p.w = room(p.taps * p.k * p.n);
    for (size_t i = 0; i < p.taps * p.k * p.n; i++) p.w[i] = weight(r, &p);
    make_columns(r, &p);
    make_target(r, &p, type);
    p.y = room(p.m * p.y_row * p.size);
    return p;
}

static sk_i8_columns columns(const problem *p) {
    return (sk_i8_columns){.bias = p->bias,
                           .zeros = p->zeros,
                           .scales = p->scales,
                           .addend = p->addend,
                           .n_zeros = p->n_zeros,
                           .n_scales = p->n_scales};
}

/* In two pieces, the second first. */
static void pack(problem *p) {
    const size_t k = p->taps * p->k, first = p->taps / 2 * p->k;
    sk_i8_panels panels = {p->form, p->w_signed, p->n, k, NULL};
    const sk_i8_columns c = columns(p);
    size_t bytes;
    if (!sk_i8_panels_bytes(&panels, &bytes)) abort();
    panels.data = p->packed = aligned(bytes);
    sk_i8_pack_begin(&panels);
    sk_i8_pack_piece(&panels, &(sk_i8_piece){first, k - first, 0, p->n, p->w + first * p->n, p->n, 1});
    sk_i8_pack_piece(&panels, &(sk_i8_piece){0, first, 0, p->n, p->w, p->n, 1});
    sk_i8_pack_columns(&panels, &c);
}

static int32_t byte(uint8_t x, int is_signed) { return is_signed ? (int8_t)x : x; }

/* By the definition. */
static int32_t sum_of(const problem *p, size_t i, size_t j) {
    int64_t sum = p->bias[j];
    int32_t zw = 0;
    if (p->zeros) zw = byte(p->zeros[p->n_zeros == 1 ? 0 : j], p->w_signed);
    for (size_t t = 0; t < p->taps; t++)
        for (size_t q = 0; q < p->k; q++) {
            const int32_t a = byte(p->rows[t * p->m + i][q], p->a_signed) - p->zero_a;
            sum += a * (byte(p->w[(t * p->k + q) * p->n + j], p->w_signed) - zw);
        }
    return (int32_t)sum;
}

static void expected(const problem *p, size_t i, size_t j, void *to) {
    const sk_i8_target *t = &p->target;
    const int32_t sum = sum_of(p, i, j);
    const float scale = p->scales[p->n_scales == 1 ? 0 : j] * t->factor, x = (float)sum * scale;
    if (t->type == SK_INT32) {
        memcpy(to, &sum, 4);
    } else if (t->type == SK_FLOAT32) {
        const float y = fminf(fmaxf(x + p->addend[j], t->lo), t->hi);
        memcpy(to, &y, 4);
    } else {
        const float y = fminf(fmaxf(rintf(x) + (float)t->zero, t->lo), t->hi);
        *(uint8_t *)to = (uint8_t)(int)y;
    }
}

static void check(test_counts *counts, const problem *p, const char *kernel) {
    int ok = 1;
    const uint8_t *y = p->y;
    for (size_t i = 0; i < p->m && ok; i++)
        for (size_t j = 0; j < p->y_row && ok; j++) {
            uint8_t want[4] = {GUARD, GUARD, GUARD, GUARD};
            if (j < p->n) expected(p, i, j, want);
            ok = memcmp(want, y + (i * p->y_row + j) * p->size, p->size) == 0;
            if (!ok)
                printf("FAIL %s form %d m %zu n %zu k %zu taps %zu type %d a %s %d w %s: [%zu, %zu]\n",
                       kernel, (int)p->form, p->m, p->n, p->k, p->taps, p->target.type,
                       p->a_signed ? "s8" : "u8", (int)p->zero_a, p->w_signed ? "s8" : "u8", i, j);
        }
    *(ok ? &counts->passed : &counts->failed) += 1;
}

/* Both kernels of one kind, the reference or not. */
static void run(test_counts *counts, problem *p, int reference, int with_sums) {
    const size_t k = p->taps * p->k, bytes = sk_i8_rows_bytes(p->form, p->m, k);
    void *a = aligned(bytes);
    int32_t *sums = with_sums ? room(p->m * sizeof *sums) : NULL;
    memset(p->y, GUARD, p->m * p->y_row * p->size);
    memset(a, GUARD, bytes);
    sk_select_i8_gather(reference)(
        &(sk_i8_gather_args){p->form, p->a_signed, p->m, p->k, p->taps, p->rows, a, sums});
    sk_select_i8_gemm(p->form, reference)(&(sk_i8_gemm_args){.form = p->form,
                                                             .m = p->m,
                                                             .n = p->n,
                                                             .k = k,
                                                             .a = a,
                                                             .sums = sums,
                                                             .zero_a = p->zero_a,
                                                             .a_signed = p->a_signed,
                                                             .packed = p->packed,
                                                             .y = p->y,
                                                             .y_row = p->y_row,
                                                             .target = p->target});
    check(counts, p, reference ? "reference" : "kernel");
    free(a);
    free(sums);
}

static void try_all(test_counts *counts, uint32_t *r, size_t m, size_t n, size_t k, size_t taps) {
    static const uint8_t types[] = {SK_UINT8, SK_INT8, SK_FLOAT32, SK_INT32};
    for (int form = 0; form <= SK_I8_BOTH7; form++) {
        const uint8_t type = types[test_between(r, 0, 3)];
        problem p = make(r, (sk_i8_form)form, type, (const size_t[4]){m, n, k, taps});
        const sk_i8_columns c = columns(&p);
        pack(&p);
        const int sums = sk_i8_wants_sums(p.form, &c, p.w_signed);
        run(counts, &p, 1, sums);
        run(counts, &p, 0, sums);
        if (!sums) run(counts, &p, 0, 1);
        void *const all[] = {p.a, p.w, p.rows, p.bias, p.zeros, p.scales, p.addend, p.packed, p.y};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
    }
}

/* ---- depthwise ---- */

/* A window of two dimensions over one image, channels-last; outside lies the zero point. */
typedef struct depthwise {
    size_t channels, in[2], out[2], kernel, stride, pad;
} depthwise;

static uint8_t pixel(const problem *p, const depthwise *d, size_t y, size_t x, size_t tap, size_t c) {
    const size_t at[2] = {y * d->stride + tap / d->kernel, x * d->stride + tap % d->kernel};
    if (at[0] < d->pad || at[0] - d->pad >= d->in[0] || at[1] < d->pad || at[1] - d->pad >= d->in[1])
        return (uint8_t)p->zero_a;
    return p->a[((at[0] - d->pad) * d->in[1] + at[1] - d->pad) * d->channels + c];
}

/* As a problem whose columns are the channels: m outputs, k taps; sums by the definition. */
static void check_depthwise(test_counts *counts, const problem *p, const depthwise *d, const char *kernel) {
    int ok = 1;
    const uint8_t *y = p->y;
    problem one = *p; /* one output, one channel: its taps are a row of bytes, its weights a column */
    uint8_t taps[64];
    const uint8_t *row = taps;
    one.rows = &row;
    one.m = one.n = one.taps = 1;
    one.n_zeros = one.n_scales = 1;
    for (size_t i = 0; i < p->m && ok; i++)
        for (size_t c = 0; c < p->n && ok; c++) {
            uint8_t want[4];
            for (size_t t = 0; t < p->k; t++) taps[t] = pixel(p, d, i / d->out[1], i % d->out[1], t, c);
            one.w = p->w + c * p->k;
            one.bias = p->bias + c;
            one.zeros = p->zeros ? p->zeros + (p->n_zeros == 1 ? 0 : c) : NULL;
            one.scales = p->scales + (p->n_scales == 1 ? 0 : c);
            one.addend = p->addend + c;
            expected(&one, 0, 0, want);
            ok = memcmp(want, y + (i * p->n + c) * p->size, p->size) == 0;
            if (!ok)
                printf(
                    "FAIL %s %zux%zu stride %zu pad %zu, %zu x %zu x %zu, type %d: pixel %zu channel %zu\n",
                    kernel, d->kernel, d->kernel, d->stride, d->pad, d->in[0], d->in[1], d->channels,
                    p->target.type, i, c);
        }
    *(ok ? &counts->passed : &counts->failed) += 1;
}

/* All lines by the kernel for lines, in two calls. */
static void run_lines(test_counts *counts, problem *p, const depthwise *d) {
    const sk_window w = {1,
                         (int32_t)d->channels,
                         (int32_t)d->channels,
                         (int32_t)d->channels,
                         {1, (int32_t)d->in[0], (int32_t)d->in[1]},
                         {1, (int32_t)d->out[0], (int32_t)d->out[1]},
                         {1, (int32_t)d->kernel, (int32_t)d->kernel},
                         {1, (int32_t)d->stride, (int32_t)d->stride},
                         {1, 1, 1},
                         {0, (int32_t)d->pad, (int32_t)d->pad}};
    sk_i8_dwconv_fn *kernel = sk_select_i8_dwconv(&w);
    const size_t line = d->in[1] * d->channels, seen = d->kernel + (d->out[0] - 1) * d->stride;
    if (!kernel) return;
    uint8_t *zeros = room(line);
    memset(zeros, p->zero_a, line);
    const uint8_t **rows = room(seen * sizeof *rows);
    for (size_t i = 0; i < seen; i++)
        rows[i] = i < d->pad || i - d->pad >= d->in[0] ? zeros : p->a + (i - d->pad) * line;
    memset(p->y, GUARD, p->m * p->n * p->size);
    for (size_t first = 0, n; first < d->out[0]; first += n) {
        n = first ? d->out[0] - first : (d->out[0] + 1) / 2;
        kernel(&(sk_i8_dwconv_args){.channels = d->channels,
                                    .in_w = d->in[1],
                                    .out_w = d->out[1],
                                    .lines = n,
                                    .pad = d->pad,
                                    .rows = rows + first * d->stride,
                                    .zero_a = p->zero_a,
                                    .a_signed = p->a_signed,
                                    .packed = p->packed,
                                    .y = (char *)p->y + first * d->out[1] * d->channels * p->size,
                                    .target = p->target});
    }
    check_depthwise(counts, p, d, "lines");
    free(zeros);
    free(rows);
}

static void run_any(test_counts *counts, problem *p, const depthwise *d) {
    const uint8_t **rows = room(SK_I8_ROWS * p->k * sizeof *rows);
    uint8_t *zeros = room(d->channels);
    memset(zeros, p->zero_a, d->channels);
    memset(p->y, GUARD, p->m * p->n * p->size);
    for (size_t first = 0, m; first < p->m; first += m) {
        m = p->m - first < SK_I8_ROWS ? p->m - first : SK_I8_ROWS;
        for (size_t i = 0; i < m * p->k; i++) {
            const size_t t = i / m, o = first + i % m;
            const size_t y = o / d->out[1] * d->stride + t / d->kernel,
                         x = o % d->out[1] * d->stride + t % d->kernel;
            const int outside = y < d->pad || y - d->pad >= d->in[0] || x < d->pad || x - d->pad >= d->in[1];
            rows[i] = outside ? zeros : p->a + ((y - d->pad) * d->in[1] + x - d->pad) * d->channels;
        }
        i8_dwconv_any__simd128(&(sk_i8_dwany_args){.channels = d->channels,
                                                   .m = m,
                                                   .taps = p->k,
                                                   .rows = rows,
                                                   .zero_a = p->zero_a,
                                                   .a_signed = p->a_signed,
                                                   .packed = p->packed,
                                                   .y = (char *)p->y + first * p->n * p->size,
                                                   .target = p->target});
    }
    check_depthwise(counts, p, d, "any");
    free(zeros);
    free(rows);
}

static void try_depthwise(test_counts *counts, uint32_t *r, const depthwise *d) {
    static const uint8_t types[] = {SK_UINT8, SK_INT8, SK_FLOAT32, SK_INT32};
    const size_t taps = d->kernel * d->kernel, m = d->out[0] * d->out[1];
    /* the pixels as rows of one piece, so that there are as many bytes of them */
    problem p = make(r, SK_I8_WIDE, types[test_between(r, 0, 3)], (const size_t[4]){1, d->channels, taps, 1});
    free(p.a);
    free(p.y);
    p.m = m;
    p.a = room(d->in[0] * d->in[1] * d->channels);
    p.y = room(m * p.n * p.size);
    for (size_t i = 0; i < d->in[0] * d->in[1] * d->channels; i++) p.a[i] = activation(r, &p);
    for (int any = 0; any < 2; any++) {
        const size_t kh = any ? taps : d->kernel, kw = any ? 1 : d->kernel;
        const sk_i8_dw_weights weights = {d->channels, kh, kw, p.w, p.w_signed, columns(&p)};
        p.packed = aligned((d->channels + 7) / 8 * sk_i8_dw_panel_bytes(kh, kw));
        sk_i8_pack_dw(&weights, p.packed);
        if (any) run_any(counts, &p, d);
        else run_lines(counts, &p, d);
        free(p.packed);
    }
    void *const all[] = {p.a, p.w, p.rows, p.bias, p.zeros, p.scales, p.addend, p.y};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
}

static void depthwise_cases(test_counts *counts, uint32_t *r) {
    for (int i = 0; i < 700; i++) {
        depthwise d = {.kernel = i % 7 ? 3 + 2 * (size_t)(i % 2) : (size_t)test_between(r, 1, 7)};
        d.channels = (size_t)test_between(r, 1, i % 3 ? 20 : 40);
        d.stride = (size_t)test_between(r, 1, i % 5 ? 2 : 3);
        d.pad = (size_t)test_between(r, 0, (int)d.kernel - 1);
        for (int s = 0; s < 2; s++) {
            d.in[s] = (size_t)test_between(r, 1, i % 50 ? 14 : 150);
            if (d.in[s] + 2 * d.pad < d.kernel) d.in[s] = d.kernel;
            d.out[s] = (d.in[s] + 2 * d.pad - d.kernel) / d.stride + 1;
        }
        try_depthwise(counts, r, &d);
    }
}

int main(void) {
    uint32_t r = 2463534242u;
    test_counts counts = {0, 0};
    for (size_t m = 1; m <= 11; m++) /* every remainder of rows and columns */
        for (size_t n = 1; n <= 17; n++)
            try_all(&counts, &r, m, n, (size_t)test_between(&r, 0, 9), 1 + m % 3);
    for (size_t k = 0; k <= 40; k++) /* and of pieces */
        for (size_t taps = 1; taps <= 4; taps++) try_all(&counts, &r, 3, 9, k, taps);
    for (int i = 0; i < 150; i++)
        try_all(&counts, &r, (size_t)test_between(&r, 1, SK_I8_ROWS), (size_t)test_between(&r, 1, 40),
                (size_t)test_between(&r, 0, 200), (size_t)test_between(&r, 1, 9));
    depthwise_cases(&counts, &r);
    return test_summary(&counts);
}
