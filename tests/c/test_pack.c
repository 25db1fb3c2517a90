/* Packing of weights into panels: each arrangement of the source, at awkward sizes, against the definition.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "kernels/pack.h"

typedef struct shape {
    size_t width, n, k;
    int lines; /* columns are lines of the source */
} shape;

static const float *source(size_t floats) {
    float *b = malloc(floats * sizeof *b);
    for (size_t i = 0; b && i < floats; i++) b[i] = (float)(i % 8191) - 4095.5f;
    return b;
}

/* Packs in two pieces by rows, and compares every element, padding included. */
static void check_panels(test_counts *counts, const shape *s) {
    size_t bytes = 0;
    sk_panels p = {s->width, s->n, s->k, NULL};
    const int sized = sk_panels_bytes(&p, &bytes);
    const float *b = source(s->n * s->k + 1), *bias = b;
    p.data = aligned_alloc(16, (bytes + 15) & ~(size_t)15);
    if (!sized || !b || !p.data) exit(2);
    memset(p.data, 0xff, bytes);
    sk_pack_bias(&p, bias);
    const size_t b_row = s->lines ? 1 : s->n, b_col = s->lines ? s->k : 1, half = s->k / 2;
    sk_pack_piece(&p, &(sk_piece){0, half, 0, s->n, b, b_row, b_col, 0.5f});
    sk_pack_piece(&p, &(sk_piece){half, s->k - half, 0, s->n, b + half * b_row, b_row, b_col, 0.5f});
    int wrong = 0;
    for (size_t j = 0; j < (s->n + s->width - 1) / s->width * s->width; j++)
        for (size_t i = 0; i <= s->k; i++) {
            const float got = p.data[j / s->width * s->width * (s->k + 1) + i * s->width + j % s->width];
            float want = 0;
            if (j < s->n) want = i ? b[(i - 1) * b_row + j * b_col] * 0.5f : bias[j];
            wrong += memcmp(&got, &want, sizeof got) != 0;
        }
    if (wrong)
        printf("FAIL width %zu, n %zu, k %zu, lines %d: %d elements differ\n", s->width, s->n, s->k, s->lines,
               wrong);
    *(wrong ? &counts->failed : &counts->passed) += 1;
    free(p.data);
    free((void *)b);
}

int main(void) {
    test_counts counts = {0, 0};
    static const size_t widths[] = {4, 8}, sizes[] = {1, 3, 4, 7, 8, 9, 16, 23, 64};
    for (size_t w = 0; w < 2; w++)
        for (size_t n = 0; n < 9; n++)
            for (size_t k = 0; k < 9; k++)
                for (int lines = 0; lines < 2; lines++)
                    check_panels(&counts, &(shape){widths[w], sizes[n], sizes[k], lines});
    return test_summary(&counts);
}
