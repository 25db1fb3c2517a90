/* See product8.h. */
#include "ops/product8.h"

#include <math.h>
#include <string.h>

#include "ops/elementwise.h"
#include "ops/fold.h"
#include "ops/weights.h"
#include "ops/window.h"

/* ---- packing ---- */

/* Before the panels: what they were packed as. */
typedef struct header {
    int32_t form, sums; /* sums: those of a's rows are needed */
    int32_t unused[2];
} header;

/* Numbers of the columns while they are packed. */
typedef struct numbers {
    int32_t *bias;
    float *scales, *addend;
    uint8_t *zeros;
} numbers;
#define NUMBER_BYTES (3 * sizeof(float) + 1) /* of a column */

/* Inputs as constants still in the model, or as tensors. */
typedef struct source {
    const sk_pack *pack;
    const sk_tensor *const *in;
    sk_error *err;
} source;

static size_t count(const source *s, int i) {
    return sk_numel(s->in ? s->in[i] : &s->pack->constants[i]->type);
}

static sk_status fetch(const source *s, int i, size_t first, size_t n, void *dst) {
    if (s->pack) return sk_const_read(s->pack->ir, s->pack->constants[i], first, n, dst, s->err);
    const size_t size = sk_elem(s->in[i]->type);
    memcpy(dst, (const char *)s->in[i]->data + first * size, n * size);
    return SK_OK;
}

/* n numbers of an input from `first` on, or its only one again and again. */
static sk_status fetch_each(const source *s, int i, size_t first, size_t n, size_t size, void *dst) {
    if (i < 0) return SK_OK;
    const int one = count(s, i) == 1;
    SK_TRY(fetch(s, i, one ? 0 : first, one ? 1 : n, dst));
    for (size_t j = 1; one && j < n; j++) memcpy((char *)dst + j * size, dst, size);
    return SK_OK;
}

static sk_status columns_of(const sk_product8_form *f, const source *s, size_t first, const numbers *to,
                            sk_i8_columns *c) {
    const size_t n = (size_t)f->n;
    const sk_product8_inputs *at = &f->at;
    float a = 1, y = 1;
    if (at->a_scale >= 0) SK_TRY(fetch(s, at->a_scale, 0, 1, &a));
    if (at->y_scale >= 0) SK_TRY(fetch(s, at->y_scale, 0, 1, &y));
    for (size_t j = 0; j < n; j++) to->scales[j] = 1;
    SK_TRY(fetch_each(s, at->b_scale, first, n, sizeof(float), to->scales));
    SK_TRY(fetch_each(s, at->bias, first, n, sizeof(int32_t), to->bias));
    SK_TRY(fetch_each(s, at->addend, first, n, sizeof(float), to->addend));
    SK_TRY(fetch_each(s, at->b_zero, first, n, 1, to->zeros));
    for (size_t j = 0; j < n; j++) to->scales[j] = a * to->scales[j] / y;
    *c = (sk_i8_columns){.bias = at->bias >= 0 ? to->bias : NULL,
                         .zeros = at->b_zero >= 0 ? to->zeros : NULL,
                         .scales = to->scales,
                         .addend = at->addend >= 0 ? to->addend : NULL,
                         .n_zeros = n,
                         .n_scales = n};
    return SK_OK;
}

static sk_i8_panels panels_of(const sk_product8_form *f, int form) {
    return (sk_i8_panels){.form = (sk_i8_form)form,
                          .is_signed = f->b_signed,
                          .n = (size_t)f->n,
                          .k = (size_t)f->taps * (size_t)f->channels};
}

static size_t matrix_bytes(const sk_product8_form *f, int form) {
    if (f->depthwise) {
        const size_t n = ((size_t)f->n + SK_I8_PANEL - 1) / SK_I8_PANEL, width = f->depthwise;
        size_t all;
        return sk_mul(n, sk_i8_dw_panel_bytes((size_t)f->taps / width, width), &all) ? all : 0;
    }
    const sk_i8_panels p = panels_of(f, form);
    size_t bytes = 0;
    return sk_i8_panels_bytes(&p, &bytes) ? bytes : 0;
}

