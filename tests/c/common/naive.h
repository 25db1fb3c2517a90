/* For tests that compute what an operator should give element by element: numbers in and out of tensors of
 * any type, index arithmetic, and running one node. */
#ifndef TESTS_NAIVE_H
#define TESTS_NAIVE_H

#include "compare.h"

/* Element i as a number: exact but for 64-bit integers, which test_int_at reads. */
double test_real_at(const sk_tensor *t, size_t i);
int64_t test_int_at(const sk_tensor *t, size_t i); /* uint64 as the same bits */
/* Stores a number: integers by wrapping, floats rounded. */
void test_put_real(sk_tensor *t, size_t i, double value);
void test_put_int(sk_tensor *t, size_t i, int64_t value);

sk_tensor test_empty(int type, int rank, const int32_t *dims); /* data malloc'ed, zero */
/* A tensor of numbers of moderate size (|x| <= most; whole ones unless fractions), which every type holds. */
sk_tensor test_moderate(uint32_t *state, int type, int rank, const int32_t *dims, int most, int fractions);

/* Coordinates of element i of a plain tensor, and back. */
void test_coordinates(const sk_tensor *t, size_t i, int32_t at[SK_MAX_RANK]);
size_t test_index(const sk_tensor *t, const int32_t at[SK_MAX_RANK]);
/* The element of t that broadcasts to element i of out. */
size_t test_broadcast_index(const sk_tensor *t, const sk_tensor *out, size_t i);

/* Runs o's only output and copies it (data malloc'ed; rank -1 on failure, reason printed unless quiet). */
sk_status test_output(const onnx *o, const sk_options *options, int n, const sk_tensor *const *inputs,
                      int which, sk_tensor *out);

/* Equal within limit * max|want| (floats) or exactly (the rest); prints label and the first difference. */
void test_equal(test_counts *counts, const sk_tensor *got, const sk_tensor *want, double limit,
                const char *label);

#endif
