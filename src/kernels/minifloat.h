/* Floats below 32 bits: float16, bfloat16, the float8 and float4 formats. float16 has fast paths of its own.
 */
#ifndef SK_KERNELS_MINIFLOAT_H
#define SK_KERNELS_MINIFLOAT_H

#include <stdint.h>
#include <string.h>

int sk_is_minifloat(int type);
/* Exact. */
double sk_minifloat_decode(int type, unsigned bits);
/* To nearest, ties to even. Beyond the largest: infinity in 16 bits, the largest in 8 and 4. NaN stays NaN,
 * or becomes -0 in float4, which has none. float8e8m0, powers of two without a sign, is rounded up. */
unsigned sk_minifloat_encode(int type, double x);

/* The same as a cast's attributes want it: what is out of an 8-bit type's range is infinity or NaN;
 * float8e8m0 is rounded down, or to nearest with ties up. */
enum { SK_MINIFLOAT_OVERFLOWS = 1, SK_MINIFLOAT_DOWN = 2, SK_MINIFLOAT_NEAREST = 4 };
unsigned sk_minifloat_encode_as(int type, double x, int how);

static inline float sk_bits_f32(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline uint32_t sk_f32_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The float with the same exponent field is 2^-112 of the value: one product makes normal and subnormal
 * numbers. */
static inline float sk_f16_to_f32(uint16_t h) {
    const uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13, sign = (uint32_t)(h & 0x8000) << 16;
    const uint32_t finite = sk_f32_bits(sk_bits_f32(magnitude) * 0x1p112f);
    return sk_bits_f32((magnitude >= 0x7c00u << 13 ? magnitude | 0x7f800000 : finite) | sign);
}

/* Adding 0.5 leaves a subnormal's bits rounded in the low bits of the sum. */
static inline uint16_t sk_f32_to_f16(float x) {
    const uint32_t bits = sk_f32_bits(x), sign = (bits >> 16) & 0x8000, a = bits & 0x7fffffff;
    const uint32_t subnormal = sk_f32_bits(sk_bits_f32(a) + 0.5f) - 0x3f000000;
    const uint32_t normal = (a - (112u << 23) + 0xfff + ((a >> 13) & 1)) >> 13;
    const uint32_t special = a > 0x7f800000 ? 0x7e00 : 0x7c00;
    const uint32_t h = a >= 0x477ff000 ? special : a < 0x38800000 ? subnormal : normal;
    return (uint16_t)(h | sign);
}

#endif
