/* QuantizeLinear and DequantizeLinear by their formulas: per tensor, along an axis, in blocks; all integer
 * types down to 4 bits; ties, saturation, NaN. And the small float formats: every code of each decodes to a
 * number that encodes to the same code, and what lies between goes to the nearer, ties to even. SEED and
 * CASES as in test_conv.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/naive.h"
#include "kernels/minifloat.h"

static const struct {
    int type;
    double low, high;
} types[] = {{SK_UINT8, 0, 255},        {SK_INT8, -128, 127}, {SK_UINT16, 0, 65535},
             {SK_INT16, -32768, 32767}, {SK_UINT4, 0, 15},    {SK_INT4, -8, 7}};
#define TYPES (sizeof types / sizeof *types)

/* A random way of giving scales: the shape of scale and zero point, and which of them element i uses. */
typedef struct plan {
    int axis, block, per_tensor;
    sk_tensor scale, zero;
} plan;

static plan make_plan(uint32_t *r, const sk_tensor *x, int k, int wide) {
    plan p = {.axis = test_between(r, 0, x->rank - 1), .per_tensor = test_between(r, 0, 2) == 0};
    int32_t dims[SK_MAX_RANK];
    memcpy(dims, x->dims, sizeof dims);
    int rank = p.per_tensor ? 0 : 1;
    dims[0] = x->dims[p.axis];
    if (!p.per_tensor && test_between(r, 0, 1)) {
        p.block = test_between(r, 1, 5);
        rank = x->rank;
        memcpy(dims, x->dims, sizeof dims);
        dims[p.axis] = (x->dims[p.axis] + p.block - 1) / p.block;
    }
    p.scale = test_empty(wide ? SK_FLOAT32 : SK_FLOAT16, rank, dims);
    p.zero = test_empty(types[k].type, rank, dims);
    for (size_t i = 0; i < sk_numel(&p.scale); i++) {
        test_put_real(&p.scale, i, test_between(r, 1, 8) / 16.0);
        test_put_int(&p.zero, i,
                     test_between(r, (int)fmax(types[k].low, -100), (int)fmin(types[k].high, 100)));
    }
    return p;
}

static size_t scale_index(const plan *p, const sk_tensor *x, size_t i) {
    int32_t at[SK_MAX_RANK];
    if (p->per_tensor) return 0;
    test_coordinates(x, i, at);
    if (!p->block) return (size_t)at[p->axis];
    at[p->axis] /= p->block;
    return test_index(&p->scale, at);
}

static sk_tensor random_x(uint32_t *r, int type) {
    int32_t dims[4];
    const int rank = test_between(r, 1, 4);
    for (int d = 0; d < rank; d++) dims[d] = test_between(r, 1, d == rank - 1 ? 40 : 5);
    return test_moderate(r, type, rank, dims, 40, 1);
}

static void write_node(onnx *o, const char *op, const plan *p, const sk_tensor *x, int out) {
    static const char *const in[] = {"x", "scale", "zero"}, *const outs[] = {"y"};
    onnx_start(o);
    onnx_node(o, op, 3, in, 1, outs);
    if (!p->per_tensor) onnx_int(o, "axis", p->axis - (p->axis % 2 ? x->rank : 0));
    if (p->block) onnx_int(o, "block_size", p->block);
    onnx_input(o, "x", x->type, x->rank, x->dims);
    onnx_constant(o, "scale", &p->scale);
    onnx_constant(o, "zero", &p->zero);
    onnx_output(o, "y", out);
    onnx_end(o, 21);
}

static void check(test_counts *counts, const onnx *o, const sk_tensor *x, const sk_tensor *want, double limit,
                  const char *what, const plan *p) {
    char label[160], text[SK_SHAPE_TEXT];
    snprintf(label, sizeof label, "%s %s to %s, axis %d block %d per tensor %d", what,
             sk_tensor_text(x, text), sk_type_name(want->type), p->axis, p->block, p->per_tensor);
    for (int reference = 0; reference < 2; reference++) {
        const sk_options options = {.reference = (uint8_t)reference};
        sk_tensor got;
        test_output(o, &options, 1, (const sk_tensor *[]){x}, 0, &got);
        test_equal(counts, &got, want, limit, label);
        free(got.data);
    }
}

