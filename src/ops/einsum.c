/* Einsum. Every label is a loop; an operand steps along the labels it has. Two float32 operands whose labels
 * are all batch, row, column or summed are gathered into matrices for the packed product; everything else
 * runs the loops as the definition says. An ellipsis stands for up to eight labels more, broadcast like numpy
 * does. */
#include <math.h>
#include <string.h>

#include "core/text.h"
#include "kernels/pack.h"
#include "ops/elementwise.h"

#define MAX_OPERANDS 8
#define MAX_LABELS SK_COPY_RANK
#define ELLIPSIS 0xff

typedef struct einsum_term {
    uint8_t labels[SK_MAX_RANK + 1]; /* characters, or ELLIPSIS */
    int n;
} einsum_term;

typedef struct einsum_params {
    einsum_term in[MAX_OPERANDS], out;
    int n_in;
} einsum_params;

/* The loops: those of the output first, in its order, then the summed ones. Strides count elements. */
typedef struct einsum_loops {
    int n, n_out;
    uint16_t names[MAX_LABELS]; /* a character, or 256 + position from the right inside the ellipsis */
    int64_t dims[MAX_LABELS];   /* -1: unknown */
    ptrdiff_t in[MAX_OPERANDS][MAX_LABELS], out[MAX_LABELS];
} einsum_loops;

/* ---- import ---- */

static int is_label(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Reads a term up to a comma, an arrow or the end; NULL when it is none. */
static const char *read_term(const char *at, const char *end, einsum_term *term) {
    for (term->n = 0; at < end && *at != ',' && *at != '-'; at++) {
        if (*at == ' ') continue;
        if (term->n > SK_MAX_RANK) return NULL;
        if (is_label(*at)) {
            term->labels[term->n++] = (uint8_t)*at;
        } else if (end - at >= 3 && at[0] == '.' && at[1] == '.' && at[2] == '.') {
            if (sk_find(term->labels, ELLIPSIS, (size_t)term->n)) return NULL;
            term->labels[term->n++] = ELLIPSIS;
            at += 2;
        } else {
            return NULL;
        }
    }
    return at;
}

/* No arrow: the ellipsis, then the labels that occur once, in alphabetical order. */
static int implicit_output(einsum_params *params) {
    int count[128] = {0}, ellipsis = 0;
    for (int i = 0; i < params->n_in; i++)
        for (int j = 0; j < params->in[i].n; j++) {
            const uint8_t label = params->in[i].labels[j];
            if (label == ELLIPSIS) ellipsis = 1;
            else count[label]++;
        }
    if (ellipsis) params->out.labels[params->out.n++] = ELLIPSIS;
    for (int c = 'A'; c <= 'z'; c++) {
        if (count[c] != 1) continue;
        if (params->out.n > SK_MAX_RANK) return 0;
        params->out.labels[params->out.n++] = (uint8_t)c;
    }
    return 1;
}

static int valid_output(const einsum_params *params) {
    for (int i = 0; i < params->out.n; i++) {
        int found = 0;
        for (int k = 0; k < params->n_in && !found; k++)
            found = sk_find(params->in[k].labels, params->out.labels[i], (size_t)params->in[k].n) != NULL;
        if (params->out.labels[i] != ELLIPSIS && !found) return 0;
        if (sk_find(params->out.labels + i + 1, params->out.labels[i], (size_t)(params->out.n - i - 1)))
            return 0;
    }
    return 1;
}

static int parse(einsum_params *params, const sk_string *equation) {
    const char *at = equation->text, *end = at + equation->length;
    for (;;) {
        if (params->n_in == MAX_OPERANDS) return 0;
        at = read_term(at, end, &params->in[params->n_in++]);
        if (!at) return 0;
        if (at == end || *at != ',') break;
        at++;
    }
    if (at == end) return implicit_output(params);
    if (end - at < 2 || at[0] != '-' || at[1] != '>') return 0;
    at = read_term(at + 2, end, &params->out);
    return at == end && valid_output(params);
}

static sk_status einsum_import(sk_import *c) {
    einsum_params *params = sk_params(c, sizeof *params);
    const sk_attr *equation;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want(c, "equation", SK_ATTR_STRING, &equation));
    if (!equation) return sk_bad_attr(c, SK_MALFORMED, "attribute 'equation' is missing");
    if (!parse(params, &equation->s))
        return sk_bad_attr(c, SK_UNSUPPORTED, "equation '%.*s'",
                           equation->s.length > 80 ? 80 : (int)equation->s.length, equation->s.text);
    if (params->n_in != c->node->n_inputs)
        return sk_bad_attr(c, SK_MALFORMED, "the equation has %d terms for %d inputs", params->n_in,
                           (int)c->node->n_inputs);
    return SK_OK;
}

