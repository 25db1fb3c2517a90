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

sk_f32_dwconv_fn *sk_select_f32_dwconv(const sk_window *w)
{
    const int32_t k = w->kernel[1], s = w->stride[1];
    if (w->kernel[0] != 1 || w->in[0] != 1 || w->pad[0] != 0 || w->in_c % 4) return NULL;
    if (w->kernel[2] != k || w->stride[2] != s || w->dilation[1] != 1 || w->dilation[2] != 1) return NULL;
    if (w->pad[2] >= k) return NULL;
    if (k == 3) return s == 1 ? f32_dwconv_3x3s1__simd128 : s == 2 ? f32_dwconv_3x3s2__simd128 : NULL;
    if (k == 5) return s == 1 ? f32_dwconv_5x5s1__simd128 : s == 2 ? f32_dwconv_5x5s2__simd128 : NULL;
    return NULL;
}

/* ---- pooling ---- */

/* ---- elementwise, reductions, normalisation ---- */

/* ---- data movement ---- */

const sk_move_kernels *sk_select_move(int reference)
{
    static const sk_move_kernels ref = {any_copy__ref, any_fill__ref};
    static const sk_move_kernels simd = {any_copy__simd128, any_fill__simd128};
    return reference ? &ref : &simd;
}

/* ---- recurrent ---- */
