/* ConvInteger and MatMulInteger from end to end: with zero points taken off first, Conv and MatMul on
 * float64-exact numbers give the same sums, so those operators' references are the yardstick; QLinearConv and
 * QLinearMatMul are those sums scaled, rounded and saturated. Exact equality. CASES, SEED as in test_conv.c.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/compare.h"

static int value(const sk_tensor *t, size_t i) {
    return t->type == SK_INT8 ? ((const int8_t *)t->data)[i] : ((const uint8_t *)t->data)[i];
}

/* t - zero as float32; the zero point of an element: its index / inner modulo the number of zero points. */
static sk_tensor shifted(const sk_tensor *t, const sk_tensor *zero, size_t inner) {
    sk_tensor f = *t;
    f.type = SK_FLOAT32;
    f.data = malloc(sk_numel(t) * sizeof(float) + 1);
    if (!f.data) abort();
    for (size_t i = 0; i < sk_numel(t); i++)
        ((float *)f.data)[i] = (float)(value(t, i) - value(zero, i / inner % sk_numel(zero)));
    return f;
}

typedef struct operands {
    sk_tensor x, w, x_zero, w_zero;
    int conv, groups, pad, stride;
    int scaled;
    float x_scale, y_scale;
    sk_tensor w_scale, y_zero;
} operands;

static void attributes(onnx *o, const operands *p) {
    const int32_t pads[4] = {p->pad, 0, p->pad, p->pad}, strides[2] = {p->stride, p->stride};
    if (!p->conv) return;
    onnx_ints(o, "pads", 4, pads);
    onnx_ints(o, "strides", 2, strides);
    onnx_int(o, "group", p->groups);
}

static onnx_run exact(const operands *p) {
    sk_tensor x = shifted(&p->x, &p->x_zero, 1);
    sk_tensor w = shifted(&p->w, &p->w_zero, p->conv ? sk_span(&p->w, 1, p->w.rank) : 1);
    const char *in[] = {"x", "w"}, *out[] = {"y"};
    const sk_tensor *inputs[] = {&x, &w};
    onnx o;
    onnx_start(&o);
    onnx_node(&o, p->conv ? "Conv" : "MatMul", 2, in, 1, out);
    attributes(&o, p);
    onnx_input(&o, "x", SK_FLOAT32, x.rank, x.dims);
    onnx_input(&o, "w", SK_FLOAT32, w.rank, w.dims);
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 13);
    const sk_options options = {.reference = 1};
    const onnx_run run = onnx_predict(&o, &options, 2, inputs);
    onnx_free(&o);
    free(x.data);
    free(w.data);
    return run;
}

static onnx_run integer(const operands *p) {
    const char *plain_in[] = {"x", "w", "xz", "wz"}, *out[] = {"y"};
    const char *scaled_in[] = {"x", "xs", "xz", "w", "ws", "wz", "ys", "yz"};
    const sk_tensor *inputs[] = {&p->x, &p->w};
    sk_tensor scalar = {.data = (void *)(uintptr_t)&p->x_scale, .type = SK_FLOAT32};
    onnx o;
    onnx_start(&o);
    if (p->scaled) onnx_node(&o, p->conv ? "QLinearConv" : "QLinearMatMul", 8, scaled_in, 1, out);
    else onnx_node(&o, p->conv ? "ConvInteger" : "MatMulInteger", 4, plain_in, 1, out);
    attributes(&o, p);
    onnx_input(&o, "x", p->x.type, p->x.rank, p->x.dims);
    onnx_input(&o, "w", p->w.type, p->w.rank, p->w.dims);
    onnx_constant(&o, "xz", &p->x_zero);
    onnx_constant(&o, "wz", &p->w_zero);
    onnx_constant(&o, "xs", &scalar);
    scalar.data = (void *)(uintptr_t)&p->y_scale;
    onnx_constant(&o, "ys", &scalar);
    onnx_constant(&o, "ws", &p->w_scale);
    onnx_constant(&o, "yz", &p->y_zero);
    onnx_output(&o, "y", p->scaled ? p->y_zero.type : SK_INT32);
    onnx_end(&o, 13);
    const sk_options options = {0};
    const onnx_run run = onnx_predict(&o, &options, 2, inputs);
    onnx_free(&o);
    return run;
}

