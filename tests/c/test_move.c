/* Data movement between convolutions, where tensors are stored channels-last: each operator against the same
 * model in plain layout with the reference kernels. Then what indices and shapes may not be, empty tensors,
 * and outputs whose size depends on data. CASES count by SEED as in test_conv.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"

/* ---- channels-last ---- */

static void constant_ints(onnx *o, const char *name, int n, const int64_t *values) {
    sk_tensor t = {.data = (void *)(uintptr_t)values, .type = SK_INT64, .rank = 1, .dims = {n}};
    onnx_constant(o, name, &t);
}

static void conv(onnx *o, uint32_t *r, const char *x, const char *w, const char *y, int in, int out) {
    const int32_t dims[4] = {out, in, 1, 1};
    sk_tensor t = test_tensor(r, SK_FLOAT32, 4, dims);
    const char *ins[] = {x, w}, *outs[] = {y};
    onnx_node(o, "Conv", 2, ins, 1, outs);
    onnx_constant(o, w, &t);
    free(t.data);
}

typedef struct shape4 {
    int32_t d[4];
} shape4;

/* Writes the operator between the convolutions, from "a" of the given shape to "b"; returns b's channels. */
typedef int write_op(onnx *o, uint32_t *r, shape4 s);

static const char *const from_a[] = {"a", "p", "q", "s", "t"}, *const to_b[] = {"b", "b2", "b3"};

static int concat_op(onnx *o, uint32_t *r, shape4 s) {
    const char *ins[] = {"a", "a", "x2"};
    const int axis = test_between(r, -4, 3), second = axis == 1 || axis == -3;
    conv(o, r, "x", "w2", "x2", s.d[1], s.d[1]);
    onnx_node(o, "Concat", second ? 3 : 2, ins, 1, to_b);
    onnx_int(o, "axis", axis);
    return s.d[1] * (second ? 3 : 1);
}

static int split_op(onnx *o, uint32_t *r, shape4 s) {
    const int axis = test_between(r, 1, 3), at = test_between(r, 0, s.d[axis]);
    const int64_t sizes[2] = {s.d[axis] - at, at};
    const char *outs[] = {"b", "b2"};
    if (sizes[0] == 0) outs[0] = "b2", outs[1] = "b";
    onnx_node(o, "Split", 2, from_a, 2, outs);
    onnx_int(o, "axis", axis);
    constant_ints(o, "p", 2, sizes);
    return axis == 1 ? (int)(sizes[0] ? sizes[0] : sizes[1]) : s.d[1];
}

static int slice_op(onnx *o, uint32_t *r, shape4 s) {
    int64_t starts[3], ends[3], axes[3], steps[3];
    int channels = s.d[1];
    for (int i = 0; i < 3; i++) {
        const int dim = s.d[i + 1], step = test_between(r, 1, 3),
                  count = test_between(r, 1, (dim - 1) / step + 1);
        const int first = test_between(r, 0, dim - 1 - (count - 1) * step), back = test_between(r, 0, 1);
        axes[i] = test_between(r, 0, 1) ? i + 1 : i - 3;
        steps[i] = back ? -step : step;
        starts[i] = back ? first + (count - 1) * step : first;
        ends[i] = back ? first - 1 : first + (count - 1) * step + 1;
        if (ends[i] < 0) ends[i] = INT64_MIN;
        if (i == 0) channels = count;
    }
    onnx_node(o, "Slice", 5, from_a, 1, to_b);
    constant_ints(o, "p", 3, starts);
    constant_ints(o, "q", 3, ends);
    constant_ints(o, "s", 3, axes);
    constant_ints(o, "t", 3, steps);
    return channels;
}

static int pad_op(onnx *o, uint32_t *r, shape4 s) {
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    int64_t pads[8];
    const int mode = test_between(r, 0, 3);
    for (int i = 0; i < 8; i++) pads[i] = i % 4 ? test_between(r, s.d[i % 4] > 2 ? -1 : 0, 3) : 0;
    onnx_node(o, "Pad", 2, from_a, 1, to_b);
    onnx_string(o, "mode", modes[mode]);
    constant_ints(o, "p", 8, pads);
    return s.d[1] + (int)(pads[1] + pads[5]);
}

