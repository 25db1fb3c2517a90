/* The ONNX reader on whole models: what becomes of initializers, names, bodies and functions, what is refused
 * and how, and that little input never takes much memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/proto.h"
#include "formats/onnx.h"
#include "graph/dump.h"

/* ---- reading from memory ---- */

typedef struct reading {
    sk_heap heap;
    sk_ir ir;
    sk_file files[2];
    sk_error err;
    sk_status status;
    const uint8_t *bytes;
    size_t size;
} reading;

static const uint8_t external_bytes[4096] = {1, 2, 3, 4};

static int read_bytes(void *user, int file, uint64_t offset, size_t size, void *dst) {
    const reading *r = user;
    const uint8_t *bytes = file ? external_bytes : r->bytes;
    const size_t whole = file ? sizeof external_bytes : r->size;
    if (offset > whole || size > whole - offset) return -1;
    if (size) memcpy(dst, bytes + offset, size);
    return 0;
}

/* fail_after: allocations that succeed, -1: all. Beside the model there is a file "weights.bin". */
static void start(reading *r, const void *bytes, size_t size, long fail_after) {
    memset(r, 0, sizeof *r);
    sk_heap_init(&r->heap);
    r->heap.fail_after = fail_after;
    r->bytes = bytes;
    r->size = size;
    r->files[0] = (sk_file){"", size};
    r->files[1] = (sk_file){"weights.bin", sizeof external_bytes};
    r->ir.source = (sk_source){read_bytes, r};
    r->ir.files = r->files;
    r->ir.n_files = 2;
    sk_arena_init(&r->ir.arena, &r->heap);
    r->status = sk_onnx_read(&r->ir, &r->heap, &r->err);
}

/* Frees it; 1 when nothing is left and the error says what the status does. */
static int finished(reading *r) {
    sk_arena_clear(&r->ir.arena);
    return r->heap.in_use == 0 && r->status == r->err.status && (r->status == SK_OK || r->err.text[0]);
}

static void finish(reading *r) { CHECK(finished(r)); }

/* The status of reading a model; `part`, unless NULL, must be in the error's text. */
static int ends(const proto *model, sk_status status, const char *part) {
    reading r;
    start(&r, model->bytes, model->size, -1);
    const int fine = r.status == status && (!part || strstr(r.err.text, part));
    if (!fine) printf("  %s: %s\n", sk_status_name(r.status), r.err.text);
    finish(&r);
    return fine;
}

static int graph_ends(const proto *graph, sk_status status, const char *part) {
    const proto model = proto_model(graph, 0, NULL);
    return ends(&model, status, part);
}

/* The dump of a model, without its first line, is exactly this. */
static int dumps(const proto *model, const char *wanted) {
    reading r;
    sk_text text;
    start(&r, model->bytes, model->size, -1);
    sk_text_init(&text, &r.heap);
    if (r.status == SK_OK) sk_graph_dump(&r.ir, &text);
    const char *body = text.chars ? strchr(text.chars, '\n') + 1 : r.err.text;
    const int same = !strcmp(body, wanted);
    if (!same) printf("  got:\n%s\n  wanted:\n%s\n", body, wanted);
    sk_text_free(&text);
    finish(&r);
    return same;
}

static int graph_dumps(const proto *graph, const char *wanted) {
    const proto model = proto_model(graph, 0, NULL);
    return dumps(&model, wanted);
}

static proto empty_graph(const char *name) {
    proto graph = {.size = 0};
    proto_text(&graph, GRAPH_NAME, name);
    return graph;
}

/* x[3] -> y[3] with these nodes between */
static proto simple_graph(int n, const proto *nodes) {
    proto graph = empty_graph("g");
    for (int i = 0; i < n; i++) proto_message(&graph, GRAPH_NODE, &nodes[i]);
    proto_io(&graph, GRAPH_INPUT, "x", 3);
    proto_io(&graph, GRAPH_OUTPUT, "y", 3);
    return graph;
}

/* ---- what is no model ---- */

