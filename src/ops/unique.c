/* Unique: of the elements, or of the slices along an axis. A stable merge sort of the items' numbers puts
 * equal ones side by side, the first occurrence first. */
#include <string.h>

#include "ops/order.h"

typedef struct unique_params {
    int64_t axis, sorted;
    uint8_t flat;
} unique_params;

static sk_status unique_import(sk_import *c) {
    unique_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    params->flat = !sk_node_attr(c->node, "axis");
    SK_TRY(sk_want_int(c, "sorted", 1, &params->sorted));
    return sk_want_int(c, "axis", 0, &params->axis);
}

static sk_status unique_infer(sk_infer *c) {
    const unique_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    int64_t dims[SK_MAX_RANK] = {-1};
    int axis = 0;
    const int64_t list = -1;
    sk_set_out_type(c, 0, in->type);
    if (in->rank >= 0 && !params->flat) {
        SK_TRY(sk_axis_in(c, params->axis, in->rank, &axis));
        for (int i = 0; i < in->rank; i++) dims[i] = in->dims[i];
        dims[axis] = -1;
    }
    for (int i = 1; i < 4; i++) SK_TRY(sk_set_out(c, i, SK_INT64, 1, &list));
    if (params->flat || in->rank >= 0) return sk_set_out(c, 0, in->type, params->flat ? 1 : in->rank, dims);
    return SK_OK;
}

/* The items to compare: item i is the elements ((o * n) + i) * inner + j for all o and j. */
typedef struct unique_items {
    const sk_tensor *in;
    size_t n, outer, inner;
} unique_items;

static unique_items items_of(const sk_node *node, const sk_tensor *in) {
    const unique_params *params = node->params;
    int axis = 0;
    if (params->flat) return (unique_items){in, sk_numel(in), 1, 1};
    sk_axis(params->axis, in->rank, &axis);
    return (unique_items){in, (size_t)in->dims[axis], sk_span(in, 0, axis), sk_span(in, axis + 1, in->rank)};
}

static int compare_elements(const sk_tensor *t, size_t a, size_t b) {
    if (t->type == SK_STRING) {
        const sk_string *x = (const sk_string *)t->data + a, *y = (const sk_string *)t->data + b;
        const size_t common = x->length < y->length ? x->length : y->length;
        const int order = common ? memcmp(x->text, y->text, common) : 0;
        return order ? order : x->length < y->length ? -1 : x->length > y->length;
    }
    const int64_t x = sk_order_key(t, a), y = sk_order_key(t, b);
    return x < y ? -1 : x > y;
}

static int compare(const unique_items *u, int32_t a, int32_t b) {
    for (size_t o = 0; o < u->outer; o++)
        for (size_t j = 0; j < u->inner; j++) {
            const int order = compare_elements(u->in, (o * u->n + (size_t)a) * u->inner + j,
                                               (o * u->n + (size_t)b) * u->inner + j);
            if (order) return order;
        }
    return 0;
}

static void merge(const unique_items *u, const int32_t *from, int32_t *to, size_t lo, size_t mid, size_t hi) {
    size_t a = lo, b = mid;
    for (size_t i = lo; i < hi; i++)
        to[i] = b >= hi || (a < mid && compare(u, from[a], from[b]) <= 0) ? from[a++] : from[b++];
}

/* Sorted numbers of the items, in one of the two buffers. */
static int32_t *sort(const unique_items *u, int32_t *order, int32_t *other) {
    for (size_t i = 0; i < u->n; i++) order[i] = (int32_t)i;
    for (size_t width = 1; width < u->n; width *= 2) {
        for (size_t lo = 0; lo < u->n; lo += 2 * width) {
            const size_t mid = lo + width < u->n ? lo + width : u->n;
            const size_t hi = mid + width < u->n ? mid + width : u->n;
            merge(u, order, other, lo, mid, hi);
        }
        int32_t *swap = order;
        order = other;
        other = swap;
    }
    return order;
}

static sk_status unique_prepare(sk_prepare *p) {
    const size_t n = items_of(p->node, p->in[0]).n;
    if (!sk_mul(n, 4 * sizeof(int32_t), &p->scratch)) return sk_oom(p->err, SIZE_MAX);
    return SK_OK;
}

/* group[i] of every item and first[g] of every group, groups by value or by first occurrence; returns their
 * number. */
static size_t group_items(const unique_items *u, int by_value, int32_t *group, int32_t *first,
                          int32_t *spare) {
    const int32_t *order = sort(u, first, spare);
    size_t groups = 0;
    for (size_t i = 0; i < u->n; i++) {
        if (i == 0 || compare(u, order[i - 1], order[i])) groups++;
        group[order[i]] = (int32_t)groups - 1;
    }
    /* the sorted order is needed no more: its memory holds the first items, spare the new numbers */
    for (size_t g = 0; g < groups; g++) spare[g] = -1;
    size_t seen = 0;
    for (size_t i = 0; i < u->n; i++) {
        const size_t g = (size_t)group[i];
        if (spare[g] < 0) {
            spare[g] = by_value ? (int32_t)g : (int32_t)seen;
            first[spare[g]] = (int32_t)i;
            seen++;
        }
        group[i] = spare[g];
    }
    return groups;
}

static int64_t *index_output(sk_run *r, int i, size_t n, sk_status *status) {
    const int32_t dims[1] = {(int32_t)n};
    if (*status != SK_OK || i >= r->n_out || !r->out[i]) return NULL;
    *status = sk_run_output(r, i, 1, dims);
    return *status == SK_OK ? r->out[i]->data : NULL;
}

static sk_status unique_run(sk_run *r) {
    const unique_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    const unique_items u = items_of(r->node, in);
    int32_t *group = r->scratch, *first = group + u.n, *spare = first + u.n;
    const size_t groups = group_items(&u, params->sorted != 0, group, first, spare), size = sk_elem(in->type);
    sk_status status = SK_OK;
    int64_t *indices = index_output(r, 1, groups, &status), *inverse = index_output(r, 2, u.n, &status);
    int64_t *counts = index_output(r, 3, groups, &status);
    SK_TRY(status);
    for (size_t g = 0; g < groups; g++) {
        if (indices) indices[g] = first[g];
        if (counts) counts[g] = 0;
    }
    for (size_t i = 0; i < u.n; i++) {
        if (inverse) inverse[i] = group[i];
        if (counts) counts[group[i]]++;
    }
    if (!r->out[0]) return SK_OK;
    int32_t dims[SK_MAX_RANK] = {(int32_t)groups};
    int axis = 0;
    if (!params->flat) {
        sk_axis(params->axis, in->rank, &axis);
        for (int i = 0; i < in->rank; i++) dims[i] = i == axis ? (int32_t)groups : in->dims[i];
    }
    SK_TRY(sk_run_output(r, 0, params->flat ? 1 : in->rank, dims));
    char *dst = r->out[0]->data;
    for (size_t o = 0; o < u.outer && u.inner; o++)
        for (size_t g = 0; g < groups; g++, dst += u.inner * size)
            memcpy(dst, (const char *)in->data + (o * u.n + (size_t)first[g]) * u.inner * size,
                   u.inner * size);
    return SK_OK;
}

const sk_impl sk_impl_unique = {
    .import = unique_import, .infer = unique_infer, .prepare = unique_prepare, .run = unique_run};
