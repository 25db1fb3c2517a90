/* Only the weights: a DequantizeLinear behind them, in 8 bits for each output channel or in 4 bits for each
 * block of weights; or onnxruntime's MatMulNBits, which has its weights inside. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "passes/quantizer.h"

#define LEAST_BLOCK 16 /* MatMulNBits' smallest */
#define SHRINKS 14

static sk_status oom(const sk_quantizer *q, size_t bytes) { return sk_oom(q->err, bytes); }

/* Blocks along an axis: of `size` weights each, the last one perhaps of fewer. */
typedef struct blocks {
    int axis;
    int32_t size, count;
    size_t outer, inner; /* what is before the axis and behind it */
    int32_t length;      /* of the axis */
} blocks;

/* The axis that is summed over, or that of the output's channels when sums are short: then one scale serves a
 * whole channel. */
static blocks blocks_of(const sk_quantizer *q, const sk_node *node) {
    const sk_tensor *t = &node->inputs[1]->constant->type;
    const int channel = sk_weight_axis(node), wanted = q->options->block ? q->options->block : 64;
    const int summed = !strcmp(node->op_type, "Conv") ? 1 : channel == 1 ? 0 : 1;
    blocks b = {.axis = channel < 0 ? t->rank - 2 : summed};
    const int32_t length = t->dims[b.axis];
    b.length = length;
    b.count =
        length > wanted ? length / wanted : 1; /* rather a few weights more in each than a block of few */
    b.size = (length + b.count - 1) / b.count;
    b.count = (length + b.size - 1) / b.size;
    b.outer = sk_span(t, 0, b.axis);
    b.inner = sk_span(t, b.axis + 1, t->rank);
    return b;
}

/* Weights [o][from, to)[i]: where weight k stands. */
typedef struct slice {
    const float *w;
    size_t at, step;
    int32_t n;
} slice;

static float code_of(float x, float scale) { return fminf(fmaxf(rintf(x / scale), -8), 7); }

static double squared_error(const slice *s, float scale) {
    double sum = 0;
    for (int32_t k = 0; k < s->n; k++) {
        const float x = s->w[s->at + (size_t)k * s->step];
        const double e = (double)x - (double)code_of(x, scale) * (double)scale;
        sum += e * e;
    }
    return sum;
}

/* With so few steps it pays to clip the largest weights: the scale with the least squared error, from the one
 * at which all fit down to SHRINKS 32nds less. */
static float best_scale(const slice *s) {
    float most = 0, least = 0;
    for (int32_t k = 0; k < s->n; k++) {
        most = fmaxf(most, s->w[s->at + (size_t)k * s->step]);
        least = fminf(least, s->w[s->at + (size_t)k * s->step]);
    }
    const float all = fmaxf(fmaxf(most / 7, least / -8), FLT_MIN);
    float best = all;
    double lowest = squared_error(s, all);
    for (int i = 1; i <= SHRINKS; i++) {
        const float scale = all * (float)(32 - i) / 32;
        const double error = squared_error(s, scale);
        if (error < lowest) lowest = error, best = scale;
    }
    return fmaxf(best, FLT_MIN);
}

/* Weights [o][from, to)[i] into -8 .. 7, as bytes in their place; gives the scale. */
static float round_block(const float *w, const blocks *b, size_t o, size_t i, int32_t from, int32_t to,
                         int8_t *q) {
    const slice s = {w, (o * (size_t)b->length + (size_t)from) * b->inner + i, b->inner, to - from};
    const float scale = best_scale(&s);
    for (int32_t k = 0; k < s.n; k++) {
        const size_t at = s.at + (size_t)k * s.step;
        q[at] = (int8_t)code_of(w[at], scale);
    }
    return scale;
}

/* Two to a byte, the first in the low half. */
static void pack(const int8_t *q, size_t n, int offset, uint8_t *packed) {
    for (size_t i = 0; i < n; i += 2) {
        const int low = q[i] + offset, high = i + 1 < n ? q[i + 1] + offset : 0;
        packed[i / 2] = (uint8_t)((low & 15) | (high & 15) << 4);
    }
}

static sk_value *hold(sk_quantizer *q, const char *name, const char *suffix, const sk_tensor *type) {
    sk_value *value = sk_suffixed(q, name, suffix);
    sk_const *constant = sk_const_new(q->ir);
    if (!value || !constant) return NULL;
    constant->type = *type;
    sk_value_hold(value, constant);
    return value;
}

/* ---- DequantizeLinear of 4 bits ---- */

static sk_status four_bits(sk_quantizer *q, const sk_value *from, const blocks *b, const float *w,
                           sk_value **dequantized) {
    sk_tensor codes = from->constant->type, scales = codes;
    const size_t n = sk_numel(&codes);
    scales.dims[b->axis] = b->count;
    scales.type = SK_FLOAT32;
    codes.type = SK_INT4;
    int8_t *bytes = sk_alloc(q->heap, n);
    codes.data = sk_arena_alloc(&q->ir->arena, n / 2 + 1);
    scales.data = sk_arena_alloc(&q->ir->arena, sk_nbytes(&scales));
    if (!bytes || !codes.data || !scales.data) {
        sk_free(q->heap, bytes);
        return oom(q, n);
    }
    for (size_t o = 0; o < b->outer; o++)
        for (int32_t k = 0; k < b->count; k++)
            for (size_t i = 0; i < b->inner; i++) {
                const int32_t from_k = k * b->size,
                              to = from_k + b->size < b->length ? from_k + b->size : b->length;
                ((float *)scales.data)[(o * (size_t)b->count + (size_t)k) * b->inner + i] =
                    round_block(w, b, o, i, from_k, to, bytes);
            }
    pack(bytes, n, 0, codes.data);
    sk_free(q->heap, bytes);
    sk_value *inputs[2] = {hold(q, from->name, ".q", &codes), hold(q, from->name, ".s", &scales)};
    *dequantized = sk_suffixed(q, from->name, ".dq");
    sk_node *made =
        inputs[0] && inputs[1] ? sk_put_node(q, "DequantizeLinear", inputs, 2, *dequantized) : NULL;
    SK_TRY(sk_put_int(q, made, "axis", b->axis));
    return sk_put_int(q, made, "block_size", b->size);
}

