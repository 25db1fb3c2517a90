/* MaxUnpool: puts each number back where MaxPool found it, zeros elsewhere. Indices count over the tensor
 * that the window attributes imply; an explicit output_shape may be larger, the rest of it stays zero. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/window.h"

static sk_status import(sk_import *c) {
    sk_window_attrs *attrs = sk_params(c, sizeof *attrs);
    return attrs ? sk_window_import(c, attrs) : sk_oom(c->err, sizeof *attrs);
}

/* dims[2..] of the tensor that was pooled, -1 where unknown. */
static sk_status pooled_dims(const sk_infer *c, const sk_window_attrs *attrs, const sk_tensor *x,
                             int32_t *dims) {
    for (int i = 0; i < attrs->spatial; i++) {
        const int64_t in = x->dims[2 + i];
        const int64_t size =
            (in - 1) * attrs->stride[i] + attrs->kernel[i] - attrs->pad[i] - (int64_t)attrs->pad_end[i];
        if (in > 0 && (size < 0 || size > INT32_MAX))
            return sk_bad_shape(c, "no output size on axis %d", 2 + i);
        dims[2 + i] = in < 0 ? -1 : in == 0 ? 0 : (int32_t)size;
    }
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    const sk_tensor *x = c->in[0], *index = c->in[1], *shape = c->n_in > 2 ? c->in[2] : NULL;
    sk_tensor *y = c->out[0];
    y->type = x->type;
    SK_TRY(sk_want_types(c, 1, SK_T(INT64)));
    SK_TRY(sk_want_types(c, 2, SK_T(INT64) | SK_T(INT32)));
    if (sk_shape_known(x) && sk_shape_known(index) && !sk_same_shape(x, index))
        return sk_bad_shape(c, "indices of another shape than the input");
    if (x->rank < 0) return SK_OK;
    sk_window_attrs attrs = *(const sk_window_attrs *)c->node->params;
    SK_TRY(sk_window_complete(c, &attrs, x, NULL));
    sk_copy_type(y, x);
    if (!shape) return pooled_dims(c, &attrs, x, y->dims);
    int64_t dims[SK_MAX_RANK];
    const int n = sk_known_ints(shape, dims, SK_MAX_RANK);
    for (int i = 0; i < y->rank; i++) {
        if (n >= 0 && (n != y->rank || dims[i] < 0 || dims[i] > INT32_MAX))
            return sk_bad_shape(c, "output_shape");
        y->dims[i] = n < 0 ? -1 : (int32_t)dims[i];
    }
    return SK_OK;
}

static sk_status run(sk_run *r) {
    const sk_tensor *x = r->in[0], *y = r->out[0];
    const int64_t *index = r->in[1]->data;
    const size_t size = sk_elem(x->type);
    sk_tensor pooled = *x;
    sk_window_attrs attrs = *(const sk_window_attrs *)r->node->params;
    attrs.spatial = (int8_t)(x->rank - 2);
    SK_TRY(pooled_dims(&r->shapes, &attrs, x, pooled.dims));
    if (sk_nbytes(y)) memset(y->data, 0, sk_nbytes(y));
    for (size_t i = 0; i < sk_numel(x); i++) {
        int64_t rest = index[i];
        size_t to = 0, step = 1;
        int inside = rest >= 0;
        for (int d = x->rank - 1; d >= 0 && inside; d--) {
            inside = pooled.dims[d] > 0;
            const int64_t at = inside ? rest % pooled.dims[d] : 0;
            if (inside) rest /= pooled.dims[d];
            inside = inside && at < y->dims[d];
            to += (size_t)at * step;
            step *= (size_t)y->dims[d];
        }
        if (!inside || rest)
            return sk_node_fail(r->node, r->err, SK_VALUE, "index %lld is outside the output",
                                (long long)index[i]);
        memcpy((char *)y->data + to * size, (const char *)x->data + i * size, size);
    }
    return SK_OK;
}

const sk_impl sk_impl_max_unpool = {.import = import, .infer = infer, .run = run};