static void quantize_case(test_counts *counts, int k, uint32_t *r) {
    const int wide = test_between(r, 0, 3) > 0;
    sk_tensor x = random_x(r, wide ? SK_FLOAT32 : SK_FLOAT16),
              want = test_empty(types[k].type, x.rank, x.dims);
    plan p = make_plan(r, &x, k, wide);
    if (sk_numel(&x) > 20) { /* far out of range; ties come from the sixteenths */
        test_put_real(&x, 3, INFINITY);
        test_put_real(&x, 17, -60000);
    }
    for (size_t i = 0; i < sk_numel(&x); i++) {
        const size_t at = scale_index(&p, &x, i);
        const double q =
            rint(test_real_at(&x, i) / test_real_at(&p.scale, at)) + (double)test_int_at(&p.zero, at);
        test_put_int(&want, i, (int64_t)fmax(fmin(q, types[k].high), types[k].low));
    }
    onnx o;
    write_node(&o, "QuantizeLinear", &p, &x, want.type);
    check(counts, &o, &x, &want, 0, "quantize", &p);
    onnx_free(&o);
    free(x.data), free(want.data), free(p.scale.data), free(p.zero.data);
}

static void dequantize_case(test_counts *counts, int k, uint32_t *r) {
    const int wide = test_between(r, 0, 3) > 0;
    sk_tensor x = random_x(r, types[k].type);
    plan p = make_plan(r, &x, k, wide);
    sk_tensor want = test_empty(p.scale.type, x.rank, x.dims);
    for (size_t i = 0; i < sk_numel(&x); i++) {
        const size_t at = scale_index(&p, &x, i);
        test_put_int(&x, i,
                     (int64_t)fmax(fmin((double)test_between(r, -200, 200), types[k].high), types[k].low));
        test_put_real(&want, i,
                      (double)(test_int_at(&x, i) - test_int_at(&p.zero, at)) * test_real_at(&p.scale, at));
    }
    /* 4 bits come as constants: a caller would have to pack them */
    static const char *const in[] = {"x", "scale", "zero"}, *const outs[] = {"y"};
    onnx o;
    onnx_start(&o);
    onnx_node(&o, "DequantizeLinear", 3, in, 1, outs);
    if (!p.per_tensor) onnx_int(&o, "axis", p.axis);
    if (p.block) onnx_int(&o, "block_size", p.block);
    onnx_input(&o, "x", x.type, x.rank, x.dims);
    onnx_constant(&o, "scale", &p.scale);
    onnx_constant(&o, "zero", &p.zero);
    onnx_output(&o, "y", want.type);
    onnx_end(&o, 21);
    check(counts, &o, &x, &want, 0, "dequantize", &p);
    onnx_free(&o);
    free(x.data), free(want.data), free(p.scale.data), free(p.zero.data);
}

/* NaN becomes the lowest number, in the vectors as in the rest of them. */
static void nan_case(test_counts *counts) {
    for (int k = 0; k < 2; k++) {
        const int32_t n = 37;
        sk_tensor x = test_empty(SK_FLOAT32, 1, &n), want = test_empty(types[k].type, 1, &n);
        plan p = {.per_tensor = 1,
                  .scale = test_empty(SK_FLOAT32, 0, NULL),
                  .zero = test_empty(types[k].type, 0, NULL)};
        test_put_real(&p.scale, 0, 0.5);
        test_put_int(&p.zero, 0, 3);
        for (size_t i = 0; i < (size_t)n; i++) {
            test_put_real(&x, i, NAN);
            test_put_int(&want, i, (int64_t)types[k].low);
        }
        onnx o;
        write_node(&o, "QuantizeLinear", &p, &x, want.type);
        check(counts, &o, &x, &want, 0, "quantize NaN", &p);
        onnx_free(&o);
        free(x.data), free(want.data), free(p.scale.data), free(p.zero.data);
    }
}

/* ---- small floats ---- */

