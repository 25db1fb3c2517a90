/* What the operators of ai.onnx.ml share: lists given as attributes, class labels, rows of features, and what
 * is done to scores at the end. */
#ifndef SK_OPS_ML_H
#define SK_OPS_ML_H

#include "ops/order.h"

/* ---- import ---- */

/* A list attribute as a tensor of rank 1, borrowed: `name` (a list of floats, ints or strings) or else
 * `tensor` (a tensor, of any rank); either may be NULL, when there is no such attribute. rank -1 when neither
 * is there. */
sk_status sk_ml_list(sk_import *c, const char *name, sk_attr_kind kind, const char *tensor, sk_tensor *list);
/* The same for a list of floats (or a tensor of a float type). n: how many there must be, SK_ML_ANY: as it
 * pleases. Absent lists have no elements, which is as it should be only where n is 0 or SK_ML_ANY. */
#define SK_ML_ANY SIZE_MAX
sk_status sk_ml_floats(sk_import *c, const char *name, const char *tensor, size_t n, sk_tensor *list);
sk_status sk_ml_ints(sk_import *c, const char *name, size_t n, sk_tensor *list);

/* Elements of a list that may be absent. */
static inline size_t sk_ml_count(const sk_tensor *list) { return list->rank < 0 ? 0 : sk_numel(list); }
static inline float sk_ml_float(const sk_tensor *list, size_t i) { return ((const float *)list->data)[i]; }

/* Labels of classes: int64 or strings, the attribute that is not empty. */
sk_status sk_ml_labels(sk_import *c, const char *ints, const char *strings, sk_tensor *labels);

/* Scores' post_transform, numbered as TreeEnsemble has it. */
enum { SK_ML_NONE, SK_ML_SOFTMAX, SK_ML_LOGISTIC, SK_ML_SOFTMAX_ZERO, SK_ML_PROBIT };
sk_status sk_ml_post(sk_import *c, int *post);

/* ---- infer ---- */

/* Input 0 as rows of features, [N, C] or [C]: -1 where unknown. */
sk_status sk_ml_rows_in(const sk_infer *c, int32_t *rows, int32_t *features);
/* Fails when the features are known and not n. */
sk_status sk_ml_want_features(const sk_infer *c, int32_t features, size_t n);
/* Outputs of a classifier: labels [rows] and scores [rows, n]. */
sk_status sk_ml_class_out(const sk_infer *c, const sk_tensor *labels, int32_t rows, int64_t n);

/* ---- prepare and run ---- */

/* n elements of a tensor of numbers as doubles. */
void sk_ml_doubles(const sk_tensor *t, size_t first, double *dst, size_t n);
/* Scratch for sk_ml_rows: features and `work` further doubles. */
sk_status sk_ml_prepare(sk_prepare *p, size_t work);
/* Calls row(r, x, work, i) for every row i, on several threads: x are its features as doubles. ns: what a row
 * takes besides reading it. */
typedef void sk_ml_row_fn(const sk_run *r, double *x, double *work, size_t row);
void sk_ml_rows(sk_run *r, sk_ml_row_fn *row, size_t work, double ns);
/* Rows and features of a known tensor: the last axis, and all before it. */
void sk_ml_size(const sk_tensor *t, size_t *rows, size_t *features);

/* The transform of one row's scores. As onnxruntime has it, a score that stands alone is transformed by
 * PROBIT only. */
void sk_ml_transform(int post, double *scores, size_t n);
/* A binary classifier's only score becomes two, which are transformed by LOGISTIC and PROBIT only: 1 - s and
 * s, or -s and s for LOGISTIC and where scores have a sign. */
void sk_ml_both(int post, double scores[2], int has_sign);
/* Scores into row `row` of output i (float32, float64 or float16), if wanted. */
void sk_ml_put_scores(const sk_run *r, int i, size_t row, const double *scores, size_t n);
/* labels[which] into element `row` of output 0, if wanted. */
void sk_ml_put_label(const sk_run *r, const sk_tensor *labels, size_t row, size_t which);

/* ---- looking up ---- */

/* Keys (numbers or strings) in an order that is found quickly. */
typedef struct sk_lookup {
    sk_tensor keys;
    sk_ranked *sorted;
    size_t n;
} sk_lookup;
sk_status sk_lookup_build(sk_import *c, const sk_tensor *keys, sk_lookup *lookup);
/* Index of the last key equal to element i of t (of the keys' type; NaN equals NaN), or -1. */
int32_t sk_lookup_find(const sk_lookup *lookup, const sk_tensor *t, size_t i);
/* The same for the key of a number (sk_order_key) of the keys' type. */
int32_t sk_lookup_key(const sk_lookup *lookup, int64_t key);

#endif