static int resize_op(onnx *o, uint32_t *r, shape4 s) {
    static const char *const modes[] = {"nearest", "linear", "cubic"};
    const char *ins[] = {"a", "", "", "s"};
    int64_t sizes[4] = {s.d[0], s.d[1], test_between(r, 1, 20), test_between(r, 1, 20)};
    onnx_node(o, "Resize", 4, ins, 1, to_b);
    onnx_string(o, "mode", modes[test_between(r, 0, 2)]);
    onnx_int(o, "antialias", test_between(r, 0, 1));
    onnx_string(o, "coordinate_transformation_mode", test_between(r, 0, 1) ? "asymmetric" : "align_corners");
    if (test_between(r, 0, 4) == 0) sizes[1] = test_between(r, 1, 9);
    constant_ints(o, "s", 4, sizes);
    return (int)sizes[1];
}

static int depth_op(onnx *o, uint32_t *r, shape4 s) {
    const int deep = s.d[1] % 4 == 0;
    if (!deep && (s.d[2] % 2 || s.d[3] % 2)) return concat_op(o, r, s);
    onnx_node(o, deep ? "DepthToSpace" : "SpaceToDepth", 1, from_a, 1, to_b);
    onnx_int(o, "blocksize", 2);
    if (deep && test_between(r, 0, 1)) onnx_string(o, "mode", "CRD");
    return deep ? s.d[1] / 4 : s.d[1] * 4;
}

static int transpose_op(onnx *o, uint32_t *r, shape4 s) {
    int32_t perm[4] = {0, 1, 2, 3};
    for (int i = 3; i > 0; i--) {
        const int j = test_between(r, 0, i), swap = perm[i];
        perm[i] = perm[j];
        perm[j] = swap;
    }
    onnx_node(o, "Transpose", 1, from_a, 1, to_b);
    onnx_ints(o, "perm", 4, perm);
    return s.d[perm[1]];
}

static int gather_op(onnx *o, uint32_t *r, shape4 s) {
    const int axis = test_between(r, 0, 3), n = test_between(r, 1, 9);
    int64_t index[9];
    for (int i = 0; i < n; i++) index[i] = test_between(r, -s.d[axis], s.d[axis] - 1);
    onnx_node(o, "Gather", 2, from_a, 1, to_b);
    onnx_int(o, "axis", axis);
    constant_ints(o, "p", n, index);
    return axis == 1 ? n : s.d[1];
}

static int tile_op(onnx *o, uint32_t *r, shape4 s) {
    const int64_t repeats[4] = {1, test_between(r, 1, 3), test_between(r, 1, 3), test_between(r, 1, 3)};
    onnx_node(o, "Tile", 2, from_a, 1, to_b);
    constant_ints(o, "p", 4, repeats);
    return s.d[1] * (int)repeats[1];
}

static int expand_op(onnx *o, uint32_t *r, shape4 s) {
    const int64_t shape[4] = {s.d[0], s.d[1], s.d[2] == 1 ? test_between(r, 1, 4) : 1, 1};
    onnx_node(o, "Expand", 2, from_a, 1, to_b);
    constant_ints(o, "p", 4, shape);
    return s.d[1];
}

static int crop_op(onnx *o, uint32_t *r, shape4 s) {
    const int64_t shape[2] = {test_between(r, 1, 2 * s.d[1]), test_between(r, 1, 2 * s.d[3])};
    const int32_t axes[2] = {1, -1};
    onnx_node(o, "CenterCropPad", 2, from_a, 1, to_b);
    onnx_ints(o, "axes", 2, axes);
    constant_ints(o, "p", 2, shape);
    return (int)shape[0];
}

static const struct {
    const char *name;
    write_op *write;
} ops[] = {
    {"Concat", concat_op}, {"Split", split_op},        {"Slice", slice_op},   {"Pad", pad_op},
    {"Resize", resize_op}, {"DepthToSpace", depth_op}, {"Gather", gather_op}, {"Transpose", transpose_op},
    {"Tile", tile_op},     {"CenterCropPad", crop_op}, {"Expand", expand_op}};

static void layout_case(test_counts *counts, int seed) {
    uint32_t r = (uint32_t)seed * 2654435761u | 1;
    const int which = seed % (int)(sizeof ops / sizeof *ops), c = test_between(&r, 1, 9);
    const shape4 s = {{test_between(&r, 1, 2), test_between(&r, 0, 1) ? 4 * test_between(&r, 1, 5) : c,
                       test_between(&r, 1, 9), test_between(&r, 1, 9)}};
    sk_tensor x = test_tensor(&r, SK_FLOAT32, 4, s.d);
    onnx o;
    onnx_start(&o);
    onnx_input(&o, "x", SK_FLOAT32, 4, s.d);
    conv(&o, &r, "x", "w", "a", s.d[1], s.d[1]);
    const int channels = ops[which].write(&o, &r, s);
    conv(&o, &r, "b", "v", "y", channels, 5);
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 19);
    char label[200], text[SK_SHAPE_TEXT];
    snprintf(label, sizeof label, "SEED=%d %s of %s", seed, ops[which].name, sk_tensor_text(&x, text));
    const sk_tensor *inputs[1] = {&x};
    test_against_reference(counts, &o, 1, inputs, 1e-5, label);
    onnx_free(&o);
    free(x.data);
}

