/* What the files of convolution share: the packed form of its weights. */
#ifndef SK_OPS_CONV_H
#define SK_OPS_CONV_H

#include "ops/weights.h"
#include "ops/window.h"

/* Weights [out_c][in_c / groups][taps] as the kernels want them: for each group panels of 8 output channels,
 * rows in the order (tap, input channel); depthwise (one input and output channel a group): panels of 4
 * channels, a row a tap. */
typedef struct sk_conv_form {
    int32_t depthwise, groups;
    int32_t bias;              /* id of the constant bias, -1: none or not constant */
    int32_t out_c, in_c, taps; /* in_c: of a group */
} sk_conv_form;

int sk_conv_form_bytes(const sk_conv_form *f, size_t *bytes);
/* Floats of one group. */
size_t sk_conv_group_floats(const sk_conv_form *f);
/* bias: out_c numbers, or NULL. */
sk_status sk_conv_pack(const sk_conv_form *f, sk_weights *weights, sk_weights *bias, float *packed);
/* sk_pack_fn with a sk_conv_form as params: weights are input 1, bias input 2. */
sk_status sk_conv_pack_constants(const sk_pack *pack, void *dst);

#endif
