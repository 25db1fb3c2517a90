/* MatMul and Gemm from end to end against the scalar definition: random shapes with broadcasting, vectors and
 * empty operands, constant and computed second operands, biases to fuse, every tail of the tiles; and MatMul
 * by itself on operands seen through transposes. CASES, SEED as in test_conv.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compare.h"
#include "graph/op.h"

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
    const int add = type == SK_FLOAT32 && !vector_b && n > 0 && test_between(r, 0, 1);
    char label[300], at[SK_SHAPE_TEXT], bt[SK_SHAPE_TEXT];
    snprintf(label, sizeof label, "SEED=%d MatMul %s %s constant %d known %d clamp %d add %d", seed,
             sk_tensor_text(&p.a, at), sk_tensor_text(&p.b, bt), p.constant_b, p.known, clamp, add);
    onnx o;
    onnx_start(&o);
    if (add) {
        const char *product[] = {"a", "b"}, *sum[] = {"bias", "p"}, *out[] = {"p", clamp ? "t" : "y"};
        const int32_t columns[1] = {n};
        sk_tensor bias = test_tensor(r, SK_FLOAT32, 1, columns);
        onnx_node(&o, "MatMul", 2, product, 1, out);
        onnx_node(&o, "Add", 2, sum, 1, out + 1);
        onnx_constant(&o, "bias", &bias);
        free(bias.data);
    } else {
        write_node(&o, "MatMul", 2, clamp);
    }
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

/* ---- operands through transposes ---- */

/* A random permutation of `rank` axes whose last `fixed` stay where they are. */
static sk_permutation random_permutation(uint32_t *r, int rank, int fixed) {
    sk_permutation perm = {.rank = (int8_t)rank};
    for (int i = 0; i < rank; i++) perm.axis[i] = (int8_t)i;
    for (int i = rank - fixed - 1; i > 0; i--) {
        const int j = test_between(r, 0, i);
        const int8_t axis = perm.axis[i];
        perm.axis[i] = perm.axis[j];
        perm.axis[j] = axis;
    }
    if (test_between(r, 0, 3) == 0) perm.rank = 0;
    return perm;
}

/* The dims of the tensor that, transposed by perm, has the dims `seen`. */
static void unseen(const sk_permutation *perm, int rank, const int32_t *seen, int32_t *dims) {
    for (int i = 0; i < rank; i++) dims[perm->rank ? perm->axis[i] : i] = seen[i];
}

/* Element `at` of what is seen of t through perm. */
static float *element(const sk_tensor *t, const sk_permutation *perm, const int32_t *at) {
    int32_t own[SK_MAX_RANK] = {0};
    size_t index = 0;
    unseen(perm, t->rank, at, own);
    for (int i = 0; i < t->rank; i++) index = index * (size_t)t->dims[i] + (size_t)own[i];
    return (float *)t->data + index;
}

static int turned_matches(const sk_tensor *a, const sk_tensor *b, const sk_tensor *y,
                          const sk_matmul_params *p, const sk_permutation *back, const int32_t *size) {
    int32_t i[4], ia[4], ib[4];
    for (i[0] = 0; i[0] < size[0]; i[0]++)
        for (i[1] = 0; i[1] < size[1]; i[1]++)
            for (i[2] = 0; i[2] < size[2]; i[2]++)
                for (i[3] = 0; i[3] < size[3]; i[3]++) {
                    double sum = 0;
                    for (int32_t k = 0; k < size[4]; k++) {
                        memcpy(ia, i, sizeof ia);
                        memcpy(ib, i, sizeof ib);
                        ia[3] = ib[2] = k;
                        sum += (double)*element(a, &p->a, ia) * (double)*element(b, &p->b, ib);
                    }
                    if (fabs((double)*element(y, back, i) - sum * (double)p->alpha) > 1e-4) return 0;
                }
    return 1;
}

static void turned_case(test_counts *counts, uint32_t *r, int seed) {
    const int32_t size[5] = {test_between(r, 1, 3), test_between(r, 1, 4), test_between(r, 1, 20),
                             test_between(r, 1, 35), test_between(r, 1, 40)};
    const int32_t a_seen[4] = {size[0], size[1], size[2], size[4]},
                  b_seen[4] = {size[0], size[1], size[4], size[3]};
    sk_matmul_params params = {test_between(r, 0, 1) ? 1.0f : -0.5f, random_permutation(r, 4, 1),
                               random_permutation(r, 4, 0), random_permutation(r, 4, 1)};
    int32_t a_dims[4], b_dims[4];
    unseen(&params.a, 4, a_seen, a_dims);
    unseen(&params.b, 4, b_seen, b_dims);
    sk_tensor a = test_tensor(r, SK_FLOAT32, 4, a_dims), b = test_tensor(r, SK_FLOAT32, 4, b_dims),
              y = {.rank = -1};
    sk_heap heap;
    sk_heap_init(&heap);
    sk_ir ir = {.n_files = 0};
    sk_arena_init(&ir.arena, &heap);
    const sk_tensor *in[2] = {&a, &b};
    sk_tensor *out[1] = {&y};
    sk_error err = {.status = SK_OK};
    const sk_node node = {.op_type = "MatMul",
                          .op = sk_op_find("", "MatMul", 13),
                          .params = &params,
                          .n_inputs = 2,
                          .n_outputs = 1,
                          .lo = -INFINITY,
                          .hi = INFINITY};
    sk_status status = sk_infer_node(&node, in, out, &err);
    y.data = calloc(status == SK_OK ? sk_numel(&y) : 1, sizeof(float));
    if (status == SK_OK) status = sk_evaluate(&ir, &node, in, out, &ir.arena, &err);
    sk_permutation back = {.rank = params.y.rank}; /* what is seen of y is its transpose the other way */
    for (int i = 0; i < back.rank; i++) back.axis[params.y.axis[i]] = (int8_t)i;
    const int ok = status == SK_OK && y.rank == 4 && turned_matches(&a, &b, &y, &params, &back, size);
    if (!ok)
        printf("FAIL SEED=%d MatMul through transposes %dx%dx%dx%dx%d: %s\n", seed, size[0], size[1], size[2],
               size[3], size[4], err.text);
    *(ok ? &counts->passed : &counts->failed) += 1;
    sk_arena_clear(&ir.arena);
    free(a.data);
    free(b.data);
    free(y.data);
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
        turned_case(&counts, &r, i);
    }
    return test_summary(&counts);
}
