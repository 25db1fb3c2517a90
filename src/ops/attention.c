/* Attention: softmax(scale * Q K' + mask) V for every head, in float32. The attention pass makes it of what
 * exporters spell out, and models of opset 23 have it themselves (without past keys here). Q, K and V are
 * [batch][heads][rows][depth], or [batch][rows][heads * depth] as the products around it make and take them:
 * both are read by strides. K and V are packed once; then blocks of query rows go their way, each with the
 * scores of its own rows alone: memory grows with the keys, not with their square. */
#include <math.h>
#include <string.h>

#include "kernels/select.h"
#include "ops/elementwise.h"
#include "ops/product.h"
#include "ops/window.h"

typedef struct attention_params {
    int64_t q_heads, kv_heads; /* of operands of rank 3 */
    float scale;               /* 0: one over the root of the depth */
    uint8_t causal;
} attention_params;

/* One operand: batches, heads, rows, and what a row has; the steps between them, 0 along what is repeated. */
enum { BATCH, HEAD, ROW, COL };
typedef struct view {
    int32_t dims[4];
    size_t step[4];
} view;

enum { Q, K, V, MASK, Y };
typedef struct attention_state {
    view of[5];
    size_t scores, scores_step; /* in scratch, bytes and floats */
    size_t packed[2], panel[2]; /* K and V: where in scratch, floats of one matrix */
    size_t block, blocks;       /* rows a block */
    size_t limit;               /* keys that the mask reaches */
    float scale;
    sk_f32_gemm_fn *gemm;
    sk_f32_attention_fn *kernel;
} attention_state;

static sk_status import(sk_import *c) {
    attention_params *params = sk_params(c, sizeof *params);
    int64_t causal, mode;
    float softcap;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "q_num_heads", 0, &params->q_heads));
    SK_TRY(sk_want_int(c, "kv_num_heads", 0, &params->kv_heads));
    SK_TRY(sk_want_int(c, "is_causal", 0, &causal));
    SK_TRY(sk_want_int(c, "qk_matmul_output_mode", 0, &mode));
    SK_TRY(sk_want_float(c, "softcap", 0, &softcap));
    SK_TRY(sk_want_float(c, "scale", 0, &params->scale));
    params->causal = causal != 0;
    if (params->q_heads < 0 || params->kv_heads < 0 || params->q_heads > INT32_MAX ||
        params->kv_heads > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "the number of heads is negative or too large");
    for (int i = 4; i < c->node->n_inputs; i++)
        if (c->node->inputs[i]) return sk_bad_attr(c, SK_UNSUPPORTED, "past keys");
    for (int i = 1; i < c->node->n_outputs; i++)
        if (c->node->outputs[i]) return sk_bad_attr(c, SK_UNSUPPORTED, "output %d", i);
    return softcap != 0 ? sk_bad_attr(c, SK_UNSUPPORTED, "softcap") : SK_OK;
}

/* ---- shapes ---- */

/* The operand as [batch][heads][rows][cols], with unknown dimensions as -1. 0: not possible. */
static int see(const sk_tensor *t, int64_t heads, view *v) {
    int32_t *d = v->dims;
    for (int i = 0; i < 4; i++) d[i] = t->rank == 4 ? t->dims[i] : 1;
    if (t->rank == 3) {
        if (heads < 1 || (t->dims[2] >= 0 && t->dims[2] % heads)) return 0;
        d[BATCH] = t->dims[0];
        d[HEAD] = (int32_t)heads;
        d[ROW] = t->dims[1];
        d[COL] = t->dims[2] < 0 ? -1 : t->dims[2] / (int32_t)heads;
    }
    v->step[COL] = 1;
    v->step[ROW] = (size_t)d[COL] * (t->rank == 3 ? (size_t)d[HEAD] : 1);
    v->step[HEAD] = (size_t)d[COL] * (t->rank == 3 ? 1 : (size_t)d[ROW]);
    v->step[BATCH] = (size_t)d[COL] * (size_t)d[HEAD] * (size_t)d[ROW];
    for (int i = 0; i < 3; i++)
        if (d[i] == 1) v->step[i] = 0;
    return 1;
}

/* A mask's dimensions are the last ones of [batch][heads][rows][keys]; it may be shorter than the keys, which
 * are not seen from there on. */
