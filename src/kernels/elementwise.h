/* Contracts of the elementwise kernels and of conversions between element types. Loops exist for few types
 * only: float32, float64, int32, int64, uint64 and bool; the broadcasting engine (broadcast.h) widens all
 * others block by block. */
#ifndef SK_KERNELS_ELEMENTWISE_H
#define SK_KERNELS_ELEMENTWISE_H

#include <stddef.h>
#include <stdint.h>

/* ---- one operand ---- */

typedef enum sk_unary_kind {
#define SK_UNARY(KIND, name) SK_UNARY_##KIND,
#define SK_UNARY_SCALAR(KIND) SK_UNARY_##KIND,
#include "kernels/unary.def"
#undef SK_UNARY
#undef SK_UNARY_SCALAR
    SK_UNARY_COUNT
} sk_unary_kind;

typedef struct sk_unary_args {
    int kind;
    float p[5];
} sk_unary_args;

/* y[i] = f(x[i]) for n elements, f as args say; y may be x. */
typedef void sk_unary_fn(const void *x, void *y, size_t n, const sk_unary_args *args);

/* ---- two operands ---- */

typedef enum sk_binary_kind {
    SK_BINARY_ADD,
    SK_BINARY_SUB,
    SK_BINARY_MUL,
    SK_BINARY_DIV, /* integers: towards zero, the smallest by -1 wraps */
    SK_BINARY_MIN, /* NaN wins, as in numpy */
    SK_BINARY_MAX,
    SK_BINARY_PRELU, /* a < 0 ? a * b : a */
    SK_BINARY_POW,   /* integers: wraps; negative exponents towards zero */
    SK_BINARY_MOD,   /* the divisor's sign (Python's %) */
    SK_BINARY_FMOD,  /* the dividend's sign (C's %) */
    SK_BINARY_BIT_AND,
    SK_BINARY_BIT_OR,
    SK_BINARY_BIT_XOR,
    SK_BINARY_SHIFT_LEFT, /* by the width or more: 0 */
    SK_BINARY_SHIFT_RIGHT,
    SK_BINARY_AND, /* bool */
    SK_BINARY_OR,
    SK_BINARY_XOR,
    SK_BINARY_EQUAL, /* from here on the result is bool */
    SK_BINARY_LESS,
    SK_BINARY_LESS_EQUAL,
    SK_BINARY_COUNT
} sk_binary_kind;

/* y[i] = f(a[i * a_step], b[i * b_step]) for n elements, f as `kind` says; steps are 0 or 1. y may be a or b
 * where that step is 1. Returns 0, or 1 when an integer was divided by zero (the rest of y is then
 * undefined). */
typedef int sk_binary_fn(int kind, const void *a, int a_step, const void *b, int b_step, void *y, size_t n);

/* ---- codes of 8 bits: value = (code - zero) * scale ---- */

typedef struct sk_quantized_number {
    float scale;
    int32_t zero;
    uint8_t is_signed; /* int8, else uint8 */
} sk_quantized_number;

/* y[i] = clamp(round_to_even((a + b) / y.scale) + y.zero, lo, hi) of the values of a[i * a_step] and b[i *
 * b_step], or of a * b; kind: SK_BINARY_ADD or _MUL. Steps are 0 or 1. */
typedef struct sk_i8_binary_args {
    int kind;
    sk_quantized_number a, b, y;
    float lo, hi;
} sk_i8_binary_args;
typedef void sk_i8_binary_fn(const sk_i8_binary_args *args, const uint8_t *a, int a_step, const uint8_t *b,
                             int b_step, uint8_t *y, size_t n);

/* y[i] = table[x[i]] of 256 bytes; y may be x. */
typedef void sk_u8_table_fn(const uint8_t *table, const uint8_t *x, uint8_t *y, size_t n);

/* ---- three operands ---- */

/* y[i] = c[i * c_step] ? a[i * a_step] : b[i * b_step]; c is bool, the others have elements of one size. */
typedef void sk_where_fn(const uint8_t *c, int c_step, const void *a, int a_step, const void *b, int b_step,
                         void *y, size_t n);

/* ---- chains ---- */

/* What several functions in a row do to the same elements, a block at a time, so that what passes between
 * them stays in the first cache. */
#define SK_CHAIN_STEPS 16
typedef struct sk_chain_step {
    sk_unary_fn *unary;   /* of a; or */
    sk_binary_fn *binary; /* of a and b */
    sk_unary_args args;
    int8_t a, b; /* operand, or ~register */
    int8_t to;   /* ~register, or 0: the result */
} sk_chain_step;
typedef struct sk_chain {
    int n_steps;
    sk_chain_step steps[SK_CHAIN_STEPS]; /* the last writes the result */
} sk_chain;

/* y[i] = chain of in[k][i * step[k]] for n elements; steps are 0 or 1. y may be any operand with step 1. */
void sk_chain_run(const sk_chain *chain, const void *const *in, const int *step, void *y, size_t n);

/* ---- conversions ---- */

/* Widens elements [first, first + n) of a tensor to the loop type `loop`: float32, float64, int64 or uint64;
 * sk_store narrows them back. src and dst do not overlap. Packed types count elements from the tensor's
 * start; first is a multiple of 4 when storing them. Floats become integers towards zero, saturating, NaN is
 * 0; integers wrap; anything but zero is true; floats round to nearest even, those of 8 and 4 bits saturate.
 */
void sk_load(int type, int loop, const void *src, size_t first, void *dst, size_t n);
void sk_store(int loop, int type, const void *src, void *dst, size_t first, size_t n);
/* The loop type between two element types (it may be one of them); 0 when no conversion exists. */
int sk_convert_loop(int from, int to);
/* Elements [first, first + n) of src to the same ones of dst; first is a multiple of 4. As sk_store, but
 * floats wrap around in integers of 4 and 2 bits, as the standard's vectors have it. */
void sk_convert(int from, int to, const void *src, void *dst, size_t first, size_t n);

/* Elements that are converted at a time, in buffers on the stack. */
#define SK_BLOCK 256

/* Rarely used loops: small rather than fast. */
#if defined(__clang__)
#define SK_SMALL __attribute__((minsize))
#else
#define SK_SMALL
#endif

#endif