/* ---- what must fail, and how; what must not ---- */

typedef struct expectation {
    const char *op;
    const char *ints; /* attributes "name=1 name=2,3": lists when they end with a comma */
    int type, rank;
    int32_t dims[4];
    int n_index;
    int64_t index[8]; /* input 1; n_index -1: none */
    sk_status status;
    const char *says; /* part of the message; or of the result's shape */
} expectation;

static const expectation expectations[] = {
    {"Gather", "axis=1", SK_FLOAT32, 2, {2, 3}, 2, {0, 3}, SK_VALUE, "index 3 is outside axis 1 of 3"},
    {"Gather", "axis=0", SK_INT8, 1, {4}, 1, {-5}, SK_VALUE, "index -5 is outside axis 0 of 4"},
    {"Gather", "axis=2", SK_FLOAT32, 2, {2, 3}, 1, {0}, SK_SHAPE, "axis 2 is outside rank 2"},
    {"Gather", "axis=0", SK_FLOAT32, 2, {0, 3}, 0, {0}, SK_OK, "[0,3]"},
    {"Gather", "axis=0", SK_FLOAT32, 2, {0, 3}, 1, {0}, SK_VALUE, "outside axis 0 of 0"},
    {"GatherElements", "axis=0", SK_INT64, 1, {3}, 2, {INT64_MIN, 0}, SK_VALUE, "outside axis 0 of 3"},
    {"GatherND", "", SK_FLOAT64, 2, {2, 2}, 2, {1, 2}, SK_VALUE, "index 2 is outside axis 1 of 2"},
    {"GatherND", "", SK_FLOAT64, 1, {2}, 3, {0, 0, 0}, SK_SHAPE, "index tuples of 3"},
    {"Reshape", "", SK_FLOAT32, 2, {2, 3}, 2, {4, -1}, SK_SHAPE, "parts of 4"},
    {"Reshape", "", SK_FLOAT32, 2, {2, 3}, 2, {-1, -1}, SK_SHAPE, "two dimensions of -1"},
    {"Reshape", "", SK_FLOAT32, 2, {2, 3}, 1, {-2}, SK_SHAPE, "dimension of -2"},
    {"Reshape", "", SK_FLOAT32, 2, {2, 3}, 3, {INT64_MAX, INT64_MAX, 2}, SK_SHAPE, "too large"},
    {"Reshape", "", SK_FLOAT32, 2, {0, 3}, 2, {0, -1}, SK_OK, "[0,3]"},
    {"Reshape", "", SK_FLOAT32, 2, {2, 3}, 3, {0, 1, -1}, SK_OK, "[2,1,3]"},
    {"Reshape", "", SK_FLOAT32, 1, {1}, 0, {0}, SK_OK, "float32[]"},
    {"Expand", "", SK_UINT8, 1, {1}, 4, {60000, 60000, 60000, 2}, SK_SHAPE, "too large"},
    {"Expand", "", SK_UINT8, 2, {1, 3}, 2, {4, 2}, SK_SHAPE, "does not expand"},
    {"Expand", "", SK_UINT8, 2, {1, 3}, 3, {2, 0, 1}, SK_OK, "[2,0,3]"},
    {"Tile", "", SK_INT32, 2, {2, 3}, 2, {INT64_MAX, 2}, SK_SHAPE, "repeats has an entry of"},
    {"Tile", "", SK_INT32, 2, {2, 3}, 2, {0, 2}, SK_OK, "[0,6]"},
    {"Split", "axis=0", SK_FLOAT32, 1, {4}, 1, {5}, SK_SHAPE, "the parts have 5 elements"},
    {"Pad", "", SK_FLOAT32, 1, {4}, 2, {-3, -2}, SK_SHAPE, "loses more than it has"},
    {"Pad", "", SK_FLOAT32, 1, {0}, 2, {1, 2}, SK_OK, "[3]"},
    {"Squeeze", "", SK_FLOAT32, 2, {2, 1}, 1, {0}, SK_SHAPE, "dimension 0 is 2"},
    {"Unsqueeze", "", SK_FLOAT32, 1, {2}, 2, {1, 1}, SK_SHAPE, "axis 1 is given twice"},
    {"Unsqueeze", "", SK_FLOAT32, 1, {2}, 2, {-1, 0}, SK_OK, "[1,2,1]"},
    {"TopK", "", SK_FLOAT32, 1, {2}, 1, {3}, SK_SHAPE, "K is 3"},
    {"TopK", "", SK_FLOAT32, 2, {2, 4}, 1, {0}, SK_OK, "[2,0]"},
    {"ConstantOfShape", "", SK_INT64, 1, {1}, -1, {0}, SK_OK, ""},
    {"Transpose", "", SK_COMPLEX128, 2, {3, 2}, -1, {0}, SK_OK, "complex128[2,3]"},
    {"NonZero", "", SK_FLOAT32, 2, {0, 3}, -1, {0}, SK_OK, "int64[2,0]"},
    {"SpaceToDepth", "blocksize=2", SK_FLOAT32, 4, {1, 1, 3, 2}, -1, {0}, SK_SHAPE, "blocks of 2"},
    {"DepthToSpace", "blocksize=0", SK_FLOAT32, 4, {1, 4, 1, 1}, -1, {0}, SK_MALFORMED, "blocksize is 0"},
    {"Trilu", "", SK_BOOL, 2, {0, 4}, -1, {0}, SK_OK, "bool[0,4]"},
};

