/* Shared by the operators of ai.onnx.ml; see ml.h. */
#include "ops/ml.h"

#include <string.h>

#include "core/maths.h"

/* ---- import ---- */

double sk_list_real(const sk_list *list, size_t i) {
    const sk_tensor t = {.data = (void *)(uintptr_t)list->data, .type = (uint8_t)list->type};
    return sk_number_at(&t, i);
}

sk_status sk_ml_misfit(sk_import *c, const char *what) {
    return sk_bad_attr(c, SK_MALFORMED, "the %s do not fit together", what);
}

/* A list attribute that is there. */
static sk_status take_list(sk_import *c, const sk_attr *attr, const sk_field_row *field, sk_list *list) {
    sk_list found = {attr->ints, attr->count, SK_INT64}; /* all lists are pointers in one union */
    if (attr->kind == SK_ATTR_FLOATS) found.type = SK_FLOAT32;
    if (attr->kind == SK_ATTR_STRINGS) found.type = SK_STRING;
    if (attr->kind == SK_ATTR_TENSOR) {
        SK_TRY(sk_const_load(c->ir, attr->tensor, c->err));
        found = (sk_list){attr->tensor->type.data, sk_numel(&attr->tensor->type), attr->tensor->type.type};
        if (!sk_type_in(found.type, field->types))
            return sk_bad_attr(c, SK_MALFORMED, "attribute '%s' holds %s", field->name,
                               sk_type_name(found.type));
    }
    if (!found.n) return SK_OK;
    if (list->n || found.n > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "attribute '%s' is one too many", field->name);
    *list = found;
    return SK_OK;
}

sk_status sk_ml_read(sk_import *c, void *to, const sk_field_row *field) {
    for (; field->name; field++) {
        const sk_attr *attr;
        void *place = (char *)to + field->offset;
        SK_TRY(sk_want(c, field->name, (sk_attr_kind)field->kind, &attr));
        if (!attr) continue;
        if (attr->kind == SK_ATTR_INT) memcpy(place, &attr->i, sizeof attr->i);
        else if (attr->kind == SK_ATTR_FLOAT) memcpy(place, &attr->f, sizeof attr->f);
        else SK_TRY(take_list(c, attr, field, place));
    }
    return SK_OK;
}

