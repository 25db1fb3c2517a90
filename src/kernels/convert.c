/* Conversions between element types: every type to and from float32, float64 and (integers) int64, in blocks.
 * Any cast is one of these, or two with a block in between. What casts do out of range is undefined in ONNX;
 * elementwise.h says what they do here. Few conversions are frequent; for the others the types are looked at
 * for each element. */
#include <string.h>

#include "core/maths.h"
#include "core/tensor.h"
#include "kernels/elementwise.h"
#include "kernels/minifloat.h"
#include "kernels/simd.h"

/* ---- packed integers and small floats ---- */

static unsigned element(const void *src, size_t i, unsigned bits) {
    if (bits == 16) return ((const uint16_t *)src)[i];
    const size_t per_byte = 8 / bits;
    return (((const uint8_t *)src)[i / per_byte] >> (i % per_byte * bits)) & ((1u << bits) - 1u);
}

/* The first element of a byte overwrites it, so that spare bits end up zero. */
static void set_element(void *dst, size_t i, unsigned bits, unsigned value) {
    if (bits == 16) {
        ((uint16_t *)dst)[i] = (uint16_t)value;
        return;
    }
    const size_t per_byte = 8 / bits, at = i % per_byte;
    uint8_t *byte = (uint8_t *)dst + i / per_byte;
    *byte = (uint8_t)((at ? *byte : 0u) | (value & ((1u << bits) - 1u)) << (at * bits));
}

static int is_signed(int type) {
    return sk_type_in(type, SK_T(INT8) | SK_T(INT16) | SK_T(INT32) | SK_T(INT64) | SK_T(INT4) | SK_T(INT2));
}

/* ---- loading ---- */

static int is_integer(int type) {
    return sk_type_in(type, SK_T_INT | SK_T(BOOL) | SK_T(INT4) | SK_T(UINT4) | SK_T(INT2) | SK_T(UINT2));
}

static int64_t integer_at(int type, const void *src, size_t i) {
    switch (type) {
    case SK_BOOL: return ((const uint8_t *)src)[i] != 0;
    case SK_UINT8: return ((const uint8_t *)src)[i];
    case SK_INT8: return ((const int8_t *)src)[i];
    case SK_UINT16: return ((const uint16_t *)src)[i];
    case SK_INT16: return ((const int16_t *)src)[i];
    case SK_UINT32: return ((const uint32_t *)src)[i];
    case SK_INT32: return ((const int32_t *)src)[i];
    case SK_INT64:
    case SK_UINT64: return ((const int64_t *)src)[i];
    default: break;
    }
    const int bits = sk_type_bits(type), x = (int)element(src, i, (unsigned)bits);
    return is_signed(type) && x >> (bits - 1) ? x - (1 << bits) : x;
}

SK_INLINE double float_at(int type, const void *src, size_t i) {
    switch (type) {
    case SK_FLOAT32: return (double)((const float *)src)[i];
    case SK_FLOAT64: return ((const double *)src)[i];
    case SK_FLOAT16: return (double)sk_f16_to_f32(((const uint16_t *)src)[i]);
    default: return sk_minifloat_decode(type, element(src, i, (unsigned)sk_type_bits(type)));
    }
}

/* To float32: images, quantized tensors, masks and half floats have loops of their own. */
#define HOT(T, NAME, convert)                                                                                \
    case SK_##NAME:                                                                                          \
        for (size_t i = 0; i < n; i++) dst[i] = convert(((const T *)src)[first + i]);                        \
        return 1;

static int load_hot(int type, const void *src, size_t first, float *dst, size_t n) {
    switch (type) {
        HOT(uint8_t, UINT8, (float))
        HOT(int8_t, INT8, (float))
        HOT(int32_t, INT32, (float))
        HOT(int64_t, INT64, (float))
        HOT(uint8_t, BOOL, 0 !=)
        HOT(uint16_t, FLOAT16, sk_f16_to_f32)
    default: return 0;
    }
}

void sk_load(int type, int loop, const void *src, size_t first, void *dst, size_t n) {
    const int whole = is_integer(type);
    float *f = dst;
    double *d = dst;
    int64_t *w = dst;
    if (loop == SK_FLOAT32 && load_hot(type, src, first, f, n)) return;
    for (size_t i = 0; i < n; i++) {
        if (!whole) {
            const double x = float_at(type, src, first + i);
            if (loop == SK_FLOAT64) d[i] = x;
            else f[i] = (float)x;
            continue;
        }
        const int64_t v = integer_at(type, src, first + i);
        if (loop == SK_FLOAT32) f[i] = type == SK_UINT64 ? (float)(uint64_t)v : (float)v;
        else if (loop == SK_FLOAT64) d[i] = type == SK_UINT64 ? (double)(uint64_t)v : (double)v;
        else w[i] = v;
    }
}

/* ---- storing ---- */

/* What a loop left. */
SK_INLINE double real_at(int loop, const void *src, size_t i) {
    return loop == SK_FLOAT32 ? (double)((const float *)src)[i] : ((const double *)src)[i];
}

