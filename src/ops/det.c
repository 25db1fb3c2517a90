/* Det: determinants of square matrices, by elimination in double. */
#include <math.h>

#include "ops/elementwise.h"

static sk_status infer(sk_infer *c) {
    const sk_tensor *x = c->in[0];
    c->out[0]->type = x->type;
    if (x->rank < 0) return SK_OK;
    const int32_t *last = x->dims + x->rank - 2;
    if (x->rank < 2 || (last[0] >= 0 && last[1] >= 0 && last[0] != last[1]))
        return sk_bad_shape(c, "%pT: not square", x);
    sk_set_shape(c->out[0], x->type, x->rank - 2, x->dims);
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    p->scratch = sk_span(p->in[0], p->in[0]->rank - 2, p->in[0]->rank) * sizeof(double);
    return SK_OK;
}

/* With the largest number of a column as pivot. */
static double determinant(double *a, size_t n) {
    double product = 1;
    for (size_t k = 0; k < n; k++) {
        size_t best = k;
        for (size_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
        const double pivot = a[best * n + k];
        product *= best == k ? pivot : -pivot;
        if (pivot == 0) return 0;
        for (size_t j = k; best != k && j < n; j++) {
            const double swap = a[k * n + j];
            a[k * n + j] = a[best * n + j];
            a[best * n + j] = swap;
        }
        for (size_t i = k + 1; i < n; i++) {
            const double factor = a[i * n + k] / pivot;
            for (size_t j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
        }
    }
    return product;
}

static sk_status run(sk_run *r) {
    const sk_tensor *x = r->in[0];
    const size_t n = (size_t)x->dims[x->rank - 1], count = sk_numel(r->out[0]);
    double *a = r->scratch;
    for (size_t m = 0; m < count; m++) {
        for (size_t i = 0; i < n * n; i++) a[i] = sk_number_at(x, m * n * n + i);
        sk_put_number(r->out[0], m, determinant(a, n));
    }
    return SK_OK;
}

const sk_impl sk_impl_det = {.infer = infer, .prepare = prepare, .run = run};
