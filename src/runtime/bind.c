/* Binding: from nodes and concrete shapes to steps. Small values that follow from shapes alone are computed
 * on the way, views cost nothing, a branch whose condition is known is inlined, and what depends on data cuts
 * the plan. */
#include <string.h>

#include "runtime/model.h"

#define KNOWN_ELEMENTS 1024 /* values up to this size are computed at bind when their inputs are known */

/* ---- one node ---- */

typedef struct binding { /* what binding one node works with; arrays in the segment's arena */
    sk_plan *plan;
    const sk_node *node;
    sk_slot **in, **out;      /* NULL: absent */
    const sk_tensor **in_t;   /* as the step will see them */
    const sk_tensor **in_now; /* as infer and prepare see them: data only when known */
    sk_tensor **out_t;
    sk_tensor *masked;
    sk_error *err;
} binding;

static sk_status gather(binding *b) {
    const sk_node *node = b->node;
    sk_arena *arena = &sk_last_segment(b->plan)->arena;
    const size_t n_in = (size_t)node->n_inputs + 1, n_out = (size_t)node->n_outputs + 1;
    b->in = sk_arena_calloc(arena, n_in, sizeof *b->in);
    b->in_t = sk_arena_calloc(arena, n_in, sizeof *b->in_t);
    b->in_now = sk_arena_calloc(arena, n_in, sizeof *b->in_now);
    b->masked = sk_arena_calloc(arena, n_in, sizeof *b->masked);
    b->out = sk_arena_calloc(arena, n_out, sizeof *b->out);
    b->out_t = sk_arena_calloc(arena, n_out, sizeof *b->out_t);
    if (!b->in || !b->in_t || !b->in_now || !b->masked || !b->out || !b->out_t)
        return sk_oom(b->err, n_in * 32);
    for (int i = 0; i < node->n_inputs; i++) {
        if (!node->inputs[i]) continue;
        b->in[i] = sk_slot_of(b->plan, node->inputs[i]);
        if (!b->in[i] || b->in[i]->root->place == SK_NOWHERE)
            return sk_fail(b->err, SK_MALFORMED, "'%s' is used before it is made", node->inputs[i]->name);
        b->in_t[i] = &b->in[i]->t;
        b->in_now[i] = b->in_t[i];
        if (!sk_slot_known(b->in[i])) {
            b->masked[i] = b->in[i]->t;
            b->masked[i].data = NULL;
            b->in_now[i] = &b->masked[i];
        }
    }
    for (int i = 0; i < node->n_outputs; i++) {
        if (!node->outputs[i]) continue;
        b->out[i] = sk_slot_of(b->plan, node->outputs[i]);
        if (!b->out[i])
            return sk_fail(b->err, SK_MALFORMED, "'%s' is made outside its graph", node->outputs[i]->name);
        b->out_t[i] = &b->out[i]->t;
    }
    return SK_OK;
}

/* Inputs whose value shapes the outputs must be known now. One that was computed by an earlier segment is
 * taken as it is, under a guard; one that this segment computes ends it (*cut). */
static sk_status need_values(binding *b, int *cut) {
    *cut = 0;
    for (int i = 0; i < b->node->n_inputs && i < 8; i++) {
        sk_slot *slot = b->in[i];
        if (!slot || !((b->node->op->values >> i) & 1)) continue;
        if (!sk_slot_known(slot) && slot->root->place == SK_FIXED)
            SK_TRY(sk_slot_bytes(b->plan, slot, b->err));
        if (sk_slot_known(slot)) {
            b->in_now[i] = b->in_t[i];
            continue;
        }
        const sk_slot *root = slot->root;
        if (root->plan == b->plan && root->place != SK_GIVEN && root->segment == b->plan->n_segments - 1) {
            *cut = 1;
            return SK_OK;
        }
        if (!slot->t.data)
            return sk_fail(b->err, SK_STATE, "'%s' decides shapes: its value is needed first",
                           b->node->inputs[i]->name);
        SK_TRY(sk_guard_add(b->plan, slot, 1, b->err));
        b->in_now[i] = b->in_t[i];
    }
    return SK_OK;
}

