/* Native threads as helpers of a pool. */
#ifndef TESTS_THREADS_H
#define TESTS_THREADS_H

#include "core/pool.h"

#define TEST_THREADS 4

/* The program's pool: started at the first call, TEST_THREADS in all, splits however little there is. */
sk_pool *test_pool(void);

#endif