static void write_ints(onnx *o, const char *text) {
    char name[32];
    int value;
    if (sscanf(text, "%31[^=]=%d", name, &value) == 2) onnx_int(o, name, value);
}

static void expect(test_counts *counts, const expectation *e, int known) {
    uint32_t r = 1;
    sk_tensor x = test_tensor(&r, e->type, e->rank, e->dims);
    if (e->type == SK_INT64) memset(x.data, 0, sk_nbytes(&x));
    const char *ins[] = {"x", "p"}, *outs[] = {"y", "z"};
    const int n = e->n_index;
    sk_tensor p = {.data = (void *)(uintptr_t)e->index, .type = SK_INT64, .rank = 1, .dims = {n < 0 ? 0 : n}};
    onnx o;
    onnx_start(&o);
    onnx_node(&o, e->op, n < 0 ? 1 : 2, ins, strcmp(e->op, "TopK") == 0 ? 2 : 1, outs);
    write_ints(&o, e->ints);
    onnx_input(&o, "x", e->type, e->rank, e->dims);
    if (n >= 0) {
        if (known) onnx_constant(&o, "p", &p);
        else onnx_input(&o, "p", SK_INT64, 1, p.dims);
    }
    const int fill = strcmp(e->op, "ConstantOfShape") == 0, count = strcmp(e->op, "NonZero") == 0;
    onnx_output(&o, "y", fill ? SK_FLOAT32 : count ? SK_INT64 : e->type);
    onnx_end(&o, 18);
    const sk_tensor *inputs[2] = {&x, &p};
    const sk_options options = {0};
    onnx_run run = onnx_predict(&o, &options, n >= 0 && !known ? 2 : 1, inputs);
    char text[SK_SHAPE_TEXT] = "";
    sk_tensor y;
    const char *said = text;
    if (run.status != SK_OK) said = run.model ? sk_model_error(run.model)->text : "no memory";
    else if (sk_output(run.model, 0, &y) == SK_OK) sk_tensor_text(&y, text);
    const int ok = run.status == e->status && strstr(said, e->says);
    if (!ok)
        printf("FAIL %s %s, p %s: status %d, not %d: %s\n", e->op, e->ints, known ? "constant" : "an input",
               (int)run.status, (int)e->status, said);
    *(ok ? &counts->passed : &counts->failed) += 1;
    sk_model_free(run.model);
    onnx_free(&o);
    free(x.data);
}

int main(void) {
    test_counts counts = {0};
    const char *only = getenv("SEED");
    const int from = only ? atoi(only) : 1, to = only ? from : 400;
    for (int seed = from; seed <= to; seed++) layout_case(&counts, seed);
    for (size_t i = 0; i < sizeof expectations / sizeof *expectations && !only; i++)
        for (int known = 0; known < 2; known++) expect(&counts, &expectations[i], known);
    return test_summary(&counts);
}
