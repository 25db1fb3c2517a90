/* Counted checks; see check.h. */
#include "check.h"

#include <stdio.h>

static int passed, failed;

void test_check(int ok, const char *what, const char *file, int line) {
    *(ok ? &passed : &failed) += 1;
    if (!ok) printf("FAIL %s:%d: %s\n", file, line, what);
}

int test_checks(void) {
    printf("%d passed, %d failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
