/* What the 8-bit integer operators share: operands with zero points, and scaling 32-bit sums back to 8 bits.
 */
#ifndef SK_OPS_INTEGER_H
#define SK_OPS_INTEGER_H

#include "graph/op.h"
#include "kernels/kernels.h"

/* An operand for the kernels; zero may be NULL. */
sk_i8_operand sk_i8_operand_of(const sk_tensor *t, const sk_tensor *zero);

/* Input i, if there and known, has one element or n of them (n < 0: unknown). */
sk_status sk_want_scales(const sk_infer *c, int i, int64_t n);

/* round(sum * scale) + zero, saturated to the type of y: element i of y. Halves round to even. */
void sk_requantize(const sk_tensor *y, size_t i, int32_t sum, float scale, int32_t zero);
/* Element i % numel of a zero point (NULL: 0) or of scales. */
int32_t sk_zero_at(const sk_tensor *zero, size_t i);
float sk_scale_at(const sk_tensor *scale, size_t i);

#endif
