/* Ordering elements of any number type: TopK, Unique, NonMaxSuppression. */
#ifndef SK_OPS_ORDER_H
#define SK_OPS_ORDER_H

#include "ops/move.h"

/* A number that orders like element i of a tensor of numbers or bools. -0 equals 0; NaNs come after infinity
 * (or before it, when their sign is set). */
int64_t sk_order_key(const sk_tensor *t, size_t i);

typedef struct sk_ranked {
    int64_t key;
    int32_t index; /* of equal keys the lower index is better */
} sk_ranked;

/* Keeps the best `limit` (> 0) of the items offered: largest keys first. *n counts those kept, in no useful
 * order. */
void sk_rank_offer(sk_ranked *kept, size_t *n, size_t limit, sk_ranked item);
/* Best first. */
void sk_rank_sort(sk_ranked *kept, size_t n);

#endif
