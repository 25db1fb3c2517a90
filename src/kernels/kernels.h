/* The contracts of all kernels. A kernel takes plain pointers and computes a range of its output, so that a
 * caller may split the work; it allocates nothing, fails never, and touches no byte outside the ranges it is
 * given. Strides count elements. Sums run in one order per op (bias first, then the reduced index ascending),
 * whatever the tile. */
#ifndef SK_KERNELS_KERNELS_H
#define SK_KERNELS_KERNELS_H

#include "core/tensor.h"
#include "kernels/pack.h"
#include "kernels/simd.h"

/* ---- matrix products and convolution ---- */

/* `packed` is weights in panels of 8 columns (4 for depthwise convolution): see kernels/pack.h. */
#define SK_PANEL 8

/* c[m][n] = clamp(bias[n] + a[m][k] * b[k][n], lo, hi); element (i, j) of a is a[i * a_row + j * a_col]. bias
 * may be NULL. Sums in double. */
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
typedef void sk_f32_gemm_fn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *packed,
                            float *c, size_t ldc, float lo, float hi);

/* c[m][n] = clamp(a[m][k] * b[k][n], lo, hi), b as it is: for few rows, where packing would cost more than it
 * saves. */
typedef void sk_f32_gemm_direct_fn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                                   size_t ldb, float *c, size_t ldc, float lo, float hi);

/* As sk_f32_gemm_fn, where row i of a is `taps` pieces of k floats, piece t at rows[t * m + i]: convolution
 * without im2col. packed has taps * k rows a panel. m <= SK_IGEMM_ROWS, best as sk_igemm_rows says. */
#define SK_IGEMM_ROWS 64
typedef void sk_f32_igemm_fn(size_t m, size_t n, size_t k, size_t taps, const float *const *rows,
                             const float *packed, float *c, size_t ldc, float lo, float hi);

/* How many of the `left` rows the next block takes: 48, and no small block at the end, which would read all
 * weights for a few rows. */
static inline size_t sk_igemm_rows(size_t left) { return left > SK_IGEMM_ROWS ? 48 : left; }

/* Sizes of a convolution or pooling with up to three spatial dimensions, outermost first; of fewer the first
 * are 1. pad is what precedes the input; what follows it is implied by out. Channels count all groups. */
typedef struct sk_window {
    int32_t batch, groups, in_c, out_c;
    int32_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
} sk_window;

/* Convolution as its definition says, of float32 or float64, on tensors plain or channels-last. weight as
 * ONNX has it: [out_c][in_c / groups][kernel], transposed convolution [in_c][out_c / groups][kernel];
 * bias[out_c] or NULL. Computes the output's planes [begin, end), counted over all images; none is empty.
 * Sums in double. */
typedef struct sk_any_conv_args {
    const sk_window *w;
    const void *x, *weight, *bias;
    void *y;
    uint8_t type, transposed;
    uint8_t x_last, y_last; /* stored channels-last? */
    float lo, hi;
} sk_any_conv_args;
typedef void sk_any_conv_fn(const sk_any_conv_args *args, size_t begin, size_t end);

/* One output row of a depthwise convolution (kernel kh x kw, no dilation, 4 | channels). rows: kh input rows,
 * NULL outside the input. zeros: (kw + 3 * stride) * channels of them. packed: panels of width 4. */
#define SK_DWCONV_ROWS 5 /* kh at most */
typedef struct sk_dwconv_args {
    size_t channels, in_w, out_w, pad; /* pad < kw: columns before the input */
    const float *const *rows;
    const float *zeros, *packed;
    float *y;
    float lo, hi;
} sk_dwconv_args;
typedef void sk_f32_dwconv_fn(const sk_dwconv_args *args);

