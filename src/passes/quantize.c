/* What the forms of quantization have in common: see quantize.h. */
#include <string.h>

#include "passes/opset.h"
#include "passes/quantizer.h"

/* ---- what is refused ---- */

static int is_quantized(const sk_node *node) {
    static const char *const ops[] = {"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear",
                                      "MatMulInteger",  "ConvInteger",      "MatMulNBits",
                                      "QGemm",          "QAttention",       "GatherBlockQuantized"};
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (!strcmp(node->op_type, ops[i])) return 1;
    return !strncmp(node->op_type, "QLinear", 7) || strstr(node->op_type, "MatMulInteger") ||
           !strcmp(node->op_type, "DynamicQuantizeMatMul");
}

static sk_status refuse_quantized(const sk_graph *graph, sk_error *err) {
    char text[SK_NODE_TEXT];
    for (int i = 0; i < graph->n_nodes; i++) {
        const sk_node *node = graph->nodes[i];
        if (is_quantized(node))
            return sk_fail(err, SK_VALUE, "the model is quantized already: it has a %s",
                           sk_node_text(node, text));
        for (int j = 0; j < node->n_bodies; j++) SK_TRY(refuse_quantized(node->bodies[j], err));
    }
    return SK_OK;
}

static int is_named(const sk_node *node, const char *name, size_t length) {
    if (strlen(node->name) == length && !memcmp(node->name, name, length)) return 1;
    for (int i = 0; i < node->n_outputs; i++) {
        const char *given = node->outputs[i] ? node->outputs[i]->name : "";
        if (strlen(given) == length && !memcmp(given, name, length)) return 1;
    }
    return 0;
}

int sk_is_excluded(const sk_quantizing *options, const sk_node *node) {
    for (const char *at = options->exclude, *end; at && (end = strchr(at, '\n')); at = end + 1)
        if (is_named(node, at, (size_t)(end - at))) return 1;
    return 0;
}

static int graph_has(const sk_graph *graph, const char *name, size_t length) {
    for (int i = 0; i < graph->n_nodes; i++) {
        const sk_node *node = graph->nodes[i];
        if (is_named(node, name, length)) return 1;
        for (int j = 0; j < node->n_bodies; j++)
            if (graph_has(node->bodies[j], name, length)) return 1;
    }
    return 0;
}

sk_status sk_quantize_check(const sk_ir *ir, const char *exclude, sk_error *err) {
    SK_TRY(refuse_quantized(ir->main, err));
    for (const char *at = exclude, *end; at && (end = strchr(at, '\n')); at = end + 1)
        if (!graph_has(ir->main, at, (size_t)(end - at)))
            return sk_fail(err, SK_NAME, "the model has no node '%.*s' to be excluded", (int)(end - at), at);
    return SK_OK;
}

/* ---- making nodes ---- */

sk_value *sk_suffixed(sk_quantizer *q, const char *name, const char *suffix) {
    const size_t room = strlen(name) + strlen(suffix) + 1;
    char *text = sk_alloc(q->heap, room);
    if (!text) return NULL;
    sk_format(text, room, "%s%s", name, suffix);
    sk_value *value = sk_value_new(q->graph, text);
    sk_free(q->heap, text);
    return value;
}

sk_node *sk_put_node(sk_quantizer *q, const char *op, sk_value *const *inputs, int n, sk_value *output) {
    sk_node *node = sk_node_new(q->graph, "", op, n, 1);
    if (!node || !output || sk_graph_append(q->graph, node) != SK_OK) return NULL;
    for (int i = 0; i < n; i++) node->inputs[i] = inputs[i];
    node->outputs[0] = output;
    node->opset = q->opset;
    node->op = sk_op_find("", op, q->opset);
    output->producer = node;
    return node;
}

sk_status sk_put_int(sk_quantizer *q, sk_node *node, const char *name, int64_t value) {
    if (!node) return sk_oom(q->err, sizeof *node);
    sk_attr *attrs = sk_arena_calloc(&q->ir->arena, (size_t)node->n_attrs + 1, sizeof *attrs);
    if (!attrs) return sk_oom(q->err, sizeof *attrs);
    if (node->n_attrs) memcpy(attrs, node->attrs, (size_t)node->n_attrs * sizeof *attrs);
    attrs[node->n_attrs++] = (sk_attr){.name = name, .kind = SK_ATTR_INT, .i = value};
    node->attrs = attrs;
    return SK_OK;
}

sk_value *sk_put_constant(sk_quantizer *q, const char *name, const char *suffix, int type, int32_t count,
                          const void *data) {
    sk_tensor t = {.data = (void *)(uintptr_t)data};
    sk_set_shape(&t, type, count >= 0, &count);
    sk_value *named = sk_suffixed(q, name, suffix);
    sk_const *constant = sk_const_new(q->ir);
    void *copy = sk_arena_alloc(&q->ir->arena, sk_nbytes(&t));
    if (!named || !constant || !copy) return NULL;
    memcpy(copy, data, sk_nbytes(&t));
    constant->type = t;
    constant->type.data = copy;
    sk_value_hold(named, constant);
    return named;
}

