/* TfIdfVectorizer: counts n-grams. The n-grams of the pool are a tree of prefixes, kept as one table a
 * length: what follows the prefix (a number: the last n-gram that has it) is looked up by both. */
#include <string.h>

#include "ops/ml.h"

enum { TF, IDF, TFIDF };
#define LONGEST 1000 /* n-gram; building takes its square */

typedef struct gram_level {
    sk_lookup next;   /* prefix << 32 | token */
    int32_t *grams;   /* those of the entries */
    int32_t *ends_in; /* entry -> the n-gram that ends here, or -1 */
} gram_level;

typedef struct tfidf_params {
    sk_list pool, counts, indexes, weights;
    int64_t least, most, skips, width;
    sk_lookup tokens;
    int mode;
    gram_level *levels;
} tfidf_params;

#define PLACE(field) .offset = offsetof(tfidf_params, field)
static const sk_field_row fields[] = {
    {"pool_int64s", .kind = SK_ATTR_INTS, PLACE(pool)},
    {"pool_strings", .kind = SK_ATTR_STRINGS, PLACE(pool)},
    {"ngram_counts", .kind = SK_ATTR_INTS, PLACE(counts)},
    {"ngram_indexes", .kind = SK_ATTR_INTS, PLACE(indexes)},
    {"weights", .kind = SK_ATTR_FLOATS, PLACE(weights)},
    {"min_gram_length", .kind = SK_ATTR_INT, PLACE(least)},
    {"max_gram_length", .kind = SK_ATTR_INT, PLACE(most)},
    {"max_skip_count", .kind = SK_ATTR_INT, PLACE(skips)},
    {.name = NULL},
};

/* Where the n-grams of that length begin in the pool. */
static int64_t first_of(const tfidf_params *params, int64_t length) {
    return length > (int64_t)params->counts.n ? (int64_t)params->pool.n
                                              : sk_list_int(&params->counts, (size_t)length - 1);
}

/* Sizes that fit together; how many n-grams there are. */
static int check(tfidf_params *params, int64_t *grams) {
    *grams = 0;
    if (!params->pool.n || !params->indexes.n || !params->counts.n || params->least < 1 ||
        params->most < params->least || params->most > (int64_t)params->counts.n ||
        params->counts.n > LONGEST || params->skips < 0 || params->skips > INT32_MAX ||
        first_of(params, 1) != 0)
        return 0;
    for (int64_t length = 1; length <= (int64_t)params->counts.n; length++) {
        const int64_t first = first_of(params, length), end = first_of(params, length + 1);
        if (first < 0 || end < first || end > (int64_t)params->pool.n || (end - first) % length) return 0;
        *grams += (end - first) / length;
    }
    for (size_t i = 0; i < params->indexes.n; i++) {
        const int64_t at = sk_list_int(&params->indexes, i);
        if (at < 0 || at >= INT32_MAX) return 0;
        if (at >= params->width) params->width = at + 1;
    }
    return *grams == (int64_t)params->indexes.n &&
           (!params->weights.n || params->weights.n == params->indexes.n);
}

/* Tokens that are equal have one number. */
static int32_t token_of(const tfidf_params *params, int64_t at) {
    const sk_tensor pool = {.data = (void *)(uintptr_t)params->pool.data, .type = (uint8_t)params->pool.type};
    return sk_lookup_find(&params->tokens, &pool, (size_t)at);
}

/* The table for the length'th tokens of all n-grams that are as long. prefix: each n-gram's so far. */
static sk_status build_level(sk_import *c, tfidf_params *params, int64_t length, int32_t *prefix) {
    sk_arena *arena = &c->ir->arena;
    gram_level *level = &params->levels[length - 1];
    size_t n = 0;
    int32_t gram = 0, skipped = 0;
    for (int64_t k = 1; k < length; k++)
        skipped += (int32_t)((first_of(params, k + 1) - first_of(params, k)) / k);
    const size_t most = params->indexes.n - (size_t)skipped;
    int64_t *keys = sk_arena_calloc(arena, most + 1, sizeof *keys);
    level->grams = sk_arena_calloc(arena, most + 1, sizeof *level->grams);
    level->ends_in = sk_arena_calloc(arena, most + 1, sizeof *level->ends_in);
    if (!keys || !level->grams || !level->ends_in) return sk_oom(c->err, most * sizeof *keys);
    gram = skipped;
    for (int64_t k = length; k <= (int64_t)params->counts.n; k++)
        for (int64_t at = first_of(params, k); at < first_of(params, k + 1); at += k, gram++, n++) {
            keys[n] = (int64_t)prefix[gram] << 32 | token_of(params, at + length - 1);
            level->grams[n] = gram;
            level->ends_in[n] = -1;
        }
    const sk_list list = {keys, n, SK_INT64};
    SK_TRY(sk_lookup_build(c, &list, &level->next));
    const size_t ending = (size_t)((first_of(params, length + 1) - first_of(params, length)) / length);
    for (size_t i = 0; i < n; i++) {
        const int32_t entry = sk_lookup_key(&level->next, keys[i]);
        prefix[level->grams[i]] = entry;
        if (i < ending) level->ends_in[entry] = level->grams[i];
    }
    return SK_OK;
}

