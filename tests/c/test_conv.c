/* Conv and ConvTranspose from end to end, on random shapes, options, clamps and residual sums, against the
 * scalar definition: constant and computed weights, known and unknown input rank, one to three spatial
 * dimensions. CASES=n for more cases, SEED=n for others; a failure prints the case. */
#include <stdio.h>
#include <stdlib.h>

#include "common/compare.h"

typedef struct conv_case {
    int transposed, spatial, groups, in_c, out_c; /* channels of a group */
    int constant_weights, has_bias, known_rank, batch;
    int auto_pad, clamp; /* auto_pad 0: explicit */
    int residual;        /* something is added: 1 from the left, 2 from the right */
    int32_t in[3], kernel[3], stride[3], dilation[3], pads[6], extra[3];
} conv_case;

static const char *const auto_pads[] = {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"};

/* Sizes that reach every tail: channels around the widths of tiles and vectors. */
static int some_channels(uint32_t *r) {
    static const int sizes[] = {1, 2, 3, 4, 5, 7, 8, 9, 12, 16, 17, 24, 33};
    return sizes[test_between(r, 0, (int)(sizeof sizes / sizeof *sizes) - 1)];
}

static void pick_window(uint32_t *r, conv_case *c) {
    const int square = test_between(r, 0, 1), depthwise_like = test_between(r, 0, 1) ? 3 : 5;
    for (int i = 0; i < c->spatial; i++) {
        c->kernel[i] = square ? depthwise_like : test_between(r, 1, 5);
        c->stride[i] = square ? c->stride[0] : test_between(r, 0, 9) ? test_between(r, 1, 3) : 9;
        if (square && i == 0) c->stride[0] = test_between(r, 1, 2);
        c->dilation[i] = square || test_between(r, 0, 2) ? 1 : test_between(r, 1, 3);
        c->pads[i] = test_between(r, 0, c->kernel[i] - 1);
        c->pads[c->spatial + i] = test_between(r, 0, c->kernel[i] - 1);
        if (c->transposed) { /* so that something is left of the output */
            c->pads[i] /= 2;
            c->pads[c->spatial + i] /= 2;
        }
        c->extra[i] = test_between(r, 0, 2) ? 0 : test_between(r, 0, c->stride[i] - 1);
        const int span = (c->kernel[i] - 1) * c->dilation[i] + 1;
        const int least = span - c->pads[i] - c->pads[c->spatial + i], low = least > 1 ? least : 1;
        c->in[i] = test_between(r, low, low + (c->spatial == 3 ? 6 : 18)) + (c->auto_pad ? span - 1 : 0);
    }
    /* pointwise, and long rows for more than one block of 48 pixels */
    if (test_between(r, 0, 4) == 0)
        for (int i = 0; i < c->spatial; i++) {
            c->kernel[i] = c->stride[i] = c->dilation[i] = 1;
            c->pads[i] = c->pads[c->spatial + i] = c->extra[i] = 0;
        }
}

/* 3x3, stride 1 or 2, whole vectors of channels: done by transformed tiles. */
static void pick_tiles(uint32_t *r, conv_case *c) {
    c->transposed = 0;
    c->groups = 1;
    c->spatial = 2;
    c->constant_weights = 1;
    c->in_c = 4 * test_between(r, 3, 9);
    c->out_c = 4 * test_between(r, 3, 9);
    const int stride = test_between(r, 1, 2);
    for (int i = 0; i < 2; i++) {
        c->kernel[i] = 3;
        c->stride[i] = stride;
        c->dilation[i] = 1;
        c->pads[i] = test_between(r, 0, 3);
        c->pads[2 + i] = test_between(r, 0, 3);
        c->in[i] = test_between(r, 3, 40);
    }
}

/* Transposed, and no output gets anything from two inputs. */
static void pick_apart(uint32_t *r, conv_case *c) {
    c->groups = 1;
    c->auto_pad = 0;
    c->constant_weights = 1;
    for (int i = 0; i < c->spatial; i++) {
        c->kernel[i] = c->stride[i] = test_between(r, 1, 4);
        c->dilation[i] = 1;
        c->pads[i] = c->pads[c->spatial + i] = c->extra[i] = 0;
        c->in[i] = test_between(r, 1, 11);
    }
}

static conv_case pick(uint32_t *r) {
    conv_case c = {0};
    c.transposed = test_between(r, 0, 3) == 0;
    c.spatial = test_between(r, 0, 5) ? test_between(r, 1, 2) : 3;
    c.groups = test_between(r, 0, 2) ? 1 : test_between(r, 2, 8);
    c.in_c = some_channels(r);
    c.out_c = some_channels(r);
    if (test_between(r, 0, 3) == 0) { /* depthwise */
        c.groups = some_channels(r) * test_between(r, 1, 4);
        c.in_c = c.out_c = 1;
    }
    c.batch = test_between(r, 0, 9) ? test_between(r, 1, 2) : 0;
    c.constant_weights = test_between(r, 0, 4) > 0;
    c.has_bias = test_between(r, 0, 1);
    c.known_rank = test_between(r, 0, 2) > 0;
    c.auto_pad = test_between(r, 0, 2) ? 0 : test_between(r, 1, 3);
    c.clamp = test_between(r, 0, 2) == 0;
    pick_window(r, &c);
    if (c.transposed && test_between(r, 0, 2) == 0) pick_apart(r, &c);
    if (test_between(r, 0, 4) == 0) pick_tiles(r, &c);
    c.residual = test_between(r, 0, 3) > 1 ? test_between(r, 1, 2) : 0;
    return c;
}

static void describe(const conv_case *c, int seed, char *dst, size_t size) {
    int n =
        snprintf(dst, size, "SEED=%d %s%dD batch %d, %d groups of %d -> %d%s%s%s, %s, clamp %d, residual %d;",
                 seed, c->transposed ? "transposed " : "", c->spatial, c->batch, c->groups, c->in_c, c->out_c,
                 c->constant_weights ? "" : ", computed weights", c->has_bias ? ", bias" : "",
                 c->known_rank ? "" : ", unknown rank", auto_pads[c->auto_pad], c->clamp, c->residual);
    for (int i = 0; i < c->spatial && n > 0 && (size_t)n < size; i++)
        n += snprintf(dst + n, size - (size_t)n, " in %d k %d s %d d %d p %d,%d +%d", c->in[i], c->kernel[i],
                      c->stride[i], c->dilation[i], c->pads[i], c->pads[c->spatial + i], c->extra[i]);
}

static void write_conv(onnx *o, const conv_case *c, int n_in, const char *name) {
    const char *in[] = {"x", "w", "b"}, *out[] = {name};
    onnx_node(o, c->transposed ? "ConvTranspose" : "Conv", n_in, in, 1, out);
    onnx_ints(o, "kernel_shape", c->spatial, c->kernel);
    onnx_ints(o, "strides", c->spatial, c->stride);
    onnx_ints(o, "dilations", c->spatial, c->dilation);
    if (c->auto_pad) onnx_string(o, "auto_pad", auto_pads[c->auto_pad]);
    else onnx_ints(o, "pads", 2 * c->spatial, c->pads);
    if (c->transposed) onnx_ints(o, "output_padding", c->spatial, c->extra);
    onnx_int(o, "group", c->groups);
}

static void write_relu(onnx *o, const char *from, const char *to) {
    const char *in[] = {from}, *out[] = {to};
    onnx_node(o, "Relu", 1, in, 1, out);
}

/* The convolution; perhaps its sum with another of the same shape, clamped or not; perhaps a clamp. */
static void write_nodes(onnx *o, const conv_case *c) {
    const char *last = c->clamp ? "t" : "y";
    const int n_in = c->has_bias ? 3 : 2;
    if (c->residual == 1) {
        write_conv(o, c, 2, "z0");
        write_relu(o, "z0", "z");
    }
    write_conv(o, c, n_in, c->residual ? "c" : last);
    if (c->residual == 2) write_conv(o, c, 2, "z");
    if (c->residual) {
        const char *in[] = {c->residual == 1 ? "z" : "c", c->residual == 1 ? "c" : "z"}, *out[] = {last};
        onnx_node(o, "Add", 2, in, 1, out);
    }
    if (c->clamp) write_relu(o, "t", "y");
}

static void run_case(test_counts *counts, const conv_case *c, uint32_t *r, double tolerance,
                     const char *label) {
    const int32_t x_dims[5] = {c->batch, c->groups * c->in_c, c->in[0], c->in[1], c->in[2]};
    const int32_t w_dims[5] = {c->transposed ? c->groups * c->in_c : c->groups * c->out_c,
                               c->transposed ? c->out_c : c->in_c, c->kernel[0], c->kernel[1], c->kernel[2]};
    const int32_t b_dims[1] = {c->groups * c->out_c};
    sk_tensor x = test_tensor(r, SK_FLOAT32, 2 + c->spatial, x_dims);
    sk_tensor w = test_tensor(r, SK_FLOAT32, 2 + c->spatial, w_dims),
              b = test_tensor(r, SK_FLOAT32, 1, b_dims);
    const sk_tensor *inputs[3] = {&x, &w, &b};
    onnx o;
    onnx_start(&o);
    write_nodes(&o, c);
    onnx_input(&o, "x", SK_FLOAT32, c->known_rank ? 2 + c->spatial : -1, x_dims);
    int n = 1;
    if (c->constant_weights) {
        onnx_constant(&o, "w", &w);
        if (c->has_bias) onnx_constant(&o, "b", &b);
    } else {
        onnx_input(&o, "w", SK_FLOAT32, 2 + c->spatial, w_dims);
        if (c->has_bias) onnx_input(&o, "b", SK_FLOAT32, 1, b_dims);
        n += 1 + c->has_bias;
    }
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 13);
    test_against_reference(counts, &o, n, inputs, tolerance, label);
    onnx_free(&o);
    free(x.data);
    free(w.data);
    free(b.data);
}

