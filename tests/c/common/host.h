/* Files for tests: mapped, listed, and handed to a model as its host. */
#ifndef TESTS_HOST_H
#define TESTS_HOST_H

#include "siskin.h"

typedef struct test_bytes {
    const uint8_t *bytes;
    size_t size;
} test_bytes;

/* Maps a file; 0 when it cannot be read. An empty file is 0 bytes at a valid address. */
int test_map(const char *path, test_bytes *file);
void test_unmap(test_bytes *file);

/* A host whose file 0 is these bytes (borrowed, as is the struct) and whose clock is real. */
sk_host test_host(const test_bytes *file);

/* Paths of the entries of a folder whose names begin with `prefix`, sorted; free each and the array. */
char **test_list(const char *folder, const char *prefix, size_t *count);
void test_list_free(char **paths, size_t count);

/* "a/b": malloc'ed */
char *test_join(const char *folder, const char *name);

#endif
