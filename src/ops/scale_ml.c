/* What prepares features for the models of ai.onnx.ml: Scaler, Normalizer, Binarizer, Imputer,
 * FeatureVectorizer. */
#include <math.h>
#include <string.h>

#include "ops/ml.h"

/* ---- Scaler, Normalizer, Binarizer ---- */

enum { MAX, L1, L2 };

typedef struct scale_params {
    sk_list offset, scale, floats, ints; /* the last two: what an Imputer puts in */
    int64_t replaced_int;
    float replaced, threshold;
    int norm;
} scale_params;

#define PLACE(field) .offset = offsetof(scale_params, field)
static const sk_field_row fields[] = {
    {"offset", .kind = SK_ATTR_FLOATS, PLACE(offset)},
    {"scale", .kind = SK_ATTR_FLOATS, PLACE(scale)},
    {"imputed_value_floats", .kind = SK_ATTR_FLOATS, PLACE(floats)},
    {"imputed_value_int64s", .kind = SK_ATTR_INTS, PLACE(ints)},
    {"replaced_value_int64", .kind = SK_ATTR_INT, PLACE(replaced_int)},
    {"replaced_value_float", .kind = SK_ATTR_FLOAT, PLACE(replaced)},
    {"threshold", .kind = SK_ATTR_FLOAT, PLACE(threshold)},
    {.name = NULL},
};

static sk_status scale_import(sk_import *c) {
    static const char *const norms[] = {"MAX", "L1", "L2", NULL};
    scale_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_ml_read(c, params, fields));
    if (c->node->op->param == SK_ML_IMPUTER && !params->floats.n == !params->ints.n)
        return sk_ml_misfit(c, "imputed values");
    return sk_want_word(c, "norm", norms, MAX, &params->norm);
}

/* A list for all features holds one number, or one for each. */
static sk_status want_each(const sk_infer *c, const sk_list *list) {
    const sk_tensor *in = c->in[0];
    if (list->n < 2 || in->rank < 0) return SK_OK;
    return sk_ml_want_features(c, in->rank ? in->dims[in->rank - 1] : 1, list->n);
}

static sk_status scale_infer(sk_infer *c) {
    const scale_params *params = c->node->params;
    int32_t rows, features;
    if (c->node->op->param == SK_ML_NORMALIZER) SK_TRY(sk_ml_rows_in(c, &rows, &features));
    if (c->node->op->param == SK_ML_SCALER) {
        SK_TRY(want_each(c, &params->offset));
        SK_TRY(want_each(c, &params->scale));
    }
    sk_copy_type(c->out[0], c->in[0]);
    if (c->node->op->param != SK_ML_BINARIZER) c->out[0]->type = SK_FLOAT32;
    return SK_OK;
}

static double for_feature(const sk_list *list, size_t i, double fallback) {
    return list->n ? (double)sk_list_float(list, list->n > 1 ? i : 0) : fallback;
}

static double norm_of(int norm, const double *x, size_t n) {
    double sum = norm == MAX ? -INFINITY : 0;
    for (size_t i = 0; i < n; i++) {
        if (norm == MAX) sum = x[i] > sum ? x[i] : sum;
        else sum += norm == L1 ? fabs(x[i]) : x[i] * x[i];
    }
    return norm == L2 ? sqrt(sum) : sum;
}

static void scale_row(const sk_run *r, double *x, double *work, size_t row) {
    const scale_params *params = r->node->params;
    const int kind = r->node->op->param;
    size_t rows, n;
    (void)work;
    sk_ml_size(r->in[0], &rows, &n);
    const double norm = kind == SK_ML_NORMALIZER ? norm_of(params->norm, x, n) : 0;
    for (size_t i = 0; i < n; i++) {
        if (kind == SK_ML_SCALER)
            x[i] = (x[i] - for_feature(&params->offset, i, 0)) * for_feature(&params->scale, i, 1);
        else if (kind == SK_ML_BINARIZER) x[i] = x[i] > (double)params->threshold;
        else if (norm != 0) x[i] /= norm;
    }
    sk_ml_put_scores(r, 0, row, x, n);
}

static sk_status scale_prepare(sk_prepare *p) { return sk_ml_prepare(p, 0); }

static sk_status scale_run(sk_run *r) {
    sk_ml_rows(r, scale_row, 0, 0);
    return SK_OK;
}

const sk_impl sk_impl_scale = {
    .import = scale_import, .infer = scale_infer, .prepare = scale_prepare, .run = scale_run};

/* ---- Imputer ---- */

