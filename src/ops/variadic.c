/* Min, Max, Sum and Mean of any number of operands: a chain of binary functions through the output. */
#include "ops/elementwise.h"

typedef struct variadic_state {
    sk_broadcasting mean; /* the output divided by count */
    float count;
    double count64;
    sk_broadcasting stage[]; /* n_in - 1 of them, or one */
} variadic_state;

static int is_mean(const sk_node *node) { return node->op->param == SK_OP_MEAN; }

static sk_status infer(sk_infer *c) {
    SK_TRY(sk_infer_broadcast(c));
    return sk_same_types(c);
}

static sk_status prepare_mean(const sk_prepare *p, variadic_state *s) {
    sk_tensor number = {.type = p->out[0]->type == SK_FLOAT64 ? SK_FLOAT64 : SK_FLOAT32};
    const sk_tensor *const in[2] = {p->out[0], &number};
    s->count64 = s->count = (float)p->n_in;
    return sk_binary_ready(p, &s->mean, SK_BINARY_DIV, in, p->out[0]);
}

static sk_status prepare(sk_prepare *p) {
    const size_t stages = p->n_in > 1 ? (size_t)p->n_in - 1 : 1;
    const size_t size = sizeof(variadic_state) + stages * sizeof(sk_broadcasting);
    variadic_state *s = sk_prepare_state(p, size);
    if (!s) return SK_OUT_OF_MEMORY;
    int kind = is_mean(p->node) ? SK_BINARY_ADD : p->node->op->param;
    if (p->n_in == 1) kind = SK_BINARY_MIN; /* with itself: a copy */
    for (size_t i = 0; i < stages; i++) {
        const sk_tensor *const in[2] = {i ? p->out[0] : p->in[0], p->in[p->n_in > 1 ? i + 1 : 0]};
        SK_TRY(sk_binary_ready(p, &s->stage[i], kind, in, p->out[0]));
    }
    return is_mean(p->node) ? prepare_mean(p, s) : SK_OK;
}

static sk_status run(sk_run *r) {
    const variadic_state *s = r->state;
    void *out = r->out[0]->data;
    const size_t stages = r->n_in > 1 ? (size_t)r->n_in - 1 : 1;
    for (size_t i = 0; i < stages; i++) {
        const void *const in[2] = {i ? out : r->in[0]->data, r->in[r->n_in > 1 ? i + 1 : 0]->data};
        SK_TRY(sk_elementwise_run(r, &s->stage[i], in, out));
    }
    if (!is_mean(r->node)) return SK_OK;
    const void *count = r->out[0]->type == SK_FLOAT64 ? (const void *)&s->count64 : &s->count;
    return sk_elementwise_run(r, &s->mean, (const void *const[]){out, count}, out);
}

static int as_element(const sk_node *node, sk_element *e) {
    e->kind = node->op->param;
    e->operands = 2;
    return node->n_inputs == 2 && !is_mean(node);
}

const sk_impl sk_impl_variadic = {.import = sk_import_all_present,
                                  .infer = infer,
                                  .prepare = prepare,
                                  .run = run,
                                  SK_TRAITS(.as_element = as_element)};
