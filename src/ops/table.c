/* The op table in memory, made from graph/ops.def: a row whose implementation is missing fails at link time.
 */
#include "graph/op.h"
#include "ops/ops.h"

#define SK_OP(name, since, min_in, max_in, min_out, max_out, types, follow, flags, values, packs, impl,      \
              param)                                                                                         \
    extern const sk_impl sk_impl_##impl;
#include "graph/ops.def"
#undef SK_OP

const sk_op sk_ops[] = {
#define SK_OP(name, since, min_in, max_in, min_out, max_out, types, follow, flags, values, packs, impl,      \
              param)                                                                                         \
    {&sk_impl_##impl,    types, param,  since, min_in, max_in, min_out, max_out,                             \
     SK_FOLLOW_##follow, flags, values, packs},
#include "graph/ops.def"
#undef SK_OP
};

const char sk_op_names[] =
#define SK_OP(name, since, min_in, max_in, min_out, max_out, types, follow, flags, values, packs, impl,      \
              param)                                                                                         \
    name "\0"
#include "graph/ops.def"
#undef SK_OP
    ;

const int sk_op_count = (int)(sizeof sk_ops / sizeof *sk_ops);
