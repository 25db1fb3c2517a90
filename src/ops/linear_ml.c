/* LinearRegressor and LinearClassifier: a row of features times a row of coefficients for each score. Sums
 * are doubles. */
#include "ops/ml.h"

typedef struct linear_params {
    sk_list coefficients, intercepts, labels; /* labels: of a classifier */
    int64_t targets;                          /* 0: as many as the features leave */
    int post;
} linear_params;

#define PLACE(field) .offset = offsetof(linear_params, field)
static const sk_field_row fields[] = {
    {"coefficients", .kind = SK_ATTR_FLOATS, PLACE(coefficients)},
    {"intercepts", .kind = SK_ATTR_FLOATS, PLACE(intercepts)},
    {"classlabels_ints", .kind = SK_ATTR_INTS, PLACE(labels)},
    {"classlabels_strings", .kind = SK_ATTR_STRINGS, PLACE(labels)},
    {"targets", .kind = SK_ATTR_INT, PLACE(targets)},
    {.name = NULL},
};

static sk_status linear_import(sk_import *c) {
    linear_params *params = sk_params(c, sizeof *params);
    const int classifier = c->node->op->param;
    if (!params) return SK_OUT_OF_MEMORY;
    params->targets = 1;
    SK_TRY(sk_ml_read(c, params, fields));
    SK_TRY(sk_ml_post(c, &params->post));
    const size_t coefficients = params->coefficients.n, intercepts = params->intercepts.n;
    if (classifier) params->targets = (int64_t)intercepts;
    if (!coefficients || classifier != (params->labels.n > 0) || params->targets < !classifier ||
        params->targets > INT32_MAX || (intercepts && (int64_t)intercepts != params->targets) ||
        (params->targets && coefficients % (size_t)params->targets))
        return sk_ml_misfit(c, "coefficients, intercepts, labels or targets");
    return SK_OK;
}

/* A classifier with one score and two labels gives two scores. */
static int is_binary(const linear_params *params, int64_t targets) {
    return targets == 1 && params->labels.n == 2;
}

static sk_status linear_infer(sk_infer *c) {
    const linear_params *params = c->node->params;
    const size_t coefficients = params->coefficients.n, labels = params->labels.n;
    int32_t rows, features;
    int64_t targets = params->targets;
    SK_TRY(sk_ml_rows_in(c, &rows, &features));
    if (!targets && features > 0) targets = (int64_t)(coefficients / (size_t)features);
    if (targets) SK_TRY(sk_ml_want_features(c, features, coefficients / (size_t)targets));
    if (!c->node->op->param) {
        const int64_t dims[2] = {rows, targets};
        return sk_set_out(c, 0, SK_FLOAT32, 2, dims);
    }
    if (features == 0 || (features > 0 && coefficients % (size_t)features))
        return sk_bad_shape(c, "%zu coefficients for %d features", coefficients, (int)features);
    if (targets > 1 && (size_t)targets > labels)
        return sk_bad_shape(c, "%zu labels for %lld scores", labels, (long long)targets);
    return sk_ml_class_out(c, &params->labels, rows, is_binary(params, targets) ? 2 : targets ? targets : -1);
}

/* How many scores a row has: the coefficients of a known shape. */
static size_t score_count(const linear_params *params, const sk_tensor *in) {
    size_t rows, features;
    sk_ml_size(in, &rows, &features);
    return params->targets ? (size_t)params->targets : params->coefficients.n / features;
}

static sk_status linear_prepare(sk_prepare *p) {
    return sk_ml_prepare(p, score_count(p->node->params, p->in[0]) + 1);
}

static void linear_row(const sk_run *r, double *x, double *score, size_t row) {
    const linear_params *params = r->node->params;
    const float *w = params->coefficients.data;
    const size_t n = score_count(params, r->in[0]), features = params->coefficients.n / n;
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        double sum = params->intercepts.n ? (double)sk_list_float(&params->intercepts, i) : 0;
        for (size_t k = 0; k < features; k++) sum += x[k] * (double)*w++;
        score[i] = sum;
        if (sum > score[best]) best = i;
    }
    if (!r->node->op->param) {
        sk_ml_transform(params->post, score, n);
        sk_ml_put_scores(r, 0, row, score, n);
        return;
    }
    if (n == 1) best = params->labels.n == 2 && score[0] > 0;
    if (is_binary(params, (int64_t)n)) sk_ml_both(params->post, score, 0);
    else sk_ml_transform(params->post, score, n);
    sk_ml_put_label(r, &params->labels, row, best);
    sk_ml_put_scores(r, 1, row, score, is_binary(params, (int64_t)n) ? 2 : n);
}

static sk_status linear_run(sk_run *r) {
    const linear_params *params = r->node->params;
    sk_ml_rows(r, linear_row, score_count(params, r->in[0]) + 1, (double)params->coefficients.n);
    return SK_OK;
}

const sk_impl sk_impl_linear = {
    .import = linear_import, .infer = linear_infer, .prepare = linear_prepare, .run = linear_run};
