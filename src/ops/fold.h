/* Folding a tensor over a set of axes: what reductions and some normalisations share. */
#ifndef SK_OPS_FOLD_H
#define SK_OPS_FOLD_H

#include "core/pool.h"
#include "core/tensor.h"
#include "kernels/select.h"

/* The input's dimensions in storage order, neighbours of a kind merged; the last varies fastest in memory. */
typedef struct sk_fold_plan {
    sk_fold_fn *fold;
    int kind; /* sk_fold_kind */
    int rank;
    size_t dims[SK_MAX_RANK];
    size_t out[SK_MAX_RANK]; /* step in the output along each; 0: folded */
    uint8_t empty;
} sk_fold_plan;

/* The type that a fold of `type` accumulates in; 0: none. */
int sk_fold_loop(int kind, int type);
/* axes: bits of the logical axes that are folded. out has in's rank (ones there) or is without them. */
void sk_fold_ready(sk_fold_plan *plan, const sk_tensor *in, const sk_tensor *out, uint32_t axes);
/* The neutral element n times; `type` is the tensor's, whose bounds maxima and minima start from. */
void sk_fold_clear(int kind, int loop, int type, void *acc, size_t n);
/* Folds all of x (elements of `type`) into acc (elements of `loop`). */
void sk_fold_run(const sk_fold_plan *plan, int loop, int type, const void *x, void *acc);

/* The same on as many threads as it is worth: they share what is kept. */
void sk_fold_split(sk_pool *pool, const sk_fold_plan *plan, int loop, int type, const void *x, void *acc);

static inline size_t sk_pad16(size_t bytes) { return (bytes + 15) & ~(size_t)15; }

#endif
