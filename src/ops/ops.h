/* What the rows of graph/ops.def pass as `param`: the kinds that one implementation tells apart. */
#ifndef SK_OPS_OPS_H
#define SK_OPS_OPS_H

#include "kernels/elementwise.h"
#include "kernels/rnn.h" /* sk_cell */

/* Types whose elements are whole bytes: what moving elements takes. */
#define SK_T_WHOLE (SK_T_ANY & ~(SK_T(UINT4) | SK_T(INT4) | SK_T(FLOAT4E2M1) | SK_T(UINT2) | SK_T(INT2)))
#define SK_T_RANGE (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(INT16) | SK_T(INT32) | SK_T(INT64))
/* Types with an order, and those that probabilities come in. */
#define SK_T_ORDERED (SK_T_NUMBER | SK_T(BOOL) | SK_T(FLOAT16) | SK_T(BFLOAT16))
#define SK_T_DRAWN (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16) | SK_T(BFLOAT16))
/* Random operators: what is drawn; or'ed with LIKE when shape and type are input 0's. */
enum { SK_RANDOM_NORMAL, SK_RANDOM_UNIFORM, SK_RANDOM_BERNOULLI, SK_RANDOM_MULTINOMIAL, SK_RANDOM_LIKE = 16 };

/* What matrix products and pooling take. */
#define SK_T_PRECISE (SK_T(FLOAT32) | SK_T(FLOAT64))
#define SK_T_PRODUCT (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(INT32) | SK_T(UINT32) | SK_T(INT64) | SK_T(UINT64))
#define SK_T_POOLED_FLOAT (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16) | SK_T(BFLOAT16))
#define SK_T_POOLED (SK_T_POOLED_FLOAT | SK_T(INT8) | SK_T(UINT8))
#define SK_T_BYTE (SK_T(UINT8) | SK_T(INT8))
/* 8-bit products: 32-bit sums; scaled back to 8 bits, with a bias; scaled to float32. */
enum { SK_OP_SUMS, SK_OP_SCALED, SK_OP_GEMM, SK_OP_FLOATS };
/* Pool: the kind; from SK_OP_GLOBAL_MAX on over all that is spatial. */
enum {
    SK_OP_MAX_POOL,
    SK_OP_AVERAGE_POOL,
    SK_OP_LP_POOL,
    SK_OP_GLOBAL_MAX,
    SK_OP_GLOBAL_AVERAGE,
    SK_OP_GLOBAL_LP
};

/* Elementwise: a kernel's kind (kernels/elementwise.h), or'ed with this where the operands change places. */
#define SK_OP_SWAP 64
#define SK_OP_MEAN 64
/* Reductions, or'ed with this where the axes are an input. */
#define SK_OP_AXES_INPUT 64
enum {
    SK_OP_REDUCE_SUM,
    SK_OP_REDUCE_MEAN,
    SK_OP_REDUCE_MAX,
    SK_OP_REDUCE_MIN,
    SK_OP_REDUCE_PROD,
    SK_OP_REDUCE_L1,
    SK_OP_REDUCE_L2,
    SK_OP_REDUCE_SUM_SQUARE,
    SK_OP_REDUCE_LOG_SUM,
    SK_OP_REDUCE_LOG_SUM_EXP
};
/* Softmax: the kind, or'ed with this where it runs over all axes from `axis` on. */
#define SK_OP_FROM_AXIS 64
enum { SK_OP_SOFTMAX, SK_OP_LOG_SOFTMAX, SK_OP_HARDMAX };
enum { SK_OP_ADAGRAD, SK_OP_ADAM, SK_OP_MOMENTUM };
enum { SK_OP_INSTANCE_NORM, SK_OP_GROUP_NORM };
enum { SK_OP_LAYER_NORM, SK_OP_RMS_NORM };
#define SK_T_NORM (SK_T(FLOAT32) | SK_T(FLOAT16) | SK_T(BFLOAT16))
#define SK_T_FLOATS (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16) | SK_T(BFLOAT16))
#define SK_T_ARITH (SK_T_INT | SK_T_FLOATS)
#define SK_T_FLOAT8 (SK_T(FLOAT8E4M3FN) | SK_T(FLOAT8E4M3FNUZ) | SK_T(FLOAT8E5M2) | SK_T(FLOAT8E5M2FNUZ))
#define SK_T_CAST                                                                                            \
    (SK_T_ARITH | SK_T(BOOL) | SK_T(INT4) | SK_T(UINT4) | SK_T(INT2) | SK_T(UINT2) | SK_T(FLOAT4E2M1) |      \
     SK_T_FLOAT8 | SK_T(FLOAT8E8M0))
#define SK_T_QUANTIZED                                                                                       \
    (SK_T(UINT8) | SK_T(INT8) | SK_T(UINT16) | SK_T(INT16) | SK_T(INT4) | SK_T(UINT4) | SK_T(INT2) |         \
     SK_T(UINT2) | SK_T_FLOAT8 | SK_T(FLOAT4E2M1))

/* What ai.onnx.ml computes with and what it looks up; operators that share an implementation. */
#define SK_T_ML (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(INT32) | SK_T(INT64))
#define SK_T_LABEL (SK_T_ML | SK_T(INT16) | SK_T(STRING))
enum { SK_TREE_REGRESSOR, SK_TREE_CLASSIFIER, SK_TREE_ENSEMBLE };
enum { SK_ML_SCALER, SK_ML_NORMALIZER, SK_ML_BINARIZER, SK_ML_IMPUTER };
enum { SK_ML_KEYS, SK_ML_CLASSES, SK_ML_CATEGORIES };
enum { SK_ML_MAPS, SK_ML_CAST_MAP };

#endif
