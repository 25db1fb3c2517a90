/* Tree ensembles as read from their attributes: what tree_import.c makes and tree.c runs. */
#ifndef SK_OPS_TREE_H
#define SK_OPS_TREE_H

#include "kernels/tree.h"
#include "ops/ml.h"

/* What a leaf adds to one target. A leaf's votes lie in a row; the last one says so. */
typedef struct sk_vote {
    double weight;
    int32_t target; /* -1: no vote at all */
    uint8_t last;
} sk_vote;

/* Numbered as TreeEnsemble has it. */
enum { SK_TREE_AVERAGE, SK_TREE_SUM, SK_TREE_MIN, SK_TREE_MAX };

typedef struct sk_forest {
    sk_tree_node *nodes;
    uint32_t *roots;
    sk_vote *votes;        /* votes[0] is that of leaves without any */
    const double *members; /* sets, each ended by a NaN */
    size_t n_trees;
    uint32_t features; /* an input must have so many at least */
    int64_t targets;
    int32_t depth; /* of the deepest tree, for estimates */
    int aggregate, post;
    uint8_t flags;     /* has a node any of the flags? */
    uint8_t single;    /* every leaf has at most one vote, and there is one target */
    uint8_t one_voted; /* all votes of a classifier are for the same class */
    uint8_t has_sign;  /* some weight is negative */
    int32_t voted;     /* the class they are for */
    sk_list base, labels;
} sk_forest;

sk_status sk_forest_import(sk_import *c);

#endif
