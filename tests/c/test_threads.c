/* The pool alone: every item is done once, by whatever thread, for any number of items and any cost; jobs
 * follow each other quickly and with pauses, in which helpers fall asleep. That operators give the same bits
 * with threads is checked wherever they are compared with their references (common/compare.c). */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/compare.h"
#include "common/threads.h"

#define MOST 5000

typedef struct job {
    _Atomic int *done; /* by item */
    _Atomic int busy[TEST_THREADS];
    _Atomic int wrong, helped;
    size_t items;
} job;

static void part(const void *work, size_t begin, size_t end, int thread) {
    job *j = (job *)(uintptr_t)work;
    if (thread < 0 || thread >= TEST_THREADS || begin >= end || end > j->items) {
        j->wrong++;
        return;
    }
    if (j->busy[thread]++) j->wrong++; /* somebody else goes by the same number */
    if (thread) j->helped++;
    for (size_t i = begin; i < end; i++) {
        j->done[i]++;
        for (volatile int k = 0; k < 50; k++) {
        }
    }
    j->busy[thread]--;
}

static int split_once(sk_pool *pool, size_t items, double ns, _Atomic int *done, int *helped) {
    job j = {.done = done, .items = items};
    memset((void *)done, 0, MOST * sizeof *done);
    sk_split(pool, items, ns, part, &j);
    int ok = !j.wrong;
    for (size_t i = 0; i < MOST; i++) ok &= done[i] == (i < items);
    *helped += j.helped;
    return ok;
}

int main(void) {
    static _Atomic int done[MOST];
    static const size_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 31, 64, 1000, MOST};
    static const double costs[] = {0, 0.01, 1, 100, 1e4, 1e9};
    test_counts counts = {0};
    int helped = 0, unused = 0;
    for (int eager = 0; eager < 2; eager++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (size_t c = 0; c < sizeof costs / sizeof *costs; c++) {
                int ok = 1;
                test_pool()->eager = (uint8_t)eager;
                for (int i = 0; i < 20; i++) ok &= split_once(test_pool(), sizes[s], costs[c], done, &helped);
                nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL); /* helpers fall asleep */
                ok &= split_once(test_pool(), sizes[s], costs[c], done, &helped);
                ok &= split_once(NULL, sizes[s], costs[c], done, &unused);
                if (!ok) printf("FAIL %zu items of %g ns, eager %d\n", sizes[s], costs[c], eager);
                *(ok ? &counts.passed : &counts.failed) += 1;
            }
    if (!helped) printf("FAIL no helper ever did a thing\n");
    *(helped ? &counts.passed : &counts.failed) += 1;
    return test_summary(&counts);
}
