/* Elementwise operators, each element computed here a second time by the definition: random shapes that
 * broadcast, every element type, zero sizes; overflow, division by zero, saturation. SEED and CASES as in
 * test_conv.c. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"

static const int floats[] = {SK_FLOAT32, SK_FLOAT64, SK_FLOAT16, SK_BFLOAT16};
static const int all[] = {SK_FLOAT32, SK_FLOAT64, SK_FLOAT16, SK_BFLOAT16, SK_UINT8,  SK_INT8,
                          SK_UINT16,  SK_INT16,   SK_UINT32,  SK_INT32,    SK_UINT64, SK_INT64};

static int is_float(int type) {
    return sk_type_in(type, SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16) | SK_T(BFLOAT16));
}
static int is_unsigned(int type) {
    return sk_type_in(type, SK_T(UINT8) | SK_T(UINT16) | SK_T(UINT32) | SK_T(UINT64));
}

/* ---- two operands ---- */

typedef struct binary_op {
    const char *name;
    int types; /* 0: all, 1: floats and integers but no products, 2: unsigned, 3: bool, 4: integers */
    int result_bool;
} binary_op;

static const binary_op binaries[] = {
    {"Add", 0, 0},
    {"Sub", 0, 0},
    {"Mul", 0, 0},
    {"Div", 0, 0},
    {"Min", 0, 0},
    {"Max", 0, 0},
    {"PRelu", 0, 0},
    {"Pow", 0, 0},
    {"Mod", 4, 0},
    {"FMod", 0, 0},
    {"BitwiseAnd", 4, 0},
    {"BitwiseOr", 4, 0},
    {"BitwiseXor", 4, 0},
    {"Left", 2, 0},
    {"Right", 2, 0},
    {"And", 3, 1},
    {"Or", 3, 1},
    {"Xor", 3, 1},
    {"Equal", 0, 1},
    {"Less", 0, 1},
    {"Greater", 0, 1},
    {"LessOrEqual", 0, 1},
    {"GreaterOrEqual", 0, 1},
    {"Sum", 5, 0},
    {"Mean", 5, 0},
};

static int is(const char *name, const char *other) { return !strcmp(name, other); }

static double real_result(const char *op, double a, double b) {
    if (is(op, "Add") || is(op, "Sum")) return a + b;
    if (is(op, "Mean")) return (a + b) / 2;
    if (is(op, "Sub")) return a - b;
    if (is(op, "Mul")) return a * b;
    if (is(op, "Div")) return a / b;
    if (is(op, "Min")) return a != a ? a : b != b ? b : a < b ? a : b;
    if (is(op, "Max")) return a != a ? a : b != b ? b : a > b ? a : b;
    if (is(op, "PRelu")) return a < 0 ? a * b : a;
    if (is(op, "Pow")) return pow(a, b);
    if (is(op, "FMod")) return fmod(a, b);
    if (is(op, "Equal")) return a == b;
    if (is(op, "Less")) return a < b;
    if (is(op, "Greater")) return a > b;
    if (is(op, "LessOrEqual")) return a <= b;
    if (is(op, "GreaterOrEqual")) return a >= b;
    abort();
}

static int64_t int_power(int64_t a, int64_t b) {
    uint64_t result = 1;
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    for (int64_t i = 0; i < b; i++) result *= (uint64_t)a;
    return (int64_t)result;
}

