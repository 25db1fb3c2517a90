/* SVMRegressor and SVMClassifier. Each row is compared with all support vectors; a classifier then has each
 * pair of classes vote, or estimates the classes' probabilities from the pairs' (Wu, Lin and Weng:
 * Probability Estimates for Multi-class Classification by Pairwise Coupling). Without support vectors both
 * are linear. */
#include <string.h>

#include "core/maths.h"
#include "ops/ml.h"

enum { LINEAR, POLY, RBF, SIGMOID };

typedef struct svm_params {
    sk_tensor coefficients, vectors, rho, prob_a, prob_b, labels, per_class;
    float number[3]; /* of the kernel: gamma, coef0, degree */
    int kernel, post;
    uint8_t one_class, has_sign;
    size_t n_vectors, features, classes, pairs;
} svm_params;

static sk_status bad_count(sk_import *c, const char *what, size_t n) {
    return sk_bad_attr(c, SK_MALFORMED, "%zu %s do not fit the other attributes", n, what);
}

static sk_status import_kernel(sk_import *c, svm_params *params) {
    static const char *const kernels[] = {"LINEAR", "POLY", "RBF", "SIGMOID", NULL};
    sk_tensor list;
    SK_TRY(sk_want_word(c, "kernel_type", kernels, LINEAR, &params->kernel));
    SK_TRY(sk_ml_floats(c, "kernel_params", NULL, SK_ML_ANY, &list));
    const size_t n = sk_ml_count(&list);
    if (n && n != 3) return bad_count(c, "kernel_params", n);
    if (n) memcpy(params->number, list.data, sizeof params->number);
    SK_TRY(sk_ml_floats(c, "coefficients", NULL, SK_ML_ANY, &params->coefficients));
    SK_TRY(sk_ml_floats(c, "support_vectors", NULL, SK_ML_ANY, &params->vectors));
    SK_TRY(sk_ml_floats(c, "rho", NULL, SK_ML_ANY, &params->rho));
    for (size_t i = 0; i < sk_ml_count(&params->coefficients); i++)
        if (sk_ml_float(&params->coefficients, i) < 0) params->has_sign = 1;
    if (!sk_ml_count(&params->rho)) return bad_count(c, "rho", 0);
    return sk_ml_post(c, &params->post);
}

/* Support vectors as long as the features, or coefficients for `linear` scores. */
static sk_status import_sizes(sk_import *c, svm_params *params, size_t linear) {
    const size_t n = params->n_vectors, numbers = sk_ml_count(&params->vectors),
                 coefficients = sk_ml_count(&params->coefficients);
    if (!n) {
        params->kernel = LINEAR;
        params->features = coefficients / linear;
        return !coefficients || coefficients % linear ? bad_count(c, "coefficients", coefficients) : SK_OK;
    }
    params->features = numbers / n;
    if (!numbers || numbers % n) return bad_count(c, "support_vectors", numbers);
    return SK_OK;
}

static sk_status regressor_import(sk_import *c, svm_params *params) {
    int64_t vectors, one_class;
    SK_TRY(sk_want_int(c, "n_supports", 0, &vectors));
    SK_TRY(sk_want_int(c, "one_class", 0, &one_class));
    if (vectors < 0 || vectors > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "n_supports is %lld", (long long)vectors);
    params->n_vectors = (size_t)vectors;
    params->one_class = one_class != 0;
    SK_TRY(import_sizes(c, params, 1));
    if (vectors && sk_ml_count(&params->coefficients) != params->n_vectors)
        return bad_count(c, "coefficients", sk_ml_count(&params->coefficients));
    return SK_OK;
}

