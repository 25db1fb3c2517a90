/* ZipMap makes maps, DictVectorizer and CastMap make tensors of them. A map is two tensors, its keys and its
 * values (core/tensor.h). */
#include <string.h>

#include "ops/ml.h"
#include "ops/sequence.h"

typedef struct map_params {
    sk_list keys; /* of ZipMap's maps; DictVectorizer's vocabulary */
    sk_lookup lookup;
    int64_t max_map;
    int to, sparse; /* CastMap: SK_FLOAT32, SK_STRING or SK_INT64 */
} map_params;

#define PLACE(field) .offset = offsetof(map_params, field)
static const sk_field_row fields[] = {
    {"classlabels_int64s", .kind = SK_ATTR_INTS, PLACE(keys)},
    {"classlabels_strings", .kind = SK_ATTR_STRINGS, PLACE(keys)},
    {"int64_vocabulary", .kind = SK_ATTR_INTS, PLACE(keys)},
    {"string_vocabulary", .kind = SK_ATTR_STRINGS, PLACE(keys)},
    {"max_map", .kind = SK_ATTR_INT, PLACE(max_map)},
    {.name = NULL},
};

static sk_status map_import(sk_import *c) {
    static const char *const casts[] = {"TO_FLOAT", "TO_STRING", "TO_INT64", NULL};
    static const char *const forms[] = {"DENSE", "SPARSE", NULL};
    static const uint8_t types[] = {SK_FLOAT32, SK_STRING, SK_INT64};
    map_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    params->max_map = 1;
    SK_TRY(sk_ml_read(c, params, fields));
    SK_TRY(sk_want_word(c, "cast_to", casts, 0, &params->to));
    SK_TRY(sk_want_word(c, "map_form", forms, 0, &params->sparse));
    params->to = types[params->to];
    if (c->node->op->param == SK_ML_CAST_MAP)
        return params->max_map < 0 || params->max_map > INT32_MAX ? sk_ml_misfit(c, "sizes") : SK_OK;
    if (!params->keys.n) return sk_ml_misfit(c, "keys");
    return sk_lookup_build(c, &params->keys, &params->lookup);
}

/* ---- ZipMap ---- */

static sk_status zip_infer(sk_infer *c) {
    const map_params *params = c->node->params;
    int32_t rows, features;
    SK_TRY(sk_ml_rows_in(c, &rows, &features));
    SK_TRY(sk_ml_want_features(c, features, params->keys.n));
    sk_be_sequence(c->out[0], SK_FLOAT32, rows);
    return SK_OK;
}

static sk_status zip_run(sk_run *r) {
    const map_params *params = r->node->params;
    size_t rows, n;
    sk_ml_size(r->in[0], &rows, &n);
    const size_t bytes = sk_nbytes(r->in[0]);
    float *values = sk_keep(r, bytes);
    sk_tensor *parts = sk_keep(r, rows * 2 * sizeof *parts), *maps = r->out[0]->data;
    if (!values || !parts) return sk_oom(r->err, bytes);
    if (bytes) memcpy(values, r->in[0]->data, bytes);
    const int32_t count = (int32_t)n;
    for (size_t i = 0; i < rows; i++, parts += 2) {
        parts[0] = (sk_tensor){.data = (void *)(uintptr_t)params->keys.data};
        parts[1] = (sk_tensor){.data = values + i * n};
        maps[i] = (sk_tensor){.data = parts, .kind = SK_MAP};
        sk_set_shape(&parts[0], params->keys.type, 1, &count);
        sk_set_shape(&parts[1], SK_FLOAT32, 1, &count);
        sk_set_shape(&maps[i], SK_FLOAT32, 1, &count);
    }
    return SK_OK;
}

const sk_impl sk_impl_zip_map = {.import = map_import, .infer = zip_infer, .run = zip_run};

/* ---- DictVectorizer ---- */

static sk_status want_map(const sk_infer *c) {
    if (c->in[0]->kind == SK_MAP || !c->in[0]->type) return SK_OK;
    return sk_bad_shape(c, "the input is %pT, not a map", c->in[0]);
}