/* In 128 bits, so that nothing overflows; a and b hold the values, also of uint64. */
static __int128 int_result(const char *op, __int128 a, __int128 b) {
    if (is(op, "Add")) return a + b;
    if (is(op, "Sub")) return a - b;
    if (is(op, "Mul")) return a * b;
    if (is(op, "Div")) return a / b;
    if (is(op, "Mod")) return a % b != 0 && (a % b < 0) != (b < 0) ? a % b + b : a % b;
    if (is(op, "FMod")) return a % b;
    if (is(op, "Min")) return a < b ? a : b;
    if (is(op, "Max")) return a > b ? a : b;
    if (is(op, "PRelu")) return a < 0 ? a * b : a;
    if (is(op, "Pow")) return int_power((int64_t)a, (int64_t)b);
    if (is(op, "BitwiseAnd") || is(op, "And")) return a & b;
    if (is(op, "BitwiseOr") || is(op, "Or")) return a | b;
    if (is(op, "BitwiseXor") || is(op, "Xor")) return a ^ b;
    if (is(op, "Left")) return b < 64 ? a << b : 0;
    if (is(op, "Right")) return b < 64 ? a >> b : 0;
    return (int64_t)real_result(op, (double)a, (double)b); /* comparisons of moderate numbers */
}

static __int128 wide_at(const sk_tensor *t, size_t i) {
    return t->type == SK_UINT64 ? (__int128)(uint64_t)test_int_at(t, i) : test_int_at(t, i);
}

/* Two shapes that broadcast, and what they broadcast to; of `full` the first has all of it. */
static void shapes(uint32_t *r, int full, int32_t dims[3][SK_MAX_RANK], int rank[3]) {
    rank[2] = test_between(r, 0, 5);
    for (int d = 0; d < rank[2]; d++)
        dims[2][d] =
            test_between(r, 0, 40) ? test_between(r, 1, d == rank[2] - 1 && rank[2] < 4 ? 40 : 6) : 0;
    for (int k = 0; k < 2; k++) {
        rank[k] = k == 0 && (full || test_between(r, 0, 1)) ? rank[2] : test_between(r, 0, rank[2]);
        for (int d = 0; d < rank[k]; d++) {
            const int32_t whole = dims[2][d + rank[2] - rank[k]];
            dims[k][d] = test_between(r, 0, 2) || (k == 0 && full) ? whole : 1;
        }
    }
    for (int d = 0; d < rank[2]; d++) { /* what both repeat is not there */
        const int a = d - (rank[2] - rank[0]), b = d - (rank[2] - rank[1]);
        if ((a < 0 || dims[0][a] == 1) && (b < 0 || dims[1][b] == 1)) dims[2][d] = 1;
    }
    const int longest = rank[0] > rank[1] ? rank[0] : rank[1];
    memmove(dims[2], dims[2] + rank[2] - longest,
            sizeof dims[2] - (size_t)(rank[2] - longest) * sizeof dims[2][0]);
    rank[2] = longest;
}

static void write_binary(onnx *o, const char *op, const sk_tensor *a, const sk_tensor *b, int out_type) {
    static const char *const in[] = {"a", "b"}, *const out[] = {"y"};
    const int shift = is(op, "Left") || is(op, "Right"), fmod_ = is(op, "FMod");
    onnx_start(o);
    onnx_node(o, shift ? "BitShift" : fmod_ ? "Mod" : op, 2, in, 1, out);
    if (shift) onnx_string(o, "direction", is(op, "Left") ? "LEFT" : "RIGHT");
    if (fmod_) onnx_int(o, "fmod", 1);
    onnx_input(o, "a", a->type, a->rank, a->dims);
    onnx_input(o, "b", b->type, b->rank, b->dims);
    onnx_output(o, "y", out_type);
    onnx_end(o, 18);
}

static int allowed(const binary_op *op, int type) {
    switch (op->types) {
    case 2: return is_unsigned(type);
    case 3: return type == SK_BOOL;
    case 4: return !is_float(type) && type != SK_BOOL;
    case 5: return is_float(type);
    default: return type != SK_BOOL;
    }
}

