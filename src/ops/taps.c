/* Weights of pixels; see taps.h. */
#include "ops/taps.h"

#include <math.h>

void sk_taps_start(sk_taps *t) {
    t->n = 1;
    t->at[0] = 0;
    t->weight[0] = 1;
}

void sk_taps_add(sk_taps *t, int32_t size, int count, const int64_t *pixel, const float *weight) {
    const sk_taps old = *t;
    t->n = 0;
    for (int i = 0; i < old.n; i++)
        for (int j = 0; j < count; j++) {
            if (pixel[j] < 0) continue;
            t->at[t->n] = old.at[i] * size + pixel[j];
            t->weight[t->n++] = old.weight[i] * weight[j];
        }
}

void sk_taps_linear(sk_taps *t, int32_t size, double x) {
    const double low = floor(x);
    const float share = (float)(x - low), weight[2] = {1 - share, share};
    int64_t pixel[2];
    for (int i = 0; i < 2; i++) /* not a number is nowhere */
        pixel[i] = low + i >= 0 && low + i < size ? (int64_t)low + i : -1;
    sk_taps_add(t, size, 2, pixel, weight);
}

float sk_taps_sum(const sk_taps *t, const float *plane) {
    float sum = 0;
    for (int i = 0; i < t->n; i++) sum += t->weight[i] * plane[t->at[i]];
    return sum;
}

void sk_box_at(const int32_t size[3], size_t i, int64_t at[3]) {
    for (int d = 2; d >= 0; d--) {
        at[d] = (int64_t)(i % (size_t)size[d]);
        i /= (size_t)size[d];
    }
}
