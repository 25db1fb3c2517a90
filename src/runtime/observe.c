/* Watching values during predictions: see observe.h. */
#include "runtime/observe.h"

#include <math.h>

void sk_observer_free(sk_model *model) {
    sk_observer *o = model->observer;
    for (int32_t i = 0; o && o->watch && i < o->n; i++) sk_free(&model->heap, o->watch[i].bins);
    if (o) sk_free(&model->heap, o->watch);
    sk_free(&model->heap, o);
    model->observer = NULL;
}

static sk_status new_observer(sk_model *model) {
    sk_observer_free(model);
    const int32_t n = model->ir.main->n_values;
    sk_observer *o = sk_calloc(&model->heap, 1, sizeof *o);
    if (!o) return sk_oom(&model->error, sizeof *o);
    model->observer = o;
    o->n = n;
    o->watch = sk_calloc(&model->heap, (size_t)n + 1, sizeof *o->watch);
    if (!o->watch) return sk_oom(&model->error, (size_t)n * sizeof *o->watch);
    for (int32_t i = 0; i < n; i++) o->watch[i] = (sk_watch){.lo = INFINITY, .hi = -INFINITY};
    return SK_OK;
}

sk_status sk_observer_start(sk_model *model, sk_observation stage) {
    if (stage == SK_OBSERVE_RANGES) SK_TRY(new_observer(model));
    sk_observer *o = model->observer;
    if (!o || !o->watch)
        return sk_fail(&model->error, SK_STATE, "histograms are made within ranges: these come first");
    for (int32_t i = 0; stage == SK_OBSERVE_HISTOGRAMS && i < o->n; i++) {
        if (o->watch[i].bins || !(o->watch[i].lo < o->watch[i].hi)) continue;
        o->watch[i].bins = sk_calloc(&model->heap, SK_BINS, sizeof(uint64_t));
        if (!o->watch[i].bins) return sk_oom(&model->error, SK_BINS * sizeof(uint64_t));
    }
    o->stage = stage;
    o->runs = 0;
    return SK_OK;
}

static void see_range(sk_watch *w, const float *x, size_t n) {
    float lo = w->lo, hi = w->hi;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            w->broken = 1;
            continue;
        }
        if (x[i] < lo) lo = x[i];
        if (x[i] > hi) hi = x[i];
    }
    w->lo = lo;
    w->hi = hi;
}

/* Zeros are left out: any range has them as one of its steps. */
static void see_histogram(sk_watch *w, const float *x, size_t n) {
    const double scale = SK_BINS / ((double)w->hi - w->lo);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i]) || x[i] == 0) continue;
        int bin =
            (int)((x[i] - (double)w->lo) * scale); /* what was not there the first time counts as the edge */
        if (bin < 0) bin = 0;
        if (bin >= SK_BINS) bin = SK_BINS - 1;
        w->bins[bin]++;
    }
}

static void see(const sk_model *model, const sk_value *value, const sk_tensor *t) {
    if (!value || !t || value->graph != model->ir.main || t->kind || t->type != SK_FLOAT32 || !t->data)
        return;
    sk_watch *w = &model->observer->watch[value->index];
    if (model->observer->stage == SK_OBSERVE_RANGES) see_range(w, t->data, sk_numel(t));
    else if (w->bins) see_histogram(w, t->data, sk_numel(t));
}

sk_status sk_observe_inputs(sk_model *model) {
    const sk_graph *graph = model->ir.main;
    model->observer->runs++;
    for (int i = 0; i < graph->n_inputs; i++) {
        const sk_value *value = graph->inputs[i];
        see(model, value, &model->inputs[i].t);
        if (model->observer->watch[value->index].broken)
            return sk_fail(&model->error, SK_VALUE,
                           "input '%s' of the calibration data has a NaN or an infinity in it", value->name);
    }
    return SK_OK;
}

sk_status sk_observe_step(sk_model *model, const sk_step *step) {
    for (int i = 0; i < step->node->n_outputs; i++) see(model, step->node->outputs[i], step->out[i]);
    return SK_OK;
}
