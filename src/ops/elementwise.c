/* See elementwise.h. */
#include "ops/elementwise.h"

#include <math.h>
#include <string.h>

int sk_unary_loop(int type) {
    if (sk_type_in(type, SK_T(FLOAT32) | SK_T(FLOAT16) | SK_T(BFLOAT16))) return SK_FLOAT32;
    if (type == SK_FLOAT64 || type == SK_BOOL) return type;
    return sk_type_in(type, SK_T_INT) ? SK_INT64 : 0;
}

sk_status sk_no_kernel(const sk_prepare *p, int type) {
    char text[SK_NODE_TEXT];
    return sk_fail(p->err, SK_UNSUPPORTED, "%s on %s", sk_node_text(p->node, text), sk_type_name(type));
}

/* What one kernel does with signed numbers may be nothing, or something else, with unsigned ones. */
static void adapt_to_unsigned(int type, sk_unary_args *args) {
    if (!sk_type_in(type, SK_T(UINT8) | SK_T(UINT16) | SK_T(UINT32) | SK_T(UINT64))) return;
    if (args->kind == SK_UNARY_ABS) *args = (sk_unary_args){SK_UNARY_CLAMP, {-INFINITY, INFINITY}};
    if (args->kind == SK_UNARY_SIGN) args->p[2] = 1;
}

sk_status sk_unary_ready(const sk_prepare *p, sk_broadcasting *b, const sk_unary_args *args,
                         const sk_tensor *in, const sk_tensor *out) {
    const int is_test = args->kind == SK_UNARY_IS_NAN || args->kind == SK_UNARY_IS_INF;
    const int loop = is_test ? SK_FLOAT64 : sk_unary_loop(in->type);
    b->args = *args;
    adapt_to_unsigned(in->type, &b->args);
    b->unary = sk_select_unary(b->args.kind, loop, sk_reference(p));
    if (!b->unary) return sk_no_kernel(p, in->type);
    const uint8_t loops[1] = {(uint8_t)loop};
    sk_broadcast_ready(b, out, &in, 1, loops, is_test ? SK_BOOL : loop);
    return SK_OK;
}

sk_status sk_binary_ready(const sk_prepare *p, sk_broadcasting *b, int kind, const sk_tensor *const *in,
                          const sk_tensor *out) {
    const int loop = sk_binary_loop(kind, in[0]->type, sk_reference(p));
    b->args.kind = kind;
    b->binary = loop ? sk_select_binary(kind, loop, sk_reference(p)) : NULL;
    if (!b->binary) return sk_no_kernel(p, in[0]->type);
    const uint8_t loops[2] = {(uint8_t)loop, (uint8_t)loop};
    sk_broadcast_ready(b, out, in, 2, loops, kind >= SK_BINARY_EQUAL ? SK_BOOL : loop);
    return SK_OK;
}

sk_status sk_elementwise_run(const sk_run *r, const sk_broadcasting *b, const void *const *in, void *out) {
    if (sk_broadcast_run(r->pool, b, in, out)) return sk_run_fail(r, SK_VALUE, "integer division by zero");
    return SK_OK;
}

sk_status sk_want_types(const sk_infer *c, int i, uint32_t types) {
    if (i >= c->n_in || !c->in[i] || !c->in[i]->type || sk_type_in(c->in[i]->type, types)) return SK_OK;
    return sk_node_fail(c->node, c->err, SK_TYPE, "input %d is %s", i, sk_type_name(c->in[i]->type));
}

sk_status sk_same_types(const sk_infer *c) {
    char text[SK_NODE_TEXT];
    int type = 0;
    for (int i = 0; i < c->n_in; i++) {
        const int other = c->in[i] ? c->in[i]->type : 0;
        if (type && other && other != type)
            return sk_fail(c->err, SK_TYPE, "%s mixes %s and %s", sk_node_text(c->node, text),
                           sk_type_name(type), sk_type_name(other));
        if (other) type = other;
    }
    c->out[0]->type = (uint8_t)type;
    return SK_OK;
}

sk_status sk_size_input(const sk_infer *c, int i, int64_t least, int64_t *value) {
    const sk_tensor *t = i < c->n_in ? c->in[i] : NULL;
    *value = -1;
    if (!t) return SK_OK;
    SK_TRY(sk_want_types(c, i, SK_T(INT64) | SK_T(INT32)));
    if (sk_shape_known(t) && sk_numel(t) != 1) return sk_bad_shape(c, "input %d is not a scalar", i);
    if (sk_known_ints(t, value, 1) != 1 || (*value >= least && *value <= INT32_MAX)) return SK_OK;
    return sk_bad_shape(c, "input %d is %lld", i, (long long)*value);
}

sk_status sk_import_all_present(sk_import *c) {
    for (int i = 0; i < c->node->n_inputs; i++)
        if (!c->node->inputs[i]) return sk_bad_attr(c, SK_MALFORMED, "input %d is absent", i);
    return SK_OK;
}

sk_status sk_run_same(sk_run *r) {
    const size_t bytes = sk_nbytes(r->out[0]);
    if (bytes && r->out[0]->data != r->in[0]->data) memcpy(r->out[0]->data, r->in[0]->data, bytes);
    return SK_OK;
}

double sk_number_at(const sk_tensor *t, size_t i) {
    double x;
    if (t->type == SK_FLOAT32) return (double)((const float *)t->data)[i];
    if (t->type == SK_FLOAT64) return ((const double *)t->data)[i];
    sk_convert(t->type, SK_FLOAT64, (const uint8_t *)t->data + i * sk_elem(t->type), &x, 0, 1);
    return x;
}

void sk_put_number(const sk_tensor *t, size_t i, double x) {
    if (t->type == SK_FLOAT32) ((float *)t->data)[i] = (float)x;
    else if (t->type == SK_FLOAT64) ((double *)t->data)[i] = x;
    else sk_convert(SK_FLOAT64, t->type, &x, (uint8_t *)t->data + i * sk_elem(t->type), 0, 1);
}

size_t sk_f32_scratch(const sk_tensor *t) {
    return !t || t->type == SK_FLOAT32 ? 0 : (sk_numel(t) * sizeof(float) + 15) & ~(size_t)15;
}

float *sk_f32_result(const sk_tensor *t, float **scratch) {
    float *at = *scratch;
    if (t->type == SK_FLOAT32) return t->data;
    *scratch += sk_f32_scratch(t) / sizeof(float);
    return at;
}

const float *sk_as_f32(const sk_tensor *t, float **scratch) {
    float *at = sk_f32_result(t, scratch);
    if (t->type != SK_FLOAT32) sk_convert(t->type, SK_FLOAT32, t->data, at, 0, sk_numel(t));
    return at;
}

void sk_f32_finish(const sk_tensor *t, const float *result) {
    if (result != t->data) sk_convert(SK_FLOAT32, t->type, result, t->data, 0, sk_numel(t));
}
