/* The life of a plan: its segments are opened one after the other, dropped from the end, and freed with it.
 */
#include <string.h>

#include "runtime/model.h"

sk_status sk_open_segment(sk_plan *plan, sk_error *err) {
    sk_heap *heap = &plan->model->heap;
    const size_t n = (size_t)plan->n_segments;
    sk_segment **grown = sk_realloc(heap, plan->segments, (n + 1) * sizeof(sk_segment *));
    if (!grown) return sk_oom(err, (n + 1) * sizeof(sk_segment *));
    plan->segments = grown;
    sk_segment *segment = sk_calloc(heap, 1, sizeof *segment);
    if (!segment) return sk_oom(err, sizeof *segment);
    sk_arena_init(&segment->arena, heap);
    segment->first_step = plan->n_steps;
    memcpy(segment->cursors, plan->cursors, sizeof plan->cursors);
    segment->n_cursors = plan->n_cursors;
    plan->segments[plan->n_segments++] = segment;
    if (!n) return SK_OK;
    /* it is bound for the sizes that the steps before it found out */
    for (int i = plan->segments[n - 1]->first_step; i < plan->n_steps; i++)
        for (int j = 0; j < plan->steps[i].node->n_outputs; j++) {
            sk_slot *slot = plan->steps[i].out_slots[j];
            if (slot && slot->root->place == SK_LOOSE) SK_TRY(sk_guard_add(plan, slot, 0, err));
        }
    return SK_OK;
}

static void free_child_plans(sk_plan *plan, int from) {
    for (int i = from; i < plan->n_steps; i++) {
        sk_plan_free(plan->steps[i].child);
        plan->steps[i].child = NULL;
    }
}

static void free_segment(sk_plan *plan, sk_segment *segment) {
    sk_arena_clear(&segment->arena);
    sk_free(&plan->model->heap, segment);
}

static void free_loose_from(sk_plan *plan, int segment) {
    for (int id = 0; id < plan->model->ir.n_graphs; id++) {
        const sk_graph *graph = plan->scopes[id] ? plan->model->graphs[id] : NULL;
        for (int i = 0; graph && i < graph->n_values; i++) {
            sk_slot *slot = &plan->scopes[id][i];
            if (slot->place != SK_LOOSE || slot->root != slot || slot->segment < segment) continue;
            sk_free(&plan->model->heap, slot->t.data);
            slot->t.data = NULL;
        }
    }
}

void sk_free_loose(sk_plan *plan) { free_loose_from(plan, 0); }

/* Slots that belong to an earlier scope but were bound in a dropped segment start anew. */
static void reset_slots(sk_plan *plan, int index) {
    for (int id = 0; id < plan->model->ir.n_graphs; id++) {
        if (!plan->scopes[id]) continue;
        if (plan->scope_segments[id] >= index) {
            plan->scopes[id] = NULL;
            continue;
        }
        const sk_graph *graph = plan->model->graphs[id];
        for (int i = 0; i < graph->n_values; i++) {
            sk_slot *slot = &plan->scopes[id][i];
            if (slot->segment < index) continue;
            slot->root = slot;
            slot->place = SK_NOWHERE;
            slot->t = sk_unknown_tensor();
            slot->t.layout = graph->values[i]->type.layout;
            slot->uses = plan->model->uses[id][i];
        }
    }
}

void sk_drop_segments(sk_plan *plan, int index) {
    const sk_segment *first = plan->segments[index];
    free_loose_from(plan, index);
    free_child_plans(plan, first->first_step);
    plan->n_steps = first->first_step;
    memcpy(plan->cursors, first->cursors, sizeof plan->cursors);
    plan->n_cursors = first->n_cursors;
    reset_slots(plan, index);
    while (plan->n_segments > index) free_segment(plan, plan->segments[--plan->n_segments]);
}

int sk_bind_done(const sk_plan *plan) { return plan->n_cursors == 0; }

sk_plan *sk_plan_new(sk_model *model, sk_graph *graph, sk_plan *parent, sk_error *err) {
    sk_plan *plan = sk_calloc(&model->heap, 1, sizeof *plan);
    const size_t n = (size_t)model->ir.n_graphs;
    if (plan) {
        plan->model = model;
        plan->graph = graph;
        plan->parent = parent;
        plan->depth = parent ? parent->depth + 1 : 0;
        plan->tile = model->tuning.tile;
        plan->scopes = sk_calloc(&model->heap, n, sizeof *plan->scopes);
        plan->scope_segments = sk_calloc(&model->heap, n, sizeof *plan->scope_segments);
        plan->cursors[0] = (sk_cursor){graph, 0, NULL};
        plan->n_cursors = 1;
    }
    if (!plan || !plan->scopes || !plan->scope_segments) sk_oom(err, sizeof *plan);
    else if (sk_open_segment(plan, err) == SK_OK && sk_open_scope(plan, graph, err) == SK_OK) return plan;
    sk_plan_free(plan);
    return NULL;
}

void sk_plan_free(sk_plan *plan) {
    if (!plan) return;
    sk_heap *heap = &plan->model->heap;
    if (plan->scopes) sk_free_loose(plan);
    free_child_plans(plan, 0);
    while (plan->n_segments) free_segment(plan, plan->segments[--plan->n_segments]);
    sk_free(heap, plan->segments);
    sk_free(heap, plan->steps);
    sk_free(heap, plan->scopes);
    sk_free(heap, plan->scope_segments);
    sk_free(heap, plan->key);
    sk_free(heap, plan);
}
