/* MatMul and Gemm from end to end against the scalar definition: random shapes with broadcasting, vectors and
 * empty operands, constant and computed second operands, every tail of the tiles. CASES, SEED as in
 * test_conv.c. */
#include <stdio.h>
#include <stdlib.h>

#include "common/compare.h"

static int some_size(uint32_t *r) {
    static const int sizes[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 16, 17, 31, 32, 33, 40, 49, 65, 100};
    return sizes[test_between(r, test_between(r, 0, 15) ? 1 : 0, (int)(sizeof sizes / sizeof *sizes) - 1)];
}

typedef struct operands {
    sk_tensor a, b, c;
    int constant_b, constant_c, known, n; /* n: inputs, constants included */
} operands;

/* Declares them in order as inputs or constants; returns how many are inputs, in `inputs`. */
static int declare(onnx *o, operands *p, const sk_tensor **inputs) {
    int n = 0;
    onnx_input(o, "a", p->a.type, p->known ? p->a.rank : -1, p->a.dims);
    inputs[n++] = &p->a;
    if (p->constant_b) {
        onnx_constant(o, "b", &p->b);
    } else {
        onnx_input(o, "b", p->b.type, p->known ? p->b.rank : -1, p->b.dims);
        inputs[n++] = &p->b;
    }
    if (p->n < 3) return n;
    if (p->constant_c) {
        onnx_constant(o, "c", &p->c);
    } else {
        onnx_input(o, "c", p->c.type, p->known ? p->c.rank : -1, p->c.dims);
        inputs[n++] = &p->c;
    }
    return n;
}

static void finish(test_counts *counts, onnx *o, operands *p, const char *label) {
    const sk_tensor *inputs[3];
    const int n = declare(o, p, inputs);
    onnx_output(o, "y", p->a.type);
    onnx_end(o, 13);
    test_against_reference(counts, o, n, inputs, 1e-4, label);
    onnx_free(o);
    free(p->a.data);
    free(p->b.data);
    if (p->n == 3) free(p->c.data);
}

static void write_node(onnx *o, const char *op, int n_in, int clamp) {
    const char *in[] = {"a", "b", "c"}, *out[] = {clamp ? "t" : "y"};
    onnx_node(o, op, n_in, in, 1, out);
}

static void write_clamp(onnx *o, int clamp) {
    const char *in[] = {"t"}, *out[] = {"y"};
    if (clamp) onnx_node(o, "Relu", 1, in, 1, out);
}

static void matmul_case(test_counts *counts, uint32_t *r, int seed) {
    const int types[] = {SK_FLOAT32, SK_FLOAT32, SK_FLOAT32, SK_FLOAT32, SK_FLOAT64, SK_INT32, SK_INT64};
    operands p = {.n = 2};
    const int type = types[test_between(r, 0, 6)], m = some_size(r), k = some_size(r), n = some_size(r);
    const int batch = test_between(r, 0, 3), clamp = type == SK_FLOAT32 && test_between(r, 0, 1);
    int32_t a[6] = {0}, b[6] = {0};
    int ra = batch, rb = batch;
    for (int i = 0; i < batch; i++) {
        a[i] = b[i] = test_between(r, 1, 3);
        const int which = test_between(r, 0, 5);
        if (which == 0) a[i] = 1;
        if (which == 1) b[i] = 1;
    }
    if (test_between(r, 0, 3) == 0) rb = 0; /* one matrix for all */
    a[ra++] = m;
    a[ra++] = b[rb] = k;
    rb += 1;
    b[rb++] = n;
    const int vector_a = batch == 0 && test_between(r, 0, 7) == 0,
              vector_b = rb == 2 && test_between(r, 0, 7) == 0;
    p.a = vector_a ? test_tensor(r, type, 1, a + 1) : test_tensor(r, type, ra, a);
    p.b = vector_b ? test_tensor(r, type, 1, b) : test_tensor(r, type, rb, b);
    p.constant_b = test_between(r, 0, 1);
    p.known = test_between(r, 0, 2) > 0;
    char label[300], at[SK_SHAPE_TEXT], bt[SK_SHAPE_TEXT];
    snprintf(label, sizeof label, "SEED=%d MatMul %s %s constant %d known %d clamp %d", seed,
             sk_tensor_text(&p.a, at), sk_tensor_text(&p.b, bt), p.constant_b, p.known, clamp);
    onnx o;
    onnx_start(&o);
    write_node(&o, "MatMul", 2, clamp);
    write_clamp(&o, clamp);
    finish(counts, &o, &p, label);
}

static void gemm_case(test_counts *counts, uint32_t *r, int seed) {
    const int m = some_size(r), k = some_size(r), n = some_size(r);
    const int trans_a = test_between(r, 0, 1), trans_b = test_between(r, 0, 1), clamp = test_between(r, 0, 1);
    const int has_c = test_between(r, 0, 3), rank_c = test_between(r, 0, 2), scaled = test_between(r, 0, 1);
    const int32_t a[2] = {trans_a ? k : m, trans_a ? m : k}, b[2] = {trans_b ? n : k, trans_b ? k : n};
    int32_t c[2] = {test_between(r, 0, 1) ? m : 1, test_between(r, 0, 1) ? n : 1};
    operands p = {.n = has_c ? 3 : 2,
                  .constant_b = test_between(r, 0, 2) > 0,
                  .constant_c = test_between(r, 0, 2) > 0,
                  .known = test_between(r, 0, 2) > 0};
    p.a = test_tensor(r, SK_FLOAT32, 2, a);
    p.b = test_tensor(r, SK_FLOAT32, 2, b);
    if (has_c) p.c = test_tensor(r, SK_FLOAT32, rank_c, c + 2 - rank_c);
    char label[400], at[SK_SHAPE_TEXT], bt[SK_SHAPE_TEXT], ct[SK_SHAPE_TEXT];
    snprintf(label, sizeof label,
             "SEED=%d Gemm %s %s %s trans %d %d constant %d %d known %d scaled %d clamp %d", seed,
             sk_tensor_text(&p.a, at), sk_tensor_text(&p.b, bt), has_c ? sk_tensor_text(&p.c, ct) : "-",
             trans_a, trans_b, p.constant_b, p.constant_c, p.known, scaled, clamp);
    onnx o;
    onnx_start(&o);
    write_node(&o, "Gemm", p.n, clamp);
    onnx_int(&o, "transA", trans_a);
    onnx_int(&o, "transB", trans_b);
    if (scaled) {
        onnx_float(&o, "alpha", 0.75f);
        onnx_float(&o, "beta", -1.5f);
    }
    write_clamp(&o, clamp);
    finish(counts, &o, &p, label);
}

int main(void) {
    const char *cases = getenv("CASES"), *first = getenv("SEED");
    const int n = cases ? atoi(cases) : 600, seed = first ? atoi(first) : 1;
    test_counts counts = {0, 0};
    for (int i = seed; i < seed + n; i++) {
        uint32_t r = (uint32_t)i * 2654435761u | 1;
        for (int j = 0; j < 8; j++) test_random(&r);
        if (i % 2) matmul_case(&counts, &r, i);
        else gemm_case(&counts, &r, i);
    }
    return test_summary(&counts);
}
