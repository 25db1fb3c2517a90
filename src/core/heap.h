/* The allocation gateway: every byte the engine takes goes through an sk_heap, which counts, limits and, for
 * tests, fails the Nth request. An sk_arena hands out pieces that are freed together (the graph, a plan's
 * step states). */
#ifndef SK_CORE_HEAP_H
#define SK_CORE_HEAP_H

#include "core/status.h"

#define SK_ALIGN 16 /* of every block: one SIMD vector */

typedef struct sk_heap {
    size_t in_use, peak; /* bytes asked for, headers not counted */
    size_t limit;        /* 0: none */
    long fail_after;     /* tests: < 0 never; otherwise this many requests succeed, then all fail */
    long requests;       /* requests made so far */
} sk_heap;

void sk_heap_init(sk_heap *heap);

/* NULL when memory or the limit is exhausted. size 0 gives a valid pointer. Contents undefined. */
void *sk_alloc(sk_heap *heap, size_t size);
void *sk_calloc(sk_heap *heap, size_t count, size_t size); /* zeroed; NULL also when count * size overflows */
void *sk_realloc(sk_heap *heap, void *block,
                 size_t size);            /* block may be NULL; on NULL the old block stays valid */
void sk_free(sk_heap *heap, void *block); /* NULL is allowed */

sk_status sk_oom(sk_error *err, size_t size); /* records and returns SK_OUT_OF_MEMORY */

typedef struct sk_arena_chunk sk_arena_chunk;

typedef struct sk_arena {
    sk_heap *heap;
    sk_arena_chunk *chunks;
} sk_arena;

void sk_arena_init(sk_arena *arena, sk_heap *heap);
void sk_arena_clear(sk_arena *arena);                              /* frees everything it handed out */
void *sk_arena_alloc(sk_arena *arena, size_t size);                /* 16-byte aligned; NULL when exhausted */
void *sk_arena_calloc(sk_arena *arena, size_t count, size_t size); /* zeroed, product checked */
char *sk_arena_text(sk_arena *arena, const char *text, size_t length); /* a NUL-terminated copy */

/* Checked size arithmetic: 0 when it overflows size_t, 1 when *out holds the result. */
static inline int sk_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline int sk_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

#endif
