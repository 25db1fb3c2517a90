/* Which kernel an operator uses: one function per kind, asked in prepare. `reference` asks for the scalar kernel. */
#ifndef SK_KERNELS_SELECT_H
#define SK_KERNELS_SELECT_H

#include "kernels/kernels.h"

/* ---- matrix products and convolution ---- */
sk_f32_gemm_fn *sk_select_f32_gemm(void);
sk_f32_igemm_fn *sk_select_f32_igemm(void);

/* ---- pooling ---- */

/* ---- elementwise, reductions, normalisation ---- */

/* ---- data movement ---- */

/* ---- recurrent ---- */

#endif
