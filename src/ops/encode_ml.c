/* LabelEncoder, CategoryMapper and OneHotEncoder: elements looked up in lists of keys. */
#include <math.h>
#include <string.h>

#include "ops/ml.h"

/* ---- LabelEncoder, CategoryMapper ---- */

/* Keys to values, and for those that map strings to integers and back the other way, too. */
typedef struct mapping {
    sk_lookup keys;
    sk_tensor values, fallback; /* of the same type */
} mapping;
typedef struct encoder_params {
    mapping map[2];
    int n;
} encoder_params;

/* The one list of keys_* or values_* (`names`: floats, int64s, strings, tensor) that is there. */
static sk_status any_list(sk_import *c, const char *const names[4], sk_tensor *list) {
    static const sk_attr_kind kinds[] = {SK_ATTR_FLOATS, SK_ATTR_INTS, SK_ATTR_STRINGS};
    int found = 0;
    for (int i = 0; i < 4; i++) {
        sk_tensor one;
        SK_TRY(sk_ml_list(c, i < 3 ? names[i] : NULL, i < 3 ? kinds[i] : SK_ATTR_TENSOR,
                          i < 3 ? NULL : names[i], &one));
        if (one.rank < 0) continue;
        *list = one;
        found++;
    }
    if (found == 1 && sk_type_in(list->type, SK_T_LABEL)) return SK_OK;
    return sk_bad_attr(c, SK_MALFORMED, "%d of '%s', '%s', '%s', '%s' are given, or of a type that cannot be",
                       found, names[0], names[1], names[2], names[3]);
}

/* What elements become that are no key. */
static sk_status read_fallback(sk_import *c, int type, sk_tensor *fallback) {
    const sk_attr *attr;
    int64_t whole;
    float real;
    sk_string text = {"_Unused", 7};
    SK_TRY(sk_want(c, "default_tensor", SK_ATTR_TENSOR, &attr));
    if (attr) {
        SK_TRY(sk_const_load(c->ir, attr->tensor, c->err));
        *fallback = attr->tensor->type;
        if (fallback->type == type && sk_numel(fallback)) return SK_OK;
        return sk_bad_attr(c, SK_MALFORMED, "default_tensor is no %s", sk_type_name(type));
    }
    SK_TRY(sk_want(c, "default_string", SK_ATTR_STRING, &attr));
    if (attr) text = attr->s;
    SK_TRY(sk_want_int(c, "default_int64", -1, &whole));
    SK_TRY(sk_want_float(c, "default_float", -0.0f, &real));
    const int32_t one = 1;
    *fallback = (sk_tensor){.data = sk_arena_alloc(&c->ir->arena, sizeof text)};
    if (!fallback->data) return sk_oom(c->err, sizeof text);
    sk_set_shape(fallback, type, 1, &one);
    if (type == SK_STRING) memcpy(fallback->data, &text, sizeof text);
    else if (type == SK_FLOAT32 || type == SK_FLOAT64)
        sk_convert(SK_FLOAT32, type, &real, fallback->data, 0, 1);
    else memcpy(fallback->data, &whole, sizeof whole); /* little-endian */
    return SK_OK;
}

static sk_status add_mapping(sk_import *c, encoder_params *params, const sk_tensor *keys,
                             const sk_tensor *values) {
    mapping *m = &params->map[params->n++];
    if (sk_ml_count(keys) != sk_ml_count(values))
        return sk_bad_attr(c, SK_MALFORMED, "%zu keys and %zu values", sk_ml_count(keys),
                           sk_ml_count(values));
    m->values = *values;
    SK_TRY(sk_lookup_build(c, keys, &m->keys));
    return read_fallback(c, values->type, &m->fallback);
}