static void test_other_files(void) {
    static const struct {
        const char *bytes, *part;
    } files[] = {
        {"<!DOCTYPE html><html>", "starts with '<'"},
        {"\n  <html>", "HTML"},
        {"\xef\xbb\xbf<html>", "HTML"},
        {"{\"error\": 404}", "JSON"},
        {"\x1f\x8b\x08", "gzip"},
        {"PK\x03\x04zip", "zip"},
        {"version https://git-lfs.github.com/spec/v1", "Git LFS"},
        {"\x1c???TFL3????????????", "TensorFlow Lite"},
        {"GGUF????", "GGUF"},
        {"\xff\xff\xff\xff", "not an ONNX model"},
        {"", "empty"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        proto p = {.size = 0};
        proto_raw(&p, files[i].bytes, strlen(files[i].bytes));
        CHECK(ends(&p, SK_MALFORMED, files[i].part));
    }
    proto p = {.size = 0};
    proto_number(&p, MODEL_IR, 9);
    CHECK(ends(&p, SK_MALFORMED, "no graph"));
    const proto graph = empty_graph("g");
    proto_message(&p, MODEL_GRAPH, &graph);
    CHECK(ends(&p, SK_OK, NULL));
    proto_number(&p, MODEL_IR, 99);
    CHECK(ends(&p, SK_UNSUPPORTED, "IR version 99"));
    proto_number(&p, MODEL_IR, 2);
    CHECK(ends(&p, SK_UNSUPPORTED, "IR version 2"));
}

/* ---- initializers and constants ---- */

static void test_initializers(void) {
    const proto add = proto_node("Add", "x w", "y");
    const int64_t dims[] = {3};
    const float values[] = {1, -2, 0.5f};
    proto w = proto_tensor("w", SK_FLOAT32, 1, dims);
    proto_bytes(&w, TENSOR_RAW, values, sizeof values);
    proto graph = simple_graph(1, &add);
    proto_message(&graph, GRAPH_INITIALIZER, &w);
    const char *wanted = "graph 0 g(%x: float32[3]) {\n"
                         "  %y: float32[3] = Add(%x, %w: const float32[3]{1,-2,0.5})\n"
                         "  return %y\n"
                         "}\n";
    CHECK(graph_dumps(&graph, wanted));
    proto_io(&graph, GRAPH_INPUT, "w", 3); /* listed as an input, as IR 3 does */
    CHECK(graph_dumps(&graph, wanted));
    proto before = empty_graph("g"); /* the same, the input standing before the initializer */
    proto_io(&before, GRAPH_INPUT, "w", 3);
    proto_message(&before, GRAPH_NODE, &add);
    proto_io(&before, GRAPH_INPUT, "x", 3);
    proto_io(&before, GRAPH_OUTPUT, "y", 3);
    proto_message(&before, GRAPH_INITIALIZER, &w);
    CHECK(graph_dumps(&before, wanted));
    proto_message(&graph, GRAPH_INITIALIZER, &w);
    CHECK(graph_ends(&graph, SK_MALFORMED, "two values are named 'w'"));
}

/* Large weights are not read: file, offset and shape are all that is kept of them. */
static void test_large_weights(void) {
    const proto add = proto_node("Add", "x w", "y");
    const int64_t dims[] = {400};
    uint8_t bytes[1600];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    for (int field = TENSOR_FLOATS; field <= TENSOR_RAW; field += TENSOR_RAW - TENSOR_FLOATS) {
        proto w = proto_tensor("w", SK_FLOAT32, 1, dims), graph = simple_graph(1, &add);
        proto_bytes(&w, field, bytes, sizeof bytes);
        proto_message(&graph, GRAPH_INITIALIZER, &w);
        const proto model = proto_model(&graph, 0, NULL);
        reading r;
        start(&r, model.bytes, model.size, -1);
        CHECK(r.status == SK_OK);
        const sk_const *c = r.status == SK_OK ? r.ir.main->nodes[0]->inputs[1]->constant : NULL;
        CHECK(c && !c->type.data && c->file == 0 && c->offset + 1600 <= model.size &&
              !memcmp(model.bytes + c->offset, bytes, sizeof bytes));
        finish(&r);
    }
}

static void external(proto *tensor, const char *key, const char *value) {
    proto entry = {.size = 0};
    proto_text(&entry, 1, key);
    proto_text(&entry, 2, value);
    proto_message(tensor, TENSOR_EXTERNAL, &entry);
}

static int external_ends(int floats, const char *path, const char *offset, const char *length,
                         sk_status status, const char *part) {
    const int64_t dims[] = {floats};
    const proto add = proto_node("Add", "x w", "y");
    proto w = proto_tensor("w", SK_FLOAT32, 1, dims), graph = simple_graph(1, &add);
    proto_number(&w, TENSOR_LOCATION, 1);
    if (path) external(&w, "location", path);
    if (offset) external(&w, "offset", offset);
    if (length) external(&w, "length", length);
    external(&w, "checksum", "ignored");
    proto_message(&graph, GRAPH_INITIALIZER, &w);
    return graph_ends(&graph, status, part);
}

static void test_external_data(void) {
    CHECK(external_ends(1024, "weights.bin", NULL, NULL, SK_OK, NULL));
    CHECK(external_ends(1, "weights.bin", NULL, NULL, SK_OK, NULL)); /* small: read at once */
    CHECK(external_ends(512, "./weights.bin", "2048", "2048", SK_OK, NULL));
    CHECK(external_ends(512, "weights.bin", "2049", "2048", SK_EXTERNAL_DATA, "has 4096 bytes"));
    CHECK(external_ends(512, "weights.bin", "18446744073709551615", NULL, SK_MALFORMED, "offset"));
    CHECK(external_ends(512, "weights.bin", "9999999999999999999", NULL, SK_EXTERNAL_DATA, NULL));
    CHECK(external_ends(512, "weights.bin", "-1", NULL, SK_MALFORMED, "offset"));
    CHECK(external_ends(512, "weights.bin", "0", "2047", SK_MALFORMED, "tensor 'w'"));
    CHECK(external_ends(512, "other.bin", NULL, NULL, SK_EXTERNAL_DATA, "'other.bin'"));
    CHECK(external_ends(512, "", NULL, NULL, SK_EXTERNAL_DATA, NULL)); /* never the model itself */
    CHECK(external_ends(512, NULL, NULL, NULL, SK_MALFORMED, "names no file"));
}

static void test_constants(void) {
    proto nodes[4] = {proto_node("Constant", "", "a"), proto_node("Constant", "", "b"),
                      proto_node("Sum", "x a b", "y")};
    proto_attr_int(&nodes[0], "value_int", -7);
    const int64_t dims[] = {2};
    proto t = proto_tensor(NULL, SK_INT32, 1, dims);
    proto_bytes(&t, TENSOR_INT32S, "\x04\x05", 2);
    proto_attr_tensor(&nodes[1], "value", &t);
    proto graph = simple_graph(3, nodes);
    CHECK(graph_dumps(&graph, "graph 0 g(%x: float32[3]) {\n"
                              "  %y: float32[3] = Sum(%x, %a: const int64[]{-7}, %b: const int32[2]{4,5})\n"
                              "  return %y\n"
                              "}\n"));
    nodes[0] = proto_node("Constant", "", "a");
    graph = simple_graph(3, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "Constant"));
    proto_attr_int(&nodes[0], "value_float", 1); /* an int where a float belongs */
    graph = simple_graph(3, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "value_float"));
}

