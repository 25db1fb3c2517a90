/* Functions of two numbers, scalar: what defines each. float32 is widened to float64 for all but arithmetic.
 * Integers compute in the unsigned type of their width, so that they wrap. */
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

#if SK_TOOLS
LOOP(float, float, f32, add, y[i] = a + b)
LOOP(float, float, f32, sub, y[i] = a - b)
LOOP(float, float, f32, mul, y[i] = a * b)
LOOP(float, float, f32, div, y[i] = a / b)
#endif

LOOP(double, double, f64, add, y[i] = a + b)
LOOP(double, double, f64, sub, y[i] = a - b)
LOOP(double, double, f64, mul, y[i] = a * b)
LOOP(double, double, f64, div, y[i] = a / b)
LOOP(double, double, f64, min, y[i] = float_min(a, b))
LOOP(double, double, f64, max, y[i] = float_max(a, b))
LOOP(double, double, f64, prelu, y[i] = a < 0 ? a * b : a)
LOOP(double, double, f64, pow, y[i] = sk_pow(a, b))
LOOP(double, double, f64, mod, y[i] = python_mod(a, b))
LOOP(double, double, f64, fmod, y[i] = fmod(a, b))
LOOP(double, uint8_t, f64, equal, y[i] = a == b)
LOOP(double, uint8_t, f64, less, y[i] = a < b)
LOOP(double, uint8_t, f64, less_equal, y[i] = a <= b)

/* ---- integers ---- */

LOOP(int32_t, int32_t, i32, add, y[i] = (int32_t)((uint32_t)a + (uint32_t)b))

LOOP(int64_t, int64_t, i64, add, y[i] = (int64_t)((uint64_t)a + (uint64_t)b))
LOOP(int64_t, int64_t, i64, sub, y[i] = (int64_t)((uint64_t)a - (uint64_t)b))
LOOP(int64_t, int64_t, i64, mul, y[i] = (int64_t)((uint64_t)a * (uint64_t)b))
LOOP(int64_t, int64_t, i64, min, y[i] = a < b ? a : b)
LOOP(int64_t, int64_t, i64, max, y[i] = a > b ? a : b)
LOOP(int64_t, uint8_t, i64, equal, y[i] = a == b)
LOOP(int64_t, uint8_t, i64, less, y[i] = a < b)
LOOP(int64_t, uint8_t, i64, less_equal, y[i] = a <= b)

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
typedef struct two_words {
    uint64_t word[2];
} two_words;
WHERE(two_words, 128)
