/* Loop and Scan: a body's plan run again and again by the executor. The values carried from one iteration to
 * the next and the collected outputs live in blocks of their own. Scan 8 does so for each part of a batch in
 * turn, and puts the final values together as well. */
#include <string.h>

#include "runtime/loop.h"

void sk_loop_free(sk_model *model, struct sk_loop *loop) {
    if (!loop) return;
    for (int i = 0; loop->carried && i < loop->n_carried; i++) sk_free(&model->heap, loop->carried[i].data);
    for (int i = 0; loop->slices && i < loop->n_scanned; i++) sk_free(&model->heap, loop->slices[i].data);
    for (int i = 0; loop->outputs && i < loop->n_collected; i++)
        sk_free(&model->heap, loop->outputs[i].bytes);
    for (int i = 0; loop->finals && i < loop->n_carried; i++) sk_free(&model->heap, loop->finals[i].bytes);
    sk_free(&model->heap, loop->finals);
    sk_free(&model->heap, loop->carried);
    sk_free(&model->heap, loop->slices);
    sk_free(&model->heap, loop->outputs);
    sk_free(&model->heap, loop);
}

static sk_status copy_tensor(sk_model *model, sk_tensor *dst, const sk_tensor *src) {
    const size_t bytes = sk_nbytes(src);
    void *data = sk_alloc(&model->heap, bytes);
    if (!data) return sk_oom(&model->error, bytes);
    memcpy(data, src->data, bytes);
    sk_free(&model->heap, dst->data);
    *dst = *src;
    dst->data = data;
    return SK_OK;
}

/* ---- start ---- */

static sk_status count_parts(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    const sk_graph *body = loop->body;
    if (loop->is_scan) {
        loop->n_scanned = (int32_t)sk_attr_int(node, "num_scan_inputs", 0);
        loop->first = loop->is_scan == SCAN_BATCHES;
        loop->n_carried = node->n_inputs - loop->first - loop->n_scanned;
        loop->n_collected = body->n_outputs - loop->n_carried;
        if (loop->n_scanned < 1 || loop->n_carried < 0 || body->n_inputs != node->n_inputs - loop->first)
            return sk_loop_malformed(model, node, "inputs and body do not match");
    } else {
        loop->first = 2;
        loop->n_carried = node->n_inputs - 2;
        loop->n_collected = body->n_outputs - 1 - loop->n_carried;
        if (loop->n_carried < 0 || body->n_inputs != loop->n_carried + 2)
            return sk_loop_malformed(model, node, "inputs and body do not match");
    }
    if (loop->n_collected < 0 || node->n_outputs > loop->n_carried + loop->n_collected)
        return sk_loop_malformed(model, node, "outputs and body do not match");
    return SK_OK;
}

/* Part `at` of a batch, which is a view. */
static sk_tensor part_of_batch(const sk_tensor *in, int64_t at) {
    sk_tensor part = *in;
    for (int i = 0; i + 1 < in->rank; i++) part.dims[i] = in->dims[i + 1];
    part.rank = (int8_t)(in->rank - 1);
    part.data = (char *)in->data + (size_t)at * sk_nbytes(&part);
    return part;
}

/* Scan 8: all inputs are batches of one size, sequence_lens has one length for each part. */
static sk_status count_batches(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    loop->batches = 1;
    if (loop->is_scan != SCAN_BATCHES) return SK_OK;
    for (int i = 1; i < node->n_inputs; i++) {
        const sk_tensor *in = loop->step->in[i];
        if (!in || in->rank < 1 || (i > 1 && in->dims[0] != loop->batches))
            return sk_loop_malformed(model, node, "the inputs are not batches of one size");
        loop->batches = in->dims[0];
    }
    const sk_tensor *lengths = loop->step->in[0];
    if (lengths && (lengths->type != SK_INT64 || lengths->rank != 1 || lengths->dims[0] != loop->batches))
        return sk_loop_malformed(model, node, "sequence_lens is not an int64 for each part of the batch");
    return SK_OK;
}

