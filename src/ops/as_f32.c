/* Float32 operators on other types: see sk_prepare_as_f32 in elementwise.h. */
#include "ops/elementwise.h"

#include "ops/window.h"

#define MOST_INPUTS 8
#define MOST_OUTPUTS 2

typedef struct as_f32_state {
    void *state;
    sk_run_fn *run;
    uint32_t inputs;
    size_t at[MOST_INPUTS], out; /* offsets in scratch */
} as_f32_state;

/* What stands for t: itself, or a float32 tensor of its shape. */
static const sk_tensor *stand_in(const sk_tensor *t, sk_tensor *f32) {
    *f32 = *t;
    f32->type = SK_FLOAT32;
    f32->data = NULL;
    return f32;
}

static int converts(const as_f32_state *s, const sk_tensor *const *in, int i) {
    return ((s->inputs >> i) & 1) && in[i] && in[i]->type != SK_FLOAT32;
}

static sk_status run_as_f32(sk_run *r) {
    const as_f32_state *s = r->state;
    const sk_tensor *in[MOST_INPUTS];
    sk_tensor *out[MOST_OUTPUTS], f32[MOST_INPUTS + 1];
    sk_run inner = *r;
    for (int i = 0; i < r->n_in; i++) {
        in[i] = r->in[i];
        if (!converts(s, r->in, i)) continue;
        in[i] = stand_in(r->in[i], &f32[i]);
        f32[i].data = (char *)r->scratch + s->at[i];
        sk_convert(r->in[i]->type, SK_FLOAT32, r->in[i]->data, f32[i].data, 0, sk_numel(r->in[i]));
    }
    for (int i = 1; i < r->n_out; i++) out[i] = r->out[i];
    out[0] = &f32[MOST_INPUTS];
    stand_in(r->out[0], out[0]);
    out[0]->data = (char *)r->scratch + s->out;
    inner.state = s->state;
    inner.in = in;
    inner.out = out;
    SK_TRY(s->run(&inner));
    sk_convert(SK_FLOAT32, r->out[0]->type, out[0]->data, r->out[0]->data, 0, sk_numel(r->out[0]));
    return SK_OK;
}

sk_status sk_prepare_as_f32(sk_prepare *p, uint32_t inputs, sk_status (*prepare)(sk_prepare *p)) {
    const sk_tensor *in[MOST_INPUTS], *const *given = p->in;
    sk_tensor *out[MOST_OUTPUTS], *const *wanted = p->out, f32[MOST_INPUTS + 1];
    int any = wanted[0]->type != SK_FLOAT32;
    for (int i = 0; i < p->n_in && i < MOST_INPUTS; i++)
        any |= ((inputs >> i) & 1) && given[i] && given[i]->type != SK_FLOAT32;
    if (!any) return prepare ? prepare(p) : SK_OK;
    if (p->n_in > MOST_INPUTS) return sk_no_kernel(p, given[0]->type);
    as_f32_state *s = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    s->inputs = inputs;
    for (int i = 0; i < p->n_in; i++) in[i] = converts(s, given, i) ? stand_in(given[i], &f32[i]) : given[i];
    for (int i = 1; i < p->n_out; i++) out[i] = wanted[i];
    out[0] = &f32[MOST_INPUTS];
    stand_in(wanted[0], out[0]);
    p->in = in;
    p->out = out;
    const sk_status status = prepare ? prepare(p) : SK_OK;
    p->in = given;
    p->out = wanted;
    SK_TRY(status);
    s->state = p->state;
    s->run = p->run;
    for (int i = 0; i < p->n_in; i++)
        if (converts(s, given, i) && !sk_scratch_take(p, sk_f32_scratch(given[i]), &s->at[i]))
            return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    if (!sk_scratch_take(p, sk_f32_scratch(wanted[0]), &s->out)) return sk_oom(p->err, SK_MAX_TENSOR_BYTES);
    p->state = s;
    p->run = run_as_f32;
    return SK_OK;
}

sk_status sk_prepare_two_f32(sk_prepare *p) { return sk_prepare_as_f32(p, 3, NULL); }
