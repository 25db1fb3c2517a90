/* One decoder and one encoder for all small float formats, driven by a table. */
#include "kernels/minifloat.h"

#include "core/maths.h"
#include "core/tensor.h"

typedef struct format {
    uint8_t exponent, mantissa; /* bits */
    int16_t bias;
    uint16_t largest, infinity,
        nan;               /* bits without sign; 0: the format has none. float4 has no NaN: what it becomes */
    uint8_t unsigned_zero; /* FNUZ: the code of -0 is NaN */
} format;

static const format *format_of(int type) {
    static const format formats[] = {
        {5, 10, 15, 0x7bff, 0x7c00, 0x7e00, 0},
        {8, 7, 127, 0x7f7f, 0x7f80, 0x7fc0, 0},
        {4, 3, 7, 0x7e, 0, 0x7f, 0},
        {4, 3, 8, 0x7f, 0, 0x80, 1},
        {5, 2, 15, 0x7b, 0x7c, 0x7e, 0},
        {5, 2, 16, 0x7f, 0, 0x80, 1},
        {2, 1, 1, 0x7, 0, 0x8, 0},
    };
    switch (type) {
    case SK_FLOAT16: return &formats[0];
    case SK_BFLOAT16: return &formats[1];
    case SK_FLOAT8E4M3FN: return &formats[2];
    case SK_FLOAT8E4M3FNUZ: return &formats[3];
    case SK_FLOAT8E5M2: return &formats[4];
    case SK_FLOAT8E5M2FNUZ: return &formats[5];
    case SK_FLOAT4E2M1: return &formats[6];
    default: return NULL;
    }
}

int sk_is_minifloat(int type) { return type == SK_FLOAT8E8M0 || format_of(type) != NULL; }

#define SCALE_NAN 0xffu
#define SCALE_BIAS 127

/* float8e8m0: all of the byte is exponent, and no code is zero. Signs are lost. */
static unsigned encode_scale(double x, int how) {
    const double a = fabs(x), half = how & SK_MINIFLOAT_DOWN ? 2 : how & SK_MINIFLOAT_NEAREST ? 1.5 : 1;
    uint64_t pattern;
    if (x != x) return SCALE_NAN;
    memcpy(&pattern, &a, sizeof pattern);
    int code = (int)(pattern >> 52) - 1023 + SCALE_BIAS; /* of the power of two below */
    if (code >= 0 && code < (int)SCALE_NAN) {
        const double fraction = sk_scale2(a, SCALE_BIAS - code);
        if (half == 1 ? fraction > 1 : fraction >= half) code++;
    }
    if (code >= 0 && code < (int)SCALE_NAN) return (unsigned)code;
    return how & SK_MINIFLOAT_OVERFLOWS ? SCALE_NAN : code < 0 ? 0 : SCALE_NAN - 1;
}

double sk_minifloat_decode(int type, unsigned bits) {
    if (type == SK_FLOAT8E8M0) return bits == SCALE_NAN ? NAN : sk_scale2(1, (int)bits - SCALE_BIAS);
    const format *f = format_of(type);
    const unsigned sign = bits >> (f->exponent + f->mantissa),
                   code = bits & ((1u << (f->exponent + f->mantissa)) - 1);
    if (f->unsigned_zero ? bits == f->nan : f->nan && code > (f->infinity ? f->infinity : f->largest))
        return NAN;
    if (f->infinity && code == f->infinity) return sign ? -INFINITY : INFINITY;
    const unsigned exponent = code >> f->mantissa, fraction = code & ((1u << f->mantissa) - 1);
    const unsigned whole = exponent ? fraction | 1u << f->mantissa : fraction;
    const double x = sk_scale2(whole, (int)(exponent ? exponent : 1) - f->bias - f->mantissa);
    return sign ? -x : x;
}

unsigned sk_minifloat_encode(int type, double x) { return sk_minifloat_encode_as(type, x, 0); }

unsigned sk_minifloat_encode_as(int type, double x, int how) {
    if (type == SK_FLOAT8E8M0) return encode_scale(x, how);
    const format *f = format_of(type);
    const unsigned sign = (signbit(x) ? 1u : 0u) << (f->exponent + f->mantissa);
    if (x != x) return f->unsigned_zero ? f->nan : sign | f->nan;
    const double a = fabs(x);
    uint64_t pattern;
    memcpy(&pattern, &a, sizeof pattern);
    int exponent = (int)(pattern >> 52) - 1022; /* a < 2^exponent */
    if (exponent < 2 - f->bias) exponent = 2 - f->bias;
    if (exponent > 1024) exponent = 1024;
    /* in units of the last place; what rounds up to the next power of two carries into the exponent field */
    const double units = isinf(a) ? a : rint(sk_scale2(a, f->mantissa + 1 - exponent));
    const double top = sk_scale2(1, f->mantissa + 2);
    unsigned code = f->largest + 1u;
    if (units <= top) {
        const double biased = (double)(exponent - 2 + f->bias) * (1 << f->mantissa) + units;
        if (biased <= f->largest) code = (unsigned)biased;
    }
    /* float8 saturates even where it has an infinity: what ONNX's casts do unless told otherwise */
    const int overflows = (how & SK_MINIFLOAT_OVERFLOWS) || sk_type_bits(type) > 8;
    if (code > f->largest && overflows && f->unsigned_zero) return f->nan;
    if (code > f->largest) code = !overflows ? f->largest : f->infinity ? f->infinity : f->nan;
    return code == 0 && f->unsigned_zero ? 0 : sign | code;
}
