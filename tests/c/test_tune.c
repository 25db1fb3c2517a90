/* The timing of candidate kernels: a model with enough weights has made its choice after a few predictions, a
 * small one never times, a clock that stands still does no harm, a choice handed over is taken; and whatever
 * is chosen, at whatever moment, the outputs are the same bits. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "common/host.h"

#define PREDICTIONS 8

static double no_clock(void *user) {
    (void)user;
    return 1;
}

static void expect(test_counts *counts, int ok, const char *what) {
    if (!ok) printf("FAIL %s\n", what);
    *(ok ? &counts->passed : &counts->failed) += 1;
}

/* Predicts a few times; all outputs must equal *want, which the first one becomes. Returns sk_tuned at the
 * end. */
static int predict(test_counts *counts, const sk_host *host, uint64_t size, int tuned, const sk_tensor *input,
                   float **want) {
    const sk_options options = {.tuned = (uint8_t)tuned};
    sk_model *model = sk_model_new(host, size, &options);
    void *data;
    sk_tensor y;
    int ok = model && sk_model_load(model, 0) == SK_OK &&
             sk_set_input(model, 0, SK_FLOAT32, input->rank, input->dims, &data) == SK_OK;
    if (ok) memcpy(data, input->data, sk_nbytes(input));
    for (int i = 0; ok && i < PREDICTIONS; i++) {
        ok = sk_model_run(model, 0) == SK_OK && sk_output(model, 0, &y) == SK_OK;
        if (ok && !*want) {
            *want = malloc(sk_nbytes(&y));
            if (*want) memcpy(*want, y.data, sk_nbytes(&y));
        }
        ok = ok && *want && !memcmp(*want, y.data, sk_nbytes(&y));
    }
    expect(counts, ok, "the same bits in each prediction, whatever is chosen");
    const int choice = model ? sk_tuned(model) : -1;
    sk_model_free(model);
    return choice;
}

static void try_model(test_counts *counts, int32_t columns, int large) {
    const int32_t a[2] = {50, 700}, b[2] = {700, columns};
    uint32_t r = 88172645;
    const char *in[] = {"a", "b"}, *out[] = {"y"};
    sk_tensor input = test_tensor(&r, SK_FLOAT32, 2, a), weights = test_tensor(&r, SK_FLOAT32, 2, b);
    float *want = NULL;
    onnx o;
    onnx_start(&o);
    onnx_input(&o, "a", SK_FLOAT32, 2, a);
    onnx_node(&o, "MatMul", 2, in, 1, out);
    onnx_constant(&o, "b", &weights);
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 13);
    const test_bytes file = {o.bytes, o.size};
    sk_host host = test_host(&file);
    const int found = predict(counts, &host, o.size, 0, &input, &want);
    expect(counts, large ? found > 0 : found == 0, "a choice when there are many weights, and only then");
    for (int tuned = 1; tuned <= 2; tuned++)
        expect(counts, predict(counts, &host, o.size, tuned, &input, &want) == tuned,
               "the choice handed over");
    predict(counts, &host, o.size, 99, &input, &want);
    host.now = no_clock;
    predict(counts, &host, o.size, 0, &input, &want);
    onnx_free(&o);
    free(input.data);
    free(weights.data);
    free(want);
}

int main(void) {
    test_counts counts = {0, 0};
    try_model(&counts, 803, 1);
    try_model(&counts, 43, 0);
    return test_summary(&counts);
}
