/* LSTM, GRU and RNN: all directions and options. Constant weights are packed once for all plans; weights that
 * come as inputs are packed at run into scratch. Layout 1 (batch first) is only other strides to the kernel.
 * float64 goes by the definition. */
#include <string.h>

#include "ops/move.h"

enum { IN_X, IN_W, IN_R, IN_B, IN_LENGTHS, IN_H, IN_C, IN_P };

typedef struct rnn_params {
    int directions;
    uint8_t reverse; /* the first direction runs backwards */
    uint8_t batch_first, linear_before_reset, input_forget;
    int64_t hidden; /* 0: as the weights say */
    float clip;
    sk_rnn_act act[2][3];
} rnn_params;

/* ---- import ---- */

typedef struct act_row {
    const char *name;
    uint8_t alphas, betas; /* how many of activation_alpha and _beta it consumes */
    float alpha, beta;
} act_row;

static const act_row act_rows[] = {
    [SK_ACT_SIGMOID] = {"Sigmoid", 0, 0, 0, 0},
    [SK_ACT_TANH] = {"Tanh", 0, 0, 0, 0},
    [SK_ACT_RELU] = {"Relu", 0, 0, 0, 0},
    [SK_ACT_AFFINE] = {"Affine", 1, 1, 1, 0},
    [SK_ACT_LEAKY_RELU] = {"LeakyRelu", 1, 0, 0.01f, 0},
    [SK_ACT_THRESHOLDED_RELU] = {"ThresholdedRelu", 1, 0, 1, 0},
    [SK_ACT_SCALED_TANH] = {"ScaledTanh", 1, 1, 1, 1},
    [SK_ACT_HARD_SIGMOID] = {"HardSigmoid", 1, 1, 0.2f, 0.5f},
    [SK_ACT_ELU] = {"Elu", 1, 0, 1, 0},
    [SK_ACT_SOFTSIGN] = {"Softsign", 0, 0, 0, 0},
    [SK_ACT_SOFTPLUS] = {"Softplus", 0, 0, 0, 0},
};

static int find_act(const sk_string *name) {
    for (int i = 0; i < (int)(sizeof act_rows / sizeof *act_rows); i++)
        if (strlen(act_rows[i].name) == name->length && !memcmp(act_rows[i].name, name->text, name->length))
            return i;
    return -1;
}

static sk_status import_activations(sk_import *c, rnn_params *params) {
    static const uint8_t defaults[3][3] = {[SK_CELL_RNN] = {SK_ACT_TANH, 0, 0},
                                           [SK_CELL_GRU] = {SK_ACT_SIGMOID, SK_ACT_TANH, 0},
                                           [SK_CELL_LSTM] = {SK_ACT_SIGMOID, SK_ACT_TANH, SK_ACT_TANH}};
    const int cell = c->node->op->param, per = cell == SK_CELL_LSTM ? 3 : cell == SK_CELL_GRU ? 2 : 1;
    const sk_attr *names, *alphas, *betas;
    uint32_t alpha = 0, beta = 0;
    SK_TRY(sk_want(c, "activations", SK_ATTR_STRINGS, &names));
    SK_TRY(sk_want(c, "activation_alpha", SK_ATTR_FLOATS, &alphas));
    SK_TRY(sk_want(c, "activation_beta", SK_ATTR_FLOATS, &betas));
    if (names && !names->count) names = NULL;
    if (names && names->count != (uint32_t)(per * params->directions))
        return sk_bad_attr(c, SK_MALFORMED, "%u activations for %d direction(s)", (unsigned)names->count,
                           params->directions);
    for (int i = 0; i < per * params->directions; i++) {
        int kind = defaults[cell][i % per];
        if (names) {
            const sk_string *name = &names->strings[i];
            kind = find_act(name);
            if (kind < 0)
                return sk_bad_attr(c, SK_UNSUPPORTED, "activation '%.*s'",
                                   name->length > 60 ? 60 : (int)name->length, name->text);
        }
        const act_row *row = &act_rows[kind];
        sk_rnn_act *act = &params->act[i / per][i % per];
        *act = (sk_rnn_act){(uint8_t)kind, row->alpha, row->beta};
        if (row->alphas && alphas && alpha < alphas->count) act->alpha = alphas->floats[alpha++];
        if (row->betas && betas && beta < betas->count) act->beta = betas->floats[beta++];
    }
    return SK_OK;
}

