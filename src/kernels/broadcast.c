/* See broadcast.h. */
#include "kernels/broadcast.h"

#include <string.h>

#include "kernels/simd.h"

/* Strides of t along out's dimensions in out's storage order; 0 where t repeats. */
static void strides_along(const sk_tensor *t, const sk_tensor *out, size_t *stride) {
    int8_t order[SK_MAX_RANK];
    size_t logical[SK_MAX_RANK] = {0}, step = 1;
    sk_storage_order(t, order);
    for (int i = t->rank - 1; i >= 0; i--) {
        logical[order[i]] = t->dims[order[i]] == 1 ? 0 : step;
        step *= (size_t)t->dims[order[i]];
    }
    const int missing = out->rank - t->rank;
    for (int axis = 0; axis < out->rank; axis++)
        stride[sk_storage_axis(out, axis)] = axis < missing ? 0 : logical[axis - missing];
}

/* Can dimension d - 1 be folded into d for every operand? */
static int mergeable(const sk_broadcasting *b, int d) {
    for (int i = 0; i < SK_OPERANDS && i < b->n_in; i++)
        if (b->in[i].stride[d - 1] != b->in[i].stride[d] * b->dims[d]) return 0;
    return 1;
}

static void drop_dimension(sk_broadcasting *b, int d) {
    for (int k = d; k + 1 < b->rank; k++) {
        b->dims[k] = b->dims[k + 1];
        for (int i = 0; i < SK_OPERANDS && i < b->n_in; i++) b->in[i].stride[k] = b->in[i].stride[k + 1];
    }
    b->rank--;
}

static void merge(sk_broadcasting *b) {
    for (int d = b->rank - 1; d >= 0; d--)
        if (b->dims[d] == 1 && b->rank > 1) drop_dimension(b, d);
    for (int d = b->rank - 1; d > 0; d--) {
        if (!mergeable(b, d)) continue;
        b->dims[d] *= b->dims[d - 1];
        drop_dimension(b, d - 1);
    }
}

void sk_broadcast_ready(sk_broadcasting *b, const sk_tensor *out, const sk_tensor *const *in, int n_in,
                        const uint8_t *loops, int loop_out) {
    int32_t dims[SK_MAX_RANK];
    b->rank = sk_storage_dims(out, dims);
    b->n_in = n_in;
    b->element_ns = 0.3f; /* arithmetic on what lies in the second cache */
    b->empty = 0;
    for (int d = 0; d < b->rank; d++) {
        b->dims[d] = (size_t)dims[d];
        b->empty |= dims[d] == 0;
    }
    b->out_type = out->type;
    b->out_size = (uint8_t)(sk_type_bits(out->type) / 8);
    b->loop_out = (uint8_t)(loop_out ? loop_out : out->type);
    b->loop_out_size = (uint8_t)(sk_type_bits(b->loop_out) / 8);
    b->direct = b->loop_out == b->out_type;
    for (int i = 0; i < n_in; i++) {
        sk_broadcast_operand *o = &b->in[i];
        o->type = in[i]->type;
        o->loop = loops && loops[i] ? loops[i] : in[i]->type;
        o->size = (uint8_t)(sk_type_bits(o->type) / 8);
        o->loop_size = (uint8_t)(sk_type_bits(o->loop) / 8);
        strides_along(in[i], out, o->stride);
    }
    if (b->rank == 0) {
        b->rank = 1;
        b->dims[0] = 1;
        for (int i = 0; i < n_in; i++) b->in[i].stride[0] = 0;
    }
    if (!b->empty) merge(b);
    for (int i = 0; i < n_in; i++)
        if (b->in[i].type != b->in[i].loop || b->in[i].stride[b->rank - 1] > 1) b->direct = 0;
}

/* ---- running ---- */

static int call(const sk_broadcasting *b, const void *const *in, const int *step, void *out, size_t n) {
    if (b->chain) {
        sk_chain_run(b->chain, in, step, out, n);
        return 0;
    }
    if (b->pair) {
        b->pair(b->pair_args, in[0], step[0], in[1], step[1], out, n);
        return 0;
    }
    if (b->n_in == 2) return b->binary(b->args.kind, in[0], step[0], in[1], step[1], out, n);
    if (b->n_in == 3) b->where(in[0], step[0], in[1], step[1], in[2], step[2], out, n);
    else b->unary(in[0], out, n, &b->args);
    return 0;
}

