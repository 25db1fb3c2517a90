/* StringConcat, StringSplit and StringNormalizer. Parts of strings are not copied: they lie in the input's
 * characters, which live as long as the outputs. */
#include <string.h>

#include "ops/characters.h"
#include "ops/elementwise.h"

static const sk_string empty = {"", 0};

/* ---- StringConcat ---- */

static sk_status concat_infer(sk_infer *c) {
    SK_TRY(sk_want_types(c, 1, SK_T(STRING)));
    return sk_infer_broadcast(c);
}

/* The element of t that stands where element i of out does. */
static size_t broadcast_index(const sk_tensor *t, const sk_tensor *out, size_t i) {
    size_t index = 0, step = 1;
    for (int axis = out->rank - 1, k = t->rank - 1; k >= 0; axis--, k--) {
        const size_t n = (size_t)out->dims[axis], dim = (size_t)t->dims[k];
        if (dim != 1) index += i % n * step;
        step *= dim;
        i /= n;
    }
    return index;
}

static sk_status concat_run(sk_run *r) {
    const sk_tensor *a = r->in[0], *b = r->in[1];
    sk_string *out = r->out[0]->data;
    for (size_t i = 0, n = sk_numel(r->out[0]); i < n; i++) {
        const sk_string x = ((const sk_string *)a->data)[broadcast_index(a, r->out[0], i)];
        const sk_string y = ((const sk_string *)b->data)[broadcast_index(b, r->out[0], i)];
        uint32_t length;
        if (__builtin_add_overflow(x.length, y.length, &length) || length > SK_MAX_TENSOR_BYTES)
            return sk_run_fail(r, SK_LIMIT, "a string is too long");
        char *text = sk_keep(r, length);
        if (!text) return sk_oom(r->err, length);
        if (x.length) memcpy(text, x.text, x.length);
        if (y.length) memcpy(text + x.length, y.text, y.length);
        out[i] = (sk_string){text, length};
    }
    return SK_OK;
}

const sk_impl sk_impl_string_concat = {.infer = concat_infer, .run = concat_run};

/* ---- StringSplit ---- */

typedef struct split_params {
    sk_string delimiter; /* empty: white space */
    int64_t most;        /* splits; negative: any number */
} split_params;

static sk_status split_import(sk_import *c) {
    const sk_attr *delimiter;
    split_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want(c, "delimiter", SK_ATTR_STRING, &delimiter));
    params->delimiter = delimiter ? delimiter->s : empty;
    return sk_want_int(c, "maxsplit", -1, &params->most);
}

static sk_status split_infer(sk_infer *c) {
    const sk_tensor *in = c->in[0];
    int64_t dims[SK_MAX_RANK + 1];
    sk_set_out_type(c, 0, SK_STRING);
    sk_set_out_type(c, 1, SK_INT64);
    if (in->rank < 0) return SK_OK;
    for (int i = 0; i < in->rank; i++) dims[i] = in->dims[i];
    SK_TRY(sk_set_out(c, 1, SK_INT64, in->rank, dims));
    dims[in->rank] = -1;
    return sk_set_out(c, 0, SK_STRING, in->rank + 1, dims);
}

static int is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The next part of *rest, which becomes what follows; 0 when there is none. splits: how many are left. */
static int next_part(const split_params *params, sk_string *rest, int64_t *splits, sk_string *part) {
    const char *at = rest->text, *end = at + rest->length, *stop;
    const uint32_t width = params->delimiter.length;
    if (!at) return 0;
    if (!width) {
        while (at < end && is_space(*at)) at++;
        if (at == end) return 0;
    }
    stop = at;
    if ((*splits)-- == 0) stop = end;
    else if (!width)
        while (stop < end && !is_space(*stop)) stop++;
    else
        while (stop < end &&
               ((size_t)(end - stop) < width || memcmp(stop, params->delimiter.text, width) != 0))
            stop++;
    *part = (sk_string){at, (uint32_t)(stop - at)};
    *rest = stop == end ? (sk_string){NULL, 0} : (sk_string){stop + width, (uint32_t)(end - stop) - width};
    return 1;
}

static sk_status split_run(sk_run *r) {
    const split_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    const sk_string *texts = in->data;
    const size_t n = sk_numel(in);
    int64_t *counts = r->n_out > 1 && r->out[1] ? r->out[1]->data : NULL;
    int32_t dims[SK_MAX_RANK], most = 0;
    sk_string part;
    for (size_t i = 0; i < n; i++) {
        sk_string rest = texts[i];
        int64_t splits = params->most;
        int32_t count = 0;
        while (next_part(params, &rest, &splits, &part)) count++;
        if (counts) counts[i] = count;
        if (count > most) most = count;
    }
    if (!r->out[0]) return SK_OK;
    for (int i = 0; i < in->rank; i++) dims[i] = in->dims[i];
    dims[in->rank] = most;
    SK_TRY(sk_run_output(r, 0, in->rank + 1, dims));
    sk_string *out = r->out[0]->data;
    for (size_t i = 0; i < n; i++) {
        sk_string rest = texts[i];
        int64_t splits = params->most;
        for (int32_t k = 0; k < most; k++) *out++ = next_part(params, &rest, &splits, &part) ? part : empty;
    }
    return SK_OK;
}

