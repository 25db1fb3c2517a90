/* The operators of ai.onnx.ml as a hostile model might write them: attributes whose lengths disagree, ids
 * that lead nowhere or round and round, sizes that overflow; then models that are right, changed at random.
 * Every end is a result or a typed error. Last, forests on threads: the same bits. What the operators compute
 * is compared in tests/conformance/own/. CASES: how many changed models. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "common/exercise.h"
#include "common/mutate.h"
#include "common/proto.h"
#include "common/threads.h"

/* Attributes as text, "name:kind value ...": i int, f float, s string, I F S lists of them, T<type> a tensor;
 * separated by semicolons. */
static void add_numbers(proto *p, int field, int type, char *values) {
    for (char *at = strtok(values, " "); at; at = strtok(NULL, " ")) {
        const float real = strtof(at, NULL);
        const double wide = strtod(at, NULL);
        uint64_t bits = 0;
        memcpy(&bits, type == SK_FLOAT64 ? (const void *)&wide : &real, type == SK_FLOAT64 ? 8 : 4);
        if (type == SK_FLOAT32 && field) proto_fixed32(p, field, (uint32_t)bits);
        else if (type == SK_FLOAT32) proto_raw(p, &bits, 4);
        else if (type == SK_FLOAT64) proto_raw(p, &bits, 8);
        else if (type == SK_STRING) proto_text(p, field, at);
        else if (type == SK_UINT8) proto_raw(p, &(uint8_t){(uint8_t)atoi(at)}, 1);
        else proto_number(p, field, (uint64_t)strtoll(at, NULL, 10));
    }
}

static proto tensor_attr(int type, char *values) {
    proto data = {.size = 0};
    add_numbers(&data, 0, type, values);
    const int64_t n = (int64_t)(data.size * 8 / (size_t)sk_type_bits(type));
    proto tensor = proto_tensor(NULL, type, 1, &n);
    proto_bytes(&tensor, TENSOR_RAW, data.bytes, data.size);
    return tensor;
}

static void add_attribute(proto *node, const char *text, size_t length) {
    char copy[1024], *values;
    snprintf(copy, sizeof copy, "%.*s", (int)length, text);
    values = strchr(copy, ':');
    *values++ = 0;
    const char kind = *values++;
    if (kind == 'T') {
        const int type = (int)strtol(values, &values, 10);
        const proto tensor = tensor_attr(type, values);
        proto_attr_tensor(node, copy, &tensor);
        return;
    }
    static const char kinds[] = "fistgFIS";
    const int number = (int)(strchr(kinds, kind) - kinds) + 1;
    const int types[] = {SK_FLOAT32, SK_INT64, SK_STRING, 0, 0, SK_FLOAT32, SK_INT64, SK_STRING};
    proto attr = {.size = 0};
    proto_text(&attr, ATTR_NAME, copy);
    proto_number(&attr, ATTR_TYPE, (uint64_t)number);
    add_numbers(&attr, number + 1, types[number - 1], values);
    proto_message(node, NODE_ATTRIBUTE, &attr);
}

static void add_value(proto *graph, int field, const char *name, int type, int rank, const int64_t *dims) {
    proto info = {.size = 0}, type_proto = {.size = 0}, tensor = {.size = 0}, shape = {.size = 0};
    for (int i = 0; i < rank; i++) {
        proto dim = {.size = 0};
        proto_number(&dim, 1, (uint64_t)dims[i]);
        proto_message(&shape, 1, &dim);
    }
    proto_number(&tensor, 1, (uint64_t)type);
    if (rank >= 0) proto_message(&tensor, 2, &shape);
    proto_message(&type_proto, 1, &tensor);
    proto_text(&info, 1, name);
    proto_message(&info, 2, &type_proto);
    proto_message(graph, field, &info);
}

typedef struct model {
    const char *op;
    int opset, type, n_out; /* input 0's type */
    int64_t dims[2];        /* of input 0; dims[1] < 0: rank 1 */
    const char *attributes;
} model;

/* Is an attribute of that name among those of the text? */
static int is_named(const char *text, const char *attribute) {
    const size_t n = strcspn(attribute, ":") + 1;
    for (; *text; text += strcspn(text, ";"), text += *text == ';')
        if (!strncmp(text, attribute, n)) return 1;
    return 0;
}

