/* LabelEncoder, CategoryMapper and OneHotEncoder: elements looked up in lists of keys. */
#include <math.h>
#include <string.h>

#include "ops/ml.h"

/* ---- LabelEncoder, CategoryMapper ---- */

/* Keys to values; back, too, where strings become integers and integers strings. */
typedef struct mapping {
    sk_lookup keys;
    sk_list values;
    const void *fallback; /* a value for what is no key */
} mapping;
typedef struct encoder_params {
    mapping map[2];
    sk_list keys, values, fallback;
    int64_t whole;
    float real;
    sk_string text;
    double wide;
} encoder_params;

#define PLACE(field) .offset = offsetof(encoder_params, field)
static const sk_field_row fields[] = {
    {"keys_floats", .kind = SK_ATTR_FLOATS, PLACE(keys)},
    {"keys_int64s", .kind = SK_ATTR_INTS, PLACE(keys)},
    {"keys_strings", .kind = SK_ATTR_STRINGS, PLACE(keys)},
    {"keys_tensor", SK_T_LABEL, SK_ATTR_TENSOR, PLACE(keys)},
    {"cats_strings", .kind = SK_ATTR_STRINGS, PLACE(keys)},
    {"classes_strings", .kind = SK_ATTR_STRINGS, PLACE(keys)},
    {"values_floats", .kind = SK_ATTR_FLOATS, PLACE(values)},
    {"values_int64s", .kind = SK_ATTR_INTS, PLACE(values)},
    {"values_strings", .kind = SK_ATTR_STRINGS, PLACE(values)},
    {"values_tensor", SK_T_LABEL, SK_ATTR_TENSOR, PLACE(values)},
    {"cats_int64s", .kind = SK_ATTR_INTS, PLACE(values)},
    {"default_tensor", SK_T_LABEL, SK_ATTR_TENSOR, PLACE(fallback)},
    {"default_int64", .kind = SK_ATTR_INT, PLACE(whole)},
    {"default_float", .kind = SK_ATTR_FLOAT, PLACE(real)},
    {.name = NULL},
};

static sk_status add_mapping(sk_import *c, encoder_params *params, int which, const sk_list *keys,
                             const sk_list *values) {
    mapping *m = &params->map[which];
    m->values = *values;
    m->fallback = params->fallback.n           ? params->fallback.data
                  : values->type == SK_STRING  ? (const void *)&params->text
                  : values->type == SK_FLOAT32 ? (const void *)&params->real
                  : values->type == SK_FLOAT64 ? (const void *)&params->wide
                                               : (const void *)&params->whole; /* little-endian */
    return sk_lookup_build(c, keys, &m->keys);
}

static sk_status encoder_import(sk_import *c) {
    encoder_params *params = sk_params(c, sizeof *params);
    const sk_attr *text;
    if (!params) return SK_OUT_OF_MEMORY;
    params->whole = -1;
    params->real = -0.0f;
    SK_TRY(sk_ml_read(c, params, fields));
    SK_TRY(sk_want(c, "default_string", SK_ATTR_STRING, &text));
    params->text = text ? text->s : (sk_string){"_Unused", 7};
    params->wide = (double)params->real;
    if (c->node->op->param == SK_ML_CLASSES && !params->values.n) { /* the values are positions */
        int64_t *positions = sk_arena_calloc(&c->ir->arena, params->keys.n, sizeof *positions);
        if (!positions) return sk_oom(c->err, params->keys.n * sizeof *positions);
        for (size_t i = 0; i < params->keys.n; i++) positions[i] = (int64_t)i;
        params->values = (sk_list){positions, params->keys.n, SK_INT64};
    }
    if (!params->keys.n || params->keys.n != params->values.n ||
        (params->fallback.n && params->fallback.type != params->values.type))
        return sk_ml_misfit(c, "keys, values or default");
    SK_TRY(add_mapping(c, params, 0, &params->keys, &params->values));
    return c->node->op->param ? add_mapping(c, params, 1, &params->values, &params->keys) : SK_OK;
}

