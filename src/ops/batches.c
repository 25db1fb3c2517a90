/* Batched matrix products: shapes; see batches.h. */
#include "ops/batches.h"

/* Batch dimension i (of `rank`, the last is next to the matrix) of a tensor, 1 where it has none. */
static int32_t batch_dim(const sk_tensor *t, int rank, int i) {
    const int at = t->rank - 2 - rank + i;
    return at >= 0 ? t->dims[at] : 1;
}

sk_status sk_batches_infer(const sk_infer *c, const sk_tensor *a, const sk_tensor *b, sk_tensor *y) {
    if (a->rank < 0 || b->rank < 0) return SK_OK;
    if (a->rank == 0 || b->rank == 0) return sk_bad_shape(c, "a scalar operand");
    const int32_t ka = a->dims[a->rank - 1], kb = b->dims[b->rank == 1 ? 0 : b->rank - 2];
    int fits = ka < 0 || kb < 0 || ka == kb;
    const int ra = a->rank > 2 ? a->rank - 2 : 0, rb = b->rank > 2 ? b->rank - 2 : 0,
              rank = ra > rb ? ra : rb;
    y->rank = (int8_t)(rank + (a->rank > 1) + (b->rank > 1));
    for (int i = 0; i < rank; i++) {
        const int32_t da = batch_dim(a, rank, i), db = batch_dim(b, rank, i);
        fits = fits && (da < 0 || db < 0 || da == db || da == 1 || db == 1);
        y->dims[i] = da == 1 ? db : db == 1 || da >= 0 ? da : db; /* an unknown one is 1, or the other */
    }
    if (!fits) return sk_bad_shape(c, "%pT times %pT", a, b);
    int at = rank;
    if (a->rank > 1) y->dims[at++] = a->dims[a->rank - 2];
    if (b->rank > 1) y->dims[at] = b->dims[b->rank - 1];
    return SK_OK;
}

sk_strided sk_strided_of(const sk_tensor *t, const sk_permutation *perm, int back) {
    sk_strided seen = {.rank = t->rank};
    size_t step[SK_MAX_RANK], next = 1;
    for (int i = t->rank - 1; i >= 0; i--) {
        step[i] = next;
        next *= (size_t)t->dims[i];
    }
    for (int i = 0; i < t->rank; i++) {
        const int axis = perm && perm->rank ? perm->axis[i] : i;
        const int to = back ? axis : i, from = back ? i : axis;
        seen.dims[to] = t->dims[from];
        seen.step[to] = step[from];
    }
    return seen;
}

/* Batch dimension i (of `rank`) of a strided tensor: its size, and its step unless it is broadcast. */
static int32_t strided_dim(const sk_strided *t, int rank, int i, size_t *step) {
    const int at = t->rank - 2 - rank + i;
    *step = at >= 0 && t->dims[at] != 1 ? t->step[at] : 0;
    return at >= 0 ? t->dims[at] : 1;
}

/* Inner batches that share b and lie in a and y like further rows become these. */
static void merge_rows(sk_batches *s) {
    for (int i = s->rank - 1; i >= 0 && s->b_step[i] == 0; i--, s->rank--) {
        const size_t n = (size_t)s->dims[i];
        if (n == 1) continue;
        if (s->m == 1) {
            s->a_row = s->a_step[i];
            s->y_row = s->y_step[i];
        } else if (s->a_step[i] != s->m * s->a_row || s->y_step[i] != s->m * s->y_row) {
            return;
        }
        s->m *= n;
        s->batches /= n;
    }
}

void sk_batches_make(const sk_strided *a, const sk_strided *b, const sk_strided *y, sk_batches *s) {
    const int a_rows = a->rank > 1, b_cols = b->rank > 1;
    *s = (sk_batches){.batches = 1, .m = 1, .n = 1, .b_col = 1, .y_col = 1};
    const int ra = a_rows ? a->rank - 2 : 0, rb = b_cols ? b->rank - 2 : 0, rank = ra > rb ? ra : rb;
    s->k = (size_t)a->dims[a->rank - 1];
    s->a_col = a->step[a->rank - 1];
    s->b_row = b->step[rb];
    if (a_rows) {
        s->m = (size_t)a->dims[ra];
        s->a_row = a->step[ra];
        s->y_row = y->step[rank];
    }
    if (b_cols) {
        s->n = (size_t)b->dims[rb + 1];
        s->b_col = b->step[rb + 1];
        s->y_col = y->step[rank + a_rows];
    }
    s->rank = rank;
    for (int i = 0; i < rank; i++) {
        const int32_t da = strided_dim(a, rank, i, &s->a_step[i]),
                      db = strided_dim(b, rank, i, &s->b_step[i]);
        s->dims[i] = da == 1 ? db : da;
        s->y_step[i] = y->step[i];
        s->batches *= (size_t)s->dims[i];
    }
    merge_rows(s);
}

sk_batch sk_batch_at(const sk_batches *s, size_t batch) {
    sk_batch at = {0, 0, 0};
    for (int i = s->rank - 1; i >= 0; i--) {
        const size_t n = batch % (size_t)s->dims[i];
        batch /= (size_t)s->dims[i];
        at.a += n * s->a_step[i];
        at.b += n * s->b_step[i];
        at.y += n * s->y_step[i];
    }
    return at;
}
