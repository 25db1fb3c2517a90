/* Checks that are counted: CHECK(what) prints what does not hold and where, and the test goes on. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#define CHECK(what) test_check((what) != 0, #what, __FILE__, __LINE__)
void test_check(int ok, const char *what, const char *file, int line);

/* Prints the summary line of all checks; main returns it. */
int test_checks(void);

#endif