/* All matrices, in whichever form; 0: too many. */
static size_t packed_bytes(const sk_product8_form *f) {
    size_t most = 0;
    for (int form = SK_I8_WIDE; form <= SK_I8_BOTH7; form++) {
        size_t bytes = matrix_bytes(f, form);
        if (!bytes || !sk_mul(bytes, (size_t)f->matrices, &bytes) || bytes > SK_MAX_TENSOR_BYTES) return 0;
        most = bytes > most ? bytes : most;
    }
    return most + sizeof(header);
}

static void pack_matrix(const sk_product8_form *f, const sk_i8_panels *p, const uint8_t *b,
                        const sk_i8_columns *c) {
    const size_t channels = (size_t)f->channels, width = f->depthwise;
    if (width) {
        sk_i8_pack_dw(&(sk_i8_dw_weights){p->n, (size_t)f->taps / width, width, b, f->b_signed, *c}, p->data);
        return;
    }
    sk_i8_pack_begin(p);
    for (size_t t = 0; t < (size_t)f->taps; t++)
        sk_i8_pack_piece(p, &(sk_i8_piece){.row = t * channels,
                                           .rows = channels,
                                           .cols = p->n,
                                           .b = b + t,
                                           .b_row = (size_t)f->row,
                                           .b_col = (size_t)f->col});
    sk_i8_pack_columns(p, c);
}

/* Within -64 .. 63, once signed? */
static int narrow_weights(const uint8_t *b, size_t n, int is_signed) {
    const uint8_t shift = is_signed ? 64 : 192;
    int wide = 0;
    for (size_t i = 0; i < n; i++) wide |= (uint8_t)(b[i] + shift) > 127;
    return !wide;
}

static numbers numbers_at(void *memory, size_t n) {
    float *at = memory;
    return (numbers){(int32_t *)memory, at + n, at + 2 * n, (uint8_t *)(at + 3 * n)};
}

/* Strips of the model pass through `b`, which holds a matrix, and the columns' numbers behind it. */
static sk_status pack_constants(const sk_product8_form *f, const source *s, void *memory, uint8_t *b,
                                header *h) {
    const size_t n = (size_t)f->n, size = n * (size_t)f->taps * (size_t)f->channels;
    const numbers to = numbers_at(memory, n);
    h->form = (int32_t)sk_select_i8_form(f->narrow, 1);
    for (size_t g = 0; g < (size_t)f->matrices && h->form != (int32_t)sk_select_i8_form(f->narrow, 0); g++) {
        SK_TRY(fetch(s, f->at.b, g * size, size, b));
        if (!narrow_weights(b, size, f->b_signed)) h->form = (int32_t)sk_select_i8_form(f->narrow, 0);
    }
    sk_i8_panels p = panels_of(f, h->form);
    p.data = h + 1;
    for (size_t g = 0; g < (size_t)f->matrices; g++) {
        sk_i8_columns c;
        SK_TRY(fetch(s, f->at.b, g * size, size, b));
        SK_TRY(columns_of(f, s, g * n, &to, &c));
        pack_matrix(f, &p, b, &c);
        h->sums |= sk_i8_wants_sums(p.form, &c, f->b_signed);
        p.data = (char *)p.data + matrix_bytes(f, h->form);
    }
    return SK_OK;
}

static sk_status pack(const sk_pack *pack, void *dst) {
    const sk_product8_form *f = pack->params;
    const source s = {pack, NULL, pack->err};
    const size_t columns = (size_t)f->n * NUMBER_BYTES;
    size_t bytes;
    memset(dst, 0, sizeof(header));
    if (!sk_add(columns, (size_t)f->n * (size_t)f->taps * (size_t)f->channels, &bytes))
        return sk_oom(pack->err, SIZE_MAX);
    char *memory = sk_alloc(pack->heap, bytes + 1);
    if (!memory) return sk_oom(pack->err, bytes);
    const sk_status status = pack_constants(f, &s, memory, (uint8_t *)memory + columns, dst);
    sk_free(pack->heap, memory);
    return status;
}

