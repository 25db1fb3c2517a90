/* The ONNX writer: what it writes is read back as the same graph, byte by byte in the dump; names that clash
 * are told apart; what fails on the way leaves nothing behind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/proto.h"
#include "formats/onnx.h"
#include "formats/onnx_writer.h"
#include "graph/dump.h"

typedef struct bytes {
    uint8_t *data;
    size_t size, capacity;
    size_t most; /* refuses more than this */
} bytes;

typedef struct file { /* a model being read from memory */
    sk_heap heap;
    sk_ir ir;
    sk_file files[1];
    sk_error err;
    const bytes *from;
} file;

static int read_file(void *user, int number, uint64_t offset, size_t size, void *dst) {
    const bytes *b = ((const file *)user)->from;
    if (number || offset > b->size || size > b->size - offset) return -1;
    if (size) memcpy(dst, b->data + offset, size);
    return 0;
}

static sk_status open_file(file *f, const bytes *from) {
    memset(f, 0, sizeof *f);
    sk_heap_init(&f->heap);
    f->from = from;
    f->files[0] = (sk_file){"", from->size};
    f->ir.source = (sk_source){read_file, f};
    f->ir.files = f->files;
    f->ir.n_files = 1;
    sk_arena_init(&f->ir.arena, &f->heap);
    return sk_onnx_read(&f->ir, &f->heap, &f->err);
}

/* 1 when all memory came back. */
static int close_file(file *f) {
    sk_arena_clear(&f->ir.arena);
    return f->heap.in_use == 0;
}

static int take(void *user, const void *data, size_t size) {
    bytes *b = user;
    if (size > b->most - b->size) return -1;
    if (b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size);
        b->data = realloc(b->data, b->capacity);
        if (!b->data) abort();
    }
    memcpy(b->data + b->size, data, size);
    b->size += size;
    return 0;
}

static char *dump(file *f) {
    sk_text text;
    sk_text_init(&text, &f->heap);
    sk_graph_dump(&f->ir, &text);
    char *copy = malloc(text.length + 1);
    if (!copy) abort();
    memcpy(copy, text.chars ? text.chars : "", text.length + 1);
    sk_text_free(&text);
    return copy;
}

static bytes of(const proto *model) {
    return (bytes){.data = (uint8_t *)(uintptr_t)model->bytes, .size = model->size};
}

/* Reads, writes and reads again; compares the dumps. want: in the dump, or NULL. */
static void check_same(const char *name, const proto *model, const char *want) {
    file first, second;
    const bytes in = of(model);
    bytes out = {.most = SIZE_MAX};
    sk_status status = open_file(&first, &in);
    if (status == SK_OK) status = sk_onnx_write(&first.ir, (sk_sink){take, &out}, &first.heap, &first.err);
    CHECK(status == SK_OK);
    if (status != SK_OK) printf("  %s: %s\n", name, first.err.text);
    const sk_status again = open_file(&second, &out);
    CHECK(again == SK_OK);
    if (again != SK_OK) printf("  %s: %s\n", name, second.err.text);
    if (status == SK_OK && again == SK_OK) {
        char *a = dump(&first), *b = dump(&second);
        /* the first line has the imports: of all domains, once written */
        const int same = !strcmp(strchr(a, '\n'), strchr(b, '\n')) && (!want || strstr(b, want));
        CHECK(same);
        if (!same) printf("  %s was\n%s\n  and is\n%s\n", name, a, b);
        free(a);
        free(b);
    }
    CHECK(close_file(&first) && close_file(&second));
    free(out.data);
}

static proto one_node_model(const proto *node) {
    proto graph = {.size = 0};
    proto_text(&graph, GRAPH_NAME, "g");
    proto_message(&graph, GRAPH_NODE, node);
    proto_io(&graph, GRAPH_INPUT, "x", 3);
    proto_io(&graph, GRAPH_OUTPUT, "y", -1);
    return proto_model(&graph, 0, NULL);
}

static void add_attr(proto *node, const char *name, int kind, const proto *value) {
    proto attr = {.size = 0};
    proto_text(&attr, ATTR_NAME, name);
    proto_number(&attr, ATTR_TYPE, (uint64_t)kind);
    proto_raw(&attr, value->bytes, value->size);
    proto_message(node, NODE_ATTRIBUTE, &attr);
}

static proto node_with_attributes(void) {
    proto node = proto_node("Nothing", "x - x", "y"), value = {.size = 0};
    proto_text(&node, NODE_NAME, "a node");
    proto_text(&node, NODE_DOMAIN, "org.example");
    proto_fixed32(&value, ATTR_F, 0x3fc00000);
    add_attr(&node, "f", 1, &value);
    value.size = 0;
    proto_number(&value, ATTR_I, (uint64_t)-5);
    add_attr(&node, "i", 2, &value);
    value.size = 0;
    proto_text(&value, ATTR_S, "text \xe2\x82\xac");
    add_attr(&node, "s", 3, &value);
    value.size = 0;
    for (uint32_t i = 0; i < 3; i++) proto_fixed32(&value, ATTR_FLOATS, 0x3f800000 + (i << 20));
    add_attr(&node, "fs", 6, &value);
    value.size = 0;
    for (uint64_t i = 0; i < 3; i++) proto_number(&value, ATTR_INTS, i - 1);
    add_attr(&node, "is", 7, &value);
    value.size = 0;
    proto_text(&value, ATTR_STRINGS, "one");
    proto_text(&value, ATTR_STRINGS, "");
    add_attr(&node, "ss", 8, &value);
    value.size = 0;
    add_attr(&node, "none", 7, &value);
    const int64_t dims[] = {2};
    proto tensor = proto_tensor("", 7, 1, dims);
    proto_number(&tensor, TENSOR_INT64S, 7);
    proto_number(&tensor, TENSOR_INT64S, (uint64_t)-8);
    proto_attr_tensor(&node, "t", &tensor);
    return node;
}

