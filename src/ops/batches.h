/* Shapes of a batched matrix product, as numpy's matmul has them: the last two dimensions are the matrices,
 * the others are broadcast, a vector is a matrix of one row or one column. */
#ifndef SK_OPS_BATCHES_H
#define SK_OPS_BATCHES_H

#include "graph/op.h"

/* Both operands as matrices: m x k and k x n in `batches` batches. */
typedef struct sk_batches {
    size_t m, n, k, batches;
    int rank; /* of the batch dimensions */
    int32_t dims[SK_MAX_RANK];
    size_t a_step[SK_MAX_RANK], b_step[SK_MAX_RANK]; /* in matrices; 0: broadcast */
    size_t b_batches;
} sk_batches;

/* The result's rank and dims, where known. */
sk_status sk_batches_infer(const sk_infer *c, const sk_tensor *a, const sk_tensor *b, sk_tensor *y);
/* Of known shapes whose product is not empty. With one b for all, a's batches are just more rows. */
void sk_batches_make(const sk_tensor *a, const sk_tensor *b, sk_batches *s);
/* Which matrices batch number `batch` multiplies. */
void sk_batch_at(const sk_batches *s, size_t batch, size_t *a, size_t *b);

#endif
