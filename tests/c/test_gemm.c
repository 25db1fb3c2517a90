/* The product kernels by themselves, every variant that a build could select, against f32_matmul__ref: all
 * remainders of rows and columns, short and long sums, padded strides, clamps that bite, NaN, exact-sized
 * operands (so that sanitizers see a read or write too far), and nothing written between rows. Candidates for
 * timing give the same bits. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "kernels/select.h"

#define GUARD 12345.0f

typedef struct problem {
    size_t m, n, k, taps, lda, ldc; /* a: [m][taps][k] in rows of lda */
    float *a, *b, *bias, *packed, *want, *got;
    float lo, hi;
} problem;

static float *numbers(uint32_t *r, size_t n) {
    float *p = malloc((n ? n : 1) * sizeof *p);
    if (!p) abort();
    for (size_t i = 0; i < n; i++) p[i] = (float)(test_random(r) / 2147483648.0 - 1);
    return p;
}

static void pack(problem *p) {
    sk_panels panels = {SK_PANEL, p->n, p->taps * p->k, NULL};
    size_t bytes;
    if (!sk_panels_bytes(&panels, &bytes)) abort();
    p->packed = aligned_alloc(16, (bytes + 15) / 16 * 16);
    if (!p->packed) abort();
    panels.data = p->packed;
    sk_pack_bias(&panels, p->bias);
    sk_pack_piece(&panels, &(sk_piece){0, panels.k, 0, p->n, p->b, p->n, 1, 1.0f});
}

static problem make(uint32_t *r, size_t m, size_t n, size_t k, size_t taps) {
    problem p = {.m = m, .n = n, .k = k, .taps = taps, .lo = -INFINITY, .hi = INFINITY};
    p.lda = taps * k + (size_t)test_between(r, 0, 3);
    p.ldc = n + (size_t)test_between(r, 0, 3);
    if (test_between(r, 0, 1)) {
        p.lo = -0.25f;
        p.hi = 0.5f;
    }
    const size_t a_floats = (m - 1) * p.lda + taps * k, c_floats = (m - 1) * p.ldc + n;
    p.a = numbers(r, a_floats);
    if (a_floats && test_between(r, 0, 3) == 0) p.a[test_random(r) % a_floats] = NAN;
    p.b = numbers(r, taps * k * n);
    p.bias = numbers(r, n);
    pack(&p);
    p.want = malloc(c_floats * sizeof *p.want);
    p.got = malloc(c_floats * sizeof *p.got);
    if (!p.want || !p.got) abort();
    for (size_t i = 0; i < c_floats; i++) p.want[i] = GUARD;
    f32_matmul__ref(&(sk_matmul_args){.m = m,
                                      .n = n,
                                      .k = taps * k,
                                      .a = p.a,
                                      .b = p.b,
                                      .bias = p.bias,
                                      .a_row = p.lda,
                                      .a_col = 1,
                                      .b_row = n,
                                      .b_col = 1,
                                      .c = p.want,
                                      .c_row = p.ldc,
                                      .lo = p.lo,
                                      .hi = p.hi});
    return p;
}

static void clear(problem *p) {
    for (size_t i = 0; i < (p->m - 1) * p->ldc + p->n; i++) p->got[i] = GUARD;
}

static void check(test_counts *counts, const problem *p, const char *kernel) {
    int ok = 1;
    if (!counts) return;
    for (size_t i = 0; i < (p->m - 1) * p->ldc + p->n && ok; i++) {
        const float a = p->got[i], b = p->want[i];
        ok = isnan(a) ? isnan(b) : fabsf(a - b) <= 1e-5f * (1 + (float)(p->taps * p->k) / 16);
        if (!ok)
            printf("FAIL %s m %zu n %zu k %zu taps %zu: [%zu] is %g, not %g\n", kernel, p->m, p->n, p->k,
                   p->taps, i, (double)a, (double)b);
    }
    *(ok ? &counts->passed : &counts->failed) += 1;
}

static void run_gemm(test_counts *counts, problem *p, sk_f32_gemm_fn *gemm, const char *name) {
    clear(p);
    gemm(p->m, p->n, p->k, p->a, p->lda, p->packed, p->got, p->ldc, p->lo, p->hi);
    check(counts, p, name);
}