/* The value itself, when it is small and follows from what is known. */
static int can_compute(const binding *b) {
    const sk_op *op = b->node->op;
    if (op->flags & (SK_OP_CONTROL | SK_OP_RANDOM)) return 0;
    size_t total = 0;
    for (int i = 0; i < b->node->n_outputs; i++) {
        const sk_tensor *t = b->out_t[i];
        if (!t) continue;
        if (t->layout != SK_PLAIN || !t->type || !sk_shape_known(t)) return 0;
        /* a loop carries items further than its body's plan may live */
        if (b->plan->parent && (t->kind || t->type == SK_STRING)) return 0;
        total += sk_numel(t);
    }
    if (total > KNOWN_ELEMENTS) return 0;
    if (op->flags & SK_OP_SHAPE_ONLY) return 1;
    for (int i = 0; i < b->node->n_inputs; i++)
        if (b->in_now[i] && (!b->in_now[i]->data || b->in_now[i]->layout != SK_PLAIN)) return 0;
    return 1;
}

static sk_status compute(binding *b) {
    sk_arena *arena = &sk_last_segment(b->plan)->arena;
    for (int i = 0; i < b->node->n_outputs; i++) {
        if (!b->out[i] || !b->out_t[i]) continue;
        b->out_t[i]->data = sk_arena_calloc(arena, 1, sk_nbytes(b->out_t[i]));
        if (!b->out_t[i]->data) return sk_oom(b->err, sk_nbytes(b->out_t[i]));
        b->out[i]->place = SK_KNOWN;
    }
    const sk_status status = sk_evaluate(&b->plan->model->ir, b->node, b->in_now, b->out_t, arena, b->err);
    for (int i = 0; i < b->node->n_inputs; i++)
        if (b->in[i]) sk_slot_read(b->plan, b->in[i], b->plan->n_steps);
    return status;
}

static int is_view(const binding *b) {
    const sk_op *op = b->node->op;
    const sk_traits *traits = op->impl->traits;
    for (int i = 1; i < b->node->n_outputs; i++)
        if (b->out[i]) return 0;
    if (!b->out_t[0] || !sk_shape_known(b->out_t[0])) return 0;
    if (op->flags & SK_OP_VIEW) return 1;
    return traits && traits->is_view && traits->is_view(b->node, b->in_now, b->out_t[0]);
}

/* Does the node only bring a constant into another layout? */
static int turns_constant(const binding *b) {
    const sk_node *node = b->node;
    if (node->n_inputs != 1 || node->n_outputs != 1 || !b->in[0] || !b->out[0]) return 0;
    if (node->op->flags & (SK_OP_CONTROL | SK_OP_RANDOM)) return 0;
    const sk_const *constant = b->in[0]->root == b->in[0] ? b->in[0]->constant : NULL;
    return constant && !constant->variable && b->in_t[0]->layout != b->out_t[0]->layout &&
           sk_shape_known(b->out_t[0]);
}

/* Once for all plans and runs. */
static sk_status turn_constant(binding *b) {
    SK_TRY(sk_constant_turned(b->plan->model, b->node, b->in[0]->constant, b->out_t[0], b->err));
    b->out[0]->place = SK_KNOWN;
    sk_slot_read(b->plan, b->in[0], b->plan->n_steps);
    return SK_OK;
}

/* May out[0] take the memory of input i? Only when it was made in this segment, dies here, and no other input
 * looks at the same memory under another shape. */
