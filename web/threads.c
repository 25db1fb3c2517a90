/* Only in the builds with threads: the pool that helpers join. Each helper is a worker with an instance of
 * its own of the same module on the same memory. It calls Emscripten's _emscripten_wasm_worker_initialize
 * with the stack that the loader allocated for it, and then serve, which blocks until it is stopped. */
#include "core/pool.h"

#if SK_THREADS
#include <stddef.h>

#define EXPORT(name) __attribute__((export_name(name), used))

sk_pool *glue_pool(void);

static sk_pool pool = {.threads = 1};

sk_pool *glue_pool(void) { return &pool; }

/* Before open: how many threads there may be in all. Returns how many there can be. */
EXPORT("threads") int glue_threads(int wanted) {
    pool.threads = wanted < 1 ? 1 : wanted < SK_MAX_THREADS ? wanted : SK_MAX_THREADS;
    return pool.threads;
}
EXPORT("serve") void glue_serve(int thread) { sk_pool_serve(&pool, thread); }
/* Where the loader, from outside, does what sk_pool_stop does (js/helpers.js). */
EXPORT("calls") const void *glue_calls(void) { return &pool.calls; }
EXPORT("stop") const void *glue_stop(void) { return &pool.stop; }
/* By a helper that trapped: whoever waits for it must not wait for ever. */
EXPORT("broken") void glue_broken(void) { sk_pool_break(&pool); }

/* malloc's way to more memory; Emscripten's own is in the JavaScript that is not used here. Grows by a fifth
 * at least, as that does, so that many small requests are not as many growths. */
int emscripten_resize_heap(size_t wanted);
int emscripten_resize_heap(size_t wanted) {
    const size_t page = 65536, now = __builtin_wasm_memory_size(0);
    const size_t needed = wanted / page + (wanted % page != 0);
    if (needed <= now) return 1;
    const size_t generous = now + now / 5 > needed ? now + now / 5 : needed;
    return __builtin_wasm_memory_grow(0, generous - now) != (size_t)-1 ||
           __builtin_wasm_memory_grow(0, needed - now) != (size_t)-1;
}
#endif
