/* Ordering; see order.h. A heap with the worst item on top serves both keeping the best k and sorting them.
 */
#include "ops/order.h"

#include <string.h>

/* Bits of an IEEE number with `width` bits as an integer of the same order. */
static int64_t float_order(uint64_t bits, int width) {
    const uint64_t sign = (uint64_t)1 << (width - 1), magnitude = bits & (sign - 1);
    return bits & sign ? -(int64_t)magnitude : (int64_t)magnitude;
}

int64_t sk_order_key(const sk_tensor *t, size_t i) {
    uint64_t wide;
    uint32_t narrow;
    switch (t->type) {
    case SK_FLOAT32:
        memcpy(&narrow, (const char *)t->data + 4 * i, sizeof narrow);
        return float_order(narrow, 32);
    case SK_FLOAT64: memcpy(&wide, (const char *)t->data + 8 * i, sizeof wide); return float_order(wide, 64);
    case SK_FLOAT16:
    case SK_BFLOAT16: return float_order(((const uint16_t *)t->data)[i], 16);
    case SK_UINT64: return (int64_t)(((const uint64_t *)t->data)[i] ^ (uint64_t)1 << 63);
    default: return sk_int_at(t, i);
    }
}

static int worse(const sk_ranked *a, const sk_ranked *b) {
    return a->key != b->key ? a->key < b->key : a->index > b->index;
}

/* Lets the item at `at` sink until both below it are better. */
static void sink(sk_ranked *heap, size_t n, size_t at) {
    const sk_ranked item = heap[at];
    for (;;) {
        size_t below = 2 * at + 1;
        if (below >= n) break;
        if (below + 1 < n && worse(&heap[below + 1], &heap[below])) below++;
        if (!worse(&heap[below], &item)) break;
        heap[at] = heap[below];
        at = below;
    }
    heap[at] = item;
}

void sk_rank_offer(sk_ranked *kept, size_t *n, size_t limit, sk_ranked item) {
    if (*n == limit) {
        if (!worse(&kept[0], &item)) return;
        kept[0] = item;
        sink(kept, limit, 0);
        return;
    }
    kept[(*n)++] = item;
    if (*n == limit) /* full: from now on the worst is on top */
        for (size_t i = limit / 2; i-- > 0;) sink(kept, limit, i);
}

void sk_rank_sort(sk_ranked *kept, size_t n) {
    for (size_t i = n / 2; i-- > 0;) sink(kept, n, i);
    for (size_t left = n; left > 1;) { /* the worst goes to the end */
        const sk_ranked worst = kept[0];
        kept[0] = kept[--left];
        kept[left] = worst;
        sink(kept, left, 0);
    }
}