/* The mapping from that type, or NULL. */
static const mapping *mapping_of(const encoder_params *params, int type) {
    for (int i = 0; i < 2; i++)
        if (type && params->map[i].keys.keys.type == type) return &params->map[i];
    return NULL;
}

static sk_status encoder_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    const mapping *m = mapping_of(c->node->params, in->type);
    if (in->type && !m) return sk_infer_fail(c, SK_TYPE, "no keys of type %s", sk_type_name(in->type));
    sk_copy_type(c->out[0], in);
    c->out[0]->type = m ? m->values.type : SK_NO_TYPE;
    return SK_OK;
}

static sk_status encoder_run(sk_run *r) {
    const sk_tensor *in = r->in[0];
    const mapping *m = mapping_of(r->node->params, in->type);
    const size_t n = sk_numel(in), size = sk_elem(r->out[0]->type);
    char *out = r->out[0]->data;
    for (size_t i = 0; i < n; i++, out += size) {
        const int32_t at = sk_lookup_find(&m->keys, in, i);
        memcpy(out, at < 0 ? m->fallback : (const char *)m->values.data + (size_t)at * size, size);
    }
    return SK_OK;
}

const sk_impl sk_impl_encoder = {.import = encoder_import, .infer = encoder_infer, .run = encoder_run};

/* ---- OneHotEncoder ---- */

typedef struct one_hot_params {
    sk_lookup categories;
    sk_list list;
    int64_t zeros;
} one_hot_params;

static const sk_field_row one_hot_fields[] = {
    {"cats_int64s", .kind = SK_ATTR_INTS, .offset = offsetof(one_hot_params, list)},
    {"cats_strings", .kind = SK_ATTR_STRINGS, .offset = offsetof(one_hot_params, list)},
    {"zeros", .kind = SK_ATTR_INT, .offset = offsetof(one_hot_params, zeros)},
    {.name = NULL},
};

static sk_status one_hot_import(sk_import *c) {
    one_hot_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    params->zeros = 1;
    SK_TRY(sk_ml_read(c, params, one_hot_fields));
    if (!params->list.n) return sk_ml_misfit(c, "categories");
    return sk_lookup_build(c, &params->list, &params->categories);
}

static sk_status one_hot_infer(sk_infer *c) {
    const one_hot_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t dims[SK_MAX_RANK + 1];
    if (in->type && (in->type == SK_STRING) != (params->categories.keys.type == SK_STRING))
        return sk_infer_fail(c, SK_TYPE, "no categories of type %s", sk_type_name(in->type));
    sk_set_out_type(c, 0, SK_FLOAT32);
    if (in->rank < 0) return SK_OK;
    sk_dims(in, dims);
    dims[in->rank] = (int64_t)params->categories.keys.n;
    return sk_set_out(c, 0, SK_FLOAT32, in->rank + 1, dims);
}

/* The element as a category; floats are cut to whole numbers. */
static int32_t category(const sk_lookup *lookup, const sk_tensor *in, size_t i) {
    if (!sk_type_in(in->type, SK_T(FLOAT32) | SK_T(FLOAT64)))
        return in->type == SK_STRING ? sk_lookup_find(lookup, in, i)
                                     : sk_lookup_key(lookup, sk_int_at(in, i));
    const double x = sk_number_at(in, i);
    return fabs(x) < 0x1p63 ? sk_lookup_key(lookup, (int64_t)x) : -1;
}

static sk_status one_hot_run(sk_run *r) {
    const one_hot_params *params = r->node->params;
    const size_t n = sk_numel(r->in[0]), width = params->categories.keys.n;
    float *out = r->out[0]->data;
    for (size_t i = 0; i < n; i++, out += width) {
        const int32_t at = category(&params->categories, r->in[0], i);
        if (at < 0 && !params->zeros)
            return sk_run_fail(r, SK_VALUE, "element %zu is in none of the categories", i);
        memset(out, 0, width * sizeof *out);
        if (at >= 0) out[at] = 1;
    }
    return SK_OK;
}

const sk_impl sk_impl_one_hot_encoder = {
    .import = one_hot_import, .infer = one_hot_infer, .run = one_hot_run};
