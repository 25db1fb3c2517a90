/* The strided copy engine: preparing a copy, the scalar reference, and the walk that hands rows, matrix
 * transposes and plain strided planes to their loops. The transposes themselves are in transpose.c. */
#include "kernels/kernels.h"

#include <assert.h>
#include <string.h>

void sk_copy_start(sk_copy *c, size_t size) {
    c->size = (uint32_t)size;
    c->rank = 0;
    c->empty = 0;
}

void sk_copy_axis(sk_copy *c, int32_t n, ptrdiff_t src, ptrdiff_t dst) {
    if (n == 1) return;
    if (n == 0) c->empty = 1;
    assert(c->rank < SK_COPY_RANK);
    c->dims[c->rank] = n;
    c->src[c->rank] = src;
    c->dst[c->rank] = dst;
    c->rank++;
}

static ptrdiff_t magnitude(ptrdiff_t stride) { return stride < 0 ? -stride : stride; }

static void sort_by_destination(sk_copy *c) {
    for (int i = 1; i < c->rank; i++)
        for (int j = i; j > 0 && magnitude(c->dst[j - 1]) < magnitude(c->dst[j]); j--) {
            const sk_copy old = *c;
            c->dims[j - 1] = old.dims[j], c->dims[j] = old.dims[j - 1];
            c->src[j - 1] = old.src[j], c->src[j] = old.src[j - 1];
            c->dst[j - 1] = old.dst[j], c->dst[j] = old.dst[j - 1];
        }
}

void sk_copy_ready(sk_copy *c) {
    if (c->empty) return;
    sort_by_destination(c);
    int last = -1; /* of the axes kept so far */
    for (int i = 0; i < c->rank; i++) {
        const ptrdiff_t n = c->dims[i];
        if (last >= 0 && c->dst[last] == n * c->dst[i] && c->src[last] == n * c->src[i]) {
            c->dims[last] *= (int32_t)n;
        } else {
            last++;
            c->dims[last] = (int32_t)n;
        }
        c->src[last] = c->src[i];
        c->dst[last] = c->dst[i];
    }
    c->rank = last + 1;
    /* a run of 2, 4, 8 or 16 bytes is one wide element: what remains may be a transpose of those */
    const ptrdiff_t size = (ptrdiff_t)c->size;
    if (c->rank > 1 && c->src[last] == size && c->dst[last] == size) {
        const ptrdiff_t run = size * c->dims[last];
        if (run == 2 || run == 4 || run == 8 || run == 16) {
            c->size = (uint32_t)run;
            c->rank--;
        }
    }
}

/* ---- reference ---- */

void any_copy__ref(const sk_copy *c, void *dst, const void *src) {
    int32_t at[SK_COPY_RANK] = {0};
    uint8_t *d = dst;
    const uint8_t *s = src;
    if (c->empty) return;
    for (;;) {
        for (uint32_t b = 0; b < c->size; b++) d[b] = s[b];
        int axis = c->rank - 1;
        while (axis >= 0 && ++at[axis] == c->dims[axis]) {
            d -= (c->dims[axis] - 1) * c->dst[axis];
            s -= (c->dims[axis] - 1) * c->src[axis];
            at[axis--] = 0;
        }
        if (axis < 0) return;
        d += c->dst[axis];
        s += c->src[axis];
    }
}

void any_fill__ref(void *dst, const void *element, size_t size, size_t n) {
    uint8_t *d = dst;
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < size; b++) d[i * size + b] = ((const uint8_t *)element)[b];
}

/* ---- SIMD ---- */

void any_fill__simd128(void *dst, const void *element, size_t size, size_t n) {
    uint8_t pattern[16];
    for (size_t i = 0; i < 16; i++) pattern[i] = ((const uint8_t *)element)[i % size];
    const v128_t v = wasm_v128_load(pattern);
    uint8_t *d = dst;
    size_t bytes = size * n;
    for (; bytes >= 16; bytes -= 16, d += 16) wasm_v128_store(d, v);
    memcpy(d, pattern, bytes);
}

/* The last two axes. Runs when the elements of a row lie side by side on both sides. */
typedef struct plane {
    ptrdiff_t rows, cols;
    ptrdiff_t src_row, src_col, dst_row, dst_col;
} plane;

