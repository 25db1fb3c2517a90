/* Constant weights into whole numbers: symmetric, w = q * scale, one scale for each output channel. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "passes/quantizer.h"

sk_status sk_constant_floats(sk_quantizer *q, const sk_value *value, float **floats) {
    const sk_const *c = value->constant;
    const size_t n = sk_numel(&c->type);
    *floats = sk_alloc(q->heap, n * sizeof(float));
    if (!*floats) return sk_oom(q->err, n * sizeof(float));
    sk_status status = sk_const_read(q->ir, c, 0, n, *floats, q->err);
    for (size_t i = 0; i < n && status == SK_OK; i++)
        if (!isfinite((*floats)[i]))
            status = sk_fail(q->err, SK_VALUE, "the weights '%s' have a NaN or an infinity among them",
                             value->name);
    if (status == SK_OK) return SK_OK;
    sk_free(q->heap, *floats);
    *floats = NULL;
    return status;
}

int sk_weight_axis(const sk_node *product) {
    const int rank = product->inputs[1]->constant->type.rank;
    if (!strcmp(product->op_type, "Conv")) return 0;
    if (!strcmp(product->op_type, "ConvTranspose")) return sk_attr_int(product, "group", 1) == 1 ? 1 : -1;
    if (!strcmp(product->op_type, "Gemm")) return sk_attr_int(product, "transB", 0) ? 0 : 1;
    return rank == 2 ? 1 : -1;
}

/* Where the weights of channel c stand: at c * inner + o * stride + i, for o < outer and i < inner. */
typedef struct layout {
    size_t outer, stride, inner;
} layout;

static layout layout_of(const sk_tensor *t, int axis) {
    if (axis < 0) return (layout){1, 0, sk_numel(t)};
    const size_t inner = sk_span(t, axis + 1, t->rank);
    return (layout){sk_span(t, 0, axis), inner * (size_t)t->dims[axis], inner};
}

/* The finest scale at which all of a channel's weights fit; 0 when they are all zero. */
static float finest(const float *w, layout l, size_t channel, const int range[2]) {
    float most = 0, least = 0;
    for (size_t o = 0; o < l.outer; o++)
        for (size_t i = 0; i < l.inner; i++) {
            const float x = w[channel * l.inner + o * l.stride + i];
            if (x > most) most = x;
            if (x < least) least = x;
        }
    return fmaxf(most / (float)range[1], least / (float)range[0]);
}

static void round_channel(const float *w, layout l, size_t channel, float scale, const int range[2],
                          int8_t *q) {
    for (size_t o = 0; o < l.outer; o++)
        for (size_t i = 0; i < l.inner; i++) {
            const size_t at = channel * l.inner + o * l.stride + i;
            const float x = rintf(w[at] / scale);
            q[at] = (int8_t)fminf(fmaxf(x, (float)range[0]), (float)range[1]);
        }
}

/* A channel of zeros takes the largest scale of the others: no scale would be wrong for it, but the bias' is
 * a multiple of it. */
static sk_status find_scales(sk_quantizer *q, const float *w, const float *least, const int range[2],
                             sk_weights *made) {
    const layout l = layout_of(&made->from->constant->type, made->axis);
    float largest = 0;
    for (int32_t c = 0; c < made->channels; c++) {
        const float scale = finest(w, l, (size_t)c, range);
        made->scales[c] = scale > 0 && least ? fmaxf(scale, least[c]) : scale;
        if (made->scales[c] > largest) largest = made->scales[c];
    }
    if (!(largest >= FLT_MIN))
        return sk_fail(q->err, SK_VALUE,
                       "the weights '%s' are all zero: no scale can be chosen for them; exclude the node",
                       made->from->name);
    for (int32_t c = 0; c < made->channels; c++)
        if (!(made->scales[c] >= FLT_MIN)) made->scales[c] = largest;
    return SK_OK;
}

static sk_status fill(sk_quantizer *q, const float *w, const float *least, sk_weights *made) {
    static const int ranges[2][2] = {{-127, 127}, {-64, 63}}; /* 8 bits; 7, which sums of two products fit */
    const int *range = ranges[q->options->weight_bits != 8];
    const sk_tensor *type = &made->from->constant->type;
    sk_const *constant = sk_const_new(q->ir);
    int8_t *bytes = sk_arena_alloc(&q->ir->arena, sk_numel(type));
    if (!constant || !bytes) return sk_oom(q->err, sk_numel(type));
    SK_TRY(find_scales(q, w, least, range, made));
    const layout l = layout_of(type, made->axis);
    for (int32_t c = 0; c < made->channels; c++)
        round_channel(w, l, (size_t)c, made->scales[c], range, bytes);
    const int32_t count = made->axis < 0 ? -1 : made->channels;
    const char *name = made->from->name;
    made->q = sk_suffixed(q, name, ".q");
    made->scale = sk_put_constant(q, name, ".s", SK_FLOAT32, count, made->scales);
    if (!made->q || !made->scale) return sk_oom(q->err, sizeof *made->q);
    /* onnxruntime, told to be precise on processors without a dot product of 8 bits, rewrites weights that
     * do not fit 7 bits, and fails unless they have a zero point and share it with nobody */
    if (q->options->weight_bits == 8) {
        void *zeros = sk_calloc(q->heap, (size_t)made->channels, 1);
        made->zero = zeros ? sk_put_constant(q, name, ".z", SK_INT8, count, zeros) : NULL;
        sk_free(q->heap, zeros);
        if (!made->zero) return sk_oom(q->err, (size_t)made->channels);
    }
    constant->type = *type;
    constant->type.type = SK_INT8;
    constant->type.data = bytes;
    sk_value_hold(made->q, constant);
    return SK_OK;
}

sk_status sk_quantize_weights(sk_quantizer *q, const sk_node *product, const float *least,
                              sk_weights **found) {
    const sk_value *from = product->inputs[1];
    const int axis = q->options->per_tensor ? -1 : sk_weight_axis(product);
    for (int32_t i = 0; i < q->n_weights; i++) {
        *found = &q->weights[i];
        if ((*found)->from == from && (*found)->axis == axis) return SK_OK;
    }
    sk_weights *made = *found = &q->weights[q->n_weights++];
    *made = (sk_weights){.from = from, .axis = axis};
    made->channels = axis < 0 ? 1 : from->constant->type.dims[axis];
    made->scales = sk_arena_calloc(&q->ir->arena, (size_t)made->channels, sizeof(float));
    if (!made->scales) return sk_oom(q->err, (size_t)made->channels * sizeof(float));
    float *w = NULL;
    SK_TRY(sk_constant_floats(q, from, &w));
    const sk_status status = fill(q, w, least, made);
    sk_free(q->heap, w);
    return status;
}

sk_status sk_dequantize_weights(sk_quantizer *q, sk_node *node, sk_weights *w) {
    if (!w->dequantized) {
        sk_value *inputs[3] = {w->q, w->scale, w->zero};
        w->dequantized = sk_suffixed(q, w->from->name, ".dq");
        sk_node *made = sk_put_node(q, "DequantizeLinear", inputs, w->zero ? 3 : 2, w->dequantized);
        if (!made) return sk_oom(q->err, sizeof *made);
        if (w->axis >= 0) SK_TRY(sk_put_int(q, made, "axis", w->axis));
    }
    node->inputs[1] = w->dequantized;
    return SK_OK;
}