static void binary_case(test_counts *counts, const binary_op *op, int type, uint32_t *r, int number) {
    int32_t dims[3][SK_MAX_RANK];
    int rank[3];
    char label[160], text[2][SK_SHAPE_TEXT];
    const int divides = is(op->name, "Div") || is(op->name, "Mod") || is(op->name, "FMod");
    shapes(r, is(op->name, "PRelu"), dims, rank);
    sk_tensor a = test_moderate(r, type, rank[0], dims[0], 9, 1);
    sk_tensor b = test_moderate(r, type, rank[1], dims[1], is(op->name, "Pow") ? 3 : 9, 1);
    for (size_t i = 0; divides && i < sk_numel(&b); i++)
        if (test_real_at(&b, i) == 0) test_put_real(&b, i, 3);
    for (size_t i = 0; is_float(type) && is(op->name, "Pow") && i < sk_numel(&a); i++)
        test_put_real(&a, i, fabs(test_real_at(&a, i)) + 1);
    sk_tensor want = test_empty(op->result_bool ? SK_BOOL : type, rank[2], dims[2]);
    for (size_t i = 0; i < sk_numel(&want); i++) {
        const size_t at = test_broadcast_index(&a, &want, i), bt = test_broadcast_index(&b, &want, i);
        if (is_float(type))
            test_put_real(&want, i, real_result(op->name, test_real_at(&a, at), test_real_at(&b, bt)));
        else test_put_int(&want, i, (int64_t)int_result(op->name, wide_at(&a, at), wide_at(&b, bt)));
    }
    snprintf(label, sizeof label, "case %d: %s of %s, %s", number, op->name, sk_tensor_text(&a, text[0]),
             sk_tensor_text(&b, text[1]));
    onnx o;
    write_binary(&o, op->name, &a, &b, want.type);
    for (int reference = 0; reference < 2; reference++) {
        const sk_options options = {.reference = (uint8_t)reference};
        sk_tensor got;
        test_output(&o, &options, 2, (const sk_tensor *[]){&a, &b}, 0, &got);
        test_equal(counts, &got, &want, type == SK_FLOAT64 ? 1e-14 : type == SK_FLOAT32 ? 2e-7 : 8e-3, label);
        free(got.data);
    }
    onnx_free(&o);
    free(a.data), free(b.data), free(want.data);
}

/* ---- the edges of integers ---- */

static void edge(test_counts *counts, const char *op, int type, int64_t a, int64_t b, int fails,
                 int64_t want) {
    sk_tensor ta = test_empty(type, 0, NULL), tb = ta, got, expected = test_empty(type, 0, NULL);
    tb = test_empty(type, 0, NULL);
    test_put_int(&ta, 0, a);
    test_put_int(&tb, 0, b);
    test_put_int(&expected, 0, want);
    onnx o;
    write_binary(&o, op, &ta, &tb, type);
    const sk_options options = {0};
    const sk_status status = test_output(&o, &options, 2, (const sk_tensor *[]){&ta, &tb}, 0, &got);
    char label[120];
    snprintf(label, sizeof label, "%s of %s %lld, %lld", op, sk_type_name(type), (long long)a, (long long)b);
    if (!fails) test_equal(counts, &got, &expected, 0, label);
    else if (status == SK_VALUE) counts->passed++;
    else counts->failed++, printf("FAIL %s: %s\n", label, sk_status_name(status));
    free(got.data), free(ta.data), free(tb.data), free(expected.data);
    onnx_free(&o);
}

