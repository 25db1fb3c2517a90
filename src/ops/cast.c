/* Cast and CastLike between all numeric types; elementwise.h says what happens out of range. */
#include "ops/elementwise.h"

typedef struct cast_params {
    int to;            /* 0: as input 1 (CastLike) */
    uint8_t overflows; /* saturate = 0: what only float8 targets know */
} cast_params;

/* Up to opset 5 the type stands there by its name. */
static sk_status import_name(sk_import *c, cast_params *params) {
    static const char *const names[] = {"",        "FLOAT",  "UINT8",  "INT8",   "UINT16",
                                        "INT16",   "INT32",  "INT64",  "STRING", "BOOL",
                                        "FLOAT16", "DOUBLE", "UINT32", "UINT64", NULL};
    SK_TRY(sk_want_word(c, "to", names, 0, &params->to));
    if (sk_type_in(params->to, SK_T_CAST)) return SK_OK;
    return sk_bad_attr(c, SK_UNSUPPORTED, "to %s", sk_type_name(params->to));
}

static sk_status import_cast(sk_import *c) {
    int64_t to = 0, saturate;
    cast_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "saturate", 1, &saturate));
    params->overflows = saturate == 0;
    if (c->node->op->param) return SK_OK;
    if (c->node->opset < 6) return import_name(c, params);
    if (!sk_node_attr(c->node, "to")) return sk_bad_attr(c, SK_MALFORMED, "attribute 'to' is missing");
    SK_TRY(sk_want_int(c, "to", 0, &to));
    if (to <= 0 || to >= SK_TYPE_COUNT)
        return sk_bad_attr(c, SK_MALFORMED, "no element type %lld", (long long)to);
    params->to = (int)to;
    if (!sk_type_in(params->to, SK_T_CAST))
        return sk_bad_attr(c, SK_UNSUPPORTED, "to %s", sk_type_name(params->to));
    if (params->overflows && sk_type_in(params->to, SK_T_FLOAT8))
        return sk_bad_attr(c, SK_UNSUPPORTED, "to %s without saturation", sk_type_name(params->to));
    return SK_OK;
}

static sk_status infer_cast(sk_infer *c) {
    const cast_params *params = c->node->params;
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = (uint8_t)(params->to ? params->to : c->in[1]->type);
    return SK_OK;
}

static sk_status prepare_cast(sk_prepare *p) {
    const cast_params *params = p->node->params;
    char text[SK_NODE_TEXT];
    const int from = p->in[0]->type, to = p->out[0]->type;
    if (!sk_convert_loop(from, to) || (!params->to && params->overflows && sk_type_in(to, SK_T_FLOAT8)))
        return sk_fail(p->err, SK_UNSUPPORTED, "%s from %s to %s", sk_node_text(p->node, text),
                       sk_type_name(from), sk_type_name(to));
    return SK_OK;
}

static sk_status run_cast(sk_run *r) {
    const sk_tensor *in = r->in[0], *out = r->out[0];
    if (in->type == out->type) return sk_run_same(r);
    sk_convert(in->type, out->type, in->data, out->data, 0, sk_numel(in));
    return SK_OK;
}

static int is_view(const sk_node *node, const sk_tensor *const *in, const sk_tensor *out) {
    (void)node;
    return in[0]->type == out->type;
}

const sk_impl sk_impl_cast = {.import = import_cast,
                              .infer = infer_cast,
                              .prepare = prepare_cast,
                              .run = run_cast,
                              SK_TRAITS(.is_view = is_view)};
