/* The phases of a transposed convolution and their packed weights. Output positions that agree modulo the
 * stride see the same taps: a phase is an ordinary convolution of stride 1 with a part of the filter. */
#ifndef SK_OPS_PHASES_H
#define SK_OPS_PHASES_H

#include "kernels/kernels.h"
#include "ops/weights.h"
#include "ops/window.h"

/* Everything that the packed form depends on, besides the weights' shape. Names as in sk_window. */
typedef struct sk_phase_form {
    int32_t groups, bias; /* id of the constant bias, or -1 */
    int32_t kernel[3], stride[3], dilation[3], pad[3];
} sk_phase_form;

/* One phase: along axis d the taps first[d], first[d] + step[d], ..., count[d] of them; output position phase
 * + stride * j reads input j + offset of the tap. */
typedef struct sk_phase {
    int32_t at[3], first[3], step[3], count[3];
} sk_phase;

int sk_phases(const sk_phase_form *f); /* how many; -1: too many */
void sk_phase_make(const sk_phase_form *f, int i, sk_phase *ph);
size_t sk_phase_taps(const sk_phase *ph);

/* The packed form: for each group, for each phase, panels of 8 output channels with rows in the order (tap of
 * the phase, input channel). in_c and out_c are a group's. Both return 0 when a size overflows. */
int sk_phase_floats(const sk_phase *ph, size_t in_c, size_t out_c, size_t *floats);
int sk_phase_form_bytes(const sk_phase_form *f, size_t in_c, size_t out_c, size_t *bytes);

/* From weights [in_c * groups][out_c][kernel]; bias: out_c * groups numbers, or NULL. */
sk_status sk_phase_pack(const sk_phase_form *f, size_t in_c, size_t out_c, sk_weights *weights,
                        sk_weights *bias, float *packed);
/* sk_pack_fn with a sk_phase_form as params: weights are input 1, bias input 2. */
sk_status sk_phase_pack_constants(const sk_pack *pack, void *dst);

/* ---- where outputs do not overlap (conv_tiles.c) ---- */

typedef struct sk_tiles {
    const sk_window *w;
    sk_f32_gemm_fn *gemm;
    const float *x, *packed; /* channels-last; of sk_tiles_pack */
    float *y;
    float lo, hi;
} sk_tiles;

int sk_tiles_fit(const sk_window *w); /* kernel and stride are the same, nothing is padded or cut off */
/* Packs constant input 1, with constant input 2 if there is one. */
sk_status sk_tiles_pack(sk_prepare *p, const sk_window *w, const float **packed);
void sk_tiles_run(sk_pool *pool, const sk_tiles *t);

#endif
