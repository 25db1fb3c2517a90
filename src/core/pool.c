/* The pool of pool.h: a job at a time, a lock nowhere. */
#define _POSIX_C_SOURCE 199309L /* nanosleep */
#include "core/pool.h"

#if SK_THREADS

#define SK_GATE_OPEN 0x10000u
#define WORTH_WAKING 20000.0 /* ns of work: below, waking and meeting again costs as much as is saved */
#define PIECE_NS 4000.0      /* pieces no shorter than that */
#define PIECES_A_THREAD 8    /* enough to even out threads of different speed */
#define SPINS 20000 /* looks at `calls` before a helper sleeps: about 50 us, the gap between two jobs */

#ifdef __wasm__
static void sleep_until_changed(_Atomic uint32_t *word, uint32_t seen) {
    __builtin_wasm_memory_atomic_wait32((int *)word, (int)seen, -1);
}
static void wake(_Atomic uint32_t *word, uint32_t count) {
    __builtin_wasm_memory_atomic_notify((int *)word, count);
}
static void give_way(void) {}
#else
#include <sched.h>
#include <time.h>
static void sleep_until_changed(_Atomic uint32_t *word, uint32_t seen) {
    while (atomic_load(word) == seen) nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}
static void wake(_Atomic uint32_t *word, uint32_t count) {
    (void)word;
    (void)count;
}
static void give_way(void) { sched_yield(); }
#endif

/* The next piece of a share, from its front or back; UINT32_MAX: none left. */
static uint32_t take(sk_share *share, int from_back) {
    uint64_t now = atomic_load_explicit(&share->pieces, memory_order_relaxed);
    for (;;) {
        const uint32_t first = (uint32_t)now, end = (uint32_t)(now >> 32);
        if (first >= end) return UINT32_MAX;
        const uint64_t left = from_back ? now - ((uint64_t)1 << 32) : now + 1;
        if (atomic_compare_exchange_weak_explicit(&share->pieces, &now, left, memory_order_relaxed,
                                                  memory_order_relaxed))
            return from_back ? end - 1 : first;
    }
}

static void do_piece(const sk_pool *pool, uint32_t piece, int thread) {
    const size_t begin = (size_t)piece * pool->grain, left = pool->items - begin;
    pool->part(pool->work, begin, begin + (left < pool->grain ? left : pool->grain), thread);
}

/* Own share first, then what others have not begun. */
static void work(sk_pool *pool, int thread) {
    const uint32_t n = pool->sharers;
    for (uint32_t i = 0; i < n; i++) {
        sk_share *share = &pool->shares[((uint32_t)thread + i) % n];
        for (uint32_t piece; (piece = take(share, i > 0)) != UINT32_MAX;) do_piece(pool, piece, thread);
    }
}

/* Into the job, unless it is over already. */
static int enter(sk_pool *pool) {
    uint32_t gate = atomic_load(&pool->gate);
    while (gate & SK_GATE_OPEN)
        if (atomic_compare_exchange_weak(&pool->gate, &gate, gate + 1)) return 1;
    return 0;
}

void sk_pool_serve(sk_pool *pool, int thread) {
    uint32_t seen = atomic_load(&pool->calls);
    atomic_fetch_add(&pool->joined, 1);
    while (!atomic_load(&pool->stop)) {
        for (int i = 0; i < SPINS && atomic_load_explicit(&pool->calls, memory_order_relaxed) == seen; i++) {
        }
        atomic_fetch_add(&pool->sleepers, 1);
        while (atomic_load(&pool->calls) == seen && !atomic_load(&pool->stop))
            sleep_until_changed(&pool->calls, seen);
        atomic_fetch_sub(&pool->sleepers, 1);
        seen = atomic_load(&pool->calls);
        if (!enter(pool)) continue;
        work(pool, thread);
        atomic_fetch_sub(&pool->gate, 1);
    }
    atomic_fetch_sub(&pool->joined, 1);
}

void sk_pool_stop(sk_pool *pool) {
    atomic_store(&pool->stop, 1);
    atomic_fetch_add(&pool->calls, 1);
    wake(&pool->calls, UINT32_MAX);
}

void sk_pool_break(sk_pool *pool) { atomic_store(&pool->broken, 1); }

static uint32_t cut(sk_pool *pool, size_t items, double item_ns, uint32_t threads) {
    const size_t even = items / (threads * PIECES_A_THREAD), share = items / threads;
    const double least = PIECE_NS / item_ns;
    pool->grain = least > (double)share ? share : (size_t)least;
    if (pool->grain < even) pool->grain = even;
    if (pool->grain < 1 || pool->eager) pool->grain = 1;
    if (items / pool->grain >= UINT32_MAX) pool->grain = items / 1000;
    return (uint32_t)((items + pool->grain - 1) / pool->grain);
}

static void share_out(sk_pool *pool, uint32_t pieces, uint32_t threads) {
    pool->sharers = threads;
    for (uint32_t i = 0, from = 0; i < threads; i++) {
        const uint32_t to = (uint32_t)((uint64_t)pieces * (i + 1) / threads);
        atomic_store_explicit(&pool->shares[i].pieces, (uint64_t)to << 32 | from, memory_order_relaxed);
        from = to;
    }
}

void sk_split(sk_pool *pool, size_t items, double item_ns, sk_part_fn *part, const void *work_) {
    const uint32_t threads = pool ? 1 + atomic_load(&pool->joined) : 1;
    if (threads < 2 || items < 2 || (!pool->eager && (double)items * item_ns < WORTH_WAKING)) {
        if (items) part(work_, 0, items, 0);
        return;
    }
    pool->part = part;
    pool->work = work_;
    pool->items = items;
    share_out(pool, cut(pool, items, item_ns, threads), threads);
    atomic_store(&pool->gate, SK_GATE_OPEN);
    atomic_fetch_add(&pool->calls, 1);
    if (atomic_load(&pool->sleepers)) wake(&pool->calls, threads - 1);
    work(pool, 0);
    atomic_fetch_and(&pool->gate, ~SK_GATE_OPEN);
    while (atomic_load(&pool->gate)) { /* for at most a piece: whoever entered is in the middle of one */
        if (atomic_load(&pool->broken)) __builtin_trap();
        give_way();
    }
}

#else

void sk_split(sk_pool *pool, size_t items, double item_ns, sk_part_fn *part, const void *work) {
    (void)pool;
    (void)item_ns;
    if (items) part(work, 0, items, 0);
}

#endif
