/* A model and its plan looked into, in the tools build: JSON for programs, a listing for people. */
#include <string.h>

#include "graph/dump.h"
#include "runtime/model.h"

typedef struct totals {
    int nodes, constants;
    double elements, bytes;
} totals;

static void count_graph(const sk_graph *graph, totals *t, uint8_t *seen, int *per_op) {
    for (int i = 0; i < graph->n_nodes; i++) {
        const sk_node *node = graph->nodes[i];
        t->nodes++;
        per_op[node->op - sk_ops]++;
        for (int j = 0; j < node->n_inputs; j++) {
            const sk_const *c = node->inputs[j] ? node->inputs[j]->constant : NULL;
            if (!c || seen[c->id]) continue;
            seen[c->id] = 1;
            t->constants++;
            t->elements += (double)sk_numel(&c->type);
            t->bytes += (double)sk_nbytes(&c->type);
        }
        for (int j = 0; j < node->n_bodies; j++) count_graph(node->bodies[j], t, seen, per_op);
    }
}

static const char *op_name(int row) {
    const char *name = sk_op_names;
    while (row--) name += strlen(name) + 1;
    return name;
}

static void describe_model(sk_model *model, sk_text *text) {
    totals t = {0};
    uint8_t *seen = sk_calloc(&model->heap, (size_t)model->ir.n_consts + 1, 1);
    int *per_op = sk_calloc(&model->heap, (size_t)sk_op_count, sizeof *per_op);
    text->failed = !seen || !per_op;
    if (!text->failed) {
        count_graph(model->ir.main, &t, seen, per_op);
        sk_text_add(text, "{\"irVersion\":%lld,\"producer\":", (long long)model->ir.ir_version);
        sk_text_json(text, model->ir.producer);
        sk_text_add(text, ",\"opsets\":{");
        for (int i = 0; i < model->ir.n_opsets; i++) {
            const char *domain = model->ir.opsets[i].domain;
            sk_text_raw(text, ",", i ? 1 : 0);
            sk_text_json(text, *domain ? domain : "ai.onnx");
            sk_text_add(text, ":%d", (int)model->ir.opsets[i].version);
        }
        sk_text_add(text,
                    "},\"nodes\":%d,\"constants\":%d,\"parameters\":%llu,\"parameterBytes\":%llu,\"ops\":{",
                    t.nodes, t.constants, (unsigned long long)t.elements, (unsigned long long)t.bytes);
        int first = 1;
        for (int i = 0; i < sk_op_count; i++) {
            if (!per_op[i]) continue;
            int n = 0;
            for (int j = 0; j < sk_op_count; j++) /* rows of one name are one operator here */
                if (!strcmp(op_name(j), op_name(i))) n += per_op[j], per_op[j] = 0;
            sk_text_raw(text, ",", first ? 0 : 1);
            first = 0;
            sk_text_json(text, op_name(i));
            sk_text_add(text, ":%d", n);
        }
        sk_text_add(text, "}}");
    }
    sk_free(&model->heap, seen);
    sk_free(&model->heap, per_op);
}

static void add_tensor(sk_text *text, const sk_value *value, const sk_slot *slot) {
    static const char *const places[] = {"none", "known", "constant", "input", "arena", "loose"};
    sk_text_add(text, "{\"name\":");
    sk_text_json(text, value->name);
    sk_text_add(text, ",\"type\":\"%s\",\"dims\":[", sk_type_name(slot->t.type));
    for (int i = 0; i < slot->t.rank; i++) sk_text_add(text, "%s%d", i ? "," : "", (int)slot->t.dims[i]);
    sk_text_add(text, "],\"layout\":\"%s\",\"place\":\"%s\"", slot->t.layout ? "channels-last" : "plain",
                places[slot->root->place]);
    if (slot->root->place == SK_PLACED)
        sk_text_add(text, ",\"offset\":%zu,\"bytes\":%zu,\"from\":%d,\"to\":%d", slot->root->offset,
                    sk_nbytes(&slot->root->t), (int)slot->root->first,
                    (int)(slot->root->last == INT32_MAX ? slot->plan->n_steps - 1 : slot->root->last));
    sk_text_add(text, "}");
}

static void describe_plan(const sk_model *model, sk_text *text) {
    const sk_plan *plan = model->current;
    sk_text_add(text, "{\"segments\":%d,\"arena\":%zu,\"macs\":%llu,\"steps\":[", (int)plan->n_segments,
                plan->memory, (unsigned long long)plan->macs);
    for (int i = 0; i < plan->n_steps; i++) {
        const sk_step *step = &plan->steps[i];
        sk_text_add(text, "%s{\"op\":", i ? "," : "");
        sk_text_json(text, step->node->op_type);
        sk_text_add(text, ",\"name\":");
        sk_text_json(text, step->node->name);
        sk_text_add(text, ",\"scratch\":%zu,\"outputs\":[", step->scratch);
        for (int j = 0, first = 1; j < step->node->n_outputs; j++) {
            if (!step->out_slots[j]) continue;
            sk_text_raw(text, ",", first ? 0 : 1);
            first = 0;
            add_tensor(text, step->node->outputs[j], step->out_slots[j]);
        }
        sk_text_add(text, "]}");
    }
    sk_text_add(text, "]}");
}

static void describe_check(const sk_model *model, sk_text *text) {
    sk_text_add(text, "[");
    for (int i = 0; i < model->n_differences; i++) {
        const sk_difference *d = &model->differences[i];
        sk_text_add(text, "%s{\"node\":", i ? "," : "");
        sk_text_json(text, d->node->name);
        sk_text_add(text, ",\"op\":");
        sk_text_json(text, d->node->op_type);
        sk_text_add(text, ",\"output\":");
        sk_text_json(text, d->node->outputs[d->output]->name);
        /* JSON has no infinity */
        const double diff = d->max_diff > 1e300 ? 1e300 : d->max_diff;
        sk_text_add(text, ",\"maxAbs\":");
        sk_text_number(text, d->max_abs);
        sk_text_add(text, ",\"maxDiff\":");
        sk_text_number(text, diff);
        sk_text_add(text, "}");
    }
    sk_text_add(text, "]");
}

sk_status sk_inspect(sk_model *model, sk_describe what, sk_text *text) {
    switch (what) {
    case SK_DESCRIBE_MODEL: describe_model(model, text); break;
    case SK_DESCRIBE_GRAPH: sk_graph_dump(&model->ir, text); break;
    case SK_DESCRIBE_CHECK: describe_check(model, text); break;
    case SK_DESCRIBE_PLAN:
        if (!model->current)
            return sk_fail(&model->error, SK_STATE, "there is no plan before a first warm-up or prediction");
        describe_plan(model, text);
        break;
    default: return sk_fail(&model->error, SK_VALUE, "nothing of that kind to describe");
    }
    return SK_OK;
}
