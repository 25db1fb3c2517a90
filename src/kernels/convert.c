/* Conversions between element types: every type to and from float32, float64 and (integers) int64, in blocks.
 * Any cast is one of these, or two with a block in between. What casts do out of range is undefined in ONNX;
 * elementwise.h says what they do here. */
#include <string.h>

#include "core/maths.h"
#include "core/tensor.h"
#include "kernels/elementwise.h"
#include "kernels/minifloat.h"

/* Images, quantized tensors and indices may be vectorised; the rest stays small. */
#if defined(__clang__)
#define SCALAR _Pragma("clang loop vectorize(disable) unroll(disable)")
#else
#define SCALAR
#endif

#define HOT_INTS(X) X(uint8_t, UINT8) X(int8_t, INT8) X(int32_t, INT32)
#define COLD_INTS(X)                                                                                         \
    X(uint16_t, UINT16) X(int16_t, INT16) X(uint32_t, UINT32) X(int64_t, INT64) X(uint64_t, UINT64)

/* ---- packed integers and small floats: one loop for all ---- */

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

static int packed_int(const void *src, size_t i, int type) {
    const int bits = sk_type_bits(type), x = (int)element(src, i, (unsigned)bits);
    return is_signed(type) && x >> (bits - 1) ? x - (1 << bits) : x;
}

static double load_small(int type, const void *src, size_t i) {
    if (!sk_is_minifloat(type)) return packed_int(src, i, type);
    return sk_minifloat_decode(type, element(src, i, (unsigned)sk_type_bits(type)));
}

/* ---- loading ---- */

#define LOAD_CASE(PRAGMA, T, NAME)                                                                           \
    case SK_##NAME: {                                                                                        \
        const T *s = (const T *)src + first;                                                                 \
        PRAGMA for (size_t i = 0; i < n; i++) dst[i] = (LOOP_TYPE)s[i];                                      \
        break;                                                                                               \
    }
#define LOAD_HOT(T, NAME) LOAD_CASE(, T, NAME)
#define LOAD_COLD(T, NAME) LOAD_CASE(SCALAR, T, NAME)
#define LOAD_BOOL                                                                                            \
    case SK_BOOL: {                                                                                          \
        const uint8_t *s = (const uint8_t *)src + first;                                                     \
        SCALAR for (size_t i = 0; i < n; i++) dst[i] = s[i] != 0;                                            \
        break;                                                                                               \
    }

#define LOOP_TYPE float
static void load_f32(int type, const void *src, size_t first, float *dst, size_t n) {
    switch (type) {
        HOT_INTS(LOAD_HOT)
        COLD_INTS(LOAD_COLD)
        LOAD_COLD(double, FLOAT64)
        LOAD_BOOL
    case SK_FLOAT16: {
        const uint16_t *s = (const uint16_t *)src + first;
        for (size_t i = 0; i < n; i++) dst[i] = sk_f16_to_f32(s[i]);
        break;
    }
    default:
        for (size_t i = 0; i < n; i++) dst[i] = (float)load_small(type, src, first + i);
    }
}
#undef LOOP_TYPE

#define LOOP_TYPE int64_t
SK_SMALL static void load_i64(int type, const void *src, size_t first, void *to, size_t n) {
    int64_t *dst = to;
    switch (type) {
        HOT_INTS(LOAD_COLD)
        COLD_INTS(LOAD_COLD)
        LOAD_BOOL
    default:
        for (size_t i = 0; i < n; i++) dst[i] = packed_int(src, first + i, type);
    }
}
#undef LOOP_TYPE

/* Integers by way of int64, in place. */
SK_SMALL static void load_f64(int type, const void *src, size_t first, double *dst, size_t n) {
    if (type == SK_FLOAT32 || type == SK_UINT64 || sk_is_minifloat(type)) {
        for (size_t i = 0; i < n; i++)
            dst[i] = type == SK_FLOAT32   ? (double)((const float *)src)[first + i]
                     : type == SK_FLOAT16 ? (double)sk_f16_to_f32(((const uint16_t *)src)[first + i])
                     : type == SK_UINT64  ? (double)((const uint64_t *)src)[first + i]
                                          : load_small(type, src, first + i);
        return;
    }
    load_i64(type, src, first, dst, n);
    for (size_t i = 0; i < n; i++) {
        int64_t whole;
        memcpy(&whole, &dst[i], sizeof whole);
        dst[i] = (double)whole;
    }
}

