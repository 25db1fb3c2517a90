/* Changes a protobuf message without breaking its framing: a number becomes an awkward one, a text another
 * one of the message, a field disappears or comes twice. Unlike changed bytes, most of these reach beyond the
 * reader. */
#ifndef TESTS_MUTATE_H
#define TESTS_MUTATE_H

#include "host.h"

/* A changed copy, malloc'ed, its size in *size. random: the state of test_random. */
uint8_t *test_mutate(const uint8_t *bytes, size_t size, uint32_t *random, size_t *changed_size);

#endif
