/* Static inference: every value's type and shape as far as they follow from the declarations. */
#include <string.h>

#include "passes/passes.h"

/* What is known of a value, with its bytes when they are resident. */
static sk_tensor known(const sk_value *value) {
    sk_tensor t = value->type;
    if (value->constant && !value->constant->scale) t.data = value->constant->type.data;
    t.layout = SK_PLAIN;
    return t;
}

/* Fills in what `declared` leaves open; what contradicts it is kept as declared and found at bind. */
static void merge(sk_tensor *declared, const sk_tensor *found) {
    if (!declared->type) {
        declared->type = found->type;
        declared->kind = found->kind;
    }
    if (found->rank < 0 || declared->kind != found->kind) return;
    if (declared->rank < 0) {
        declared->rank = found->rank;
        memcpy(declared->dims, found->dims, sizeof found->dims);
    }
    for (int i = 0; declared->rank == found->rank && i < found->rank; i++)
        if (declared->dims[i] < 0) declared->dims[i] = found->dims[i];
}

static sk_status infer_graph(sk_ir *ir, sk_graph *graph, sk_error *err) {
    for (int i = 0; i < graph->n_nodes; i++) SK_TRY(sk_infer_static(ir, graph->nodes[i], err));
    return SK_OK;
}

static sk_status infer_node(sk_node *node, sk_arena *scratch, sk_error *err) {
    const size_t n_in = (size_t)node->n_inputs, n_out = (size_t)node->n_outputs;
    sk_tensor *tensors = sk_arena_calloc(scratch, n_in + n_out + 1, sizeof *tensors);
    const sk_tensor **in = sk_arena_calloc(scratch, n_in + 1, sizeof *in);
    sk_tensor **out = sk_arena_calloc(scratch, n_out + 1, sizeof *out);
    if (!tensors || !in || !out) return sk_oom(err, (n_in + n_out) * sizeof *tensors);
    for (size_t i = 0; i < n_in; i++) {
        if (!node->inputs[i]) continue;
        tensors[i] = known(node->inputs[i]);
        in[i] = &tensors[i];
    }
    for (size_t i = 0; i < n_out; i++) {
        tensors[n_in + i] = sk_unknown_tensor();
        if (node->outputs[i]) out[i] = &tensors[n_in + i];
    }
    SK_TRY(sk_infer_node(node, in, out, err));
    for (size_t i = 0; i < n_out; i++)
        if (node->outputs[i]) merge(&node->outputs[i]->type, &tensors[n_in + i]);
    return SK_OK;
}

sk_status sk_infer_static(sk_ir *ir, sk_node *node, sk_error *err) {
    for (int i = 0; i < node->n_bodies; i++) SK_TRY(infer_graph(ir, node->bodies[i], err));
    sk_arena scratch;
    sk_arena_init(&scratch, ir->arena.heap);
    const sk_status status = infer_node(node, &scratch, err);
    sk_arena_clear(&scratch);
    return status;
}

sk_status sk_pass_infer(sk_ir *ir, sk_error *err) { return infer_graph(ir, ir->main, err); }
