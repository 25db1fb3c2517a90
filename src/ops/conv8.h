/* What the files of 8-bit convolution share: conv_integer.c (the operators, products) and conv8_depthwise.c.
 */
#ifndef SK_OPS_CONV8_H
#define SK_OPS_CONV8_H

#include "ops/elementwise.h"
#include "ops/product8.h"
#include "ops/window.h"

typedef struct sk_conv8_state {
    sk_window w;
    sk_product8 product;
    size_t x, y, zeros, n_zeros; /* where in scratch */
    size_t framed;               /* few channels: the input with what lies around it, also there */
    int32_t frame[2];            /* its height and width; 0: no */
    int32_t offset[2];           /* of the input in it */
    uint8_t turn_x, turn_y, depthwise;
    sk_i8_dwconv_fn *lines; /* depthwise; NULL: the general kernel */
} sk_conv8_state;

/* form is set for products. */
sk_status sk_conv8_prepare_depthwise(sk_prepare *p, sk_conv8_state *s);
/* x: channels-last; zeros: n_zeros bytes of x's zero point. */
void sk_conv8_run_depthwise(sk_pool *pool, const sk_conv8_state *s, const sk_product8_call *call,
                            const uint8_t *x, const uint8_t *zeros);

#endif