/* rows x cols elements, `row` and `col` bytes apart, one behind the other. */
static void gather(const uint8_t *src, size_t row, size_t col, size_t size, uint8_t *dst, size_t rows,
                   size_t cols) {
    for (size_t r = 0; r < rows; r++, src += row) {
        const uint8_t *at = src;
        if (col == size) {
            memcpy(dst, src, cols * size);
            dst += cols * size;
        } else if (size == 4) {
            for (size_t i = 0; i < cols; i++, at += col, dst += 4) memcpy(dst, at, 4);
        } else {
            for (size_t i = 0; i < cols; i++, at += col, dst += size) memcpy(dst, at, size);
        }
    }
}

/* A part of the two innermost dimensions: rows x cols <= SK_BLOCK elements, which are one run of the output.
 */
typedef struct tile {
    size_t rows, cols;
    size_t done; /* rows that the blocks of operands repeated in every row hold already */
} tile;

/* Operand o's elements of the tile as the kernel takes them: in place when they lie so, else in block. *step
 * is 0 when all are one element. */
static const void *fetch(const sk_broadcast_operand *o, const uint8_t *src, size_t row, size_t col,
                         const tile *t, uint64_t *block, int *step) {
    uint64_t packed[SK_BLOCK];
    const size_t n = t->rows * t->cols;
    const int repeated = col == 0 && (row == 0 || t->rows == 1);
    const int linear = repeated || (col == 1 && (t->rows == 1 || row == t->cols));
    *step = !repeated;
    if (linear && o->type == o->loop) return src;
    if (row == 0 && t->rows <= t->done) return block;
    if (!linear) {
        uint8_t *dst = (uint8_t *)(o->type == o->loop ? block : packed);
        gather(src, row * o->size, col * o->size, o->size, dst, t->rows, t->cols);
        src = dst;
    }
    if (o->type != o->loop) sk_load(o->type, o->loop, src, 0, block, repeated ? 1 : n);
    return block;
}

/* m rows of n elements, tile by tile. */
static int run_tiles(const sk_broadcasting *b, const uint8_t *const *in, uint8_t *out, size_t m, size_t n) {
    const int last = b->rank - 1, store = b->loop_out != b->out_type;
    uint64_t blocks[SK_OPERANDS][SK_BLOCK], result[SK_BLOCK];
    size_t block = SK_BLOCK; /* elements; half as many of 16 bytes */
    for (int i = 0; i < SK_OPERANDS && i < b->n_in; i++)
        if (b->in[i].size > sizeof blocks[0][0]) block = SK_BLOCK / 2;
    const size_t most_rows = n < block ? block / n : 1, most_cols = n < block ? n : block;
    tile t = {0, 0, 0};
    for (size_t r = 0; r < m; r += t.rows)
        for (size_t c = 0; c < n; c += t.cols) {
            const void *at[SK_OPERANDS] = {in[0]};
            int step[SK_OPERANDS] = {0};
            t.rows = m - r < most_rows ? m - r : most_rows;
            t.cols = n - c < most_cols ? n - c : most_cols;
            for (int i = 0; i < SK_OPERANDS && i < b->n_in; i++) {
                const sk_broadcast_operand *o = &b->in[i];
                const size_t col = o->stride[last], row = last ? o->stride[last - 1] : 0;
                at[i] = fetch(o, in[i] + (r * row + c * col) * o->size, row, col, &t, blocks[i], &step[i]);
            }
            t.done = t.cols == n ? t.rows : 0;
            uint8_t *dst = out + (r * n + c) * b->out_size;
            if (call(b, at, step, store ? (void *)result : dst, t.rows * t.cols)) return 1;
            if (store) sk_store(b->loop_out, b->out_type, result, dst, 0, t.rows * t.cols);
        }
    return 0;
}

