/* Tree ensembles, from attributes to arrays. Two ways of writing them down become one: TreeEnsembleRegressor
 * and TreeEnsembleClassifier list nodes and leaves together, named by tree and node ids; TreeEnsemble lists
 * them apart, by position. Every number is the file's: ids are looked up, positions checked, and a node that
 * is reached a second time is an error, so that walks end. */
#include <math.h>
#include <string.h>

#include "ops/tree.h"

/* Modes in TreeEnsemble's numbers. */
enum { LEQ, LT, GTE, GT, EQ, NEQ, MEMBER, LEAF };
static const char *const mode_words[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ",
                                         "BRANCH_NEQ", "?",         "LEAF",       NULL};

typedef int32_t child; /* as the file has it: a node, or ~leaf */

/* The attributes: lists of nodes, of votes, and others. */
enum {
    MODES,
    FEATURES,
    SPLITS,
    TRUE_IDS,
    FALSE_IDS,
    TREE_IDS,
    NODE_IDS,
    TARGETS,
    WEIGHTS,
    VOTE_TREES,
    VOTE_NODES,
    MISSING,
    ROOTS,
    MEMBERS,
    LISTS
};
enum { TRUE_LEAFS = TREE_IDS, FALSE_LEAFS = NODE_IDS }; /* of TreeEnsemble */
#define FLOAT_TYPES (SK_T(FLOAT32) | SK_T(FLOAT64) | SK_T(FLOAT16))
#define INTS(name, list) {name, 0, SK_ATTR_INTS, (list) * sizeof(sk_list)}
#define FLOATS(name, list)                                                                                   \
    {name, 0, SK_ATTR_FLOATS, (list) * sizeof(sk_list)}, {                                                   \
        name "_as_tensor", FLOAT_TYPES, SK_ATTR_TENSOR, (list) * sizeof(sk_list)                             \
    }
#define NUMBERS(name, list) {name, FLOAT_TYPES, SK_ATTR_TENSOR, (list) * sizeof(sk_list)}
#define NODES                                                                                                \
    INTS("nodes_featureids", FEATURES), INTS("nodes_truenodeids", TRUE_IDS),                                 \
        INTS("nodes_falsenodeids", FALSE_IDS), INTS("nodes_missing_value_tracks_true", MISSING)
#define NAMED_NODES                                                                                          \
    NODES, {"nodes_modes", 0, SK_ATTR_STRINGS, MODES * sizeof(sk_list)}, FLOATS("nodes_values", SPLITS),     \
        INTS("nodes_treeids", TREE_IDS), INTS("nodes_nodeids", NODE_IDS)
#define VOTES(kind)                                                                                          \
    INTS(kind "_ids", TARGETS), INTS(kind "_treeids", VOTE_TREES), INTS(kind "_nodeids", VOTE_NODES),        \
        FLOATS(kind "_weights", WEIGHTS)
static const sk_field_row named[] = {NAMED_NODES, VOTES("target"), VOTES("class"), {.name = NULL}};
static const sk_field_row ensemble[] = {NODES,
                                        {"nodes_modes", SK_T(UINT8), SK_ATTR_TENSOR, MODES * sizeof(sk_list)},
                                        NUMBERS("nodes_splits", SPLITS),
                                        INTS("nodes_trueleafs", TRUE_LEAFS),
                                        INTS("nodes_falseleafs", FALSE_LEAFS),
                                        INTS("leaf_targetids", TARGETS),
                                        NUMBERS("leaf_weights", WEIGHTS),
                                        INTS("tree_roots", ROOTS),
                                        NUMBERS("membership_values", MEMBERS),
                                        {.name = NULL}};

/* What both ways of writing say of each node. */
typedef struct source {
    sk_list list[LISTS];
    sk_import *c;
    sk_forest *forest;
    size_t n, n_leaves; /* leaves of TreeEnsemble, otherwise all nodes */
    uint8_t *mode;
    child *first, *second; /* where the comparison holds, and where not */
    uint32_t *vote;        /* first vote of each leaf */
    uint32_t *member;      /* where the set of each MEMBER node begins */
    void *temporary[10];   /* freed at the end */
    int n_temporary;
} source;