static sk_status rnn_import(sk_import *c) {
    static const char *const directions[] = {"forward", "reverse", "bidirectional", NULL};
    rnn_params *params = sk_params(c, sizeof *params);
    int direction;
    int64_t layout, linear, forget;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_word(c, "direction", directions, 0, &direction));
    params->directions = direction == 2 ? 2 : 1;
    params->reverse = direction == 1;
    SK_TRY(sk_want_int(c, "layout", 0, &layout));
    SK_TRY(sk_want_int(c, "hidden_size", 0, &params->hidden));
    SK_TRY(sk_want_int(c, "linear_before_reset", 0, &linear));
    SK_TRY(sk_want_int(c, "input_forget", 0, &forget));
    SK_TRY(sk_want_float(c, "clip", 0, &params->clip));
    params->batch_first = layout != 0;
    params->linear_before_reset = linear != 0;
    params->input_forget = forget != 0;
    if (!(params->clip >= 0)) return sk_bad_attr(c, SK_MALFORMED, "clip is negative");
    return import_activations(c, params);
}

/* ---- infer ---- */

typedef struct rnn_dims {
    int64_t steps, batch, input, hidden; /* -1: unknown */
} rnn_dims;

/* *known = dim, or fails when both are known and differ. */
static sk_status agree(const sk_infer *c, int input, int axis, int64_t *known) {
    const int32_t dim = c->in[input]->dims[axis];
    if (dim < 0) return SK_OK;
    if (*known >= 0 && *known != dim)
        return sk_bad_shape(c, "input %d is %pT, dimension %d should be %lld", input, c->in[input], axis,
                            (long long)*known);
    *known = dim;
    return SK_OK;
}

/* Input i, if given, must have these dimensions; unknown ones (-1) are learnt from it. */
static sk_status agree_all(const sk_infer *c, int i, int rank, int64_t *const *dims) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    if (!t) return SK_OK;
    const int type = i == IN_LENGTHS ? SK_INT32 : c->in[IN_X]->type;
    if (t->type && type && t->type != type)
        return sk_node_fail(c->node, c->err, SK_TYPE, "input %d is %s, not %s", i, sk_type_name(t->type),
                            sk_type_name(type));
    if (t->rank < 0) return SK_OK;
    if (t->rank != rank) return sk_bad_shape(c, "input %d is %pT, not of rank %d", i, t, rank);
    for (int d = 0; d < rank; d++) SK_TRY(agree(c, i, d, dims[d]));
    return SK_OK;
}

static sk_status rnn_sizes(const sk_infer *c, rnn_dims *d) {
    const rnn_params *params = c->node->params;
    const int64_t gates = (int64_t)sk_cell_gates((sk_cell)c->node->op->param);
    const int b1 = params->batch_first;
    int64_t dirs = params->directions, rows = -1, twice, peep;
    *d = (rnn_dims){-1, -1, -1, params->hidden > 0 ? params->hidden : -1};
    int64_t *s = &d->steps, *b = &d->batch, *h = &d->hidden, *n = &dirs;
    SK_TRY(agree_all(c, IN_X, 3, (int64_t *const[]){b1 ? b : s, b1 ? s : b, &d->input}));
    SK_TRY(agree_all(c, IN_R, 3, (int64_t *const[]){n, &rows, h}));
    if (rows >= 0 && d->hidden < 0) d->hidden = rows / gates;
    if (d->hidden > (INT32_MAX - 8) / 8) return sk_bad_shape(c, "hidden size %lld", (long long)d->hidden);
    if (d->hidden >= 0) {
        if (rows >= 0 && rows != gates * d->hidden)
            return sk_bad_shape(c, "R has %lld rows for hidden size %lld", (long long)rows,
                                (long long)d->hidden);
        rows = gates * d->hidden;
    }
    SK_TRY(agree_all(c, IN_W, 3, (int64_t *const[]){n, &rows, &d->input}));
    twice = rows < 0 ? -1 : 2 * rows;
    peep = d->hidden < 0 ? -1 : 3 * d->hidden;
    SK_TRY(agree_all(c, IN_B, 2, (int64_t *const[]){n, &twice}));
    SK_TRY(agree_all(c, IN_LENGTHS, 1, (int64_t *const[]){b}));
    SK_TRY(agree_all(c, IN_H, 3, (int64_t *const[]){b1 ? b : n, b1 ? n : b, h}));
    if (c->node->op->param != SK_CELL_LSTM) return SK_OK;
    SK_TRY(agree_all(c, IN_C, 3, (int64_t *const[]){b1 ? b : n, b1 ? n : b, h}));
    return agree_all(c, IN_P, 2, (int64_t *const[]){n, &peep});
}

