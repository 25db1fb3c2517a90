/* Threads that share the work of one model. An operator cuts its output into items and hands them to
 * sk_split; who takes which is settled while they run: every thread starts with a contiguous share, so that
 * it finds the rows it made before in its own cache, and steals from others when its own is done. Threads
 * split outputs, never sums: results are the same bits for any number of them.
 *
 * The threads come from outside (the loader starts workers; tests start native threads) and join when they
 * are there: nobody waits for them, and one that never comes or wakes up late is only help not given. */
#ifndef SK_CORE_POOL_H
#define SK_CORE_POOL_H

#include <stddef.h>
#include <stdint.h>

#ifndef SK_THREADS
#define SK_THREADS 0
#endif

#define SK_MAX_THREADS 16

/* Items [begin, end) of the work. thread: 0 .. sk_pool_threads - 1, no two at once with the same. */
typedef void sk_part_fn(const void *work, size_t begin, size_t end, int thread);

#if SK_THREADS
#include <stdatomic.h>

/* What different threads write lies in different cache lines. */
#define SK_LINE _Alignas(64)

/* Pieces that nobody has taken yet: first in the low half, end in the high one. */
typedef struct sk_share {
    SK_LINE _Atomic uint64_t pieces;
} sk_share;

typedef struct sk_pool {
    int32_t threads;                   /* as many as may ever join, the caller's own included */
    uint8_t eager;                     /* tests: splits however little there is to do, into single items */
    SK_LINE _Atomic uint32_t calls;    /* counts the jobs; helpers without work wait for it to change */
    SK_LINE _Atomic uint32_t gate;     /* open or not, and the number of helpers within */
    SK_LINE _Atomic uint32_t sleepers; /* helpers that have to be woken */
    _Atomic uint32_t joined, stop, broken;
    sk_part_fn *part; /* the job */
    const void *work;
    size_t items, grain; /* a piece is `grain` items */
    uint32_t sharers;
    sk_share shares[SK_MAX_THREADS];
} sk_pool;

/* A helper's life: works for the pool until sk_pool_stop. thread: 1 .. threads - 1. */
void sk_pool_serve(sk_pool *pool, int thread);
void sk_pool_stop(sk_pool *pool);
/* A helper died in the middle of work (called for it by another): the job can never end. */
void sk_pool_break(sk_pool *pool);
#else
typedef struct sk_pool {
    int32_t threads;
} sk_pool;
#endif

static inline int sk_pool_threads(const sk_pool *pool) {
    return SK_THREADS && pool && pool->threads > 1 ? pool->threads : 1;
}

/* Calls part over all of [0, items), on as many threads as are worth waking. item_ns: about how long one item
 * takes on one thread (2 multiply-adds in 1/10 ns are a fair guess for products, 4 bytes in 1/4 ns for
 * copies). pool NULL: on this thread. */
void sk_split(sk_pool *pool, size_t items, double item_ns, sk_part_fn *part, const void *work);

#endif