/* ---- loops from shapes ---- */

/* The label of axis `axis` of a tensor of this rank; an ellipsis takes what the other labels leave. */
static int name_of(const einsum_term *term, int rank, int axis) {
    const int extra = rank - term->n + 1; /* axes of the ellipsis, when there is one */
    for (int i = 0, at = 0; i < term->n; i++) {
        const int width = term->labels[i] == ELLIPSIS ? extra : 1;
        if (axis < at + width)
            return term->labels[i] == ELLIPSIS ? 256 + at + width - 1 - axis : term->labels[i];
        at += width;
    }
    return -1;
}

static int find_loop(const einsum_loops *l, int name) {
    for (int i = 0; i < l->n; i++)
        if (l->names[i] == name) return i;
    return -1;
}

static int add_loop(einsum_loops *l, int name) {
    if (l->n == MAX_LABELS) return -1;
    l->names[l->n] = (uint16_t)name;
    l->dims[l->n] = 1;
    return l->n++;
}

static sk_status add_operand(const sk_infer *c, einsum_loops *l, int operand) {
    const einsum_params *params = c->node->params;
    const einsum_term *term = &params->in[operand];
    const sk_tensor *t = c->in[operand];
    const int ellipsis = sk_find(term->labels, ELLIPSIS, (size_t)term->n) != NULL;
    if (ellipsis ? t->rank < term->n - 1 : t->rank != term->n)
        return sk_bad_shape(c, "input %d is %pT, its term has %d labels", operand, t, term->n);
    ptrdiff_t stride = 1;
    for (int axis = t->rank - 1; axis >= 0; axis--) {
        const int name = name_of(term, t->rank, axis);
        int at = find_loop(l, name);
        if (at < 0) at = add_loop(l, name);
        if (at < 0) return sk_bad_shape(c, "more than %d labels", MAX_LABELS);
        const int32_t dim = t->dims[axis];
        if (l->dims[at] == 1 || (l->dims[at] < 0 && dim != 1)) l->dims[at] = dim;
        else if (dim >= 0 && dim != 1 && dim != l->dims[at])
            return sk_bad_shape(c, "axis %d of input %d has %d elements, elsewhere it is %d", axis, operand,
                                (int)dim, (int)l->dims[at]);
        if (dim != 1) l->in[operand][at] += stride; /* twice the same label: the diagonal */
        stride *= dim < 0 ? 1 : dim;
    }
    return SK_OK;
}

/* All ranks must be known. */
static sk_status make_loops(const sk_infer *c, einsum_loops *l) {
    const einsum_params *params = c->node->params;
    int extra = 0;
    memset(l, 0, sizeof *l);
    for (int i = 0; i < params->n_in; i++) {
        const einsum_term *term = &params->in[i];
        if (!sk_find(term->labels, ELLIPSIS, (size_t)term->n)) continue;
        const int width = c->in[i]->rank - term->n + 1;
        extra = width > extra ? width : extra;
    }
    for (int i = 0; i < params->out.n; i++) {
        int failed = 0;
        if (params->out.labels[i] != ELLIPSIS) failed = add_loop(l, params->out.labels[i]) < 0;
        for (int e = extra - 1; params->out.labels[i] == ELLIPSIS && e >= 0 && !failed; e--)
            failed = add_loop(l, 256 + e) < 0;
        if (failed) return sk_bad_shape(c, "more than %d labels", MAX_LABELS);
    }
    l->n_out = l->n;
    if (l->n_out > SK_MAX_RANK) return sk_bad_shape(c, "the output has rank %d", l->n_out);
    for (int i = 0; i < params->n_in; i++) SK_TRY(add_operand(c, l, i));
    ptrdiff_t stride = 1;
    for (int i = l->n_out - 1; i >= 0; i--) {
        l->out[i] = stride;
        stride *= l->dims[i] < 0 ? 1 : (ptrdiff_t)l->dims[i];
    }
    return SK_OK;
}

static sk_status einsum_infer(sk_infer *c) {
    const int type = c->in[0]->type;
    einsum_loops l;
    int known = 1;
    for (int i = 0; i < c->n_in; i++) {
        if (c->in[i]->type && type && c->in[i]->type != type)
            return sk_bad_shape(c, "input %d is %s, input 0 %s", i, sk_type_name(c->in[i]->type),
                                sk_type_name(type));
        known = known && c->in[i]->rank >= 0;
    }
    sk_set_out_type(c, 0, type);
    if (!known) return SK_OK;
    SK_TRY(make_loops(c, &l));
    return sk_set_out(c, 0, type, l.n_out, l.dims);
}