static sk_status rnn_infer(sk_infer *c) {
    const rnn_params *params = c->node->params;
    const int64_t dirs = params->directions;
    rnn_dims d;
    SK_TRY(rnn_sizes(c, &d));
    const int64_t y[2][4] = {{d.steps, dirs, d.batch, d.hidden}, {d.batch, d.steps, dirs, d.hidden}};
    const int64_t last[2][3] = {{dirs, d.batch, d.hidden}, {d.batch, dirs, d.hidden}};
    SK_TRY(sk_set_out(c, 0, c->in[IN_X]->type, 4, y[params->batch_first]));
    SK_TRY(sk_set_out(c, 1, c->in[IN_X]->type, 3, last[params->batch_first]));
    return sk_set_out(c, 2, c->in[IN_X]->type, 3, last[params->batch_first]);
}

/* ---- prepare ---- */

typedef struct rnn_state {
    sk_rnn_fn *kernel;
    uint8_t reference;
    sk_rnn_args args;              /* sizes and options of a direction */
    size_t size;                   /* of a number */
    const float *w, *r;            /* packed, of all directions; NULL: pack at run */
    size_t w_size, r_size;         /* numbers a direction, packed (raw for the reference) */
    size_t h_at, c_at, w_at, r_at; /* offsets in the scratch, in numbers */
} rnn_state;

typedef struct rnn_packing {
    int32_t cell, directions, hidden, k, input;
} rnn_packing;

static sk_status write_packed(const sk_pack *pack, void *dst) {
    const rnn_packing *p = pack->params;
    const size_t k = (size_t)p->k, hidden = (size_t)p->hidden, all = sk_cell_gates((sk_cell)p->cell) * hidden;
    const size_t panels = sk_rnn_panels((sk_cell)p->cell, hidden), bytes = SK_PANEL * k * sizeof(float);
    float *strip = sk_alloc(pack->heap, bytes);
    sk_status status = strip ? SK_OK : sk_oom(pack->err, bytes);
    for (size_t d = 0; d < (size_t)p->directions; d++)
        for (size_t panel = 0; panel < panels && status == SK_OK; panel++) {
            size_t rows;
            const size_t row = d * all + sk_rnn_panel_row(hidden, panel, &rows);
            status = sk_const_read(pack->ir, pack->constants[p->input], row * k, rows * k, strip, pack->err);
            if (status == SK_OK)
                sk_rnn_pack_panel((float *)dst + d * (size_t)sk_rnn_packed((sk_cell)p->cell, hidden, k),
                                  panel, strip, rows, k);
        }
    sk_free(pack->heap, strip);
    return status;
}

static sk_status too_large(const sk_prepare *p) {
    return sk_node_fail(p->node, p->err, SK_LIMIT, "its weights or states are too large");
}

static sk_status pack_weights(sk_prepare *p, rnn_state *state, int input, size_t k, const float **packed) {
    const rnn_params *params = p->node->params;
    if (state->reference) {
        sk_prepare_want(p, input);
        return SK_OK;
    }
    if (!p->constants[input]) return SK_OK;
    const rnn_packing packing = {(int32_t)state->args.cell, params->directions, (int32_t)state->args.hidden,
                                 (int32_t)k, input};
    const uint64_t size = sk_rnn_packed(state->args.cell, state->args.hidden, k);
    if (size > SK_MAX_TENSOR_BYTES / (2 * sizeof(float))) return too_large(p);
    const sk_packing request = {.kind = "f32_rnn_n8",
                                .input = input,
                                .params = &packing,
                                .params_size = sizeof packing,
                                .bytes = (size_t)params->directions * (size_t)size * sizeof(float),
                                .write = write_packed};
    const void *at;
    SK_TRY(sk_prepare_pack(p, &request, &at));
    *packed = at;
    return SK_OK;
}

