/* Values of test vectors that are no plain tensors: SequenceProto and OptionalProto, read and given to a
 * model. */
#ifndef TEST_VALUES_H
#define TEST_VALUES_H

#include "siskin.h"

/* Reads a value of the kind from its file's bytes; optional: within an OptionalProto. Everything lives in the
 * arena. */
sk_status test_read_value(const uint8_t *bytes, size_t size, int kind, int optional, sk_arena *arena,
                          sk_tensor *value, sk_error *err);

/* Sets input i to the value. */
sk_status test_give_value(sk_model *model, int i, const sk_tensor *value);

#endif
