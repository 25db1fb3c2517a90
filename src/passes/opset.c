/* Brings the nodes of ai.onnx to one later opset, for models to which operators are added that earlier ones
 * did not have. Most operators mean the same all along; the rows of ops.def tell which do not, and those are
 * rewritten here: mostly what was an attribute and became an input. Models whose validation expanded older
 * forms (functions.def) hold nodes of several opsets; these are brought together too. Tools only. */
#include "passes/opset.h"

#include <float.h>
#include <string.h>

typedef struct raise {
    sk_ir *ir;
    sk_graph *graph;
    int32_t to;
    sk_error *err;
} raise;

typedef sk_status rewrite(raise *r, sk_node *node);

/* ---- helpers ---- */

static void drop_attr(sk_node *node, const char *name) {
    int32_t n = 0;
    for (int32_t i = 0; i < node->n_attrs; i++)
        if (strcmp(node->attrs[i].name, name) != 0) node->attrs[n++] = node->attrs[i];
    node->n_attrs = n;
}

static sk_status set_int(raise *r, sk_node *node, const char *name, int64_t value) {
    drop_attr(node, name);
    sk_attr *attrs = sk_arena_calloc(&r->ir->arena, (size_t)node->n_attrs + 1, sizeof *attrs);
    if (!attrs) return sk_oom(r->err, sizeof *attrs);
    if (node->n_attrs) memcpy(attrs, node->attrs, (size_t)node->n_attrs * sizeof *attrs);
    attrs[node->n_attrs++] = (sk_attr){.name = name, .kind = SK_ATTR_INT, .i = value};
    node->attrs = attrs;
    return SK_OK;
}

/* The node has input i, a constant of these bytes, and as many empty ones before it as there have to be. */
static sk_status set_input(raise *r, sk_node *node, int i, const sk_tensor *bytes) {
    sk_value **inputs = node->inputs;
    if (i >= node->n_inputs) {
        inputs = sk_arena_calloc(&r->ir->arena, (size_t)i + 2, sizeof *inputs);
        if (!inputs) return sk_oom(r->err, sizeof *inputs);
        memcpy(inputs, node->inputs, (size_t)node->n_inputs * sizeof *inputs);
        node->inputs = inputs;
        node->n_inputs = i + 1;
    }
    inputs[i] = sk_value_const(r->ir, r->graph, "", bytes);
    return inputs[i] ? SK_OK : sk_oom(r->err, sizeof **inputs);
}

/* An attribute of integers becomes input i. */
static sk_status ints_to_input(raise *r, sk_node *node, const char *name, int i) {
    uint32_t count;
    const int64_t *ints = sk_attr_ints(node, name, &count);
    if (ints) {
        sk_tensor t = {
            .data = (void *)(uintptr_t)ints, .type = SK_INT64, .rank = 1, .dims = {(int32_t)count}};
        SK_TRY(set_input(r, node, i, &t));
    }
    drop_attr(node, name);
    return SK_OK;
}

/* ---- what changed, and when ---- */

static sk_status clip(raise *r, sk_node *node) {
    float bounds[2] = {sk_attr_float(node, "min", -FLT_MAX), sk_attr_float(node, "max", FLT_MAX)};
    for (int i = 0; i < 2; i++) {
        const sk_tensor t = {.data = &bounds[i], .type = SK_FLOAT32, .rank = 0};
        SK_TRY(set_input(r, node, 1 + i, &t));
    }
    drop_attr(node, "min");
    drop_attr(node, "max");
    return SK_OK;
}

static sk_status axes(raise *r, sk_node *node) { return ints_to_input(r, node, "axes", 1); }

static sk_status split(raise *r, sk_node *node) {
    SK_TRY(ints_to_input(r, node, "split", 1));
    const int even = node->n_inputs < 2 || !node->inputs[1];
    return even && r->to >= 18 ? set_int(r, node, "num_outputs", node->n_outputs) : SK_OK;
}

/* Over all dimensions from an axis on became over one dimension. */
static sk_status softmax(raise *r, sk_node *node) {
    char text[SK_NODE_TEXT];
    const int rank = node->inputs[0]->type.rank;
    int64_t axis = sk_attr_int(node, "axis", 1);
    if (axis < 0) axis += rank;
    int ones = rank > 0 && axis >= 0 && axis < rank;
    for (int i = (int)axis + 1; ones && i < rank; i++) ones = node->inputs[0]->type.dims[i] == 1;
    if (ones) return set_int(r, node, "axis", axis);
    return sk_fail(r->err, SK_UNSUPPORTED, "%s works on several dimensions, which opset %d cannot say",
                   sk_node_text(node, text), (int)r->to);
}

static sk_status batch_norm(raise *r, sk_node *node) {
    char text[SK_NODE_TEXT];
    drop_attr(node, "is_test");
    drop_attr(node, "consumed_inputs");
    const int spatial = sk_attr_int(node, "spatial", 1) != 0;
    drop_attr(node, "spatial");
    while (node->n_outputs > 1 && !node->outputs[node->n_outputs - 1]) node->n_outputs--;
    if (spatial && node->n_outputs == 1) return SK_OK;
    return sk_fail(r->err, SK_UNSUPPORTED, "%s is of an older form", sk_node_text(node, text));
}

/* Dropout at inference. */
static sk_status identity(raise *r, sk_node *node) {
    char text[SK_NODE_TEXT];
    if (node->n_outputs > 1 && node->outputs[1])
        return sk_fail(r->err, SK_UNSUPPORTED, "%s gives a mask", sk_node_text(node, text));
    node->op_type = "Identity";
    node->op = sk_op_find("", "Identity", r->to);
    node->n_attrs = 0;
    node->n_inputs = node->n_outputs = 1;
    return SK_OK;
}

