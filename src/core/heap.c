/* The allocation gateway. A 16-byte header before each block holds its size; malloc on wasm aligns to 8 only,
 * so blocks are placed by hand at 16 with the distance to malloc's address in the header. */
#include "core/heap.h"

#include <stdlib.h>
#include <string.h>

typedef struct header {
    void *base; /* what malloc gave */
    size_t size;
} header;

_Static_assert(sizeof(header) <= SK_ALIGN, "a header fits before an aligned block");

void sk_heap_init(sk_heap *heap) { *heap = (sk_heap){.fail_after = -1}; }

static header *header_of(void *block) { return (header *)((char *)block - sizeof(header)); }

static int refused(sk_heap *heap, size_t extra) {
    const long request = heap->requests++;
    if (heap->fail_after >= 0 && request >= heap->fail_after) return 1;
    return heap->limit && (extra > heap->limit || heap->in_use > heap->limit - extra);
}

void *sk_alloc(sk_heap *heap, size_t size) {
    if (size > SIZE_MAX - 2 * SK_ALIGN || refused(heap, size)) return NULL;
    char *base = malloc(size + 2 * SK_ALIGN);
    if (!base) return NULL;
    char *block = (char *)(((uintptr_t)base + sizeof(header) + SK_ALIGN - 1) & ~(uintptr_t)(SK_ALIGN - 1));
    *header_of(block) = (header){base, size};
    heap->in_use += size;
    if (heap->in_use > heap->peak) heap->peak = heap->in_use;
    return block;
}

void *sk_calloc(sk_heap *heap, size_t count, size_t size) {
    size_t bytes;
    if (!sk_mul(count, size, &bytes)) return NULL;
    void *block = sk_alloc(heap, bytes);
    if (block) memset(block, 0, bytes);
    return block;
}

void *sk_realloc(sk_heap *heap, void *block, size_t size) {
    void *grown = sk_alloc(heap, size);
    if (grown && block) {
        const size_t old = header_of(block)->size;
        memcpy(grown, block, old < size ? old : size);
        sk_free(heap, block);
    }
    return grown;
}

void sk_free(sk_heap *heap, void *block) {
    if (!block) return;
    header *h = header_of(block);
    heap->in_use -= h->size;
    free(h->base);
}

sk_status sk_oom(sk_error *err, size_t size) {
    return sk_fail(err, SK_OUT_OF_MEMORY, "out of memory: %zu more bytes were not to be had", size);
}

/* ---- arena ---- */

#define CHUNK_BYTES ((size_t)16 * 1024)

struct sk_arena_chunk {
    sk_arena_chunk *next;
    size_t used, size; /* of the bytes behind this header */
    size_t pad[(SK_ALIGN - (3 * sizeof(size_t)) % SK_ALIGN) % SK_ALIGN / sizeof(size_t)];
};

_Static_assert(sizeof(sk_arena_chunk) % SK_ALIGN == 0, "pieces behind the chunk header are aligned");

void sk_arena_init(sk_arena *arena, sk_heap *heap) { *arena = (sk_arena){.heap = heap}; }

void sk_arena_clear(sk_arena *arena) {
    while (arena->chunks) {
        sk_arena_chunk *next = arena->chunks->next;
        sk_free(arena->heap, arena->chunks);
        arena->chunks = next;
    }
}

void *sk_arena_alloc(sk_arena *arena, size_t size) {
    size_t rounded;
    if (!sk_add(size ? size : 1, SK_ALIGN - 1, &rounded)) return NULL;
    rounded &= ~(size_t)(SK_ALIGN - 1);
    sk_arena_chunk *chunk = arena->chunks;
    if (!chunk || chunk->size - chunk->used < rounded) {
        const size_t body = rounded > CHUNK_BYTES / 4 ? rounded : CHUNK_BYTES;
        size_t total;
        if (!sk_add(sizeof *chunk, body, &total)) return NULL;
        sk_arena_chunk *fresh = sk_alloc(arena->heap, total);
        if (!fresh) return NULL;
        fresh->used = 0;
        fresh->size = body;
        /* a chunk made for one big piece goes behind the current one, which still has room for small pieces
         */
        if (chunk && body == rounded) {
            fresh->next = chunk->next;
            chunk->next = fresh;
        } else {
            fresh->next = chunk;
            arena->chunks = fresh;
        }
        chunk = fresh;
    }
    char *piece = (char *)(chunk + 1) + chunk->used;
    chunk->used += rounded;
    return piece;
}

void *sk_arena_calloc(sk_arena *arena, size_t count, size_t size) {
    size_t bytes;
    if (!sk_mul(count, size, &bytes)) return NULL;
    void *piece = sk_arena_alloc(arena, bytes);
    if (piece) memset(piece, 0, bytes);
    return piece;
}

char *sk_arena_text(sk_arena *arena, const char *text, size_t length) {
    char *copy = length < SIZE_MAX ? sk_arena_alloc(arena, length + 1) : NULL;
    if (!copy) return NULL;
    memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}
