/* What the normalisations share: a tensor as [batch][channels][inner], stored so or with the channels last.
 */
#ifndef SK_OPS_NORM_H
#define SK_OPS_NORM_H

#include "ops/elementwise.h"

typedef struct sk_channels {
    size_t batch, channels, inner;
    uint8_t last; /* [batch][inner][channels] */
} sk_channels;

/* Rank 1 has one channel. */
sk_channels sk_channels_of(const sk_tensor *t);
/* y = x * scale[c] + shift[c]; y may be x. */
void sk_channels_affine(sk_pool *pool, const sk_norm_kernels *k, const sk_channels *s, const float *x,
                        float *y, const float *scale, const float *shift);
/* Fails unless input i, if present and known, is a vector of n numbers (n < 0: unknown) of a float type. */
sk_status sk_want_vector(const sk_infer *c, int i, int32_t n);

#endif
