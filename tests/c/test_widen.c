/* What passes/widen.c puts around operators whose kernels lack a type: where casts stand and where none do,
 * which nodes are refused, all of them at once, and that casting has the results of computing in float32. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/naive.h"
#include "graph/op.h"
#include "runtime/model.h"

static const int32_t image[] = {1, 2, 6, 5}, kernel[] = {3, 2, 3, 3}, matrix[] = {2, 3}, turned[] = {3, 2};

/* The operators of the graph, in order. */
static void operators(const sk_model *model, char text[400]) {
    text[0] = 0;
    const sk_graph *graph = model->ir.main;
    for (int i = 0; i < graph->n_nodes; i++)
        snprintf(text + strlen(text), 400 - strlen(text), "%s%s", i ? " " : "", graph->nodes[i]->op_type);
}

/* Two convolutions in a row, the weights constant. */
static onnx convolutions(int type, const sk_tensor *w1, const sk_tensor *w2) {
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "Conv", 2, (const char *const[]){"x", "v"}, 1, (const char *const[]){"m"});
    onnx_node(&o, "Conv", 2, (const char *const[]){"m", "w"}, 1, (const char *const[]){"y"});
    onnx_input(&o, "x", type, 4, image);
    onnx_constant(&o, "v", w1);
    onnx_constant(&o, "w", w2);
    onnx_output(&o, "y", type);
    onnx_end(&o, 22);
    return o;
}

/* Each result is rounded: the same two steps in float32 with rounding in between give the same. */
static void test_convolutions(int type) {
    uint32_t random = 7;
    char text[400] = "";
    static const int32_t second[] = {2, 3, 1, 1}, middle[] = {1, 3, 4, 3}, result[] = {1, 2, 4, 3};
    sk_tensor x = test_moderate(&random, type, 4, image, 4, 1),
              v = test_moderate(&random, type, 4, kernel, 4, 1),
              w = test_moderate(&random, type, 4, second, 4, 1), m = test_empty(type, 4, middle),
              y = test_empty(type, 4, result), got;
    for (int o = 0; o < 3; o++)
        for (int r = 0; r < 4; r++)
            for (int c = 0; c < 3; c++) {
                double sum = 0;
                for (int i = 0; i < 2; i++)
                    for (int dr = 0; dr < 3; dr++)
                        for (int dc = 0; dc < 3; dc++)
                            sum += test_real_at(&x, (size_t)((i * 6 + r + dr) * 5 + c + dc)) *
                                   test_real_at(&v, (size_t)(((o * 2 + i) * 3 + dr) * 3 + dc));
                test_put_real(&m, (size_t)((o * 4 + r) * 3 + c), sum);
            }
    for (size_t i = 0; i < 24; i++) {
        double sum = 0;
        for (size_t c = 0; c < 3; c++)
            sum += test_real_at(&m, c * 12 + i % 12) * test_real_at(&w, i / 12 * 3 + c);
        test_put_real(&y, i, sum);
    }
    onnx o = convolutions(type, &v, &w);
    const sk_tensor *const inputs[] = {&x};
    onnx_run run = onnx_predict(&o, NULL, 1, inputs);
    CHECK(run.status == SK_OK);
    if (run.status == SK_OK) operators(run.model, text);
    if (strcmp(text, "Cast Transpose Conv Cast Cast Conv Cast Transpose") != 0) printf("found %s\n", text);
    /* the casts of the weights are folded, those between the two stay: they round */
    CHECK(!strcmp(text, "Cast Transpose Conv Cast Cast Conv Cast Transpose"));
    sk_model_free(run.model);
    CHECK(test_output(&o, NULL, 1, inputs, 0, &got) == SK_OK);
    test_counts counts = {0, 0};
    test_equal(&counts, &got, &y, type == SK_FLOAT16 ? 2e-3 : 2e-2, "two convolutions");
    CHECK(counts.failed == 0);
    free(got.data);
    onnx_free(&o);
    sk_tensor *all[] = {&x, &v, &w, &m, &y};
    for (int i = 0; i < 5; i++) free(all[i]->data);
}

