/* Functions of two numbers, scalar: what defines each. float32 is widened to float64 for all but arithmetic.
 * Integers compute as 64 bits, where they wrap like narrower ones. The kind is looked at for each element:
 * nobody waits for these. */
#include "core/maths.h"
#include "kernels/kernels.h"

/* ---- floats ---- */

static double python_mod(double a, double b) {
    const double r = sk_fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

SK_INLINE double of_floats(int kind, double a, double b) {
    switch (kind) {
    case SK_BINARY_ADD: return a + b;
    case SK_BINARY_SUB: return a - b;
    case SK_BINARY_MUL: return a * b;
    case SK_BINARY_DIV: return a / b;
    case SK_BINARY_MIN: return a < b || a != a ? a : b;
    case SK_BINARY_MAX: return a > b || a != a ? a : b;
    case SK_BINARY_PRELU: return a < 0 ? a * b : a;
    case SK_BINARY_POW: return sk_pow(a, b);
    case SK_BINARY_MOD: return python_mod(a, b);
    case SK_BINARY_FMOD: return sk_fmod(a, b);
    case SK_BINARY_EQUAL: return a == b;
    case SK_BINARY_LESS: return a < b;
    default: return a <= b; /* LESS_EQUAL */
    }
}

int f64_binary__ref(int kind, const void *pa, int a_step, const void *pb, int b_step, void *y, size_t n) {
    const double *a = pa, *b = pb;
    for (size_t i = 0; i < n; i++, a += a_step, b += b_step) {
        const double r = of_floats(kind, *a, *b);
        if (kind >= SK_BINARY_EQUAL) ((uint8_t *)y)[i] = r != 0;
        else ((double *)y)[i] = r;
    }
    return 0;
}

/* Arithmetic alone, which double rounds to float32 as float32 would. */
int f32_binary__ref(int kind, const void *pa, int a_step, const void *pb, int b_step, void *y, size_t n) {
    const float *a = pa, *b = pb;
    for (size_t i = 0; i < n; i++, a += a_step, b += b_step)
        ((float *)y)[i] = (float)of_floats(kind, (double)*a, (double)*b);
    return 0;
}

/* ---- integers ---- */

static int64_t remain(int64_t a, int64_t b) { return b == -1 ? 0 : a % b; }

static int64_t floor_remain(int64_t a, int64_t b) {
    const int64_t r = remain(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

/* Negative powers of anything but 1 and -1 are below one: 0. (Of 0 too, where there is no right answer.) */
static uint64_t power(int64_t base, int64_t exponent) {
    if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent & 1 ? UINT64_MAX : 1) : 0;
    uint64_t result = 1, square = (uint64_t)base;
    for (uint64_t e = (uint64_t)exponent; e; e >>= 1, square *= square)
        if (e & 1) result *= square;
    return result;
}

/* flip: the highest bit for unsigned operands, which compare like signed ones without it. b is not 0 where it
 * divides. */
SK_INLINE uint64_t of_integers(int kind, uint64_t flip, uint64_t a, uint64_t b) {
    const int64_t s = (int64_t)a, t = (int64_t)b;
    const int less = (int64_t)(a ^ flip) < (int64_t)(b ^ flip);
    switch (kind) {
    case SK_BINARY_ADD: return a + b;
    case SK_BINARY_SUB: return a - b;
    case SK_BINARY_MUL: return a * b;
    case SK_BINARY_DIV: return flip ? a / b : t == -1 ? 0 - a : (uint64_t)(s / t);
    case SK_BINARY_MIN: return less ? a : b;
    case SK_BINARY_MAX: return less ? b : a;
    case SK_BINARY_PRELU: return s < 0 ? a * b : a;
    case SK_BINARY_POW: return power(s, t);
    case SK_BINARY_MOD: return flip ? a % b : (uint64_t)floor_remain(s, t);
    case SK_BINARY_FMOD: return (uint64_t)remain(s, t);
    case SK_BINARY_BIT_AND: return a & b;
    case SK_BINARY_BIT_OR: return a | b;
    case SK_BINARY_BIT_XOR: return a ^ b;
    case SK_BINARY_SHIFT_LEFT: return b < 64 ? a << b : 0;
    case SK_BINARY_SHIFT_RIGHT: return b < 64 ? a >> b : 0;
    case SK_BINARY_EQUAL: return a == b;
    case SK_BINARY_LESS: return less;
    default: return less || a == b; /* LESS_EQUAL */
    }
}

static int integers(int kind, uint64_t flip, const uint64_t *a, int a_step, const uint64_t *b, int b_step,
                    void *y, size_t n) {
    const int divides = kind == SK_BINARY_DIV || kind == SK_BINARY_MOD || kind == SK_BINARY_FMOD;
    for (size_t i = 0; i < n; i++, a += a_step, b += b_step) {
        if (divides && *b == 0) return 1;
        const uint64_t r = of_integers(kind, flip, *a, *b);
        if (kind >= SK_BINARY_EQUAL) ((uint8_t *)y)[i] = (uint8_t)r;
        else ((uint64_t *)y)[i] = r;
    }
    return 0;
}

int i64_binary__ref(int kind, const void *a, int a_step, const void *b, int b_step, void *y, size_t n) {
    return integers(kind, 0, a, a_step, b, b_step, y, n);
}

int u64_binary__ref(int kind, const void *a, int a_step, const void *b, int b_step, void *y, size_t n) {
    return integers(kind, (uint64_t)1 << 63, a, a_step, b, b_step, y, n);
}

/* Sums only: of positions and of ids, which many models make. */
int i32_binary__ref(int kind, const void *pa, int a_step, const void *pb, int b_step, void *y, size_t n) {
    const uint32_t *a = pa, *b = pb;
    (void)kind;
    for (size_t i = 0; i < n; i++, a += a_step, b += b_step) ((uint32_t *)y)[i] = *a + *b;
    return 0;
}

/* ---- bool ---- */

int bool_binary__ref(int kind, const void *pa, int a_step, const void *pb, int b_step, void *y, size_t n) {
    const uint8_t *a = pa, *b = pb;
    for (size_t i = 0; i < n; i++, a += a_step, b += b_step) {
        const int p = *a != 0, q = *b != 0;
        ((uint8_t *)y)[i] = (uint8_t)(kind == SK_BINARY_AND ? p & q : kind == SK_BINARY_OR ? p | q : p ^ q);
    }
    return 0;
}

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
