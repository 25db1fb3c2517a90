/* Attention against its definition: operands of rank 3 and 4, heads that share keys, masks of every shape,
 * causal, at awkward sizes and at lengths where rows go in several blocks; and shapes that do not fit. SEED
 * as in test_conv.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"

typedef struct attention {
    int rank, batch, heads, kv_heads, rows, keys, depth, width, causal;
    int mask_type, mask_rank; /* type 0: none */
    int32_t mask_dims[4];
    float scale; /* 0: not given */
} attention;

/* Where number `col` of row `row` of a head stands. */
static size_t at(const attention *a, int heads, int rows, int cols, int batch, int head, int row, int col) {
    return a->rank == 4 ? (((size_t)batch * heads + head) * rows + row) * cols + col
                        : (((size_t)batch * rows + row) * heads + head) * cols + col;
}

static double mask_at(const attention *a, const sk_tensor *mask, int batch, int head, int row, int key) {
    const int where[4] = {batch, head, row, key};
    size_t index = 0;
    if (!a->mask_type) return 0;
    for (int i = 0; i < a->mask_rank; i++)
        index = index * (size_t)a->mask_dims[i] +
                (a->mask_dims[i] == 1 ? 0 : (size_t)where[4 - a->mask_rank + i]);
    if (a->mask_type == SK_BOOL) return ((const uint8_t *)mask->data)[index] ? 0 : -INFINITY;
    return (double)((const float *)mask->data)[index];
}

static void row_of(const attention *a, const float *q, const float *k, const float *v, const sk_tensor *mask,
                   int batch, int head, int row, float *y) {
    const int kv = head / (a->heads / a->kv_heads);
    double *p = calloc((size_t)a->keys + 1, sizeof *p), max = -INFINITY, sum = 0;
    if (!p) abort();
    for (int j = 0; j < a->keys; j++) {
        for (int d = 0; d < a->depth; d++)
            p[j] += (double)q[at(a, a->heads, a->rows, a->depth, batch, head, row, d)] *
                    k[at(a, a->kv_heads, a->keys, a->depth, batch, kv, j, d)];
        p[j] = p[j] * (a->scale != 0 ? (double)a->scale : 1 / sqrt(a->depth)) +
               mask_at(a, mask, batch, head, row, j);
        if (a->causal && j > row) p[j] = -INFINITY;
        max = fmax(max, p[j]);
    }
    for (int j = 0; j < a->keys; j++) sum += p[j] = exp(p[j] - max);
    for (int w = 0; w < a->width; w++) {
        double total = 0;
        for (int j = 0; j < a->keys; j++)
            total += p[j] / sum * v[at(a, a->kv_heads, a->keys, a->width, batch, kv, j, w)];
        y[at(a, a->heads, a->rows, a->width, batch, head, row, w)] = (float)total;
    }
    free(p);
}

static sk_tensor operand(uint32_t *r, const attention *a, int heads, int rows, int cols) {
    return a->rank == 4 ? test_tensor(r, SK_FLOAT32, 4, (int32_t[]){a->batch, heads, rows, cols})
                        : test_tensor(r, SK_FLOAT32, 3, (int32_t[]){a->batch, rows, heads * cols});
}

static onnx model_of(const attention *a, const sk_tensor *const *in) {
    static const char *const names[] = {"q", "k", "v", "m"}, *const out[] = {"y"};
    const int n = a->mask_type ? 4 : 3;
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "Attention", n, names, 1, out);
    if (a->rank == 3) onnx_int(&o, "q_num_heads", a->heads), onnx_int(&o, "kv_num_heads", a->kv_heads);
    if (a->causal) onnx_int(&o, "is_causal", 1);
    if (a->scale != 0) onnx_float(&o, "scale", a->scale);
    for (int i = 0; i < n; i++) onnx_input(&o, names[i], in[i]->type, in[i]->rank, in[i]->dims);
    onnx_output(&o, "y", SK_FLOAT32);
    onnx_end(&o, 23);
    return o;
}

static void run_case(test_counts *counts, uint32_t *r, const attention *a) {
    char label[200];
    sk_tensor q = operand(r, a, a->heads, a->rows, a->depth),
              k = operand(r, a, a->kv_heads, a->keys, a->depth),
              v = operand(r, a, a->kv_heads, a->keys, a->width),
              want = operand(r, a, a->heads, a->rows, a->width), mask = {.rank = -1}, got;
    if (a->mask_type) mask = test_tensor(r, a->mask_type, a->mask_rank, a->mask_dims);
    if (a->mask_type == SK_BOOL) { /* the first key counts, or there would be rows without any */
        const int32_t keys = a->mask_dims[a->mask_rank - 1];
        for (size_t i = 0; i < sk_numel(&mask); i++)
            ((uint8_t *)mask.data)[i] = i % (size_t)keys == 0 || (((uint8_t *)mask.data)[i] & 1);
    }
    for (int b = 0; b < a->batch; b++)
        for (int h = 0; h < a->heads; h++)
            for (int i = 0; i < a->rows; i++) row_of(a, q.data, k.data, v.data, &mask, b, h, i, want.data);
    const sk_tensor *const in[4] = {&q, &k, &v, &mask};
    onnx o = model_of(a, in);
    snprintf(label, sizeof label, "rank %d, %d x %d/%d heads, %d x %d, %d/%d%s, mask %d of rank %d", a->rank,
             a->batch, a->heads, a->kv_heads, a->rows, a->keys, a->depth, a->width,
             a->causal ? ", causal" : "", a->mask_type, a->mask_rank);
    for (int reference = 0; reference < 2; reference++) {
        test_output(&o, &(sk_options){.reference = (uint8_t)reference}, a->mask_type ? 4 : 3, in, 0, &got);
        test_equal(counts, &got, &want, 1e-5, label);
        free(got.data);
    }
    if (a->rows > 50)
        test_against_reference(counts, &o, a->mask_type ? 4 : 3, in, 1e-5, label); /* threads too */
    onnx_free(&o);
    free(q.data);
    free(k.data);
    free(v.data);
    free(mask.data);
    free(want.data);
}

