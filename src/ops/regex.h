/* Regular expressions in RE2's syntax, matched against whole strings: all the ways through the expression are
 * followed at once, so the time is the product of both lengths at most. */
#ifndef SK_OPS_REGEX_H
#define SK_OPS_REGEX_H

#include "core/tensor.h"

typedef struct sk_range {
    uint32_t first, last; /* code points */
} sk_range;

typedef struct sk_regex_step {
    uint8_t kind, flags;
    uint16_t n_ranges;
    int32_t to[2]; /* where to go on, relative to this step; or the first of its ranges */
} sk_regex_step;

typedef struct sk_regex {
    sk_regex_step *steps;
    sk_range *ranges;
    int32_t n_steps, n_ranges;
} sk_regex;

/* Into the arena. An expression that is none is SK_MALFORMED, one that needs what is missing here
 * SK_UNSUPPORTED, a large one SK_LIMIT; *what says why. */
sk_status sk_regex_parse(const sk_string *pattern, sk_arena *arena, sk_regex *regex, const char **what,
                         sk_string *at);

/* Does all of text match? work: sk_regex_work bytes, 4-byte aligned. */
size_t sk_regex_work(const sk_regex *regex);
int sk_regex_matches(const sk_regex *regex, const sk_string *text, void *work);

#endif
