/* MaxPool, AveragePool, LpPool and their global forms. maximum and average go channels-last, one
 * output pixel at a time, all channels vectorised; other types, Lp and indices take the scalar definition. A
 * global pool is a window over one merged spatial dimension, so it takes any rank. */
#include "ops/window.h"
#include "ops/elementwise.h"

#include <string.h>

typedef struct pool_params {
    sk_window_attrs attrs;
    uint8_t count_pad, column_major;
    int32_t p;
} pool_params;

typedef struct pool_state {
    sk_window w;
    int32_t pad_end[3];
    uint8_t kind, turn_x, turn_y, pads_count, size; /* size: bytes of an element */
    sk_pool_fn *pixel;
    size_t x, y, rows; /* offsets in scratch */
    size_t rows_bytes; /* a thread's */
} pool_state;

typedef struct pool_call {
    const pool_state *s;
    const char *x;
    char *y, *rows;
} pool_call;

static int is_global(int param) { return param >= SK_OP_GLOBAL_MAX; }

static int kind_of(int param) {
    switch (param) {
    case SK_OP_MAX_POOL:
    case SK_OP_GLOBAL_MAX: return SK_POOL_MAX;
    case SK_OP_AVERAGE_POOL:
    case SK_OP_GLOBAL_AVERAGE: return SK_POOL_AVERAGE;
    default: return SK_POOL_LP;
    }
}

static sk_status pool_import(sk_import *c) {
    const sk_attr *attr = sk_node_attr(c->node, "p");
    pool_params *params = sk_params(c, sizeof *params);
    if (!params) return sk_oom(c->err, sizeof *params);
    if (!is_global(c->node->op->param)) SK_TRY(sk_window_import(c, &params->attrs));
    params->p = 2;
    if (attr && attr->kind == SK_ATTR_FLOAT) { /* as the first opset had it */
        if (!(attr->f >= 1 && attr->f <= 1000))
            return sk_node_fail(c->node, c->err, SK_MALFORMED, "p is outside of 1 to 1000");
        params->p = (int32_t)attr->f;
    } else {
        SK_TRY(sk_want(c, "p", SK_ATTR_INT, &attr));
        if (attr && (attr->i < 1 || attr->i > 1000))
            return sk_node_fail(c->node, c->err, SK_MALFORMED, "p is %lld", (long long)attr->i);
        if (attr) params->p = (int32_t)attr->i;
    }
    SK_TRY(sk_want(c, "count_include_pad", SK_ATTR_INT, &attr));
    params->count_pad = attr && attr->i != 0;
    SK_TRY(sk_want(c, "storage_order", SK_ATTR_INT, &attr));
    params->column_major = attr && attr->i != 0;
    return SK_OK;
}

static sk_status pool_infer(sk_infer *c) {
    const pool_params *params = c->node->params;
    const sk_tensor *x = c->in[0];
    sk_tensor *y = c->out[0];
    if (y) {
        y->type = x->type;
    } else {
        return sk_fail(c->err, SK_UNSUPPORTED, "%s: without its first output", c->node->op_type);
    }
    if (c->n_out > 1 && c->out[1]) c->out[1]->type = SK_INT64;
    if (x->rank < 0) return SK_OK;
    if (is_global(c->node->op->param)) {
        if (x->rank < 2) return sk_bad_shape(c, "input of rank %d", x->rank);
        sk_copy_type(y, x);
        for (int i = 2; i < x->rank; i++) y->dims[i] = 1;
        return SK_OK;
    }
    sk_window_attrs attrs = params->attrs;
    SK_TRY(sk_window_complete(c, &attrs, x, NULL));
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = x->dims[1];
    SK_TRY(sk_window_output(c, &attrs, x, y));
    if (c->n_out > 1 && c->out[1]) sk_set_shape(c->out[1], SK_INT64, y->rank, y->dims);
    return SK_OK;
}

static void global_window(const sk_tensor *x, sk_window *w) {
    const int32_t pixels = (int32_t)sk_span(x, 2, x->rank);
    *w = (sk_window){.batch = x->dims[0], .groups = 1, .in_c = x->dims[1], .out_c = x->dims[1]};
    for (int d = 0; d < 3; d++) w->in[d] = w->out[d] = w->kernel[d] = w->stride[d] = w->dilation[d] = 1;
    w->in[2] = w->kernel[2] = pixels;
}

static sk_status run_nothing(sk_run *r) {
    (void)r;
    return SK_OK;
}

static sk_status pool_run(sk_run *r);
static sk_status pool_run_scalar(sk_run *r);

