/* Slots: a plan's view of its values, and the guards that say what a segment was bound for. */
#include <string.h>

#include "runtime/model.h"

sk_slot *sk_slot_of(const sk_plan *plan, const sk_value *value) {
    for (; plan; plan = plan->parent) {
        sk_slot *scope = plan->scopes[value->graph->id];
        if (scope) return &scope[value->index];
    }
    return NULL;
}

sk_status sk_open_scope(sk_plan *plan, const sk_graph *graph, sk_error *err) {
    const size_t n = (size_t)graph->n_values;
    sk_slot *slots = sk_arena_calloc(&sk_last_segment(plan)->arena, n + 1, sizeof *slots);
    if (!slots) return sk_oom(err, n * sizeof *slots);
    for (size_t i = 0; i < n; i++) {
        const sk_value *value = graph->values[i];
        sk_slot *slot = &slots[i];
        slot->plan = plan;
        slot->root = slot;
        slot->t = sk_unknown_tensor();
        slot->t.layout = value->type.layout;
        slot->segment = plan->n_segments - 1;
        slot->uses = plan->model->uses[graph->id][i];
        if (!value->constant) continue;
        slot->place = SK_FIXED;
        slot->constant = value->constant;
        slot->t = value->constant->type;
        if (value->constant->scale) slot->t.data = NULL;
    }
    plan->scopes[graph->id] = slots;
    plan->scope_segments[graph->id] = plan->n_segments - 1;
    return SK_OK;
}

int sk_slot_known(const sk_slot *slot) {
    const sk_slot *root = slot->root;
    return root->place == SK_KNOWN || (root->place == SK_FIXED && root->t.data) || root->keyed;
}

sk_status sk_slot_bytes(sk_plan *plan, sk_slot *slot, sk_error *err) {
    sk_slot *root = slot->root;
    if (root->place != SK_FIXED) return SK_OK;
    if (!root->t.data) {
        const void *data;
        SK_TRY(sk_constant_bytes(plan->model, root->constant, &data, err));
        root->t.data = (void *)data;
    }
    slot->t.data = root->t.data;
    return SK_OK;
}

void sk_slot_read(sk_plan *plan, sk_slot *slot, int step) {
    sk_slot *root = slot->root;
    if (root->plan != plan) return; /* the plan around counts a body's reads when it binds the body's step */
    root->uses--;
    if (root->last < step) root->last = step;
}

void sk_slot_alias(sk_slot *out, sk_slot *in) {
    out->root = in->root;
    out->t.data = in->root->t.data;
    if (in->root->plan == out->plan) in->root->uses += out->uses;
}

sk_status sk_guard_add(sk_plan *plan, sk_slot *slot, int with_bytes, sk_error *err) {
    sk_segment *segment = sk_last_segment(plan);
    sk_guard *guard = sk_arena_calloc(&segment->arena, 1, sizeof *guard);
    if (!guard) return sk_oom(err, sizeof *guard);
    guard->slot = slot;
    guard->seen = slot->t;
    guard->seen.data = NULL;
    if (with_bytes) {
        const size_t bytes = sk_nbytes(&slot->t);
        guard->seen.data = sk_arena_alloc(&segment->arena, bytes);
        if (!guard->seen.data) return sk_oom(err, bytes);
        memcpy(guard->seen.data, slot->t.data, bytes);
    }
    guard->next = segment->guards;
    segment->guards = guard;
    return SK_OK;
}

int sk_guards_hold(const sk_plan *plan, int index) {
    for (const sk_guard *g = plan->segments[index]->guards; g; g = g->next) {
        const sk_tensor *now = &g->slot->t;
        if (now->type != g->seen.type || !sk_same_shape(now, &g->seen)) return 0;
        if (g->seen.data && memcmp(now->data, g->seen.data, sk_nbytes(now)) != 0) return 0;
    }
    return 1;
}
