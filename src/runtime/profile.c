/* Where a prediction's time went, step by step, as JSON for the loader. Times are whole nanoseconds: run-time
 * builds print no fractions. */
#include "runtime/model.h"

static unsigned long long ns(double ms) { return (unsigned long long)(ms * 1e6); }

static void add_step(sk_text *text, const sk_step *step) {
    const sk_node *node = step->node;
    const sk_value *value = NULL;
    const sk_tensor *t = NULL;
    for (int i = 0; i < node->n_outputs && !t; i++) t = step->out[i], value = node->outputs[i];
    sk_text_add(text, "%s{\"op\":", text->chars[text->length - 1] == '[' ? "" : ",");
    sk_text_json(text, node->op_type);
    sk_text_add(text, ",\"node\":");
    sk_text_json(text, *node->name || !value ? node->name : value->name);
    sk_text_add(text, ",\"calls\":%u,\"ns\":%llu", step->calls, ns(step->ms));
    if (step->way) sk_text_add(text, ",\"way\":\"%s\"", step->way);
#if SK_TOOLS
    if (step->macs > 0) sk_text_add(text, ",\"macs\":%llu", (unsigned long long)step->macs);
#endif
    if (t) {
        sk_text_add(text, ",\"type\":\"%s\",\"dims\":[", sk_type_name(t->type));
        for (int i = 0; i < t->rank; i++) sk_text_add(text, "%s%d", i ? "," : "", (int)t->dims[i]);
        sk_text_add(text, "]");
    }
    sk_text_add(text, "}");
}

static void add_steps(sk_plan *plan, sk_text *text) {
    for (int i = 0; i < plan->n_steps && !text->failed; i++) {
        sk_step *step = &plan->steps[i];
        if (step->calls) add_step(text, step);
        step->ms = 0;
        step->calls = 0;
        if (step->child) add_steps(step->child, text);
    }
}

void sk_describe_profile(sk_model *model, sk_text *text) {
    sk_text_add(text, "{\"load\":%llu,\"bind\":%llu,\"pack\":%llu,\"run\":%llu,\"steps\":[",
                ns(model->load_ms), ns(model->bind_ms), ns(model->pack_ms), ns(model->run_ms));
    if (model->current) add_steps(model->current, text);
    sk_text_add(text, "]}");
    model->run_ms = 0;
}
