/* The generator behind the random operators and Dropout. */
#ifndef SK_OPS_RANDOM_H
#define SK_OPS_RANDOM_H

#include "graph/op.h"

/* The generator's first state: from the attribute 'seed' (a float or an int), or from the node's name. */
sk_status sk_random_seed(sk_import *c, sk_attr_kind kind, uint64_t *state);
double sk_random_uniform(uint64_t *state); /* in [0, 1) */

#endif