/* ---- the definition ---- */

static double product_real(sk_run *r, const ptrdiff_t *at) {
    double x = 1;
    for (int i = 0; i < r->n_in; i++) x *= sk_number_at(r->in[i], (size_t)at[i]);
    return x;
}

static uint64_t product_int(sk_run *r, const ptrdiff_t *at) {
    uint64_t x = 1;
    for (int i = 0; i < r->n_in; i++) x *= (uint64_t)sk_int_at(r->in[i], (size_t)at[i]);
    return x;
}

/* Steps loops [from, to) like an odometer, and each operand's position with them; 0 when all are through. */
static int advance(const einsum_loops *l, int from, int to, int32_t *count, ptrdiff_t *at, int operands) {
    for (int d = to - 1; d >= from; d--) {
        const int wrap = ++count[d] == l->dims[d];
        for (int i = 0; i < operands; i++)
            at[i] += wrap ? -l->in[i][d] * (ptrdiff_t)(l->dims[d] - 1) : l->in[i][d];
        if (!wrap) return 1;
        count[d] = 0;
    }
    return 0;
}

static void put(const sk_tensor *t, size_t i, double real, uint64_t whole) {
    switch (t->type) {
    case SK_FLOAT32: ((float *)t->data)[i] = (float)real; break;
    case SK_FLOAT64: ((double *)t->data)[i] = real; break;
    case SK_INT32: ((int32_t *)t->data)[i] = (int32_t)whole; break;
    default: ((int64_t *)t->data)[i] = (int64_t)whole; break;
    }
}

static sk_status einsum_run(sk_run *r) {
    const einsum_loops *l = r->state;
    const sk_tensor *out = r->out[0];
    const int real = out->type == SK_FLOAT32 || out->type == SK_FLOAT64;
    int32_t count[MAX_LABELS] = {0};
    ptrdiff_t at[MAX_OPERANDS] = {0};
    size_t to = 0;
    int terms = 1; /* 0: nothing to sum */
    if (!sk_numel(out)) return SK_OK;
    for (int d = l->n_out; d < l->n; d++) terms = terms && l->dims[d] > 0;
    do {
        double sum = 0;
        uint64_t whole = 0;
        if (terms) do {
                if (real) sum += product_real(r, at);
                else whole += product_int(r, at);
            } while (advance(l, l->n_out, l->n, count, at, r->n_in));
        put(out, to++, sum, whole);
    } while (advance(l, 0, l->n_out, count, at, r->n_in));
    return SK_OK;
}

/* ---- two operands as matrices ---- */

typedef struct einsum_matrices {
    einsum_loops l;
    size_t batches, m, n, k;
    size_t b_at, c_at, panel_at; /* in the scratch, in floats; a is at 0 */
    sk_f32_gemm_fn *gemm;
    const sk_move_kernels *moves;
} einsum_matrices;

enum { LOOP_BATCH, LOOP_ROW, LOOP_COLUMN, LOOP_SUM, LOOP_OTHER };

static int kind_of(const einsum_loops *l, int d) {
    const int a = l->in[0][d] != 0, b = l->in[1][d] != 0, out = d < l->n_out;
    if (l->dims[d] == 1) return LOOP_BATCH;
    if (a && b) return out ? LOOP_BATCH : LOOP_SUM;
    return out && a ? LOOP_ROW : out && b ? LOOP_COLUMN : LOOP_OTHER;
}

/* Between a tensor and its matrices: loops of the kinds `rows` and `columns` stand behind those of the batch.
 */
static void gather(const einsum_matrices *s, const ptrdiff_t *tensor, int rows, int columns, void *dst,
                   const void *src, int scatter) {
    const int kinds[3] = {LOOP_BATCH, rows, columns};
    ptrdiff_t matrix[MAX_LABELS] = {0}, stride = sizeof(float);
    sk_copy copy;
    sk_copy_start(&copy, sizeof(float));
    for (int k = 2; k >= 0; k--)
        for (int d = s->l.n - 1; d >= 0; d--) {
            if (kind_of(&s->l, d) != kinds[k]) continue;
            matrix[d] = stride;
            stride *= (ptrdiff_t)s->l.dims[d];
            const ptrdiff_t other = tensor[d] * (ptrdiff_t)sizeof(float);
            sk_copy_axis(&copy, (int32_t)s->l.dims[d], scatter ? matrix[d] : other,
                         scatter ? other : matrix[d]);
        }
    sk_copy_ready(&copy);
    s->moves->copy(&copy, dst, src);
}