static void test_attributes(void) {
    const proto node = node_with_attributes(), model = one_node_model(&node);
    check_same("attributes", &model,
               "{f=1.5, i=-5, s=\"text \xe2\x82\xac\", fs=[1,1.125,1.25], is=[-1,0,1], ss=[\"one\",\"\"], "
               "none=[], t=const int64[2]{7,-8}}");
}

static proto if_model(void) {
    proto branch = {.size = 0}, node = proto_node("If", "c", "y"), graph = {.size = 0};
    const int64_t dims[] = {3};
    proto tensor = proto_tensor("w", 1, 1, dims);
    for (uint32_t i = 0; i < 3; i++) proto_fixed32(&tensor, TENSOR_FLOATS, 0x40000000 + i);
    proto inner = proto_node("Mul", "x w", "z");
    proto_text(&branch, GRAPH_NAME, "then");
    proto_message(&branch, GRAPH_NODE, &inner);
    proto_message(&branch, GRAPH_INITIALIZER, &tensor);
    proto_io(&branch, GRAPH_OUTPUT, "z", 3);
    proto_attr_graph(&node, "else_branch", &branch); /* both name their values alike */
    proto_attr_graph(&node, "then_branch", &branch);
    proto_text(&graph, GRAPH_NAME, "g");
    proto cast = proto_node("Cast", "x", "c");
    proto_attr_int(&cast, "to", 9);
    proto_message(&graph, GRAPH_NODE, &cast);
    proto_message(&graph, GRAPH_NODE, &node);
    proto_io(&graph, GRAPH_INPUT, "x", 3);
    proto_io(&graph, GRAPH_OUTPUT, "y", 3);
    return proto_model(&graph, 0, NULL);
}

/* Branches that use one name for their values: in the file each value has its own. */
static void test_bodies(void) {
    file first, second;
    const proto model = if_model();
    const bytes in = of(&model);
    bytes out = {.most = SIZE_MAX};
    CHECK(open_file(&first, &in) == SK_OK);
    CHECK(sk_onnx_write(&first.ir, (sk_sink){take, &out}, &first.heap, &first.err) == SK_OK);
    CHECK(open_file(&second, &out) == SK_OK);
    const sk_node *node = second.ir.main->nodes[1];
    CHECK(node->n_bodies == 2 && node->bodies[0]->n_nodes == 1);
    CHECK(!strcmp(node->bodies[0]->outputs[0]->name, "z") || !strcmp(node->bodies[1]->outputs[0]->name, "z"));
    CHECK(strcmp(node->bodies[0]->outputs[0]->name, node->bodies[1]->outputs[0]->name) != 0);
    float weights[3] = {0};
    const sk_const *w = node->bodies[1]->nodes[0]->inputs[1]->constant;
    CHECK(w && sk_const_read(&second.ir, w, 0, 3, weights, &second.err) == SK_OK && weights[0] == 2.0f);
    CHECK(close_file(&first) && close_file(&second));
    free(out.data);
}

/* What the file says of the model goes on; what its functions said has become nodes. */
static void test_metadata(void) {
    const proto node = proto_node("Relu", "x", "y");
    proto model = one_node_model(&node), entry = {.size = 0};
    proto_text(&model, 2, "a producer");
    proto_text(&model, 6, "what it is for");
    proto_text(&entry, 1, "key");
    proto_text(&entry, 2, "a value");
    proto_message(&model, 14, &entry);
    file f;
    const bytes in = of(&model);
    bytes out = {.most = SIZE_MAX};
    CHECK(open_file(&f, &in) == SK_OK);
    CHECK(sk_onnx_write(&f.ir, (sk_sink){take, &out}, &f.heap, &f.err) == SK_OK);
    take(&out, "", 1);
    int found = 0;
    static const char *const texts[] = {"a producer", "what it is for", "a value"};
    for (size_t i = 0; i < 3; i++)
        for (size_t at = 0; at + strlen(texts[i]) < out.size; at++)
            if (!memcmp(out.data + at, texts[i], strlen(texts[i]))) {
                found++;
                break;
            }
    CHECK(found == 3);
    CHECK(close_file(&f));
    free(out.data);
}

/* ---- failures ---- */

static void test_failures(void) {
    const proto model = if_model();
    const bytes in = of(&model);
    int wrong = 0, fine = 0;
    for (long n = 0; n < 400 && !fine; n++) { /* the Nth request for memory and all after it fail */
        file f;
        bytes out = {.most = SIZE_MAX};
        if (open_file(&f, &in) != SK_OK) abort();
        f.heap.fail_after = f.heap.requests + n;
        const sk_status status = sk_onnx_write(&f.ir, (sk_sink){take, &out}, &f.heap, &f.err);
        fine = status == SK_OK;
        wrong += status != SK_OK && (status != SK_OUT_OF_MEMORY || f.err.status != status);
        wrong += !close_file(&f);
        free(out.data);
    }
    CHECK(fine && !wrong);
    file f;
    bytes out = {.most = 10};
    CHECK(open_file(&f, &in) == SK_OK);
    CHECK(sk_onnx_write(&f.ir, (sk_sink){take, &out}, &f.heap, &f.err) != SK_OK && f.err.text[0]);
    CHECK(close_file(&f));
    free(out.data);
}

int main(void) {
    test_attributes();
    test_bodies();
    test_metadata();
    test_failures();
    return test_checks();
}