static void edges(test_counts *counts) {
    static const struct {
        int type;
        int64_t lowest;
    } types[] = {{SK_INT8, INT8_MIN}, {SK_INT16, INT16_MIN}, {SK_INT32, INT32_MIN}, {SK_INT64, INT64_MIN}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const int type = types[i].type;
        const int64_t low = types[i].lowest, high = -(low + 1);
        edge(counts, "Div", type, low, -1, 0, low);
        edge(counts, "Mod", type, low, -1, 0, 0);
        edge(counts, "FMod", type, low, -1, 0, 0);
        edge(counts, "Div", type, 5, 0, 1, 0);
        edge(counts, "Mod", type, 5, 0, 1, 0);
        edge(counts, "FMod", type, 5, 0, 1, 0);
        edge(counts, "Div", type, -7, 2, 0, -3);
        edge(counts, "Mod", type, -7, 3, 0, 2);
        edge(counts, "FMod", type, -7, 3, 0, -1);
        edge(counts, "Add", type, high, 1, 0, low);
        edge(counts, "Sub", type, low, 1, 0, high);
        edge(counts, "Mul", type, low, -1, 0, low);
        edge(counts, "Pow", type, -2, 7, 0, -128);
        edge(counts, "Pow", type, 2, -1, 0, 0);
    }
    edge(counts, "Div", SK_UINT64, -1, 2, 0, INT64_MAX);
    edge(counts, "Max", SK_UINT64, -1, 2, 0, -1);
    edge(counts, "Min", SK_UINT64, -1, 2, 0, 2);
    edge(counts, "Div", SK_UINT8, 255, 2, 0, 127);
    edge(counts, "Div", SK_UINT32, 0xffffffff, 2, 0, 0x7fffffff);
    edge(counts, "Left", SK_UINT8, 255, 4, 0, 0xf0);
    edge(counts, "Left", SK_UINT64, 1, 64, 0, 0);
    edge(counts, "Right", SK_UINT64, -1, 63, 0, 1);
    edge(counts, "Right", SK_UINT32, 0xffffffff, 64, 0, 0);
}

/* ---- casts ---- */

static const struct {
    int type;
    double low, high; /* high: the first beyond */
} bounds[] = {{SK_UINT8, 0, 0x1p8},        {SK_INT8, -0x1p7, 0x1p7},   {SK_UINT16, 0, 0x1p16},
              {SK_INT16, -0x1p15, 0x1p15}, {SK_UINT32, 0, 0x1p32},     {SK_INT32, -0x1p31, 0x1p31},
              {SK_UINT64, 0, 0x1p64},      {SK_INT64, -0x1p63, 0x1p63}};

static void cast_real(sk_tensor *t, size_t i, double x) {
    if (is_float(t->type)) {
        test_put_real(t, i, x);
        return;
    }
    if (t->type == SK_BOOL) {
        test_put_int(t, i, x != 0);
        return;
    }
    for (size_t k = 0; k < sizeof bounds / sizeof *bounds; k++) {
        if (bounds[k].type != t->type) continue;
        if (x != x) test_put_int(t, i, 0);
        else if (x <= bounds[k].low) test_put_int(t, i, t->type == SK_UINT64 ? 0 : (int64_t)bounds[k].low);
        else if (x >= bounds[k].high)
            test_put_int(t, i,
                         t->type == SK_INT64 ? INT64_MAX
                                             : (int64_t)((uint64_t)-1 >> (64 - sk_type_bits(t->type) +
                                                                          !is_unsigned(t->type))));
        else test_put_int(t, i, t->type == SK_UINT64 ? (int64_t)(uint64_t)x : (int64_t)x);
    }
}

static void cast_case(test_counts *counts, int from, int to, uint32_t *r) {
    static const double special[] = {0,    -0.0,  1,    -1,   0.5,      1.5,       -2.5,  127,  128,
                                     255,  256,   300,  -129, 65504,    65519,     65520, 1e10, -1e10,
                                     1e20, -1e20, 1e-8, 6e-8, INFINITY, -INFINITY, NAN,   2049, 2051};
    const int32_t n = 600;
    sk_tensor x = test_empty(from, 1, &n);
    for (size_t i = 0; i < (size_t)n; i++) {
        if (!is_float(from))
            test_put_int(&x, i,
                         from == SK_BOOL ? test_random(r) & 1
                                         : (int64_t)((uint64_t)test_random(r) << 32 | test_random(r)) >>
                                               (test_random(r) & 63));
        else if (i < sizeof special / sizeof *special) test_put_real(&x, i, special[i]);
        else test_put_real(&x, i, ldexp(test_random(r) / 2147483648.0 - 1, test_between(r, -30, 40)));
    }
    sk_tensor want = test_empty(to, 1, &n), got;
    for (size_t i = 0; i < (size_t)n; i++) {
        if (is_float(from) || is_float(to))
            cast_real(&want, i,
                      from == SK_UINT64 ? (double)(uint64_t)test_int_at(&x, i) : test_real_at(&x, i));
        else test_put_int(&want, i, to == SK_BOOL ? test_int_at(&x, i) != 0 : test_int_at(&x, i));
    }
    onnx o;
    char label[80];
    static const char *const in[] = {"x"}, *const out[] = {"y"};
    onnx_start(&o);
    onnx_node(&o, "Cast", 1, in, 1, out);
    onnx_int(&o, "to", to);
    onnx_input(&o, "x", from, 1, &n);
    onnx_output(&o, "y", to);
    onnx_end(&o, 19);
    const sk_options options = {0};
    test_output(&o, &options, 1, (const sk_tensor *[]){&x}, 0, &got);
    snprintf(label, sizeof label, "Cast from %s to %s", sk_type_name(from), sk_type_name(to));
    /* 64-bit integers may be rounded twice on their way to a small float */
    test_equal(counts, &got, &want, 0, label);
    free(x.data), free(want.data), free(got.data);
    onnx_free(&o);
}