static int run_direct(const sk_broadcasting *b, const uint8_t *const *in, uint8_t *out, size_t n) {
    const void *at[SK_OPERANDS] = {in[0]};
    int step[SK_OPERANDS] = {0};
    for (int i = 0; i < SK_OPERANDS && i < b->n_in; i++) {
        at[i] = in[i];
        step[i] = (int)b->in[i].stride[b->rank - 1];
    }
    return call(b, at, step, out, n);
}

/* Runs shorter than this go through tiles: many rows to a call of the kernel, and operands that every row
 * repeats stand ready for all of them. */
#define SHORT_RUN 256

typedef struct broadcast_work {
    const sk_broadcasting *b;
    const uint8_t *in[SK_OPERANDS];
    uint8_t *out;
    int *failed;
} broadcast_work;

/* Where row `row` of all the innermost runs begins in operand i. */
static const uint8_t *row_of(const broadcast_work *w, int i, size_t row) {
    const sk_broadcasting *b = w->b;
    size_t offset = 0;
    for (int d = b->rank - 2; d >= 0; d--) {
        offset += row % b->dims[d] * b->in[i].stride[d];
        row /= b->dims[d];
    }
    return w->in[i] + offset * b->in[i].size;
}

/* Innermost runs [begin, end). */
static void run_rows(const void *work, size_t begin, size_t end, int thread) {
    const broadcast_work *w = work;
    const sk_broadcasting *b = w->b;
    const size_t n = b->dims[b->rank - 1], m = b->rank == 1 ? 1 : b->dims[b->rank - 2];
    const uint8_t *at[SK_OPERANDS];
    (void)thread;
    memcpy(at, w->in, sizeof at);
    while (begin < end) {
        const int direct = b->direct && n >= SHORT_RUN;
        const size_t left = m - begin % m, rows = direct ? 1 : left < end - begin ? left : end - begin;
        uint8_t *dst = w->out + begin * n * b->out_size;
        for (int i = 0; i < SK_OPERANDS && i < b->n_in; i++) at[i] = row_of(w, i, begin);
        if (direct ? run_direct(b, at, dst, n) : run_tiles(b, at, dst, rows, n))
            __atomic_store_n(w->failed, 1, __ATOMIC_RELAXED);
        begin += rows;
    }
}

/* All operands are runs as long as the output, or one number: blocks [begin, end) of it. */
static void run_blocks(const void *work, size_t begin, size_t end, int thread) {
    const broadcast_work *w = work;
    const sk_broadcasting *b = w->b;
    const size_t first = begin * SK_BLOCK, last = end * SK_BLOCK < b->dims[0] ? end * SK_BLOCK : b->dims[0];
    const uint8_t *at[SK_OPERANDS];
    uint8_t *dst = w->out + first * b->out_size;
    (void)thread;
    memcpy(at, w->in, sizeof at);
    for (int i = 0; i < SK_OPERANDS && i < b->n_in; i++)
        at[i] = w->in[i] + first * b->in[i].stride[0] * b->in[i].size;
    if (b->direct ? run_direct(b, at, dst, last - first) : run_tiles(b, at, dst, 1, last - first))
        __atomic_store_n(w->failed, 1, __ATOMIC_RELAXED);
}

int sk_broadcast_run(sk_pool *pool, const sk_broadcasting *b, const void *const *in, void *out) {
    int failed = 0;
    broadcast_work w = {.b = b, .out = out, .failed = &failed};
    if (b->empty) return 0;
    for (int i = 0; i < SK_OPERANDS; i++) w.in[i] = in[i < b->n_in ? i : 0];
    if (b->rank == 1) {
        sk_split(pool, (b->dims[0] + SK_BLOCK - 1) / SK_BLOCK, SK_BLOCK * (double)b->element_ns, run_blocks,
                 &w);
        return failed;
    }
    size_t rows = 1;
    for (int d = 0; d < b->rank - 1; d++) rows *= b->dims[d];
    sk_split(pool, rows, (double)b->dims[b->rank - 1] * (double)b->element_ns, run_rows, &w);
    return failed;
}
