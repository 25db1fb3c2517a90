/* See fold.h. */
#include "ops/fold.h"

#include <math.h>

int sk_fold_loop(int kind, int type) {
    if (sk_type_in(type, SK_T(FLOAT32) | SK_T(FLOAT16) | SK_T(BFLOAT16))) return SK_FLOAT32;
    if (type == SK_FLOAT64) return SK_FLOAT64;
    if (type == SK_UINT64 && (kind == SK_FOLD_MAX || kind == SK_FOLD_MIN)) return SK_UINT64;
    return sk_type_in(type, SK_T_INT | SK_T(BOOL)) ? SK_INT64 : 0;
}

/* Drops dimensions of 1 and joins neighbours that are both folded, or both kept and adjacent in the output.
 */
static void merge(sk_fold_plan *plan) {
    int rank = 0;
    for (int d = 0; d < plan->rank; d++) {
        if (plan->dims[d] == 1) continue;
        const size_t before = rank ? plan->out[rank - 1] : 0;
        const int both = rank && (plan->out[d] ? before == plan->out[d] * plan->dims[d] : before == 0);
        if (both) {
            plan->dims[rank - 1] *= plan->dims[d];
            plan->out[rank - 1] = plan->out[d];
        } else {
            plan->dims[rank] = plan->dims[d];
            plan->out[rank++] = plan->out[d];
        }
    }
    plan->rank = rank;
}

void sk_fold_ready(sk_fold_plan *plan, const sk_tensor *in, const sk_tensor *out, uint32_t axes) {
    int32_t dims[SK_MAX_RANK];
    int8_t order[SK_MAX_RANK];
    size_t step[SK_MAX_RANK] = {0}, size = 1;
    sk_storage_order(out, order);
    for (int i = out->rank - 1; i >= 0; i--) {
        step[order[i]] = size;
        size *= (size_t)out->dims[order[i]];
    }
    plan->rank = sk_storage_dims(in, dims);
    plan->empty = 0;
    for (int axis = 0, kept = 0; axis < in->rank; axis++) {
        const int at = sk_storage_axis(in, axis), folded = (axes >> axis) & 1;
        plan->dims[at] = (size_t)in->dims[axis];
        plan->empty |= in->dims[axis] == 0;
        plan->out[at] = folded ? 0 : step[out->rank == in->rank ? axis : kept];
        kept += !folded;
    }
    if (!plan->empty) merge(plan);
}

static double float_neutral(int kind) {
    switch (kind) {
    case SK_FOLD_PROD: return 1;
    case SK_FOLD_MAX: return -INFINITY;
    case SK_FOLD_MIN: return INFINITY;
    default: return 0;
    }
}

static int64_t int_neutral(int kind, int type) {
    const int bits = sk_type_bits(type);
    const int is_signed = sk_type_in(type, SK_T(INT8) | SK_T(INT16) | SK_T(INT32) | SK_T(INT64));
    const uint64_t all = type == SK_BOOL ? 1 : UINT64_MAX >> (64 - bits + is_signed);
    switch (kind) {
    case SK_FOLD_PROD: return 1;
    case SK_FOLD_MAX: return is_signed ? -(int64_t)all - 1 : 0;
    case SK_FOLD_MIN: return (int64_t)all;
    default: return 0;
    }
}

void sk_fold_clear(int kind, int loop, int type, void *acc, size_t n) {
    const double real = float_neutral(kind);
    if (loop == SK_FLOAT32)
        for (size_t i = 0; i < n; i++) ((float *)acc)[i] = (float)real;
    else if (loop == SK_FLOAT64)
        for (size_t i = 0; i < n; i++) ((double *)acc)[i] = real;
    else
        for (size_t i = 0; i < n; i++) ((int64_t *)acc)[i] = int_neutral(kind, type);
}