/* ---- Where, Clip, Min and Max of many ---- */

static void where_case(test_counts *counts, int type, uint32_t *r, int number) {
    int32_t dims[3][SK_MAX_RANK];
    int rank[3];
    char label[100];
    static const char *const in[] = {"c", "a", "b"}, *const out[] = {"y"};
    shapes(r, 0, dims, rank);
    const int32_t one = 1;
    sk_tensor c = test_moderate(r, SK_BOOL, rank[0], dims[0], 1, 0),
              a = test_moderate(r, type, rank[1], dims[1], 9, 1);
    sk_tensor b = test_moderate(r, type, test_between(r, 0, 1), &one, 9, 1), got;
    sk_tensor want = test_empty(type, rank[2], dims[2]);
    if (b.rank > want.rank) b.rank = 0;
    for (size_t i = 0; i < sk_numel(&want); i++) {
        const int chosen = test_int_at(&c, test_broadcast_index(&c, &want, i)) != 0;
        const sk_tensor *from = chosen ? &a : &b;
        test_put_real(&want, i, test_real_at(from, test_broadcast_index(from, &want, i)));
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "Where", 3, in, 1, out);
    onnx_input(&o, "c", SK_BOOL, c.rank, c.dims);
    onnx_input(&o, "a", type, a.rank, a.dims);
    onnx_input(&o, "b", type, b.rank, b.dims);
    onnx_output(&o, "y", type);
    onnx_end(&o, 16);
    const sk_options options = {0};
    test_output(&o, &options, 3, (const sk_tensor *[]){&c, &a, &b}, 0, &got);
    snprintf(label, sizeof label, "case %d: Where on %s", number, sk_type_name(type));
    test_equal(counts, &got, &want, 0, label);
    free(a.data), free(b.data), free(c.data), free(got.data), free(want.data);
    onnx_free(&o);
}

static void clip_case(test_counts *counts, int type, int which, uint32_t *r) {
    static const char *const in[] = {"x", "lo", "hi"}, *const out[] = {"y"};
    const char *used[3] = {in[0], which & 1 ? in[1] : "", which & 2 ? in[2] : ""};
    const int32_t n = 37;
    char label[100];
    sk_tensor x = test_moderate(r, type, 1, &n, 9, 1), want = test_empty(type, 1, &n), got;
    sk_tensor lo = test_empty(type, 0, NULL), hi = test_empty(type, 0, NULL);
    test_put_real(&lo, 0, is_unsigned(type) ? 2 : -3);
    test_put_real(&hi, 0, 5);
    for (size_t i = 0; i < (size_t)n; i++) {
        double v = test_real_at(&x, i);
        if (which & 1) v = fmax(v, test_real_at(&lo, 0));
        if (which & 2) v = fmin(v, 5);
        test_put_real(&want, i, v);
    }
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "Clip", 3, used, 1, out);
    onnx_input(&o, "x", type, 1, &n);
    if (which & 1) onnx_constant(&o, "lo", &lo);
    if (which & 2) onnx_constant(&o, "hi", &hi);
    onnx_output(&o, "y", type);
    onnx_end(&o, 13);
    const sk_options options = {0};
    test_output(&o, &options, 1, (const sk_tensor *[]){&x}, 0, &got);
    snprintf(label, sizeof label, "Clip %d on %s", which, sk_type_name(type));
    test_equal(counts, &got, &want, 0, label);
    free(x.data), free(lo.data), free(hi.data), free(want.data), free(got.data);
    onnx_free(&o);
}