sk_status sk_product8_pack_now(const sk_run *r, sk_product8_call *call, size_t offset) {
    const sk_product8_form *f = &call->s->form;
    const source s = {NULL, r->in, r->err};
    const size_t n = (size_t)f->n, size = n * (size_t)f->taps * (size_t)f->channels;
    const numbers to = numbers_at((char *)r->scratch + call->s->numbers, n);
    const uint8_t *b = (const uint8_t *)r->in[f->at.b]->data + offset;
    header *h = (header *)((char *)r->scratch + call->s->pack);
    *h = (header){.form = (int32_t)sk_select_i8_form(f->narrow, 0)};
    sk_i8_panels p = panels_of(f, h->form);
    p.data = h + 1;
    for (size_t g = 0; g < (size_t)f->matrices; g++, b += size) {
        sk_i8_columns c;
        SK_TRY(columns_of(f, &s, g * n, &to, &c));
        pack_matrix(f, &p, b, &c);
        h->sums |= sk_i8_wants_sums(p.form, &c, f->b_signed);
        p.data = (char *)p.data + matrix_bytes(f, h->form);
    }
    call->packed = h;
    return SK_OK;
}

/* ---- prepare ---- */

sk_product8_inputs sk_present(const sk_prepare *p, sk_product8_inputs at) {
    int8_t *input = &at.b;
    for (size_t i = 0; i < sizeof at; i++)
        if (input[i] >= p->n_in || (input[i] >= 0 && !p->in[input[i]])) input[i] = -1;
    return at;
}

static sk_status pack_or_take(sk_prepare *p, sk_product8 *s) {
    const sk_product8_inputs *at = &s->form.at;
    const int8_t others[] = {at->b_zero, at->a_scale, at->b_scale, at->y_scale, at->bias, at->addend};
    const size_t bytes = packed_bytes(&s->form);
    int packable = sk_packable(p, at->b) && !s->pack_at_run;
    if (!bytes) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    for (size_t i = 0; i < sizeof others; i++) {
        s->form.ids[i] = -1;
        if (others[i] < 0) continue;
        if (sk_packable(p, others[i])) s->form.ids[i] = p->constants[others[i]]->id;
        else packable = 0;
    }
    if (packable)
        return sk_prepare_pack(p, &(sk_packing){"i8_product", at->b, &s->form, sizeof s->form, bytes, pack},
                               &s->packed);
    sk_prepare_want(p, at->b);
    if (!sk_scratch_take(p, bytes, &s->pack) ||
        !sk_scratch_take(p, (size_t)s->form.n * NUMBER_BYTES, &s->numbers))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    return SK_OK;
}

/* A thread's block: pointers, sums, the rows themselves. */
static size_t pointer_bytes(const sk_product8_form *f) {
    return sk_pad16((size_t)f->taps * SK_I8_ROWS * sizeof(uint8_t *));
}

sk_status sk_product8_prepare(sk_prepare *p, sk_product8 *s, size_t rows) {
    const sk_product8_form *f = &s->form;
    size_t k, bytes;
    s->form.b_signed = p->in[f->at.b]->type == SK_INT8;
    s->reference = (uint8_t)sk_reference(p);
    s->gather = sk_select_i8_gather(s->reference);
    if (!s->pieces) s->pieces = f->taps;
    s->by_columns = p->threads > 1 && f->n >= 64 * p->threads && rows < 64 * (size_t)p->threads;
    if (!sk_mul((size_t)f->taps, (size_t)f->channels, &k) || k > SK_MAX_TENSOR_BYTES / SK_I8_ROWS / 8)
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    SK_TRY(pack_or_take(p, s));
    s->work_bytes =
        pointer_bytes(f) + SK_I8_ROWS * sizeof(int32_t) + sk_i8_rows_bytes(SK_I8_WIDE, SK_I8_ROWS, k);
    s->work_bytes = (s->work_bytes + 63) & ~(size_t)63;
    if (!sk_mul(s->work_bytes, (size_t)p->threads, &bytes) || !sk_scratch_take(p, bytes, &s->work))
        return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    return SK_OK;
}

int sk_codes_are_narrow(const sk_value *value) {
    const sk_node *maker = value ? value->producer : NULL;
    if (!maker || !maker->op) return 0;
    if (maker->op->flags & SK_OP_MOVES) {
        const int n = maker->op->max_in == SK_MANY ? maker->n_inputs : 1;
        for (int i = 0; i < n; i++)
            if (!sk_codes_are_narrow(maker->inputs[i])) return 0;
        return 1;
    }
    return value->type.type == SK_UINT8 && maker->lo >= 0 && maker->hi <= 127;
}

/* ---- run ---- */

