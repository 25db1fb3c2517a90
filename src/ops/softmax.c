/* Softmax, LogSoftmax and Hardmax. Up to opset 12 they normalise over all axes from `axis` on, from 13 on
 * over `axis` alone; both are the middle of [outer][n][inner] in either layout, because channels-last moves
 * the first of the axes only. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/fold.h"

typedef struct softmax_state {
    sk_softmax_fn *kernel;
    sk_arg_fn *arg; /* Hardmax */
    size_t outer, n, inner;
    uint8_t loop;
} softmax_state;

static int kind_of(const sk_node *node) { return node->op->param & ~SK_OP_FROM_AXIS; }

static sk_status import(sk_import *c) {
    int64_t *axis = sk_params(c, sizeof *axis);
    if (!axis) return SK_OUT_OF_MEMORY;
    return sk_want_int(c, "axis", c->node->op->param & SK_OP_FROM_AXIS ? 1 : -1, axis);
}

static sk_status infer(sk_infer *c) {
    const int rank = c->in[0]->rank;
    int64_t axis = *(const int64_t *)c->node->params;
    int at;
    /* a flattening may also begin behind the last axis, or be of a scalar */
    const int beyond = axis == rank && (c->node->op->param & SK_OP_FROM_AXIS);
    if (rank >= 0 && !beyond && !sk_axis(axis, rank > 0 ? rank : 1, &at))
        return sk_bad_shape(c, "axis %lld outside rank %d", (long long)axis, rank);
    return sk_infer_same(c);
}

/* The normalised axes as the middle of the storage. */
static void split(const sk_prepare *p, softmax_state *s) {
    const sk_tensor *in = p->in[0];
    const int64_t param = *(const int64_t *)p->node->params;
    int32_t dims[SK_MAX_RANK];
    sk_storage_dims(in, dims);
    s->outer = s->n = s->inner = 1;
    const int first = (int)(param < 0 ? param + in->rank : param);
    for (int axis = 0; axis < in->rank; axis++) {
        const int among = p->node->op->param & SK_OP_FROM_AXIS ? axis >= first : axis == first;
        if (among) s->n *= (size_t)in->dims[axis];
    }
    int seen = 0;
    for (int at = 0; at < in->rank; at++) {
        int axis = 0;
        while (sk_storage_axis(in, axis) != at) axis++;
        const int among = p->node->op->param & SK_OP_FROM_AXIS ? axis >= first : axis == first;
        seen |= among;
        if (!among && seen) s->inner *= (size_t)dims[at];
        if (!among && !seen) s->outer *= (size_t)dims[at];
    }
}

static sk_status prepare(sk_prepare *p) {
    softmax_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    const int type = p->in[0]->type;
    split(p, s);
    s->loop = type == SK_FLOAT64 || sk_reference(p) ? SK_FLOAT64 : SK_FLOAT32;
    s->kernel = sk_select_softmax(s->loop);
    s->arg = sk_select_arg(s->loop);
    const size_t numel = sk_numel(p->in[0]);
    if (kind_of(p->node) == SK_OP_HARDMAX) p->scratch = sk_pad16(s->outer * s->inner * sizeof(int64_t));
    if (type != s->loop) p->scratch += numel * (size_t)sk_type_bits(s->loop) / 8;
    return SK_OK;
}

static void hardmax(const softmax_state *s, const void *x, void *y, int64_t *index) {
    const sk_arg_args args = {.outer = s->outer, .n = s->n, .inner = s->inner, .x = x, .index = index};
    const size_t numel = s->outer * s->n * s->inner;
    if (!numel) return;
    s->arg(&args);
    memset(y, 0, numel * (size_t)sk_type_bits(s->loop) / 8);
    for (size_t row = 0; row < s->outer * s->inner; row++) {
        const size_t at = (row / s->inner * s->n + (size_t)index[row]) * s->inner + row % s->inner;
        if (s->loop == SK_FLOAT32) ((float *)y)[at] = 1;
        else ((double *)y)[at] = 1;
    }
}

typedef struct softmax_work {
    const softmax_state *s;
    const uint8_t *x;
    uint8_t *y;
    size_t bytes; /* of an outer position */
    uint8_t log;
} softmax_work;

/* Outer positions [begin, end). */
static void outer_part(const void *work, size_t begin, size_t end, int thread) {
    const softmax_work *w = work;
    const size_t first = begin * w->bytes;
    (void)thread;
    w->s->kernel(&(sk_softmax_args){end - begin, w->s->n, w->s->inner, w->x + first, w->y + first, w->log});
}

static sk_status run(sk_run *r) {
    const softmax_state *s = r->state;
    const sk_tensor *in = r->in[0], *out = r->out[0];
    const int kind = kind_of(r->node);
    const size_t numel = sk_numel(in);
    const void *x = in->data;
    void *y = out->data, *index = r->scratch;
    if (in->type != s->loop) {
        y = (uint8_t *)r->scratch +
            (kind == SK_OP_HARDMAX ? sk_pad16(s->outer * s->inner * sizeof(int64_t)) : 0);
        sk_convert(in->type, s->loop, x, y, 0, numel);
        x = y;
    }
    if (kind == SK_OP_HARDMAX) hardmax(s, x, y, index);
    else {
        const size_t row = s->n * s->inner;
        const softmax_work w = {s, x, y, row * (size_t)sk_type_bits(s->loop) / 8, kind == SK_OP_LOG_SOFTMAX};
        sk_split(r->pool, s->outer, (double)row, outer_part, &w);
    }
    if (in->type != s->loop) sk_convert(s->loop, out->type, y, out->data, 0, numel);
    return SK_OK;
}

const sk_impl sk_impl_softmax = {.import = import, .infer = infer, .prepare = prepare, .run = run};
