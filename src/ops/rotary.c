/* RotaryEmbedding, ai.onnx's and com.microsoft's: pairs of numbers of every head are turned by an angle that
 * depends on the token's position. Of X [batch][rows][heads * depth] or [batch][heads][rows][depth] the first
 * 2 * half numbers of a head are pairs: neighbours, or the two halves. cos and sin are tables
 * [positions][half], or [batch][rows][half] where no positions are given. The param tells whose:
 * com.microsoft has the positions before the tables, possibly only the first row's. */
#include "ops/elementwise.h"

typedef struct rotary_params {
    int64_t interleaved, heads, dim;
} rotary_params;

typedef struct sizes {
    int32_t batch, rows, heads, depth, half;
} sizes;

enum { ONNX, MICROSOFT };

static sk_status import(sk_import *c) {
    rotary_params *p = sk_params(c, sizeof *p);
    if (!p) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "interleaved", 0, &p->interleaved));
    SK_TRY(sk_want_int(c, "num_heads", 0, &p->heads));
    SK_TRY(sk_want_int(c, "rotary_embedding_dim", 0, &p->dim));
    if (p->heads < 0 || p->heads > INT32_MAX || p->dim < 0 || p->dim > INT32_MAX || p->dim % 2)
        return sk_bad_attr(c, SK_MALFORMED, "num_heads %lld, rotary_embedding_dim %lld", (long long)p->heads,
                           (long long)p->dim);
    return SK_OK;
}

static int table_at(const sk_node *node) { return node->op->param == MICROSOFT ? 2 : 1; }

static const sk_tensor *positions_of(const sk_node *node, int n_in, const sk_tensor *const *in) {
    const int at = node->op->param == MICROSOFT ? 1 : 3;
    return at < n_in ? in[at] : NULL;
}

/* 0: these shapes do not fit. All are known. */
static int measure(const sk_node *node, int n_in, const sk_tensor *const *in, sizes *s) {
    const rotary_params *p = node->params;
    const sk_tensor *x = in[0], *cos = in[table_at(node)], *sin = in[table_at(node) + 1];
    const sk_tensor *at = positions_of(node, n_in, in);
    if ((x->rank != 3 && x->rank != 4) || cos->rank != (at ? 2 : 3) || !sk_same_shape(cos, sin)) return 0;
    s->half = cos->dims[cos->rank - 1];
    s->batch = x->dims[0];
    s->rows = x->dims[x->rank - 2];
    s->heads = x->rank == 4 ? x->dims[1] : (int32_t)p->heads;
    s->depth = x->dims[x->rank - 1];
    if (x->rank == 3) {
        /* com.microsoft: without a number of heads, whole heads are turned */
        if (!s->heads && node->op->param == MICROSOFT && s->half > 0) s->heads = s->depth / s->half / 2;
        if (!s->heads || s->depth % s->heads) return 0;
        s->depth /= s->heads;
    }
    /* com.microsoft: as many as the tables say */
    const int64_t turned = p->dim ? p->dim : node->op->param == MICROSOFT ? (int64_t)s->half * 2 : s->depth;
    if (turned != (int64_t)s->half * 2 || s->half > s->depth / 2) return 0;
    if (!at) return cos->dims[0] == s->batch && cos->dims[1] == s->rows;
    if (node->op->param == MICROSOFT && at->rank == 1) return at->dims[0] == 1;
    return at->rank == 2 && at->dims[0] == s->batch && at->dims[1] == s->rows;
}

static sk_status infer(sk_infer *c) {
    const int table = table_at(c->node);
    const sk_tensor *x = c->in[0], *at = positions_of(c->node, c->n_in, c->in);
    const uint32_t type = x->type ? 1u << x->type : SK_T_NORM;
    sizes s;
    SK_TRY(sk_want_types(c, table, type));
    SK_TRY(sk_want_types(c, table + 1, type));
    if (at && at->type && at->type != SK_INT64) return sk_bad_shape(c, "positions are %pT", at);
    if (sk_shape_known(x) && sk_shape_known(c->in[table]) && sk_shape_known(c->in[table + 1]) &&
        (!at || sk_shape_known(at)) && !measure(c->node, c->n_in, c->in, &s))
        return sk_bad_shape(c, "X %pT, cos %pT, sin %pT, positions %pT do not fit", x, c->in[table],
                            c->in[table + 1], at);
    return sk_infer_same(c);
}

static sk_status prepare(sk_prepare *p) {
    const int table = table_at(p->node);
    p->scratch = sk_f32_scratch(p->in[0]) + sk_f32_scratch(p->in[table]) + sk_f32_scratch(p->in[table + 1]) +
                 sk_f32_scratch(p->out[0]);
    return SK_OK;
}

typedef struct rotary_call {
    sizes s;
    int interleaved, by_head; /* by_head: [batch][heads][rows], else [batch][rows][heads] */
    const sk_tensor *positions;
    const float *x, *cos, *sin;
    float *y;
} rotary_call;

/* The position of row i of [batch][rows]. */
static int64_t position(const rotary_call *c, size_t i) {
    const sk_tensor *t = c->positions;
    if (!t) return (int64_t)i;
    const int64_t *at = t->data;
    return t->rank == 1 ? (int64_t)((uint64_t)at[0] + i % (size_t)c->s.rows) : at[i];
}

/* Heads [begin, end), as they lie. */
static void part(const void *work, size_t begin, size_t end, int thread) {
    const rotary_call *c = work;
    const size_t heads = (size_t)c->s.heads, rows = (size_t)c->s.rows, depth = (size_t)c->s.depth,
                 half = (size_t)c->s.half, step = c->interleaved ? 1 : half;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const size_t row = c->by_head ? i / (heads * rows) * rows + i % rows : i / heads;
        const size_t table = (size_t)position(c, row) * half;
        const float *x = c->x + i * depth;
        float *y = c->y + i * depth;
        for (size_t j = 0; j < half; j++) {
            const size_t a = c->interleaved ? 2 * j : j;
            const float re = x[a], im = x[a + step], cos = c->cos[table + j], sin = c->sin[table + j];
            y[a] = re * cos - im * sin;
            y[a + step] = re * sin + im * cos;
        }
        for (size_t j = 2 * half; j < depth; j++) y[j] = x[j];
    }
}

static sk_status run(sk_run *r) {
    const rotary_params *p = r->node->params;
    const int table = table_at(r->node);
    float *scratch = r->scratch;
    rotary_call c = {.interleaved = p->interleaved != 0, .by_head = r->in[0]->rank == 4};
    measure(r->node, r->n_in, r->in, &c.s);
    if (!sk_numel(r->out[0])) return SK_OK;
    c.positions = positions_of(r->node, r->n_in, r->in);
    const size_t rows = (size_t)c.s.batch * (size_t)c.s.rows;
    for (size_t i = 0; c.positions && i < rows; i++) {
        const int64_t at = position(&c, i);
        if (at < 0 || at >= r->in[table]->dims[0]) return sk_bad_index(r, at, 0, r->in[table]->dims[0]);
    }
    c.x = sk_as_f32(r->in[0], &scratch);
    c.cos = sk_as_f32(r->in[table], &scratch);
    c.sin = sk_as_f32(r->in[table + 1], &scratch);
    c.y = sk_f32_result(r->out[0], &scratch);
    sk_split(r->pool, rows * (size_t)c.s.heads, (double)c.s.depth, part, &c);
    sk_f32_finish(r->out[0], c.y);
    return SK_OK;
}

const sk_impl sk_impl_rotary = {import, infer, prepare, run, NULL};