/* The trip count of this part of the batch. */
static sk_status batch_trip(sk_model *model, struct sk_loop *loop) {
    if (loop->is_scan != SCAN_BATCHES || !loop->batches || !loop->step->in[0]) return SK_OK;
    loop->trip = ((const int64_t *)loop->step->in[0]->data)[loop->batch];
    if (loop->trip >= 0 && loop->trip <= loop->longest) return SK_OK;
    return sk_fail(&model->error, SK_VALUE, "Scan '%s': a length of %lld in sequences of %lld",
                   loop->step->node->name, (long long)loop->trip, (long long)loop->longest);
}

/* Scanned input i, of this part of the batch. rank -1: absent. */
static sk_tensor scanned(const struct sk_loop *loop, int i) {
    const sk_tensor *in = loop->step->in[loop->first + loop->n_carried + i];
    if (!in) return sk_unknown_tensor();
    return loop->is_scan == SCAN_BATCHES ? part_of_batch(in, loop->batch) : *in;
}

/* Scan's trip count is the length of its scanned axes, which must agree. */
static sk_status scan_trip(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    loop->trip = -1;
    SK_TRY(count_batches(model, loop));
    for (int i = 0; i < loop->n_scanned; i++) {
        const sk_tensor in = scanned(loop, i);
        int axis;
        if (in.rank < 0 || !sk_axis(sk_loop_list(node, "scan_input_axes", i), in.rank, &axis))
            return sk_loop_malformed(model, node, "a scanned axis does not exist");
        if (loop->trip >= 0 && loop->trip != in.dims[axis])
            return sk_loop_malformed(model, node, "the scanned axes differ in length");
        loop->trip = in.dims[axis];
    }
    loop->longest = loop->trip;
    return batch_trip(model, loop);
}

static sk_status loop_trip(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    const sk_tensor *trip = loop->step->in[0], *condition = loop->step->in[1];
    loop->trip = INT64_MAX;
    loop->condition = 1;
    loop->batches = 1;
    if (trip) {
        if (trip->type != SK_INT64 || sk_numel(trip) != 1)
            return sk_loop_malformed(model, node, "the trip count is not an int64");
        loop->trip = *(const int64_t *)trip->data;
    }
    if (condition) {
        if (condition->type != SK_BOOL || sk_numel(condition) != 1)
            return sk_loop_malformed(model, node, "the condition is not a bool");
        loop->condition = *(const uint8_t *)condition->data;
    }
    return SK_OK;
}

/* What is carried into the first iteration. */
static sk_status start_carried(sk_model *model, struct sk_loop *loop) {
    for (int i = 0; i < loop->n_carried; i++) {
        const sk_tensor *in = loop->step->in[loop->first + i];
        if (!in) return sk_loop_malformed(model, loop->step->node, "a carried value has no start");
        const sk_tensor start = loop->is_scan == SCAN_BATCHES ? part_of_batch(in, loop->batch) : *in;
        SK_TRY(copy_tensor(model, &loop->carried[i], &start));
    }
    return SK_OK;
}

static sk_status make_parts(sk_model *model, struct sk_loop *loop) {
    loop->carried = sk_calloc(&model->heap, (size_t)loop->n_carried, sizeof *loop->carried);
    loop->slices = sk_calloc(&model->heap, (size_t)loop->n_scanned, sizeof *loop->slices);
    loop->outputs = sk_calloc(&model->heap, (size_t)loop->n_collected, sizeof *loop->outputs);
    loop->finals = sk_calloc(&model->heap, (size_t)loop->n_carried, sizeof *loop->finals);
    if (!loop->carried || !loop->slices || !loop->outputs || !loop->finals) return sk_oom(&model->error, 64);
    return loop->batches ? start_carried(model, loop) : SK_OK;
}

/* ---- one iteration ---- */