static void run_igemm(test_counts *counts, problem *p, sk_f32_igemm_fn *igemm, const char *name) {
    const float **rows = malloc(p->m * p->taps * sizeof *rows);
    if (!rows) abort();
    for (size_t t = 0; t < p->taps; t++)
        for (size_t i = 0; i < p->m; i++) rows[t * p->m + i] = p->a + i * p->lda + t * p->k;
    clear(p);
    igemm(p->m, p->n, p->k, p->taps, rows, p->packed, p->got, p->ldc, p->lo, p->hi);
    check(counts, p, name);
    free(rows);
}

/* What may be chosen by timing must give the same bits: `got` is one candidate's, `want` becomes a copy of
 * the first one's. */
static void same_bits(test_counts *counts, problem *p, int candidate, const char *name) {
    const size_t bytes = ((p->m - 1) * p->ldc + p->n) * sizeof *p->got;
    if (candidate == 0) memcpy(p->want, p->got, bytes);
    const int ok = memcmp(p->want, p->got, bytes) == 0;
    if (!ok)
        printf("FAIL %s candidate %d: other bits, m %zu n %zu k %zu\n", name, candidate, p->m, p->n, p->k);
    *(ok ? &counts->passed : &counts->failed) += 1;
}

static void run_direct(test_counts *counts, problem *p) {
    memset(p->bias, 0, p->n * sizeof *p->bias); /* it adds none */
    f32_matmul__ref(&(sk_matmul_args){.m = p->m,
                                      .n = p->n,
                                      .k = p->k,
                                      .a = p->a,
                                      .b = p->b,
                                      .a_row = p->lda,
                                      .a_col = 1,
                                      .b_row = p->n,
                                      .b_col = 1,
                                      .c = p->want,
                                      .c_row = p->ldc,
                                      .lo = p->lo,
                                      .hi = p->hi});
    clear(p);
    f32_gemm_direct_1x32__simd128(p->m, p->n, p->k, p->a, p->lda, p->b, p->n, p->got, p->ldc, p->lo, p->hi);
    check(counts, p, "f32_gemm_direct_1x32__simd128");
}

static void try_all(test_counts *counts, uint32_t *r, size_t m, size_t n, size_t k, size_t taps) {
    problem p = make(r, m, n, k, taps);
    for (int tile = 0; tile < SK_TILES && m <= SK_IGEMM_ROWS; tile++)
        run_igemm(counts, &p, sk_select_f32_igemm(tile), tile ? "igemm 1" : "igemm 0");
    for (int tile = 0; tile < SK_TILES && taps == 1; tile++)
        run_gemm(counts, &p, sk_select_f32_gemm(tile), tile ? "gemm 1" : "gemm 0");
    for (int tile = 0; tile < SK_TILES && m <= SK_IGEMM_ROWS; tile++) {
        run_igemm(NULL, &p, sk_select_f32_igemm(tile), "");
        same_bits(counts, &p, tile, "igemm");
    }
    for (int tile = 0; tile < SK_TILES && taps == 1; tile++) {
        run_gemm(NULL, &p, sk_select_f32_gemm(tile), "");
        same_bits(counts, &p, tile, "gemm");
    }
    if (taps == 1) run_direct(counts, &p);
    free(p.a);
    free(p.b);
    free(p.bias);
    free(p.packed);
    free(p.want);
    free(p.got);
}

int main(void) {
    uint32_t r = 2463534242u;
    test_counts counts = {0, 0};
    for (size_t m = 1; m <= 13; m++) /* every remainder of rows and columns */
        for (size_t n = 1; n <= 17; n++)
            try_all(&counts, &r, m, n, (size_t)test_between(&r, 0, 9), 1 + m % 3);
    for (int i = 0; i < 150; i++)
        try_all(&counts, &r, (size_t)test_between(&r, 1, 110), (size_t)test_between(&r, 1, 70),
                (size_t)test_between(&r, 1, 130), 1);
    for (int i = 0; i < 150; i++)
        try_all(&counts, &r, (size_t)test_between(&r, 1, SK_IGEMM_ROWS), (size_t)test_between(&r, 1, 40),
                (size_t)test_between(&r, 1, 40), (size_t)test_between(&r, 2, 9));
    for (int i = 0; i < 60; i++) /* long enough to read the next panel ahead */
        try_all(&counts, &r, (size_t)test_between(&r, 16, SK_IGEMM_ROWS), (size_t)test_between(&r, 9, 40),
                (size_t)test_between(&r, 64, 100), (size_t)test_between(&r, 1, 4));
    return test_summary(&counts);
}