static int see_mask(const sk_tensor *t, view *v) {
    size_t step = 1;
    if (t->rank > 4) return 0;
    for (int i = 3; i >= 0; i--) {
        const int at = i - (4 - t->rank);
        v->dims[i] = at >= 0 ? t->dims[at] : 1;
        v->step[i] = v->dims[i] == 1 ? 0 : step;
        step *= (size_t)v->dims[i];
    }
    return 1;
}

/* Broadcasts dimension b into *a, -1 being unknown; 0 when they do not fit. */
static int mix(int32_t *a, int32_t b) {
    if (b == 1 || *a == b) return 1;
    if (*a == 1 || (*a < 0 && b >= 0)) *a = b;
    else if (b >= 0) return 0;
    return 1;
}

static int same(int32_t a, int32_t b) { return a < 0 || b < 0 || a == b; }

/* The result's dimensions, and the number of keys. Heads of K and V may serve several of Q. */
static int measure(const view of[5], int with_mask, int32_t dims[4], int32_t *keys) {
    memcpy(dims, of[Q].dims, 4 * sizeof *dims);
    dims[COL] = of[V].dims[COL];
    *keys = of[K].dims[ROW];
    for (int i = K; i <= (with_mask ? MASK : V); i++) {
        const int grouped = i != MASK && of[i].dims[HEAD] > 1 && dims[HEAD] > 1;
        if (!mix(&dims[BATCH], of[i].dims[BATCH])) return 0;
        if (grouped ? dims[HEAD] % of[i].dims[HEAD] != 0 : !mix(&dims[HEAD], of[i].dims[HEAD])) return 0;
    }
    if (with_mask &&
        (!mix(&dims[ROW], of[MASK].dims[ROW]) || (*keys >= 0 && of[MASK].dims[COL] > (*keys ? *keys : 1))))
        return 0;
    return same(*keys, of[V].dims[ROW]) && same(of[Q].dims[COL], of[K].dims[COL]);
}

static int has_mask(int n_in, const sk_tensor *const *in) { return n_in > MASK && in[MASK]; }

static sk_status infer(sk_infer *c) {
    const attention_params *params = c->node->params;
    view of[5];
    int32_t dims[4], keys;
    const int rank = c->in[Q]->rank, masked = has_mask(c->n_in, c->in);
    for (int i = K; i <= V; i++) SK_TRY(sk_want_types(c, i, SK_T(FLOAT32)));
    SK_TRY(sk_want_types(c, MASK, SK_T(FLOAT32) | SK_T(BOOL)));
    c->out[0]->type = SK_FLOAT32;
    for (int i = Q; i <= V; i++)
        if (c->in[i]->rank < 0) return SK_OK;
    if (masked && c->in[MASK]->rank < 0) return SK_OK;
    int fits = rank == 3 || rank == 4;
    for (int i = Q; i <= V && fits; i++)
        fits = c->in[i]->rank == rank && see(c->in[i], i == Q ? params->q_heads : params->kv_heads, &of[i]);
    if (!fits || (masked && !see_mask(c->in[MASK], &of[MASK])) || !measure(of, masked, dims, &keys))
        return sk_bad_shape(c, "Q %pT, K %pT, V %pT, mask %pT", c->in[Q], c->in[K], c->in[V],
                            masked ? c->in[MASK] : NULL);
    const int64_t cols = dims[COL] < 0 || dims[HEAD] < 0 ? -1 : (int64_t)dims[COL] * dims[HEAD];
    return sk_set_out(c, 0, SK_FLOAT32, rank,
                      rank == 3 ? (const int64_t[]){dims[BATCH], dims[ROW], cols}
                                : (const int64_t[]){dims[BATCH], dims[HEAD], dims[ROW], dims[COL]});
}

static double macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    const attention_params *params = node->params;
    view k, v;
    see(in[K], params->kv_heads, &k);
    see(in[V], params->kv_heads, &v);
    return v.dims[COL] ? (double)sk_numel(out[0]) / v.dims[COL] * v.dims[ROW] * (v.dims[COL] + k.dims[COL])
                       : 0;
}

/* ---- prepare ---- */

/* Scores of a block: these many bytes stay in the second-level cache beside the keys and values. 1,024
 * tokens, 12 heads of 32: 58 ms with 96 or 48 kB, 61 with 192. */
