/* The contracts of all kernels. A kernel takes plain pointers and computes a range of its output, so that a caller may
 * split the work; it allocates nothing, fails never, and touches no byte outside the ranges it is given. Strides count
 * elements. Sums run in one order per op (bias first, then the reduced index ascending), whatever the tile. */
#ifndef SK_KERNELS_KERNELS_H
#define SK_KERNELS_KERNELS_H

#include "core/tensor.h"
#include "kernels/simd.h"

/* ---- matrix products and convolution ---- */

/* Weights of a product, packed for tiles of 8 columns: for each panel of 8 columns 8 biases, then k rows of 8 weights.
 * Columns beyond n are zero. 16-byte aligned. */
#define SK_PANEL 8
static inline size_t sk_panels(size_t n) { return (n + SK_PANEL - 1) / SK_PANEL; }

/* c[m][n] = clamp(bias[n] + a[m][k] * b[k][n], lo, hi); element (i, j) of a is a[i * a_row + j * a_col]. bias may be
 * NULL. Sums in double. */
typedef struct sk_matmul_args {
    size_t m, n, k;
    const float *a, *b, *bias;
    size_t a_row, a_col, b_row, b_col;
    float *c;
    size_t c_row;
    float lo, hi;
} sk_matmul_args;
typedef void sk_f32_matmul_fn(const sk_matmul_args *args);

/* c[m][n] = clamp(a[m][k] * packed b + bias, lo, hi) */
typedef void sk_f32_gemm_fn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed, float *c,
                            size_t ldc, float lo, float hi);

/* The same where row i of a is `taps` pieces of k floats, piece t at rows[t * m + i]: convolution without im2col.
 * packed has taps * k rows a panel. m <= SK_IGEMM_ROWS. */
#define SK_IGEMM_ROWS 48
typedef void sk_f32_igemm_fn(size_t m, size_t n, size_t k, size_t taps, const float *const *rows, const float *packed,
                             float *c, size_t ldc, float lo, float hi);

/* Sizes of a convolution or pooling with up to three spatial dimensions, outermost first; of fewer the first are 1.
 * pad is what precedes the input; what follows it is implied by out. Channels count all groups. */
typedef struct sk_window {
    int32_t batch, groups, in_c, out_c;
    int32_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
} sk_window;

/* Convolution as its definition says, on tensors plain or channels-last. weight as ONNX has it: [out_c][in_c /
 * groups][kernel], transposed convolution [in_c][out_c / groups][kernel]; bias[out_c] or NULL. Sums in double. */
typedef struct sk_conv_args {
    const sk_window *w;
    const float *x, *weight, *bias;
    float *y;
    uint8_t x_last, y_last; /* stored channels-last? */
    float lo, hi;
} sk_conv_args;
typedef void sk_f32_conv_fn(const sk_conv_args *args);

/* ---- pooling ---- */

/* ---- elementwise, reductions, normalisation ---- */

/* ---- data movement ---- */

/* ---- recurrent ---- */

#define SK_KERNEL(contract, name) contract name;
#include "kernels/kernels.def"
#undef SK_KERNEL

#endif
