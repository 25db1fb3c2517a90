/* A growing text: JSON descriptions, graph dumps. The first failed allocation empties it and later calls do
 * nothing, so callers check once at the end. */
#ifndef SK_CORE_TEXT_H
#define SK_CORE_TEXT_H

#include "core/heap.h"

typedef struct sk_text {
    sk_heap *heap;
    char *chars; /* NUL-terminated; NULL while empty or after a failure */
    size_t length, capacity;
    uint8_t failed;
} sk_text;

void sk_text_init(sk_text *text, sk_heap *heap);
void sk_text_free(sk_text *text);
void sk_text_clear(sk_text *text); /* keeps the memory */
void sk_text_add(sk_text *text, const char *fmt, ...)
    SK_PRINTF(2, 3); /* one piece: at most 1,000 characters */
void sk_text_raw(sk_text *text, const char *chars, size_t length);
void sk_text_json(sk_text *text, const char *string); /* quoted and escaped; invalid UTF-8 becomes U+FFFD */

#endif