static sk_status run_matrices(sk_run *r) {
    const einsum_matrices *s = r->state;
    float *a = r->scratch, *b = a + s->b_at, *c = a + s->c_at;
    const sk_panels panels = {.width = SK_PANEL, .n = s->n, .k = s->k, .data = a + s->panel_at};
    gather(s, s->l.in[0], LOOP_ROW, LOOP_SUM, a, r->in[0]->data, 0);
    gather(s, s->l.in[1], LOOP_SUM, LOOP_COLUMN, b, r->in[1]->data, 0);
    sk_pack_bias(&panels, NULL);
    for (size_t i = 0; i < s->batches; i++) {
        const sk_piece piece = {
            .rows = s->k, .cols = s->n, .b = b + i * s->k * s->n, .b_row = s->n, .b_col = 1, .factor = 1};
        sk_pack_piece(&panels, &piece);
        s->gemm(s->m, s->n, s->k, a + i * s->m * s->k, s->k, panels.data, c + i * s->m * s->n, s->n,
                -INFINITY, INFINITY);
    }
    gather(s, s->l.out, LOOP_ROW, LOOP_COLUMN, r->out[0]->data, c, 1);
    return SK_OK;
}

/* Sizes and scratch; 0 when the loops are no matrices or are too many. */
static int plan_matrices(einsum_matrices *s, size_t *scratch) {
    uint64_t size[4] = {1, 1, 1, 1};
    for (int d = 0; d < s->l.n; d++) {
        const int kind = kind_of(&s->l, d);
        if (kind == LOOP_OTHER || s->l.dims[d] == 0) return 0;
        size[kind] *= (uint64_t)s->l.dims[d];
        if (size[kind] > SK_MAX_TENSOR_BYTES) return 0;
    }
    const uint64_t batch = size[LOOP_BATCH], m = size[LOOP_ROW], n = size[LOOP_COLUMN], k = size[LOOP_SUM];
    /* each is a tensor's size, gathered: within 2^28 floats */
    const uint64_t b_at = (batch * m * k + 3) & ~(uint64_t)3,
                   c_at = b_at + ((batch * k * n + 3) & ~(uint64_t)3);
    const uint64_t panel_at = c_at + ((batch * m * n + 3) & ~(uint64_t)3),
                   total = panel_at + (n + 7) / 8 * 8 * (k + 1);
    if (total > SK_MAX_TENSOR_BYTES / sizeof(float)) return 0;
    s->batches = (size_t)batch, s->m = (size_t)m, s->n = (size_t)n, s->k = (size_t)k;
    s->b_at = (size_t)b_at, s->c_at = (size_t)c_at, s->panel_at = (size_t)panel_at;
    *scratch = (size_t)total * sizeof(float);
    return 1;
}

static sk_status prepare_typed(sk_prepare *p) {
    einsum_matrices *s = sk_prepare_state(p, sizeof *s);
    if (!s) return SK_OUT_OF_MEMORY; /* begins with the loops, all that einsum_run looks at */
    SK_TRY(make_loops(&p->shapes, &s->l));
    if (sk_reference(p) || p->n_in != 2 || p->in[0]->type != SK_FLOAT32 || !plan_matrices(s, &p->scratch))
        return SK_OK;
    s->gemm = sk_select_f32_gemm(p->tile);
    s->moves = sk_select_move(0);
    p->run = run_matrices;
    return SK_OK;
}

static double einsum_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    const sk_infer c = {
        .node = node, .in = in, .out = (sk_tensor *const *)out, .n_in = node->n_inputs, .n_out = 1};
    einsum_loops l;
    double macs = 1;
    if (make_loops(&c, &l) != SK_OK) return 0;
    for (int d = 0; d < l.n; d++) macs *= (double)l.dims[d];
    return macs;
}

static sk_status einsum_prepare(sk_prepare *p) {
    const int narrow = sk_type_in(p->in[0]->type, SK_T(FLOAT16) | SK_T(BFLOAT16));
    return narrow ? sk_prepare_as_f32(p, UINT32_MAX, prepare_typed) : prepare_typed(p);
}

const sk_impl sk_impl_einsum = {.import = einsum_import,
                                .infer = einsum_infer,
                                .prepare = einsum_prepare,
                                .run = einsum_run,
                                SK_TRAITS(SK_MACS(einsum_macs))};
