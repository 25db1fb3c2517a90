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

/* What both ways of writing say of each node. */
typedef struct source {
    sk_import *c;
    sk_forest *forest;
    size_t n, n_leaves; /* leaves of TreeEnsemble, otherwise all nodes */
    uint8_t *mode;
    child *first, *second; /* where the comparison holds, and where not */
    uint32_t *vote;        /* first vote of each leaf */
    sk_tensor features, splits, missing;
    uint32_t *member;    /* where the set of each MEMBER node begins */
    void *temporary[10]; /* freed at the end */
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

/* The double before x: y < x is y <= before(x), and never true when that is NaN. */
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
    const int64_t feature = ((const int64_t *)s->features.data)[i];
    int mode = s->mode[i];
    if ((mode == GTE || mode == GT) && sk_real_at(&s->splits, i) != sk_real_at(&s->splits, i))
        mode = EQ; /* with a NaN: never */
    const int turned = mode == GTE || mode == GT || mode == NEQ;
    int nan_first = sk_ml_count(&s->missing) && ((const int64_t *)s->missing.data)[i] != 0;
    if (feature < 0 || feature >= SK_TREE_FEATURES) return malformed(s, "a node compares feature", feature);
    if ((uint32_t)feature >= s->forest->features) s->forest->features = (uint32_t)feature + 1;
    node->feature = (uint32_t)feature;
    node->split = mode == MEMBER ? 0 : sk_real_at(&s->splits, i);
    if (mode == LT || mode == GTE) node->split = before(node->split);
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
            child next[2];
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
static sk_status take_votes(source *s, size_t n, const int32_t *leaf, const sk_tensor *targets,
                            const sk_tensor *weights) {
    sk_forest *f = s->forest;
    const int64_t *target = targets->data;
    if (n >= UINT32_MAX || f->targets > INT32_MAX)
        return sk_bad_attr(s->c, SK_LIMIT, "too many votes or targets");
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
        const double weight = sk_real_at(weights, i);
        if (weight < 0) f->has_sign = 1;
        f->votes[1 + start[leaf[i]]++] = (sk_vote){weight, (int32_t)target[i], 0};
    }
    /* start[i] is now where leaf i ends */
    for (size_t i = s->n_leaves; i-- > 0;) {
        const uint32_t begin = i ? start[i - 1] : 0, end = start[i];
        if (end > begin) f->votes[end].last = 1;
        start[i] = end > begin ? begin + 1 : 0;
    }
    return SK_OK;
}

/* ---- nodes named by ids (versions 1 and 3) ---- */

/* Tree and node id as one number that sorts by both. */
static sk_status id_key(const source *s, int64_t tree, int64_t node, int64_t *key) {
    if (tree < 0 || tree > INT32_MAX) return malformed(s, "there is no tree", tree);
    if (node < 0 || node > INT32_MAX) return malformed(s, "there is no node", node);
    *key = tree << 32 | node;
    return SK_OK;
}

typedef struct node_ids {
    const int64_t *tree, *node;
    sk_lookup lookup; /* of id_key */
} node_ids;

static sk_status find_node(const source *s, const node_ids *ids, int64_t tree, int64_t node, int32_t *index) {
    int64_t key = 0;
    SK_TRY(id_key(s, tree, node, &key));
    *index = sk_lookup_key(&ids->lookup, key);
    return *index < 0 ? malformed(s, "there is no node", node) : SK_OK;
}

static sk_status sort_ids(source *s, node_ids *ids) {
    sk_ranked *sorted = temporary(s, s->n, sizeof *sorted);
    if (!sorted) return SK_OUT_OF_MEMORY;
    ids->lookup = (sk_lookup){.sorted = sorted, .n = s->n};
    for (size_t i = 0; i < s->n; i++) {
        sorted[i].index = (int32_t)i;
        SK_TRY(id_key(s, ids->tree[i], ids->node[i], &sorted[i].key));
    }
    sk_rank_sort(sorted, s->n);
    for (size_t i = 1; i < s->n; i++)
        if (sorted[i].key == sorted[i - 1].key)
            return malformed(s, "two nodes have the id", sorted[i].key & INT32_MAX);
    return SK_OK;
}

static sk_status read_modes(source *s, const sk_string *words) {
    for (size_t i = 0; i < s->n; i++) {
        const int mode = sk_word(&words[i], mode_words);
        if (mode < 0 || mode == MEMBER) return malformed(s, "unknown mode of node", (int64_t)i);
        s->mode[i] = (uint8_t)mode;
    }
    return SK_OK;
}

