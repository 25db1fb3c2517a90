/* Functions of two numbers, scalar: what defines each, for every loop type. Integers compute in the unsigned
 * type of their width, so that they wrap. */
#include "core/maths.h"
#include "kernels/kernels.h"

#define LOOP(T, R, type, name, ...)                                                                          \
    SK_SMALL int type##_##name##__ref(const void *pa, int a_step, const void *pb, int b_step, void *py,      \
                                      size_t n) {                                                            \
        const T *a_at = pa, *b_at = pb;                                                                      \
        R *y = py;                                                                                           \
        for (size_t i = 0; i < n; i++, a_at += a_step, b_at += b_step) {                                     \
            const T a = *a_at, b = *b_at;                                                                    \
            __VA_ARGS__;                                                                                     \
        }                                                                                                    \
        return 0;                                                                                            \
    }

/* ---- floats ---- */

static double float_min(double a, double b) { return a < b || a != a ? a : b; }

static double float_max(double a, double b) { return a > b || a != a ? a : b; }

static double python_mod(double a, double b) {
    const double r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

#define FLOATS(T, type)                                                                                      \
    LOOP(T, T, type, add, y[i] = a + b)                                                                      \
    LOOP(T, T, type, sub, y[i] = a - b)                                                                      \
    LOOP(T, T, type, mul, y[i] = a * b)                                                                      \
    LOOP(T, T, type, div, y[i] = a / b)                                                                      \
    LOOP(T, T, type, min, y[i] = (T)float_min(a, b))                                                         \
    LOOP(T, T, type, max, y[i] = (T)float_max(a, b))                                                         \
    LOOP(T, T, type, prelu, y[i] = a < 0 ? a * b : a)                                                        \
    LOOP(T, T, type, pow, y[i] = (T)sk_pow(a, b))                                                            \
    LOOP(T, T, type, mod, y[i] = (T)python_mod(a, b))                                                        \
    LOOP(T, T, type, fmod, y[i] = (T)fmod(a, b))                                                             \
    LOOP(T, uint8_t, type, equal, y[i] = a == b)                                                             \
    LOOP(T, uint8_t, type, less, y[i] = a < b)                                                               \
    LOOP(T, uint8_t, type, less_equal, y[i] = a <= b)
FLOATS(float, f32)
FLOATS(double, f64)

/* ---- integers ---- */

#define INTEGERS(T, U, type)                                                                                 \
    LOOP(T, T, type, add, y[i] = (T)((U)a + (U)b))                                                           \
    LOOP(T, T, type, sub, y[i] = (T)((U)a - (U)b))                                                           \
    LOOP(T, T, type, mul, y[i] = (T)((U)a * (U)b))                                                           \
    LOOP(T, T, type, min, y[i] = a < b ? a : b)                                                              \
    LOOP(T, T, type, max, y[i] = a > b ? a : b)                                                              \
    LOOP(T, uint8_t, type, equal, y[i] = a == b)                                                             \
    LOOP(T, uint8_t, type, less, y[i] = a < b)                                                               \
    LOOP(T, uint8_t, type, less_equal, y[i] = a <= b)
INTEGERS(int32_t, uint32_t, i32)
INTEGERS(int64_t, uint64_t, i64)

static int64_t divide(int64_t a, int64_t b) { return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b; }

static int64_t remain(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }

static int64_t floor_remain(int64_t a, int64_t b) {
    const int64_t r = remain(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/* Negative powers of anything but 1 and -1 are below one: 0. (Of 0 too, where there is no right answer.) */
static int64_t power(int64_t base, int64_t exponent) {
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
    uint64_t result = 1, square = (uint64_t)base;
    for (uint64_t e = (uint64_t)exponent; e; e >>= 1, square *= square)
        if (e & 1) result *= square;
    return (int64_t)result;
}

#define ZERO_DIVIDES                                                                                         \
    if (b == 0) return 1
LOOP(int64_t, int64_t, i64, div, ZERO_DIVIDES; y[i] = divide(a, b))
LOOP(int64_t, int64_t, i64, mod, ZERO_DIVIDES; y[i] = floor_remain(a, b))
LOOP(int64_t, int64_t, i64, fmod, ZERO_DIVIDES; y[i] = remain(a, b))
LOOP(int64_t, int64_t, i64, pow, y[i] = power(a, b))
LOOP(int64_t, int64_t, i64, prelu, y[i] = a < 0 ? (int64_t)((uint64_t)a * (uint64_t)b) : a)
LOOP(int64_t, int64_t, i64, bit_and, y[i] = a & b)
LOOP(int64_t, int64_t, i64, bit_or, y[i] = a | b)
LOOP(int64_t, int64_t, i64, bit_xor, y[i] = a ^ b)

LOOP(uint64_t, uint64_t, u64, div, ZERO_DIVIDES; y[i] = a / b)
LOOP(uint64_t, uint64_t, u64, mod, ZERO_DIVIDES; y[i] = a % b)
LOOP(uint64_t, uint64_t, u64, min, y[i] = a < b ? a : b)
LOOP(uint64_t, uint64_t, u64, max, y[i] = a > b ? a : b)
LOOP(uint64_t, uint64_t, u64, shift_left, y[i] = b < 64 ? a << b : 0)
LOOP(uint64_t, uint64_t, u64, shift_right, y[i] = b < 64 ? a >> b : 0)
LOOP(uint64_t, uint8_t, u64, less, y[i] = a < b)
LOOP(uint64_t, uint8_t, u64, less_equal, y[i] = a <= b)

/* ---- bool ---- */

LOOP(uint8_t, uint8_t, bool, and, y[i] = a && b)
LOOP(uint8_t, uint8_t, bool, or, y[i] = a || b)
LOOP(uint8_t, uint8_t, bool, xor, y[i] = !a != !b)

/* ---- choice ---- */

#define WHERE(T, bits)                                                                                       \
    void x##bits##_where__ref(const uint8_t *c, int c_step, const void *pa, int a_step, const void *pb,      \
                              int b_step, void *py, size_t n) {                                              \
        const T *a = pa, *b = pb;                                                                            \
        T *y = py;                                                                                           \
        for (size_t i = 0; i < n; i++, c += c_step, a += a_step, b += b_step) y[i] = *c ? *a : *b;           \
    }
WHERE(uint8_t, 8)
WHERE(uint16_t, 16)
WHERE(uint32_t, 32)
WHERE(uint64_t, 64)