static sk_status rnn_prepare(sk_prepare *p) {
    const rnn_params *params = p->node->params;
    rnn_dims d;
    SK_TRY(rnn_sizes(&p->shapes, &d));
    rnn_state *state = sk_prepare_state(p, sizeof *state);
    if (!state) return SK_OUT_OF_MEMORY;
    state->reference = sk_reference(p) || p->in[IN_X]->type != SK_FLOAT32;
    state->kernel = sk_select_rnn(state->reference);
    state->size = sk_type_bits(p->in[IN_X]->type) / 8;
    state->args = (sk_rnn_args){.cell = (sk_cell)p->node->op->param,
                                .type = p->in[IN_X]->type,
                                .steps = (size_t)d.steps,
                                .batch = (size_t)d.batch,
                                .input = (size_t)d.input,
                                .hidden = (size_t)d.hidden,
                                .linear_before_reset = params->linear_before_reset,
                                .input_forget = params->input_forget,
                                .clip = params->clip};
    SK_TRY(pack_weights(p, state, IN_W, state->args.input, &state->w));
    SK_TRY(pack_weights(p, state, IN_R, state->args.hidden, &state->r));
    const sk_cell cell = state->args.cell;
    const uint64_t gates = sk_cell_gates(cell), hidden = (uint64_t)d.hidden, input = (uint64_t)d.input;
    const uint64_t w_size = state->reference ? gates * hidden * input : sk_rnn_packed(cell, hidden, input);
    const uint64_t r_size = state->reference ? gates * hidden * hidden : sk_rnn_packed(cell, hidden, hidden);
    /* kernel's scratch (a multiple of 8 floats), states, then weights that are no constants */
    const uint64_t states = ((uint64_t)d.batch * hidden + 7) & ~(uint64_t)7;
    const uint64_t h_at = sk_rnn_scratch(&state->args), w_at = h_at + 2 * states;
    const uint64_t r_at = w_at + (state->reference || state->w ? 0 : w_size);
    const uint64_t total = r_at + (state->reference || state->r ? 0 : r_size);
    if (total > SK_MAX_TENSOR_BYTES / state->size) return too_large(p);
    state->w_size = (size_t)w_size;
    state->r_size = (size_t)r_size;
    state->h_at = (size_t)h_at;
    state->c_at = (size_t)(h_at + states);
    state->w_at = (size_t)w_at;
    state->r_at = (size_t)r_at;
    p->scratch = (size_t)total * state->size;
    return SK_OK;
}

/* ---- run ---- */

static const void *given(const sk_run *r, int i) { return i < r->n_in && r->in[i] ? r->in[i]->data : NULL; }

/* Number i of what begins at `base`. */
static void *from(const sk_run *r, const void *base, size_t i) {
    return (char *)(uintptr_t)base + i * ((const rnn_state *)r->state)->size;
}

/* Direction d's weights in the kernel's form. */
static const void *weights(const sk_run *r, int input, size_t d, const float *packed, size_t size, size_t k,
                           float *scratch) {
    const rnn_state *state = r->state;
    if (packed) return packed + d * size;
    const size_t hidden = state->args.hidden, rows_all = sk_cell_gates(state->args.cell) * hidden;
    const float *raw = from(r, r->in[input]->data, d * rows_all * k);
    if (state->reference) return raw;
    const size_t panels = sk_rnn_panels(state->args.cell, hidden);
    for (size_t panel = 0; panel < panels; panel++) {
        size_t rows;
        const size_t row = sk_rnn_panel_row(hidden, panel, &rows);
        sk_rnn_pack_panel(scratch, panel, raw + row * k, rows, k);
    }
    return scratch;
}

/* States of one direction between tensors ([directions][batch][hidden], or batch first) and [batch][hidden].
 */