/* A type that the operator takes itself is left alone. */
static void test_left_alone(void) {
    uint32_t random = 9;
    char text[400] = "";
    static const int32_t second[] = {2, 3, 1, 1};
    sk_tensor x = test_moderate(&random, SK_FLOAT32, 4, image, 4, 1),
              v = test_moderate(&random, SK_FLOAT32, 4, kernel, 4, 1),
              w = test_moderate(&random, SK_FLOAT32, 4, second, 4, 1);
    onnx o = convolutions(SK_FLOAT32, &v, &w);
    onnx_run run = onnx_predict(&o, NULL, 1, (const sk_tensor *const[]){&x});
    CHECK(run.status == SK_OK);
    if (run.status == SK_OK) operators(run.model, text);
    CHECK(!strstr(text, "Cast") && strstr(text, "Conv"));
    sk_model_free(run.model);
    onnx_free(&o);
    free(x.data);
    free(v.data);
    free(w.data);
}

/* One value as both operands is cast once. */
static void test_same_operand(void) {
    uint32_t random = 11;
    char text[400] = "";
    static const int32_t square[] = {3, 3};
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "MatMul", 2, (const char *const[]){"x", "x"}, 1, (const char *const[]){"y"});
    onnx_input(&o, "x", SK_FLOAT16, 2, square);
    onnx_output(&o, "y", SK_FLOAT16);
    onnx_end(&o, 13);
    sk_tensor x = test_moderate(&random, SK_FLOAT16, 2, square, 4, 0);
    onnx_run run = onnx_predict(&o, NULL, 1, (const sk_tensor *const[]){&x});
    CHECK(run.status == SK_OK);
    if (run.status == SK_OK) operators(run.model, text);
    CHECK(!strcmp(text, "Cast MatMul Cast"));
    sk_model_free(run.model);
    onnx_free(&o);
    free(x.data);
}

/* What no cast helps is refused at load, all of it in one error. */
static void test_refused(void) {
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "Conv", 2, (const char *const[]){"x", "v"}, 1, (const char *const[]){"first"});
    onnx_node(&o, "Sin", 1, (const char *const[]){"n"}, 1, (const char *const[]){"second"});
    onnx_node(&o, "Add", 2, (const char *const[]){"n", "n"}, 1, (const char *const[]){"third"});
    onnx_input(&o, "x", SK_UINT8, 4, image);
    onnx_input(&o, "v", SK_UINT8, 4, kernel);
    onnx_input(&o, "n", SK_INT32, 2, matrix);
    onnx_output(&o, "first", SK_UINT8);
    onnx_output(&o, "second", SK_INT32);
    onnx_output(&o, "third", SK_INT32);
    onnx_end(&o, 13);
    onnx_run run = onnx_predict(&o, NULL, 0, NULL);
    CHECK(run.status == SK_UNSUPPORTED);
    if (run.model) {
        const char *text = sk_model_error(run.model)->text;
        CHECK(strstr(text, "first") && strstr(text, "second") && !strstr(text, "third"));
    }
    sk_model_free(run.model);
    onnx_free(&o);
}

/* Operands that disagree, hostile or by mistake: a typed error, whichever of them is wide. */
static void test_mixed(int a, int b) {
    uint32_t random = 13;
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "Gemm", 2, (const char *const[]){"a", "b"}, 1, (const char *const[]){"y"});
    onnx_input(&o, "a", a, 2, matrix);
    onnx_input(&o, "b", b, 2, turned);
    onnx_output(&o, "y", a);
    onnx_end(&o, 13);
    sk_tensor x = test_moderate(&random, a, 2, matrix, 4, 0), z = test_moderate(&random, b, 2, turned, 4, 0);
    onnx_run run = onnx_predict(&o, NULL, 2, (const sk_tensor *const[]){&x, &z});
    CHECK(run.status == SK_TYPE || run.status == SK_UNSUPPORTED);
    sk_model_free(run.model);
    onnx_free(&o);
    free(x.data);
    free(z.data);
}

int main(void) {
    test_convolutions(SK_FLOAT16);
    test_convolutions(SK_BFLOAT16);
    test_left_alone();
    test_same_operand();
    test_refused();
    test_mixed(SK_FLOAT16, SK_FLOAT64);
    test_mixed(SK_FLOAT64, SK_FLOAT16);
    test_mixed(SK_INT32, SK_FLOAT32);
    return test_checks();
}
