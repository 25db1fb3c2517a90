/* Packs matrices for products; see product.h. */
#include "ops/product.h"
#include "kernels/kernels.h"

#define STRIP_FLOATS 16384 /* 64 kB of rows at a time */

size_t sk_product_floats(const sk_product_form *f) {
    const sk_panels p = {SK_PANEL, (size_t)f->n, (size_t)f->k, NULL};
    size_t bytes, all;
    if (!sk_panels_bytes(&p, &bytes) || !sk_mul(bytes, (size_t)f->batches, &all) || all > SK_MAX_TENSOR_BYTES)
        return 0;
    return bytes / sizeof(float);
}

static sk_status pack_bias(const sk_product_form *f, const sk_panels *p, sk_weights *bias) {
    const float *b;
    sk_pack_bias(p, NULL);
    if (!bias || p->n == 0) return SK_OK;
    SK_TRY(sk_weights_at(bias, 0, (size_t)f->bias_size, &b));
    for (size_t j = 0; j < p->n; j++)
        p->data[j / SK_PANEL * SK_PANEL * (p->k + 1) + j % SK_PANEL] = f->beta * b[f->bias_size == 1 ? 0 : j];
    return SK_OK;
}

sk_status sk_product_pack(const sk_product_form *f, size_t batch, sk_weights *weights, sk_weights *bias,
                          float *packed) {
    const sk_panels p = {SK_PANEL, (size_t)f->n, (size_t)f->k, packed};
    const float *b;
    SK_TRY(pack_bias(f, &p, bias));
    if (p.n == 0 || p.k == 0) return SK_OK;
    const size_t first = batch * p.k * p.n;
    if (f->transposed) {
        for (size_t j = 0; j < p.n; j += SK_PANEL) {
            const size_t cols = p.n - j < SK_PANEL ? p.n - j : SK_PANEL;
            SK_TRY(sk_weights_at(weights, first + j * p.k, cols * p.k, &b));
            sk_pack_piece(&p, &(sk_piece){0, p.k, j, cols, b, 1, p.k, f->alpha});
        }
        return SK_OK;
    }
    const size_t step = p.n < STRIP_FLOATS ? STRIP_FLOATS / p.n : 1;
    for (size_t i = 0; i < p.k; i += step) {
        const size_t rows = p.k - i < step ? p.k - i : step;
        SK_TRY(sk_weights_at(weights, first + i * p.n, rows * p.n, &b));
        sk_pack_piece(&p, &(sk_piece){i, rows, 0, p.n, b, p.n, 1, f->alpha});
    }
    return SK_OK;
}

typedef struct constant_form {
    sk_product_form form;
    int32_t input;
} constant_form;

static sk_status pack_constants(const sk_pack *pack, void *dst) {
    const constant_form *c = pack->params;
    const size_t floats = sk_product_floats(&c->form);
    sk_weights weights = {.pack = pack, .input = c->input}, bias = {.pack = pack, .input = 2};
    sk_status status = SK_OK;
    float *to = dst;
    for (int32_t i = 0; i < c->form.batches && status == SK_OK; i++, to += floats)
        status = sk_product_pack(&c->form, (size_t)i, &weights, c->form.bias >= 0 ? &bias : NULL, to);
    sk_weights_close(&weights);
    sk_weights_close(&bias);
    return status;
}

sk_status sk_product_constant(sk_prepare *p, const sk_product_form *f, int input, const float **packed) {
    const constant_form c = {*f, input};
    const size_t bytes = sk_product_floats(f) * (size_t)f->batches * sizeof(float);
    const void *to;
    SK_TRY(sk_prepare_pack(p, &(sk_packing){"f32_product", input, &c, sizeof c, bytes, pack_constants}, &to));
    *packed = to;
    return SK_OK;
}