/* ---- names and order ---- */

static void test_names(void) {
    proto nodes[2] = {proto_node("Relu", "nowhere", "y")};
    proto graph = simple_graph(1, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "reads 'nowhere'"));
    nodes[0] = proto_node("Relu", "x", "z");
    graph = simple_graph(1, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "output 'y'"));
    nodes[0] = nodes[1] = proto_node("Relu", "x", "y");
    graph = simple_graph(2, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "two values are named 'y'"));
    nodes[0] = proto_node("Relu", "x", "x");
    graph = simple_graph(1, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "two values are named 'x'"));
    nodes[0] = proto_node("", "x", "y");
    graph = simple_graph(1, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "names no operator"));
    nodes[0] = proto_node("Clip", "x - -", "y"); /* optional inputs left out */
    graph = simple_graph(1, nodes);
    CHECK(graph_dumps(&graph, "graph 0 g(%x: float32[3]) {\n  %y: float32[3] = Clip(%x)\n  return %y\n}\n"));
    nodes[0] = proto_node("Resize", "x - x", "y");
    graph = simple_graph(1, nodes);
    CHECK(graph_dumps(&graph,
                      "graph 0 g(%x: float32[3]) {\n  %y: float32[3] = Resize(%x, _, %x)\n  return %y\n}\n"));
    proto_io(&graph, GRAPH_OUTPUT, "y", 3);
    CHECK(graph_ends(&graph, SK_MALFORMED, "listed twice"));
    nodes[0] = proto_node("Relu", "x", "y");
    proto_attr_int(&nodes[0], "a", 1);
    proto_attr_int(&nodes[0], "a", 2);
    graph = simple_graph(1, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "attribute 'a' twice"));
}