static void *state_row(const sk_run *r, const void *data, size_t d, size_t b) {
    const rnn_params *params = r->node->params;
    const rnn_state *state = r->state;
    const size_t at = params->batch_first ? b * (size_t)params->directions + d : d * state->args.batch + b;
    return from(r, data, at * state->args.hidden);
}

static void load_state(const sk_run *r, int input, size_t d, char *dst) {
    const rnn_state *state = r->state;
    const size_t bytes = state->args.hidden * state->size;
    const void *data = given(r, input);
    for (size_t b = 0; b < state->args.batch; b++, dst += bytes) {
        if (data) memcpy(dst, state_row(r, data, d, b), bytes);
        else memset(dst, 0, bytes);
    }
}

static void store_state(const sk_run *r, int output, size_t d, const char *src) {
    const rnn_state *state = r->state;
    const size_t bytes = state->args.hidden * state->size;
    if (output >= r->n_out || !r->out[output]) return;
    for (size_t b = 0; b < state->args.batch; b++, src += bytes)
        memcpy(state_row(r, r->out[output]->data, d, b), src, bytes);
}

static void run_direction(sk_run *r, size_t d) {
    const rnn_params *params = r->node->params;
    const rnn_state *state = r->state;
    sk_rnn_args a = state->args;
    const size_t n = a.hidden, dirs = (size_t)params->directions, gates = sk_cell_gates(a.cell);
    const int b1 = params->batch_first;
    const void *bias = given(r, IN_B), *peep = a.cell == SK_CELL_LSTM ? given(r, IN_P) : NULL;
    a.x = r->in[IN_X]->data;
    a.x_step = b1 ? a.input : a.batch * a.input;
    a.x_batch = b1 ? a.steps * a.input : a.input;
    a.w = weights(r, IN_W, d, state->w, state->w_size, a.input, from(r, r->scratch, state->w_at));
    a.r = weights(r, IN_R, d, state->r, state->r_size, n, from(r, r->scratch, state->r_at));
    a.bias = bias ? from(r, bias, d * 2 * gates * n) : NULL;
    a.peephole = peep ? from(r, peep, d * 3 * n) : NULL;
    a.lengths = given(r, IN_LENGTHS);
    a.h = from(r, r->scratch, state->h_at);
    a.c = from(r, r->scratch, state->c_at);
    a.y_step = b1 ? dirs * n : dirs * a.batch * n;
    a.y_batch = b1 ? a.steps * dirs * n : n;
    a.y = r->out[0] ? from(r, r->out[0]->data, b1 ? d * n : d * a.batch * n) : NULL;
    a.reverse = params->reverse || d == 1;
    memcpy(a.act, params->act[d], sizeof a.act);
    a.scratch = r->scratch;
    load_state(r, IN_H, d, a.h);
    if (a.cell == SK_CELL_LSTM) load_state(r, IN_C, d, a.c);
    state->kernel(&a);
    store_state(r, 1, d, a.h);
    if (a.cell == SK_CELL_LSTM) store_state(r, 2, d, a.c);
}

static sk_status rnn_run(sk_run *r) {
    const rnn_params *params = r->node->params;
    const rnn_state *state = r->state;
    const sk_tensor *lengths = IN_LENGTHS < r->n_in ? r->in[IN_LENGTHS] : NULL;
    for (size_t b = 0; lengths && b < state->args.batch; b++) {
        const int32_t length = ((const int32_t *)lengths->data)[b];
        if (length < 0 || (size_t)length > state->args.steps)
            return sk_run_fail(r, SK_VALUE, "sequence %d has length %d of %d steps", (int)b, (int)length,
                               (int)state->args.steps);
    }
    for (size_t d = 0; d < (size_t)params->directions; d++) run_direction(r, d);
    return SK_OK;
}

static double rnn_macs(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out) {
    (void)node, (void)out;
    const sk_tensor *x = in[IN_X];
    return (double)x->dims[0] * x->dims[1] * ((double)sk_numel(in[IN_W]) + (double)sk_numel(in[IN_R]));
}

/* param: sk_cell */
const sk_impl sk_impl_rnn = {.import = rnn_import,
                             .infer = rnn_infer,
                             .prepare = rnn_prepare,
                             .run = rnn_run,
                             SK_TRAITS(SK_MACS(rnn_macs))};
