/* What the data movement operators share: element widths, byte strides of a tensor in either layout, integer
 * inputs, shapes computed in 64 bits, and running one strided copy. */
#ifndef SK_OPS_MOVE_H
#define SK_OPS_MOVE_H

#include "graph/op.h"
#include "kernels/select.h"
#include "ops/ops.h"

/* Bytes of an element; 0 for unknown types and those of less than a byte. */
size_t sk_elem(int type);

/* Bytes between neighbours along each logical axis, whatever the layout. Dimensions must be known. */
void sk_byte_strides(const sk_tensor *t, ptrdiff_t strides[SK_MAX_RANK]);

/* Element i of a tensor of any integer type or bool. */
int64_t sk_int_at(const sk_tensor *t, size_t i);
/* Element i of a tensor of any type that converts to float64, one at a time. */
double sk_number_at(const sk_tensor *t, size_t i);
void sk_put_number(const sk_tensor *t, size_t i, double x);

/* Sets output i's type and shape from 64-bit dimensions (-1: unknown); SK_SHAPE when one is negative
 * otherwise or too large. No-op for an output that is not wanted. */
sk_status sk_set_out(const sk_infer *c, int i, int type, int rank, const int64_t *dims);
/* The same with the rank unknown. */
void sk_set_out_type(const sk_infer *c, int i, int type);

/* Output i: input 0's shape, but n elements (-1: unknown) along an axis, which is checked. */
sk_status sk_set_along(const sk_infer *c, int i, int type, int64_t axis, int64_t n);
/* t's dimensions, -1 where unknown. */
void sk_dims(const sk_tensor *t, int64_t dims[SK_MAX_RANK]);

/* Fails unless input i (absent, unknown: fine) has that rank and dims, where both are known; what dims leaves
 * unknown (-1) becomes the input's. */
sk_status sk_fit(const sk_infer *c, int i, int rank, int64_t *dims);
/* The same for one number: a scalar, or a list of one. */
sk_status sk_want_one(const sk_infer *c, int i);
/* Fails unless input i is absent, of unknown type or int32/int64. */
sk_status sk_want_ints(const sk_infer *c, int i, const char *what);
/* A list input (shape, axes, repeats ...): its values into dst. *n = count, or -1 when unknown now or absent.
 * SK_SHAPE when it is no list of at most SK_MAX_RANK integers. */
sk_status sk_list_input(const sk_infer *c, int i, const char *what, int64_t dst[SK_MAX_RANK], int *n);

/* axis in [-rank, rank) into *out as [0, rank); SK_SHAPE otherwise. */
sk_status sk_axis_in(const sk_infer *c, int64_t axis, int rank, int *out);
/* n axes in [-rank, rank), none twice, into dst as [0, rank); SK_SHAPE otherwise. */
sk_status sk_list_axes(const sk_infer *c, const int64_t *axes, int n, int rank, int dst[SK_MAX_RANK]);
/* The ints attribute `name` (at most SK_MAX_RANK) copied to dst; *n = -1 when absent. */
sk_status sk_want_list(sk_import *c, const char *name, int64_t dst[SK_MAX_RANK], int *n);
/* The int attribute, checked for its kind. */
sk_status sk_want_int(sk_import *c, const char *name, int64_t fallback, int64_t *value);
sk_status sk_want_float(sk_import *c, const char *name, float fallback, float *value);
/* Index of the string attribute among the NULL-terminated `words`; the fallback when absent; unknown words
 * fail. */
sk_status sk_want_word(sk_import *c, const char *name, const char *const *words, int fallback, int *value);
int sk_word(const sk_string *s, const char *const *words); /* index of s among words, -1 */
/* A plain tensor as [outer][n][inner] around an axis; all of it is n where there is no such axis. */
typedef struct sk_around {
    size_t outer, n, inner;
} sk_around;
#define SK_NO_AXIS INT64_MAX
sk_around sk_around_axis(const sk_tensor *t, int64_t axis);
/* Output i, whose shape only run can know: input 0's with n elements along the axis, or a list of n. */
sk_status sk_run_along(sk_run *r, int i, int64_t axis, size_t n);
/* A failure of import, prefixed with the node. */
#define sk_bad_attr(c, status, ...)                                                                          \
    (SK_CHECKED(__VA_ARGS__), sk_bad_attr_with((c), (status), SK_MESSAGE(__VA_ARGS__)))
sk_status sk_bad_attr_with(const sk_import *context, sk_status status, SK_PRINTED);

/* Prepare for operators whose run uses sk_move: p->state becomes the kernels. */
sk_status sk_move_prepare(sk_prepare *p);
static inline const sk_move_kernels *sk_moves(const sk_run *r) { return r->state; }
/* Readies and runs a copy. */
void sk_move(const sk_run *r, sk_copy *copy, void *dst, const void *src);
/* All of src into dst (same logical dims, any layouts): the parts of concatenations, identities. */
void sk_move_all(const sk_run *r, const sk_tensor *dims, const ptrdiff_t *dst_strides, void *dst,
                 const ptrdiff_t *src_strides, const void *src);

/* Failures of infer (sk_bad_shape with another status) and of run, prefixed with the node. */
#define sk_infer_fail(c, status, ...)                                                                        \
    (SK_CHECKED(__VA_ARGS__), sk_infer_fail_with((c), (status), SK_MESSAGE(__VA_ARGS__)))
#define sk_run_fail(r, status, ...)                                                                          \
    (SK_CHECKED(__VA_ARGS__), sk_run_fail_with((r), (status), SK_MESSAGE(__VA_ARGS__)))
sk_status sk_infer_fail_with(const sk_infer *context, sk_status status, SK_PRINTED);
sk_status sk_run_fail_with(const sk_run *context, sk_status status, SK_PRINTED);
sk_status sk_bad_index(const sk_run *r, int64_t index, int axis, int32_t dim);
/* Negative indices count from the end; 0 when outside [-n, n). */
static inline int sk_wrap_index(int64_t *index, int64_t n) {
    if (*index < 0) *index += n;
    return *index >= 0 && *index < n;
}

#endif
