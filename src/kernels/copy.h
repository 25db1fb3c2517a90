/* The strided copy: the one engine behind every operator that only moves elements (Transpose, Concat, Slice,
 * Expand, Tile, DepthToSpace, ...). The caller states axes with byte strides on both sides, in any order;
 * sk_copy_ready sorts, merges and widens them, so that what is contiguous ends up as one run and what is a
 * matrix transpose as such. */
#ifndef SK_KERNELS_COPY_H
#define SK_KERNELS_COPY_H

#include <string.h>

#include "kernels/simd.h"

#define SK_COPY_RANK 16 /* two axes for each of a tensor's eight: Tile */

typedef struct sk_copy {
    uint32_t size; /* bytes of an element: 1, 2, 4, 8 or 16 */
    int rank;      /* 0: one element */
    uint8_t empty; /* some dimension is zero: nothing to do */
    int32_t dims[SK_COPY_RANK];
    ptrdiff_t src[SK_COPY_RANK]; /* bytes from one element to the next; 0 repeats, negative walks backwards */
    ptrdiff_t dst[SK_COPY_RANK]; /* the same; elements written must not overlap */
} sk_copy;

void sk_copy_start(sk_copy *c, size_t size);
/* Adds an axis of n elements; axes beyond SK_COPY_RANK are a bug of the caller. */
void sk_copy_axis(sk_copy *c, int32_t n, ptrdiff_t src, ptrdiff_t dst);
/* Sorts by destination stride, drops axes of one element, merges neighbours, turns short runs into wide
 * elements. */
void sk_copy_ready(sk_copy *c);

/* Runs a copy. dst and src point at the element with all coordinates zero and do not overlap. __ref takes it
 * with or without sk_copy_ready, the others only after it. */
typedef void sk_copy_fn(const sk_copy *c, void *dst, const void *src);

/* n copies of the size-byte element at `element`, from dst on. size as in sk_copy. */
typedef void sk_fill_fn(void *dst, const void *element, size_t size, size_t n);

/* 4-byte element (r, c) of dst at r * dst_row + c * 4 becomes element (r, c) of src at c * src_col + r * 4.
 */
void sk_transpose_4(ptrdiff_t rows, ptrdiff_t cols, uint8_t *dst, ptrdiff_t dst_row, const uint8_t *src,
                    ptrdiff_t src_col);

/* A run of bytes. Inline up to 1 kB: a call into the engine's bulk copy costs more than that below it. */
SK_INLINE void sk_copy_run(uint8_t *dst, const uint8_t *src, size_t n) {
    if (n > 1024) {
        memcpy(dst, src, n);
    } else if (n >= 16) {
        size_t i = 0;
        for (; i + 16 <= n; i += 16) wasm_v128_store(dst + i, wasm_v128_load(src + i));
        if (i < n)
            wasm_v128_store(dst + n - 16, wasm_v128_load(src + n - 16)); /* overlaps what is there already */
    } else {
        for (size_t i = 0; i < n; i++) dst[i] = src[i];
    }
}

#endif