/* ---- MatMulNBits ---- */

static int fits_nbits(const sk_quantizer *q, const sk_node *node) {
    const sk_tensor *t = &node->inputs[1]->constant->type;
    return q->options->nbits && !strcmp(node->op_type, "MatMul") && t->rank == 2 && t->dims[0] >= LEAST_BLOCK;
}

/* Its weights are turned: [columns][blocks][half a block's bytes], and always whole blocks. */
static sk_status nbits(sk_quantizer *q, const sk_node *node, const float *w) {
    const sk_value *from = node->inputs[1];
    const int32_t rows = from->constant->type.dims[0], columns = from->constant->type.dims[1];
    const blocks b = {
        .size = q->options->block ? q->options->block : 64, .length = rows, .inner = (size_t)columns};
    const int32_t count = (rows + b.size - 1) / b.size;
    const sk_tensor packed = {.type = SK_UINT8, .rank = 3, .dims = {columns, count, b.size / 2}};
    const sk_tensor scales = {.type = SK_FLOAT32, .rank = 1, .dims = {columns * count}};
    sk_value *inputs[3] = {node->inputs[0], hold(q, from->name, ".q", &packed),
                           hold(q, from->name, ".s", &scales)};
    int8_t *codes = sk_calloc(q->heap, (size_t)rows, (size_t)columns),
           *block = sk_calloc(q->heap, (size_t)b.size, 1);
    uint8_t *bytes = sk_arena_calloc(&q->ir->arena, sk_nbytes(&packed), 1);
    float *scale = sk_arena_calloc(&q->ir->arena, (size_t)columns * (size_t)count, sizeof *scale);
    const int there = codes && block && bytes && scale && inputs[1] && inputs[2];
    for (int32_t j = 0; there && j < columns; j++)
        for (int32_t k = 0; k < count; k++) {
            const int32_t start = k * b.size, end = start + b.size < rows ? start + b.size : rows;
            const size_t at = (size_t)j * (size_t)count + (size_t)k;
            scale[at] = round_block(w, &b, 0, (size_t)j, start, end, codes);
            memset(block, 0, (size_t)b.size);
            for (int32_t i = start; i < end; i++)
                block[i - start] = codes[(size_t)i * (size_t)columns + (size_t)j];
            pack(block, (size_t)b.size, 8, bytes + at * (size_t)(b.size / 2));
        }
    sk_free(q->heap, codes);
    sk_free(q->heap, block);
    if (!there) return oom(q, sk_nbytes(&packed));
    inputs[1]->constant->type.data = bytes;
    inputs[2]->constant->type.data = scale;
    sk_node *made = sk_put_node(q, "MatMulNBits", inputs, 3, node->outputs[0]);
    if (!made) return oom(q, sizeof *made);
    made->name = node->name;
    made->domain = "com.microsoft";
    made->opset = 1;
    SK_TRY(sk_put_int(q, made, "K", rows));
    SK_TRY(sk_put_int(q, made, "N", columns));
    SK_TRY(sk_put_int(q, made, "bits", 4));
    return sk_put_int(q, made, "block_size", b.size);
}

/* ---- all together ---- */

static sk_status eight_bits(sk_quantizer *q, sk_node *node) {
    sk_weights *w = NULL;
    SK_TRY(sk_quantize_weights(q, node, NULL, &w));
    SK_TRY(sk_dequantize_weights(q, node, w));
    return sk_place_node(q, node);
}

static sk_status place_four(sk_quantizer *q, sk_node *node) {
    float *w = NULL;
    sk_value *dequantized = NULL;
    const blocks b = blocks_of(q, node);
    SK_TRY(sk_constant_floats(q, node->inputs[1], &w));
    const int whole = fits_nbits(q, node);
    const sk_status status = whole ? nbits(q, node, w) : four_bits(q, node->inputs[1], &b, w, &dequantized);
    sk_free(q->heap, w);
    SK_TRY(status);
    if (whole) return SK_OK;
    node->inputs[1] = dequantized;
    return sk_place_node(q, node);
}

/* Four bits save nothing where a scale serves only a few weights. */
static int worth_four(const sk_quantizer *q, const sk_node *node) {
    return blocks_of(q, node).size >= LEAST_BLOCK;
}

static sk_status place(sk_quantizer *q, sk_node *node) {
    int32_t i = 0;
    if (!node) return SK_OK;
    while (i < q->n_products && q->products[i] != node) i++;
    if (i == q->n_products) return sk_place_node(q, node);
    const int four =
        q->options->weight_bits == 4 && (q->options->nbits ? fits_nbits(q, node) : worth_four(q, node));
    return four ? place_four(q, node) : eight_bits(q, node);
}

sk_status sk_quantize_packed(sk_quantizer *q) { return sk_rewrite_nodes(q, place); }
