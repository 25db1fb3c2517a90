/* Check mode: every step is prepared a second time with the scalar reference kernels, run on the same inputs,
 * and its outputs are compared. Slow, for `siskin run --check-nodes` and tests. */
#include <math.h>
#include <string.h>

#include "runtime/model.h"

sk_status sk_check_prepare(sk_plan *plan, sk_step *step, const sk_prepare *prepared, sk_error *err) {
    sk_prepare p = *prepared;
    p.reference = 1;
    p.scratch = 0;
    p.state = NULL;
    p.run = p.node->op->impl->run;
    if (p.node->op->impl->prepare) SK_TRY(p.node->op->impl->prepare(&p));
    sk_step *reference = sk_arena_calloc(p.arena, 1, sizeof *reference);
    if (!reference) return sk_oom(err, sizeof *reference);
    *reference = *step;
    reference->run = p.run;
    reference->state = p.state;
    reference->scratch = p.scratch;
    step->reference = reference;
    (void)plan;
    return SK_OK;
}

static double element(const sk_tensor *t, size_t i) {
    switch (t->type) {
    case SK_FLOAT32: return ((const float *)t->data)[i];
    case SK_FLOAT64: return ((const double *)t->data)[i];
    case SK_INT64: return (double)((const int64_t *)t->data)[i];
    case SK_INT32: return ((const int32_t *)t->data)[i];
    case SK_INT8: return ((const int8_t *)t->data)[i];
    case SK_UINT8:
    case SK_BOOL: return ((const uint8_t *)t->data)[i];
    default: return 0;
    }
}

static sk_status record(sk_model *model, const sk_node *node, int output, const sk_tensor *a,
                        const sk_tensor *b) {
    if (model->n_differences == model->cap_differences) {
        const int32_t capacity = model->cap_differences ? 2 * model->cap_differences : 64;
        sk_difference *grown = sk_realloc(&model->heap, model->differences, (size_t)capacity * sizeof *grown);
        if (!grown) return sk_oom(&model->error, (size_t)capacity * sizeof *grown);
        model->differences = grown;
        model->cap_differences = capacity;
    }
    sk_difference *d = &model->differences[model->n_differences++];
    *d = (sk_difference){.node = node, .output = output};
    if (!sk_same_shape(a, b) || a->type != b->type) {
        d->max_diff = INFINITY;
        return SK_OK;
    }
    const size_t n = a->kind ? 0 : sk_numel(a);
    for (size_t i = 0; i < n; i++) {
        const double x = element(a, i), y = element(b, i);
        if ((x != x && y != y) || x == y) {
            if (fabs(y) > d->max_abs && !isinf(y)) d->max_abs = fabs(y);
            continue;
        }
        const double diff = fabs(x - y);
        if (!(diff <= d->max_diff)) d->max_diff = diff == diff ? diff : INFINITY;
        if (fabs(y) > d->max_abs) d->max_abs = fabs(y);
    }
    return SK_OK;
}

static sk_status no_second_size(sk_run *r, int i) {
    const size_t bytes = sk_nbytes(r->out[i]);
    sk_free(r->heap, r->out[i]->data);
    r->out[i]->data = sk_alloc(r->heap, bytes);
    return r->out[i]->data ? SK_OK : sk_oom(r->err, bytes);
}

static sk_status compare(sk_model *model, const sk_step *step, sk_tensor **outs, void *scratch) {
    const sk_node *node = step->node;
    sk_error unused = {.status = SK_OK};
    sk_run r = {.node = node,
                .state = step->reference->state,
                .scratch = scratch,
                .in = step->in,
                .out = outs,
                .n_in = node->n_inputs,
                .n_out = node->n_outputs,
                .heap = &model->heap,
                .kept = &model->kept,
                .err = &unused,
                .allocate = no_second_size};
    const sk_status status = step->reference->run(&r);
    if (status != SK_OK)
        return sk_fail(&model->error, status, "the reference of %s: %s", node->op_type, unused.text);
    for (int i = 0; i < node->n_outputs; i++)
        if (step->out[i] && outs[i]) SK_TRY(record(model, node, i, step->out[i], outs[i]));
    return SK_OK;
}

/* The second run's outputs, in blocks of their own. */
static sk_status run_again(sk_model *model, const sk_step *step, sk_tensor *again, sk_tensor **outs) {
    const size_t n = (size_t)step->node->n_outputs;
    for (size_t i = 0; i < n; i++) {
        if (!step->out[i]) continue;
        again[i] = *step->out[i];
        again[i].data = sk_calloc(&model->heap, 1, sk_nbytes(step->out[i]));
        outs[i] = &again[i];
        if (!again[i].data) return sk_oom(&model->error, sk_nbytes(step->out[i]));
    }
    void *scratch = sk_alloc(&model->heap, step->reference->scratch);
    if (!scratch) return sk_oom(&model->error, step->reference->scratch);
    const sk_status status = compare(model, step, outs, scratch);
    sk_free(&model->heap, scratch);
    return status;
}

sk_status sk_check_step(sk_model *model, const sk_step *step) {
    sk_heap *heap = &model->heap;
    const size_t n = (size_t)step->node->n_outputs;
    sk_tensor *again = sk_calloc(heap, n, sizeof *again);
    sk_tensor **outs = sk_calloc(heap, n, sizeof *outs);
    sk_status status;
    if (again && outs) status = run_again(model, step, again, outs);
    else status = sk_oom(&model->error, n * sizeof *again);
    for (size_t i = 0; again && i < n; i++) sk_free(heap, again[i].data);
    sk_free(heap, outs);
    sk_free(heap, again);
    return status;
}