static void test_hostile_names_in_dumps(void) {
    const proto node = proto_node("Relu\n}", "x", "y");
    proto named = node;
    proto_text(&named, NODE_NAME, "a\"b\\\x1b[2J");
    const proto graph = simple_graph(1, &named);
    CHECK(graph_dumps(&graph, "graph 0 g(%x: float32[3]) {\n"
                              "  %y: float32[3] = \"Relu\\u000a}\"(%x)  # \"a\\\"b\\\\\\u001b[2J\"\n"
                              "  return %y\n"
                              "}\n"));
}

static void test_order(void) {
    proto nodes[3] = {proto_node("Neg", "b", "y"), proto_node("Relu", "a", "b"), proto_node("Abs", "x", "a")};
    proto graph = simple_graph(3, nodes);
    CHECK(graph_dumps(&graph, "graph 0 g(%x: float32[3]) {\n"
                              "  %a: ? = Abs(%x)\n"
                              "  %b: ? = Relu(%a)\n"
                              "  %y: float32[3] = Neg(%b)\n"
                              "  return %y\n"
                              "}\n"));
    nodes[2] = proto_node("Add", "x y", "a");
    graph = simple_graph(3, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "cycle"));
    nodes[0] = proto_node("Relu", "y", "y");
    graph = simple_graph(1, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "cycle"));
}

/* ---- bodies ---- */

static proto branch(const char *op, const char *input, const char *output) {
    proto graph = empty_graph(output);
    const proto node = proto_node(op, input, output);
    proto_message(&graph, GRAPH_NODE, &node);
    proto_io(&graph, GRAPH_OUTPUT, output, 3);
    return graph;
}

static void test_bodies(void) {
    /* The else branch stands first, captures what a later node makes, and returns a captured value as it is.
     */
    proto nodes[2] = {proto_node("If", "x", "y"), proto_node("Abs", "x", "late")};
    proto other = empty_graph("e"), then = branch("Relu", "late", "t");
    proto_io(&other, GRAPH_OUTPUT, "x", 3);
    proto_attr_graph(&nodes[0], "else_branch", &other);
    proto_attr_graph(&nodes[0], "then_branch", &then);
    proto graph = simple_graph(2, nodes);
    CHECK(graph_dumps(&graph, "graph 0 g(%x: float32[3]) {\n"
                              "  %late: ? = Abs(%x)\n"
                              "  %y: float32[3] = If(%x) {else_branch=graph 1, then_branch=graph 2}\n"
                              "    graph 2 t() {\n"
                              "      %t: float32[3] = Relu(^%late)\n"
                              "      return %t\n"
                              "    }\n"
                              "    graph 1 e() {\n"
                              "      %x: float32[3] = Identity(^%x)\n"
                              "      return %x\n"
                              "    }\n"
                              "  return %y\n"
                              "}\n"));
    then = branch("Relu", "y", "t"); /* the If's own result */
    nodes[0] = proto_node("If", "x", "y");
    proto_attr_graph(&nodes[0], "then_branch", &then);
    graph = simple_graph(1, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "cycle"));
    then = branch("Relu", "x", "t"); /* names of a body stay in it */
    nodes[0] = proto_node("If", "x", "z");
    proto_attr_graph(&nodes[0], "then_branch", &then);
    nodes[1] = proto_node("Abs", "t", "y");
    graph = simple_graph(2, nodes);
    CHECK(graph_ends(&graph, SK_MALFORMED, "reads 't'"));
}

