/* A constant operand of a channels-last operator (Concat behind a convolution) is brought into that layout
 * once: the result is that of plain storage, also after other input shapes have made other plans, and no step
 * of a plan transposes it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"

#define CHANNELS 5

static void write_model(onnx *o, uint32_t *r, int32_t size) {
    const char *conv_in[] = {"x", "w"}, *conv_out[] = {"t"}, *in[] = {"k", "t"}, *out[] = {"y"};
    const int32_t x[4] = {1, 3, size, size}, w[4] = {CHANNELS, 3, 1, 1}, k[4] = {1, 7, size, size};
    sk_tensor weights = test_tensor(r, SK_FLOAT32, 4, w), constant = test_tensor(r, SK_FLOAT32, 4, k);
    onnx_start(o);
    onnx_input(o, "x", SK_FLOAT32, 4, x);
    onnx_node(o, "Conv", 2, conv_in, 1, conv_out);
    onnx_node(o, "Concat", 2, in, 1, out);
    onnx_int(o, "axis", 1);
    onnx_constant(o, "w", &weights);
    onnx_constant(o, "k", &constant);
    onnx_output(o, "y", SK_FLOAT32);
    onnx_end(o, 13);
    free(weights.data);
    free(constant.data);
}

static int occurrences(const char *text, const char *what) {
    int n = 0;
    for (const char *at = text; (at = strstr(at, what)); at++) n++;
    return n;
}

int main(void) {
    test_counts counts = {0, 0};
    uint32_t r = 362436069;
    for (int32_t size = 1; size < 40; size += 6) {
        const int32_t x[4] = {1, 3, size, size};
        sk_tensor input = test_tensor(&r, SK_FLOAT32, 4, x);
        const sk_tensor *inputs[1] = {&input};
        const sk_options options = {.tuned = 0};
        char label[60];
        onnx o;
        write_model(&o, &r, size);
        snprintf(label, sizeof label, "Concat of a constant, %d x %d", size, size);
        test_against_reference(&counts, &o, 1, inputs, 1e-5, label);
        onnx_run run = onnx_predict(&o, &options, 1, inputs);
        const char *plan = run.status == SK_OK ? sk_describe_text(run.model, SK_DESCRIBE_PLAN) : NULL;
        /* the input's and the output's, none when a single pixel makes them views */
        const int turns = plan ? occurrences(plan, "\"op\":\"Transpose\"") : -1;
        if (turns != (size > 1 ? 2 : 0))
            printf("FAIL %s: %d transposes\n%s\n", label, turns, plan ? plan : "");
        *(turns == (size > 1 ? 2 : 0) ? &counts.passed : &counts.failed) += 1;
        sk_model_free(run.model);
        onnx_free(&o);
        free(input.data);
    }
    return test_summary(&counts);
}