static sk_status tfidf_import(sk_import *c) {
    static const char *const modes[] = {"TF", "IDF", "TFIDF", NULL};
    int64_t grams;
    tfidf_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_ml_read(c, params, fields));
    SK_TRY(sk_want_word(c, "mode", modes, TF, &params->mode));
    if (!check(params, &grams)) return sk_ml_misfit(c, "n-grams");
    SK_TRY(sk_lookup_build(c, &params->pool, &params->tokens));
    int32_t *prefix = sk_arena_calloc(&c->ir->arena, params->indexes.n, sizeof *prefix);
    params->levels = sk_arena_calloc(&c->ir->arena, (size_t)params->most, sizeof *params->levels);
    if (!prefix || !params->levels) return sk_oom(c->err, params->indexes.n * sizeof *prefix);
    for (int64_t length = 1; length <= params->most; length++) SK_TRY(build_level(c, params, length, prefix));
    return SK_OK;
}

static sk_status tfidf_infer(sk_infer *c) {
    const tfidf_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    sk_set_out_type(c, 0, SK_FLOAT32);
    if (in->type && (in->type == SK_STRING) != (params->pool.type == SK_STRING))
        return sk_node_fail(c->node, c->err, SK_TYPE, "no n-grams of type %s", sk_type_name(in->type));
    if (in->rank < 0) return SK_OK;
    if (in->rank != 1 && in->rank != 2) return sk_bad_shape(c, "the input is %pT, not [C] or [N,C]", in);
    const int64_t dims[2] = {in->rank == 1 ? params->width : in->dims[0], params->width};
    return sk_set_out(c, 0, SK_FLOAT32, in->rank, dims);
}

static sk_status tfidf_prepare(sk_prepare *p) {
    p->scratch = (size_t)p->in[0]->dims[p->in[0]->rank - 1] * sizeof(int32_t);
    return SK_OK;
}

static void count(const tfidf_params *params, int32_t gram, float *out) {
    const float weight =
        params->weights.n && params->mode != TF ? sk_list_float(&params->weights, (size_t)gram) : 1;
    float *at = &out[sk_list_int(&params->indexes, (size_t)gram)];
    *at = params->mode == IDF ? weight : *at + weight;
}

/* All n-grams of at least `least` tokens that are `step` apart. */
static void count_grams(const tfidf_params *params, const int32_t *tokens, size_t n, size_t step,
                        int64_t least, float *out) {
    for (size_t start = 0; start < n; start++) {
        int32_t entry = 0;
        size_t at = start;
        for (int64_t length = 1; length <= params->most; length++) {
            const gram_level *level = &params->levels[length - 1];
            if (tokens[at] < 0) break;
            entry = sk_lookup_key(&level->next, (int64_t)entry << 32 | tokens[at]);
            if (entry < 0) break;
            if (length >= least && level->ends_in[entry] >= 0) count(params, level->ends_in[entry], out);
            if (step >= n - at) break;
            at += step;
        }
    }
}

static sk_status tfidf_run(sk_run *r) {
    const tfidf_params *params = r->node->params;
    const sk_tensor *in = r->in[0];
    int32_t *tokens = r->scratch;
    size_t rows, n;
    sk_ml_size(in, &rows, &n);
    float *out = r->out[0]->data;
    for (size_t row = 0; row < rows; row++, out += params->width) {
        memset(out, 0, (size_t)params->width * sizeof *out);
        for (size_t i = 0; i < n; i++) tokens[i] = sk_lookup_find(&params->tokens, in, row * n + i);
        /* single tokens are the same whatever is skipped */
        for (size_t step = 1; step <= (size_t)params->skips + 1 && (step == 1 || step < n); step++)
            count_grams(params, tokens, n, step, step > 1 && params->least < 2 ? 2 : params->least, out);
    }
    return SK_OK;
}

const sk_impl sk_impl_tfidf = {
    .import = tfidf_import, .infer = tfidf_infer, .prepare = tfidf_prepare, .run = tfidf_run};