static void test_depth(void) {
    proto graph = branch("Relu", "x", "t");
    for (int depth = 2; depth <= 17; depth++) {
        proto node = proto_node("If", "x", "y");
        proto_attr_graph(&node, "then_branch", &graph);
        const proto whole = simple_graph(1, &node);
        CHECK(graph_ends(&whole, depth <= 16 ? SK_OK : SK_LIMIT, depth <= 16 ? NULL : "nested"));
        graph = empty_graph("b");
        proto_message(&graph, GRAPH_NODE, &node);
        proto_io(&graph, GRAPH_OUTPUT, "y", 3);
    }
}

/* ---- functions ---- */

static proto function(const char *name, const char *input, const char *output, int n, const proto *nodes) {
    proto f = {.size = 0}, opset = {.size = 0};
    proto_number(&opset, 2, 18);
    proto_text(&f, FUNCTION_NAME, name);
    proto_text(&f, FUNCTION_INPUT, input);
    proto_text(&f, FUNCTION_OUTPUT, output);
    for (int i = 0; i < n; i++) proto_message(&f, FUNCTION_NODE, &nodes[i]);
    proto_message(&f, FUNCTION_OPSET, &opset);
    proto_text(&f, FUNCTION_DOMAIN, "my");
    return f;
}

static proto call(const char *name, const char *input, const char *output) {
    proto node = proto_node(name, input, output);
    proto_text(&node, NODE_DOMAIN, "my");
    return node;
}

/* Two calls of a function with an attribute, one given, one by default, calling another function. */
static proto function_model(void) {
    proto inner[] = {proto_node("Softmax", "in", "tmp"), proto_node("Relu", "tmp", "out")};
    proto_attr_ref(&inner[0], "axis", 2, "which");
    proto_attr_ref(&inner[0], "unknown", 2, "nowhere");
    proto functions[2] = {function("Soft", "in", "out", 2, inner)};
    const proto outer = call("Soft", "a", "b");
    functions[1] = function("Twice", "a", "b", 1, &outer);
    proto standard = {.size = 0};
    proto_text(&standard, ATTR_NAME, "which");
    proto_number(&standard, ATTR_TYPE, 2);
    proto_number(&standard, ATTR_I, 5);
    proto_message(&functions[0], FUNCTION_DEFAULT, &standard);
    proto nodes[] = {call("Soft", "x", "m"), call("Twice", "m", "y")};
    proto_attr_int(&nodes[0], "which", 2);
    proto_text(&nodes[0], NODE_NAME, "first");
    const proto graph = simple_graph(2, nodes);
    return proto_model(&graph, 2, functions);
}

static void test_functions(void) {
    const proto model = function_model();
    CHECK(dumps(&model, "graph 0 g(%x: float32[3]) {\n"
                        "  %first/tmp: ? = Softmax(%x) {axis=2}\n"
                        "  %m: ? = Relu(%first/tmp)\n"
                        "  %Soft_2/tmp: ? = Softmax(%m) {axis=5}\n"
                        "  %y: float32[3] = Relu(%Soft_2/tmp)\n"
                        "  return %y\n"
                        "}\n"));
    reading r;
    start(&r, model.bytes, model.size, -1);
    CHECK(r.status == SK_OK &&
          r.ir.main->nodes[0]->opset == 18); /* the function's import, not the model's 17 */
    finish(&r);
}

static int with_function(const proto *f, const proto *node, sk_status status, const char *part) {
    const proto graph = simple_graph(1, node), model = proto_model(&graph, 1, f);
    return ends(&model, status, part);
}