static void *temporary(source *s, size_t count, size_t size) {
    void *block = sk_calloc(s->c->ir->arena.heap, count, size);
    if (block) s->temporary[s->n_temporary++] = block;
    else sk_oom(s->c->err, count);
    return block;
}

static sk_status malformed(const source *s, const char *what, int64_t which) {
    return sk_bad_attr(s->c, SK_MALFORMED, "%s %lld", what, (long long)which);
}

/* y < x is y <= before(x), and never true when that is NaN. */
static double before(double x) {
    uint64_t bits;
    if (!(x > -INFINITY)) return NAN;
    if (x == 0) return -4.9406564584124654e-324;
    memcpy(&bits, &x, sizeof bits);
    bits += x > 0 ? (uint64_t)-1 : 1;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The comparison of node i. All orders become <=, with children changing places where need be. */
static sk_status write_node(source *s, sk_tree_node *node, size_t i, child next[2]) {
    const int64_t feature = sk_list_int(&s->list[FEATURES], i);
    const double split = sk_list_real(&s->list[SPLITS], i);
    int mode = s->mode[i];
    if ((mode == GTE || mode == GT) && split != split) mode = EQ; /* with a NaN: never */
    const int turned = mode == GTE || mode == GT || mode == NEQ;
    int nan_first = s->list[MISSING].n && sk_list_int(&s->list[MISSING], i) != 0;
    if (feature < 0 || feature >= SK_TREE_FEATURES) return malformed(s, "a node compares feature", feature);
    if ((uint32_t)feature >= s->forest->features) s->forest->features = (uint32_t)feature + 1;
    node->feature = (uint32_t)feature;
    node->split = mode == LT || mode == GTE ? before(split) : split;
    if (mode == EQ || mode == NEQ) node->feature |= SK_TREE_EQUAL;
    if (mode == MEMBER) {
        node->feature |= SK_TREE_MEMBER;
        node->bits = s->member[i];
    }
    /* only x != v holds for a NaN without being told to */
    if (turned) nan_first = mode != NEQ && !nan_first;
    if (nan_first) node->feature |= SK_TREE_NAN;
    if (node->feature & SK_TREE_FLAGS) s->forest->flags = 1;
    next[turned] = s->first[i];
    next[!turned] = s->second[i];
    return SK_OK;
}

/* Lays the trees out level by level, children side by side. from[k]: what node k of the result is. */
static sk_status flatten(source *s, const child *roots) {
    sk_forest *f = s->forest;
    size_t room, used = 0;
    if (!sk_mul(s->n, 2, &room) || !sk_add(room, f->n_trees, &room) || room > INT32_MAX)
        return sk_bad_attr(s->c, SK_LIMIT, "too many nodes");
    child *from = temporary(s, room, sizeof *from);
    uint8_t *seen = temporary(s, s->n, 1);
    f->nodes = sk_arena_calloc(&s->c->ir->arena, room, sizeof *f->nodes);
    if (!from || !seen || !f->nodes) return sk_oom(s->c->err, room * sizeof *f->nodes);
    for (size_t tree = 0; tree < f->n_trees; tree++) {
        size_t level_end = used + 1;
        int32_t depth = 0;
        from[used] = roots[tree];
        f->roots[tree] = (uint32_t)used;
        for (size_t at = used++; at < used; at++) {
            sk_tree_node *node = &f->nodes[at];
            child next[2] = {0, 0};
            if (at == level_end) level_end = used, depth++;
            if (from[at] < 0) {
                node->bits = SK_TREE_LEAF | s->vote[~from[at]];
                node->child = (uint32_t)at - 1;
                continue;
            }
            if (seen[from[at]]++) return malformed(s, "more than one way leads to node", from[at]);
            SK_TRY(write_node(s, node, (size_t)from[at], next));
            node->child = (uint32_t)used;
            from[used] = next[0];
            from[used + 1] = next[1];
            used += 2;
        }
        if (depth > f->depth) f->depth = depth;
    }
    return SK_OK;
}

/* votes[1..]: by leaf, in the order of the file. leaf[i]: whose vote i is. */
static sk_status take_votes(source *s, const int32_t *leaf) {
    sk_forest *f = s->forest;
    const int64_t *target = s->list[TARGETS].data;
    const size_t n = s->list[TARGETS].n;
    f->votes = sk_arena_calloc(&s->c->ir->arena, n + 1, sizeof *f->votes);
    uint32_t *start = temporary(s, s->n_leaves + 1, sizeof *start);
    s->vote = start;
    if (!f->votes || !start) return sk_oom(s->c->err, n * sizeof *f->votes);
    f->votes[0] = (sk_vote){0, -1, 1};
    f->one_voted = n > 0;
    for (size_t i = 0; i < n; i++) {
        if (target[i] < 0 || target[i] >= f->targets) return malformed(s, "there is no target", target[i]);
        start[leaf[i] + 1]++;
        if (target[i] != target[0]) f->one_voted = 0;
    }
    f->voted = n ? (int32_t)target[0] : 0;
    f->single = f->targets == 1;
    for (size_t i = 0; i < s->n_leaves; i++) {
        if (start[i + 1] > 1) f->single = 0;
        start[i + 1] += start[i];
    }
    for (size_t i = 0; i < n; i++) {
        const double weight = sk_list_real(&s->list[WEIGHTS], i);
        if (weight < 0) f->has_sign = 1;
        f->votes[1 + start[leaf[i]]++] = (sk_vote){weight, (int32_t)target[i], 0};
    }
    for (size_t i = s->n_leaves; i-- > 0;) { /* start[i] is where leaf i ends */
        const uint32_t begin = i ? start[i - 1] : 0, end = start[i];
        if (end > begin) f->votes[end].last = 1;
        start[i] = end > begin ? begin + 1 : 0;
    }
    return SK_OK;
}

/* Tree and node id as one number that sorts by both. */
static sk_status id_key(const source *s, int64_t tree, int64_t node, int64_t *key) {
    if (tree < 0 || tree > INT32_MAX) return malformed(s, "there is no tree", tree);
    if (node < 0 || node > INT32_MAX) return malformed(s, "there is no node", node);
    *key = tree << 32 | node;
    return SK_OK;
}

static sk_status find_node(const source *s, const sk_lookup *ids, int64_t tree, int64_t node,
                           int32_t *index) {
    int64_t key = 0;
    SK_TRY(id_key(s, tree, node, &key));
    *index = sk_lookup_key(ids, key);
    return *index < 0 ? malformed(s, "there is no node", node) : SK_OK;
}

static sk_status sort_ids(source *s, sk_lookup *ids) {
    sk_ranked *sorted = ids->sorted = temporary(s, s->n, sizeof *sorted);
    if (!sorted) return SK_OUT_OF_MEMORY;
    ids->keys.n = s->n;
    for (size_t i = 0; i < s->n; i++) {
        sorted[i].index = (int32_t)i;
        SK_TRY(id_key(s, sk_list_int(&s->list[TREE_IDS], i), sk_list_int(&s->list[NODE_IDS], i),
                      &sorted[i].key));
    }
    sk_rank_sort(sorted, s->n);
    for (size_t i = 1; i < s->n; i++)
        if (sorted[i].key == sorted[i - 1].key)
            return malformed(s, "two nodes have the id", sorted[i].key & INT32_MAX);
    return SK_OK;
}

/* Each tree's root is the first of its nodes in the file; trees come in the order of their ids. */
static sk_status find_roots(source *s, const sk_lookup *ids, child **roots) {
    const sk_ranked *sorted = ids->sorted;
    sk_forest *f = s->forest;
    for (size_t i = 0; i < s->n; i++) f->n_trees += !i || sorted[i].key >> 32 != sorted[i - 1].key >> 32;
    *roots = temporary(s, f->n_trees, sizeof **roots);
    f->roots = sk_arena_calloc(&s->c->ir->arena, f->n_trees, sizeof *f->roots);
    if (!*roots || !f->roots) return sk_oom(s->c->err, f->n_trees * sizeof **roots);
    size_t tree = f->n_trees;
    for (size_t i = 0; i < s->n; i++) {
        if (!i || sorted[i].key >> 32 != sorted[i - 1].key >> 32) (*roots)[--tree] = sorted[i].index;
        else if (sorted[i].index < (*roots)[tree]) (*roots)[tree] = sorted[i].index;
    }
    for (tree = 0; tree < f->n_trees; tree++)
        if (s->mode[(*roots)[tree]] == LEAF) (*roots)[tree] = ~(*roots)[tree];
    return SK_OK;
}

static sk_status read_by_ids(source *s, child **roots) {
    const sk_list *list = s->list;
    const size_t votes = list[TARGETS].n;
    sk_lookup ids;
    s->mode = temporary(s, s->n, 1);
    int32_t *leaf = temporary(s, votes, sizeof *leaf);
    if (!s->mode || !leaf) return SK_OUT_OF_MEMORY;
    for (size_t i = 0; i < s->n; i++) {
        const int mode = sk_word((const sk_string *)list[MODES].data + i, mode_words);
        if (mode < 0 || mode == MEMBER) return malformed(s, "unknown mode of node", (int64_t)i);
        s->mode[i] = (uint8_t)mode;
    }
    SK_TRY(sort_ids(s, &ids));
    for (size_t k = 0; k < 2 * s->n; k++) {
        const size_t i = k / 2;
        int32_t index = 0;
        if (s->mode[i] == LEAF) continue;
        SK_TRY(find_node(s, &ids, sk_list_int(&list[TREE_IDS], i),
                         sk_list_int(&list[k % 2 ? FALSE_IDS : TRUE_IDS], i), &index));
        (k % 2 ? s->second : s->first)[i] = s->mode[index] == LEAF ? ~index : index;
    }
    for (size_t i = 0; i < votes; i++)
        SK_TRY(find_node(s, &ids, sk_list_int(&list[VOTE_TREES], i), sk_list_int(&list[VOTE_NODES], i),
                         &leaf[i]));
    SK_TRY(find_roots(s, &ids, roots));
    return take_votes(s, leaf);
}

static sk_status read_refs(source *s, int ids, int leafs, child *children) {
    for (size_t i = 0; i < s->n; i++) {
        const int64_t id = sk_list_int(&s->list[ids], i);
        const int is_leaf = sk_list_int(&s->list[leafs], i) != 0;
        if (id < 0 || (uint64_t)id >= (is_leaf ? s->n_leaves : s->n))
            return malformed(s, is_leaf ? "there is no leaf" : "there is no node", id);
        children[i] = is_leaf ? ~(int32_t)id : (int32_t)id;
    }
    return SK_OK;
}

/* The sets come in the order of the nodes; the last one may lack its NaN. */
static sk_status read_members(source *s) {
    const size_t n = s->list[MEMBERS].n;
    double *members = sk_arena_calloc(&s->c->ir->arena, n + 1, sizeof *members);
    s->member = temporary(s, s->n, sizeof *s->member);
    if (!members || !s->member) return sk_oom(s->c->err, n * sizeof *members);
    for (size_t i = 0; i < n; i++) members[i] = sk_list_real(&s->list[MEMBERS], i);
    members[n] = NAN;
    size_t at = 0;
    for (size_t i = 0; i < s->n; i++) {
        if (s->mode[i] != MEMBER) continue;
        if (at >= n) return malformed(s, "there is no set of members for node", (int64_t)i);
        s->member[i] = (uint32_t)at;
        while (members[at] == members[at]) at++;
        at++;
    }
    s->forest->members = members;
    return SK_OK;
}

static sk_status read_by_position(source *s, child **roots) {
    const sk_list *list = s->list;
    const size_t n = s->forest->n_trees = list[ROOTS].n;
    s->n_leaves = list[TARGETS].n;
    s->mode = (uint8_t *)(uintptr_t)list[MODES].data;
    int32_t *leaf = temporary(s, s->n_leaves, sizeof *leaf);
    *roots = temporary(s, n, sizeof **roots);
    s->forest->roots = sk_arena_calloc(&s->c->ir->arena, n, sizeof *s->forest->roots);
    if (!leaf || !*roots || !s->forest->roots) return sk_oom(s->c->err, n * sizeof **roots);
    for (size_t i = 0; i < s->n; i++)
        if (s->mode[i] > MEMBER) return malformed(s, "unknown mode of node", (int64_t)i);
    for (size_t i = 0; i < n; i++) {
        const int64_t root = sk_list_int(&list[ROOTS], i);
        if (root < 0 || (uint64_t)root >= s->n) return malformed(s, "there is no root", root);
        (*roots)[i] = (int32_t)root;
    }
    for (size_t i = 0; i < s->n_leaves; i++) leaf[i] = (int32_t)i;
    SK_TRY(read_refs(s, TRUE_IDS, TRUE_LEAFS, s->first));
    SK_TRY(read_refs(s, FALSE_IDS, FALSE_LEAFS, s->second));
    SK_TRY(read_members(s));
    return n ? take_votes(s, leaf) : sk_ml_misfit(s->c, "trees");
}

#define PLACE(field) .offset = offsetof(sk_forest, field)
static const sk_field_row options[] = {
    {"n_targets", .kind = SK_ATTR_INT, PLACE(targets)},
    {"classlabels_int64s", .kind = SK_ATTR_INTS, PLACE(labels)},
    {"classlabels_strings", .kind = SK_ATTR_STRINGS, PLACE(labels)},
    {"base_values", .kind = SK_ATTR_FLOATS, PLACE(base)},
    {"base_values_as_tensor", FLOAT_TYPES, SK_ATTR_TENSOR, PLACE(base)},
    {.name = NULL},
};

static sk_status read_options(source *s, int kind) {
    static const char *const functions[] = {"AVERAGE", "SUM", "MIN", "MAX", NULL};
    sk_forest *f = s->forest;
    SK_TRY(sk_ml_read(s->c, f, options));
    if (kind == SK_TREE_CLASSIFIER) f->targets = (int64_t)f->labels.n;
    if (kind != SK_TREE_ENSEMBLE) {
        SK_TRY(sk_want_word(s->c, "aggregate_function", functions, SK_TREE_SUM, &f->aggregate));
        SK_TRY(sk_ml_post(s->c, &f->post));
    } else {
        int64_t aggregate, post;
        SK_TRY(sk_want_int(s->c, "aggregate_function", SK_TREE_SUM, &aggregate));
        SK_TRY(sk_want_int(s->c, "post_transform", SK_ML_NONE, &post));
        if (aggregate < 0 || aggregate > SK_TREE_MAX || post < 0 || post > SK_ML_PROBIT)
            return malformed(s, "aggregate_function or post_transform is none of", SK_ML_PROBIT);
        f->aggregate = (int)aggregate;
        f->post = (int)post;
    }
    if (f->targets < 1 || f->targets > INT32_MAX) return malformed(s, "the number of targets is", f->targets);
    if ((int64_t)f->base.n > f->targets ||
        (kind == SK_TREE_REGRESSOR && f->base.n && (int64_t)f->base.n < f->targets))
        return sk_ml_misfit(s->c, "base_values and targets");
    return SK_OK;
}

static int lengths_fit(const source *s, int kind) {
    const sk_list *list = s->list;
    for (int i = MODES; i <= NODE_IDS; i++)
        if (list[i].n != s->n) return 0;
    for (int i = TARGETS; i <= (kind == SK_TREE_ENSEMBLE ? WEIGHTS : VOTE_NODES); i++)
        if (list[i].n != list[TARGETS].n) return 0;
    return s->n && (!list[MISSING].n || list[MISSING].n == s->n);
}

static sk_status read_forest(source *s) {
    const int kind = s->c->node->op->param;
    child *roots = NULL;
    SK_TRY(read_options(s, kind));
    SK_TRY(sk_ml_read(s->c, s->list, kind == SK_TREE_ENSEMBLE ? ensemble : named));
    s->n = s->n_leaves = s->list[MODES].n;
    if (!lengths_fit(s, kind)) return sk_ml_misfit(s->c, "lengths of attributes");
    s->first = temporary(s, s->n, 2 * sizeof *s->first);
    if (!s->first) return SK_OUT_OF_MEMORY;
    s->second = s->first + s->n;
    SK_TRY(kind == SK_TREE_ENSEMBLE ? read_by_position(s, &roots) : read_by_ids(s, &roots));
    s->forest->features = 1; /* leaves look at the first feature, too */
    return flatten(s, roots);
}

sk_status sk_forest_import(sk_import *c) {
    source s = {.c = c, .forest = sk_params(c, sizeof(sk_forest))};
    if (!s.forest) return SK_OUT_OF_MEMORY;
    const sk_status status = read_forest(&s);
    while (s.n_temporary) sk_free(c->ir->arena.heap, s.temporary[--s.n_temporary]);
    return status;
}