static sk_status set_string(raise *r, sk_node *node, const char *name, const char *text) {
    SK_TRY(set_int(r, node, name, 0));
    sk_attr *attr = &node->attrs[node->n_attrs - 1];
    attr->kind = SK_ATTR_STRING;
    attr->s = (sk_string){text, (uint32_t)strlen(text)};
    return SK_OK;
}

/* Upsample, and Resize before it had regions of interest. */
static sk_status resize(raise *r, sk_node *node) {
    uint32_t count = 0;
    sk_value *scales = node->n_inputs > 1 ? node->inputs[1] : NULL;
    const sk_attr *list = sk_node_attr(node, "scales");
    if (list && list->kind == SK_ATTR_FLOATS) count = list->count;
    const sk_tensor t = {.data = count ? (void *)(uintptr_t)list->floats : NULL,
                         .type = SK_FLOAT32,
                         .rank = 1,
                         .dims = {(int32_t)count}};
    SK_TRY(set_input(r, node, 2, &t));
    if (scales) node->inputs[2] = scales;
    node->inputs[1] = NULL;
    drop_attr(node, "scales");
    node->op_type = "Resize";
    node->op = sk_op_find("", "Resize", r->to);
    SK_TRY(set_string(r, node, "coordinate_transformation_mode", "asymmetric"));
    return sk_attr_is(node, "mode", "nearest", "nearest") ? set_string(r, node, "nearest_mode", "floor")
                                                          : SK_OK;
}

static sk_status concat(raise *r, sk_node *node) {
    return sk_node_attr(node, "axis") ? SK_OK : set_int(r, node, "axis", 1);
}

static sk_status nothing(raise *r, sk_node *node) {
    (void)r, (void)node;
    return SK_OK;
}

static const struct {
    const char *op;
    uint8_t before; /* nodes of an earlier opset than this are rewritten when they go to this or beyond */
    rewrite *how;
} changes[] = {
    {"Clip", 11, clip},         {"ReduceSum", 13, axes},       {"ReduceMean", 18, axes},
    {"ReduceMax", 18, axes},    {"ReduceMin", 18, axes},       {"ReduceProd", 18, axes},
    {"ReduceL1", 18, axes},     {"ReduceL2", 18, axes},        {"ReduceSumSquare", 18, axes},
    {"ReduceLogSum", 18, axes}, {"ReduceLogSumExp", 18, axes}, {"Split", 13, split},
    {"Split", 18, split},       {"Softmax", 13, softmax},      {"LogSoftmax", 13, softmax},
    {"Hardmax", 13, softmax},   {"Dropout", 12, identity},     {"BatchNormalization", 14, batch_norm},
    {"Upsample", 10, resize},   {"Resize", 11, resize},        {"Concat", 4, concat},
    {"TopK", 11, nothing},      {"Shape", 15, nothing},        {"Pad", 18, nothing},
};

/* ---- all together ---- */

static sk_status raise_node(raise *r, sk_node *node) {
    char text[SK_NODE_TEXT];
    const sk_op *wanted = sk_op_find("", node->op_type, r->to);
    for (size_t i = 0; wanted != node->op && i < sizeof changes / sizeof *changes; i++) {
        if (strcmp(changes[i].op, node->op_type) != 0 || node->opset >= changes[i].before ||
            r->to < changes[i].before)
            continue;
        SK_TRY(changes[i].how(r, node));
        node->op = wanted = sk_op_find("", node->op_type, r->to);
    }
    if (!wanted || wanted != node->op)
        return sk_fail(r->err, SK_UNSUPPORTED, "%s of opset %d has no form in opset %d",
                       sk_node_text(node, text), (int)node->opset, (int)r->to);
    node->opset = r->to;
    return SK_OK;
}

static sk_status raise_graph(raise *r, sk_graph *graph) {
    for (int i = 0; i < graph->n_nodes; i++) {
        sk_node *node = graph->nodes[i];
        r->graph = graph;
        if (!node->domain[0]) SK_TRY(raise_node(r, node));
        for (int j = 0; j < node->n_bodies; j++) SK_TRY(raise_graph(r, node->bodies[j]));
    }
    return SK_OK;
}

/* The opset since which a node's operator means what it does here: no earlier one will do. */
static void find_least(const sk_graph *graph, int32_t *least) {
    for (int i = 0; i < graph->n_nodes; i++) {
        const sk_node *node = graph->nodes[i];
        if (!node->domain[0] && node->op && node->op->since > *least && node->op->since <= node->opset)
            *least = node->op->since;
        for (int j = 0; j < node->n_bodies; j++) find_least(node->bodies[j], least);
    }
}

sk_status sk_raise_opset(sk_ir *ir, int32_t least, sk_error *err) {
    int32_t own = -1;
    for (int i = 0; i < ir->n_opsets; i++)
        if (!ir->opsets[i].domain[0]) own = i;
    if (own >= 0 && ir->opsets[own].version > least) least = ir->opsets[own].version;
    find_least(ir->main, &least);
    if (!least) return SK_OK; /* it has none */
    if (own < 0) {
        sk_opset *grown = sk_arena_calloc(&ir->arena, (size_t)ir->n_opsets + 1, sizeof *grown);
        if (!grown) return sk_oom(err, sizeof *grown);
        if (ir->n_opsets) memcpy(grown, ir->opsets, (size_t)ir->n_opsets * sizeof *grown);
        own = ir->n_opsets++;
        ir->opsets = grown;
        ir->opsets[own].domain = "";
    }
    ir->opsets[own].version = least;
    raise r = {.ir = ir, .to = least, .err = err};
    return raise_graph(&r, ir->main);
}