/* rows of cols numbers, all contiguous, that have to be widened first. */
static void fold_widened(const sk_fold_plan *plan, int loop, int type, const uint8_t *x, size_t rows,
                         size_t cols, uint8_t *acc) {
    const size_t size = (size_t)sk_type_bits(type) / 8, width = (size_t)sk_type_bits(loop) / 8;
    const size_t length = cols == 1 ? rows : cols, count = cols == 1 ? 1 : rows;
    uint64_t block[SK_BLOCK];
    for (size_t i = 0; i < count; i++, x += length * size)
        for (size_t at = 0; at < length; at += SK_BLOCK) {
            const size_t n = length - at < SK_BLOCK ? length - at : SK_BLOCK;
            sk_load(type, loop, x + at * size, 0, block, n);
            if (cols == 1) plan->fold(plan->kind, block, n, 1, 1, acc);
            else plan->fold(plan->kind, block, 1, n, n, acc + at * width);
        }
}

void sk_fold_run(const sk_fold_plan *plan, int loop, int type, const void *px, void *pacc) {
    if (plan->empty) return;
    const size_t size = (size_t)sk_type_bits(type) / 8, width = (size_t)sk_type_bits(loop) / 8;
    const uint8_t *x = px;
    uint8_t *acc = pacc;
    size_t rows = 1, cols = 1, index[SK_MAX_RANK] = {0};
    int outer = plan->rank;
    if (outer && plan->out[outer - 1] == 1) cols = plan->dims[--outer];
    if (outer && plan->out[outer - 1] == 0) rows = plan->dims[--outer];
    for (;;) {
        if (type == loop) plan->fold(plan->kind, x, rows, cols, cols, acc);
        else fold_widened(plan, loop, type, x, rows, cols, acc);
        x += rows * cols * size;
        int d = outer - 1;
        for (; d >= 0; d--) {
            acc += plan->out[d] * width;
            if (++index[d] < plan->dims[d]) break;
            acc -= plan->out[d] * width * index[d];
            index[d] = 0;
        }
        if (d < 0) return;
    }
}

/* ---- by parts ---- */

#define FOLD_COLUMNS 16 /* a step of the kernels */

typedef struct fold_work {
    const sk_fold_plan *plan;
    int loop, type;
    size_t size, width; /* bytes of an element, and of an accumulated one */
    const uint8_t *x;
    uint8_t *acc;
} fold_work;

/* Positions of the outermost dimension, which is kept. */
static void outer_part(const void *work, size_t begin, size_t end, int thread) {
    const fold_work *w = work;
    sk_fold_plan part = *w->plan;
    size_t inner = 1;
    (void)thread;
    for (int d = 1; d < part.rank; d++) inner *= part.dims[d];
    part.dims[0] = end - begin;
    sk_fold_run(&part, w->loop, w->type, w->x + begin * inner * w->size,
                w->acc + begin * part.out[0] * w->width);
}

/* Columns of rows that are all folded into one. */
static void column_part(const void *work, size_t begin, size_t end, int thread) {
    const fold_work *w = work;
    const size_t cols = w->plan->dims[1], first = begin * FOLD_COLUMNS;
    const size_t last = end * FOLD_COLUMNS < cols ? end * FOLD_COLUMNS : cols;
    (void)thread;
    w->plan->fold(w->plan->kind, w->x + first * w->size, w->plan->dims[0], last - first, cols,
                  w->acc + first * w->width);
}

void sk_fold_split(sk_pool *pool, const sk_fold_plan *plan, int loop, int type, const void *x, void *acc) {
    const size_t size = (size_t)sk_type_bits(type) / 8, width = (size_t)sk_type_bits(loop) / 8;
    const fold_work w = {plan, loop, type, size, width, x, acc};
    double all = 1;
    for (int d = 0; d < plan->rank; d++) all *= (double)plan->dims[d];
    if (plan->empty || !plan->rank) {
        sk_fold_run(plan, loop, type, x, acc);
    } else if (plan->out[0]) {
        sk_split(pool, plan->dims[0], all / (double)plan->dims[0] / 8, outer_part, &w);
    } else if (plan->rank == 2 && plan->out[1] == 1 && type == loop) {
        const size_t items = (plan->dims[1] + FOLD_COLUMNS - 1) / FOLD_COLUMNS;
        sk_split(pool, items, all / (double)items / 8, column_part, &w);
    } else {
        sk_fold_run(plan, loop, type, x, acc);
    }
}
