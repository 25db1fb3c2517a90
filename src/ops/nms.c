/* NonMaxSuppression: greedy, per batch and class. How many boxes remain is known only at the end, so the
 * triples are gathered in a growing list. */
#include <string.h>

#include "ops/elementwise.h"
#include "ops/order.h"

typedef struct nms_params {
    int64_t center_point_box;
} nms_params;

static sk_status nms_import(sk_import *c) {
    nms_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    return sk_want_int(c, "center_point_box", 0, &params->center_point_box);
}

static sk_status nms_infer(sk_infer *c) {
    int64_t boxes[3] = {-1, -1, 4}, scores[3], dims[2] = {-1, 3};
    SK_TRY(sk_fit(c, 0, 3, boxes));
    scores[0] = boxes[0];
    scores[1] = -1;
    scores[2] = boxes[1];
    SK_TRY(sk_fit(c, 1, 3, scores));
    for (int i = 1; i < 5; i++) SK_TRY(sk_want_types(c, i, i == 2 ? SK_T(INT64) : SK_T(FLOAT32)));
    for (int i = 2; i < 5; i++) SK_TRY(sk_want_one(c, i));
    return sk_set_out(c, 0, SK_INT64, 2, dims);
}

typedef struct box {
    float y0, x0, y1, x1, area;
} box;

static float low(float a, float b) { return a < b ? a : b; }
static float high(float a, float b) { return a > b ? a : b; }

static box read_box(const float *p, int centered) {
    box b;
    if (centered) /* x, y of the centre, width, height */
        b = (box){p[1] - p[3] / 2, p[0] - p[2] / 2, p[1] + p[3] / 2, p[0] + p[2] / 2, 0};
    else /* any two opposite corners as y, x */
        b = (box){low(p[0], p[2]), low(p[1], p[3]), high(p[0], p[2]), high(p[1], p[3]), 0};
    b.area = (b.y1 - b.y0) * (b.x1 - b.x0);
    return b;
}

static int overlap(const box *a, const box *b, float threshold) {
    const float h = low(a->y1, b->y1) - high(a->y0, b->y0), w = low(a->x1, b->x1) - high(a->x0, b->x0);
    if (!(h > 0 && w > 0)) return 0;
    const float shared = h * w, all = a->area + b->area - shared;
    return all > 0 && shared / all > threshold;
}

/* Scratch: per class the candidates, and the boxes chosen so far. */
static sk_status nms_prepare(sk_prepare *p) {
    p->scratch = (size_t)p->in[0]->dims[1] * (sizeof(sk_ranked) + sizeof(box));
    return SK_OK;
}

typedef struct triples {
    int64_t *list;
    size_t n, capacity;
} triples;

static sk_status add(sk_run *r, triples *t, int64_t batch, int64_t class, int64_t index) {
    if (t->n == t->capacity) {
        const size_t capacity = t->capacity ? 2 * t->capacity : 64, bytes = capacity * 3 * sizeof *t->list;
        int64_t *grown = sk_realloc(r->heap, t->list, bytes);
        if (!grown) return sk_oom(r->err, bytes);
        t->list = grown;
        t->capacity = capacity;
    }
    int64_t *row = t->list + 3 * t->n++;
    row[0] = batch, row[1] = class, row[2] = index;
    return SK_OK;
}

typedef struct nms_limits {
    int64_t boxes;
    float overlap;
    const float *score; /* NULL: none */
} nms_limits;

static sk_status one_class(sk_run *r, const nms_limits *limits, int64_t batch, int64_t class, triples *t) {
    const nms_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *scores = r->in[1];
    const size_t n = (size_t)in->dims[1],
                 first = ((size_t)batch * (size_t)scores->dims[1] + (size_t)class) * n;
    const float *score = (const float *)scores->data + first,
                *corners = (const float *)in->data + (size_t)batch * n * 4;
    sk_ranked *candidates = r->scratch;
    box *chosen = (box *)(candidates + n);
    size_t count = 0, taken = 0;
    for (size_t i = 0; i < n; i++)
        if (!limits->score || score[i] > *limits->score)
            candidates[count++] = (sk_ranked){sk_order_key(scores, first + i), (int32_t)i};
    sk_rank_sort(candidates, count);
    for (size_t i = 0; i < count && (int64_t)taken < limits->boxes; i++) {
        const box b = read_box(corners + (size_t)candidates[i].index * 4, params->center_point_box != 0);
        size_t j = 0;
        while (j < taken && !overlap(&b, &chosen[j], limits->overlap)) j++;
        if (j < taken) continue;
        chosen[taken++] = b;
        SK_TRY(add(r, t, batch, class, candidates[i].index));
    }
    return SK_OK;
}

static const void *scalar(const sk_run *r, int i) {
    return i < r->n_in && r->in[i] && sk_numel(r->in[i]) ? r->in[i]->data : NULL;
}

static sk_status nms_run(sk_run *r) {
    const int64_t *most = scalar(r, 2);
    const float *overlap_limit = scalar(r, 3);
    const nms_limits limits = {most ? *most : 0, overlap_limit ? *overlap_limit : 0, scalar(r, 4)};
    triples t = {0};
    sk_status status = SK_OK;
    for (int32_t batch = 0; batch < r->in[1]->dims[0]; batch++)
        for (int32_t class = 0; class < r->in[1]->dims[1] && status == SK_OK; class ++)
            status = one_class(r, &limits, batch, class, &t);
    const int32_t dims[2] = {(int32_t)t.n, 3};
    if (status == SK_OK) status = sk_run_output(r, 0, 2, dims);
    if (status == SK_OK && t.n) memcpy(r->out[0]->data, t.list, t.n * 3 * sizeof *t.list);
    sk_free(r->heap, t.list);
    return status;
}

const sk_impl sk_impl_nms = {
    .import = nms_import, .infer = nms_infer, .prepare = nms_prepare, .run = nms_run};
