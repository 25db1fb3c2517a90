/* Loop and Scan: a body's plan run again and again by the executor. The values carried from one iteration to
 * the next and the collected outputs live in blocks of their own. ONNX: Loop (11), Scan (9). */
#include <string.h>

#include "runtime/model.h"

typedef struct collected { /* one scan output */
    sk_tensor item;        /* of one iteration */
    char *bytes;
    size_t used, capacity;
} collected;

struct sk_loop {
    sk_step *step;
    sk_plan *plan; /* around the body */
    sk_graph *body;
    int64_t trip, iteration;
    uint8_t condition;
    uint8_t is_scan;
    int32_t n_carried, n_scanned, n_collected; /* scanned: Scan's sliced inputs */
    sk_tensor *carried;                        /* data owned */
    sk_tensor *slices;                         /* Scan: this iteration's, data owned */
    collected *outputs;
};

void sk_loop_free(sk_model *model, struct sk_loop *loop) {
    if (!loop) return;
    for (int i = 0; loop->carried && i < loop->n_carried; i++) sk_free(&model->heap, loop->carried[i].data);
    for (int i = 0; loop->slices && i < loop->n_scanned; i++) sk_free(&model->heap, loop->slices[i].data);
    for (int i = 0; loop->outputs && i < loop->n_collected; i++)
        sk_free(&model->heap, loop->outputs[i].bytes);
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

static sk_status malformed(sk_model *model, const sk_node *node, const char *what) {
    char text[SK_NODE_TEXT];
    return sk_fail(&model->error, SK_MALFORMED, "%s: %s", sk_node_text(node, text), what);
}

static sk_status count_parts(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    const sk_graph *body = loop->body;
    if (loop->is_scan) {
        loop->n_scanned = (int32_t)sk_attr_int(node, "num_scan_inputs", 0);
        loop->n_carried = node->n_inputs - loop->n_scanned;
        loop->n_collected = body->n_outputs - loop->n_carried;
        if (loop->n_scanned < 1 || loop->n_carried < 0 || body->n_inputs != node->n_inputs)
            return malformed(model, node, "inputs and body do not match");
    } else {
        loop->n_carried = node->n_inputs - 2;
        loop->n_collected = body->n_outputs - 1 - loop->n_carried;
        if (loop->n_carried < 0 || body->n_inputs != loop->n_carried + 2)
            return malformed(model, node, "inputs and body do not match");
    }
    if (loop->n_collected < 0 || node->n_outputs > loop->n_carried + loop->n_collected)
        return malformed(model, node, "outputs and body do not match");
    return SK_OK;
}

static int64_t scan_list(const sk_node *node, const char *name, int i) {
    uint32_t count;
    const int64_t *list = sk_attr_ints(node, name, &count);
    return (uint32_t)i < count ? list[i] : 0;
}

/* Scan's trip count is the length of its scanned axes, which must agree. */
static sk_status scan_trip(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    loop->trip = -1;
    for (int i = 0; i < loop->n_scanned; i++) {
        const sk_tensor *in = loop->step->in[loop->n_carried + i];
        int axis;
        if (!in || !sk_axis(scan_list(node, "scan_input_axes", i), in->rank, &axis))
            return malformed(model, node, "a scanned axis does not exist");
        if (loop->trip >= 0 && loop->trip != in->dims[axis])
            return malformed(model, node, "the scanned axes differ in length");
        loop->trip = in->dims[axis];
    }
    return SK_OK;
}

static sk_status loop_trip(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    const sk_tensor *trip = loop->step->in[0], *condition = loop->step->in[1];
    loop->trip = INT64_MAX;
    loop->condition = 1;
    if (trip) {
        if (trip->type != SK_INT64 || sk_numel(trip) != 1)
            return malformed(model, node, "the trip count is not an int64");
        loop->trip = *(const int64_t *)trip->data;
    }
    if (condition) {
        if (condition->type != SK_BOOL || sk_numel(condition) != 1)
            return malformed(model, node, "the condition is not a bool");
        loop->condition = *(const uint8_t *)condition->data;
    }
    return SK_OK;
}

static sk_status make_parts(sk_model *model, struct sk_loop *loop) {
    const int first = loop->is_scan ? 0 : 2;
    loop->carried = sk_calloc(&model->heap, (size_t)loop->n_carried, sizeof *loop->carried);
    loop->slices = sk_calloc(&model->heap, (size_t)loop->n_scanned, sizeof *loop->slices);
    loop->outputs = sk_calloc(&model->heap, (size_t)loop->n_collected, sizeof *loop->outputs);
    if (!loop->carried || !loop->slices || !loop->outputs) return sk_oom(&model->error, 64);
    for (int i = 0; i < loop->n_carried; i++) {
        if (!loop->step->in[first + i])
            return malformed(model, loop->step->node, "a carried value has no start");
        SK_TRY(copy_tensor(model, &loop->carried[i], loop->step->in[first + i]));
    }
    return SK_OK;
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
        const sk_tensor *in = loop->step->in[loop->n_carried + i];
        int axis;
        sk_axis(scan_list(node, "scan_input_axes", i), in->rank, &axis);
        const int backward = scan_list(node, "scan_input_directions", i) == 1;
        const int64_t at = backward ? loop->trip - 1 - loop->iteration : loop->iteration;
        SK_TRY(take_slice(model, &loop->slices[i], in, axis, at));
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

static sk_status collect(sk_model *model, struct sk_loop *loop, int i, const sk_tensor *item) {
    collected *c = &loop->outputs[i];
    const size_t bytes = sk_nbytes(item);
    if (c->item.type && (c->item.type != item->type || !sk_same_shape(&c->item, item)))
        return malformed(model, loop->step->node, "a collected output changes its shape between iterations");
    if (item->rank == SK_MAX_RANK)
        return malformed(model, loop->step->node, "a collected output has too many dimensions");
    c->item = *item;
    size_t needed;
    if (!sk_add(c->used, bytes, &needed) || needed > SK_MAX_TENSOR_BYTES)
        return sk_fail(&model->error, SK_LIMIT, "a Loop's collected output exceeds 1 GiB");
    if (needed > c->capacity || !c->bytes) {
        const size_t capacity = needed + needed / 2;
        char *grown = sk_realloc(&model->heap, c->bytes, capacity);
        if (!grown) return sk_oom(&model->error, capacity);
        c->bytes = grown;
        c->capacity = capacity;
    }
    memcpy(c->bytes + c->used, item->data, bytes);
    c->used = needed;
    return SK_OK;
}

/* ---- end ---- */

/* The type of a collected output when no iteration ran: what the body declares, unknown dimensions as 0. */
static sk_tensor never_collected(const sk_value *declared) {
    sk_tensor t = declared->type;
    t.layout = SK_PLAIN;
    if (!t.type) t.type = SK_FLOAT32;
    if (t.rank < 0) t.rank = 0;
    for (int i = 0; i < t.rank; i++)
        if (t.dims[i] < 0) t.dims[i] = 0;
    return t;
}

static sk_status move_axis_last_to(sk_model *model, const sk_node *node, int i) {
    if (scan_list(node, "scan_output_axes", i) || scan_list(node, "scan_output_directions", i))
        return sk_fail(&model->error, SK_UNSUPPORTED,
                       "Scan '%s': scan_output_axes and scan_output_directions", node->name);
    return SK_OK;
}

static sk_status finish(sk_model *model, struct sk_loop *loop) {
    const sk_node *node = loop->step->node;
    const int first_collected = loop->is_scan ? loop->n_carried : 1 + loop->n_carried;
    for (int i = 0; i < node->n_outputs; i++) {
        sk_slot *slot = loop->step->out_slots[i];
        if (!slot) continue;
        if (i < loop->n_carried) {
            sk_free(&model->heap, slot->t.data);
            slot->t = loop->carried[i];
            loop->carried[i].data = NULL;
            continue;
        }
        collected *c = &loop->outputs[i - loop->n_carried];
        if (loop->is_scan) SK_TRY(move_axis_last_to(model, node, i - loop->n_carried));
        sk_tensor t = c->item.type
                          ? c->item
                          : never_collected(loop->body->outputs[first_collected + i - loop->n_carried]);
        memmove(t.dims + 1, t.dims, (size_t)t.rank * sizeof *t.dims);
        t.dims[0] = (int32_t)loop->iteration;
        t.rank++;
        if (!c->bytes) c->bytes = sk_alloc(&model->heap, 0);
        if (!c->bytes) return sk_oom(&model->error, 0);
        t.data = c->bytes;
        c->bytes = NULL;
        sk_free(&model->heap, slot->t.data);
        slot->t = t;
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
            return malformed(model, loop->step->node, "the body's condition is not a bool");
        loop->condition = *(const uint8_t *)condition->data;
    }
    for (int i = 0; i < loop->n_collected; i++)
        SK_TRY(
            collect(model, loop, i, &sk_slot_of(frame->plan, body->outputs[first + loop->n_carried + i])->t));
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
    if (loop->iteration < loop->trip && loop->condition) {
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
    if (status == SK_OK && (loop->trip <= 0 || !loop->condition)) {
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