/* changes: attributes that take the place of the model's. */
static proto model_of(const model *m, const char *changes) {
    proto graph = {.size = 0}, opset = {.size = 0}, ml = {.size = 0}, file = {.size = 0};
    const int extractor = !strcmp(m->op, "ArrayFeatureExtractor");
    proto node = proto_node(m->op, extractor ? "x i" : "x", m->n_out == 2 ? "y z" : "y");
    proto_text(&node, NODE_DOMAIN, "ai.onnx.ml");
    const char *const texts[] = {changes ? changes : "", m->attributes};
    for (int i = 0; i < 2; i++)
        for (const char *at = texts[i]; *at;) {
            const size_t n = strcspn(at, ";");
            if (i == 0 || !is_named(texts[0], at)) add_attribute(&node, at, n);
            at += n + (at[n] == ';');
        }
    proto_text(&graph, GRAPH_NAME, "ml");
    proto_message(&graph, GRAPH_NODE, &node);
    add_value(&graph, GRAPH_INPUT, "x", m->type, m->dims[1] < 0 ? 1 : 2, m->dims);
    if (extractor) add_value(&graph, GRAPH_INPUT, "i", SK_INT64, 1, &(int64_t){2});
    add_value(&graph, GRAPH_OUTPUT, "y", SK_FLOAT32, -1, NULL);
    if (m->n_out == 2) add_value(&graph, GRAPH_OUTPUT, "z", SK_FLOAT32, -1, NULL);
    proto_number(&opset, 2, 17);
    proto_text(&ml, 1, "ai.onnx.ml");
    proto_number(&ml, 2, (uint64_t)m->opset);
    proto_number(&file, MODEL_IR, 9);
    proto_message(&file, MODEL_GRAPH, &graph);
    proto_message(&file, MODEL_OPSET, &opset);
    proto_message(&file, MODEL_OPSET, &ml);
    return file;
}

static exercise_result exercise_model(const proto *file) {
    const test_bytes bytes = {file->bytes, file->size};
    return test_exercise(&bytes, &(exercise){.seed = 3});
}

/* ---- models that are right ---- */

#define TREE                                                                                                 \
    "nodes_treeids:I 0 0 0 1;nodes_nodeids:I 0 1 2 0;nodes_featureids:I 1 0 0 0;"                            \
    "nodes_modes:S BRANCH_LEQ LEAF LEAF LEAF;nodes_values:F 0.5 0 0 0;nodes_truenodeids:I 1 0 0 0;"          \
    "nodes_falsenodeids:I 2 0 0 0"
#define TARGETS ";target_treeids:I 0 0 1;target_nodeids:I 1 2 0;target_ids:I 0 0 0;target_weights:F 1 2 4"
#define CLASSES ";class_treeids:I 0 0 1;class_nodeids:I 1 2 0;class_ids:I 0 1 2;class_weights:F 1 2 4"
#define ENSEMBLE                                                                                             \
    "tree_roots:I 0;nodes_modes:T2 0 6;nodes_featureids:I 0 1;nodes_splits:T1 0.5 0;nodes_trueleafs:I 0 1;"  \
    "nodes_truenodeids:I 1 0;nodes_falseleafs:I 1 1;nodes_falsenodeids:I 1 2;leaf_targetids:I 0 1 1;"        \
    "leaf_weights:T1 1 2 4;membership_values:T1 1 2 nan;n_targets:i 2"
#define VECTORS                                                                                              \
    ";kernel_type:s RBF;kernel_params:F 0.5 1 2;support_vectors:F 1 2 3 4 5 6;coefficients:F 1 -1 2;rho:F "  \
    "0.5"

