/* SVMRegressor and SVMClassifier. Each row is compared with all support vectors; a classifier then has each
 * pair of classes vote, or estimates the classes' probabilities from the pairs' (Wu, Lin and Weng:
 * Probability Estimates for Multi-class Classification by Pairwise Coupling). Without support vectors both
 * are linear. */
#include <string.h>

#include "core/maths.h"
#include "ops/ml.h"

enum { LINEAR, POLY, RBF, SIGMOID };

typedef struct svm_params {
    sk_list coefficients, vectors, rho, prob_a, prob_b, labels, per_class, numbers;
    int64_t n_supports, one_class;
    float gamma, coef0, degree;
    int kernel, post;
    uint8_t has_sign;
    size_t n_vectors, features, classes, pairs;
} svm_params;

#define PLACE(field) .offset = offsetof(svm_params, field)
static const sk_field_row fields[] = {
    {"coefficients", .kind = SK_ATTR_FLOATS, PLACE(coefficients)},
    {"support_vectors", .kind = SK_ATTR_FLOATS, PLACE(vectors)},
    {"rho", .kind = SK_ATTR_FLOATS, PLACE(rho)},
    {"prob_a", .kind = SK_ATTR_FLOATS, PLACE(prob_a)},
    {"prob_b", .kind = SK_ATTR_FLOATS, PLACE(prob_b)},
    {"kernel_params", .kind = SK_ATTR_FLOATS, PLACE(numbers)},
    {"vectors_per_class", .kind = SK_ATTR_INTS, PLACE(per_class)},
    {"classlabels_ints", .kind = SK_ATTR_INTS, PLACE(labels)},
    {"classlabels_strings", .kind = SK_ATTR_STRINGS, PLACE(labels)},
    {"n_supports", .kind = SK_ATTR_INT, PLACE(n_supports)},
    {"one_class", .kind = SK_ATTR_INT, PLACE(one_class)},
    {.name = NULL},
};

/* A linear model has coefficients for each score, the others a support vector each, and classifiers these for
 * each class but one. */
static int sizes_fit(svm_params *params) {
    const size_t n = params->n_vectors, rows = n ? n : params->classes ? params->classes : 1;
    const size_t numbers = n ? params->vectors.n : params->coefficients.n;
    size_t wanted = n;
    params->features = numbers / rows;
    if (!numbers || numbers % rows || !params->rho.n || params->prob_a.n != params->prob_b.n ||
        (params->numbers.n && params->numbers.n != 3))
        return 0;
    if (!n) return 1;
    if (params->classes) {
        if (params->classes < 2 || params->classes > UINT16_MAX || params->per_class.n != params->classes ||
            !sk_mul(n, params->classes - 1, &wanted))
            return 0;
        params->pairs = params->classes * (params->classes - 1) / 2;
        if (params->rho.n < params->pairs || (params->prob_a.n && params->prob_a.n < params->pairs)) return 0;
    }
    return params->coefficients.n == wanted;
}

static sk_status svm_import(sk_import *c) {
    static const char *const kernels[] = {"LINEAR", "POLY", "RBF", "SIGMOID", NULL};
    svm_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_ml_read(c, params, fields));
    SK_TRY(sk_want_word(c, "kernel_type", kernels, LINEAR, &params->kernel));
    SK_TRY(sk_ml_post(c, &params->post));
    int64_t vectors = c->node->op->param ? 0 : params->n_supports;
    params->classes = c->node->op->param ? params->labels.n : 0;
    for (size_t i = 0; i < params->per_class.n && params->classes; i++) {
        const int64_t n = sk_list_int(&params->per_class, i);
        vectors = n < 0 || n > INT32_MAX || vectors > INT32_MAX ? INT64_MAX / 2 : vectors + n;
    }
    params->n_vectors = (size_t)vectors;
    if (vectors < 0 || vectors > INT32_MAX || (params->classes == 0) == c->node->op->param ||
        !sizes_fit(params))
        return sk_ml_misfit(c, "lengths of attributes");
    if (params->numbers.n) {
        params->gamma = sk_list_float(&params->numbers, 0);
        params->coef0 = sk_list_float(&params->numbers, 1);
        params->degree = sk_list_float(&params->numbers, 2);
    }
    if (!vectors) params->kernel = LINEAR;
    for (size_t i = 0; i < params->coefficients.n; i++)
        if (sk_list_float(&params->coefficients, i) < 0) params->has_sign = 1;
    return SK_OK;
}

