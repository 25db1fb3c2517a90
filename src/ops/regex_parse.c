/* Reads RE2's syntax into steps (regex.h). Places to go to are relative, so that a part can be repeated by
 * copying it, and moved to make room in front. Not here: Unicode's categories and scripts (their tables are
 * large), and what RE2 has not either: back references, looking ahead and behind. */
#include <string.h>

#include "core/text.h"
#include "ops/characters.h"
#include "ops/regex.h"
#include "ops/regex_steps.h"

#define MOST_STEPS 20000 /* a repetition of repetitions soon has millions */
#define MOST_LETTERS 20000
#define MOST_COUNT 1000   /* of a repetition; RE2's own limit */
#define DEEPEST 200       /* groups within groups: parsing calls itself */
#define RANGES_A_LETTER 6 /* at most: "\W" is two letters and five ranges */

enum { FOLD = 1, DOT_ALL = 2, LINES = 4 };

typedef struct parser {
    const char *at, *end;
    sk_regex *regex;
    const char **what;
    sk_status status;
    uint8_t flags;
    uint8_t quoted; /* after \Q */
    int depth;
} parser;

/* The first failure stays; parsing then runs out. */
static int fail(parser *p, sk_status status, const char *what) {
    if (p->status == SK_OK) {
        p->status = status;
        *p->what = what;
    }
    return 0;
}

static int peek(const parser *p, char c) { return p->at < p->end && *p->at == c; }
static int skip(parser *p, char c) {
    if (!peek(p, c)) return 0;
    p->at++;
    return 1;
}
static int skip_word(parser *p, const char *word) {
    const size_t n = strlen(word);
    if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n) != 0) return 0;
    p->at += n;
    return 1;
}

/* ---- steps ---- */

/* Room for n steps at `place`; what stands there moves back. NULL: too many. */
static sk_regex_step *make_room(parser *p, int32_t place, int32_t n) {
    sk_regex *r = p->regex;
    if (n > MOST_STEPS - r->n_steps) {
        fail(p, SK_LIMIT, "too many steps");
        return NULL;
    }
    sk_regex_step *step = r->steps + place;
    memmove(step + n, step, (size_t)(r->n_steps - place) * sizeof *step);
    memset(step, 0, (size_t)n * sizeof *step);
    r->n_steps += n;
    return step;
}

static void put_fork(parser *p, int32_t place, int32_t a, int32_t b) {
    sk_regex_step *step = make_room(p, place, 1);
    if (step) *step = (sk_regex_step){.kind = SK_REGEX_FORK, .to = {a, b}};
}

static void put_check(parser *p, int kind) {
    sk_regex_step *step = make_room(p, p->regex->n_steps, 1);
    if (step) step->kind = (uint8_t)kind;
}

/* A step that takes one of the ranges from `first` on. */
static void put_set(parser *p, int32_t first, int negative) {
    sk_regex_step *step = make_room(p, p->regex->n_steps, 1);
    if (!step) return;
    step->kind = SK_REGEX_SET;
    step->flags = (uint8_t)((negative ? SK_REGEX_NOT : 0) | (p->flags & FOLD ? SK_REGEX_FOLD : 0));
    step->n_ranges = (uint16_t)(p->regex->n_ranges - first);
    step->to[0] = first;
}

static void add_range(parser *p, uint32_t first, uint32_t last) {
    p->regex->ranges[p->regex->n_ranges++] = (sk_range){first, last};
}

static void put_letter(parser *p, uint32_t c) {
    const int32_t first = p->regex->n_ranges;
    add_range(p, c, c);
    put_set(p, first, 0);
}

/* ---- classes ---- */

/* Pairs of ASCII characters, in order. */
typedef struct named_class {
    const char *name;
    const char *pairs;
    uint8_t n;
} named_class;
#define CLASS(name, pairs) {name, pairs, (sizeof pairs - 1) / 2}
static const named_class classes[] = {
    CLASS("d", "09"),           CLASS("s", "\t\n\f\r  "),
    CLASS("w", "09AZ__az"),     CLASS("alnum", "09AZaz"),
    CLASS("alpha", "AZaz"),     CLASS("ascii", "\0\x7f"),
    CLASS("blank", "\t\t  "),   CLASS("cntrl", "\0\x1f\x7f\x7f"),
    CLASS("digit", "09"),       CLASS("graph", "!~"),
    CLASS("lower", "az"),       CLASS("print", " ~"),
    CLASS("punct", "!/:@[`{~"), CLASS("space", "\t\r  "),
    CLASS("upper", "AZ"),       CLASS("word", "09AZ__az"),
    CLASS("xdigit", "09AFaf"),
};

