/* Cast and CastLike: between all numeric types (elementwise.h says what happens out of range), and between
 * them and strings. */
#include <string.h>

#include "core/decimal.h"
#include "core/maths.h"
#include "kernels/minifloat.h"
#include "ops/elementwise.h"

typedef struct cast_params {
    int to;  /* 0: as input 1 (CastLike) */
    int how; /* saturate and round_mode, as minifloat.h has them: what only 8-bit floats know */
} cast_params;

/* Up to opset 5 the type stands there by its name. */
static sk_status import_name(sk_import *c, cast_params *params) {
    static const char *const names[] = {"",        "FLOAT",  "UINT8",  "INT8",   "UINT16",
                                        "INT16",   "INT32",  "INT64",  "STRING", "BOOL",
                                        "FLOAT16", "DOUBLE", "UINT32", "UINT64", NULL};
    SK_TRY(sk_want_word(c, "to", names, 0, &params->to));
    if (sk_type_in(params->to, SK_T_CAST | SK_T(STRING))) return SK_OK;
    return sk_bad_attr(c, SK_UNSUPPORTED, "to %s", sk_type_name(params->to));
}

static sk_status import_cast(sk_import *c) {
    static const char *const modes[] = {"up", "down", "nearest", NULL};
    int64_t to = 0, saturate;
    cast_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "saturate", 1, &saturate));
    SK_TRY(sk_want_word(c, "round_mode", modes, 0, &params->how));
    params->how = params->how * SK_MINIFLOAT_DOWN + (saturate == 0 ? SK_MINIFLOAT_OVERFLOWS : 0);
    if (c->node->op->param) return SK_OK;
    if (c->node->opset < 6) return import_name(c, params);
    if (!sk_node_attr(c->node, "to")) return sk_bad_attr(c, SK_MALFORMED, "attribute 'to' is missing");
    SK_TRY(sk_want_int(c, "to", 0, &to));
    if (to <= 0 || to >= SK_TYPE_COUNT)
        return sk_bad_attr(c, SK_MALFORMED, "no element type %lld", (long long)to);
    params->to = (int)to;
    if (!sk_type_in(params->to, SK_T_CAST | SK_T(STRING)))
        return sk_bad_attr(c, SK_UNSUPPORTED, "to %s", sk_type_name(params->to));
    return SK_OK;
}

static sk_status infer_cast(sk_infer *c) {
    const cast_params *params = c->node->params;
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = (uint8_t)(params->to ? params->to : c->in[1]->type);
    return SK_OK;
}

/* To 8-bit floats otherwise than by default. */
static sk_status run_as_told(sk_run *r) {
    const cast_params *params = r->node->params;
    const sk_tensor *in = r->in[0], *out = r->out[0];
    for (size_t i = 0, n = sk_numel(in); i < n; i++) {
        double x;
        if (in->type == SK_FLOAT64) x = ((const double *)in->data)[i];
        else sk_load(in->type, SK_FLOAT64, in->data, i, &x, 1);
        ((uint8_t *)out->data)[i] = (uint8_t)sk_minifloat_encode_as(out->type, x, params->how);
    }
    return SK_OK;
}

/* ---- strings ---- */

static sk_real_format format_of(int type) {
    return type == SK_FLOAT64    ? (sk_real_format){53, -1074}
           : type == SK_FLOAT16  ? (sk_real_format){11, -24}
           : type == SK_BFLOAT16 ? (sk_real_format){8, -133}
                                 : (sk_real_format){24, -149};
}

static sk_status run_to_text(sk_run *r) {
    const sk_tensor *in = r->in[0];
    const int type = in->type, whole = sk_type_in(type, SK_T_INT | SK_T(BOOL));
    const sk_real_format format = format_of(type);
    sk_string *out = r->out[0]->data;
    for (size_t i = 0, n = sk_numel(in); i < n; i++) {
        char text[SK_REAL_TEXT], *kept;
        double x = 0;
        if (type == SK_FLOAT64) x = ((const double *)in->data)[i];
        else if (!whole) sk_load(type, SK_FLOAT64, in->data, i, &x, 1);
        const int64_t k = whole ? sk_int_at(in, i) : 0;
        const size_t length = !whole ? sk_print_real(text, x, &format)
                              : type == SK_UINT64
                                  ? sk_format(text, sizeof text, "%llu", (unsigned long long)k)
                                  : sk_format(text, sizeof text, "%lld", (long long)k);
        kept = sk_keep(r, length);
        if (!kept) return sk_oom(r->err, length);
        memcpy(kept, text, length);
        out[i] = (sk_string){kept, (uint32_t)length};
    }
    return SK_OK;
}

