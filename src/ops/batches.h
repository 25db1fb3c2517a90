/* Shapes of a batched matrix product, as numpy's matmul has them: the last two dimensions are the matrices,
 * the others are broadcast, a vector is a matrix of one row or one column. */
#ifndef SK_OPS_BATCHES_H
#define SK_OPS_BATCHES_H

#include "graph/op.h"

/* A tensor as the product sees it, perhaps through a transpose. */
typedef struct sk_strided {
    int rank;
    int32_t dims[SK_MAX_RANK];
    size_t step[SK_MAX_RANK]; /* elements */
} sk_strided;

/* Both operands as matrices: m x k and k x n in `batches` batches, with the steps between elements. */
typedef struct sk_batches {
    size_t m, n, k, batches;
    size_t a_row, a_col, b_row, b_col, y_row, y_col;
    int rank; /* of the batch dimensions */
    int32_t dims[SK_MAX_RANK];
    size_t a_step[SK_MAX_RANK], b_step[SK_MAX_RANK], y_step[SK_MAX_RANK]; /* 0: broadcast */
} sk_batches;

/* Where the matrices of one batch begin. */
typedef struct sk_batch {
    size_t a, b, y;
} sk_batch;

/* The result's rank and dims, where known. */
sk_status sk_batches_infer(const sk_infer *c, const sk_tensor *a, const sk_tensor *b, sk_tensor *y);
/* t as it lies, seen through `perm` (NULL: as it is). `back`: t is the transpose of what is seen. */
sk_strided sk_strided_of(const sk_tensor *t, const sk_permutation *perm, int back);
/* Of known shapes whose product is not empty. Where the same b serves several of a's batches, these are just
 * more rows if they lie so. */
void sk_batches_make(const sk_strided *a, const sk_strided *b, const sk_strided *y, sk_batches *s);
sk_batch sk_batch_at(const sk_batches *s, size_t batch);

#endif
