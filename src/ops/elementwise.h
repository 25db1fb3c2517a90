/* What the elementwise operators share. */
#ifndef SK_OPS_ELEMENTWISE_H
#define SK_OPS_ELEMENTWISE_H

#include "graph/op.h"
#include "kernels/broadcast.h"
#include "kernels/select.h"
#include "ops/move.h"

/* The type that functions of one number compute `type` in; 0: none. */
int sk_unary_loop(int type);

/* b runs the function on one operand of out's shape. SK_UNSUPPORTED where there is no kernel. */
sk_status sk_unary_ready(const sk_prepare *p, sk_broadcasting *b, const sk_unary_args *args,
                         const sk_tensor *in, const sk_tensor *out);
/* b runs the function on two operands. */
sk_status sk_binary_ready(const sk_prepare *p, sk_broadcasting *b, int kind, const sk_tensor *const *in,
                          const sk_tensor *out);
/* Runs it; SK_VALUE on an integer division by zero. */
sk_status sk_elementwise_run(const sk_run *r, const sk_broadcasting *b, const void *const *in, void *out);

/* Fails unless inputs i and 0 have one type, as far as known; out[0]'s type becomes it. */
sk_status sk_same_types(const sk_infer *c);
/* Fails unless input i (absent, unknown: fine) has one of the types. */
sk_status sk_want_types(const sk_infer *c, int i, uint32_t types);
/* A size that is input i, a scalar of int64 or int32, at least `least`: into *value, -1 when it is absent or
 * not known now. */
sk_status sk_size_input(const sk_infer *c, int i, int64_t least, int64_t *value);
/* Import of operators that take any number of inputs: none may be absent. */
sk_status sk_import_all_present(sk_import *c);
/* A failure of prepare: no kernel for these types. */
sk_status sk_no_kernel(const sk_prepare *p, int type);
/* Copies when the output is not in place already. */
sk_status sk_run_same(sk_run *r);

/* float32 views of tensors: their own bytes, or a converted copy at *scratch, which moves on by
 * sk_f32_scratch. */
size_t sk_f32_scratch(const sk_tensor *t);
const float *sk_as_f32(const sk_tensor *t, float **scratch);
/* The same for a result: where to write, and what follows when all is written. */
float *sk_f32_result(const sk_tensor *t, float **scratch);
void sk_f32_finish(const sk_tensor *t, const float *result);

/* For operators that compute in float32: prepare readies them with inputs of `inputs` (bits) and output 0,
 * where they are of another type, as if they were float32; they are converted when it runs. prepare NULL:
 * nothing else to do. */
sk_status sk_prepare_as_f32(sk_prepare *p, uint32_t inputs, sk_status (*prepare)(sk_prepare *p));
/* The same for inputs 0 and 1, with nothing else to ready. */
sk_status sk_prepare_two_f32(sk_prepare *p);

#endif
