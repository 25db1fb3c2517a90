/* Matching (see regex.h), and RegexFullMatch. The steps that the expression was made into are a machine that
 * is in many of them at once (Thompson's construction); after each code point the set of steps is made anew.
 */
#include "ops/regex.h"

#include <string.h>

#include "ops/characters.h"
#include "ops/elementwise.h"
#include "ops/regex_steps.h"

typedef struct machine {
    const sk_regex *regex;
    uint32_t *seen; /* step -> the round in which it was entered last */
    int32_t *stack;
    uint32_t round;
} machine;

size_t sk_regex_work(const sk_regex *regex) {
    const size_t n = (size_t)regex->n_steps;
    return (n + 2 * n + (2 * n + 2)) * sizeof(int32_t);
}

static int is_word_letter(uint32_t c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z');
}

/* Neighbours of a place in the text; SK_NOTHING beyond its ends. */
static int holds(int kind, uint32_t before, uint32_t after) {
    switch (kind) {
    case SK_REGEX_BEGIN: return before == SK_NOTHING;
    case SK_REGEX_END: return after == SK_NOTHING;
    case SK_REGEX_LINE_BEGIN: return before == SK_NOTHING || before == '\n';
    case SK_REGEX_LINE_END: return after == SK_NOTHING || after == '\n';
    default: return (is_word_letter(before) != is_word_letter(after)) == (kind == SK_REGEX_WORD_EDGE);
    }
}

/* Adds to the set what can be reached from step `from` without a code point. Returns how many it has then. */
static int32_t reach(machine *m, int32_t from, uint32_t before, uint32_t after, int32_t *set, int32_t n) {
    int32_t depth = 0;
    m->stack[depth++] = from;
    while (depth) {
        const int32_t at = m->stack[--depth];
        const sk_regex_step *step = &m->regex->steps[at];
        if (m->seen[at] == m->round) continue;
        m->seen[at] = m->round;
        if (step->kind <= SK_REGEX_MATCH) set[n++] = at;
        else if (step->kind == SK_REGEX_FORK) {
            m->stack[depth++] = at + step->to[0];
            if (step->to[1]) m->stack[depth++] = at + step->to[1];
        } else if (holds(step->kind, before, after)) m->stack[depth++] = at + 1;
    }
    return n;
}

static int within(const sk_regex *regex, const sk_regex_step *step, uint32_t c) {
    const sk_range *range = regex->ranges + step->to[0];
    for (int i = 0; i < step->n_ranges; i++)
        if (c >= range[i].first && c <= range[i].last) return 1;
    return 0;
}

static int takes(const sk_regex *regex, const sk_regex_step *step, uint32_t c) {
    const int found =
        within(regex, step, c) || (step->flags & SK_REGEX_FOLD &&
                                   (within(regex, step, sk_lower(c)) || within(regex, step, sk_upper(c))));
    return found != (step->flags & SK_REGEX_NOT);
}

int sk_regex_matches(const sk_regex *regex, const sk_string *text, void *work) {
    const size_t steps = (size_t)regex->n_steps;
    machine m = {.regex = regex, .seen = work, .stack = (int32_t *)work + 3 * steps, .round = 1};
    int32_t *set = (int32_t *)work + steps, *next = set + steps;
    const char *at = text->text, *const end = at + text->length;
    memset(m.seen, 0, steps * sizeof *m.seen);
    uint32_t before = SK_NOTHING, after = at < end ? sk_utf8_next(&at, end) : SK_NOTHING;
    int32_t n = reach(&m, 0, before, after, set, 0);
    while (after != SK_NOTHING && n) {
        int32_t count = 0, *swap = set;
        const uint32_t c = after;
        after = at < end ? sk_utf8_next(&at, end) : SK_NOTHING;
        m.round++;
        for (int32_t i = 0; i < n; i++) {
            const sk_regex_step *step = &regex->steps[set[i]];
            if (step->kind == SK_REGEX_SET && takes(regex, step, c))
                count = reach(&m, set[i] + 1, c, after, next, count);
        }
        set = next;
        next = swap;
        n = count;
    }
    for (int32_t i = 0; i < n; i++)
        if (regex->steps[set[i]].kind == SK_REGEX_MATCH) return 1;
    return 0;
}

/* ---- RegexFullMatch ---- */

static sk_status import(sk_import *c) {
    const sk_attr *pattern;
    const char *what = NULL;
    sk_string at = {"", 0};
    sk_regex *regex = sk_params(c, sizeof *regex);
    if (!regex) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want(c, "pattern", SK_ATTR_STRING, &pattern));
    if (!pattern) return sk_bad_attr(c, SK_MALFORMED, "attribute 'pattern' is missing");
    const sk_status status = sk_regex_parse(&pattern->s, &c->ir->arena, regex, &what, &at);
    if (status == SK_OUT_OF_MEMORY) return sk_oom(c->err, pattern->s.length);
    if (status == SK_OK) return SK_OK;
    return sk_bad_attr(c, status, "the pattern has %s at '%.*s'", what,
                       (int)(at.length < 40 ? at.length : 40), at.text);
}

static sk_status infer(sk_infer *c) {
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = SK_BOOL;
    return SK_OK;
}

static sk_status prepare(sk_prepare *p) {
    p->scratch = sk_regex_work(p->node->params);
    return SK_OK;
}

static sk_status run(sk_run *r) {
    const sk_string *in = r->in[0]->data;
    uint8_t *out = r->out[0]->data;
    for (size_t i = 0, n = sk_numel(r->in[0]); i < n; i++)
        out[i] = (uint8_t)sk_regex_matches(r->node->params, &in[i], r->scratch);
    return SK_OK;
}

const sk_impl sk_impl_regex_full_match = {.import = import, .infer = infer, .prepare = prepare, .run = run};
