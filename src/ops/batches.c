/* Batched matrix products: shapes; see batches.h. */
#include "ops/batches.h"

/* Batch dimension i (of `rank`, the last is next to the matrix) of a tensor, 1 where it has none. */
static int32_t batch_dim(const sk_tensor *t, int rank, int i) {
    const int at = t->rank - 2 - rank + i;
    return at >= 0 ? t->dims[at] : 1;
}

sk_status sk_batches_infer(const sk_infer *c, const sk_tensor *a, const sk_tensor *b, sk_tensor *y) {
    char a_text[SK_SHAPE_TEXT], b_text[SK_SHAPE_TEXT];
    if (a->rank < 0 || b->rank < 0) return SK_OK;
    if (a->rank == 0 || b->rank == 0) return sk_bad_shape(c, "a scalar operand");
    const int32_t ka = a->dims[a->rank - 1], kb = b->dims[b->rank == 1 ? 0 : b->rank - 2];
    if (ka >= 0 && kb >= 0 && ka != kb)
        return sk_bad_shape(c, "%s times %s", sk_tensor_text(a, a_text), sk_tensor_text(b, b_text));
    const int ra = a->rank > 2 ? a->rank - 2 : 0, rb = b->rank > 2 ? b->rank - 2 : 0,
              rank = ra > rb ? ra : rb;
    y->rank = (int8_t)(rank + (a->rank > 1) + (b->rank > 1));
    for (int i = 0; i < rank; i++) {
        const int32_t da = batch_dim(a, rank, i), db = batch_dim(b, rank, i);
        if (da > 1 && db > 1 && da != db)
            return sk_bad_shape(c, "%s times %s", sk_tensor_text(a, a_text), sk_tensor_text(b, b_text));
        if (da < 0 || db < 0) /* the other one decides unless it is 1 */
            y->dims[i] = da > 1 || da == 0 ? da : db > 1 || db == 0 ? db : -1;
        else y->dims[i] = da == 1 ? db : da;
        if ((da == 0 && db > 1) || (db == 0 && da > 1))
            return sk_bad_shape(c, "%s times %s", sk_tensor_text(a, a_text), sk_tensor_text(b, b_text));
    }
    int at = rank;
    if (a->rank > 1) y->dims[at++] = a->dims[a->rank - 2];
    if (b->rank > 1) y->dims[at] = b->dims[b->rank - 1];
    return SK_OK;
}

void sk_batches_make(const sk_tensor *a, const sk_tensor *b, sk_batches *s) {
    *s = (sk_batches){.batches = 1, .b_batches = 1};
    s->m = a->rank > 1 ? (size_t)a->dims[a->rank - 2] : 1;
    s->n = b->rank > 1 ? (size_t)b->dims[b->rank - 1] : 1;
    s->k = (size_t)a->dims[a->rank - 1];
    const int ra = a->rank > 2 ? a->rank - 2 : 0, rb = b->rank > 2 ? b->rank - 2 : 0;
    s->b_batches = sk_span(b, 0, rb);
    if (s->b_batches == 1) {
        s->m *= sk_span(a, 0, ra);
        return;
    }
    s->rank = ra > rb ? ra : rb;
    size_t a_step = 1, b_step = 1;
    for (int i = s->rank - 1; i >= 0; i--) {
        const int32_t da = batch_dim(a, s->rank, i), db = batch_dim(b, s->rank, i);
        s->dims[i] = da == 1 ? db : da;
        s->a_step[i] = da == 1 ? 0 : a_step;
        s->b_step[i] = db == 1 ? 0 : b_step;
        a_step *= (size_t)da;
        b_step *= (size_t)db;
        s->batches *= (size_t)s->dims[i];
    }
}

void sk_batch_at(const sk_batches *s, size_t batch, size_t *a, size_t *b) {
    *a = *b = 0;
    for (int i = s->rank - 1; i >= 0; i--) {
        const size_t at = batch % (size_t)s->dims[i];
        batch /= (size_t)s->dims[i];
        *a += at * s->a_step[i];
        *b += at * s->b_step[i];
    }
}