/* What the operator should make of sum number i. */
static double expected(const operands *p, const sk_tensor *y, size_t i, float sum) {
    if (!p->scaled) return (double)sum;
    const size_t channel =
        p->conv ? i / sk_span(y, 2, y->rank) % (size_t)y->dims[1] : i % (size_t)y->dims[y->rank - 1];
    const float scale =
        p->x_scale * ((const float *)p->w_scale.data)[channel % sk_numel(&p->w_scale)] / p->y_scale;
    const double low = p->y_zero.type == SK_INT8 ? -128 : 0;
    return fmin(fmax(nearbyint((double)(sum * scale)) + value(&p->y_zero, 0), low), low + 255);
}

static int agree(const operands *p, const sk_tensor *y, const sk_tensor *want) {
    if (!sk_same_shape(y, want)) return 0;
    for (size_t i = 0; i < sk_numel(y); i++) {
        const double got = p->scaled ? value(y, i) : ((const int32_t *)y->data)[i];
        if (got != expected(p, y, i, ((const float *)want->data)[i])) return 0;
    }
    return 1;
}

static operands pick(uint32_t *r) {
    const int types[] = {SK_UINT8, SK_INT8};
    operands p = {
        .conv = test_between(r, 0, 1), .groups = test_between(r, 1, 3), .scaled = test_between(r, 0, 1)};
    p.pad = test_between(r, 0, 2);
    p.stride = test_between(r, 1, 2);
    const int in_c = test_between(r, 1, 4), out_c = p.groups * test_between(r, 1, 4),
              per_channel = test_between(r, 0, 1);
    const int xt = types[test_between(r, 0, 1)], wt = types[test_between(r, 0, 1)];
    const int batches = test_between(r, 1, 2), k = test_between(r, 1, 40), h = test_between(r, 3, 7),
              w = test_between(r, 3, 7);
    const int32_t conv_x[] = {batches, p.groups * in_c, h, w}, conv_w[] = {out_c, in_c, 3, 2};
    const int32_t mat_x[] = {batches, h, k}, mat_w[] = {batches, k, out_c}, one[] = {1}, channels[] = {out_c};
    p.x = p.conv ? test_tensor(r, xt, 4, conv_x) : test_tensor(r, xt, 3, mat_x);
    p.w = p.conv                  ? test_tensor(r, wt, 4, conv_w)
          : test_between(r, 0, 1) ? test_tensor(r, wt, 3, mat_w)
                                  : test_tensor(r, wt, 2, mat_w + 1);
    p.x_zero = test_tensor(r, xt, test_between(r, 0, 1), one);
    p.w_zero = test_tensor(r, wt, per_channel, channels);
    p.w_scale = test_tensor(r, SK_FLOAT32, per_channel, channels);
    p.y_zero = test_tensor(r, types[test_between(r, 0, 1)], 0, NULL);
    p.x_scale = 0.02f;
    p.y_scale = 0.75f;
    return p;
}

int main(void) {
    const char *cases = getenv("CASES"), *first = getenv("SEED");
    const int n = cases ? atoi(cases) : 400, seed = first ? atoi(first) : 1;
    test_counts counts = {0, 0};
    for (int i = seed; i < seed + n; i++) {
        uint32_t r = (uint32_t)i * 2654435761u | 1;
        for (int j = 0; j < 8; j++) test_random(&r);
        operands p = pick(&r);
        const onnx_run want = exact(&p), got = integer(&p);
        sk_tensor a, b;
        const int ok = want.status == SK_OK && got.status == SK_OK && sk_output(got.model, 0, &a) == SK_OK &&
                       sk_output(want.model, 0, &b) == SK_OK && agree(&p, &a, &b);
        char xt[SK_SHAPE_TEXT], wt[SK_SHAPE_TEXT];
        if (!ok)
            printf("FAIL SEED=%d %s %s by %s, %d groups, pad %d, stride %d, scaled %d, zeros %zu: %s\n", i,
                   p.conv ? "conv" : "matmul", sk_tensor_text(&p.x, xt), sk_tensor_text(&p.w, wt), p.groups,
                   p.pad, p.stride, p.scaled, sk_numel(&p.w_zero),
                   got.model ? sk_model_error(got.model)->text : "");
        *(ok ? &counts.passed : &counts.failed) += 1;
        sk_model_free(want.model);
        sk_model_free(got.model);
        void *const data[] = {p.x.data,      p.w.data,       p.x_zero.data,
                              p.w_zero.data, p.w_scale.data, p.y_zero.data};
        for (size_t j = 0; j < sizeof data / sizeof *data; j++) free(data[j]);
    }
    return test_summary(&counts);
}