void sk_load(int type, int loop, const void *src, size_t first, void *dst, size_t n) {
    if (loop == SK_FLOAT32) load_f32(type, src, first, dst, n);
    else if (loop == SK_FLOAT64) load_f64(type, src, first, dst, n);
    else load_i64(type, src, first, dst, n);
}

/* ---- storing ---- */

#define STORE_CASE(T, NAME)                                                                                  \
    case SK_##NAME: {                                                                                        \
        T *d = (T *)dst + first;                                                                             \
        SCALAR for (size_t i = 0; i < n; i++) d[i] = (T)src[i];                                              \
        break;                                                                                               \
    }

SK_SMALL static void store_i64(int type, const uint64_t *src, void *dst, size_t first, size_t n) {
    switch (type) {
        HOT_INTS(STORE_CASE)
        COLD_INTS(STORE_CASE)
    case SK_BOOL:
        for (size_t i = 0; i < n; i++) ((uint8_t *)dst)[first + i] = src[i] != 0;
        break;
    default:
        for (size_t i = 0; i < n; i++)
            set_element(dst, first + i, (unsigned)sk_type_bits(type), (unsigned)src[i]);
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
            const size_t at = done + i;
            const double x =
                loop == SK_FLOAT32 ? (double)((const float *)src)[at] : ((const double *)src)[at];
            if (type == SK_BOOL) block[i] = x != 0;
            else if (x >= beyond) block[i] = most;
            else if (x >= 0) block[i] = (uint64_t)x;
            else block[i] = x > lowest ? (uint64_t)(int64_t)x : x != x ? 0 : (uint64_t)(int64_t)lowest;
        }
        store_i64(type, block, dst, first + done, count);
    }
}

static void store_f32(int type, const float *src, void *dst, size_t first, size_t n) {
    const unsigned bits = (unsigned)sk_type_bits(type);
    if (type == SK_FLOAT16)
        for (size_t i = 0; i < n; i++) ((uint16_t *)dst)[first + i] = sk_f32_to_f16(src[i]);
    else if (type == SK_FLOAT64)
        for (size_t i = 0; i < n; i++) ((double *)dst)[first + i] = (double)src[i];
    else if (sk_is_minifloat(type))
        for (size_t i = 0; i < n; i++)
            set_element(dst, first + i, bits, sk_minifloat_encode(type, (double)src[i]));
    else store_whole(SK_FLOAT32, type, src, dst, first, n);
}

static void store_f64(int type, const double *src, void *dst, size_t first, size_t n) {
    const unsigned bits = (unsigned)sk_type_bits(type);
    if (type == SK_FLOAT32)
        for (size_t i = 0; i < n; i++) ((float *)dst)[first + i] = (float)src[i];
    else if (sk_is_minifloat(type))
        for (size_t i = 0; i < n; i++) set_element(dst, first + i, bits, sk_minifloat_encode(type, src[i]));
    else store_whole(SK_FLOAT64, type, src, dst, first, n);
}

void sk_store(int loop, int type, const void *src, void *dst, size_t first, size_t n) {
    if (loop == SK_FLOAT32) store_f32(type, src, dst, first, n);
    else if (loop == SK_FLOAT64) store_f64(type, src, dst, first, n);
    else store_i64(type, src, dst, first, n);
}

/* ---- any to any ---- */

static int is_integer(int type) {
    return sk_type_in(type, SK_T_INT | SK_T(BOOL) | SK_T(INT4) | SK_T(UINT4) | SK_T(INT2) | SK_T(UINT2));
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
        } else if (from == loop) {
            sk_store(loop, to, (const uint8_t *)src + at * width, dst, at, count = n - done);
        } else {
            count = n - done < SK_BLOCK ? n - done : SK_BLOCK;
            sk_load(from, loop, src, at, block, count);
            sk_store(loop, to, block, dst, at, count);
        }
    }
}