/* The ranges of a class, or all others. 0: no such class. */
static int add_class(parser *p, const char *name, size_t length, int negative) {
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        const named_class *c = &classes[i];
        if (strlen(c->name) != length || memcmp(c->name, name, length) != 0) continue;
        uint32_t from = 0;
        for (int k = 0; k < c->n; k++) {
            const uint32_t first = (uint8_t)c->pairs[2 * k], last = (uint8_t)c->pairs[2 * k + 1];
            if (!negative) add_range(p, first, last);
            else if (first > from) add_range(p, from, first - 1);
            from = last + 1;
        }
        if (negative) add_range(p, from, SK_NOTHING - 1);
        return 1;
    }
    return 0;
}

static int hex_digit(parser *p) {
    const int c = p->at < p->end ? *p->at : 0, letter = c | 32;
    const int digit = c >= '0' && c <= '9'             ? c - '0'
                      : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10
                                                       : -1;
    if (digit >= 0) p->at++;
    return digit;
}

/* After "\x". */
static uint32_t hex_code(parser *p) {
    uint32_t code = 0;
    const int braces = skip(p, '{');
    int n = 0;
    for (int digit; (braces || n < 2) && (digit = hex_digit(p)) >= 0; n++)
        if (code < SK_NO_CODE) code = code * 16 + (uint32_t)digit;
    if (n == 0 || (!braces && n < 2) || (braces && !skip(p, '}')) || code >= SK_NO_CODE)
        fail(p, SK_MALFORMED, "a wrong number of a character");
    return code;
}

/* After a backslash: the one character that it means. */
static uint32_t escaped(parser *p) {
    static const char letters[] = "afnrtv", codes[] = "\a\f\n\r\t\v";
    if (p->at >= p->end) {
        fail(p, SK_MALFORMED, "a backslash at the end");
        return 0;
    }
    const char *start = p->at;
    const uint32_t c = sk_utf8_next(&p->at, p->end);
    const char *letter = c < 0x80 ? sk_find(letters, (int)c, sizeof letters - 1) : NULL;
    if (letter) return (uint8_t)codes[letter - letters];
    if (c == 'x') return hex_code(p);
    const int octal = c == '0' || (c >= '1' && c <= '7' && p->at < p->end && *p->at >= '0' && *p->at <= '7');
    if (octal) {
        uint32_t code = c - '0';
        for (int n = 1; n < 3 && p->at < p->end && *p->at >= '0' && *p->at <= '7'; n++)
            code = code * 8 + (uint32_t)(*p->at++ - '0');
        return code;
    }
    const int is_letter = c < 0x80 && ((c | 32) >= 'a' && (c | 32) <= 'z');
    if (c < 0x80 && !is_letter && !(c >= '0' && c <= '9')) return c;
    p->at = start - 1;
    if (c >= '1' && c <= '9') fail(p, SK_UNSUPPORTED, "a back reference");
    else if (c == 'p' || c == 'P') fail(p, SK_UNSUPPORTED, "a class of Unicode");
    else if (c == 'C') fail(p, SK_UNSUPPORTED, "a byte");
    else fail(p, SK_MALFORMED, "an unknown escape");
    return 0;
}

/* \d and the like, if that is what stands here. */
static int skip_class(parser *p) {
    if (p->end - p->at < 2 || *p->at != '\\') return 0;
    const char small = (char)(p->at[1] | 32);
    if (!sk_find("dsw", small, 3)) return 0;
    add_class(p, &small, 1, p->at[1] != small);
    p->at += 2;
    return 1;
}

/* [:name:] */
static int skip_named(parser *p) {
    if (!skip_word(p, "[:")) return 0;
    const int negative = skip(p, '^');
    const char *name = p->at;
    while (p->at < p->end && *p->at >= 'a' && *p->at <= 'z') p->at++;
    const size_t length = (size_t)(p->at - name);
    if (!skip_word(p, ":]") || length < 2 || !add_class(p, name, length, negative))
        fail(p, SK_MALFORMED, "an unknown class");
    return 1;
}

static uint32_t class_letter(parser *p) { return skip(p, '\\') ? escaped(p) : sk_utf8_next(&p->at, p->end); }