/* Integers wrap, so their signs do not matter. */
static void store_integers(int type, const uint64_t *src, void *dst, size_t first, size_t n) {
    const int bits = sk_type_bits(type);
    for (size_t i = 0; i < n; i++) {
        const size_t at = first + i;
        if (bits == 64) ((uint64_t *)dst)[at] = src[i];
        else if (bits == 32) ((uint32_t *)dst)[at] = (uint32_t)src[i];
        else if (type == SK_BOOL) ((uint8_t *)dst)[at] = src[i] != 0;
        else if (bits == 8) ((uint8_t *)dst)[at] = (uint8_t)src[i];
        else set_element(dst, at, (unsigned)bits, (unsigned)src[i]);
    }
}

/* Floats (of type `loop`) to integers, saturating. The bounds are powers of two, so double holds them. */
static void store_whole(int loop, int type, const void *src, void *dst, size_t first, size_t n) {
    const int sign = is_signed(type), bits = type == SK_BOOL ? 1 : sk_type_bits(type);
    const double beyond = sk_scale2(1, bits - sign), lowest = sign ? -beyond : 0;
    const uint64_t most = UINT64_MAX >> (64 - bits + sign);
    uint64_t block[SK_BLOCK];
    for (size_t done = 0; done < n; done += SK_BLOCK) {
        const size_t count = n - done < SK_BLOCK ? n - done : SK_BLOCK;
        for (size_t i = 0; i < count; i++) {
            const double x = real_at(loop, src, done + i);
            if (type == SK_BOOL) block[i] = x != 0;
            else if (x >= beyond) block[i] = most;
            else if (x >= 0) block[i] = (uint64_t)x;
            else block[i] = x > lowest ? (uint64_t)(int64_t)x : x != x ? 0 : (uint64_t)(int64_t)lowest;
        }
        store_integers(type, block, dst, first + done, count);
    }
}

void sk_store(int loop, int type, const void *src, void *dst, size_t first, size_t n) {
    if (loop != SK_FLOAT32 && loop != SK_FLOAT64) {
        store_integers(type, src, dst, first, n);
    } else if (is_integer(type)) {
        store_whole(loop, type, src, dst, first, n);
    } else if (loop == SK_FLOAT32 && type == SK_FLOAT16) {
        for (size_t i = 0; i < n; i++) ((uint16_t *)dst)[first + i] = sk_f32_to_f16(((const float *)src)[i]);
    } else {
        const unsigned bits = (unsigned)sk_type_bits(type);
        for (size_t i = 0; i < n; i++) {
            const double x = real_at(loop, src, i);
            if (type == SK_FLOAT32) ((float *)dst)[first + i] = (float)x;
            else if (type == SK_FLOAT64) ((double *)dst)[first + i] = x;
            else set_element(dst, first + i, bits, sk_minifloat_encode(type, x));
        }
    }
}

/* ---- any to any ---- */

/* Floats to integers that wrap; n <= SK_BLOCK. */
static void store_wrapped(int loop, int type, const void *src, void *dst, size_t first, size_t n) {
    uint64_t whole[SK_BLOCK] = {0};
    sk_store(loop, SK_INT64, src, whole, 0, n);
    sk_store(SK_INT64, type, whole, dst, first, n);
}

int sk_convert_loop(int from, int to) {
    const int from_float = sk_is_minifloat(from) || sk_type_in(from, SK_T(FLOAT32) | SK_T(FLOAT64));
    const int to_float = sk_is_minifloat(to) || sk_type_in(to, SK_T(FLOAT32) | SK_T(FLOAT64));
    if (!(from_float || is_integer(from)) || !(to_float || is_integer(to))) return 0;
    if (from == SK_FLOAT64 || to == SK_FLOAT64) return SK_FLOAT64;
    return from_float || to_float ? SK_FLOAT32 : SK_INT64;
}

void sk_convert(int from, int to, const void *src, void *dst, size_t first, size_t n) {
    const int loop = sk_convert_loop(from, to), bits = sk_type_bits(from);
    if (from == to) {
        const size_t start = first * (size_t)bits / 8;
        memcpy((uint8_t *)dst + start, (const uint8_t *)src + start, (n * (size_t)bits + 7) / 8);
        return;
    }
    const size_t width = (size_t)sk_type_bits(loop) / 8;
    uint64_t block[SK_BLOCK];
    for (size_t done = 0, count; done < n; done += count) {
        const size_t at = first + done;
        if (to == loop) {
            sk_load(from, loop, src, at, (uint8_t *)dst + at * width, count = n - done);
            continue;
        }
        const void *numbers = (const uint8_t *)src + at * width;
        count = n - done < SK_BLOCK ? n - done : SK_BLOCK;
        if (from != loop) {
            sk_load(from, loop, src, at, block, count);
            numbers = block;
        }
        if (loop != SK_INT64 && is_integer(to) && sk_type_bits(to) < 8) {
            store_wrapped(loop, to, numbers, dst, at, count);
        } else {
            sk_store(loop, to, numbers, dst, at, count);
        }
    }
}
