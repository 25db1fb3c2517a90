/* MatMulNBits (com.microsoft): A times a matrix whose numbers have 2, 4 or 8 bits, in blocks along K that
 * share a scale and a zero point. The matrix stays as it is in memory: a panel of 8 columns at a time becomes
 * floats, goes through the product, and makes room for the next. */
#include <math.h>

#include "kernels/select.h"
#include "ops/elementwise.h"
#include "ops/product.h"

enum { A, B, SCALES, ZEROS, GROUPS, BIAS };
#define WIDTH 8 /* columns of a panel (kernels/pack.h) */

typedef struct nbits_params {
    int64_t k, n, bits, block;
    size_t blocks, blob;       /* of a column: blocks; bytes of one */
    size_t matrix, zero_bytes; /* bytes of B, and of a column's zero points */
} nbits_params;

typedef struct nbits_state {
    sk_f32_gemm_fn *gemm;
    size_t panels, panel_floats; /* where in scratch, bytes; of one thread */
} nbits_state;

static sk_status import(sk_import *c) {
    nbits_params *p = sk_params(c, sizeof *p);
    if (!p) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "K", 0, &p->k));
    SK_TRY(sk_want_int(c, "N", 0, &p->n));
    SK_TRY(sk_want_int(c, "bits", 4, &p->bits));
    SK_TRY(sk_want_int(c, "block_size", 0, &p->block));
    if (p->k < 1 || p->n < 1 || p->k > INT32_MAX || p->n > INT32_MAX || p->block < 16 ||
        p->block > INT32_MAX || (p->block & (p->block - 1)))
        return sk_bad_attr(c, SK_MALFORMED, "K %lld, N %lld, block_size %lld", (long long)p->k,
                           (long long)p->n, (long long)p->block);
    if (p->bits != 2 && p->bits != 4 && p->bits != 8)
        return sk_bad_attr(c, SK_UNSUPPORTED, "%lld bits", (long long)p->bits);
    if (c->node->n_inputs > GROUPS && c->node->inputs[GROUPS]) return sk_bad_attr(c, SK_UNSUPPORTED, "g_idx");
    p->blocks = (size_t)((p->k + p->block - 1) / p->block);
    p->blob = (size_t)(p->block * p->bits / 8);
    p->zero_bytes = (p->blocks * (size_t)p->bits + 7) / 8;
    if (!sk_mul((size_t)p->n, p->blocks, &p->matrix) || !sk_mul(p->matrix, p->blob, &p->matrix) ||
        p->matrix > SK_MAX_TENSOR_BYTES)
        return sk_bad_attr(c, SK_LIMIT, "K %lld, N %lld are too large", (long long)p->k, (long long)p->n);
    return SK_OK;
}

/* Input i, where it is there, has so many elements in whatever shape. */
static sk_status want_count(const sk_infer *c, int i, size_t count) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t || t->rank < 0 || !sk_shape_known(t) || sk_numel(t) == count) return SK_OK;
    return sk_bad_shape(c, "input %d is %pT, not of %zu elements", i, t, count);
}

static int packed_zeros(const sk_tensor *zeros) { return zeros->type == SK_UINT8; }

static sk_status infer(sk_infer *c) {
    const nbits_params *p = c->node->params;
    const sk_tensor *a = c->in[A], *zeros = c->n_in > ZEROS ? c->in[ZEROS] : NULL;
    const uint32_t type = a->type ? 1u << a->type : SK_T_NORM;
    int64_t dims[SK_MAX_RANK];
    SK_TRY(sk_want_types(c, B, SK_T(UINT8)));
    SK_TRY(sk_want_types(c, SCALES, type));
    SK_TRY(sk_want_types(c, ZEROS, type | SK_T(UINT8)));
    SK_TRY(sk_want_types(c, BIAS, type));
    SK_TRY(want_count(c, B, p->matrix));
    SK_TRY(want_count(c, SCALES, (size_t)p->n * p->blocks));
    SK_TRY(want_count(c, BIAS, (size_t)p->n));
    if (zeros && zeros->type)
        SK_TRY(want_count(c, ZEROS, (size_t)p->n * (packed_zeros(zeros) ? p->zero_bytes : p->blocks)));
    sk_set_out_type(c, 0, a->type);
    if (a->rank < 0) return SK_OK;
    if (a->rank == 0 || (a->dims[a->rank - 1] >= 0 && a->dims[a->rank - 1] != p->k)) {
        return sk_bad_shape(c, "%pT times a matrix of %lld rows", a, (long long)p->k);
    }
    for (int i = 0; i < a->rank; i++) dims[i] = a->dims[i];
    dims[a->rank - 1] = p->n;
    return sk_set_out(c, 0, a->type, a->rank, dims);
}