static sk_status prepare_typed(sk_prepare *p) {
    const pool_params *params = p->node->params;
    const sk_tensor *x = p->in[0], *y = p->out[0];
    pool_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    p->run = run_nothing;
    if (sk_numel(y) == 0) return SK_OK;
    s->kind = (uint8_t)kind_of(p->node->op->param);
    if (is_global(p->node->op->param)) {
        global_window(x, &s->w);
    } else {
        sk_window_attrs attrs = params->attrs;
        attrs.spatial = (int8_t)(x->rank - 2);
        sk_window_make(&attrs, x, y, 1, &s->w, s->pad_end);
        s->pads_count = params->count_pad;
    }
    s->size = (uint8_t)sk_elem(x->type);
    s->pixel = sk_select_pool(s->kind, x->type, sk_reference(p));
    const int indices = p->n_out > 1 && p->out[1];
    p->run = pool_run_scalar;
    if (!s->pixel || indices) return SK_OK;
    p->run = pool_run;
    s->turn_x = x->layout == SK_PLAIN && sk_layout_matters(x);
    s->turn_y = y->layout == SK_PLAIN && sk_layout_matters(y);
    size_t bytes;
    if ((s->turn_x && !sk_scratch_take(p, sk_nbytes(x), &s->x)) ||
        (s->turn_y && !sk_scratch_take(p, sk_nbytes(y), &s->y)))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    /* no window sees more rows than there are, whatever the kernel's size */
    const size_t planes = (size_t)(s->w.kernel[0] < s->w.in[0] ? s->w.kernel[0] : s->w.in[0]);
    const size_t lines = (size_t)(s->w.kernel[1] < s->w.in[1] ? s->w.kernel[1] : s->w.in[1]);
    if (!sk_mul(planes * lines, sizeof(float *), &s->rows_bytes) ||
        !sk_mul(s->rows_bytes, (size_t)p->threads, &bytes) || !sk_scratch_take(p, bytes, &s->rows))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    return SK_OK;
}

static sk_status pool_prepare(sk_prepare *p) {
    const int narrow = sk_type_in(p->in[0]->type, SK_T(FLOAT16) | SK_T(BFLOAT16));
    return narrow ? sk_prepare_as_f32(p, 1, prepare_typed) : prepare_typed(p);
}

/* All windows at output line (z, y) of one image. x, y: the image's. */
static void pool_line(const pool_state *s, const char *x, char *y, int32_t oz, int32_t oy,
                      const void **rows) {
    const sk_window *w = &s->w;
    const size_t c = (size_t)w->in_c, step = c * s->size;
    const int32_t *end = s->pads_count ? s->pad_end : NULL;
    const sk_span_at z = sk_window_span(w, 0, oz, end ? end[0] : 0),
                     l = sk_window_span(w, 1, oy, end ? end[1] : 0);
    sk_pool_args args = {c, (size_t)z.count * (size_t)l.count, 0, (size_t)w->dilation[2] * c, rows, 1, NULL};
    for (int32_t ox = 0; ox < w->out[2]; ox++) {
        const sk_span_at h = sk_window_span(w, 2, ox, end ? end[2] : 0);
        size_t n = 0;
        for (int32_t i = 0; i < z.count && h.count; i++)
            for (int32_t j = 0; j < l.count; j++) {
                const int32_t at_z = z.from + i * w->dilation[0], at_y = l.from + j * w->dilation[1];
                const size_t pixel = ((size_t)at_z * (size_t)w->in[1] + (size_t)at_y) * (size_t)w->in[2];
                rows[n++] = x + (pixel + (size_t)h.from) * step;
            }
        args.length = (size_t)h.count;
        args.divisor = end ? (float)z.counted * (float)l.counted * (float)h.counted
                           : (float)z.count * (float)l.count * (float)h.count;
        if (args.divisor == 0) args.divisor = 1;
        args.runs = h.count ? n : 0;
        args.y = y + (size_t)ox * step;
        s->pixel(&args);
    }
}

/* Lines of the output, counted over all images. */
static void pool_part(const void *work, size_t begin, size_t end, int thread) {
    const pool_call *c = work;
    const sk_window *w = &c->s->w;
    const size_t step = (size_t)w->in_c * c->s->size, lines = (size_t)w->out[0] * (size_t)w->out[1];
    const void **rows = (const void **)(c->rows + (size_t)thread * c->s->rows_bytes);
    for (size_t i = begin; i < end; i++) {
        const size_t line = i % lines, height = (size_t)w->out[1];
        pool_line(c->s, c->x + i / lines * sk_pixels(w->in) * step, c->y + i * (size_t)w->out[2] * step,
                  (int32_t)(line / height), (int32_t)(line % height), rows);
    }
}

static sk_status pool_run(sk_run *r) {
    const pool_state *s = r->state;
    const sk_window *w = &s->w;
    char *scratch = r->scratch;
    const pool_call call = {s, sk_turned_input(r, s->turn_x, s->x),
                            s->turn_y ? scratch + s->y : r->out[0]->data, scratch + s->rows};
    const double reads = (double)w->out[2] * w->in_c * w->kernel[0] * w->kernel[1] * w->kernel[2];
    sk_split(r->pool, (size_t)w->batch * (size_t)w->out[0] * (size_t)w->out[1], reads * 0.2, pool_part,
             &call);
    if (s->turn_y) sk_turn_output(r, call.y);
    return SK_OK;
}

static sk_status pool_run_scalar(sk_run *r) {
    const pool_state *s = r->state;
    const pool_params *params = r->node->params;
    const sk_any_pool_args args = {.w = &s->w,
                                   .x = r->in[0]->data,
                                   .y = r->out[0]->data,
                                   .indices = r->n_out > 1 && r->out[1] ? r->out[1]->data : NULL,
                                   .pad_end = s->pads_count ? s->pad_end : NULL,
                                   .type = r->in[0]->type,
                                   .kind = s->kind,
                                   .x_last = r->in[0]->layout == SK_CHANNELS_LAST,
                                   .y_last = r->out[0]->layout == SK_CHANNELS_LAST,
                                   .column_major = params->column_major,
                                   .p = params->p};
    any_pool__ref(&args);
    return SK_OK;
}

const sk_impl sk_impl_pool = {
    .import = pool_import, .infer = pool_infer, .prepare = pool_prepare, .run = pool_run_scalar};
