/* What the operators of ai.onnx.ml share: lists given as attributes, class labels, rows of features, and what
 * is done to scores at the end. */
#ifndef SK_OPS_ML_H
#define SK_OPS_ML_H

#include "ops/order.h"

/* ---- import ---- */

/* A list given as an attribute, borrowed. n 0: absent or empty, which is the same here. */
typedef struct sk_list {
    const void *data;
    size_t n;
    int type; /* float32, int64, string; of tensors whatever their field allows */
} sk_list;
static inline float sk_list_float(const sk_list *list, size_t i) { return ((const float *)list->data)[i]; }
static inline int64_t sk_list_int(const sk_list *list, size_t i) { return ((const int64_t *)list->data)[i]; }
double sk_list_real(const sk_list *list, size_t i); /* float32, float64, float16 */

/* Attributes and where their values go: lists (tensors, too) into an sk_list, INT into an int64_t, FLOAT into
 * a float, which keep what they held when the attribute is absent. Of several lists for one place only one
 * may be there. Ends with a row without a name. */
typedef struct sk_field_row {
    const char *name;
    uint32_t types; /* of tensors */
    uint16_t kind, offset;
} sk_field_row;
sk_status sk_ml_read(sk_import *c, void *to, const sk_field_row *fields);
/* The failure of attributes that contradict each other: `what` says which, in the plural. */
sk_status sk_ml_misfit(sk_import *c, const char *what);

/* Scores' post_transform, numbered as TreeEnsemble has it. */
enum { SK_ML_NONE, SK_ML_SOFTMAX, SK_ML_LOGISTIC, SK_ML_SOFTMAX_ZERO, SK_ML_PROBIT };
sk_status sk_ml_post(sk_import *c, int *post);

/* ---- infer ---- */

/* Input 0 as rows of features, [N, C] or [C]: -1 where unknown. */
sk_status sk_ml_rows_in(const sk_infer *c, int32_t *rows, int32_t *features);
/* Fails when the features are known and not n. */
sk_status sk_ml_want_features(const sk_infer *c, int32_t features, size_t n);
/* Outputs of a classifier: labels [rows] and scores [rows, n]. */
sk_status sk_ml_class_out(const sk_infer *c, const sk_list *labels, int32_t rows, int64_t n);

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
void sk_ml_put_label(const sk_run *r, const sk_list *labels, size_t row, size_t which);

/* ---- looking up ---- */

/* Keys (numbers or strings) in an order that is found quickly. */
typedef struct sk_lookup {
    sk_list keys;
    sk_ranked *sorted;
} sk_lookup;
sk_status sk_lookup_build(sk_import *c, const sk_list *keys, sk_lookup *lookup);
/* Index of the last key equal to element i of t (of the keys' type; NaN equals NaN), or -1. */
int32_t sk_lookup_find(const sk_lookup *lookup, const sk_tensor *t, size_t i);
/* The same for the key of a number (sk_order_key) of the keys' type. */
int32_t sk_lookup_key(const sk_lookup *lookup, int64_t key);

#endif
