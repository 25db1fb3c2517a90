/* Files and hosts for tests: see host.h. Failures of memory abort: these are tests. */
#define _DEFAULT_SOURCE
#include "host.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static void *must(void *block) {
    if (block) return block;
    fprintf(stderr, "out of memory\n");
    abort();
}

int test_map(const char *path, test_bytes *file) {
    struct stat info;
    const int fd = open(path, O_RDONLY);
    *file = (test_bytes){(const uint8_t *)"", 0};
    if (fd < 0) return 0;
    int fine = fstat(fd, &info) == 0 && S_ISREG(info.st_mode);
    if (fine && info.st_size > 0) {
        void *map = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        fine = map != MAP_FAILED;
        if (fine) *file = (test_bytes){map, (size_t)info.st_size};
    }
    close(fd);
    return fine;
}

void test_unmap(test_bytes *file) {
    if (file->size) munmap((void *)(uintptr_t)file->bytes, file->size);
    file->size = 0;
}

static int read_bytes(void *user, int file, uint64_t offset, size_t size, void *dst) {
    const test_bytes *whole = user;
    if (file != 0 || offset > whole->size || size > whole->size - offset) return -1;
    if (size) memcpy(dst, whole->bytes + offset, size);
    return 0;
}

static double clock_now(void *user) {
    struct timespec t;
    (void)user;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

sk_host test_host(const test_bytes *file) {
    return (sk_host){.read = read_bytes, .now = clock_now, .user = (void *)(uintptr_t)file};
}

char *test_join(const char *folder, const char *name) {
    const size_t size = strlen(folder) + strlen(name) + 2;
    char *path = must(malloc(size));
    snprintf(path, size, "%s/%s", folder, name);
    return path;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

char **test_list(const char *folder, const char *prefix, size_t *count) {
    char **paths = NULL;
    *count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0) continue;
        paths = must(realloc(paths, (*count + 1) * sizeof *paths));
        paths[(*count)++] = test_join(folder, entry->d_name);
    }
    if (dir) closedir(dir);
    if (*count) qsort(paths, *count, sizeof *paths, by_text);
    return paths;
}

void test_list_free(char **paths, size_t count) {
    for (size_t i = 0; i < count; i++) free(paths[i]);
    free(paths);
}
