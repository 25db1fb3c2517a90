/* Packing the second operand of a matrix product: MatMul, Gemm, and whoever multiplies by constant weights.
 */
#ifndef SK_OPS_PRODUCT_H
#define SK_OPS_PRODUCT_H

#include "ops/weights.h"

/* `batches` matrices one behind the other, each k x n, or n x k when transposed. Each becomes panels of 8
 * columns (kernels/ pack.h), times alpha, with beta * bias in front. */
typedef struct sk_product_form {
    int32_t batches, k, n;
    int32_t transposed;
    float alpha, beta;
    int32_t bias;      /* id of the constant bias; -1: none */
    int32_t bias_size; /* n, or 1: the same for all columns */
} sk_product_form;

/* Floats of one packed matrix; 0 when all of them together are more than a tensor may hold. */
size_t sk_product_floats(const sk_product_form *f);
/* Packs matrix `batch`. bias may be NULL. */
sk_status sk_product_pack(const sk_product_form *f, size_t batch, sk_weights *weights, sk_weights *bias,
                          float *packed);
/* Packs constants[input] (and constants[2] as bias when f->bias >= 0) once per model. */
sk_status sk_product_constant(sk_prepare *p, const sk_product_form *f, int input, const float **packed);

#endif