/* Slice `at` of `in` along axis, without that axis. */
static sk_status take_slice(sk_model *model, sk_tensor *dst, const sk_tensor *in, int axis, int64_t at) {
    sk_tensor slice = *in;
    for (int i = axis; i + 1 < in->rank; i++) slice.dims[i] = in->dims[i + 1];
    slice.rank = (int8_t)(in->rank - 1);
    const size_t bytes = sk_nbytes(&slice), width = (size_t)sk_type_bits(in->type) / 8;
    slice.data = sk_alloc(&model->heap, bytes);
    if (!slice.data) return sk_oom(&model->error, bytes);
    const size_t outer = sk_span(in, 0, axis), inner = sk_span(in, axis + 1, in->rank) * width;
    for (size_t i = 0; i < outer; i++)
        memcpy((char *)slice.data + i * inner,
               (const char *)in->data + (i * (size_t)in->dims[axis] + (size_t)at) * inner, inner);
    sk_free(&model->heap, dst->data);
    *dst = slice;
    return SK_OK;
}

static sk_status take_slices(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    for (int i = 0; i < loop->n_scanned; i++) {
        const sk_tensor in = scanned(loop, i);
        int axis;
        if (!in.data || !sk_axis(sk_loop_list(node, "scan_input_axes", i), in.rank, &axis))
            return sk_loop_malformed(model, node, "a scanned axis does not exist");
        const char *directions = loop->is_scan == SCAN_BATCHES ? "directions" : "scan_input_directions";
        const int backward = sk_loop_list(node, directions, i) == 1;
        const int64_t at = backward ? loop->trip - 1 - loop->iteration : loop->iteration;
        SK_TRY(take_slice(model, &loop->slices[i], &in, axis, at));
    }
    return SK_OK;
}

/* What the body's input i is in this iteration. */
static sk_tensor body_input(struct sk_loop *loop, int i) {
    if (loop->is_scan) return i < loop->n_carried ? loop->carried[i] : loop->slices[i - loop->n_carried];
    if (i == 0) return (sk_tensor){.data = &loop->iteration, .type = SK_INT64};
    if (i == 1) return (sk_tensor){.data = &loop->condition, .type = SK_BOOL};
    return loop->carried[i - 2];
}

static sk_status start_iteration(sk_model *model, struct sk_loop *loop, sk_frame *frame) {
    sk_step *step = loop->step;
    if (loop->is_scan) SK_TRY(take_slices(model, loop));
    for (int i = 0; step->child && i < loop->body->n_inputs; i++) {
        const sk_tensor now = body_input(loop, i),
                        *bound = &sk_slot_of(step->child, loop->body->inputs[i])->t;
        if (now.type == bound->type && sk_same_shape(&now, bound)) continue;
        sk_plan_free(step->child);
        step->child = NULL;
        frame->plan = loop->plan; /* what an unwinding may look at, should the next lines fail */
    }
    if (!step->child) step->child = sk_plan_new(model, loop->body, loop->plan, &model->error);
    if (!step->child) return SK_OUT_OF_MEMORY;
    for (int i = 0; i < loop->body->n_inputs; i++) {
        sk_slot *slot = sk_slot_of(step->child, loop->body->inputs[i]);
        slot->t = body_input(loop, i);
        slot->place = SK_GIVEN;
    }
    *frame = (sk_frame){.plan = step->child, .step = -1, .loop = loop};
    return SK_OK;
}

/* ---- end ---- */

static sk_status finish(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    const int body_first = loop->is_scan ? 0 : 1, batched = loop->is_scan == SCAN_BATCHES;
    const int64_t counts[2] = {batched ? loop->batches : loop->iteration, loop->longest};
    for (int i = 0; i < node->n_outputs; i++) {
        sk_slot *slot = loop->step->out_slots[i];
        const int carried = i < loop->n_carried;
        sk_tensor t = {.rank = 0};
        if (!slot) continue;
        if (carried && !batched) {
            t = loop->carried[i];
            loop->carried[i].data = NULL;
        } else {
            collected *c = carried ? &loop->finals[i] : &loop->outputs[i - loop->n_carried];
            SK_TRY(sk_collected_tensor(model, c, loop->body->outputs[body_first + i],
                                       carried || !batched ? 1 : 2, counts, &t));
        }
        sk_free(&model->heap, slot->t.data);
        slot->t = t;
        if (loop->is_scan == SCAN && !carried)
            SK_TRY(sk_collected_turn(model, node, i - loop->n_carried, &slot->t));
    }
    return SK_OK;
}

