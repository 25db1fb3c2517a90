/* Col2Im: columns of blocks added up to an image of any number of dimensions. */
#include <string.h>

#include "ops/elementwise.h"

typedef struct col_params {
    int64_t dilations[SK_MAX_RANK], strides[SK_MAX_RANK], pads[2 * SK_MAX_RANK];
    int n_dilations, n_strides, n_pads; /* -1: not given */
} col_params;

/* What the shapes come to. */
typedef struct col_geometry {
    int n;
    int64_t image[SK_MAX_RANK], block[SK_MAX_RANK], steps[SK_MAX_RANK],
        taps; /* steps: positions of the block */
} col_geometry;

typedef struct col_state {
    col_geometry g;
    sk_binary_fn *add;
    uint8_t loop;
} col_state;

static sk_status check_list(sk_import *c, const char *name, const int64_t *list, int n, int64_t least) {
    for (int i = 0; i < n; i++)
        if (list[i] < least || list[i] > INT32_MAX)
            return sk_bad_attr(c, SK_MALFORMED, "'%s' is out of range", name);
    return SK_OK;
}

static sk_status import(sk_import *c) {
    const sk_attr *pads;
    col_params *p = sk_params(c, sizeof *p);
    if (!p) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_list(c, "dilations", p->dilations, &p->n_dilations));
    SK_TRY(sk_want_list(c, "strides", p->strides, &p->n_strides));
    SK_TRY(sk_want(c, "pads", SK_ATTR_INTS, &pads));
    p->n_pads = pads ? (int)pads->count : -1;
    if (p->n_pads > 2 * SK_MAX_RANK) return sk_bad_attr(c, SK_MALFORMED, "'pads' is too long");
    if (pads) memcpy(p->pads, pads->ints, pads->count * sizeof *p->pads);
    SK_TRY(check_list(c, "dilations", p->dilations, p->n_dilations, 1));
    SK_TRY(check_list(c, "strides", p->strides, p->n_strides, 1));
    return check_list(c, "pads", p->pads, p->n_pads, 0);
}

/* g->n -1: not known now. */
static sk_status geometry(const sk_infer *c, col_geometry *g) {
    const col_params *p = c->node->params;
    const sk_tensor *x = c->in[0];
    int n;
    int64_t blocks = 1;
    SK_TRY(sk_list_input(c, 1, "image_shape", g->image, &g->n));
    SK_TRY(sk_list_input(c, 2, "block_shape", g->block, &n));
    if (g->n < 0 || n < 0) {
        g->n = -1;
        return SK_OK;
    }
    if (n != g->n || n < 1 || n > SK_MAX_RANK - 2 || (p->n_dilations >= 0 && p->n_dilations != n) ||
        (p->n_strides >= 0 && p->n_strides != n) || (p->n_pads >= 0 && p->n_pads != 2 * n))
        return sk_bad_shape(c, "image, block and attributes differ in rank");
    g->taps = 1;
    for (int i = 0; i < n; i++) {
        const int64_t dilation = p->n_dilations < 0 ? 1 : p->dilations[i],
                      stride = p->n_strides < 0 ? 1 : p->strides[i];
        const int64_t pads = p->n_pads < 0 ? 0 : p->pads[i] + p->pads[n + i];
        if (g->block[i] < 1 || g->block[i] > INT32_MAX || g->image[i] < 0 || g->image[i] > INT32_MAX)
            return sk_bad_shape(c, "image or block is out of range on axis %d", i);
        const int64_t room = g->image[i] + pads - dilation * (g->block[i] - 1) - 1;
        if (room < 0) return sk_bad_shape(c, "the block does not fit on axis %d", i);
        g->steps[i] = room / stride + 1;
        g->taps *= g->block[i];
        blocks *= g->steps[i];
        if (g->taps > INT32_MAX || blocks > INT32_MAX) return sk_bad_shape(c, "too many blocks");
    }
    if (x->rank == 3 &&
        ((x->dims[1] >= 0 && x->dims[1] % g->taps) || (x->dims[2] >= 0 && x->dims[2] != blocks)))
        return sk_bad_shape(c, "%d by %d numbers for %lld blocks of %lld", (int)x->dims[1], (int)x->dims[2],
                            (long long)blocks, (long long)g->taps);
    return SK_OK;
}