static const model right[] = {
    {"TreeEnsembleRegressor", 1, SK_FLOAT32, 1, {3, 2}, TREE TARGETS ";n_targets:i 1"},
    {"TreeEnsembleRegressor",
     3,
     SK_FLOAT64,
     1,
     {5, 2},
     TREE TARGETS ";n_targets:i 2;aggregate_function:s MIN"},
    {"TreeEnsembleClassifier", 3, SK_INT64, 2, {3, 2}, TREE CLASSES ";classlabels_int64s:I 5 6 7"},
    {"TreeEnsemble", 5, SK_FLOAT32, 1, {3, 2}, ENSEMBLE},
    {"TreeEnsemble", 5, SK_FLOAT16, 1, {3, 2}, ENSEMBLE},
    {"LinearRegressor", 1, SK_INT32, 1, {3, 2}, "coefficients:F 1 2 3 4;intercepts:F 1 2;targets:i 2"},
    {"LinearClassifier",
     1,
     SK_FLOAT32,
     2,
     {3, 2},
     "coefficients:F 1 2 3 4;intercepts:F 1 2;classlabels_ints:I 4 5"},
    {"SVMRegressor", 1, SK_FLOAT32, 1, {3, 2}, "n_supports:i 3" VECTORS},
    {"SVMClassifier",
     1,
     SK_FLOAT64,
     2,
     {3, 2},
     "vectors_per_class:I 1 2;classlabels_ints:I 4 5;prob_a:F -1;prob_b:F 0" VECTORS},
    {"Scaler", 1, SK_FLOAT32, 1, {3, 2}, "offset:F 1 2;scale:F 3 4"},
    {"Normalizer", 1, SK_INT32, 1, {4, -1}, "norm:s L2"},
    {"Binarizer", 1, SK_FLOAT32, 1, {3, 2}, "threshold:f 0.5"},
    {"Imputer", 1, SK_FLOAT32, 1, {3, 2}, "imputed_value_floats:F 1 2;replaced_value_float:f nan"},
    {"Imputer", 1, SK_INT32, 1, {3, 2}, "imputed_value_int64s:I 9;replaced_value_int64:i 1"},
    {"FeatureVectorizer", 1, SK_INT64, 1, {3, 2}, "inputdimensions:I 4"},
    {"ArrayFeatureExtractor", 1, SK_FLOAT32, 1, {3, 5}, ""},
    {"LabelEncoder", 2, SK_INT64, 1, {3, 2}, "keys_int64s:I 1 2;values_floats:F 3 4"},
    {"LabelEncoder",
     4,
     SK_FLOAT32,
     1,
     {3, 2},
     "keys_tensor:T1 1 nan;values_tensor:T11 3 4;default_tensor:T11 5"},
    {"OneHotEncoder", 1, SK_INT64, 1, {3, 2}, "cats_int64s:I 0 1 2"},
};
#define RIGHT (sizeof right / sizeof *right)

static void check_right(test_counts *counts) {
    for (size_t i = 0; i < RIGHT; i++) {
        const proto file = model_of(&right[i], NULL);
        const exercise_result r = exercise_model(&file);
        const int ok =
            !r.problem[0] &&
            (r.status == SK_OK || (!strcmp(right[i].op, "ArrayFeatureExtractor") && r.status == SK_VALUE));
        if (!ok) printf("FAIL %s: %s %s\n", right[i].op, r.text, r.problem);
        *(ok ? &counts->passed : &counts->failed) += 1;
    }
}

/* ---- models that are wrong ---- */

typedef struct refusal {
    int base; /* which of `right` it changes */
    const char *attributes;
    sk_status status;
} refusal;

