/* When the model's bytes can go. A model whose inputs have fixed shapes has one plan, whose first segment is
 * bound once: each of its constants is read for the last time when the last node that uses it is bound. The
 * host, which keeps the file in memory, is told and lets go of it piece by piece while the weights are
 * packed. Otherwise a later plan may want another form of any constant, and the bytes stay. */
#include "runtime/model.h"

static int binds_once(const sk_model *model) {
    const sk_graph *graph = model->ir.main;
    for (int i = 0; i < graph->n_inputs; i++)
        if (!sk_shape_known(&graph->inputs[i]->type) || !graph->inputs[i]->type.type ||
            model->inputs[i].keyed)
            return 0;
    for (int i = 0; i < graph->n_nodes; i++)
        if (graph->nodes[i]->n_bodies) return 0; /* a branch not taken, a body with plans of its own */
    return 1;
}

static void want(const sk_model *model, const sk_const *c, int more) {
    const size_t bytes = c->type.data ? 0 : sk_nbytes(&c->type);
    if (bytes) model->host.want(model->host.user, c->file, c->offset, bytes, more);
}

/* One use more (or less) of what is constant among the values. */
static void use(sk_model *model, sk_value *const *values, int n, int more) {
    for (int i = 0; i < n; i++) {
        const sk_const *c = values[i] ? values[i]->constant : NULL;
        if (!c) continue;
        int32_t *uses = &model->constant_uses[c->id];
        if (more ? !(*uses)++ : !--*uses) want(model, c, more);
    }
}

sk_status sk_settle_start(sk_model *model) {
    const sk_graph *graph = model->ir.main;
    if (!model->host.want || model->options.portable || !binds_once(model)) return SK_OK; /* to be written */
    model->constant_uses = sk_calloc(&model->heap, (size_t)model->ir.n_consts + 1, sizeof(int32_t));
    model->node_bound = sk_calloc(&model->heap, (size_t)graph->n_nodes + 1, 1);
    if (!model->constant_uses || !model->node_bound) return sk_oom(&model->error, 64);
    use(model, graph->outputs, graph->n_outputs, 1); /* read at each sk_output, so never done with */
    for (int i = 0; i < graph->n_nodes; i++)
        use(model, graph->nodes[i]->inputs, graph->nodes[i]->n_inputs, 1);
    return SK_OK;
}

void sk_settle_node(const sk_plan *plan, int32_t index) {
    sk_model *model = plan->model;
    /* bound before: by a plan that was made anew; later segments are bound for data, again and again */
    if (!model->node_bound || model->node_bound[index] || plan->n_segments > 1) return;
    const sk_node *node = model->ir.main->nodes[index];
    model->node_bound[index] = 1;
    use(model, node->inputs, node->n_inputs, 0);
}

void sk_settle_free(sk_model *model) {
    sk_free(&model->heap, model->constant_uses);
    sk_free(&model->heap, model->node_bound);
}
