/* Unique: of the elements, or of the slices along an axis. A stable merge sort of the items' numbers puts
 * equal ones side by side, the first occurrence first. */
#include <string.h>

#include "ops/characters.h"
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
    const int type = c->in[0]->type;
    const int64_t list = -1;
    for (int i = 1; i < 4; i++) SK_TRY(sk_set_out(c, i, SK_INT64, 1, &list));
    return params->flat ? sk_set_out(c, 0, type, 1, &list) : sk_set_along(c, 0, type, params->axis, -1);
}

/* The items to compare: item i is the elements ((o * n) + i) * inner + j for all o and j. */
typedef struct unique_items {
    const sk_tensor *in;
    sk_around a;
} unique_items;

static int64_t axis_of(const sk_node *node) {
    const unique_params *params = node->params;
    return params->flat ? SK_NO_AXIS : params->axis;
}

static int compare_elements(const sk_tensor *t, size_t a, size_t b) {
    if (t->type == SK_STRING)
        return sk_string_order((const sk_string *)t->data + a, (const sk_string *)t->data + b);
    const int64_t x = sk_order_key(t, a), y = sk_order_key(t, b);
    return x < y ? -1 : x > y;
}

static int compare(const unique_items *u, int32_t a, int32_t b) {
    for (size_t o = 0; o < u->a.outer; o++)
        for (size_t j = 0; j < u->a.inner; j++) {
            const int order = compare_elements(u->in, (o * u->a.n + (size_t)a) * u->a.inner + j,
                                               (o * u->a.n + (size_t)b) * u->a.inner + j);
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
    for (size_t i = 0; i < u->a.n; i++) order[i] = (int32_t)i;
    for (size_t width = 1; width < u->a.n; width *= 2) {
        for (size_t lo = 0; lo < u->a.n; lo += 2 * width) {
            const size_t mid = lo + width < u->a.n ? lo + width : u->a.n;
            const size_t hi = mid + width < u->a.n ? mid + width : u->a.n;
            merge(u, order, other, lo, mid, hi);
        }
        int32_t *swap = order;
        order = other;
        other = swap;
    }
    return order;
}

static sk_status unique_prepare(sk_prepare *p) {
    const size_t n = sk_around_axis(p->in[0], axis_of(p->node)).n;
    if (!sk_mul(n, 4 * sizeof(int32_t), &p->scratch)) return sk_oom(p->err, SIZE_MAX);
    return SK_OK;
}

/* group[i] of every item and first[g] of every group, groups by value or by first occurrence; returns their
 * number. */
static size_t group_items(const unique_items *u, int by_value, int32_t *group, int32_t *first,
                          int32_t *spare) {
    const int32_t *order = sort(u, first, spare);
    size_t groups = 0;
    for (size_t i = 0; i < u->a.n; i++) {
        if (i == 0 || compare(u, order[i - 1], order[i])) groups++;
        group[order[i]] = (int32_t)groups - 1;
    }
    /* the sorted order is needed no more: its memory holds the first items, spare the new numbers */
    for (size_t g = 0; g < groups; g++) spare[g] = -1;
    size_t seen = 0;
    for (size_t i = 0; i < u->a.n; i++) {
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
    if (*status != SK_OK || i >= r->n_out || !r->out[i]) return NULL;
    *status = sk_run_along(r, i, SK_NO_AXIS, n);
    return *status == SK_OK ? r->out[i]->data : NULL;
}

static sk_status unique_run(sk_run *r) {
    const unique_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    const unique_items u = {in, sk_around_axis(in, axis_of(r->node))};
    int32_t *group = r->scratch, *first = group + u.a.n, *spare = first + u.a.n;
    const size_t groups = group_items(&u, params->sorted != 0, group, first, spare), size = sk_elem(in->type);
    sk_status status = SK_OK;
    int64_t *indices = index_output(r, 1, groups, &status), *inverse = index_output(r, 2, u.a.n, &status);
    int64_t *counts = index_output(r, 3, groups, &status);
    SK_TRY(status);
    for (size_t g = 0; g < groups; g++) {
        if (indices) indices[g] = first[g];
        if (counts) counts[g] = 0;
    }
    for (size_t i = 0; i < u.a.n; i++) {
        if (inverse) inverse[i] = group[i];
        if (counts) counts[group[i]]++;
    }
    if (!r->out[0]) return SK_OK;
    SK_TRY(sk_run_along(r, 0, axis_of(r->node), groups));
    char *dst = r->out[0]->data;
    const size_t run = u.a.inner * size;
    for (size_t o = 0; o < u.a.outer && run; o++)
        for (size_t g = 0; g < groups; g++, dst += run)
            memcpy(dst, (const char *)in->data + (o * u.a.n + (size_t)first[g]) * run, run);
    return SK_OK;
}

const sk_impl sk_impl_unique = {
    .import = unique_import, .infer = unique_infer, .prepare = unique_prepare, .run = unique_run};