/* Winograd's convolution: 3 x 3, tiles of h x w outputs from (h + 2) x (w + 2) inputs, with stride 2 (2 h +
 * 1) x (2 w + 1), 4 | channels. in: the input tile, pixel p at rows[p], into v[p * step + c] for as many
 * transformed positions p. Each position is then a product of its own, m = v * transformed weights. out: m[p
 * * step + c] back into the tile's first height x width (at most h x w) pixels, y = clamp(... + add); `line`
 * floats from line to line of y and add, channels from pixel to pixel; add may be NULL, or y. */
typedef struct sk_winograd_in_args {
    size_t channels, step;
    const float *const *rows;
    float *v;
} sk_winograd_in_args;
typedef void sk_f32_winograd_in_fn(const sk_winograd_in_args *args);
typedef struct sk_winograd_out_args {
    size_t channels, step, line;
    const float *m, *add;
    float *y;
    int32_t height, width;
    float lo, hi;
} sk_winograd_out_args;
typedef void sk_f32_winograd_out_fn(const sk_winograd_out_args *args);

/* The weights of row y of the positions, `floats` of each position's: at[x] is where they are, made at to[x *
 * step] or among the taps' own, tap t's at taps[t * tap_step]. 4 | floats; a panel's bias is transformed like
 * the rest, for the caller to replace. */
typedef struct sk_winograd_weights_args {
    size_t floats, tap_step, step;
    const float *taps;
    float *to;
    const float **at;
    int32_t y;
} sk_winograd_weights_args;
typedef void sk_f32_winograd_weights_fn(const sk_winograd_weights_args *args);

/* The rows of sk_f32_igemm_fn for output pixels [first, first + m), counted over all images: piece t is what
 * the window (two spatial dimensions, one group, no dilation along x) sees of its line t, tap by tap, the
 * channels of each. x is channels-last. What reaches beyond the input is put together in `to`, which has room
 * for all. */
typedef void sk_f32_patches_fn(const sk_window *w, const float *x, size_t first, size_t m, const float **rows,
                               float *to);

/* y[i] = clamp(y[i] + x[i], lo, hi) */
typedef void sk_f32_residual_fn(size_t n, const float *x, float *y, float lo, float hi);

#include "kernels/int8.h"

/* ---- pooling ---- */

/* One output pixel: y[c] = the maximum, or the sum divided by `divisor`, over `runs` runs of `length` pixels
 * that are `step` elements apart; run r starts at rows[r]. The maximum of nothing is the least number; NaN
 * counts as nothing. */
typedef struct sk_pool_args {
    size_t channels, runs, length, step;
    const void *const *rows; /* of float32 (u8_, s8_: of these) */
    float divisor;
    void *y;
} sk_pool_args;
typedef void sk_pool_fn(const sk_pool_args *args);

/* Pooling as its definition says, over any of float32, float64, int8, uint8, plain or channels-last. Sums in
 * double. */
typedef enum sk_pool_kind { SK_POOL_MAX, SK_POOL_AVERAGE, SK_POOL_LP } sk_pool_kind;
typedef struct sk_any_pool_args {
    const sk_window *w;
    const void *x;
    void *y;
    int64_t *indices;       /* maximum: where it stood, counted over the whole plain input; or NULL */
    const int32_t *pad_end; /* average: what lies up to here divides too; NULL: only the input does */
    uint8_t type, kind, x_last, y_last;
    uint8_t column_major; /* of indices */
    int32_t p;            /* of Lp */
} sk_any_pool_args;
typedef void sk_any_pool_fn(const sk_any_pool_args *args);

/* ---- elementwise, reductions, normalisation ---- */
#include "kernels/elementwise.h"
#include "kernels/reduce.h"
#include "kernels/attention.h"

/* ---- data movement ---- */
#include "kernels/copy.h"
#include "kernels/resize.h"

/* ---- recurrent ---- */
#include "kernels/rnn.h"

#define SK_KERNEL(contract, name) contract name;
#include "kernels/kernels.def"
#undef SK_KERNEL

#endif
