/* Which kernel an operator uses: one function per kind, asked in prepare. `reference` asks for the scalar kernel. */
#ifndef SK_KERNELS_SELECT_H
#define SK_KERNELS_SELECT_H

#include "kernels/kernels.h"

/* ---- matrix products and convolution ---- */
sk_f32_gemm_fn *sk_select_f32_gemm(void);
sk_f32_igemm_fn *sk_select_f32_igemm(void);
/* The kernel for one row of a depthwise convolution, or NULL when only f32_dwconv_any__simd128 can do it. */
sk_f32_dwconv_fn *sk_select_f32_dwconv(const sk_window *w);

/* ---- pooling ---- */

/* ---- elementwise, reductions, normalisation ---- */

/* ---- data movement ---- */
/* Kernels of the operators that only move elements. */
typedef struct sk_move_kernels {
    sk_copy_fn *copy;
    sk_fill_fn *fill;
} sk_move_kernels;
const sk_move_kernels *sk_select_move(int reference);

/* ---- recurrent ---- */

#endif