static void many_case(test_counts *counts, const char *op, int type, uint32_t *r) {
    static const char *const in[] = {"a", "b", "c", "d"}, *const out[] = {"y"};
    const int32_t dims[4][2] = {{1, 7}, {5, 1}, {5, 7}, {1, 1}}, whole[2] = {5, 7};
    char label[100];
    sk_tensor t[4], want = test_empty(type, 2, whole), got;
    const sk_tensor *inputs[4];
    onnx o;
    onnx_start(&o);
    onnx_node(&o, op, 4, in, 1, out);
    for (int k = 0; k < 4; k++) {
        t[k] = test_moderate(r, type, 2, dims[k], 9, 0);
        inputs[k] = &t[k];
        onnx_input(&o, in[k], type, 2, dims[k]);
    }
    onnx_output(&o, "y", type);
    onnx_end(&o, 13);
    for (size_t i = 0; i < sk_numel(&want); i++) {
        double v = test_real_at(&t[0], test_broadcast_index(&t[0], &want, i));
        for (int k = 1; k < 4; k++) {
            const double w = test_real_at(&t[k], test_broadcast_index(&t[k], &want, i));
            v = is(op, "Min") ? fmin(v, w) : is(op, "Max") ? fmax(v, w) : v + w;
        }
        test_put_real(&want, i, is(op, "Mean") ? v / 4 : v);
    }
    const sk_options options = {0};
    test_output(&o, &options, 4, inputs, 0, &got);
    snprintf(label, sizeof label, "%s of four on %s", op, sk_type_name(type));
    test_equal(counts, &got, &want, 0, label);
    for (int k = 0; k < 4; k++) free(t[k].data);
    free(want.data), free(got.data);
    onnx_free(&o);
}

int main(void) {
    const char *cases = getenv("CASES"), *first = getenv("SEED");
    const int n = cases ? atoi(cases) : 6, seed = first ? atoi(first) : 1;
    test_counts counts = {0, 0};
    uint32_t r = (uint32_t)seed * 2654435761u | 1;
    edges(&counts);
    for (int i = 0; i < n; i++) {
        for (size_t k = 0; k < sizeof binaries / sizeof *binaries; k++) {
            for (size_t t = 0; t < sizeof all / sizeof *all; t++)
                if (allowed(&binaries[k], all[t])) binary_case(&counts, &binaries[k], all[t], &r, i);
            if (binaries[k].types == 3) binary_case(&counts, &binaries[k], SK_BOOL, &r, i);
        }
        for (size_t t = 0; t < sizeof all / sizeof *all; t++) where_case(&counts, all[t], &r, i);
    }
    for (size_t t = 0; t < sizeof all / sizeof *all; t++) {
        for (int which = 0; which < 4; which++) clip_case(&counts, all[t], which, &r);
        for (size_t u = 0; u < sizeof all / sizeof *all; u++) cast_case(&counts, all[t], all[u], &r);
        cast_case(&counts, all[t], SK_BOOL, &r);
        cast_case(&counts, SK_BOOL, all[t], &r);
        many_case(&counts, "Min", all[t], &r);
        many_case(&counts, "Max", all[t], &r);
    }
    for (size_t t = 0; t < sizeof floats / sizeof *floats; t++) {
        many_case(&counts, "Sum", floats[t], &r);
        many_case(&counts, "Mean", floats[t], &r);
    }
    return test_summary(&counts);
}
