/* Takes a model as a hostile page might hand it in, from bytes to outputs, and says whether the engine kept
 * its word: every end is a result or a typed error with a text, and a failed prediction leaves the model
 * usable. */
#ifndef TESTS_EXERCISE_H
#define TESTS_EXERCISE_H

#include "host.h"

typedef struct exercise {
    sk_options options;
    uint32_t seed;     /* of the inputs: dynamic dimensions become 1 to 4, numbers small */
    int after_failure; /* allocations work again once one has failed: the next prediction must succeed */
} exercise;

typedef struct exercise_result {
    sk_status status;  /* SK_OK: outputs came; SK_MORE: given up after many slices */
    const char *stage; /* how far it got: "new", "load", "input", "run", "output" */
    long requests;     /* allocations asked for */
    char text[256];    /* the engine's error */
    char problem[320]; /* what the engine did wrong; empty when nothing */
} exercise_result;

exercise_result test_exercise(const test_bytes *model, const exercise *how);

#endif
