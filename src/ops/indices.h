/* What operators share that gather or scatter by lists of indices. */
#ifndef SK_OPS_INDICES_H
#define SK_OPS_INDICES_H

#include "ops/move.h"

enum { SK_SCATTER_SET, SK_SCATTER_ADD, SK_SCATTER_MUL, SK_SCATTER_MAX, SK_SCATTER_MIN };

typedef struct sk_index_params {
    int64_t axis, batch_dims;
    int reduction;
} sk_index_params;

sk_status sk_index_import(sk_import *c);
/* The types of indices and, if there are any, of updates. */
sk_status sk_index_types(const sk_infer *c);
/* Index i of input 1 into axis `axis` of input 0, counted from the front; fails when it is outside. */
sk_status sk_index_at(const sk_run *r, size_t i, int axis, int64_t *index);
/* count elements at dst are replaced by those at src or, by a reduction, combined with them. */
void sk_scatter(int reduction, int type, char *dst, const char *src, size_t count);

#endif
