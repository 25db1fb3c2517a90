/* A chain of elementwise functions, a block at a time: what passes between them stays in the first cache. The
 * functions are the kernels that run alone as well: no code for any combination. */
#include <string.h>

#include "kernels/kernels.h"

/* Registers are blocks of this many numbers, 1 kB each: a few of them and the operands fit the first cache.
 */
#define CHAIN_BLOCK 256

/* One operand of a step for `n` elements from `first` on. */
static const float *source(int from, const void *const *in, const int *step, float (*registers)[CHAIN_BLOCK],
                           size_t first) {
    if (from < 0) return registers[~from];
    return (const float *)in[from] + (step[from] ? first : 0);
}

static int step_of(int from, const int *step) { return from < 0 ? 1 : step[from]; }

void sk_chain_run(const sk_chain *chain, const void *const *in, const int *step, void *out, size_t n) {
    float registers[SK_CHAIN_STEPS][CHAIN_BLOCK];
    const size_t block = chain->n_steps == 1 ? n : CHAIN_BLOCK; /* without registers in one go */
    for (size_t first = 0; first < n; first += block) {
        const size_t count = n - first < block ? n - first : block;
        for (int i = 0; i < chain->n_steps; i++) {
            const sk_chain_step *s = &chain->steps[i];
            float *to = s->to < 0 ? registers[~s->to] : (float *)out + first;
            const float *a = source(s->a, in, step, registers, first);
            if (s->binary) {
                const float *b = source(s->b, in, step, registers, first);
                s->binary(s->args.kind, a, step_of(s->a, step), b, step_of(s->b, step), to, count);
            } else if (step_of(s->a, step)) {
                s->unary(a, to, count, &s->args);
            } else { /* one number for all */
                float once;
                s->unary(a, &once, 1, &s->args);
                for (size_t k = 0; k < count; k++) to[k] = once;
            }
        }
    }
}