const sk_impl sk_impl_string_split = {.import = split_import, .infer = split_infer, .run = split_run};

/* ---- StringNormalizer ---- */

enum { AS_IS, LOWER, UPPER };
typedef struct normalizer_params {
    const sk_string *stopwords;
    uint32_t n;
    int action;
    int64_t exact; /* stop words are recognised in their own case only */
} normalizer_params;

static sk_status normalizer_import(sk_import *c) {
    static const char *const actions[] = {"NONE", "LOWER", "UPPER", NULL};
    const sk_attr *words, *locale;
    normalizer_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want(c, "stopwords", SK_ATTR_STRINGS, &words));
    SK_TRY(sk_want(c, "locale", SK_ATTR_STRING, &locale)); /* letters have the same cases everywhere here */
    SK_TRY(sk_want_int(c, "is_case_sensitive", 0, &params->exact));
    if (words) {
        params->stopwords = words->strings;
        params->n = words->count;
    }
    return sk_want_word(c, "case_change_action", actions, AS_IS, &params->action);
}

/* [C] or [1, C]; how many are left depends on the words, unless there are no stop words. */
static sk_status normalizer_infer(sk_infer *c) {
    const normalizer_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    sk_set_out_type(c, 0, SK_STRING);
    if (in->rank < 0) return SK_OK;
    if (in->rank != 1 && (in->rank != 2 || (in->dims[0] != 1 && in->dims[0] >= 0)))
        return sk_bad_shape(c, "the input is %pT, not [C] or [1,C]", in);
    const int32_t n = in->dims[in->rank - 1];
    const int64_t left = params->n ? -1 : n ? n : 1, dims[2] = {in->rank == 1 ? left : 1, left};
    return sk_set_out(c, 0, SK_STRING, in->rank, dims);
}

static int same_letters(const sk_string *a, const sk_string *b) {
    const char *x = a->text, *y = b->text, *const x_end = x + a->length, *const y_end = y + b->length;
    while (x < x_end && y < y_end)
        if (sk_lower(sk_utf8_next(&x, x_end)) != sk_lower(sk_utf8_next(&y, y_end))) return 0;
    return x == x_end && y == y_end;
}

static int is_stopword(const normalizer_params *params, const sk_string *s) {
    for (uint32_t i = 0; i < params->n; i++)
        if (params->exact ? sk_string_equal(s, &params->stopwords[i])
                          : same_letters(s, &params->stopwords[i]))
            return 1;
    return 0;
}

static sk_status change_case(sk_run *r, int action, sk_string *s) {
    const char *at = s->text, *end = at + s->length;
    char *text, code[SK_UTF8_MAX];
    size_t n = 0;
    for (; at < end;) {
        const uint32_t c = sk_utf8_next(&at, end);
        n += sk_utf8_put(code, action == LOWER ? sk_lower(c) : sk_upper(c));
    }
    text = sk_keep(r, n);
    if (!text) return sk_oom(r->err, n);
    char *to = text;
    for (at = s->text; at < end;) {
        const uint32_t c = sk_utf8_next(&at, end);
        to += sk_utf8_put(to, action == LOWER ? sk_lower(c) : sk_upper(c));
    }
    *s = (sk_string){text, (uint32_t)n};
    return SK_OK;
}

static sk_status normalizer_run(sk_run *r) {
    const normalizer_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    const sk_string *words = in->data;
    const size_t n = sk_numel(in);
    if (!r->out[0]->data) {
        int32_t left = 0;
        for (size_t i = 0; i < n; i++) left += !is_stopword(params, &words[i]);
        if (!left) left = 1;
        SK_TRY(sk_run_output(r, 0, in->rank, (const int32_t[]){in->rank == 1 ? left : 1, left}));
    }
    sk_string *out = r->out[0]->data;
    *out = empty; /* there is one at least */
    for (size_t i = 0; i < n; i++) {
        if (is_stopword(params, &words[i])) continue;
        *out = words[i];
        if (params->action != AS_IS) SK_TRY(change_case(r, params->action, out));
        out++;
    }
    return SK_OK;
}

const sk_impl sk_impl_string_normalizer = {
    .import = normalizer_import, .infer = normalizer_infer, .run = normalizer_run};