sk_value *sk_zero_point(sk_quantizer *q, int type, int32_t zero) {
    char name[32];
    const uint8_t byte = (uint8_t)zero;
    sk_format(name, sizeof name, "zero%d", (int)zero);
    for (int32_t i = q->n_values; i < q->graph->n_values; i++) {
        const sk_value *value = q->graph->values[i];
        if (!value->constant || value->constant->type.type != type || strcmp(value->name, name) != 0)
            continue;
        return q->graph->values[i];
    }
    return sk_put_constant(q, name, "", type, -1, &byte);
}

sk_status sk_place_node(sk_quantizer *q, sk_node *node) {
    return sk_graph_append(q->graph, node) == SK_OK ? SK_OK : sk_oom(q->err, sizeof(sk_node *));
}

sk_status sk_rewrite_nodes(sk_quantizer *q, sk_status (*place)(sk_quantizer *q, sk_node *node)) {
    const int32_t n = q->graph->n_nodes;
    sk_node **before = sk_alloc(q->heap, ((size_t)n + 1) * sizeof *before);
    if (!before) return sk_oom(q->err, (size_t)n * sizeof *before);
    if (n) memcpy(before, q->graph->nodes, (size_t)n * sizeof *before);
    q->graph->n_nodes = 0;
    sk_status status = place(q, NULL); /* what comes before all */
    for (int32_t i = 0; i < n && status == SK_OK; i++) status = place(q, before[i]);
    sk_free(q->heap, before);
    return status;
}

/* ---- all together ---- */

static void report(sk_quantizer *q) {
    sk_text_add(q->report, "{\"opset\":%d,\"values\":%d,\"products\":[", (int)q->opset, (int)q->n_quantized);
    for (int32_t i = 0; i < q->n_products; i++) {
        const sk_node *node = q->products[i];
        sk_text_add(q->report, "%s{\"op\":", i ? "," : "");
        sk_text_json(q->report, node->op_type);
        sk_text_add(q->report, ",\"node\":");
        sk_text_json(q->report, node->name[0] ? node->name : node->outputs[0]->name);
        sk_text_add(q->report, "}");
    }
    sk_text_add(q->report, "]}");
}

static sk_status quantize(sk_quantizer *q) {
    const int form = q->options->form;
    SK_TRY(form == SK_QUANTIZE_STATIC ? sk_quantize_choose(q) : sk_quantize_products(q));
    if (!q->n_products)
        return sk_fail(
            q->err, SK_VALUE,
            "nothing to quantize: the model has no Conv, Gemm or MatMul with constant float32 weights%s",
            form == SK_QUANTIZE_STATIC ? " whose input moves during calibration" : "");
    SK_TRY(sk_raise_opset(q->ir, q->options->weight_bits == 4 && !q->options->nbits ? 21 : 13, q->err));
    for (int i = 0; i < q->ir->n_opsets; i++)
        if (!q->ir->opsets[i].domain[0]) q->opset = q->ir->opsets[i].version;
    SK_TRY(form == SK_QUANTIZE_STATIC    ? sk_quantize_static(q)
           : form == SK_QUANTIZE_DYNAMIC ? sk_quantize_dynamic(q)
                                         : sk_quantize_packed(q));
    report(q);
    return sk_drop_dead(q->ir, q->graph, q->err);
}

sk_status sk_quantize(sk_ir *ir, const sk_ir *seen, const sk_quantizing *options, sk_range *ranges,
                      sk_text *report_text, sk_error *err) {
    sk_heap *heap = ir->arena.heap;
    sk_quantizer q = {.ir = ir,
                      .graph = ir->main,
                      .seen = seen->main,
                      .options = options,
                      .ranges = ranges,
                      .err = err,
                      .heap = heap,
                      .n_values = ir->main->n_values,
                      .report = report_text};
    const size_t values = (size_t)q.n_values + 1, nodes = (size_t)ir->main->n_nodes + 1;
    q.uses = sk_calloc(heap, values, sizeof *q.uses);
    q.by_name = sk_calloc(heap, values, sizeof(sk_value *));
    q.forms = sk_calloc(heap, values, sizeof *q.forms);
    q.products = sk_calloc(heap, nodes, sizeof(sk_node *));
    q.weights = sk_calloc(heap, nodes, sizeof *q.weights);
    sk_status status = SK_OK;
    if (!q.uses || !q.by_name || !q.forms || !q.products || !q.weights)
        status = sk_oom(err, (values + nodes) * 64);
    else status = quantize(&q);
    sk_free(heap, q.uses);
    sk_free(heap, q.by_name);
    sk_free(heap, q.forms);
    sk_free(heap, q.products);
    sk_free(heap, q.weights);
    return status;
}