static void test_function_errors(void) {
    const proto use = call("F", "x", "y");
    proto body = call("F", "a", "b");
    proto f = function("F", "a", "b", 1, &body);
    CHECK(with_function(&f, &use, SK_MALFORMED, "calls itself"));
    body = proto_node("Relu", "x", "b"); /* the model's names are not seen in it */
    f = function("F", "a", "b", 1, &body);
    CHECK(with_function(&f, &use, SK_MALFORMED, "reads 'x'"));
    body = proto_node("Relu", "a", "c");
    f = function("F", "a", "b", 1, &body);
    CHECK(with_function(&f, &use, SK_MALFORMED, "output 'b' of function 'F'"));
    f = function("F", "a", "a", 0, NULL); /* passes its input through */
    CHECK(with_function(&f, &use, SK_OK, NULL));
    const proto many = call("F", "x x", "y");
    CHECK(with_function(&f, &many, SK_MALFORMED, "called with 2 inputs"));
    proto overload = f;
    proto_text(&overload, FUNCTION_OVERLOAD, "special");
    const proto graph = simple_graph(1, &use);
    const proto both[] = {f, overload, f};
    proto model = proto_model(&graph, 2, both);
    CHECK(ends(&model, SK_OK, NULL));
    model = proto_model(&graph, 3, both);
    CHECK(ends(&model, SK_MALFORMED, "twice"));
    proto stray = proto_node("Relu", "x", "y");
    proto_attr_ref(&stray, "axis", 2, "which");
    const proto outside = simple_graph(1, &stray);
    CHECK(graph_ends(&outside, SK_MALFORMED, "outside any function"));
}

/* Each function calls the next one eight times: 8^7 nodes from half a kilobyte are refused, before they take
 * memory. */
static void test_function_bomb(void) {
    enum { LEVELS = 8, CALLS = 8 };
    proto functions[LEVELS];
    for (int level = 0; level < LEVELS; level++) {
        char name[16], next[16];
        proto nodes[CALLS];
        snprintf(name, sizeof name, "F%d", level);
        snprintf(next, sizeof next, "F%d", level + 1);
        for (int i = 0; i < CALLS; i++) {
            char in[16], out[16];
            snprintf(in, sizeof in, i ? "v%d" : "a", i - 1);
            snprintf(out, sizeof out, i < CALLS - 1 ? "v%d" : "b", i);
            nodes[i] = level < LEVELS - 1 ? call(next, in, out) : proto_node("Relu", in, out);
        }
        functions[level] = function(name, "a", "b", CALLS, nodes);
    }
    const proto use = call("F0", "x", "y"), graph = simple_graph(1, &use);
    const proto model = proto_model(&graph, LEVELS, functions);
    reading r;
    start(&r, model.bytes, model.size, -1);
    CHECK(r.status == SK_LIMIT && strstr(r.err.text, "expand"));
    CHECK(r.heap.peak < 1000 * model.size);
    finish(&r);
}

/* ---- all of it, damaged ---- */

static void test_damage(void) {
    const proto model = function_model();
    int whole = 0, malformed = 0, wrong = 0;
    for (size_t size = 0; size < model.size; size++) {
        reading r;
        uint8_t *copy = malloc(size ? size : 1);
        if (!copy) abort();
        memcpy(copy, model.bytes, size);
        start(&r, copy, size, -1);
        whole += r.status == SK_OK;
        malformed += r.status == SK_MALFORMED;
        wrong += !finished(&r);
        free(copy);
    }
    CHECK(whole ==
          3); /* cut after the graph, the opset and the first function: calls of operators not known */
    CHECK((size_t)(whole + malformed) == model.size);
    uint32_t random = 1;
    for (int i = 0; i < 20000; i++) {
        proto changed = model;
        for (int n = 0; n < 3; n++) {
            random = random * 1664525 + 1013904223;
            changed.bytes[(random >> 8) % changed.size] = (uint8_t)(random >> (i % 2 ? 24 : 28));
        }
        reading r;
        start(&r, changed.bytes, changed.size, -1);
        wrong += !finished(&r);
    }
    sk_status status = SK_OUT_OF_MEMORY;
    for (long n = 0; status == SK_OUT_OF_MEMORY && n < 1000; n++) {
        reading r;
        start(&r, model.bytes, model.size, n);
        status = r.status;
        wrong += status != SK_OUT_OF_MEMORY && (status != SK_OK || n < 5);
        wrong += !finished(&r);
    }
    CHECK(status == SK_OK && !wrong);
}

int main(void) {
    test_other_files();
    test_initializers();
    test_large_weights();
    test_external_data();
    test_constants();
    test_names();
    test_hostile_names_in_dumps();
    test_order();
    test_bodies();
    test_depth();
    test_functions();
    test_function_errors();
    test_function_bomb();
    test_damage();
    return test_checks();
}
