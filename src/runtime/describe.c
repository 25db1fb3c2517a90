/* What a model takes and gives, and its memory, as JSON for the loader. */
#include "runtime/model.h"

static void add_dims(sk_text *text, const sk_value *value) {
    const sk_tensor *t = &value->type;
    if (t->rank < 0) {
        sk_text_add(text, "null");
        return;
    }
    sk_text_add(text, "[");
    for (int i = 0; i < t->rank; i++) {
        if (i) sk_text_add(text, ",");
        if (t->dims[i] >= 0) sk_text_add(text, "%d", (int)t->dims[i]);
        else if (value->symbols[i]) sk_text_json(text, value->symbols[i]);
        else sk_text_add(text, "null");
    }
    sk_text_add(text, "]");
}

static void add_ports(const sk_model *model, sk_text *text, sk_value **values, int n, int inputs) {
    sk_text_add(text, "[");
    for (int i = 0; i < n; i++) {
        sk_text_add(text, "%s{\"name\":", i ? "," : "");
        sk_text_json(text, values[i]->name);
        sk_text_add(text, ",\"type\":\"%s\",\"dims\":", sk_type_name(values[i]->type.type));
        add_dims(text, values[i]);
        if (values[i]->type.kind)
            sk_text_add(text, ",\"kind\":\"%s\"", values[i]->type.kind == SK_MAP ? "map" : "sequence");
        if (values[i]->keys) sk_text_add(text, ",\"keys\":\"%s\"", sk_type_name(values[i]->keys));
        if (values[i]->optional) sk_text_add(text, ",\"optional\":true");
        if (inputs && model->inputs[i].keyed) sk_text_add(text, ",\"shapes\":true");
        sk_text_add(text, "}");
    }
    sk_text_add(text, "]");
}

static void describe_io(const sk_model *model, sk_text *text) {
    const sk_graph *main = model->ir.main;
    sk_text_add(text, "{\"inputs\":");
    add_ports(model, text, main->inputs, main->n_inputs, 1);
    sk_text_add(text, ",\"outputs\":");
    add_ports(model, text, main->outputs, main->n_outputs, 0);
    sk_text_add(text, "}");
}

static void describe_memory(const sk_model *model, sk_text *text) {
    size_t working = 0;
    int plans = 0;
    for (int i = 0; i <= SK_MAX_DEPTH; i++) working += model->memory_size[i];
    for (int i = 0; i < SK_PLANS; i++) plans += model->plans[i] != NULL;
    sk_text_add(text, "{\"inUse\":%zu,\"peak\":%zu,\"weights\":%zu,\"arena\":%zu,\"plans\":%d}",
                model->heap.in_use, model->heap.peak, model->packed_bytes, working, plans);
}

const char *sk_describe_text(sk_model *model, sk_describe what) {
    if (!model->inputs) {
        sk_fail(&model->error, SK_STATE, "the model is not loaded");
        return NULL;
    }
    sk_text *text = &model->text;
    sk_text_clear(text);
    if (what == SK_DESCRIBE_IO) {
        describe_io(model, text);
    } else if (what == SK_DESCRIBE_MEMORY) {
        describe_memory(model, text);
    } else if (what == SK_DESCRIBE_PROFILE) {
        sk_describe_profile(model, text);
    } else if (!SK_TOOLS) {
        sk_fail(&model->error, SK_UNSUPPORTED, "only the tools build of the engine describes this");
        return NULL;
    } else if (sk_inspect(model, what, text) != SK_OK) {
        return NULL;
    }
    if (text->failed || !text->chars) {
        sk_oom(&model->error, text->length);
        return NULL;
    }
    return text->chars;
}
