/* Which kernel an operator uses: one function per kind, asked in prepare. `reference` asks for the scalar
 * kernel. */
#ifndef SK_KERNELS_SELECT_H
#define SK_KERNELS_SELECT_H

#include "kernels/kernels.h"

/* ---- matrix products and convolution ---- */
/* tile: sk_prepare.tile, which of the candidates that differ between machines; all give the same bits. */
#define SK_TILES 2
sk_f32_gemm_fn *sk_select_f32_gemm(int tile);
sk_f32_igemm_fn *sk_select_f32_igemm(int tile);
/* The kernel for one row of a depthwise convolution, or NULL when only f32_dwconv_any__simd128 can do it. */
sk_f32_dwconv_fn *sk_select_f32_dwconv(const sk_window *w);

typedef struct sk_winograd_kernels {
    int32_t stride, height, width; /* height, width: of the output tile */
    sk_f32_winograd_in_fn *in;
    sk_f32_winograd_out_fn *out;
    sk_f32_winograd_weights_fn *weights; /* NULL: transformed weights are kept */
} sk_winograd_kernels;
/* For a 3 x 3 convolution; NULL: the direct way is better. */
const sk_winograd_kernels *sk_select_f32_winograd(const sk_window *w);

/* The best form of packed weights for 8-bit products, by what is known of the operands: `activations`: all
 * within 0..127; `weights`: all within -64..63 once they are signed. */
sk_i8_form sk_select_i8_form(int activations, int weights);
sk_i8_gather_fn *sk_select_i8_gather(int reference);
sk_i8_gemm_fn *sk_select_i8_gemm(sk_i8_form form, int reference);
/* For one row of a depthwise convolution, whose weights are packed for kernel w->kernel[2]; NULL: only
 * i8_dwconv_any__simd128 can do it. */
sk_i8_dwconv_fn *sk_select_i8_dwconv(const sk_window *w);

/* ---- pooling ---- */
/* One output pixel of a pool (sk_pool_kind), channels-last; NULL: only any_pool__ref does it. */
sk_pool_fn *sk_select_pool(int kind, int type, int reference);

/* ---- elementwise, reductions, normalisation ---- */
/* NULL: no such kernel for that loop type. */
sk_unary_fn *sk_select_unary(int kind, int loop, int reference);
sk_binary_fn *sk_select_binary(int kind, int loop, int reference);
/* The type that operands of element type `type` are computed in; 0: none. */
int sk_binary_loop(int kind, int type, int reference);
sk_where_fn *sk_select_where(size_t element_size);
sk_i8_binary_fn *sk_select_i8_binary(int reference);
/* NULL: no such fold for that loop type. */
sk_fold_fn *sk_select_fold(int kind, int loop, int reference);
sk_softmax_fn *sk_select_softmax(int loop); /* the reference is float64's */
sk_f32_attention_fn *sk_select_attention(int reference);
sk_arg_fn *sk_select_arg(int loop);
/* Kernels of the normalisations. */
typedef struct sk_norm_kernels {
    sk_f32_moments_fn *moments;
    sk_f32_normalize_fn *normalize;
    sk_f32_deviation_fn *deviation;
    sk_f32_affine_fn *affine;
    sk_fold_fn *fold;
} sk_norm_kernels;
const sk_norm_kernels *sk_select_norm(int reference);
/* To uint8 or int8; NULL for other types. */
sk_f32_quantize_fn *sk_select_quantize(int type, int reference);

/* ---- data movement ---- */
/* Kernels of the operators that only move elements. */
typedef struct sk_move_kernels {
    sk_copy_fn *copy;
    sk_fill_fn *fill;
} sk_move_kernels;
const sk_move_kernels *sk_select_move(int reference);
sk_nearest_fn *sk_select_nearest(int reference);
sk_f32_resample_fn *sk_select_resample(int reference);

/* ---- recurrent ---- */
sk_rnn_fn *sk_select_rnn(int reference); /* the reference is float64's */

#endif
