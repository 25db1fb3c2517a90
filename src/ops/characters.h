/* Strings as elements: their order, their code points, and the case of letters. */
#ifndef SK_OPS_CHARACTERS_H
#define SK_OPS_CHARACTERS_H

#include "core/tensor.h"

/* Byte by byte: negative, 0 or positive. */
int sk_string_order(const sk_string *a, const sk_string *b);
static inline int sk_string_equal(const sk_string *a, const sk_string *b) {
    return a->length == b->length && !sk_string_order(a, b);
}

/* The code point at *at, which moves behind it. A byte that belongs to none gives SK_NO_CODE + byte. */
#define SK_NO_CODE 0x110000u
uint32_t sk_utf8_next(const char **at, const char *end);
/* Writes what sk_utf8_next gave; returns how many bytes. */
#define SK_UTF8_MAX 4
size_t sk_utf8_put(char *dst, uint32_t code);

/* One code point to one: of Latin, Greek, Cyrillic and Armenian letters and the like. */
uint32_t sk_lower(uint32_t code);
uint32_t sk_upper(uint32_t code);

#endif
