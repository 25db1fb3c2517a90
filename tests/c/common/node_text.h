/* A node's inputs and attributes as short texts, for tables of cases.
 *
 * Inputs: a letter for the type (f float32, d float64, h float16, i int64, n int32, u uint8, b bool, z
 * uint64), the shape, and perhaps values: "f2,3", "i2=5,-1". "-" is absent, "f" alone a scalar. Without
 * values floats are moderate numbers, and all others 0. Attributes: "axis=3 pads=[1,2] scale=0.5
 * mode=linear". */
#ifndef TESTS_NODE_TEXT_H
#define TESTS_NODE_TEXT_H

#include "naive.h"

/* One input; moves *at to what follows it. type 0: absent. data malloc'ed. */
sk_tensor test_input(const char **at);
/* To the open node. */
void test_attrs(onnx *o, const char *at);

#endif
