/* What the files of convolution share: conv.c (the operator: which way, packing, scratch), conv_shape.c
 * (attributes and shapes), conv_run.c (the direct ways), conv_winograd.c (the transformed one), conv_pack.c
 * (the packed forms of the weights). */
#ifndef SK_OPS_CONV_H
#define SK_OPS_CONV_H

#include "kernels/select.h"
#include "ops/weights.h"
#include "ops/window.h"

typedef struct sk_conv_params {
    sk_window_attrs attrs;
    int32_t groups;
} sk_conv_params;

/* What all convolutions have among their attributes: the window's, and group (sk_conv_params; the group
 * alone).
 */
sk_status sk_conv_import(sk_import *c);
sk_status sk_conv_groups(sk_import *c, int32_t *groups);
/* x and w, both of known rank, against each other, and the output's shape from them. */
sk_status sk_conv_infer_shape(sk_infer *c, const sk_tensor *w);
sk_status sk_conv_make_window(sk_prepare *p, const sk_tensor *w, sk_window *window);
/* Inputs x, weights, perhaps bias, through the definition; clamped, or not yet. */
void sk_conv_reference(const sk_run *r, const sk_window *w, int transposed, int clamps);

/* Weights [out_c][in_c / groups][taps] as the kernels want them: for each group panels of 8 output channels,
 * rows in the order (tap, input channel); depthwise (one input and output channel a group): panels of 4
 * channels, a row a tap; winograd: a matrix of transformed weights for each position of the input tile, or
 * one for each tap (`apart`) from which they are made at each run, panels of 8. */
typedef struct sk_conv_form {
    int32_t depthwise, groups;
    int32_t bias;              /* id of the constant bias, -1: none or not constant */
    int32_t out_c, in_c, taps; /* in_c: of a group */
    int32_t tile[2];           /* winograd: the output tile's height and width; 0: not transformed */
    int32_t apart;
} sk_conv_form;

int sk_conv_form_bytes(const sk_conv_form *f, size_t *bytes);
/* Floats of one group; of one matrix when transformed. */
size_t sk_conv_group_floats(const sk_conv_form *f);
/* bias: out_c numbers, or NULL. */
sk_status sk_conv_pack(const sk_conv_form *f, sk_weights *weights, sk_weights *bias, float *packed);
/* sk_pack_fn with a sk_conv_form as params: weights are input 1, bias input 2. */
sk_status sk_conv_pack_constants(const sk_pack *pack, void *dst);

typedef enum sk_conv_way {
    SK_CONV_POINTWISE,
    SK_CONV_INDIRECT,
    SK_CONV_PATCHES,
    SK_CONV_DEPTHWISE_ROWS,
    SK_CONV_DEPTHWISE,
    SK_CONV_WINOGRAD,
} sk_conv_way;

typedef struct sk_conv_state {
    sk_window w; /* as given; when merged, with the taps along x as one */
    sk_conv_way way;
    uint8_t turn_x, turn_y; /* to and from channels-last */
    uint8_t pack_at_run;
    uint8_t by_columns; /* threads share the columns, not the rows */
    sk_conv_form form;
    const float *packed;
    size_t k, taps; /* floats of a piece, pieces */
    sk_f32_gemm_fn *gemm;
    sk_f32_igemm_fn *igemm;
    sk_f32_dwconv_fn *dwconv;
    const sk_winograd_kernels *winograd;
    size_t tiles[2], block;               /* winograd: down, across; so many at once */
    size_t panels;                        /* winograd: columns / 8 for which weights are made at once */
    size_t x, y, rows, zeros, pack, v, m; /* offsets in scratch */
    size_t u, u_floats;                   /* the weights made, so many a thread */
    size_t n_zeros, rows_bytes;           /* rows, or patches: so many bytes a thread */
} sk_conv_state;

typedef struct sk_conv_call {
    const sk_conv_state *s;
    sk_pool *pool;
    const float *x, *packed, *zeros;
    const float *add; /* what is added before clamping, laid out as y; NULL: nothing */
    float *y;
    char *rows;       /* rows_bytes for each thread */
    float *v, *m, *u; /* winograd */
    size_t first;     /* winograd: the block's first tile */
    float lo, hi;
} sk_conv_call;

void sk_conv_run_direct(const sk_conv_call *call);
/* Floats from one patch to the next. */
size_t sk_conv_patch_step(const sk_conv_state *s);

/* NULL: not for this window. */
const sk_winograd_kernels *sk_winograd_kernels_for(const sk_window *w);
int sk_winograd_scratch(sk_prepare *p, sk_conv_state *s);
void sk_conv_run_winograd(const sk_conv_call *call);

#endif