/* Channels for which weights are transformed at each run, in more than one piece, on images smaller than a
 * tile, of a few tiles (smaller ones are taken) and of more than a block: in, out, height, width, stride. */
static void wide_cases(test_counts *counts) {
    static const int sizes[][5] = {{132, 128, 7, 7, 1},   {64, 260, 1, 9, 1},   {260, 264, 5, 2, 1},
                                   {264, 256, 4, 11, 1},  {260, 268, 9, 13, 1}, {16, 1028, 30, 34, 1},
                                   {260, 264, 13, 14, 2}, {16, 1028, 31, 33, 2}};
    for (int i = 0; i < (int)(sizeof sizes / sizeof *sizes); i++) {
        uint32_t r = (uint32_t)i + 77;
        conv_case c = {.spatial = 2,
                       .groups = 1,
                       .batch = 1 + i % 2,
                       .constant_weights = 1,
                       .has_bias = 1,
                       .known_rank = 1,
                       .clamp = 1,
                       .residual = i % 3};
        c.in_c = sizes[i][0];
        c.out_c = sizes[i][1];
        for (int d = 0; d < 2; d++) {
            c.in[d] = sizes[i][2 + d];
            c.kernel[d] = 3;
            c.stride[d] = sizes[i][4];
            c.dilation[d] = c.pads[d] = c.pads[2 + d] = 1;
        }
        char label[400];
        describe(&c, i, label, sizeof label);
        run_case(counts, &c, &r, 2e-5, label); /* tiles of 4 x 4 over 260 channels: 1.04e-5 */
    }
}

int main(void) {
    const char *cases = getenv("CASES"), *first = getenv("SEED");
    const int n = cases ? atoi(cases) : 600, seed = first ? atoi(first) : 1;
    test_counts counts = {0, 0};
    for (int i = seed; i < seed + n; i++) {
        uint32_t r = (uint32_t)i * 2654435761u | 1;
        for (int j = 0; j < 8; j++) test_random(&r);
        char label[400];
        const conv_case c = pick(&r);
        describe(&c, i, label, sizeof label);
        run_case(&counts, &c, &r, 1e-5, label);
    }
    wide_cases(&counts);
    return test_summary(&counts);
}
