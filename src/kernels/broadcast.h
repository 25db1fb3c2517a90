/* The broadcasting engine: runs an elementwise kernel over operands of any shapes, layouts and element types
 * that broadcast to the output. Dimensions are taken in the output's storage order and merged where every
 * operand allows, so that equal shapes are one run; operands that are strided, or not of the kernel's type,
 * go through blocks on the stack. */
#ifndef SK_KERNELS_BROADCAST_H
#define SK_KERNELS_BROADCAST_H

#include "core/pool.h"
#include "core/tensor.h"
#include "kernels/elementwise.h"

#define SK_OPERANDS 6 /* at most, of a chain; kernels have up to 3 */

typedef struct sk_broadcast_operand {
    size_t stride[SK_MAX_RANK]; /* elements; 0 where it repeats */
    uint8_t size;               /* bytes of a stored element */
    uint8_t type, loop;         /* as stored; as the kernel takes it */
    uint8_t loop_size;
} sk_broadcast_operand;

typedef struct sk_broadcasting {
    int rank; /* >= 1; dims[rank - 1] is the inner run */
    size_t dims[SK_MAX_RANK];
    int n_in; /* 1, 2 or 3: which of the kernels runs when there is no chain */
    sk_broadcast_operand in[SK_OPERANDS];
    uint8_t out_type, out_size, loop_out, loop_out_size;
    uint8_t direct; /* no operand needs a block */
    uint8_t empty;
    float element_ns; /* about how long one takes; the caller may know better */
    sk_unary_fn *unary;
    sk_unary_args args;
    sk_binary_fn *binary;
    sk_where_fn *where;
    sk_i8_binary_fn *pair; /* with pair_args, instead of binary */
    const sk_i8_binary_args *pair_args;
    const sk_chain *chain;
} sk_broadcasting;

/* Lays out the loops for tensors that are known to broadcast to out; the kernel and the types that it takes
 * are the caller's to set: b->unary (with args), binary, where or chain; loop types of operands and result as
 * loops[0 .. n_in - 1] and loop_out, 0: as stored. */
void sk_broadcast_ready(sk_broadcasting *b, const sk_tensor *out, const sk_tensor *const *in, int n_in,
                        const uint8_t *loops, int loop_out);

/* 0, or 1 when an integer was divided by zero. out may be an operand that has out's type, shape and layout.
 * pool: as sk_split takes it. */
int sk_broadcast_run(sk_pool *pool, const sk_broadcasting *b, const void *const *in, void *out);

#endif
