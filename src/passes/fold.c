/* Constant folding: a node that reads only constants is computed once, now, unless its result would be much
 * larger than what it is made of. Shapes known without inputs count as constants. Done twice: see below. */
#include "passes/passes.h"

#define SMALL_BYTES ((size_t)64 * 1024) /* results up to this size are always worth keeping */
#define GROWTH 4 /* larger ones may be this many times their inputs: int8 weights to float32 */
/* What is written to a file again keeps its size. */
#define SMALL_WRITTEN ((size_t)1024)
#define GROWTH_WRITTEN 2

static int worth_keeping(size_t in_bytes, size_t out_bytes, int written) {
    if (written) return out_bytes <= SMALL_WRITTEN || out_bytes / GROWTH_WRITTEN <= in_bytes;
    return out_bytes <= SMALL_BYTES || out_bytes / GROWTH <= in_bytes;
}

static int foldable(const sk_node *node, int flags, int written) {
    size_t in_bytes = 0, out_bytes = 0;
    if (node->op->flags & flags) return 0;
    for (int i = 0; i < node->n_inputs; i++) {
        const sk_value *in = node->inputs[i];
        if (!in) continue;
        if ((node->op->flags & SK_OP_SHAPE_ONLY) && sk_shape_known(&in->type) && !in->optional) continue;
        if (!in->constant || in->constant->variable) return 0;
        in_bytes += sk_nbytes(&in->constant->type);
    }
    for (int i = 0; i < node->n_outputs; i++) {
        const sk_value *out = node->outputs[i];
        if (!out) continue;
        if (!out->type.type || out->type.kind || !sk_shape_known(&out->type)) return 0;
        out_bytes += sk_nbytes(&out->type);
    }
    return worth_keeping(in_bytes, out_bytes, written);
}

/* Room for the results is in the model's arena: they stay. */
static sk_status compute(sk_ir *ir, sk_node *node, sk_arena *scratch, sk_error *err) {
    sk_ports ports;
    SK_TRY(sk_ports_of(node, scratch, &ports, err));
    for (int i = 0; i < node->n_inputs; i++) {
        const sk_value *value = node->inputs[i];
        sk_tensor *t = &ports.tensors[i];
        if (!value || !value->constant || t->data) continue;
        t->data = sk_arena_alloc(scratch, sk_nbytes(t));
        if (!t->data) return sk_oom(err, sk_nbytes(t));
        SK_TRY(sk_const_bytes(ir, value->constant, t->data, err));
    }
    SK_TRY(sk_infer_node(node, ports.in, ports.out, err));
    for (int i = 0; i < node->n_outputs; i++) {
        sk_tensor *out = ports.out[i];
        if (!out) continue;
        if (!sk_shape_known(out) || out->kind) return SK_MORE; /* only the data could tell */
        out->data = sk_arena_calloc(&ir->arena, 1, sk_nbytes(out));
        if (!out->data) return sk_oom(err, sk_nbytes(out));
    }
    SK_TRY(sk_evaluate(ir, node, ports.in, ports.out, &ir->arena, err));
    for (int i = 0; i < node->n_outputs; i++) {
        if (!ports.out[i]) continue;
        sk_const *constant = sk_const_new(ir);
        if (!constant) return sk_oom(err, sizeof *constant);
        constant->type = *ports.out[i];
        sk_value_hold(node->outputs[i], constant);
        node->outputs[i]->producer = NULL;
    }
    return SK_OK;
}

/* With new constants known, shapes further on may be too: infer again behind a folded node. */
static sk_status fold_nodes(sk_ir *ir, sk_graph *graph, int flags, sk_error *err) {
    uint8_t *keep = sk_alloc(ir->arena.heap, (size_t)graph->n_nodes + 1);
    if (!keep) return sk_oom(err, (size_t)graph->n_nodes);
    sk_status status = SK_OK;
    int folded = 0;
    for (int i = 0; i < graph->n_nodes && status == SK_OK; i++) {
        sk_node *node = graph->nodes[i];
        keep[i] = 1;
        if (folded) status = sk_infer_static(ir, node, err);
        if (status != SK_OK || !foldable(node, flags, SK_TOOLS && ir->portable)) continue;
        sk_arena scratch;
        sk_arena_init(&scratch, ir->arena.heap);
        sk_error why = {.status = SK_OK};
        const sk_status done = compute(ir, node, &scratch, &why);
        sk_arena_clear(&scratch);
        /* a node that cannot be computed is left to fail, or not, when it is really run */
        if (done == SK_OUT_OF_MEMORY) status = sk_fail(err, done, "%s", why.text);
        if (done == SK_OK) keep[i] = 0, folded = 1;
    }
    if (status == SK_OK) sk_keep_nodes(graph, keep);
    sk_free(ir->arena.heap, keep);
    return status;
}

/* First without what makes floats of quantized constants, for pass integers; then that too. */
static sk_status fold_most(sk_ir *ir, sk_graph *graph, sk_error *err) {
    return fold_nodes(ir, graph, SK_OP_CONTROL | SK_OP_RANDOM | SK_OP_STEPS, err);
}
static sk_status fold_all(sk_ir *ir, sk_graph *graph, sk_error *err) {
    return fold_nodes(ir, graph, SK_OP_CONTROL | SK_OP_RANDOM, err);
}

sk_status sk_pass_fold(sk_ir *ir, sk_error *err) { return sk_each_graph(ir, ir->main, fold_most, err); }
sk_status sk_pass_dequantize(sk_ir *ir, sk_error *err) { return sk_each_graph(ir, ir->main, fold_all, err); }