static const refusal refusals[] = {
    {0, "nodes_truenodeids:I 0 0 0 0", SK_MALFORMED},  /* a circle */
    {0, "nodes_truenodeids:I 7 0 0 0", SK_MALFORMED},  /* nowhere */
    {0, "nodes_truenodeids:I -1 0 0 0", SK_MALFORMED}, /* nor there */
    {0, "nodes_truenodeids:I 4294967297 0 0 0", SK_MALFORMED},
    {0,
     "nodes_modes:S BRANCH_LEQ BRANCH_LT LEAF LEAF;nodes_truenodeids:I 1 0 0 0;nodes_falsenodeids:I 2 2 0 0",
     SK_MALFORMED}, /* round by way of another node */
    {0, "nodes_modes:S BRANCH_LEQ LEAF LEAF", SK_MALFORMED},
    {0, "nodes_modes:S BRANCH_LEQ LEAF LEAF TWIG", SK_MALFORMED},
    {0, "nodes_modes:S", SK_MALFORMED},
    {0, "nodes_values:F 1", SK_MALFORMED},
    {0, "nodes_treeids:I 0 0 0 9223372036854775807", SK_MALFORMED},
    {0, "nodes_treeids:I 0 0 0 0", SK_MALFORMED}, /* two nodes of one id */
    {0, "nodes_featureids:I -1 0 0 0", SK_MALFORMED},
    {0, "nodes_featureids:I 268435456 0 0 0", SK_MALFORMED},
    {0, "nodes_featureids:I 2 0 0 0", SK_SHAPE},
    {0, "nodes_missing_value_tracks_true:I 1", SK_MALFORMED},
    {0, "target_ids:I 0 0 1", SK_MALFORMED},
    {0, "target_ids:I 0 0 -1", SK_MALFORMED},
    {0, "target_ids:I 0 0", SK_MALFORMED},
    {0, "target_nodeids:I 1 2 9", SK_MALFORMED},
    {0, "target_weights:F 1", SK_MALFORMED},
    {0, "n_targets:i 0", SK_MALFORMED},
    {0, "n_targets:i -5", SK_MALFORMED},
    {0, "n_targets:i 9223372036854775807", SK_MALFORMED},
    {0, "n_targets:i 2147483647", SK_SHAPE}, /* no room for the result */
    {0, "base_values:F 1 2", SK_MALFORMED},
    {0, "aggregate_function:s MEDIAN", SK_UNSUPPORTED},
    {0, "post_transform:s SQRT", SK_UNSUPPORTED},
    {2, "classlabels_int64s:I 5 6", SK_MALFORMED},
    {2, "classlabels_int64s:I", SK_MALFORMED},
    {2, "classlabels_strings:S a b c", SK_MALFORMED},
    {3, "nodes_modes:T2 0 7", SK_MALFORMED},
    {3, "nodes_modes:T2", SK_MALFORMED},
    {3, "nodes_modes:T1 0 6", SK_MALFORMED},
    {3, "nodes_splits:T7 0 6", SK_MALFORMED},
    {3, "nodes_truenodeids:I 0 0", SK_MALFORMED},
    {3, "nodes_truenodeids:I 2 0", SK_MALFORMED},
    {3, "nodes_falsenodeids:I 3 2", SK_MALFORMED},
    {3, "nodes_falsenodeids:I -1 2", SK_MALFORMED},
    {3, "tree_roots:I 0 0", SK_MALFORMED},
    {3, "tree_roots:I 0 1", SK_MALFORMED},
    {3, "tree_roots:I 2", SK_MALFORMED},
    {3, "tree_roots:I", SK_MALFORMED},
    {3, "membership_values:T1", SK_MALFORMED},
    {3, "leaf_weights:T1 1 2", SK_MALFORMED},
    {3, "aggregate_function:i 4", SK_MALFORMED},
    {3, "post_transform:i -1", SK_MALFORMED},
    {5, "targets:i 3", SK_MALFORMED},
    {5, "targets:i 1099511627776", SK_MALFORMED},
    {5, "coefficients:F", SK_MALFORMED},
    {5, "coefficients:F 1 2 3 4 5 6", SK_SHAPE},
    {6, "classlabels_ints:I 1", SK_SHAPE},
    {7, "n_supports:i 4", SK_MALFORMED},
    {7, "n_supports:i -1", SK_MALFORMED},
    {7, "n_supports:i 8589934592", SK_MALFORMED},
    {7, "kernel_params:F 1", SK_MALFORMED},
    {7, "kernel_type:s CUBIC", SK_UNSUPPORTED},
    {7, "rho:F", SK_MALFORMED},
    {7, "support_vectors:F 1 2 3 4 5 6 7 8 9", SK_SHAPE},
    {8, "vectors_per_class:I 1 1", SK_MALFORMED},
    {8, "vectors_per_class:I 4 -1", SK_MALFORMED},
    {8, "vectors_per_class:I 2147483647 2147483647", SK_MALFORMED},
    {8, "prob_a:F 1 2", SK_MALFORMED},
    {8, "coefficients:F 1", SK_MALFORMED},
    {9, "offset:F 1 2 3", SK_SHAPE},
    {10, "norm:s L9", SK_UNSUPPORTED},
    {12, "imputed_value_floats:F 1 2 3", SK_SHAPE},
    {12, "imputed_value_floats:F", SK_MALFORMED},
    {13, "imputed_value_floats:F 1", SK_MALFORMED},
    {14, "inputdimensions:I -1", SK_MALFORMED},
    {14, "inputdimensions:I 2147483648", SK_MALFORMED},
    {14, "inputdimensions:I 2147483647", SK_SHAPE},
    {16, "keys_int64s:I 1", SK_MALFORMED},
    {16, "keys_floats:F 1 2", SK_MALFORMED},
    {17, "default_tensor:T1 5", SK_MALFORMED},
    {17, "keys_tensor:T2 1 2", SK_MALFORMED},
    {18, "cats_int64s:I", SK_MALFORMED},
};