#define BLOCK_BYTES (96 * 1024)

static size_t block_rows(size_t rows, size_t keys) {
    const size_t fit = BLOCK_BYTES / (sk_attention_floats(1, keys) * sizeof(float)) / 12 * 12;
    const size_t most = fit < 12 ? 12 : fit > 48 ? 48 : fit;
    return rows <= SK_ATTENTION_ROWS && fit >= rows ? rows : most;
}

/* Matrix `which` of K (0) or V (1) as the product's second operand. */
static sk_operand operand(const sk_tensor *const *in, const attention_state *s, int which, size_t matrix) {
    const view *v = &s->of[K + which];
    const size_t heads = (size_t)v->dims[HEAD];
    const float *b = (const float *)in[K + which]->data;
    if (b) b += matrix / heads * v->step[BATCH] + matrix % heads * v->step[HEAD];
    return which
               ? (sk_operand){(size_t)v->dims[ROW], (size_t)v->dims[COL], b, v->step[ROW], 1, 1}
               : (sk_operand){(size_t)v->dims[COL], (size_t)s->of[V].dims[ROW], b, 1, v->step[ROW], s->scale};
}

static size_t matrices(const attention_state *s, int which) {
    return (size_t)s->of[K + which].dims[BATCH] * (size_t)s->of[K + which].dims[HEAD];
}

static int take_scratch(sk_prepare *p, attention_state *s) {
    const size_t keys = (size_t)s->of[V].dims[ROW];
    size_t bytes;
    for (int i = 0; i < 2 && !sk_reference(p); i++) {
        const sk_operand o = operand(p->in, s, i, 0);
        const sk_panels panels = {SK_PANEL, o.n, o.k, NULL};
        if (!sk_panels_bytes(&panels, &bytes)) return 0;
        s->panel[i] = bytes / sizeof(float);
        if (!sk_mul(bytes, matrices(s, i), &bytes) || bytes > SK_MAX_TENSOR_BYTES ||
            !sk_scratch_take(p, bytes, &s->packed[i]))
            return 0;
    }
    s->block = sk_reference(p) ? 1 : block_rows((size_t)s->of[Y].dims[ROW], keys);
    s->blocks = ((size_t)s->of[Y].dims[ROW] + s->block - 1) / s->block;
    s->scores_step =
        (sk_attention_floats(s->block, keys) + 15) & ~(size_t)15; /* no cache line of two threads */
    return sk_mul(s->scores_step * sizeof(float), (size_t)p->threads, &bytes) &&
           bytes <= SK_MAX_TENSOR_BYTES && sk_scratch_take(p, bytes, &s->scores);
}

static sk_status run(sk_run *r);

/* Where there are no keys, or nothing to be had from them. */
static sk_status run_zeros(sk_run *r) {
    memset(r->out[0]->data, 0, sk_nbytes(r->out[0]));
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    const attention_params *params = p->node->params;
    attention_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    int32_t dims[4], keys;
    const int masked = has_mask(p->n_in, p->in);
    for (int i = Q; i <= V; i++) see(p->in[i], i == Q ? params->q_heads : params->kv_heads, &s->of[i]);
    if (masked) see_mask(p->in[MASK], &s->of[MASK]);
    measure(s->of, masked, dims, &keys);
    see(p->out[0], dims[HEAD], &s->of[Y]);
    s->limit = (size_t)(masked && s->of[MASK].dims[COL] != 1 ? s->of[MASK].dims[COL] : s->of[V].dims[ROW]);
    s->scale = params->scale != 0 ? params->scale : 1 / sqrtf((float)s->of[Q].dims[COL]);
    s->gemm = sk_select_f32_gemm(p->tile);
    s->kernel = sk_select_attention(sk_reference(p));
    if (!sk_numel(p->out[0]) || !s->of[V].dims[ROW]) {
        p->run = run_zeros;
        return SK_OK;
    }
    return take_scratch(p, s) ? SK_OK : sk_oom(p->err, SK_MAX_TENSOR_BYTES);
}

/* ---- run ---- */

