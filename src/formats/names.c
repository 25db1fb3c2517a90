/* The text map: see names.h. */
#include "formats/names.h"

#include <string.h>

#define FIRST_CAPACITY 32

void sk_names_init(sk_names *names, sk_heap *heap) { *names = (sk_names){.heap = heap}; }

void sk_names_free(sk_names *names) {
    sk_free(names->heap, names->entries);
    *names = (sk_names){.heap = names->heap};
}

/* FNV-1a with a final mix: the low bits pick the slot. */
static uint32_t hash_text(const char *text, size_t length) {
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++) h = (h ^ (uint8_t)text[i]) * 0x100000001b3u;
    h = (h ^ (h >> 32)) * 0xd6e8feb86659fd93u;
    return (uint32_t)(h >> 32);
}

sk_names_entry *sk_names_find(const sk_names *names, const char *text, size_t length) {
    if (!names->count) return NULL;
    uint32_t hash = hash_text(text, length);
    for (size_t i = hash & (names->capacity - 1);; i = (i + 1) & (names->capacity - 1)) {
        sk_names_entry *entry = &names->entries[i];
        if (!entry->text) return NULL;
        if (entry->hash == hash && entry->length == length && memcmp(entry->text, text, length) == 0)
            return entry;
    }
}

static void place(sk_names *names, const sk_names_entry *entry) {
    size_t i = entry->hash & (names->capacity - 1);
    while (names->entries[i].text) i = (i + 1) & (names->capacity - 1);
    names->entries[i] = *entry;
}

sk_status sk_names_add(sk_names *names, const char *text, size_t length, void *value, sk_error *err) {
    if (names->count >= names->capacity / 2) {
        sk_names old = *names;
        size_t capacity = old.capacity ? old.capacity * 2 : FIRST_CAPACITY;
        names->entries = sk_calloc(names->heap, capacity, sizeof *names->entries);
        if (!names->entries) {
            *names = old;
            return sk_oom(err, capacity * sizeof *names->entries);
        }
        names->capacity = capacity;
        for (size_t i = 0; i < old.capacity; i++)
            if (old.entries[i].text) place(names, &old.entries[i]);
        sk_free(names->heap, old.entries);
    }
    sk_names_entry entry = {
        .text = text, .length = (uint32_t)length, .hash = hash_text(text, length), .value = value};
    place(names, &entry);
    names->count++;
    return SK_OK;
}
