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

/* Where c is first among n bytes, NULL: nowhere. libc's memchr and strchr are ten times as large. */
const char *sk_find(const void *bytes, int c, size_t n);

void sk_text_init(sk_text *text, sk_heap *heap);
void sk_text_free(sk_text *text);
void sk_text_clear(sk_text *text); /* keeps the memory */
/* One piece: at most 1,000 characters. */
#define sk_text_add(text, ...) (SK_CHECKED(__VA_ARGS__), sk_text_add_with((text), SK_MESSAGE(__VA_ARGS__)))
void sk_text_add_with(sk_text *text, SK_PRINTED);
void sk_text_number(sk_text *text,
                    double value); /* six significant digits, as %g prints; with SK_TOOLS only */
void sk_text_raw(sk_text *text, const char *chars, size_t length);
void sk_text_json(sk_text *text, const char *string); /* quoted and escaped; invalid UTF-8 becomes U+FFFD */

#endif
