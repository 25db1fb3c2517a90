/* The services an operator's prepare and run call, and the evaluation of one node outside any plan. */
#include <string.h>

#include "graph/op.h"

void *sk_prepare_alloc(sk_prepare *p, size_t size) { return sk_arena_calloc(p->arena, 1, size); }

void *sk_prepare_state(sk_prepare *p, size_t size) {
    p->state = sk_prepare_alloc(p, size);
    if (!p->state) sk_oom(p->err, size);
    return p->state;
}

sk_status sk_prepare_pack(sk_prepare *p, const sk_packing *packing, const void **packed) {
    return p->pack(p, packing, packed);
}

void sk_prepare_want(sk_prepare *p, int input) { p->wanted |= 1u << input; }

void *sk_keep(sk_run *r, size_t bytes) { return sk_arena_alloc(r->kept, bytes); }

sk_status sk_keep_tensor(sk_run *r, const sk_tensor *t, sk_tensor *item) {
    const size_t bytes = sk_nbytes(t);
    *item = *t;
    item->data = sk_keep(r, bytes);
    if (!item->data) return sk_oom(r->err, bytes);
    if (bytes) memcpy(item->data, t->data, bytes);
    return SK_OK;
}

sk_status sk_run_output(sk_run *r, int i, int rank, const int32_t *dims) {
    char node[SK_NODE_TEXT], text[SK_SHAPE_TEXT];
    sk_tensor *t = r->out[i];
    size_t bytes;
    sk_set_shape(t, t->type, rank, dims);
    if (!sk_tensor_bytes(t, &bytes))
        return sk_fail(r->err, SK_LIMIT, "%s: output %s is too large", sk_node_text(r->node, node),
                       sk_tensor_text(t, text));
    return r->allocate(r, i);
}

/* A packed form for one evaluation: not cached, freed with the evaluation's arena. */
static sk_status pack_once(sk_prepare *p, const sk_packing *packing, const void **packed) {
    char *block = packing->bytes < SIZE_MAX - 64 ? sk_arena_alloc(p->arena, packing->bytes + 64) : NULL;
    if (!block) return sk_oom(p->err, packing->bytes);
    char *data = (char *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    const sk_pack pack = {p->owner, p->constants, packing->params, p->arena->heap, p->err};
    SK_TRY(packing->write(&pack, data));
    *packed = data;
    return SK_OK;
}

static sk_status no_output(sk_run *r, int i) {
    char node[SK_NODE_TEXT];
    return sk_fail(r->err, SK_STATE, "%s: output %d has no known size here", sk_node_text(r->node, node), i);
}

static sk_status evaluate(const sk_ir *ir, sk_arena *arena, const sk_node *node, const sk_tensor *const *in,
                          sk_tensor *const *out, sk_arena *kept, sk_error *err) {
    const sk_impl *impl = node->op->impl;
    const sk_const **constants = sk_arena_calloc(arena, (size_t)node->n_inputs + 1, sizeof *constants);
    sk_const *shapes = sk_arena_calloc(arena, (size_t)node->n_inputs + 1, sizeof *shapes);
    if (!constants || !shapes) return sk_oom(err, 64);
    for (int i = 0; i < node->n_inputs; i++) {
        if (!in[i]) continue;
        shapes[i] = (sk_const){.type = *in[i], .id = i};
        constants[i] = &shapes[i];
    }
    sk_prepare p = {.node = node,
                    .in = in,
                    .out = out,
                    .n_in = node->n_inputs,
                    .n_out = node->n_outputs,
                    .threads = 1,
                    .run = impl->run,
                    .constants = constants,
                    .err = err,
                    .arena = arena,
                    .owner = (void *)ir,
                    .pack = pack_once};
    if (impl->prepare) SK_TRY(impl->prepare(&p));
    void *scratch = sk_arena_alloc(arena, p.scratch);
    if (!scratch) return sk_oom(err, p.scratch);
    sk_run r = {.node = node,
                .state = p.state,
                .scratch = scratch,
                .in = in,
                .out = out,
                .n_in = node->n_inputs,
                .n_out = node->n_outputs,
                .heap = arena->heap,
                .kept = kept,
                .err = err,
                .allocate = no_output};
    return p.run(&r);
}

sk_status sk_evaluate(const sk_ir *ir, const sk_node *node, const sk_tensor *const *in, sk_tensor *const *out,
                      sk_arena *kept, sk_error *err) {
    sk_arena arena;
    sk_arena_init(&arena, ir->arena.heap);
    const sk_status status = evaluate(ir, &arena, node, in, out, kept, err);
    sk_arena_clear(&arena);
    return status;
}
