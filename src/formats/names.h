/* A map from texts to pointers: value names of one scope, functions, interned texts. Open addressing; grows.
 */
#ifndef SK_FORMATS_NAMES_H
#define SK_FORMATS_NAMES_H

#include "core/heap.h"

typedef struct sk_names_entry {
    const char *text; /* borrowed; NULL: free */
    uint32_t length, hash;
    void *value;
} sk_names_entry;

typedef struct sk_names {
    sk_heap *heap;
    sk_names_entry *entries;
    size_t capacity, count; /* capacity: 0 or a power of two */
} sk_names;

void sk_names_init(sk_names *names, sk_heap *heap);
void sk_names_free(sk_names *names);
/* NULL when the text is not there. */
sk_names_entry *sk_names_find(const sk_names *names, const char *text, size_t length);
/* The text must not be there yet and must outlive the map. */
sk_status sk_names_add(sk_names *names, const char *text, size_t length, void *value, sk_error *err);

#endif
