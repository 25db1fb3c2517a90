/* Attributes, shapes and the scalar definition, as all convolutions have them. */
#include "ops/conv.h"

sk_status sk_conv_groups(sk_import *c, int32_t *groups) {
    const sk_attr *group;
    SK_TRY(sk_want(c, "group", SK_ATTR_INT, &group));
    if (group && (group->i < 1 || group->i > INT32_MAX))
        return sk_node_fail(c->node, c->err, SK_MALFORMED, "group is %lld", (long long)group->i);
    *groups = group ? (int32_t)group->i : 1;
    return SK_OK;
}

sk_status sk_conv_import(sk_import *c) {
    sk_conv_params *params = sk_params(c, sizeof *params);
    if (!params) return sk_oom(c->err, sizeof *params);
    SK_TRY(sk_window_import(c, &params->attrs));
    return sk_conv_groups(c, &params->groups);
}

sk_status sk_conv_infer_shape(sk_infer *c, const sk_tensor *w) {
    const sk_conv_params *params = c->node->params;
    const sk_tensor *x = c->in[0];
    sk_tensor *y = c->out[0];
    sk_window_attrs attrs = params->attrs;
    SK_TRY(sk_window_complete(c, &attrs, x, w));
    const int64_t channels = (int64_t)w->dims[1] * params->groups;
    if (x->dims[1] >= 0 && w->dims[1] >= 0 && channels != x->dims[1])
        return sk_bad_shape(c, "input %pT does not have the channels of weights %pT in %d groups", x, w,
                            params->groups);
    if (w->dims[0] >= 0 && w->dims[0] % params->groups)
        return sk_bad_shape(c, "%d output channels in %d groups", w->dims[0], params->groups);
    y->rank = x->rank;
    y->dims[0] = x->dims[0];
    y->dims[1] = w->dims[0];
    return sk_window_output(c, &attrs, x, y);
}

sk_status sk_conv_make_window(sk_prepare *p, const sk_tensor *w, sk_window *window) {
    const sk_conv_params *params = p->node->params;
    sk_window_attrs attrs = params->attrs;
    SK_TRY(sk_window_complete(&p->shapes, &attrs, p->in[0], w));
    sk_window_make(&attrs, p->in[0], p->out[0], params->groups, window, NULL);
    return SK_OK;
}

static void reference_part(const void *work, size_t begin, size_t end, int thread) {
    (void)thread;
    any_conv__ref(work, begin, end);
}

void sk_conv_reference(const sk_run *r, const sk_window *w, int transposed, int clamps) {
    const sk_tensor *x = r->in[0], *y = r->out[0];
    const sk_any_conv_args args = {.w = w,
                                   .x = x->data,
                                   .weight = r->in[1]->data,
                                   .bias = r->n_in > 2 && r->in[2] ? r->in[2]->data : NULL,
                                   .y = y->data,
                                   .type = x->type,
                                   .transposed = (uint8_t)transposed,
                                   .x_last = x->layout == SK_CHANNELS_LAST,
                                   .y_last = y->layout == SK_CHANNELS_LAST,
                                   .lo = clamps ? r->node->lo : -__builtin_inff(),
                                   .hi = clamps ? r->node->hi : __builtin_inff()};
    if (!sk_numel(y)) return;
    sk_split(r->pool, (size_t)w->batch * (size_t)w->out_c,
             (double)sk_span(y, 2, y->rank) * (double)sk_span(r->in[1], 1, r->in[1]->rank), reference_part,
             &args);
}