const void *sk_product8_panels(const sk_product8_call *call) { return (const header *)call->packed + 1; }

const uint8_t **sk_product8_rows(const sk_product8_call *call, int thread) {
    return (const uint8_t **)(call->work + (size_t)thread * call->s->work_bytes);
}

sk_product8_call sk_product8_call_of(const sk_run *r, const sk_product8 *s) {
    const sk_product8_inputs *at = &s->form.at;
    const sk_tensor *y = r->out[0];
    const float low = y->type == SK_INT8 ? -128 : 0;
    sk_product8_call c = {.s = s,
                          .packed = s->packed,
                          .a_signed = r->in[0]->type == SK_INT8,
                          .work = (char *)r->scratch + s->work,
                          .target = {.type = y->type, .factor = 1, .lo = r->node->lo, .hi = r->node->hi}};
    if (at->a_zero >= 0) c.a_zero = sk_zero_at(r->in[at->a_zero], 0);
    if (at->y_zero >= 0) {
        c.target.zero = sk_zero_at(r->in[at->y_zero], 0);
        c.target.lo = c.target.lo > low ? c.target.lo : low;
        c.target.hi = c.target.hi < low + 255 ? c.target.hi : low + 255;
    }
    return c;
}

#define ROW_UNIT 16
#define COLUMN_UNIT (4 * SK_I8_PANEL)
#define MAC_NS 0.025 /* of one multiply-add, about */

static void part(const void *work, size_t begin, size_t end, int thread) {
    const sk_product8_call *c = work;
    const sk_product8 *s = c->s;
    const sk_product8_form *f = &s->form;
    const header *h = c->packed;
    const size_t n = (size_t)f->n, k = (size_t)f->taps * (size_t)f->channels, size = sk_elem(c->target.type);
    const size_t unit = s->by_columns ? COLUMN_UNIT : ROW_UNIT, all = s->by_columns ? n : c->m;
    const size_t first = begin * unit, last = end * unit < all ? end * unit : all;
    const size_t col = s->by_columns ? first : 0, rows_end = s->by_columns ? c->m : last;
    const uint8_t **rows = sk_product8_rows(c, thread);
    int32_t *sums = (int32_t *)((char *)rows + pointer_bytes(f));
    sk_i8_gather_args gather = {(sk_i8_form)h->form,   c->a_signed,          0,
                                k / (size_t)s->pieces, (size_t)s->pieces,    rows,
                                sums + SK_I8_ROWS,     h->sums ? sums : NULL};
    sk_i8_gemm_args gemm = {.form = gather.form,
                            .n = s->by_columns ? last - first : n,
                            .k = k,
                            .a = gather.to,
                            .sums = gather.sums,
                            .zero_a = c->a_zero,
                            .a_signed = c->a_signed,
                            .y_row = c->y_row,
                            .target = c->target};
    sk_i8_gemm_fn *const run = sk_select_i8_gemm(gather.form, s->reference);
    const size_t panel = sk_i8_panel_bytes(gather.form, k), matrix = matrix_bytes(f, h->form);
    for (size_t row = s->by_columns ? 0 : first, m; row < rows_end; row += m) {
        gather.m = gemm.m = m = sk_i8_block_rows(rows_end - row, k);
        for (size_t g = 0; g < (size_t)f->matrices; g++) {
            c->rows(c->of, g, row, m, rows);
            s->gather(&gather);
            gemm.packed = (const char *)(h + 1) + g * matrix + col / SK_I8_PANEL * panel;
            gemm.y = (char *)c->y + (row * c->y_row + g * n + col) * size;
            run(&gemm);
        }
    }
}

void sk_product8_run(sk_pool *pool, const sk_product8_call *c) {
    const sk_product8_form *f = &c->s->form;
    const double macs = (double)f->n * (double)f->matrices * (double)f->taps * (double)f->channels;
    const size_t n = (size_t)f->n;
    if (c->s->by_columns)
        sk_split(pool, (n + COLUMN_UNIT - 1) / COLUMN_UNIT,
                 macs / (double)n * COLUMN_UNIT * (double)c->m * MAC_NS, part, c);
    else sk_split(pool, (c->m + ROW_UNIT - 1) / ROW_UNIT, macs * ROW_UNIT * MAC_NS, part, c);
}