static void minifloat_case(test_counts *counts, int type) {
    const int bits = sk_type_bits(type), half = 1 << (bits - 1);
    int bad = 0;
    for (int code = 0; code < 1 << bits; code++) {
        const double x = sk_minifloat_decode(type, (unsigned)code);
        if (isinf(x) && bits == 8) continue; /* encodes to the largest */
        const double back = sk_minifloat_decode(type, sk_minifloat_encode(type, x));
        bad += !(back == x && signbit(back) == signbit(x)) && !(x != x && back != back);
    }
    for (int code = 0; code < half - 1; code++) { /* between neighbours, of both signs */
        const double a = sk_minifloat_decode(type, (unsigned)code),
                     b = sk_minifloat_decode(type, (unsigned)code + 1);
        if (!isfinite(a) || !isfinite(b)) continue;
        const double middle = (a + b) / 2, even = code % 2 ? b : a;
        for (int sign = -1; sign <= 1; sign += 2) {
            bad += sk_minifloat_decode(type, sk_minifloat_encode(type, sign * middle)) != sign * even;
            bad +=
                sk_minifloat_decode(type, sk_minifloat_encode(type, sign * nextafter(middle, a))) != sign * a;
            bad +=
                sk_minifloat_decode(type, sk_minifloat_encode(type, sign * nextafter(middle, b))) != sign * b;
        }
    }
    if (bad) printf("FAIL %s: %d codes or numbers\n", sk_type_name(type), bad);
    *(bad ? &counts->failed : &counts->passed) += 1;
}

/* The limits that ONNX names, and what lies beyond. */
static void limit_case(test_counts *counts, int type, double largest, double beyond) {
    const double top = sk_minifloat_decode(type, sk_minifloat_encode(type, largest));
    const double over = sk_minifloat_decode(type, sk_minifloat_encode(type, largest * 1.5));
    const double nan = sk_minifloat_decode(type, sk_minifloat_encode(type, NAN));
    const int ok = top == largest && over == beyond && (nan != nan) == (type != SK_FLOAT4E2M1);
    if (!ok) printf("FAIL limits of %s: %g, %g, %g\n", sk_type_name(type), top, over, nan);
    *(ok ? &counts->passed : &counts->failed) += 1;
}

/* The fast paths of float16 against the table-driven one, for every code and every 1009th float. */
static void half_case(test_counts *counts) {
    int bad = 0;
    for (unsigned code = 0; code < 1 << 16; code++) {
        const double x = sk_minifloat_decode(SK_FLOAT16, code), fast = (double)sk_f16_to_f32((uint16_t)code);
        bad += !(fast == x && signbit(fast) == signbit(x)) && !(x != x && fast != fast);
    }
    for (uint64_t i = 0; i < (uint64_t)1 << 32; i += 1009) {
        const float x = sk_bits_f32((uint32_t)i);
        const unsigned want = sk_minifloat_encode(SK_FLOAT16, (double)x), got = sk_f32_to_f16(x);
        bad += got != want && !(x != x && (got & 0x7fff) > 0x7c00);
    }
    if (bad) printf("FAIL fast float16: %d differ\n", bad);
    *(bad ? &counts->failed : &counts->passed) += 1;
}

int main(void) {
    static const int small[] = {SK_FLOAT16,    SK_BFLOAT16,       SK_FLOAT8E4M3FN, SK_FLOAT8E4M3FNUZ,
                                SK_FLOAT8E5M2, SK_FLOAT8E5M2FNUZ, SK_FLOAT4E2M1};
    const char *cases = getenv("CASES"), *first = getenv("SEED");
    const int n = cases ? atoi(cases) : 60, seed = first ? atoi(first) : 1;
    test_counts counts = {0, 0};
    uint32_t r = (uint32_t)seed * 2654435761u | 1;
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) minifloat_case(&counts, small[i]);
    limit_case(&counts, SK_FLOAT16, 65504, INFINITY);
    limit_case(&counts, SK_BFLOAT16, 0x1.fep127, INFINITY);
    limit_case(&counts, SK_FLOAT8E4M3FN, 448, 448);
    limit_case(&counts, SK_FLOAT8E4M3FNUZ, 240, 240);
    limit_case(&counts, SK_FLOAT8E5M2, 57344, 57344);
    limit_case(&counts, SK_FLOAT8E5M2FNUZ, 57344, 57344);
    limit_case(&counts, SK_FLOAT4E2M1, 6, 6);
    half_case(&counts);
    nan_case(&counts);
    for (int i = 0; i < n; i++)
        for (size_t k = 0; k < TYPES; k++) {
            quantize_case(&counts, (int)k, &r);
            dequantize_case(&counts, (int)k, &r);
        }
    return test_summary(&counts);
}
