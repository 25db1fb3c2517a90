/* What tests of numeric operators share: random tensors, comparing outputs, counting. */
#ifndef TESTS_COMPARE_H
#define TESTS_COMPARE_H

#include "onnx.h"

typedef struct test_counts {
    int passed, failed;
} test_counts;

/* xorshift: the same numbers on every machine. */
uint32_t test_random(uint32_t *state);
int test_between(uint32_t *state, int low, int high); /* both included */

/* A tensor of random numbers (float32 and float64: [-1, 1), integers: all values); data malloc'ed. */
sk_tensor test_tensor(uint32_t *state, int type, int rank, const int32_t *dims);

/* Runs the model with SIMD kernels, once with the layout pass and fusion and once without, and with the
 * reference kernels, and compares the first outputs: |a - b| <= limit * max|b|; and with threads, which must
 * give the same bits. Prints `label` when they differ or one fails. */
void test_against_reference(test_counts *counts, const onnx *o, int n, const sk_tensor *const *inputs,
                            double limit, const char *label);

/* Prints the summary line; main returns it. */
int test_summary(const test_counts *counts);

#endif