static int is_real(int type) { return sk_type_in(type, SK_T(FLOAT32) | SK_T(FLOAT64)); }

static sk_status imputer_infer(sk_infer *c) {
    const scale_params *params = c->node->params;
    const sk_list *list = params->floats.n ? &params->floats : &params->ints;
    if (c->in[0]->type && is_real(c->in[0]->type) != is_real(list->type))
        return sk_infer_fail(c, SK_TYPE, "no value for elements of type %s", sk_type_name(c->in[0]->type));
    SK_TRY(want_each(c, list));
    return sk_infer_same(c);
}

static sk_status imputer_run(sk_run *r) {
    const scale_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    const sk_list *list = is_real(in->type) ? &params->floats : &params->ints;
    const size_t n = sk_numel(in), many = list->n, size = sk_elem(in->type);
    char *out = r->out[0]->data;
    if (n) memmove(out, in->data, n * size);
    for (size_t i = 0; i < n; i++) {
        if (is_real(in->type)) {
            const double x = sk_number_at(in, i), replaced = (double)params->replaced;
            const double value = (double)sk_list_float(list, i % many);
            if (x == replaced || (x != x && replaced != replaced))
                sk_convert(SK_FLOAT64, in->type, &value, out + i * size, 0, 1);
        } else if (sk_int_at(in, i) == params->replaced_int) {
            memcpy(out + i * size, (const int64_t *)list->data + i % many, size); /* little-endian */
        }
    }
    return SK_OK;
}

const sk_impl sk_impl_imputer = {.import = scale_import, .infer = imputer_infer, .run = imputer_run};

/* ---- FeatureVectorizer ---- */

static sk_status vectorizer_import(sk_import *c) {
    static const sk_field_row list[] = {{"inputdimensions", .kind = SK_ATTR_INTS}, {.name = NULL}};
    sk_list *sizes = sk_params(c, sizeof *sizes);
    if (!sizes) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_ml_read(c, sizes, list));
    int fit = !sizes->n || sizes->n == (size_t)c->node->n_inputs;
    for (size_t i = 0; i < sizes->n; i++)
        fit &= sk_list_int(sizes, i) >= 0 && sk_list_int(sizes, i) <= INT32_MAX;
    return fit ? SK_OK : sk_ml_misfit(c, "inputdimensions");
}

/* Columns that input i takes in the result; -1: unknown. */
static int64_t columns(const sk_node *node, const sk_tensor *in, int i) {
    const sk_list *sizes = node->params;
    if (sizes->n) return sk_list_int(sizes, (size_t)i);
    return in->rank < 1 ? -1 : in->dims[in->rank - 1];
}

static sk_status vectorizer_infer(sk_infer *c) {
    int64_t dims[2] = {-1, 0};
    for (int i = 0; i < c->n_in; i++) {
        const sk_tensor *in = c->in[i];
        if (!in) return sk_bad_shape(c, "input %d is absent", i);
        const int64_t n = columns(c->node, in, i);
        const int32_t rows = in->rank < 0 ? -1 : in->rank == 1 ? 1 : in->dims[0];
        if (in->rank == 0 || in->rank > 2 || (in->type && !sk_type_in(in->type, c->node->op->types)) ||
            (dims[0] >= 0 && rows >= 0 && dims[0] != rows))
            return sk_bad_shape(c, "input %d is %pT, which does not fit", i, in);
        if (rows >= 0) dims[0] = rows;
        dims[1] = n < 0 || dims[1] < 0 ? -1 : dims[1] + n;
    }
    return sk_set_out(c, 0, SK_FLOAT32, 2, dims);
}

static sk_status vectorizer_run(sk_run *r) {
    const size_t rows = (size_t)r->out[0]->dims[0], total = (size_t)r->out[0]->dims[1];
    float *out = r->out[0]->data;
    if (rows && total) memset(out, 0, rows * total * sizeof *out);
    for (int i = 0; i < r->n_in; i++) {
        const sk_tensor *in = r->in[i];
        const size_t to = (size_t)columns(r->node, in, i), from = (size_t)in->dims[in->rank - 1],
                     n = to < from ? to : from, bytes = from * sk_elem(in->type);
        for (size_t row = 0; row < rows && n; row++)
            sk_convert(in->type, SK_FLOAT32, (const char *)in->data + row * bytes, out + row * total, 0, n);
        out += to;
    }
    return SK_OK;
}

const sk_impl sk_impl_vectorizer = {
    .import = vectorizer_import, .infer = vectorizer_infer, .run = vectorizer_run};
