/* The data movement kernels against their scalar definitions: strided copies of every element size with
 * transposes, repeats and backward walks, fills, nearest and interpolating resampling. Bytes around the
 * output must stay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "kernels/kernels.h"

#define GUARD 64
#define BYTES (1 << 16)

typedef struct buffers {
    uint8_t src[BYTES], want[BYTES + 2 * GUARD], got[BYTES + 2 * GUARD];
} buffers;

static void reset(buffers *b, uint32_t *r) {
    for (size_t i = 0; i < BYTES; i++) b->src[i] = (uint8_t)(test_random(r) >> 11);
    memset(b->want, 0x5a, sizeof b->want);
    memset(b->got, 0x5a, sizeof b->got);
}

static void judge(test_counts *counts, const buffers *b, const char *what, int seed) {
    const int same = !memcmp(b->want, b->got, sizeof b->want);
    if (!same) printf("FAIL %s, SEED=%d\n", what, seed);
    *(same ? &counts->passed : &counts->failed) += 1;
}

/* A random permutation of the destination's axes as source, some repeated or backwards; dense destination. */
static void copy_case(test_counts *counts, buffers *b, uint32_t *r, int seed) {
    static const int sizes[] = {1, 2, 4, 8, 16};
    const int rank = test_between(r, 0, 6), size = sizes[test_between(r, 0, 4)];
    int32_t dims[6] = {0}, order[6] = {0, 1, 2, 3, 4, 5};
    int64_t left = 1 << 11;
    ptrdiff_t dst[6] = {0}, src[6] = {0}, first = 0, stride = size;
    for (int i = 0; i < rank; i++) {
        const int most = left > 40 ? 40 : (int)left;
        dims[i] = test_between(r, test_between(r, 0, 20) ? 1 : 0, most < 1 ? 1 : most);
        left /= dims[i] ? dims[i] : 1;
        const int j = test_between(r, 0, i), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (int i = rank - 1; i >= 0; i--, stride *= dims[i + 1]) dst[i] = stride;
    stride = size;
    for (int i = rank - 1; i >= 0; i--) {
        const int axis = order[i], kind = test_between(r, 0, 9);
        src[axis] = kind == 0 ? 0 : kind == 1 ? -stride : stride;
        if (kind == 1 && dims[axis]) first += stride * (dims[axis] - 1);
        if (kind) stride *= dims[axis];
    }
    reset(b, r);
    sk_copy copy;
    sk_copy_start(&copy, (size_t)size);
    for (int i = 0; i < rank; i++) sk_copy_axis(&copy, dims[order[i]], src[order[i]], dst[order[i]]);
    any_copy__ref(&copy, b->want + GUARD, b->src + first);
    sk_copy_ready(&copy);
    any_copy__simd128(&copy, b->got + GUARD, b->src + first);
    judge(counts, b, "copy", seed);
}

/* Matrix transposes at awkward sizes, in both directions of rows and columns. */
static void transpose_case(test_counts *counts, buffers *b, uint32_t *r, int seed) {
    static const int sizes[] = {1, 2, 4, 4, 4, 8, 16};
    const int size = sizes[test_between(r, 0, 6)], rows = test_between(r, 1, 70);
    const int cols = test_between(r, 0, 3) ? test_between(r, 1, 50) : 3;
    const int padding = test_between(r, 0, 1) * test_between(r, 0, 5);
    reset(b, r);
    if ((rows + padding) * (cols + padding) * size > BYTES) return;
    sk_copy copy;
    sk_copy_start(&copy, (size_t)size);
    sk_copy_axis(&copy, rows, size, (ptrdiff_t)(cols + padding) * size);
    sk_copy_axis(&copy, cols, (ptrdiff_t)(rows + padding) * size, size);
    any_copy__ref(&copy, b->want + GUARD, b->src);
    sk_copy_ready(&copy);
    any_copy__simd128(&copy, b->got + GUARD, b->src);
    judge(counts, b, "transpose", seed);
}

static void fill_case(test_counts *counts, buffers *b, uint32_t *r, int seed) {
    static const size_t sizes[] = {1, 2, 4, 8, 16};
    const size_t size = sizes[test_between(r, 0, 4)], n = (size_t)test_between(r, 0, 100);
    reset(b, r);
    any_fill__ref(b->want + GUARD, b->src, size, n);
    any_fill__simd128(b->got + GUARD, b->src, size, n);
    judge(counts, b, "fill", seed);
}

#define LONGEST 24

static void nearest_case(test_counts *counts, buffers *b, uint32_t *r, int seed) {
    static const int runs[] = {1, 2, 4, 8, 12, 16, 20, 36};
    int32_t first[3][LONGEST];
    const uint32_t outside = 0x01020304;
    sk_nearest n = {
        .rank = test_between(r, 1, 3), .outer = (size_t)test_between(r, 1, 3), .outside = &outside};
    n.run = (size_t)runs[test_between(r, 0, 7)];
    n.size = n.run % 4 ? n.run : 4;
    for (int i = 0; i < n.rank; i++) {
        const int in = test_between(r, 1, 5), out = test_between(r, 1, i ? 5 : LONGEST);
        const int may_leave = test_between(r, 0, 3) == 0;
        for (int o = 0; o < out; o++)
            first[i][o] = may_leave && test_between(r, 0, 4) == 0 ? -1 : o * in / out;
        n.axes[i] = (sk_resample){in, out, 1, first[i], NULL};
    }
    reset(b, r);
    any_nearest__ref(&n, b->src, b->want + GUARD);
    any_nearest__simd128(&n, b->src, b->got + GUARD);
    judge(counts, b, "nearest", seed);
}

static void resample_case(test_counts *counts, uint32_t *r, int seed) {
    int32_t first[LONGEST];
    float weight[LONGEST * 8];
    const int in = test_between(r, 1, 20), taps = test_between(r, 1, in < 8 ? in : 8);
    const int outer = test_between(r, 1, 4), inner = test_between(r, 0, 1) ? 1 : test_between(r, 1, 21);
    const sk_resample axis = {in, test_between(r, 1, LONGEST), taps, first, weight};
    for (int o = 0; o < axis.out; o++) {
        first[o] = test_between(r, 0, 8) ? test_between(r, 0, in - taps) : -1;
        for (int t = 0; t < taps; t++) weight[o * taps + t] = (float)test_between(r, -8, 8) / 8;
    }
    const int32_t shape[3] = {outer, in, inner}, result[3] = {outer, axis.out, inner};
    sk_tensor src = test_tensor(r, SK_FLOAT32, 3, shape), want = test_tensor(r, SK_FLOAT32, 3, result);
    sk_tensor got = test_tensor(r, SK_FLOAT32, 3, result);
    f32_resample__ref(&axis, (size_t)outer, (size_t)inner, src.data, want.data, 7);
    f32_resample__simd128(&axis, (size_t)outer, (size_t)inner, src.data, got.data, 7);
    double most = 0;
    for (size_t i = 0; i < sk_numel(&got); i++) {
        const double d = (double)((float *)got.data)[i] - (double)((float *)want.data)[i];
        most = d > most ? d : -d > most ? -d : most;
    }
    if (!(most < 1e-5)) printf("FAIL resample differs by %g, SEED=%d\n", most, seed);
    *(most < 1e-5 ? &counts->passed : &counts->failed) += 1;
    free(src.data);
    free(want.data);
    free(got.data);
}

int main(void) {
    static buffers b;
    test_counts counts = {0};
    const char *only = getenv("SEED");
    const int from = only ? atoi(only) : 1, to = only ? from : 1500;
    for (int seed = from; seed <= to; seed++) {
        uint32_t r = (uint32_t)seed * 2654435761u | 1;
        copy_case(&counts, &b, &r, seed);
        transpose_case(&counts, &b, &r, seed);
        fill_case(&counts, &b, &r, seed);
        nearest_case(&counts, &b, &r, seed);
        resample_case(&counts, &r, seed);
    }
    return test_summary(&counts);
}