/* Each tree's root is the first of its nodes in the file; trees come in the order of their ids. */
static sk_status find_roots(source *s, const node_ids *ids, child **roots) {
    const sk_ranked *sorted = ids->lookup.sorted;
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

static sk_status read_children(source *s, const node_ids *ids, const char *name, child *children) {
    sk_tensor list;
    SK_TRY(sk_ml_ints(s->c, name, s->n, &list));
    for (size_t i = 0; i < s->n; i++) {
        int32_t index = 0;
        if (s->mode[i] == LEAF) continue;
        SK_TRY(find_node(s, ids, ids->tree[i], ((const int64_t *)list.data)[i], &index));
        children[i] = s->mode[index] == LEAF ? ~index : index;
    }
    return SK_OK;
}

static sk_status read_votes(source *s, const node_ids *ids, int classifier) {
    sk_tensor tree, node, target, weight;
    SK_TRY(sk_ml_ints(s->c, classifier ? "class_ids" : "target_ids", SK_ML_ANY, &target));
    const size_t n = sk_ml_count(&target);
    SK_TRY(sk_ml_ints(s->c, classifier ? "class_treeids" : "target_treeids", n, &tree));
    SK_TRY(sk_ml_ints(s->c, classifier ? "class_nodeids" : "target_nodeids", n, &node));
    SK_TRY(sk_ml_floats(s->c, classifier ? "class_weights" : "target_weights",
                        classifier ? "class_weights_as_tensor" : "target_weights_as_tensor", n, &weight));
    int32_t *leaf = temporary(s, n, sizeof *leaf);
    if (!leaf) return SK_OUT_OF_MEMORY;
    for (size_t i = 0; i < n; i++)
        SK_TRY(find_node(s, ids, ((const int64_t *)tree.data)[i], ((const int64_t *)node.data)[i], &leaf[i]));
    return take_votes(s, n, leaf, &target, &weight);
}

static sk_status read_by_ids(source *s, int classifier, child **roots) {
    sk_tensor tree, node, modes;
    SK_TRY(sk_ml_list(s->c, "nodes_modes", SK_ATTR_STRINGS, NULL, &modes));
    s->n = s->n_leaves = sk_ml_count(&modes);
    if (!s->n) return sk_bad_attr(s->c, SK_MALFORMED, "no nodes");
    SK_TRY(sk_ml_ints(s->c, "nodes_treeids", s->n, &tree));
    SK_TRY(sk_ml_ints(s->c, "nodes_nodeids", s->n, &node));
    SK_TRY(sk_ml_floats(s->c, "nodes_values", "nodes_values_as_tensor", s->n, &s->splits));
    node_ids ids = {tree.data, node.data, {.n = 0}};
    s->mode = temporary(s, s->n, 1);
    s->first = temporary(s, s->n, 2 * sizeof *s->first);
    if (!s->mode || !s->first) return SK_OUT_OF_MEMORY;
    s->second = s->first + s->n;
    SK_TRY(read_modes(s, modes.data));
    SK_TRY(sort_ids(s, &ids));
    SK_TRY(read_children(s, &ids, "nodes_truenodeids", s->first));
    SK_TRY(read_children(s, &ids, "nodes_falsenodeids", s->second));
    SK_TRY(find_roots(s, &ids, roots));
    return read_votes(s, &ids, classifier);
}

/* ---- nodes by position (version 5) ---- */

static sk_status read_refs(source *s, const char *ids_name, const char *leafs_name, child *children) {
    sk_tensor ids, leafs;
    SK_TRY(sk_ml_ints(s->c, ids_name, s->n, &ids));
    SK_TRY(sk_ml_ints(s->c, leafs_name, s->n, &leafs));
    for (size_t i = 0; i < s->n; i++) {
        const int64_t id = ((const int64_t *)ids.data)[i];
        const int is_leaf = ((const int64_t *)leafs.data)[i] != 0;
        if (id < 0 || (uint64_t)id >= (is_leaf ? s->n_leaves : s->n))
            return malformed(s, is_leaf ? "there is no leaf" : "there is no node", id);
        children[i] = is_leaf ? ~(int32_t)id : (int32_t)id;
    }
    return SK_OK;
}

/* The sets come in the order of the nodes; the last one may lack its NaN. */
static sk_status read_members(source *s) {
    sk_tensor list;
    SK_TRY(sk_ml_floats(s->c, NULL, "membership_values", SK_ML_ANY, &list));
    const size_t n = sk_ml_count(&list);
    double *members = sk_arena_calloc(&s->c->ir->arena, n + 1, sizeof *members);
    s->member = temporary(s, s->n, sizeof *s->member);
    if (!members || !s->member) return sk_oom(s->c->err, n * sizeof *members);
    sk_ml_doubles(&list, 0, members, n);
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

static sk_status read_roots(source *s, child **roots) {
    sk_tensor list;
    SK_TRY(sk_ml_ints(s->c, "tree_roots", SK_ML_ANY, &list));
    const size_t n = s->forest->n_trees = sk_ml_count(&list);
    *roots = temporary(s, n, sizeof **roots);
    s->forest->roots = sk_arena_calloc(&s->c->ir->arena, n, sizeof *s->forest->roots);
    if (!*roots || !s->forest->roots) return sk_oom(s->c->err, n * sizeof **roots);
    for (size_t i = 0; i < n; i++) {
        const int64_t root = ((const int64_t *)list.data)[i];
        if (root < 0 || (uint64_t)root >= s->n) return malformed(s, "there is no root", root);
        (*roots)[i] = (int32_t)root;
    }
    return n ? SK_OK : sk_bad_attr(s->c, SK_MALFORMED, "no trees");
}

static sk_status read_by_position(source *s, child **roots) {
    sk_tensor modes, target, weight;
    SK_TRY(sk_ml_list(s->c, NULL, SK_ATTR_TENSOR, "nodes_modes", &modes));
    if (modes.rank < 0 || modes.type != SK_UINT8)
        return sk_bad_attr(s->c, SK_MALFORMED, "nodes_modes is no uint8 tensor");
    s->n = sk_numel(&modes);
    SK_TRY(sk_ml_floats(s->c, NULL, "nodes_splits", s->n, &s->splits));
    SK_TRY(sk_ml_ints(s->c, "leaf_targetids", SK_ML_ANY, &target));
    s->n_leaves = sk_ml_count(&target);
    SK_TRY(sk_ml_floats(s->c, NULL, "leaf_weights", s->n_leaves, &weight));
    s->mode = modes.data;
    for (size_t i = 0; i < s->n; i++)
        if (s->mode[i] > MEMBER) return malformed(s, "unknown mode of node", (int64_t)i);
    s->first = temporary(s, s->n, 2 * sizeof *s->first);
    int32_t *leaf = temporary(s, s->n_leaves, sizeof *leaf);
    if (!s->first || !leaf) return SK_OUT_OF_MEMORY;
    s->second = s->first + s->n;
    SK_TRY(read_refs(s, "nodes_truenodeids", "nodes_trueleafs", s->first));
    SK_TRY(read_refs(s, "nodes_falsenodeids", "nodes_falseleafs", s->second));
    SK_TRY(read_members(s));
    SK_TRY(read_roots(s, roots));
    for (size_t i = 0; i < s->n_leaves; i++) leaf[i] = (int32_t)i;
    return take_votes(s, s->n_leaves, leaf, &target, &weight);
}

static sk_status read_options(source *s, int kind) {
    static const char *const functions[] = {"AVERAGE", "SUM", "MIN", "MAX", NULL};
    sk_forest *f = s->forest;
    int64_t aggregate = SK_TREE_SUM, post = SK_ML_NONE;
    f->aggregate = SK_TREE_SUM;
    f->base = sk_unknown_tensor();
    if (kind == SK_TREE_CLASSIFIER) {
        SK_TRY(sk_ml_labels(s->c, "classlabels_int64s", "classlabels_strings", &f->labels));
        f->targets = (int64_t)sk_ml_count(&f->labels);
    } else {
        SK_TRY(sk_want_int(s->c, "n_targets", 0, &f->targets));
        if (f->targets < 1)
            return sk_bad_attr(s->c, SK_MALFORMED, "n_targets is %lld", (long long)f->targets);
    }
    if (kind == SK_TREE_ENSEMBLE) {
        SK_TRY(sk_want_int(s->c, "aggregate_function", SK_TREE_SUM, &aggregate));
        SK_TRY(sk_want_int(s->c, "post_transform", SK_ML_NONE, &post));
        if (aggregate < 0 || aggregate > SK_TREE_MAX || post < 0 || post > SK_ML_PROBIT)
            return sk_bad_attr(s->c, SK_MALFORMED, "aggregate_function or post_transform is out of range");
        f->aggregate = (int)aggregate;
        f->post = (int)post;
        return SK_OK;
    }
    SK_TRY(sk_ml_floats(s->c, "base_values", "base_values_as_tensor", SK_ML_ANY, &f->base));
    if ((int64_t)sk_ml_count(&f->base) > f->targets ||
        (kind == SK_TREE_REGRESSOR && sk_ml_count(&f->base) && (int64_t)sk_ml_count(&f->base) < f->targets))
        return malformed(
            s, "the number of base_values is not that of the targets:", (int64_t)sk_ml_count(&f->base));
    if (kind == SK_TREE_REGRESSOR)
        SK_TRY(sk_want_word(s->c, "aggregate_function", functions, SK_TREE_SUM, &f->aggregate));
    return sk_ml_post(s->c, &f->post);
}

static sk_status read_forest(source *s) {
    const int kind = s->c->node->op->param;
    child *roots = NULL;
    SK_TRY(read_options(s, kind));
    SK_TRY(kind == SK_TREE_ENSEMBLE ? read_by_position(s, &roots)
                                    : read_by_ids(s, kind == SK_TREE_CLASSIFIER, &roots));
    SK_TRY(sk_ml_ints(s->c, "nodes_featureids", s->n, &s->features));
    SK_TRY(sk_ml_ints(s->c, "nodes_missing_value_tracks_true", SK_ML_ANY, &s->missing));
    if (sk_ml_count(&s->missing))
        SK_TRY(sk_ml_ints(s->c, "nodes_missing_value_tracks_true", s->n, &s->missing));
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
