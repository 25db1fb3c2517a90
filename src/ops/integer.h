/* What the 8-bit integer operators share: operands with zero points, and scaling 32-bit sums back to 8 bits.
 */
#ifndef SK_OPS_INTEGER_H
#define SK_OPS_INTEGER_H

#include "graph/op.h"
#include "kernels/kernels.h"

/* Input i, if there and known, has one element or n of them (n < 0: unknown). */
sk_status sk_want_scales(const sk_infer *c, int i, int64_t n);

/* Element i % numel of a zero point (NULL: 0) or of scales. */
int32_t sk_zero_at(const sk_tensor *zero, size_t i);
float sk_scale_at(const sk_tensor *scale, size_t i);

#endif
