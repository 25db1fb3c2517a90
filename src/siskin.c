/* The public interface of siskin.h: the life of a model from bytes to outputs. */
#include "siskin.h"

#include <stdlib.h>
#include <string.h>

#include "formats/onnx.h"
#include "passes/passes.h"
#include "runtime/observe.h"

#define SK_MAX_FILES 256
#define KEYED_ELEMENTS 64 /* inputs whose value shapes others are part of a plan's key up to this size */

/* ---- making and loading ---- */

sk_model *sk_model_new(const sk_host *host, uint64_t size, const sk_options *options) {
    sk_model *model = calloc(1, sizeof *model);
    if (!model) return NULL;
    sk_heap_init(&model->heap);
    model->host = *host;
    if (options) model->options = *options;
    model->heap.limit = model->options.memory_limit;
    if (model->options.tuned > 0 && model->options.tuned <= SK_MAX_TILES)
        model->tuning = (sk_tuning){.tile = (uint8_t)(model->options.tuned - 1), .done = 1};
    if (model->options.fail_after > 0) model->heap.fail_after = model->options.fail_after - 1;
    sk_arena_init(&model->ir.arena, &model->heap);
    sk_arena_init(&model->kept, &model->heap);
    sk_text_init(&model->text, &model->heap);
    model->ir.source = (sk_source){host->read, host->user};
    model->files = sk_calloc(&model->heap, 1, sizeof *model->files);
    if (!model->files) {
        sk_model_free(model);
        return NULL;
    }
    model->files[0] = (sk_file){"", size};
    model->ir.files = model->files;
    model->ir.n_files = 1;
    model->ir.portable = model->options.portable;
    return model;
}

int sk_add_file(sk_model *model, const char *path, uint64_t size) {
    const int n = model->ir.n_files;
    if (n >= SK_MAX_FILES || model->load_phase) return -1;
    const char *copy = sk_arena_text(&model->ir.arena, path, strlen(path));
    sk_file *grown = copy ? sk_realloc(&model->heap, model->files, (size_t)(n + 1) * sizeof *grown) : NULL;
    if (!grown) return -1;
    grown[n] = (sk_file){copy, size};
    model->files = grown;
    model->ir.files = grown;
    return model->ir.n_files++;
}

void sk_model_free(sk_model *model) {
    if (!model) return;
    sk_heap *heap = &model->heap;
    sk_unwind(model);
    for (int i = 0; i < SK_PLANS; i++) sk_plan_free(model->plans[i]);
    for (int i = 0; i <= SK_MAX_DEPTH; i++) sk_free(heap, model->memory[i]);
    for (int i = 0; model->inputs && i < model->ir.main->n_inputs; i++) {
        sk_free(heap, model->inputs[i].t.data);
        sk_arena_clear(&model->inputs[i].items);
    }
    for (int i = 0; model->uses && i < model->ir.n_graphs; i++) sk_free(heap, model->uses[i]);
    sk_packed_free(model);
    sk_settle_free(model);
    if (SK_TOOLS) sk_observer_free(model);
    sk_free(heap, model->inputs);
    sk_free(heap, model->uses);
    sk_free(heap, model->graphs);
    sk_free(heap, model->differences);
    sk_free(heap, model->files);
    sk_text_free(&model->text);
    sk_arena_clear(&model->kept);
    sk_arena_clear(&model->ir.arena);
    free(model);
}

const sk_error *sk_model_error(const sk_model *model) { return &model->error; }

static void list_graphs(sk_model *model, sk_graph *graph) {
    model->graphs[graph->id] = graph;
    for (int i = 0; i < graph->n_nodes; i++)
        for (int j = 0; j < graph->nodes[i]->n_bodies; j++) list_graphs(model, graph->nodes[i]->bodies[j]);
}

/* Marks values whose contents decide a shape or a branch, from users back to makers. */
static void mark_values(sk_graph *graph, uint8_t **needed) {
    for (int i = graph->n_nodes - 1; i >= 0; i--) {
        const sk_node *node = graph->nodes[i];
        int wanted = 0;
        for (int j = 0; j < node->n_outputs; j++)
            wanted |= node->outputs[j] && needed[node->outputs[j]->graph->id][node->outputs[j]->index];
        for (int j = 0; j < node->n_bodies; j++) mark_values(node->bodies[j], needed);
        if (node->op->flags & SK_OP_SHAPE_ONLY) wanted = 0;
        for (int j = 0; j < node->n_inputs; j++) {
            const sk_value *in = node->inputs[j];
            if (in && (wanted || (j < 8 && ((node->op->values >> j) & 1))))
                needed[in->graph->id][in->index] = 1;
        }
    }
}

