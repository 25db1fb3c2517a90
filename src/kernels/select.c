/* The only place that chooses kernels. What a build contains is decided at compile time (SK_RELAXED); here a kernel is
 * chosen by shape and by whether the reference is wanted. */
#include "kernels/select.h"

/* ---- matrix products and convolution ---- */

/* Six rows of fused multiply-adds keep all registers busy; without them six rows spill and four are 1.5 times faster. */
sk_f32_gemm_fn *sk_select_f32_gemm(void)
{
#if SK_RELAXED
    return f32_gemm_6x8__relaxed;
#else
    return f32_gemm_4x8__simd128;
#endif
}

sk_f32_igemm_fn *sk_select_f32_igemm(void)
{
#if SK_RELAXED
    return f32_igemm_6x8__relaxed;
#else
    return f32_igemm_4x8__simd128;
#endif
}

/* ---- pooling ---- */

/* ---- elementwise, reductions, normalisation ---- */

/* ---- data movement ---- */

/* ---- recurrent ---- */