sk_status sk_ml_post(sk_import *c, int *post) {
    static const char *const words[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT", NULL};
    return sk_want_word(c, "post_transform", words, SK_ML_NONE, post);
}

/* ---- infer ---- */

sk_status sk_ml_rows_in(const sk_infer *c, int32_t *rows, int32_t *features) {
    const sk_tensor *in = c->in[0];
    *rows = *features = -1;
    if (in->rank < 0) return SK_OK;
    if (in->rank != 1 && in->rank != 2) return sk_bad_shape(c, "the input is %pT, not rows of features", in);
    *rows = in->rank == 1 ? 1 : in->dims[0];
    *features = in->dims[in->rank - 1];
    return SK_OK;
}

sk_status sk_ml_want_features(const sk_infer *c, int32_t features, size_t n) {
    if (features < 0 || (size_t)features == n) return SK_OK;
    return sk_bad_shape(c, "the input has %d features, not %zu", (int)features, n);
}

sk_status sk_ml_class_out(const sk_infer *c, const sk_list *labels, int32_t rows, int64_t n) {
    const int64_t dims[2] = {rows, n};
    SK_TRY(sk_set_out(c, 0, labels->type, 1, dims));
    return sk_set_out(c, 1, SK_FLOAT32, 2, dims);
}

/* ---- prepare and run ---- */

void sk_ml_size(const sk_tensor *t, size_t *rows, size_t *features) {
    *rows = t->rank < 2 ? 1 : sk_span(t, 0, t->rank - 1);
    *features = t->rank ? (size_t)t->dims[t->rank - 1] : 1;
}

sk_status sk_ml_prepare(sk_prepare *p, size_t work) {
    size_t rows, features, doubles;
    sk_ml_size(p->in[0], &rows, &features);
    if (!sk_add(features, work, &doubles) ||
        !sk_mul(doubles, sizeof(double) * (size_t)p->threads, &p->scratch)) {
        return sk_node_fail(p->node, p->err, SK_LIMIT, "too many features");
    }
    return SK_OK;
}

void sk_ml_doubles(const sk_tensor *t, size_t first, double *dst, size_t n) {
    if (n && t->type == SK_FLOAT64) memcpy(dst, (const double *)t->data + first, n * sizeof *dst);
    else if (n) sk_load(t->type, SK_FLOAT64, t->data, first, dst, n);
}

typedef struct row_work {
    const sk_run *r;
    sk_ml_row_fn *row;
    size_t features, doubles;
} row_work;

static void rows_part(const void *work, size_t begin, size_t end, int thread) {
    const row_work *w = work;
    const sk_tensor *in = w->r->in[0];
    double *x = (double *)w->r->scratch + (size_t)thread * w->doubles;
    for (size_t row = begin; row < end; row++) {
        sk_ml_doubles(in, row * w->features, x, w->features);
        w->row(w->r, x, x + w->features, row);
    }
}

void sk_ml_rows(sk_run *r, sk_ml_row_fn *row, size_t work, double ns) {
    size_t rows;
    row_work w = {.r = r, .row = row};
    sk_ml_size(r->in[0], &rows, &w.features);
    w.doubles = w.features + work;
    sk_split(r->pool, rows, ns + 2 * (double)w.features, rows_part, &w);
}

static double logistic(double x) {
    const double y = 1 / (1 + sk_exp(-fabs(x)));
    return x < 0 ? 1 - y : y;
}

/* The inverse of the normal distribution, by the approximation that onnxruntime and the standard's own
 * reference use (good to three digits). */
static double probit(double p) {
    const double x = 2 * p - 1, l = sk_log((1 - x) * (1 + x)), a = 2 / (3.14159 * 0.147) + l / 2;
    const double y = sqrt(2) * sqrt(sqrt(a * a - l / 0.147) - a);
    return x < 0 ? -y : y;
}

/* zero: scores of zero stay out of it. */
static void softmax(double *scores, size_t n, int zero) {
    double most = -INFINITY, sum = 0;
    for (size_t i = 0; i < n; i++)
        if (scores[i] > most) most = scores[i];
    for (size_t i = 0; i < n; i++) {
        if (zero && fabs(scores[i]) <= 1e-7) scores[i] *= sk_exp(-most);
        else sum += scores[i] = sk_exp(scores[i] - most);
    }
    for (size_t i = 0; i < n; i++) scores[i] /= sum;
}

void sk_ml_transform(int post, double *scores, size_t n) {
    if (post == SK_ML_NONE || (n == 1 && post != SK_ML_PROBIT)) return;
    if (post == SK_ML_SOFTMAX || post == SK_ML_SOFTMAX_ZERO) softmax(scores, n, post == SK_ML_SOFTMAX_ZERO);
    else
        for (size_t i = 0; i < n; i++)
            scores[i] = post == SK_ML_LOGISTIC ? logistic(scores[i]) : probit(scores[i]);
}

void sk_ml_both(int post, double scores[2], int has_sign) {
    const double s = scores[0];
    scores[1] = s;
    scores[0] = post == SK_ML_LOGISTIC || (has_sign && post != SK_ML_PROBIT) ? -s : 1 - s;
    if (post == SK_ML_LOGISTIC || post == SK_ML_PROBIT) sk_ml_transform(post, scores, 2);
}

void sk_ml_put_scores(const sk_run *r, int i, size_t row, const double *scores, size_t n) {
    if (i >= r->n_out || !r->out[i]) return;
    if (r->out[i]->type == SK_FLOAT64)
        memcpy((double *)r->out[i]->data + row * n, scores, n * sizeof *scores);
    else sk_store(SK_FLOAT64, r->out[i]->type, scores, r->out[i]->data, row * n, n);
}

void sk_ml_put_label(const sk_run *r, const sk_list *labels, size_t row, size_t which) {
    const size_t size = sk_elem(labels->type); /* characters stay where they are, in the model */
    if (r->out[0])
        memcpy((char *)r->out[0]->data + row * size, (const char *)labels->data + which * size, size);
}

/* ---- looking up ---- */

static int is_nan(const sk_tensor *t, size_t i) {
    double x;
    if (!sk_type_in(t->type, SK_T(FLOAT32) | SK_T(FLOAT64))) return 0;
    x = sk_number_at(t, i);
    return x != x;
}

/* Strings by a hash (FNV-1a), so that equal keys are only probably equal strings. */
static int64_t key_at(const sk_tensor *t, size_t i) {
    if (t->type != SK_STRING) return is_nan(t, i) ? INT64_MAX : sk_order_key(t, i);
    const sk_string s = ((const sk_string *)t->data)[i];
    uint64_t hash = 0xcbf29ce484222325u;
    for (uint32_t k = 0; k < s.length; k++) hash = (hash ^ (uint8_t)s.text[k]) * 0x100000001b3u;
    return (int64_t)hash;
}

sk_status sk_lookup_build(sk_import *c, const sk_list *keys, sk_lookup *lookup) {
    const sk_tensor t = {.data = (void *)(uintptr_t)keys->data, .type = (uint8_t)keys->type};
    lookup->keys = *keys;
    lookup->sorted = sk_arena_calloc(&c->ir->arena, keys->n, sizeof *lookup->sorted);
    if (!lookup->sorted) return sk_oom(c->err, keys->n * sizeof *lookup->sorted);
    for (size_t i = 0; i < keys->n; i++) lookup->sorted[i] = (sk_ranked){key_at(&t, i), (int32_t)i};
    sk_rank_sort(lookup->sorted, keys->n);
    return SK_OK;
}

/* How many are not less than the key: they are sorted from large to small. */
static size_t not_less(const sk_lookup *lookup, int64_t key) {
    size_t low = 0, high = lookup->keys.n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (lookup->sorted[middle].key >= key) low = middle + 1;
        else high = middle;
    }
    return low;
}

int32_t sk_lookup_key(const sk_lookup *lookup, int64_t key) {
    const size_t end = not_less(lookup, key);
    return end && lookup->sorted[end - 1].key == key ? lookup->sorted[end - 1].index : -1;
}

int32_t sk_lookup_find(const sk_lookup *lookup, const sk_tensor *t, size_t i) {
    const int64_t key = key_at(t, i);
    if (t->type != SK_STRING) return sk_lookup_key(lookup, key);
    const sk_string *const keys = lookup->keys.data, s = ((const sk_string *)t->data)[i];
    for (size_t at = not_less(lookup, key); at > 0 && lookup->sorted[at - 1].key == key; at--) {
        const int32_t index = lookup->sorted[at - 1].index;
        if (keys[index].length == s.length && (!s.length || !memcmp(keys[index].text, s.text, s.length)))
            return index;
    }
    return -1;
}