static int worth_keying(const sk_tensor *t) {
    if (t->kind || t->type == SK_STRING) return 0; /* their bytes are addresses */
    if (t->rank < 0 || t->rank > 1) return 0;
    if (t->rank == 1 && t->dims[0] > KEYED_ELEMENTS) return 0;
    return t->type == SK_INT64 || t->type == SK_INT32 || t->type == SK_BOOL || t->rank == 0 ||
           t->dims[0] >= 0;
}

static sk_status key_inputs(sk_model *model, uint8_t **needed) {
    const size_t n = (size_t)model->ir.n_graphs;
    for (size_t i = 0; i < n; i++) {
        if (!model->graphs[i]) continue;
        needed[i] = sk_calloc(&model->heap, (size_t)model->graphs[i]->n_values + 1, 1);
        if (!needed[i]) return sk_oom(&model->error, 64);
    }
    mark_values(model->ir.main, needed);
    for (int i = 0; i < model->ir.main->n_inputs; i++) {
        const sk_value *in = model->ir.main->inputs[i];
        model->inputs[i].keyed = needed[0][in->index] && worth_keying(&in->type);
    }
    return SK_OK;
}

static sk_status find_keyed(sk_model *model) {
    const size_t n = (size_t)model->ir.n_graphs;
    uint8_t **needed = sk_calloc(&model->heap, n, sizeof *needed);
    if (!needed) return sk_oom(&model->error, n * sizeof *needed);
    const sk_status status = key_inputs(model, needed);
    for (size_t i = 0; i < n; i++) sk_free(&model->heap, needed[i]);
    sk_free(&model->heap, needed);
    return status;
}

/* After the passes: what plans will be made from. */
static sk_status finish_load(sk_model *model) {
    sk_heap *heap = &model->heap;
    const size_t n = (size_t)model->ir.n_graphs;
    model->graphs = sk_calloc(heap, n, sizeof *model->graphs);
    model->uses = sk_calloc(heap, n, sizeof *model->uses);
    model->packed = sk_calloc(heap, (size_t)model->ir.n_consts + 1, sizeof *model->packed);
    model->inputs = sk_calloc(heap, (size_t)model->ir.main->n_inputs + 1, sizeof *model->inputs);
    if (!model->graphs || !model->uses || !model->packed || !model->inputs)
        return sk_oom(&model->error, n * 64);
    for (int i = 0; i < model->ir.main->n_inputs; i++) sk_arena_init(&model->inputs[i].items, heap);
    list_graphs(model, model->ir.main);
    for (size_t i = 0; i < n; i++) {
        if (!model->graphs[i]) continue;
        model->uses[i] = sk_calloc(heap, (size_t)model->graphs[i]->n_values + 1, sizeof **model->uses);
        if (!model->uses[i]) return sk_oom(&model->error, 64);
        sk_count_uses(model->graphs[i], model->uses[i]);
    }
    SK_TRY(find_keyed(model));
    return sk_settle_start(model);
}

enum { PHASE_READ, PHASE_VALIDATE, PHASE_PASSES };

static sk_status load_phase(sk_model *model) {
    const int pass = model->load_phase - PHASE_PASSES;
    if (model->load_phase == PHASE_READ) return sk_onnx_read(&model->ir, &model->heap, &model->error);
    if (model->load_phase == PHASE_VALIDATE) return sk_validate(&model->ir, &model->error);
    if (pass == sk_pass_count) return finish_load(model);
    if (model->options.no_fusion && sk_passes[pass].optional) return SK_OK;
    if (SK_TOOLS && model->options.portable && sk_passes[pass].optional > 1) return SK_OK;
    return sk_passes[pass].run(&model->ir, &model->error);
}

static int loaded(const sk_model *model) { return model->load_phase > PHASE_PASSES + sk_pass_count; }

sk_status sk_model_load(sk_model *model, double budget) {
    if (model->error.status != SK_OK) return SK_STATE;
    for (double spent = 0; !loaded(model);) {
        if (budget > 0 && spent >= budget) return SK_MORE;
        const double start = sk_now(model);
        SK_TRY(load_phase(model));
        model->load_phase++;
        const double ms = sk_now(model) - start;
        spent += ms;
        model->load_ms += ms;
    }
    return SK_OK;
}

sk_status sk_begin(sk_model *model) {
    model->error = (sk_error){.status = SK_OK};
    return loaded(model) ? SK_OK : sk_fail(&model->error, SK_STATE, "the model is not loaded");
}

/* ---- plans ---- */

static int is_keyed(const sk_input *input) { return input->keyed && sk_numel(&input->t) <= KEYED_ELEMENTS; }