/* Strings to integers and back; without a list of integers they are the positions. */
static sk_status import_both(sk_import *c, encoder_params *params, const char *strings, const char *ints) {
    sk_tensor text, number = sk_unknown_tensor();
    SK_TRY(sk_ml_list(c, strings, SK_ATTR_STRINGS, NULL, &text));
    if (ints) SK_TRY(sk_ml_ints(c, ints, SK_ML_ANY, &number));
    if (text.rank < 0) return sk_bad_attr(c, SK_MALFORMED, "attribute '%s' is missing", strings);
    if (!ints) {
        const size_t n = sk_ml_count(&text);
        int64_t *positions = sk_arena_calloc(&c->ir->arena, n, sizeof *positions);
        if (!positions) return sk_oom(c->err, n * sizeof *positions);
        for (size_t i = 0; i < n; i++) positions[i] = (int64_t)i;
        sk_set_shape(&number, SK_INT64, 1, text.dims);
        number.data = positions;
    }
    SK_TRY(add_mapping(c, params, &text, &number));
    return add_mapping(c, params, &number, &text);
}

static sk_status encoder_import(sk_import *c) {
    static const char *const key_names[] = {"keys_floats", "keys_int64s", "keys_strings", "keys_tensor"};
    static const char *const value_names[] = {"values_floats", "values_int64s", "values_strings",
                                              "values_tensor"};
    encoder_params *params = sk_params(c, sizeof *params);
    sk_tensor keys, values;
    if (!params) return SK_OUT_OF_MEMORY;
    if (c->node->op->param == SK_ML_CATEGORIES) return import_both(c, params, "cats_strings", "cats_int64s");
    if (c->node->op->param == SK_ML_CLASSES) return import_both(c, params, "classes_strings", NULL);
    SK_TRY(any_list(c, key_names, &keys));
    SK_TRY(any_list(c, value_names, &values));
    return add_mapping(c, params, &keys, &values);
}

/* The mapping from that type, or NULL. */
static const mapping *mapping_of(const encoder_params *params, int type) {
    for (int i = 0; i < params->n; i++)
        if (params->map[i].keys.keys.type == type) return &params->map[i];
    return NULL;
}

static sk_status encoder_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    const mapping *m = mapping_of(c->node->params, in->type);
    char node[SK_NODE_TEXT];
    if (in->type && !m)
        return sk_fail(c->err, SK_TYPE, "%s: no keys of type %s", sk_node_text(c->node, node),
                       sk_type_name(in->type));
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
        memcpy(out, at < 0 ? m->fallback.data : (const char *)m->values.data + (size_t)at * size, size);
    }
    return SK_OK;
}

const sk_impl sk_impl_encoder = {.import = encoder_import, .infer = encoder_infer, .run = encoder_run};

/* ---- OneHotEncoder ---- */

typedef struct one_hot_params {
    sk_lookup categories;
    int64_t zeros;
} one_hot_params;

static sk_status one_hot_import(sk_import *c) {
    one_hot_params *params = sk_params(c, sizeof *params);
    sk_tensor categories;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "zeros", 1, &params->zeros));
    SK_TRY(sk_ml_labels(c, "cats_int64s", "cats_strings", &categories));
    return sk_lookup_build(c, &categories, &params->categories);
}

static sk_status one_hot_infer(sk_infer *c) {
    const one_hot_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t dims[SK_MAX_RANK + 1];
    char node[SK_NODE_TEXT];
    if (in->type && (in->type == SK_STRING) != (params->categories.keys.type == SK_STRING))
        return sk_fail(c->err, SK_TYPE, "%s: no categories of type %s", sk_node_text(c->node, node),
                       sk_type_name(in->type));
    sk_set_out_type(c, 0, SK_FLOAT32);
    if (in->rank < 0) return SK_OK;
    for (int i = 0; i < in->rank; i++) dims[i] = in->dims[i];
    dims[in->rank] = (int64_t)params->categories.n;
    return sk_set_out(c, 0, SK_FLOAT32, in->rank + 1, dims);
}

/* The element as a category; floats are cut to whole numbers. */
static int32_t category(const sk_lookup *lookup, const sk_tensor *in, size_t i) {
    if (!sk_type_in(in->type, SK_T(FLOAT32) | SK_T(FLOAT64)))
        return in->type == SK_STRING ? sk_lookup_find(lookup, in, i)
                                     : sk_lookup_key(lookup, sk_int_at(in, i));
    const double x = sk_real_at(in, i);
    return fabs(x) < 0x1p63 ? sk_lookup_key(lookup, (int64_t)x) : -1;
}

static sk_status one_hot_run(sk_run *r) {
    const one_hot_params *params = r->node->params;
    const size_t n = sk_numel(r->in[0]), width = params->categories.n;
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