/* Scores of a classifier's row: pairs without probabilities (two for one pair), else classes. */
static size_t score_count(const svm_params *params) {
    if (!params->n_vectors || params->prob_a.n) return params->classes;
    return params->pairs > 1 ? params->pairs : 2;
}

static sk_status svm_infer(sk_infer *c) {
    const svm_params *params = c->node->params;
    int32_t rows, features;
    SK_TRY(sk_ml_rows_in(c, &rows, &features));
    SK_TRY(sk_ml_want_features(c, features, params->features));
    if (c->node->op->param) return sk_ml_class_out(c, &params->labels, rows, (int64_t)score_count(params));
    const int64_t dims[2] = {rows, 1};
    return sk_set_out(c, 0, SK_FLOAT32, 2, dims);
}

/* Kernels, scores and votes; probabilities of pairs, the matrix made of them, its product. */
static size_t work_size(const svm_params *params) {
    const size_t n = params->classes;
    return params->n_vectors + params->pairs + n + 2 + (params->prob_a.n ? 2 * n * n + n : 0);
}

static sk_status svm_prepare(sk_prepare *p) { return sk_ml_prepare(p, work_size(p->node->params)); }

static double dot(const double *x, const float *w, size_t n) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += x[i] * (double)w[i];
    return sum;
}

static double compare(const svm_params *params, const double *x, const float *v) {
    double sum = 0;
    if (params->kernel == RBF) {
        for (size_t i = 0; i < params->features; i++) sum += (x[i] - (double)v[i]) * (x[i] - (double)v[i]);
        return sk_exp(-(double)params->gamma * sum);
    }
    sum = dot(x, v, params->features);
    if (params->kernel == LINEAR) return sum;
    sum = (double)params->gamma * sum + (double)params->coef0;
    return params->kernel == POLY ? sk_pow(sum, (double)params->degree) : sk_tanh(sum);
}

/* score[p]: of each pair of classes, its vote counted in votes. */
static void pair_scores(const svm_params *params, const double *kernels, double *score, double *votes) {
    const int64_t *per_class = params->per_class.data;
    const float *w = params->coefficients.data;
    size_t pair = 0, from_i = 0;
    for (size_t i = 0; i < params->classes; i++) {
        const size_t n_i = (size_t)per_class[i];
        size_t from_j = from_i + n_i;
        for (size_t j = i + 1; j < params->classes; j++, pair++) {
            const size_t n_j = (size_t)per_class[j];
            score[pair] = dot(kernels + from_i, w + (j - 1) * params->n_vectors + from_i, n_i) +
                          dot(kernels + from_j, w + i * params->n_vectors + from_j, n_j) +
                          (double)sk_list_float(&params->rho, pair);
            votes[score[pair] > 0 ? i : j]++;
            from_j += n_j;
        }
        from_i += n_i;
    }
}

/* One round of the coupling: p moves towards the minimum of p'Qp; 0 when it is there. */
static int couple(size_t n, const double *q, double *qp, double *p) {
    double pqp = 0, most = 0;
    for (size_t i = 0; i < n; i++) {
        qp[i] = 0;
        for (size_t j = 0; j < n; j++) qp[i] += q[i * n + j] * p[j];
        pqp += p[i] * qp[i];
    }
    for (size_t i = 0; i < n; i++)
        if (fabs(qp[i] - pqp) > most) most = fabs(qp[i] - pqp);
    if (most < 0.005 / (double)n) return 0;
    for (size_t i = 0; i < n; i++) {
        const double d = (pqp - qp[i]) / q[i * n + i];
        p[i] += d;
        pqp = (pqp + d * (d * q[i * n + i] + 2 * qp[i])) / (1 + d) / (1 + d);
        for (size_t j = 0; j < n; j++) {
            qp[j] = (qp[j] + d * q[i * n + j]) / (1 + d);
            p[j] /= 1 + d;
        }
    }
    return 1;
}