/* Scan 8: to the next part of the batch that has something to do, or past the last. */
static sk_status next_batch(sk_model *model, struct sk_loop *loop) {
    while (loop->is_scan == SCAN_BATCHES && loop->batch < loop->batches && loop->iteration >= loop->trip) {
        for (int i = 0; i < loop->n_carried; i++)
            SK_TRY(sk_collect(model, loop, &loop->finals[i], &loop->carried[i]));
        for (int i = 0; i < loop->n_collected; i++)
            SK_TRY(sk_collect_zeros(model, &loop->outputs[i], loop->longest - loop->trip));
        if (++loop->batch == loop->batches) break;
        loop->iteration = 0;
        SK_TRY(start_carried(model, loop));
        SK_TRY(batch_trip(model, loop));
    }
    return SK_OK;
}

sk_status sk_loop_next(sk_model *model, sk_frame *frame) {
    struct sk_loop *loop = frame->loop;
    const sk_graph *body = loop->body;
    const int first = loop->is_scan ? 0 : 1;
    if (!loop->is_scan) {
        const sk_tensor *condition = &sk_slot_of(frame->plan, body->outputs[0])->t;
        if (condition->type != SK_BOOL || sk_numel(condition) != 1)
            return sk_loop_malformed(model, loop->step->node, "the body's condition is not a bool");
        loop->condition = *(const uint8_t *)condition->data;
    }
    for (int i = 0; i < loop->n_collected; i++)
        SK_TRY(sk_collect(model, loop, &loop->outputs[i],
                          &sk_slot_of(frame->plan, body->outputs[first + loop->n_carried + i])->t));
    /* carried values are copied after all were read: a body may pass one through another's name */
    sk_tensor *fresh = sk_calloc(&model->heap, (size_t)loop->n_carried, sizeof *fresh);
    if (!fresh) return sk_oom(&model->error, 64);
    sk_status status = SK_OK;
    for (int i = 0; i < loop->n_carried && status == SK_OK; i++)
        status = copy_tensor(model, &fresh[i], &sk_slot_of(frame->plan, body->outputs[first + i])->t);
    for (int i = 0; i < loop->n_carried; i++) {
        const sk_tensor old = loop->carried[i];
        if (status == SK_OK) loop->carried[i] = fresh[i], fresh[i] = old;
        sk_free(&model->heap, fresh[i].data);
    }
    sk_free(&model->heap, fresh);
    SK_TRY(status);
    loop->iteration++;
    SK_TRY(next_batch(model, loop));
    if (loop->iteration < loop->trip && loop->condition && loop->batch < loop->batches) {
        SK_TRY(start_iteration(model, loop, frame));
        return SK_MORE;
    }
    status = finish(model, loop);
    sk_loop_free(model, loop);
    frame->loop = NULL;
    return status;
}

sk_status sk_loop_start(sk_model *model, sk_plan *plan, sk_step *step) {
    if (plan->depth >= SK_MAX_DEPTH) return sk_fail(&model->error, SK_LIMIT, "loops are nested too deep");
    struct sk_loop *loop = sk_calloc(&model->heap, 1, sizeof *loop);
    if (!loop) return sk_oom(&model->error, sizeof *loop);
    loop->step = step;
    loop->plan = plan;
    loop->body = step->node->bodies[0];
    loop->is_scan = step->node->op->param;
    loop->condition = 1;
    sk_status status = count_parts(model, loop);
    if (status == SK_OK) status = loop->is_scan ? scan_trip(model, loop) : loop_trip(model, loop);
    if (status == SK_OK) status = make_parts(model, loop);
    if (status == SK_OK) status = next_batch(model, loop);
    if (status == SK_OK &&
        (loop->iteration >= loop->trip || !loop->condition || loop->batch >= loop->batches)) {
        status = finish(model, loop);
    } else if (status == SK_OK) {
        status = start_iteration(model, loop, &model->frames[model->n_frames]);
        if (status == SK_OK) {
            model->n_frames++;
            return SK_OK;
        }
    }
    sk_loop_free(model, loop);
    return status;
}