/* After "[". */
static void parse_class(parser *p) {
    const int32_t first = p->regex->n_ranges;
    const int negative = skip(p, '^');
    for (int begin = 1; begin || !peek(p, ']'); begin = 0) {
        if (p->at >= p->end || p->status) {
            fail(p, SK_MALFORMED, "a missing ]");
            return;
        }
        if (skip_class(p) || skip_named(p)) continue;
        const uint32_t from = class_letter(p);
        uint32_t to = from;
        if (p->end - p->at > 1 && *p->at == '-' && p->at[1] != ']') {
            p->at++;
            to = class_letter(p);
        }
        if (to < from) fail(p, SK_MALFORMED, "a range that ends before it begins");
        add_range(p, from, to);
    }
    p->at++;
    put_set(p, first, negative);
}

/* ---- repetition ---- */

static int read_count(parser *p, int fallback) {
    int n = -1;
    while (p->at < p->end && *p->at >= '0' && *p->at <= '9') {
        n = (n < 0 ? 0 : n) * 10 + (*p->at++ - '0');
        if (n > MOST_COUNT) n = MOST_COUNT + 1;
    }
    return n < 0 ? fallback : n;
}

/* {m}, {m,} or {m,n}; anything else is no repetition. most < 0: any number. */
static int skip_counts(parser *p, int *least, int *most) {
    const char *start = p->at;
    if (skip(p, '{') && (*least = read_count(p, -1)) >= 0) {
        *most = skip(p, ',') ? read_count(p, -1) : *least;
        if (skip(p, '}')) return 1;
    }
    p->at = start;
    return 0;
}

/* The last steps, from `place` on, `least` to `most` times. */
static void repeat(parser *p, int32_t place, int least, int most) {
    sk_regex *r = p->regex;
    const int32_t n = r->n_steps - place;
    if (least > MOST_COUNT || most > MOST_COUNT || (most >= 0 && most < least)) {
        fail(p, SK_MALFORMED, "a wrong number of repetitions");
        return;
    }
    if (n == 0) return;
    if (most == 0) {
        r->n_steps = place;
        return;
    }
    if (least == 0) put_fork(p, place, 1, most < 0 ? n + 2 : most * (n + 1));
    /* the copies' source: it moves by one when a fork stands in front of it */
    const int32_t source = place + (least == 0);
    const int copies = most < 0 ? (least ? least : 1) : most;
    for (int i = 1; i < copies && !p->status; i++) {
        if (i >= least) put_fork(p, r->n_steps, 1, (most - i) * (n + 1));
        sk_regex_step *copy = make_room(p, r->n_steps, n);
        if (copy) memcpy(copy, r->steps + source, (size_t)n * sizeof *copy);
    }
    if (most < 0) put_fork(p, r->n_steps, -n, 1);
}

static void parse_repetition(parser *p, int32_t place) {
    int least = 0, most = -1, times = 0;
    for (;; times++) {
        if (skip(p, '*')) least = 0, most = -1;
        else if (skip(p, '+')) least = 1, most = -1;
        else if (skip(p, '?')) least = 0, most = 1;
        else if (!skip_counts(p, &least, &most)) return;
        if (times) {
            fail(p, SK_MALFORMED, "a repetition of a repetition");
            return;
        }
        skip(p, '?'); /* which way is tried first does not matter to whole matches */
        repeat(p, place, least, most);
    }
}

/* ---- groups ---- */

static void parse_choices(parser *p);

/* After "(?": flags for the rest of the group around it, or of a group of its own. 1: a group follows. */
static int parse_flags(parser *p) {
    static const char names[] = "ismU";
    static const uint8_t flags[] = {FOLD, DOT_ALL, LINES, 0}; /* U: as ? above */
    if (skip_word(p, "P<") || (p->end - p->at > 1 && *p->at == '<' && p->at[1] != '=' && p->at[1] != '!')) {
        while (p->at < p->end && *p->at != '>') p->at++;
        if (!skip(p, '>')) fail(p, SK_MALFORMED, "a group's name without an end");
        return 1;
    }
    if (peek(p, '=') || peek(p, '!') || peek(p, '<')) {
        fail(p, SK_UNSUPPORTED, "looking ahead or behind");
        return 1;
    }
    for (int off = 0; p->at < p->end; p->at++) {
        const char *name = sk_find(names, *p->at, sizeof names - 1);
        if (*p->at == '-' && !off) off = 1;
        else if (*p->at == ':' || *p->at == ')') return *p->at++ == ':';
        else if (!name) break;
        else if (off) p->flags &= (uint8_t)~flags[name - names];
        else p->flags |= flags[name - names];
    }
    fail(p, SK_MALFORMED, "an unknown group");
    return 1;
}

/* After "(". */
static void parse_group(parser *p) {
    const uint8_t flags = p->flags;
    if (skip(p, '?') && !parse_flags(p)) return;
    if (++p->depth > DEEPEST) fail(p, SK_LIMIT, "too many groups in groups");
    else parse_choices(p);
    p->depth--;
    p->flags = flags;
    if (!skip(p, ')')) fail(p, SK_MALFORMED, "a missing )");
}