static int key_matches(const sk_model *model, const sk_plan *plan) {
    if (plan->tile != model->tuning.tile) return 0;
    for (int i = 0; i < model->ir.main->n_inputs; i++) {
        const sk_tensor *a = &plan->key[i], *b = &model->inputs[i].t;
        if (a->type != b->type || !sk_same_shape(a, b)) return 0;
        if (a->data && memcmp(a->data, b->data, sk_nbytes(a)) != 0) return 0;
    }
    return 1;
}

static sk_status make_key(sk_model *model, sk_plan *plan) {
    const int n = model->ir.main->n_inputs;
    size_t bytes = (size_t)(n + 1) * sizeof *plan->key;
    for (int i = 0; i < n; i++)
        if (is_keyed(&model->inputs[i])) bytes += sk_nbytes(&model->inputs[i].t);
    plan->key = sk_alloc(&model->heap, bytes);
    if (!plan->key) return sk_oom(&model->error, bytes);
    char *copy = (char *)(plan->key + n + 1);
    for (int i = 0; i < n; i++) {
        const sk_input *input = &model->inputs[i];
        plan->key[i] = input->t;
        plan->key[i].data = NULL;
        sk_slot *slot = sk_slot_of(plan, model->ir.main->inputs[i]);
        slot->t = input->t;
        slot->place = SK_GIVEN;
        if (!is_keyed(input)) continue;
        const size_t size = sk_nbytes(&input->t);
        memcpy(copy, input->t.data, size);
        plan->key[i].data = copy;
        copy += size;
        slot->keyed = 1;
    }
    return SK_OK;
}

static sk_status find_plan(sk_model *model, sk_plan **found) {
    int oldest = 0;
    for (int i = 0; i < SK_PLANS; i++) {
        sk_plan *plan = model->plans[i];
        if (plan && key_matches(model, plan)) {
            plan->used = ++model->clock;
            *found = plan;
            return SK_OK;
        }
        if (model->plans[oldest] && (!plan || plan->used < model->plans[oldest]->used)) oldest = i;
    }
    sk_plan *plan = sk_plan_new(model, model->ir.main, NULL, &model->error);
    if (!plan) return SK_OUT_OF_MEMORY;
    const sk_status status = make_key(model, plan);
    if (status != SK_OK) {
        sk_plan_free(plan);
        return status;
    }
    sk_plan_free(model->plans[oldest]);
    model->plans[oldest] = plan;
    plan->used = ++model->clock;
    *found = plan;
    return SK_OK;
}

static sk_status start(sk_model *model) {
    for (int i = 0; i < model->ir.main->n_inputs; i++) SK_TRY(sk_check_given(model, i));
    if (SK_TOOLS && model->rewritten)
        return sk_fail(&model->error, SK_STATE, "the model was rewritten: load what was written");
    if (SK_TOOLS && model->observer) SK_TRY(sk_observe_inputs(model));
    sk_arena_clear(&model->kept);
    sk_plan *plan;
    model->current = NULL;
    model->finished = 0;
    model->n_differences = 0;
    SK_TRY(find_plan(model, &plan));
    model->current = plan;
    model->frames[0] = (sk_frame){.plan = plan, .step = -1};
    model->n_frames = 1;
    return SK_OK;
}

static sk_status run(sk_model *model, double budget, int bind_only) {
    SK_TRY(sk_begin(model));
    const double begun = sk_now(model);
    sk_status status = model->n_frames ? SK_OK : start(model);
    if (status == SK_OK) status = sk_execute(model, budget > 0 ? begun + budget : -1, bind_only);
    model->run_ms += sk_now(model) - begun;
    if (status != SK_OK && status != SK_MORE) sk_unwind(model);
    if (status == SK_OK && !bind_only) sk_tune(model);
    return status;
}

sk_status sk_model_run(sk_model *model, double budget) { return run(model, budget, 0); }
sk_status sk_model_bind(sk_model *model, double budget) { return run(model, budget, 1); }

void sk_cancel(sk_model *model) { sk_unwind(model); }

void sk_model_profile(sk_model *model, int on) {
    model->profiling = (uint8_t)on;
    model->run_ms = 0;
}

/* ---- outputs ---- */

sk_status sk_output(sk_model *model, int output, sk_tensor *tensor) {
    SK_TRY(sk_begin(model));
    if (!model->finished || !model->current)
        return sk_fail(&model->error, SK_STATE, "no prediction has finished");
    if (output < 0 || output >= model->ir.main->n_outputs)
        return sk_fail(&model->error, SK_NAME, "no output %d", output);
    sk_slot *slot = sk_slot_of(model->current, model->ir.main->outputs[output]);
    SK_TRY(sk_slot_bytes(model->current, slot, &model->error));
    *tensor = slot->t;
    return SK_OK;
}

int sk_input_count(const sk_model *model) { return loaded(model) ? model->ir.main->n_inputs : 0; }
int sk_output_count(const sk_model *model) { return loaded(model) ? model->ir.main->n_outputs : 0; }
