/* Numbers as decimal text and back, exactly: what is printed has the fewest digits that read as the same
 * number, what is read is the nearest number. */
#ifndef SK_CORE_DECIMAL_H
#define SK_CORE_DECIMAL_H

#include <stddef.h>
#include <stdint.h>

/* A binary format: bits of the significand, and the exponent of its last bit in the smallest numbers. */
typedef struct sk_real_format {
    int16_t bits, least;
} sk_real_format;

/* x, a number of that format, into dst; returns the length. "INF", "-INF", "NaN"; from 1e-4 up to 1e16 plain,
 * otherwise with an exponent of at least two digits. */
#define SK_REAL_TEXT 32
size_t sk_print_real(char dst[SK_REAL_TEXT], double x, const sk_real_format *format);

/* All of the text as a number: digits with or without a point and an exponent, or infinity or NaN by name, in
 * any case. 0 when it is none. */
int sk_parse_real(const char *text, size_t length, double *x);

#endif