static int can_take(const binding *b, int i) {
    sk_slot *in = i < b->node->n_inputs ? b->in[i] : NULL;
    if (!in || !b->out[0] || b->plan->model->options.check) return 0;
    sk_slot *root = in->root;
    if (root->plan != b->plan || root->place != SK_PLACED || root->uses > 0 ||
        root->segment != b->plan->n_segments - 1)
        return 0;
    if (!sk_same_shape(&in->t, b->out_t[0]) || in->t.layout != b->out_t[0]->layout ||
        sk_type_bits(in->t.type) != sk_type_bits(b->out_t[0]->type) ||
        sk_nbytes(&root->t) < sk_nbytes(b->out_t[0]))
        return 0;
    for (int j = 0; j < b->node->n_inputs; j++)
        if (j != i && b->in[j] && b->in[j]->root == root && b->in[j] != in) return 0;
    return 1;
}

static void place_outputs(binding *b, int step, int *cut) {
    const int flags = b->node->op->flags;
    for (int i = 0; i < b->node->n_outputs; i++) {
        sk_slot *out = b->out[i];
        if (!out) continue;
        if (!out->t.type || !sk_shape_known(&out->t)) {
            out->place = SK_LOOSE;
            *cut = 1;
        } else if (i == 0 && (flags & SK_OP_INPLACE) && can_take(b, 0)) {
            sk_slot_alias(out, b->in[0]);
            out->place = SK_PLACED;
        } else if (i == 0 && (flags & SK_OP_INPLACE1) && can_take(b, 1)) {
            sk_slot_alias(out, b->in[1]);
            out->place = SK_PLACED;
        } else {
            out->place = SK_PLACED;
            out->first = step;
        }
        if (out->root->last < step) out->root->last = step;
    }
}

static sk_status pack_for_plan(sk_prepare *p, const sk_packing *packing, const void **packed) {
    return sk_packed_get(p->owner, p->constants, packing, packed, p->err);
}

static sk_status prepare(binding *b, sk_step *step) {
    const sk_node *node = b->node;
    const sk_op *op = node->op;
    sk_model *model = b->plan->model;
    sk_arena *arena = &sk_last_segment(b->plan)->arena;
    const sk_const **constants = sk_arena_calloc(arena, (size_t)node->n_inputs + 1, sizeof *constants);
    if (!constants) return sk_oom(b->err, 64);
    for (int i = 0; i < node->n_inputs; i++)
        if (b->in[i] && b->in[i]->root == b->in[i]) constants[i] = b->in[i]->constant;
    sk_prepare p = {.node = node,
                    .in = b->in_now,
                    .out = b->out_t,
                    .n_in = node->n_inputs,
                    .n_out = node->n_outputs,
                    .threads = sk_pool_threads(model->options.pool),
                    .reference = model->options.reference,
                    .tile = b->plan->tile,
                    .run = op->impl->run,
                    .constants = constants,
                    .err = b->err,
                    .arena = arena,
                    .owner = model,
                    .pack = pack_for_plan};
    if (op->impl->prepare) SK_TRY(op->impl->prepare(&p));
    for (int i = 0; i < node->n_inputs; i++) {
        /* in check mode the reference reads what the kernel packed */
        const int packed = i < 8 && ((op->packs >> i) & 1) && constants[i] && !((p.wanted >> i) & 1);
        if (!b->in[i] || (packed && !model->options.check)) continue;
        SK_TRY(sk_slot_bytes(b->plan, b->in[i], b->err));
    }
    step->run = p.run;
    step->state = p.state;
    step->scratch = p.scratch;
    step->way = p.way;
    if (SK_TOOLS && model->options.check) SK_TRY(sk_check_prepare(b->plan, step, &p, b->err));
#if SK_TOOLS
    const sk_traits *traits = op->impl->traits;
    if (traits && traits->macs)
        step->macs = traits->macs(node, b->in_now, (const sk_tensor *const *)b->out_t);
    b->plan->macs += step->macs;
#endif
    return SK_OK;
}

