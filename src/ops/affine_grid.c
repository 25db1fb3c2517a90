/* AffineGrid: where each pixel of a picture of `size` comes from when theta moves it: theta [N][d][d + 1]
 * times (x, y, 1) or (x, y, z, 1), coordinates from -1 to 1. */
#include "ops/elementwise.h"

static sk_status import(sk_import *c) {
    int64_t *align = sk_params(c, sizeof *align);
    return align ? sk_want_int(c, "align_corners", 0, align) : SK_OUT_OF_MEMORY;
}

static sk_status infer(sk_infer *c) {
    const sk_tensor *theta = c->in[0];
    int64_t size[SK_MAX_RANK], dims[SK_MAX_RANK];
    int n;
    sk_set_out_type(c, 0, theta->type);
    SK_TRY(sk_list_input(c, 1, "size", size, &n));
    if (n >= 0 && n != 4 && n != 5) return sk_bad_shape(c, "size has %d numbers, not 4 or 5", n);
    if (n < 0) return SK_OK;
    const int32_t want[3] = {size[0] >= 0 && size[0] <= INT32_MAX ? (int32_t)size[0] : -1, n - 2, n - 1};
    int fits = theta->rank < 0 || theta->rank == 3;
    for (int i = 0; i < 3 && fits && theta->rank == 3; i++)
        fits = theta->dims[i] < 0 || theta->dims[i] == want[i];
    if (!fits) return sk_bad_shape(c, "theta %pT for a size of %d numbers", theta, n);
    dims[0] = size[0];
    for (int i = 2; i < n; i++) {
        if (size[i] < 0) return sk_bad_shape(c, "size %lld", (long long)size[i]);
        dims[i - 1] = size[i];
    }
    dims[n - 1] = n - 2;
    return sk_set_out(c, 0, theta->type, n, dims);
}

/* Coordinate i of n. */
static double coordinate(int32_t i, int32_t n, int align) {
    if (align) return n > 1 ? -1 + 2.0 * i / (n - 1) : -1;
    return (2.0 * i + 1) / n - 1;
}

static sk_status run(sk_run *r) {
    const int align = *(const int64_t *)r->node->params != 0;
    const sk_tensor *theta = r->in[0], *y = r->out[0];
    const int axes = y->rank - 2;
    const size_t pixels = sk_span(y, 1, 1 + axes), count = (size_t)axes;
    for (size_t i = 0; i < (size_t)y->dims[0] * pixels; i++) {
        double at[3] = {0};
        size_t rest = i % pixels;
        for (int a = 0; a < axes; a++) { /* x, the last axis, first */
            const int32_t n = y->dims[axes - a];
            at[a] = coordinate((int32_t)(rest % (size_t)n), n, align);
            rest /= (size_t)n;
        }
        for (size_t k = 0; k < count; k++) {
            const size_t row = (i / pixels * count + k) * (count + 1);
            double sum = sk_number_at(theta, row + count);
            for (size_t a = 0; a < count; a++) sum += sk_number_at(theta, row + a) * at[a];
            sk_put_number(y, i * count + k, sum);
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_affine_grid = {import, infer, NULL, run, NULL};