/* After a backslash that means no class. */
static void parse_escape(parser *p) {
    static const char checks[] = "AzbB";
    static const uint8_t kinds[] = {SK_REGEX_BEGIN, SK_REGEX_END, SK_REGEX_WORD_EDGE, SK_REGEX_NO_WORD_EDGE};
    const char *check = p->at < p->end ? sk_find(checks, *p->at, sizeof checks - 1) : NULL;
    if (check) {
        p->at++;
        put_check(p, kinds[check - checks]);
    } else put_letter(p, escaped(p));
}

/* One letter, class, group or check, and how often. */
static void parse_piece(parser *p) {
    const int32_t place = p->regex->n_steps, first = p->regex->n_ranges;
    p->quoted |= !p->quoted && skip_word(p, "\\Q");
    if (p->quoted) {
        const int32_t last = p->regex->n_steps;
        if (p->at < p->end && !skip_word(p, "\\E")) put_letter(p, sk_utf8_next(&p->at, p->end));
        else p->quoted = 0;
        if (!skip_word(p, "\\E")) return;
        p->quoted = 0;
        parse_repetition(p, last);
        return;
    }
    if (peek(p, '*') || peek(p, '+') || peek(p, '?')) {
        fail(p, SK_MALFORMED, "a repetition of nothing");
        return;
    }
    if (skip(p, '(')) parse_group(p);
    else if (skip(p, '[')) parse_class(p);
    else if (skip(p, '^')) put_check(p, p->flags & LINES ? SK_REGEX_LINE_BEGIN : SK_REGEX_BEGIN);
    else if (skip(p, '$')) put_check(p, p->flags & LINES ? SK_REGEX_LINE_END : SK_REGEX_END);
    else if (skip(p, '.')) {
        if (!(p->flags & DOT_ALL)) add_range(p, '\n', '\n');
        put_set(p, first, 1);
    } else if (skip_class(p)) put_set(p, first, 0);
    else if (skip(p, '\\')) parse_escape(p);
    else put_letter(p, sk_utf8_next(&p->at, p->end));
    parse_repetition(p, place);
}

/* Up to the end of the group, or of the expression. */
static void parse_choices(parser *p) {
    sk_regex *r = p->regex;
    int32_t place = r->n_steps,
            leaving = -1; /* the last step that leaves a choice; to[1] is the one before */
    for (;;) {
        while (p->at < p->end && !p->status && (p->quoted || (*p->at != '|' && *p->at != ')')))
            parse_piece(p);
        if (p->status || !skip(p, '|')) break;
        put_fork(p, place, 1, r->n_steps - place + 2);
        put_fork(p, r->n_steps, 0, leaving);
        leaving = r->n_steps - 1;
        place = r->n_steps;
    }
    while (leaving >= 0 && !p->status) {
        sk_regex_step *step = &r->steps[leaving];
        const int32_t before = step->to[1];
        step->to[0] = r->n_steps - leaving;
        step->to[1] = 0;
        leaving = before;
    }
}

sk_status sk_regex_parse(const sk_string *pattern, sk_arena *arena, sk_regex *regex, const char **what,
                         sk_string *at) {
    parser p = {.at = pattern->text, .end = pattern->text + pattern->length, .regex = regex, .what = what};
    *at = *pattern;
    if (pattern->length > MOST_LETTERS) {
        *what = "too many letters";
        return SK_LIMIT;
    }
    *regex = (sk_regex){.steps = sk_alloc(arena->heap, MOST_STEPS * sizeof *regex->steps)};
    regex->ranges = sk_arena_calloc(arena, pattern->length + 1, RANGES_A_LETTER * sizeof *regex->ranges);
    if (!regex->steps || !regex->ranges) {
        sk_free(arena->heap, regex->steps);
        return SK_OUT_OF_MEMORY;
    }
    parse_choices(&p);
    if (p.at < p.end) fail(&p, SK_MALFORMED, "a ) too many");
    put_check(&p, SK_REGEX_MATCH);
    sk_regex_step *made = regex->steps;
    regex->steps = sk_arena_calloc(arena, (size_t)regex->n_steps, sizeof *made);
    if (regex->steps) memcpy(regex->steps, made, (size_t)regex->n_steps * sizeof *made);
    else p.status = SK_OUT_OF_MEMORY;
    sk_free(arena->heap, made);
    at->text = p.at;
    at->length = (uint32_t)(p.end - p.at);
    return p.status;
}
