/* Native threads as helpers of a pool; see threads.h. They end with the program. */
#include "threads.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>

static sk_pool pool;

static void *serve(void *thread) {
    sk_pool_serve(&pool, (int)(intptr_t)thread);
    return NULL;
}

static void stop(void) { sk_pool_stop(&pool); }

sk_pool *test_pool(void) {
    if (pool.threads) return &pool;
    pool.threads = TEST_THREADS;
    pool.eager = 1;
    for (int i = 1; i < TEST_THREADS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)i) || pthread_detach(thread)) abort();
    }
    while (atomic_load(&pool.joined) < TEST_THREADS - 1) sched_yield();
    if (atexit(stop)) abort();
    return &pool;
}
