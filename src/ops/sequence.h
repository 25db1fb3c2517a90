/* What the operators on sequences share. */
#ifndef SK_OPS_SEQUENCE_H
#define SK_OPS_SEQUENCE_H

#include "graph/op.h"

/* Input 0 has to be a sequence, unless nothing is known of it. */
sk_status sk_want_sequence(const sk_infer *c);
/* length -1: unknown */
void sk_be_sequence(sk_tensor *out, int type, int32_t length);

#endif
