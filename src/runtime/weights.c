/* Constants as the kernels want them: packed forms and plain copies, each made once at the first bind that
 * needs it, pulled from the model's bytes, shared by all plans and kept as long as the model. */
#include <string.h>

#include "runtime/model.h"

static sk_packed *find(const sk_model *model, int32_t id, const char *kind, const void *params,
                       size_t params_size) {
    for (sk_packed *p = model->packed[id]; p; p = p->next)
        if (!strcmp(p->kind, kind) && p->params_size == params_size &&
            (!params_size || !memcmp(p->params, params, params_size)))
            return p;
    return NULL;
}

static sk_packed *add(sk_model *model, int32_t id, const char *kind, size_t bytes, sk_error *err) {
    sk_packed *p = sk_calloc(&model->heap, 1, sizeof *p);
    void *block = bytes < SIZE_MAX - 64 ? sk_alloc(&model->heap, bytes + 64) : NULL;
    if (!p || !block) {
        sk_free(&model->heap, p);
        sk_free(&model->heap, block);
        sk_oom(err, bytes);
        return NULL;
    }
    p->kind = kind;
    p->constant = id;
    p->bytes = bytes;
    p->block = block;
    p->data = (void *)(((uintptr_t)block + 63) & ~(uintptr_t)63);
    return p;
}

static void keep(sk_model *model, sk_packed *p) {
    p->next = model->packed[p->constant];
    model->packed[p->constant] = p;
    model->packed_bytes += p->bytes;
}

static void discard(sk_model *model, sk_packed *p) {
    sk_free(&model->heap, p->block);
    sk_free(&model->heap, p);
}

sk_status sk_packed_get(sk_model *model, const sk_const *const *constants, const sk_packing *packing,
                        const void **packed, sk_error *err) {
    const int32_t id = constants[packing->input]->id;
    sk_packed *p = find(model, id, packing->kind, packing->params, packing->params_size);
    if (!p) {
        if (packing->params_size > sizeof p->params)
            return sk_fail(err, SK_STATE, "packing parameters too long");
        p = add(model, id, packing->kind, packing->bytes, err);
        if (!p) return SK_OUT_OF_MEMORY;
        p->params_size = (uint8_t)packing->params_size;
        if (packing->params_size) memcpy(p->params, packing->params, packing->params_size);
        const sk_pack pack = {&model->ir, constants, packing->params, &model->heap, err};
        const double start = sk_now(model);
        const sk_status status = packing->write(&pack, p->data);
        model->pack_ms += sk_now(model) - start;
        if (status != SK_OK) {
            discard(model, p);
            return status;
        }
        keep(model, p);
    }
    *packed = p->data;
    return SK_OK;
}

sk_status sk_constant_bytes(sk_model *model, const sk_const *constant, const void **data, sk_error *err) {
    static const char plain[] = "plain";
    *data = constant->type.data;
    if (*data && !constant->scale) return SK_OK;
    sk_packed *p = find(model, constant->id, plain, NULL, 0);
    if (!p) {
        const size_t bytes = sk_nbytes(&constant->type);
        p = add(model, constant->id, plain, bytes, err);
        if (!p) return SK_OUT_OF_MEMORY;
        const double start = sk_now(model);
        const sk_status status = sk_const_bytes(&model->ir, constant, p->data, err);
        model->pack_ms += sk_now(model) - start;
        if (status != SK_OK) {
            discard(model, p);
            return status;
        }
        keep(model, p);
    }
    *data = p->data;
    return SK_OK;
}

static sk_status evaluate_constant(sk_model *model, const sk_node *node, const sk_const *constant,
                                   sk_tensor *out, sk_error *err) {
    sk_tensor in = constant->type;
    const sk_tensor *inputs[1] = {&in};
    sk_tensor *outputs[1] = {out};
    const size_t bytes = sk_nbytes(&in);
    in.data = sk_alloc(&model->heap, bytes);
    if (!in.data) return sk_oom(err, bytes);
    sk_status status = sk_const_bytes(&model->ir, constant, in.data, err);
    if (status == SK_OK) status = sk_evaluate(&model->ir, node, inputs, outputs, &model->ir.arena, err);
    sk_free(&model->heap, in.data);
    return status;
}

sk_status sk_constant_turned(sk_model *model, const sk_node *node, const sk_const *constant, sk_tensor *out,
                             sk_error *err) {
    static const char turned[] = "turned";
    const uintptr_t key = (uintptr_t)node;
    sk_packed *p = find(model, constant->id, turned, &key, sizeof key);
    if (!p) {
        p = add(model, constant->id, turned, sk_nbytes(out), err);
        if (!p) return SK_OUT_OF_MEMORY;
        p->params_size = sizeof key;
        memcpy(p->params, &key, sizeof key);
        out->data = p->data;
        const sk_status status = evaluate_constant(model, node, constant, out, err);
        if (status != SK_OK) {
            discard(model, p);
            return status;
        }
        keep(model, p);
    }
    out->data = p->data;
    return SK_OK;
}

void sk_packed_free(sk_model *model) {
    for (int i = 0; model->packed && i < model->ir.n_consts; i++)
        while (model->packed[i]) {
            sk_packed *p = model->packed[i];
            model->packed[i] = p->next;
            discard(model, p);
        }
    sk_free(&model->heap, model->packed);
    model->packed = NULL;
}