/* p: the classes' probabilities, from the pairs' scores. work: 2 n^2 + n. */
static void probabilities(const svm_params *params, const double *score, double *p, double *work) {
    const size_t n = params->classes;
    double *r = work, *q = r + n * n, *qp = q + n * n;
    for (size_t i = 0, pair = 0; i < n; i++) {
        p[i] = 1 / (double)n;
        for (size_t j = i + 1; j < n; j++, pair++) {
            const double x = score[pair] * (double)sk_list_float(&params->prob_a, pair) +
                             (double)sk_list_float(&params->prob_b, pair);
            double one = 1 / (1 + sk_exp(x));
            one = one < 1e-7 ? 1e-7 : one > 1 - 1e-7 ? 1 - 1e-7 : one;
            r[i * n + j] = one;
            r[j * n + i] = 1 - one;
        }
    }
    for (size_t i = 0; i < n; i++) {
        q[i * n + i] = 0;
        for (size_t j = 0; j < n; j++) {
            if (i == j) continue;
            q[i * n + i] += r[j * n + i] * r[j * n + i];
            q[i * n + j] = -r[j * n + i] * r[i * n + j];
        }
    }
    for (int round = 0; round < 100; round++)
        if (!couple(n, q, qp, p)) return;
}

static size_t largest(const double *list, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (list[i] > list[best]) best = i;
    return best;
}

static void classify(const sk_run *r, const double *x, const double *kernels, double *score, size_t row) {
    const svm_params *params = r->node->params;
    const size_t n = score_count(params);
    double *votes = score + (params->pairs > 1 ? params->pairs : 2), *work = votes + params->classes;
    size_t best;
    if (!params->n_vectors) { /* the classes' scores themselves: room for them is that of the votes */
        score = votes;
        for (size_t i = 0; i < n; i++)
            score[i] =
                dot(x, (const float *)params->coefficients.data + i * params->features, params->features) +
                (double)sk_list_float(&params->rho, 0);
        best = largest(score, n);
        if (n == 2 && score[best] >= (params->has_sign ? 0 : 0.5) && score[best] > 0)
            best = 1; /* so onnxruntime */
        sk_ml_transform(params->post, score, n);
    } else {
        memset(votes, 0, params->classes * sizeof *votes);
        pair_scores(params, kernels, score, votes);
        best = largest(votes, params->classes);
        if (params->prob_a.n) {
            probabilities(params, score, votes, work);
            score = votes;
            sk_ml_transform(params->post, score, n);
        } else if (params->pairs > 1) sk_ml_transform(params->post, score, n);
        else sk_ml_both(params->post, score, params->post == SK_ML_NONE);
    }
    sk_ml_put_label(r, &params->labels, row, best);
    sk_ml_put_scores(r, 1, row, score, n);
}

static void svm_row(const sk_run *r, double *x, double *kernels, size_t row) {
    const svm_params *params = r->node->params;
    double *score = kernels + params->n_vectors;
    for (size_t i = 0; i < params->n_vectors; i++)
        kernels[i] = compare(params, x, (const float *)params->vectors.data + i * params->features);
    if (r->node->op->param) {
        classify(r, x, kernels, score, row);
        return;
    }
    *score = params->n_vectors ? dot(kernels, params->coefficients.data, params->n_vectors)
                               : dot(x, params->coefficients.data, params->features);
    *score += (double)sk_list_float(&params->rho, 0);
    sk_ml_transform(params->post, score, 1);
    if (params->one_class) *score = *score > 0 ? 1 : -1;
    sk_ml_put_scores(r, 0, row, score, 1);
}

static sk_status svm_run(sk_run *r) {
    const svm_params *params = r->node->params;
    const double numbers = (double)(params->vectors.n + params->coefficients.n);
    sk_ml_rows(r, svm_row, work_size(params), numbers + 20 * (double)params->n_vectors);
    return SK_OK;
}

const sk_impl sk_impl_svm = {
    .import = svm_import, .infer = svm_infer, .prepare = svm_prepare, .run = svm_run};