static void copy_rows(const plane *p, uint32_t size, uint8_t *dst, const uint8_t *src) {
    const size_t run = (size_t)p->cols * size;
    for (ptrdiff_t r = 0; r < p->rows; r++, dst += p->dst_row, src += p->src_row) sk_copy_run(dst, src, run);
}

#define STRIDED(width)                                                                                       \
    for (ptrdiff_t r = 0; r < p->rows; r++, dst += p->dst_row, src += p->src_row) {                          \
        uint8_t *d = dst;                                                                                    \
        const uint8_t *s = src;                                                                              \
        for (ptrdiff_t i = 0; i < p->cols; i++, d += p->dst_col, s += p->src_col)                            \
            __builtin_memcpy(d, s, width);                                                                   \
    }

static void copy_plane(const plane *p, uint32_t size, uint8_t *dst, const uint8_t *src) {
    switch (size) {
    case 1: STRIDED(1) break;
    case 2: STRIDED(2) break;
    case 4: STRIDED(4) break;
    case 8: STRIDED(8) break;
    default: STRIDED(16) break;
    }
}

/* In blocks whose lines stay cached: the rows of a transpose's source are its destination's columns. */
#define BLOCK 16
static void copy_blocks(const plane *p, uint32_t size, uint8_t *dst, const uint8_t *src) {
    plane b = *p;
    for (ptrdiff_t r = 0; r < p->rows; r += BLOCK)
        for (ptrdiff_t c = 0; c < p->cols; c += BLOCK) {
            b.rows = p->rows - r < BLOCK ? p->rows - r : BLOCK;
            b.cols = p->cols - c < BLOCK ? p->cols - c : BLOCK;
            copy_plane(&b, size, dst + r * p->dst_row + c * p->dst_col,
                       src + r * p->src_row + c * p->src_col);
        }
}

static void repeat_rows(const plane *p, uint32_t size, uint8_t *dst, const uint8_t *src) {
    for (ptrdiff_t r = 0; r < p->rows; r++, dst += p->dst_row, src += p->src_row)
        any_fill__simd128(dst, src, size, (size_t)p->cols);
}

/* The axis along which the source is contiguous while the destination's innermost is another one; -1: no
 * transpose. */
static int transposed_axis(const sk_copy *c) {
    const int last = c->rank - 1;
    const ptrdiff_t size = (ptrdiff_t)c->size;
    if (last < 1 || c->dst[last] != size || c->src[last] == size) return -1;
    for (int i = last - 1; i >= 0; i--)
        if (c->src[i] == size) return i;
    return -1;
}

static void run_plane(const plane *p, int transpose, uint32_t size, uint8_t *dst, const uint8_t *src) {
    const ptrdiff_t n = (ptrdiff_t)size;
    if (transpose && size == 4) sk_transpose_4(p->rows, p->cols, dst, p->dst_row, src, p->src_col);
    else if (transpose) copy_blocks(p, size, dst, src);
    else if (p->src_col == n && p->dst_col == n) copy_rows(p, size, dst, src);
    else if (p->src_col == 0 && p->dst_col == n) repeat_rows(p, size, dst, src);
    else copy_plane(p, size, dst, src);
}

void any_copy__simd128(const sk_copy *c, void *dst, const void *src) {
    if (c->empty) return;
    const int last = c->rank - 1;
    int row = transposed_axis(c);
    const int transpose = row >= 0;
    if (!transpose) row = last - 1;
    plane p = {.rows = 1, .cols = 1, .src_col = (ptrdiff_t)c->size, .dst_col = (ptrdiff_t)c->size};
    if (last >= 0) p.cols = c->dims[last], p.src_col = c->src[last], p.dst_col = c->dst[last];
    if (row >= 0) p.rows = c->dims[row], p.src_row = c->src[row], p.dst_row = c->dst[row];

    int32_t at[SK_COPY_RANK] = {0};
    uint8_t *d = dst;
    const uint8_t *s = src;
    for (;;) {
        run_plane(&p, transpose, c->size, d, s);
        int axis = last - 1;
        for (; axis >= 0; axis--) {
            if (axis == row) continue;
            d += c->dst[axis];
            s += c->src[axis];
            if (++at[axis] < c->dims[axis]) break;
            d -= c->dims[axis] * c->dst[axis];
            s -= c->dims[axis] * c->src[axis];
            at[axis] = 0;
        }
        if (axis < 0) return;
    }
}
