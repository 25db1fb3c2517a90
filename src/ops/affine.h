/* Operators that scale and shift each channel by constants, as fusion asks for them (sk_impl.as_affine). */
#ifndef SK_OPS_AFFINE_H
#define SK_OPS_AFFINE_H

#include "graph/op.h"

sk_status sk_affine_batch_norm(const sk_ir *ir, const sk_node *node, int axis, int channels, int *data,
                               float *scale, float *shift, sk_error *err);
/* Add, Sub, Mul, Div with one constant operand. */
sk_status sk_affine_binary(const sk_ir *ir, const sk_node *node, int axis, int channels, int *data,
                           float *scale, float *shift, sk_error *err);

#endif
