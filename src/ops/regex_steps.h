/* The steps that regular expressions are made of. */
#ifndef SK_OPS_REGEX_STEPS_H
#define SK_OPS_REGEX_STEPS_H

#define SK_NOTHING 0xffffffffu /* instead of a code point, beyond the ends of a text */

enum {
    SK_REGEX_SET,   /* a code point of its ranges, or (NOT) of none; FOLD: in either case */
    SK_REGEX_MATCH, /* the end */
    SK_REGEX_FORK,  /* goes on in two places, or (to[1] is 0) one */
    SK_REGEX_BEGIN, /* from here on: what must be true of the place */
    SK_REGEX_END,
    SK_REGEX_LINE_BEGIN,
    SK_REGEX_LINE_END,
    SK_REGEX_WORD_EDGE,
    SK_REGEX_NO_WORD_EDGE,
};
enum { SK_REGEX_NOT = 1, SK_REGEX_FOLD = 2 };

#endif