static sk_status no_number(const sk_run *r, const sk_string *s, int type) {
    return sk_run_fail(r, SK_VALUE, "'%.*s' is no %s", (int)(s->length < 80 ? s->length : 80), s->text,
                       sk_type_name(type));
}

/* A whole number as it stands, sign and magnitude; 0 when it is written in another way or too large. */
static int read_whole(const sk_string *s, int *negative, uint64_t *size) {
    uint32_t i = s->length && (s->text[0] == '-' || s->text[0] == '+');
    *negative = i && s->text[0] == '-';
    *size = 0;
    if (i == s->length) return 0;
    for (; i < s->length; i++)
        if (s->text[i] < '0' || s->text[i] > '9' || __builtin_mul_overflow(*size, 10u, size) ||
            __builtin_add_overflow(*size, (uint64_t)(s->text[i] - '0'), size))
            return 0;
    return 1;
}

/* Integers have to fit; fractions are cut off. */
static sk_status to_integer(const sk_run *r, const sk_string *s, int type, double x, uint64_t *value) {
    int negative;
    const int bits = sk_type_bits(type),
              is_signed = sk_type_in(type, SK_T(INT8) | SK_T(INT16) | SK_T(INT32) | SK_T(INT64) | SK_T(INT4) |
                                               SK_T(INT2));
    const uint64_t half = (uint64_t)1 << (bits - 1), most = is_signed ? half - 1 : half - 1 + half;
    if (!read_whole(s, &negative, value)) {
        negative = x < 0;
        x = trunc(fabs(x));
        if (!(x < 0x1p64)) return no_number(r, s, type); /* NaN, too */
        *value = (uint64_t)x;
    }
    if (*value > (negative ? (is_signed ? half : 0) : most)) return no_number(r, s, type);
    if (negative) *value = 0 - *value;
    return SK_OK;
}

static sk_status run_from_text(sk_run *r) {
    const sk_tensor *out = r->out[0];
    const sk_string *in = r->in[0]->data;
    const int type = out->type,
              real = !sk_type_in(type, SK_T_CAST & ~(SK_T_FLOATS | SK_T_FLOAT8 | SK_T(FLOAT8E8M0) |
                                                     SK_T(FLOAT4E2M1) | SK_T(BOOL)));
    for (size_t i = 0, n = sk_numel(out); i < n; i++) {
        double x;
        uint64_t whole;
        const sk_string s = in[i]; /* out may be in its place */
        if (!sk_parse_real(s.text, s.length, &x)) return no_number(r, &s, type);
        if (type == SK_FLOAT64) ((double *)out->data)[i] = x;
        else if (real) sk_store(SK_FLOAT64, type, &x, out->data, i, 1);
        else {
            SK_TRY(to_integer(r, &s, type, x, &whole));
            sk_store(SK_INT64, type, &whole, out->data, i, 1);
        }
    }
    return SK_OK;
}

static sk_status prepare_cast(sk_prepare *p) {
    const cast_params *params = p->node->params;
    char text[SK_NODE_TEXT];
    const int from = p->in[0]->type, to = p->out[0]->type;
    if ((from == SK_STRING) != (to == SK_STRING) && sk_type_in(from == SK_STRING ? to : from, SK_T_CAST)) {
        p->run = to == SK_STRING ? run_to_text : run_from_text;
        return SK_OK;
    }
    if (from == SK_STRING && to == SK_STRING) return SK_OK;
    if (params->how && sk_type_in(to, SK_T_FLOAT8 | SK_T(FLOAT8E8M0)) && from != to) p->run = run_as_told;
    if (!sk_convert_loop(from, to))
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