static sk_status classifier_import(sk_import *c, svm_params *params) {
    size_t wanted;
    SK_TRY(sk_ml_labels(c, "classlabels_ints", "classlabels_strings", &params->labels));
    SK_TRY(sk_ml_ints(c, "vectors_per_class", SK_ML_ANY, &params->per_class));
    SK_TRY(sk_ml_floats(c, "prob_a", NULL, SK_ML_ANY, &params->prob_a));
    SK_TRY(sk_ml_floats(c, "prob_b", NULL, sk_ml_count(&params->prob_a), &params->prob_b));
    const size_t classes = params->classes = sk_ml_count(&params->labels);
    for (size_t i = 0; i < sk_ml_count(&params->per_class); i++) {
        const int64_t n = ((const int64_t *)params->per_class.data)[i];
        if (n < 0 || n > INT32_MAX || params->n_vectors > INT32_MAX)
            return sk_bad_attr(c, SK_MALFORMED, "a class has %lld vectors", (long long)n);
        params->n_vectors += (size_t)n;
    }
    SK_TRY(import_sizes(c, params, classes));
    if (!params->n_vectors) return SK_OK;
    if (classes > 65535) return sk_bad_attr(c, SK_LIMIT, "more than 65535 classes");
    params->pairs = classes * (classes - 1) / 2;
    if (classes < 2 || sk_ml_count(&params->per_class) != classes)
        return bad_count(c, "vectors_per_class", sk_ml_count(&params->per_class));
    if (!sk_mul(classes - 1, params->n_vectors, &wanted) || sk_ml_count(&params->coefficients) != wanted)
        return bad_count(c, "coefficients", sk_ml_count(&params->coefficients));
    if (sk_ml_count(&params->rho) < params->pairs) return bad_count(c, "rho", sk_ml_count(&params->rho));
    if (sk_ml_count(&params->prob_a) && sk_ml_count(&params->prob_a) < params->pairs)
        return bad_count(c, "prob_a", sk_ml_count(&params->prob_a));
    return SK_OK;
}

static sk_status svm_import(sk_import *c) {
    svm_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(import_kernel(c, params));
    return c->node->op->param ? classifier_import(c, params) : regressor_import(c, params);
}

/* Scores of a classifier's row: pairs without probabilities (two for one pair), else classes. */
static size_t score_count(const svm_params *params) {
    if (!params->n_vectors || sk_ml_count(&params->prob_a)) return params->classes;
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
    return params->n_vectors + params->pairs + n + 2 + (sk_ml_count(&params->prob_a) ? 2 * n * n + n : 0);
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
        return sk_exp(-(double)params->number[0] * sum);
    }
    sum = dot(x, v, params->features);
    if (params->kernel == LINEAR) return sum;
    sum = (double)params->number[0] * sum + (double)params->number[1];
    return params->kernel == POLY ? sk_pow(sum, (double)params->number[2]) : sk_tanh(sum);
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
                          (double)sk_ml_float(&params->rho, pair);
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
            const double x = score[pair] * (double)sk_ml_float(&params->prob_a, pair) +
                             (double)sk_ml_float(&params->prob_b, pair);
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
                (double)sk_ml_float(&params->rho, 0);
        best = largest(score, n);
        if (n == 2 && score[best] >= (params->has_sign ? 0 : 0.5) && score[best] > 0)
            best = 1; /* so onnxruntime */
        sk_ml_transform(params->post, score, n);
    } else {
        memset(votes, 0, params->classes * sizeof *votes);
        pair_scores(params, kernels, score, votes);
        best = largest(votes, params->classes);
        if (sk_ml_count(&params->prob_a)) {
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
    *score += (double)sk_ml_float(&params->rho, 0);
    sk_ml_transform(params->post, score, 1);
    if (params->one_class) *score = *score > 0 ? 1 : -1;
    sk_ml_put_scores(r, 0, row, score, 1);
}

static sk_status svm_run(sk_run *r) {
    const svm_params *params = r->node->params;
    const double numbers = (double)(sk_ml_count(&params->vectors) + sk_ml_count(&params->coefficients));
    sk_ml_rows(r, svm_row, work_size(params), numbers + 20 * (double)params->n_vectors);
    return SK_OK;
}

const sk_impl sk_impl_svm = {
    .import = svm_import, .infer = svm_infer, .prepare = svm_prepare, .run = svm_run};