static sk_status infer(sk_infer *c) {
    const sk_tensor *x = c->in[0];
    col_geometry g;
    int64_t dims[SK_MAX_RANK];
    sk_set_out_type(c, 0, x->type);
    if (x->rank >= 0 && x->rank != 3) return sk_bad_shape(c, "the input has rank %d, not 3", x->rank);
    SK_TRY(geometry(c, &g));
    if (g.n < 0) return SK_OK;
    dims[0] = x->rank < 0 ? -1 : x->dims[0];
    dims[1] = x->rank < 0 || x->dims[1] < 0 ? -1 : x->dims[1] / g.taps;
    for (int i = 0; i < g.n; i++) dims[2 + i] = g.image[i];
    return sk_set_out(c, 0, x->type, 2 + g.n, dims);
}

static sk_status prepare(sk_prepare *p) {
    const sk_infer c = {p->node, p->in, p->out, p->n_in, p->n_out, p->err};
    col_state *s = p->state = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    SK_TRY(geometry(&c, &s->g));
    if (s->g.n < 0) return sk_bad_shape(&c, "image_shape or block_shape is not known");
    s->loop = (uint8_t)sk_binary_loop(SK_BINARY_ADD, p->in[0]->type, sk_reference(p));
    s->add = s->loop ? sk_select_binary(SK_BINARY_ADD, s->loop, sk_reference(p)) : NULL;
    if (!s->add) return sk_no_kernel(p, p->in[0]->type);
    if (s->loop == p->in[0]->type) return SK_OK;
    p->scratch = (sk_numel(p->in[0]) + sk_numel(p->out[0])) * (size_t)sk_type_bits(s->loop) / 8;
    return SK_OK;
}

/* Adds a tap's column to a plane, one position of the block after another. */
static void add_column(const col_params *p, const col_state *s, int64_t tap, const char *column,
                       char *plane) {
    const col_geometry *g = &s->g;
    const size_t size = (size_t)sk_type_bits(s->loop) / 8;
    int64_t first[SK_MAX_RANK], at[SK_MAX_RANK] = {0}, blocks = 1;
    for (int i = g->n - 1; i >= 0; tap /= g->block[i--]) {
        first[i] =
            tap % g->block[i] * (p->n_dilations < 0 ? 1 : p->dilations[i]) - (p->n_pads < 0 ? 0 : p->pads[i]);
        blocks *= g->steps[i];
    }
    for (int64_t b = 0; b < blocks; b++, column += size) {
        int64_t to = 0;
        int inside = 1;
        for (int i = 0; i < g->n; i++) {
            const int64_t x = first[i] + at[i] * (p->n_strides < 0 ? 1 : p->strides[i]);
            inside = inside && x >= 0 && x < g->image[i];
            to = to * g->image[i] + x;
        }
        char *sum = inside ? plane + (size_t)to * size : NULL;
        if (sum) s->add(sum, 1, column, 1, sum, 1);
        for (int i = g->n - 1; i >= 0 && ++at[i] == g->steps[i]; i--) at[i] = 0;
    }
}

static sk_status run(sk_run *r) {
    const col_state *s = r->state;
    const sk_tensor *x = r->in[0], *y = r->out[0];
    const size_t size = (size_t)sk_type_bits(s->loop) / 8, total = sk_numel(y),
                 planes = total ? sk_span(y, 0, 2) : 0;
    const int same = s->loop == x->type;
    char *image = same ? y->data : r->scratch, *columns = same ? x->data : image + total * size;
    if (!same) sk_convert(x->type, s->loop, x->data, columns, 0, sk_numel(x));
    if (total) memset(image, 0, total * size);
    for (size_t plane = 0; plane < planes; plane++)
        for (int64_t tap = 0; tap < s->g.taps; tap++)
            add_column(r->node->params, s, tap,
                       columns + (plane * (size_t)s->g.taps + (size_t)tap) * (size_t)x->dims[2] * size,
                       image + plane * (total / planes) * size);
    if (!same) sk_convert(s->loop, y->type, image, y->data, 0, total);
    return SK_OK;
}

const sk_impl sk_impl_col2im = {.import = import, .infer = infer, .prepare = prepare, .run = run};