static sk_status vectorizer_infer(sk_infer *c) {
    const map_params *params = c->node->params;
    const int64_t dims[2] = {1, (int64_t)params->keys.n};
    SK_TRY(want_map(c));
    return sk_set_out(c, 0, c->in[0]->type, 2, dims);
}

/* Nothing: 0, or a string without characters. */
static void clear(const sk_tensor *t, size_t n) {
    if (n) memset(t->data, 0, n * sk_elem(t->type));
    for (size_t i = 0; i < n && t->type == SK_STRING; i++) ((sk_string *)t->data)[i].text = "";
}

static sk_status wrong_keys(const sk_run *r, const sk_tensor *keys) {
    return sk_run_fail(r, SK_TYPE, "the map's keys are %s", sk_type_name(keys->type));
}

/* Keys that are not in the vocabulary are left out, as onnxruntime does. */
static sk_status vectorizer_run(sk_run *r) {
    const map_params *params = r->node->params;
    const sk_tensor *map = r->in[0]->data, *keys = &map[0], *values = &map[1], *out = r->out[0];
    const size_t n = (size_t)r->in[0]->dims[0], size = sk_elem(out->type);
    if (n && keys->type != params->keys.type) return wrong_keys(r, keys);
    clear(out, params->keys.n);
    for (size_t i = 0; i < n; i++) {
        const int32_t at = sk_lookup_find(&params->lookup, keys, i);
        if (at >= 0)
            memcpy((char *)out->data + (size_t)at * size, (const char *)values->data + i * size, size);
    }
    return SK_OK;
}

const sk_impl sk_impl_dict_vectorizer = {
    .import = map_import, .infer = vectorizer_infer, .run = vectorizer_run};

/* ---- CastMap ---- */

static sk_status cast_infer(sk_infer *c) {
    const map_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    const int64_t dims[2] = {1, params->sparse ? params->max_map : in->rank == 1 ? in->dims[0] : -1};
    char node[SK_NODE_TEXT];
    SK_TRY(want_map(c));
    if (in->type && (in->type == SK_STRING) != (params->to == SK_STRING))
        return sk_fail(c->err, SK_UNSUPPORTED, "%s from %s to %s", sk_node_text(c->node, node),
                       sk_type_name(in->type), sk_type_name(params->to));
    return sk_set_out(c, 0, params->to, 2, dims);
}

/* Entries by their keys, from small to large. */
static sk_status cast_run(sk_run *r) {
    const map_params *params = r->node->params;
    const sk_tensor *map = r->in[0]->data, *keys = &map[0], *values = &map[1], *out = r->out[0];
    const size_t n = (size_t)r->in[0]->dims[0], from = sk_elem(values->type), to = sk_elem(out->type);
    if (n && keys->type != SK_INT64) return wrong_keys(r, keys);
    sk_ranked *sorted = sk_calloc(r->heap, n, sizeof *sorted);
    if (!sorted) return sk_oom(r->err, n * sizeof *sorted);
    for (size_t i = 0; i < n; i++) sorted[i] = (sk_ranked){~((const int64_t *)keys->data)[i], (int32_t)i};
    sk_rank_sort(sorted, n); /* largest first, of keys turned round */
    clear(out, sk_numel(out));
    sk_status status = SK_OK;
    for (size_t i = 0; i < n; i++) {
        const int64_t key = ~sorted[i].key, at = params->sparse ? key : (int64_t)i;
        const char *value = (const char *)values->data + (size_t)sorted[i].index * from;
        if (at < 0 || at >= out->dims[1]) {
            status = sk_run_fail(r, SK_VALUE, "key %lld is outside of %d places", (long long)key,
                                 (int)out->dims[1]);
            break;
        }
        if (out->type == SK_STRING) memcpy((sk_string *)out->data + at, value, to);
        else sk_convert(values->type, out->type, value, (char *)out->data + (size_t)at * to, 0, 1);
    }
    sk_free(r->heap, sorted);
    return status;
}

const sk_impl sk_impl_cast_map = {.import = map_import, .infer = cast_infer, .run = cast_run};