static void pack_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_run *r = work;
    const attention_state *s = r->state;
    (void)thread;
    for (size_t i = begin; i < end; i++) {
        const int which = i >= matrices(s, 0);
        const size_t matrix = which ? i - matrices(s, 0) : i;
        const sk_operand o = operand(r->in, s, which, matrix);
        sk_operand_pack(&o, (float *)((char *)r->scratch + s->packed[which]) + matrix * s->panel[which]);
    }
}

/* Where the matrix of head `head` in batch `batch` stands among those of an operand. */
static size_t matrix_of(const view *v, size_t batch, size_t head, size_t heads) {
    const size_t own = (size_t)v->dims[HEAD];
    return (v->dims[BATCH] == 1 ? 0 : batch * own) + head / (heads / own);
}

static size_t offset(const view *v, size_t batch, size_t head, size_t row) {
    return batch * v->step[BATCH] + head * v->step[HEAD] + row * v->step[ROW];
}

/* Blocks of rows, counted over all heads and batches. */
static void rows_part(const void *work, size_t begin, size_t end, int thread) {
    const sk_run *r = work;
    const attention_state *s = r->state;
    const view *y = &s->of[Y];
    const size_t heads = (size_t)y->dims[HEAD], rows = (size_t)y->dims[ROW];
    const int masked = has_mask(r->n_in, r->in), is_ref = !s->panel[0] && !s->panel[1];
    const int causal = ((const attention_params *)r->node->params)->causal;
    const size_t mask_size = masked ? (size_t)sk_type_bits(r->in[MASK]->type) / 8 : 0;
    const float *const packed[2] = {(const float *)((char *)r->scratch + s->packed[0]),
                                    (const float *)((char *)r->scratch + s->packed[1])};
    for (size_t i = begin; i < end; i++) {
        const size_t row = i % s->blocks * s->block, head = i / s->blocks % heads,
                     batch = i / s->blocks / heads;
        const size_t k = matrix_of(&s->of[K], batch, head, heads),
                     v = matrix_of(&s->of[V], batch, head, heads);
        const sk_attention_args args = {
            .rows = rows - row < s->block ? rows - row : s->block,
            .keys = (size_t)s->of[V].dims[ROW],
            .depth = (size_t)s->of[Q].dims[COL],
            .width = (size_t)s->of[V].dims[COL],
            .seen = causal ? row + 1 : (size_t)s->of[V].dims[ROW],
            .limit = s->limit,
            .q = (const float *)r->in[Q]->data + offset(&s->of[Q], batch, head, row),
            .k = is_ref ? operand(r->in, s, 0, k).b : packed[0] + k * s->panel[0],
            .v = is_ref ? operand(r->in, s, 1, v).b : packed[1] + v * s->panel[1],
            .y = (float *)r->out[0]->data + offset(y, batch, head, row),
            .q_row = s->of[Q].step[ROW],
            .k_row = s->of[K].step[ROW],
            .v_row = s->of[V].step[ROW],
            .y_row = y->step[ROW],
            .scale = s->scale,
            .mask = masked
                        ? (const char *)r->in[MASK]->data + offset(&s->of[MASK], batch, head, row) * mask_size
                        : NULL,
            .mask_row = masked ? s->of[MASK].step[ROW] : 0,
            .mask_col = masked ? s->of[MASK].step[COL] : 0,
            .mask_is_bool = masked && r->in[MASK]->type == SK_BOOL,
            .scores = (float *)((char *)r->scratch + s->scores) + (size_t)thread * s->scores_step,
            .gemm = s->gemm};
        s->kernel(&args);
    }
}

static sk_status run(sk_run *r) {
    const attention_state *s = r->state;
    const view *y = &s->of[Y], *k = &s->of[K];
    const double keys = s->of[V].dims[ROW], depth = k->dims[COL] + y->dims[COL];
    if (s->panel[0] || s->panel[1])
        sk_split(r->pool, matrices(s, 0) + matrices(s, 1), keys * depth / 2 * 0.3, pack_part, r);
    sk_split(r->pool, (size_t)y->dims[BATCH] * (size_t)y->dims[HEAD] * s->blocks,
             (double)s->block * keys * (depth * SK_MAC_NS + 1), rows_part, r);
    return SK_OK;
}

const sk_impl sk_impl_attention = {
    .import = import, .infer = infer, .prepare = prepare, .run = run, SK_TRAITS(SK_MACS(macs))};
