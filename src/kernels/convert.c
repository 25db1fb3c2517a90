/* Conversions between element types: every type to and from float32, float64 and (integers) int64, in blocks.
 * Any cast is one of these, or two with a block in between. What casts do out of range is undefined in ONNX;
 * elementwise.h says what they do here. */
#include <string.h>

#include "core/tensor.h"
#include "kernels/elementwise.h"
#include "kernels/minifloat.h"

/* Images, quantized tensors and indices may be vectorised; the rest stays small. */
#if defined(__clang__)
#define SCALAR _Pragma("clang loop vectorize(disable) unroll(disable)")
#else
#define SCALAR
#endif

/* X(T, NAME, smallest, largest) */
#define HOT_INTS(X)                                                                                          \
    X(uint8_t, UINT8, 0, UINT8_MAX)                                                                          \
    X(int8_t, INT8, INT8_MIN, INT8_MAX)                                                                      \
    X(int32_t, INT32, INT32_MIN, INT32_MAX)
#define COLD_INTS(X)                                                                                         \
    X(uint16_t, UINT16, 0, UINT16_MAX)                                                                       \
    X(int16_t, INT16, INT16_MIN, INT16_MAX)                                                                  \
    X(uint32_t, UINT32, 0, UINT32_MAX)                                                                       \
    X(int64_t, INT64, INT64_MIN, INT64_MAX)                                                                  \
    X(uint64_t, UINT64, 0, UINT64_MAX)

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

static int signed_bits(int type) { return type == SK_INT4 ? 4 : type == SK_INT2 ? 2 : 0; }

static int packed_int(const void *src, size_t i, int type) {
    const int bits = sk_type_bits(type), x = (int)element(src, i, (unsigned)bits);
    return signed_bits(type) && x >> (bits - 1) ? x - (1 << bits) : x;
}

static double load_small(int type, const void *src, size_t i) {
    const unsigned bits = (unsigned)sk_type_bits(type);
    return sk_is_minifloat(type) ? sk_minifloat_decode(type, element(src, i, bits))
                                 : packed_int(src, i, type);
}

static void store_small(int type, double x, void *dst, size_t i) {
    const int bits = sk_type_bits(type);
    unsigned value;
    if (sk_is_minifloat(type)) value = sk_minifloat_encode(type, x);
    else {
        const int lowest = signed_bits(type) ? -(1 << (bits - 1)) : 0, highest = lowest + (1 << bits) - 1;
        value = (unsigned)(x >= highest ? highest : x > lowest ? (int)x : x != x ? 0 : lowest);
    }
    set_element(dst, i, (unsigned)bits, value);
}

/* ---- loading ---- */

#define LOAD_CASE(PRAGMA, T, NAME)                                                                           \
    case SK_##NAME: {                                                                                        \
        const T *s = (const T *)src + first;                                                                 \
        PRAGMA for (size_t i = 0; i < n; i++) dst[i] = (LOOP_TYPE)s[i];                                      \
        break;                                                                                               \
    }
#define LOAD_HOT(T, NAME, lowest, highest) LOAD_CASE(, T, NAME)
#define LOAD_COLD(T, NAME, lowest, highest) LOAD_CASE(SCALAR, T, NAME)
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
        LOAD_COLD(double, FLOAT64, , )
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

#define LOOP_TYPE double
SK_SMALL static void load_f64(int type, const void *src, size_t first, double *dst, size_t n) {
    switch (type) {
        HOT_INTS(LOAD_COLD)
        COLD_INTS(LOAD_COLD)
        LOAD_COLD(float, FLOAT32, , )
        LOAD_BOOL
    default:
        for (size_t i = 0; i < n; i++) dst[i] = load_small(type, src, first + i);
    }
}
#undef LOOP_TYPE

#define LOOP_TYPE int64_t
SK_SMALL static void load_i64(int type, const void *src, size_t first, int64_t *dst, size_t n) {
    switch (type) {
        HOT_INTS(LOAD_COLD)
        COLD_INTS(LOAD_COLD)
        LOAD_BOOL
    default:
        for (size_t i = 0; i < n; i++) dst[i] = packed_int(src, first + i, type);
    }
}
#undef LOOP_TYPE

void sk_load(int type, int loop, const void *src, size_t first, void *dst, size_t n) {
    if (loop == SK_FLOAT32) load_f32(type, src, first, dst, n);
    else if (loop == SK_FLOAT64) load_f64(type, src, first, dst, n);
    else load_i64(type, src, first, dst, n);
}

/* ---- storing ---- */

/* The comparisons are in double, which holds every bound exactly or one above it. */
#define STORE_FLOAT(T, NAME, lowest, highest)                                                                \
    case SK_##NAME: {                                                                                        \
        T *d = (T *)dst + first;                                                                             \
        SCALAR for (size_t i = 0; i < n; i++) {                                                              \
            const double x = src[i];                                                                         \
            d[i] = x >= (double)highest ? highest : x > (double)lowest ? (T)x : x != x ? 0 : lowest;         \
        }                                                                                                    \
        break;                                                                                               \
    }
#define STORE_CAST(T, NAME, lowest, highest)                                                                 \
    case SK_##NAME: {                                                                                        \
        T *d = (T *)dst + first;                                                                             \
        SCALAR for (size_t i = 0; i < n; i++) d[i] = (T)src[i];                                              \
        break;                                                                                               \
    }
#define STORE_BOOL                                                                                           \
    case SK_BOOL: {                                                                                          \
        uint8_t *d = (uint8_t *)dst + first;                                                                 \
        SCALAR for (size_t i = 0; i < n; i++) d[i] = src[i] != 0;                                            \
        break;                                                                                               \
    }

SK_SMALL static void store_f32(int type, const float *src, void *dst, size_t first, size_t n) {
    switch (type) {
        HOT_INTS(STORE_FLOAT)
        COLD_INTS(STORE_FLOAT)
        STORE_BOOL
    case SK_FLOAT16: {
        uint16_t *d = (uint16_t *)dst + first;
        for (size_t i = 0; i < n; i++) d[i] = sk_f32_to_f16(src[i]);
        break;
    }
    default:
        for (size_t i = 0; i < n; i++) store_small(type, src[i], dst, first + i);
    }
}

SK_SMALL static void store_f64(int type, const double *src, void *dst, size_t first, size_t n) {
    switch (type) {
        HOT_INTS(STORE_FLOAT)
        COLD_INTS(STORE_FLOAT)
        STORE_BOOL
        STORE_CAST(float, FLOAT32, , )
    default:
        for (size_t i = 0; i < n; i++) store_small(type, src[i], dst, first + i);
    }
}

SK_SMALL static void store_i64(int type, const uint64_t *src, void *dst, size_t first, size_t n) {
    switch (type) {
        HOT_INTS(STORE_CAST)
        COLD_INTS(STORE_CAST)
        STORE_BOOL
    default:
        for (size_t i = 0; i < n; i++)
            set_element(dst, first + i, (unsigned)sk_type_bits(type), (unsigned)src[i]);
    }
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