/* A mask that broadcasts to [batch][heads][rows][keys]. */
static void draw_mask(uint32_t *r, attention *a) {
    const int32_t whole[4] = {a->batch, a->heads, a->rows, a->keys};
    a->mask_rank = test_between(r, 1, 4);
    a->mask_type = test_between(r, 0, 2) ? SK_FLOAT32 : SK_BOOL;
    for (int i = 0; i < a->mask_rank; i++)
        a->mask_dims[i] = test_between(r, 0, 2) ? whole[4 - a->mask_rank + i] : 1;
}

static void random_cases(test_counts *counts, uint32_t *r) {
    for (int i = 0; i < 150; i++) {
        attention a = {.rank = test_between(r, 3, 4),
                       .batch = test_between(r, 1, 3),
                       .kv_heads = test_between(r, 1, 3),
                       .rows = test_between(r, 1, 30),
                       .keys = test_between(r, 1, 40),
                       .depth = test_between(r, 1, 20),
                       .width = test_between(r, 1, 20),
                       .causal = test_between(r, 0, 3) == 0,
                       .scale = test_between(r, 0, 1) ? 0 : 0.37f};
        a.heads = a.kv_heads * test_between(r, 1, 2);
        if (test_between(r, 0, 1)) draw_mask(r, &a);
        run_case(counts, r, &a);
    }
}

static void test_sizes(test_counts *counts, uint32_t *r) {
    static const attention cases[] = {
        {.rank = 3,
         .batch = 1,
         .heads = 12,
         .kv_heads = 12,
         .rows = 128,
         .keys = 128,
         .depth = 32,
         .width = 32},
        {.rank = 3, .batch = 1, .heads = 2, .kv_heads = 2, .rows = 65, .keys = 65, .depth = 16, .width = 16},
        {.rank = 4,
         .batch = 1,
         .heads = 1,
         .kv_heads = 1,
         .rows = 100,
         .keys = 1030,
         .depth = 24,
         .width = 40},
        {.rank = 4, .batch = 1, .heads = 2, .kv_heads = 1, .rows = 70, .keys = 5000, .depth = 8, .width = 8},
        {.rank = 3,
         .batch = 1,
         .heads = 1,
         .kv_heads = 1,
         .rows = 200,
         .keys = 200,
         .depth = 8,
         .width = 8,
         .causal = 1},
        {.rank = 3, .batch = 1, .heads = 4, .kv_heads = 4, .rows = 1, .keys = 300, .depth = 64, .width = 64},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) run_case(counts, r, &cases[i]);
}

/* No keys give zeros, no rows nothing; operands that do not fit are refused. */
static void test_edges(test_counts *counts) {
    static const struct {
        int32_t q[3], k[3], v[3];
        int heads, status;
    } cases[] = {
        {{1, 2, 8}, {1, 0, 8}, {1, 0, 8}, 2, SK_OK},    {{1, 0, 8}, {1, 3, 8}, {1, 3, 8}, 2, SK_OK},
        {{1, 2, 8}, {1, 3, 8}, {1, 4, 8}, 2, SK_SHAPE}, {{1, 2, 8}, {1, 3, 6}, {1, 3, 8}, 2, SK_SHAPE},
        {{2, 2, 8}, {3, 3, 8}, {2, 3, 8}, 2, SK_SHAPE}, {{1, 2, 9}, {1, 3, 9}, {1, 3, 9}, 2, SK_SHAPE},
        {{1, 2, 8}, {1, 3, 8}, {1, 3, 8}, 0, SK_SHAPE}};
    uint32_t r = 7;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const attention a = {.rank = 3, .heads = cases[i].heads, .kv_heads = cases[i].heads};
        sk_tensor q = test_tensor(&r, SK_FLOAT32, 3, cases[i].q),
                  k = test_tensor(&r, SK_FLOAT32, 3, cases[i].k),
                  v = test_tensor(&r, SK_FLOAT32, 3, cases[i].v), got;
        const sk_tensor *const in[3] = {&q, &k, &v};
        onnx o = model_of(&a, in);
        const int status = test_output(&o, &(sk_options){.reference = 0}, 3, in, 0, &got);
        int zeros = 1;
        for (size_t j = 0; status == SK_OK && j < sk_numel(&got); j++)
            zeros &= ((const float *)got.data)[j] == 0;
        const int ok = status == cases[i].status && zeros;
        if (!ok) printf("FAIL edge %zu: status %d\n", i, status);
        *(ok ? &counts->passed : &counts->failed) += 1;
        free(got.data);
        free(q.data);
        free(k.data);
        free(v.data);
        onnx_free(&o);
    }
}

int main(void) {
    test_counts counts = {0, 0};
    const char *seed = getenv("SEED");
    uint32_t r = seed ? (uint32_t)strtoul(seed, NULL, 10) : 20240614;
    if (!r) r = 1;
    random_cases(&counts, &r);
    test_sizes(&counts, &r);
    test_edges(&counts);
    return test_summary(&counts);
}
