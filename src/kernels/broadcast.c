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
    for (int i = 0; i < b->n_in; i++)
        if (b->in[i].stride[d - 1] != b->in[i].stride[d] * b->dims[d]) return 0;
    return 1;
}

static void drop_dimension(sk_broadcasting *b, int d) {
    for (int k = d; k + 1 < b->rank; k++) {
        b->dims[k] = b->dims[k + 1];
        for (int i = 0; i < b->n_in; i++) b->in[i].stride[k] = b->in[i].stride[k + 1];
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
    if (b->n_in == 2) return b->binary(in[0], step[0], in[1], step[1], out, n);
    if (b->n_in == 3) b->where(in[0], step[0], in[1], step[1], in[2], step[2], out, n);
    else b->unary(in[0], out, n, &b->args);
    return 0;
}

/* dst[i] = src[i * stride] */
static void gather(const uint8_t *src, size_t stride, size_t size, uint8_t *dst, size_t n) {
    const size_t step = stride * size;
    switch (size) {
    case 1:
        for (size_t i = 0; i < n; i++, src += step) dst[i] = *src;
        break;
    case 4:
        for (size_t i = 0; i < n; i++, src += step) memcpy(dst + 4 * i, src, 4);
        break;
    case 8:
        for (size_t i = 0; i < n; i++, src += step) memcpy(dst + 8 * i, src, 8);
        break;
    default:
        for (size_t i = 0; i < n; i++, src += step) memcpy(dst + size * i, src, size);
    }
}

/* Operand o's elements as the kernel takes them: in place when they lie so, else n of them in block. A
 * repeated one is one element there. */
static const void *fetch(const sk_broadcast_operand *o, const uint8_t *src, size_t stride, size_t n,
                         uint64_t *block) {
    uint64_t packed[SK_BLOCK];
    if (stride > 1) {
        uint8_t *dst = (uint8_t *)(o->type == o->loop ? block : packed);
        gather(src, stride, o->size, dst, n);
        src = dst;
    }
    if (o->type == o->loop) return src;
    sk_load(o->type, o->loop, src, 0, block, stride ? n : 1);
    return block;
}

static int run_blocks(const sk_broadcasting *b, const uint8_t *const *in, uint8_t *out, size_t n) {
    const int last = b->rank - 1, store = b->loop_out != b->out_type;
    uint64_t blocks[3][SK_BLOCK], result[SK_BLOCK];
    int step[3];
    for (size_t done = 0, count; done < n; done += count) {
        count = n - done < SK_BLOCK ? n - done : SK_BLOCK;
        const void *at[3];
        for (int i = 0; i < b->n_in; i++) {
            const sk_broadcast_operand *o = &b->in[i];
            const size_t stride = o->stride[last];
            step[i] = stride != 0;
            at[i] = fetch(o, in[i] + done * stride * o->size, stride, count, blocks[i]);
        }
        uint8_t *dst = out + done * b->out_size;
        if (call(b, at, step, store ? (void *)result : dst, count)) return 1;
        if (store) sk_store(b->loop_out, b->out_type, result, dst, 0, count);
    }
    return 0;
}

static int run_direct(const sk_broadcasting *b, const uint8_t *const *in, uint8_t *out, size_t n) {
    const void *at[3];
    int step[3];
    for (int i = 0; i < b->n_in; i++) {
        at[i] = in[i];
        step[i] = (int)b->in[i].stride[b->rank - 1];
    }
    return call(b, at, step, out, n);
}

int sk_broadcast_run(const sk_broadcasting *b, const void *const *in, void *out) {
    if (b->empty) return 0;
    const size_t inner = b->dims[b->rank - 1];
    size_t index[SK_MAX_RANK] = {0};
    const uint8_t *at[3];
    uint8_t *dst = out;
    for (int i = 0; i < b->n_in; i++) at[i] = in[i];
    for (;;) {
        if (b->direct ? run_direct(b, at, dst, inner) : run_blocks(b, at, dst, inner)) return 1;
        dst += inner * b->out_size;
        int d = b->rank - 2;
        for (; d >= 0; d--) {
            for (int i = 0; i < b->n_in; i++) at[i] += b->in[i].stride[d] * b->in[i].size;
            if (++index[d] < b->dims[d]) break;
            for (int i = 0; i < b->n_in; i++) at[i] -= b->in[i].stride[d] * b->in[i].size * index[d];
            index[d] = 0;
        }
        if (d < 0) return 0;
    }
}
