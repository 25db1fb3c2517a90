/* See any.h. */
#include "kernels/any.h"

#include "core/tensor.h"

double sk_any_load(int type, const void *x, size_t i) {
    switch (type) {
    case SK_FLOAT64: return ((const double *)x)[i];
    case SK_INT8: return ((const int8_t *)x)[i];
    case SK_UINT8: return ((const uint8_t *)x)[i];
    default: return (double)((const float *)x)[i];
    }
}

void sk_any_store(int type, void *y, size_t i, double v) {
    switch (type) {
    case SK_FLOAT64: ((double *)y)[i] = v; break;
    case SK_INT8: ((int8_t *)y)[i] = v < -128 ? -128 : (int8_t)v; break;
    case SK_UINT8: ((uint8_t *)y)[i] = v < 0 ? 0 : (uint8_t)v; break;
    default: ((float *)y)[i] = (float)v; break;
    }
}

sk_any_strides sk_any_strides_of(int last, size_t channels, const int32_t size[3]) {
    sk_any_strides t;
    t.s[2] = last ? channels : 1;
    t.s[1] = t.s[2] * (size_t)size[2];
    t.s[0] = t.s[1] * (size_t)size[1];
    t.c = last ? 1 : t.s[0] * (size_t)size[0];
    t.n = channels * (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
    return t;
}
