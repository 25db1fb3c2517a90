/* Operands and scales of the 8-bit integer operators; see integer.h. */
#include <math.h>

#include "ops/elementwise.h"
#include "ops/integer.h"

sk_status sk_want_scales(const sk_infer *c, int i, int64_t n) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t || !sk_shape_known(t)) return SK_OK;
    const size_t count = sk_numel(t);
    if (count == 1 || n < 0 || (count == (size_t)n && count > 0)) return SK_OK;
    return sk_bad_shape(c, "input %d is %pT: neither one number nor %lld", i, t, (long long)n);
}

int32_t sk_zero_at(const sk_tensor *zero, size_t i) {
    if (!zero) return 0;
    i %= sk_numel(zero);
    return zero->type == SK_INT8 ? ((const int8_t *)zero->data)[i] : ((const uint8_t *)zero->data)[i];
}

float sk_scale_at(const sk_tensor *scale, size_t i) {
    return ((const float *)scale->data)[i % sk_numel(scale)];
}