static sk_status prepare(sk_prepare *p) {
    const nbits_params *params = p->node->params;
    nbits_state *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY;
    s->gemm = sk_select_f32_gemm(p->tile);
    s->panels = sk_f32_scratch(p->out[0]);
    for (int i = 0; i < p->n_in; i++)
        if (p->in[i] && p->in[i]->type != SK_UINT8) s->panels += sk_f32_scratch(p->in[i]);
    s->panel_floats = ((size_t)params->k + 2) * WIDTH; /* no cache line of two threads */
    size_t bytes;
    if (!sk_mul(s->panel_floats * sizeof(float), (size_t)p->threads, &bytes) ||
        !sk_add(bytes, s->panels, &bytes) || bytes > SK_MAX_TENSOR_BYTES)
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    p->scratch = bytes;
    return SK_OK;
}

typedef struct nbits_call {
    const sk_run *r;
    const nbits_params *params;
    const float *a, *scales, *zeros, *bias; /* zeros: of A's type; NULL: packed or none */
    const uint8_t *packed_zeros;
    float *y;
    size_t rows;
} nbits_call;

static unsigned code_at(const uint8_t *codes, size_t i, unsigned bits) {
    return (unsigned)codes[i * bits / 8] >> (i * bits % 8) & ((1u << bits) - 1);
}

/* Column n into column j of a panel. */
static void unpack(const nbits_call *c, size_t n, float *panel) {
    const nbits_params *p = c->params;
    const size_t k = (size_t)p->k, block = (size_t)p->block;
    const unsigned bits = (unsigned)p->bits;
    panel[0] = c->bias ? c->bias[n] : 0;
    for (size_t b = 0; b < p->blocks; b++) {
        const size_t at = n * p->blocks + b, first = b * block, left = k - first;
        const uint8_t *codes = (const uint8_t *)c->r->in[B]->data + at * p->blob;
        const float scale = c->scales[at];
        float zero = (float)(1u << (bits - 1));
        if (c->zeros) zero = c->zeros[at];
        if (c->packed_zeros) zero = (float)code_at(c->packed_zeros + n * p->zero_bytes, b, bits);
        for (size_t i = 0; i < (left < block ? left : block); i++)
            panel[(1 + first + i) * WIDTH] = ((float)code_at(codes, i, bits) - zero) * scale;
    }
}

static void part(const void *work, size_t begin, size_t end, int thread) {
    const nbits_call *c = work;
    const nbits_state *s = c->r->state;
    const size_t n = (size_t)c->params->n, k = (size_t)c->params->k;
    float *panel = (float *)((char *)c->r->scratch + s->panels) + (size_t)thread * s->panel_floats;
    for (size_t i = begin; i < end; i++) {
        const size_t col = i * WIDTH, cols = n - col < WIDTH ? n - col : WIDTH;
        for (size_t j = 0; j < WIDTH; j++) {
            if (j < cols) unpack(c, col + j, panel + j);
            else
                for (size_t row = 0; row <= k; row++) panel[row * WIDTH + j] = 0;
        }
        s->gemm(c->rows, cols, k, c->a, k, panel, c->y + col, n, -INFINITY, INFINITY);
    }
}

static sk_status run(sk_run *r) {
    const nbits_params *p = r->node->params;
    const sk_tensor *zeros = r->n_in > ZEROS ? r->in[ZEROS] : NULL;
    float *scratch = r->scratch;
    nbits_call c = {.r = r, .params = p, .rows = sk_numel(r->in[A]) / (size_t)p->k};
    if (!c.rows) return SK_OK;
    c.a = sk_as_f32(r->in[A], &scratch);
    c.scales = sk_as_f32(r->in[SCALES], &scratch);
    if (zeros && packed_zeros(zeros)) c.packed_zeros = zeros->data;
    else if (zeros) c.zeros = sk_as_f32(zeros, &scratch);
    if (r->n_in > BIAS && r->in[BIAS]) c.bias = sk_as_f32(r->in[BIAS], &scratch);
    c.y = sk_f32_result(r->out[0], &scratch);
    const double ns = (double)p->k * WIDTH * ((double)c.rows * SK_MAC_NS + 1);
    sk_split(r->pool, ((size_t)p->n + WIDTH - 1) / WIDTH, ns, part, &c);
    sk_f32_finish(r->out[0], c.y);
    return SK_OK;
}

const sk_impl sk_impl_matmul_nbits = {import, infer, prepare, run, NULL};