static void check_refusals(test_counts *counts) {
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const model *base = &right[refusals[i].base];
        const proto file = model_of(base, refusals[i].attributes);
        const exercise_result r = exercise_model(&file);
        const int ok = !r.problem[0] && r.status == refusals[i].status;
        if (!ok)
            printf("FAIL %s with %s: %s '%s' %s\n", base->op, refusals[i].attributes,
                   sk_status_name(r.status), r.text, r.problem);
        *(ok ? &counts->passed : &counts->failed) += 1;
    }
}

/* ---- models changed at random ---- */

static void check_changed(test_counts *counts, int n) {
    uint32_t random = 99;
    for (int i = 0; i < n; i++) {
        const proto file = model_of(&right[(size_t)i % RIGHT], NULL);
        size_t size;
        uint8_t *bytes = test_mutate(file.bytes, file.size, &random, &size);
        const exercise_result r = test_exercise(&(test_bytes){bytes, size}, &(exercise){.seed = (uint32_t)i});
        if (r.problem[0])
            printf("FAIL changed %s, number %d: %s\n", right[(size_t)i % RIGHT].op, i, r.problem);
        *(r.problem[0] ? &counts->failed : &counts->passed) += 1;
        free(bytes);
    }
}

/* ---- threads ---- */

static int read_proto(void *user, int file, uint64_t offset, size_t size, void *dst) {
    const proto *p = user;
    if (file != 0 || offset > p->size || size > p->size - offset) return 1;
    memcpy(dst, p->bytes + offset, size);
    return 0;
}

/* The last output of a float32 model of `rows` rows; rank -1 when that fails. data malloc'ed. */
static sk_tensor predict(proto *file, const sk_tensor *x, sk_pool *pool, int last) {
    const sk_host host = {.read = read_proto, .user = file};
    const sk_options options = {.pool = pool};
    sk_model *running = sk_model_new(&host, file->size, &options);
    sk_tensor y, copy = sk_unknown_tensor();
    void *data;
    if (running && sk_model_load(running, 0) == SK_OK &&
        sk_set_input(running, 0, x->type, x->rank, x->dims, &data) == SK_OK) {
        memcpy(data, x->data, sk_nbytes(x));
        if (sk_model_run(running, 0) == SK_OK && sk_output(running, last, &y) == SK_OK) {
            copy = y;
            copy.data = malloc(sk_nbytes(&y));
            if (copy.data) memcpy(copy.data, y.data, sk_nbytes(&y));
        }
    }
    sk_model_free(running);
    return copy;
}

static void check_threads(test_counts *counts) {
    for (size_t i = 0; i < RIGHT; i++) {
        if (right[i].type != SK_FLOAT32 || right[i].dims[1] != 2) continue;
        uint32_t random = 5;
        model many = right[i];
        many.dims[0] = 517;
        proto file = model_of(&many, NULL);
        sk_tensor x = test_tensor(&random, SK_FLOAT32, 2, (int32_t[]){517, 2});
        const sk_tensor one = predict(&file, &x, NULL, many.n_out - 1),
                        four = predict(&file, &x, test_pool(), many.n_out - 1);
        const int ok = one.rank >= 0 && four.rank >= 0 && sk_same_shape(&one, &four) &&
                       !memcmp(one.data, four.data, sk_nbytes(&one));
        if (!ok) printf("FAIL %s on threads\n", many.op);
        *(ok ? &counts->passed : &counts->failed) += 1;
        free(one.rank >= 0 ? one.data : NULL), free(four.rank >= 0 ? four.data : NULL), free(x.data);
    }
}

int main(void) {
    const char *cases = getenv("CASES");
    test_counts counts = {0, 0};
    check_right(&counts);
    check_refusals(&counts);
    check_changed(&counts, cases ? atoi(cases) : 3000);
    check_threads(&counts);
    return test_summary(&counts);
}