static sk_step *new_step(sk_plan *plan, sk_error *err) {
    if (plan->n_steps == plan->cap_steps) {
        const int32_t capacity = plan->cap_steps ? plan->cap_steps * 2 : 64;
        sk_step *grown = sk_realloc(&plan->model->heap, plan->steps, (size_t)capacity * sizeof *grown);
        if (!grown) {
            sk_oom(err, (size_t)capacity * sizeof *grown);
            return NULL;
        }
        plan->steps = grown;
        plan->cap_steps = capacity;
    }
    sk_step *step = &plan->steps[plan->n_steps];
    *step = (sk_step){.node = NULL};
    return step;
}

/* A body reads values of the graphs around it: its step is what they are alive for. */
static sk_status read_captures(sk_plan *plan, const sk_graph *body, int step, sk_error *err);

static sk_status read_capture(sk_plan *plan, const sk_value *value, int step, sk_error *err) {
    sk_slot *slot = sk_slot_of(plan, value);
    if (!slot) return SK_OK; /* the body's own */
    if (slot->root->place == SK_NOWHERE)
        return sk_fail(err, SK_MALFORMED, "'%s' is used before it is made", value->name);
    sk_slot_read(plan, slot, step);
    return SK_OK;
}

static sk_status read_captures(sk_plan *plan, const sk_graph *body, int step, sk_error *err) {
    for (int i = 0; i < body->n_nodes; i++) {
        const sk_node *node = body->nodes[i];
        for (int j = 0; j < node->n_inputs; j++)
            if (node->inputs[j]) SK_TRY(read_capture(plan, node->inputs[j], step, err));
        for (int j = 0; j < node->n_bodies; j++) SK_TRY(read_captures(plan, node->bodies[j], step, err));
    }
    for (int i = 0; i < body->n_outputs; i++) SK_TRY(read_capture(plan, body->outputs[i], step, err));
    return SK_OK;
}

static sk_status add_step(binding *b, int *cut) {
    sk_plan *plan = b->plan;
    sk_step *step = new_step(plan, b->err);
    if (!step) return SK_OUT_OF_MEMORY;
    const int index = plan->n_steps;
    for (int i = 0; i < b->node->n_inputs; i++)
        if (b->in[i]) sk_slot_read(plan, b->in[i], index);
    for (int i = 0; i < b->node->n_bodies; i++)
        SK_TRY(read_captures(plan, b->node->bodies[i], index, b->err));
    place_outputs(b, index, cut);
    step->node = b->node;
    step->in = b->in_t;
    step->out = b->out_t;
    step->out_slots = b->out;
    if (b->node->op->flags & SK_OP_CONTROL) {
        for (int i = 0; i < b->node->n_inputs; i++)
            if (b->in[i]) SK_TRY(sk_slot_bytes(plan, b->in[i], b->err));
    } else {
        SK_TRY(prepare(b, step));
    }
    plan->n_steps++;
    return SK_OK;
}

/* If: the branch's nodes become part of this plan, in a scope of their own. */
static sk_status enter_branch(binding *b) {
    sk_plan *plan = b->plan;
    const sk_tensor *cond = b->in_now[0];
    if (cond->type != SK_BOOL || sk_numel(cond) != 1)
        return sk_fail(b->err, SK_TYPE, "If '%s': the condition is not one bool", b->node->name);
    if (plan->n_cursors > SK_MAX_DEPTH) return sk_fail(b->err, SK_LIMIT, "branches are nested too deep");
    sk_graph *branch = b->node->bodies[*(const uint8_t *)cond->data ? 0 : 1];
    if (branch->n_outputs != b->node->n_outputs)
        return sk_fail(b->err, SK_MALFORMED, "If '%s': a branch has %d outputs, not %d", b->node->name,
                       (int)branch->n_outputs, (int)b->node->n_outputs);
    sk_slot_read(plan, b->in[0], plan->n_steps);
    SK_TRY(sk_open_scope(plan, branch, b->err));
    plan->cursors[plan->n_cursors++] = (sk_cursor){branch, 0, b->node};
    return SK_OK;
}

