/* Matrix products for MatMul, Gemm, and whoever multiplies by weights: packing the second operand, and
 * running a product on all threads. */
#ifndef SK_OPS_PRODUCT_H
#define SK_OPS_PRODUCT_H

#include "kernels/kernels.h"
#include "ops/weights.h"

/* `batches` matrices one behind the other, each k x n, or n x k when transposed. Each becomes panels of 8
 * columns (kernels/pack.h), times alpha, with beta * bias in front. */
typedef struct sk_product_form {
    int32_t batches, k, n;
    int32_t transposed;
    float alpha, beta;
    int32_t bias;      /* id of the constant bias; -1: none */
    int32_t bias_size; /* n, or 1: the same for all columns */
} sk_product_form;

/* Floats of one packed matrix; 0 when all of them together are more than a tensor may hold. */
size_t sk_product_floats(const sk_product_form *f);
/* Packs constants[input] (and constants[2] as bias when f->bias >= 0) once per model. */
sk_status sk_product_constant(sk_prepare *p, const sk_product_form *f, int input, const float **packed);

/* A computed second operand: element (i, j) of k x n at b[i * row + j * col]. */
typedef struct sk_operand {
    size_t k, n;
    const float *b;
    size_t row, col;
    float alpha;
} sk_operand;
/* Packs it without a bias; the second also on all threads. */
void sk_operand_pack(const sk_operand *o, float *packed);
void sk_operand_pack_split(sk_pool *pool, const sk_operand *o, float *packed);

/* c = clamp(a * packed), as sk_f32_gemm_fn. */
typedef struct sk_product {
    sk_f32_gemm_fn *gemm;
    size_t m, n, k;
    const float *a, *packed;
    float *c;
    size_t lda, ldc;
    float lo, hi;
} sk_product;
/* Split into rows or, where these are few, columns. */
void sk_product_run(sk_pool *pool, const sk_product *p);

#define SK_MAC_NS 0.04 /* of one multiply-add, about: for sk_split */

#endif
