/* Decision trees as an array of nodes, and the walk down them. */
#ifndef SK_KERNELS_TREE_H
#define SK_KERNELS_TREE_H

#include <stddef.h>
#include <stdint.h>

/* A node's two children lie side by side: the walk goes to `child` where x[feature] <= split and to the one
 * behind it otherwise. A leaf is its own second child and its split is NaN, so that walks of different length
 * end together; the low half of the NaN is what the leaf stands for. */
typedef struct sk_tree_node {
    union {
        double split;
        uint64_t bits;
    };
    uint32_t feature; /* or'ed with the flags below, which most forests do without */
    uint32_t child;
} sk_tree_node;

#define SK_TREE_LEAF ((uint64_t)0x7ff8 << 48)
enum {
    SK_TREE_NAN = 1 << 29,    /* NaN goes to the first child */
    SK_TREE_EQUAL = 1 << 30,  /* x == split does instead of x <= split */
    SK_TREE_MEMBER = 1 << 28, /* x in members does: those from the low half of bits on, up to a NaN */
    SK_TREE_FLAGS = 7 << 28,
    SK_TREE_FEATURES = 1 << 28 /* more are too many */
};

/* Rows walk down side by side: one waits for memory while the others compare. */
#define SK_TREE_LANES 4

/* leaf[i] = what stands in the leaf that row i of x reaches from node `root`. rows: a multiple of
 * SK_TREE_LANES. */
void sk_tree_walk(const sk_tree_node *nodes, uint32_t root, const double *x, size_t stride, size_t rows,
                  uint32_t *leaf);
/* The same where nodes have flags. */
void sk_tree_walk_flags(const sk_tree_node *nodes, uint32_t root, const double *members, const double *x,
                        size_t stride, size_t rows, uint32_t *leaf);

#endif
