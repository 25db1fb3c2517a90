/* The executor: a stack of frames, one for the main plan and one for each Loop or Scan body inside it,
 * advanced one unit at a time (bind a node, run a step, change segment), so that a slice can end after any of
 * them. */
#include <string.h>

#include "runtime/observe.h"

double sk_now(const sk_model *model) { return model->host.now ? model->host.now(model->host.user) : 0; }

sk_status sk_slot_allocate(sk_model *model, sk_slot *slot, sk_error *err) {
    sk_free(&model->heap, slot->t.data);
    const size_t bytes = sk_nbytes(&slot->t);
    slot->t.data = sk_alloc(&model->heap, bytes);
    return slot->t.data ? SK_OK : sk_oom(err, bytes);
}

typedef struct step_owner { /* what sk_run_output needs to know */
    sk_model *model;
    const sk_step *step;
} step_owner;

static sk_status allocate_output(sk_run *r, int i) {
    const step_owner *owner = r->owner;
    return sk_slot_allocate(owner->model, owner->step->out_slots[i], r->err);
}

static sk_status run_step(sk_model *model, sk_plan *plan, const sk_step *step) {
    step_owner owner = {model, step};
    sk_run r = {.node = step->node,
                .state = step->state,
                .scratch = plan->base + step->scratch_offset,
                .in = step->in,
                .out = step->out,
                .n_in = step->node->n_inputs,
                .n_out = step->node->n_outputs,
                .pool = model->options.pool,
                .heap = &model->heap,
                .kept = &model->kept,
                .err = &model->error,
                .owner = &owner,
                .allocate = allocate_output};
    SK_TRY(step->run(&r));
    for (int i = 0; i < step->node->n_outputs; i++)
        if (step->out[i] && !step->out[i]->data) {
            char text[SK_NODE_TEXT];
            return sk_fail(&model->error, SK_UNSUPPORTED, "%s did not find the size of its output %d",
                           sk_node_text(step->node, text), i);
        }
    if (SK_TOOLS && model->observer) SK_TRY(sk_observe_step(model, step));
    return SK_TOOLS && step->reference ? sk_check_step(model, step) : SK_OK;
}

/* Working memory for the frame's plan; its contents survive when an earlier segment left values there. */
static sk_status fit_memory(sk_model *model, const sk_plan *plan, int keep) {
    const int d = plan->depth;
    const size_t wanted = plan->memory ? plan->memory : SK_ALIGN;
    if (model->memory_size[d] >= wanted) return SK_OK;
    if (!keep) {
        sk_free(&model->heap, model->memory[d]);
        model->memory[d] = NULL;
        model->memory_size[d] = 0;
    }
    char *grown = sk_realloc(&model->heap, model->memory[d], wanted);
    if (!grown) return sk_oom(&model->error, wanted);
    model->memory[d] = grown;
    model->memory_size[d] = wanted;
    return SK_OK;
}

static int move_inputs(sk_model *model, sk_plan *plan) {
    int moved = 0;
    for (int i = 0; !plan->parent && i < plan->graph->n_inputs; i++) {
        sk_slot *slot = sk_slot_of(plan, plan->graph->inputs[i]);
        moved |= slot->t.data != model->inputs[i].t.data;
        slot->t.data = model->inputs[i].t.data;
    }
    return moved;
}

static sk_status enter_segment(sk_model *model, sk_frame *frame) {
    sk_plan *plan = frame->plan;
    SK_TRY(fit_memory(model, plan, frame->segment > 0));
    char *base = model->memory[plan->depth];
    const int moved = move_inputs(model, plan);
    if (moved || plan->parent || frame->segment > 0 || plan->base != base) sk_point(plan, base);
    frame->step = plan->segments[frame->segment]->first_step;
    return SK_OK;
}

static int segment_end(const sk_plan *plan, int segment) {
    return segment + 1 < plan->n_segments ? plan->segments[segment + 1]->first_step : plan->n_steps;
}

static sk_status bind_more(sk_model *model, sk_frame *frame) {
    const double start = sk_now(model);
    const sk_status status = sk_bind_step(frame->plan, &model->error);
    model->bind_ms += sk_now(model) - start;
    frame->segment = frame->plan->n_segments - 1;
    if (status != SK_OK && status != SK_MORE) frame->plan->broken = 1;
    return status;
}

/* The frame's plan has run to its end. */
static sk_status leave_frame(sk_model *model, sk_frame *frame) {
    if (frame->plan->parent) {
        const sk_status status = sk_loop_next(model, frame);
        if (status == SK_MORE) return SK_OK; /* the frame was set up for the next iteration */
        SK_TRY(status);
    } else {
        model->finished = 1;
    }
    model->n_frames--;
    return SK_OK;
}

static sk_status next_segment(sk_model *model, sk_frame *frame) {
    sk_plan *plan = frame->plan;
    const int next = frame->segment + 1;
    frame->step = -1;
    if (next < plan->n_segments && !sk_guards_hold(plan, next)) sk_drop_segments(plan, next);
    if (next < plan->n_segments) {
        frame->segment = next;
        return SK_OK;
    }
    if (sk_bind_done(plan)) return leave_frame(model, frame);
    const sk_status status = bind_more(model, frame);
    return status == SK_MORE ? SK_OK : status;
}

/* One unit of work. */
static sk_status advance(sk_model *model, int bind_only) {
    sk_frame *frame = &model->frames[model->n_frames - 1];
    sk_plan *plan = frame->plan;
    if (!plan->segments[frame->segment]->bound) {
        const sk_status status = bind_more(model, frame);
        return status == SK_MORE ? SK_OK : status;
    }
    if (bind_only) {
        model->n_frames = 0;
        return fit_memory(model, plan, 0);
    }
    if (frame->step < 0) return enter_segment(model, frame);
    if (frame->step == segment_end(plan, frame->segment)) return next_segment(model, frame);
    sk_step *step = &plan->steps[frame->step++];
    if (!step->run) return sk_loop_start(model, plan, step);
    if (!model->profiling) return run_step(model, plan, step);
    const double start = sk_now(model);
    SK_TRY(run_step(model, plan, step));
    step->ms += sk_now(model) - start;
    step->calls++;
    return SK_OK;
}

sk_status sk_execute(sk_model *model, double deadline, int bind_only) {
    while (model->n_frames) {
        SK_TRY(advance(model, bind_only));
        if (deadline >= 0 && model->n_frames && sk_now(model) >= deadline) return SK_MORE;
    }
    return SK_OK;
}

/* A plan whose binding failed is of no use to anybody. */
static void discard_broken(sk_model *model, sk_frame *frame) {
    sk_plan *plan = frame->plan;
    if (!plan->broken) return;
    for (int i = 0; i < SK_PLANS; i++)
        if (model->plans[i] == plan) model->plans[i] = NULL;
    for (int i = 0; plan->parent && i < plan->parent->n_steps; i++)
        if (plan->parent->steps[i].child == plan) plan->parent->steps[i].child = NULL;
    sk_plan_free(plan);
}

void sk_unwind(sk_model *model) {
    while (model->n_frames) {
        sk_frame *frame = &model->frames[--model->n_frames];
        sk_loop_free(model, frame->loop);
        discard_broken(model, frame);
    }
    model->current = NULL;
    model->finished = 0;
}