/* The branch is bound: the If's outputs are other names for what it made. */
static sk_status leave_branch(sk_plan *plan, sk_error *err) {
    const sk_cursor done = plan->cursors[--plan->n_cursors];
    for (int i = 0; done.if_node && i < done.if_node->n_outputs; i++) {
        if (!done.if_node->outputs[i]) continue;
        sk_slot *inner = sk_slot_of(plan, done.graph->outputs[i]);
        sk_slot *outer = sk_slot_of(plan, done.if_node->outputs[i]);
        if (!outer || !inner || inner->root->place == SK_NOWHERE)
            return sk_fail(err, SK_MALFORMED, "output '%s' of a branch is never made",
                           done.graph->outputs[i]->name);
        SK_TRY(sk_slot_bytes(plan, inner, err));
        outer->t = inner->t;
        outer->segment = plan->n_segments - 1;
        outer->place = inner->root->place;
        sk_slot_alias(outer, inner);
        sk_slot_read(plan, inner, plan->n_steps ? plan->n_steps - 1 : 0);
    }
    return SK_OK;
}

/* Binds the cursor's next node. *cut: the segment ends here; the node was left for the next one when *again.
 */
static sk_status bind_node(sk_plan *plan, const sk_node *node, int *cut, int *again, sk_error *err) {
    binding b = {.plan = plan, .node = node, .err = err};
    *again = 0;
    SK_TRY(gather(&b));
    SK_TRY(need_values(&b, cut));
    if (*cut) {
        *again = 1;
        return SK_OK;
    }
    const int branching = (node->op->flags & SK_OP_CONTROL) && node->op->values;
    if (branching) return enter_branch(&b);
    for (int i = 0; i < node->n_outputs; i++)
        if (b.out[i]) b.out[i]->segment = plan->n_segments - 1;
    SK_TRY(sk_infer_node(node, b.in_now, b.out_t, err));
    if (can_compute(&b)) return compute(&b);
    if (is_view(&b)) {
        SK_TRY(sk_slot_bytes(plan, b.in[0], err));
        b.out[0]->place = b.in[0]->root->place;
        sk_slot_alias(b.out[0], b.in[0]);
        for (int i = 0; i < node->n_inputs; i++)
            if (b.in[i]) sk_slot_read(plan, b.in[i], plan->n_steps ? plan->n_steps - 1 : 0);
        return SK_OK;
    }
    if (turns_constant(&b) && !plan->model->options.check) return turn_constant(&b);
    return add_step(&b, cut);
}

static sk_status finish_segment(sk_plan *plan, sk_error *err) {
    const sk_segment *segment = sk_last_segment(plan);
    for (int i = segment->first_step; i < plan->n_steps; i++)
        for (int j = 0; j < plan->steps[i].node->n_outputs; j++) {
            sk_slot *slot = plan->steps[i].out_slots[j];
            if (slot && slot->root->uses > 0) slot->root->last = INT32_MAX;
        }
    SK_TRY(sk_place_segment(plan, err));
    sk_last_segment(plan)->bound = 1;
    return SK_OK;
}

sk_status sk_bind_step(sk_plan *plan, sk_error *err) {
    if (sk_last_segment(plan)->bound) SK_TRY(sk_open_segment(plan, err));
    if (plan->n_cursors) {
        sk_cursor *cursor = &plan->cursors[plan->n_cursors - 1];
        if (cursor->next < cursor->graph->n_nodes) {
            int cut = 0, again = 0;
            const sk_node *node = cursor->graph->nodes[cursor->next++];
            SK_TRY(bind_node(plan, node, &cut, &again, err));
            cursor->next -= again; /* a cut before the node did not push a cursor */
            if (!again) sk_settle_node(plan, cursor->next - 1);
            return cut ? finish_segment(plan, err) : SK_MORE;
        }
        SK_TRY(leave_branch(plan, err));
        if (plan->n_cursors) return SK_MORE;
    }
    return finish_segment(plan, err);
}
