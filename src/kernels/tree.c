/* The walk down decision trees, four rows at a time and without branches: which child comes next is an
 * addition, since no branch predictor could know it. */
#include "kernels/tree.h"

#include "kernels/simd.h"

SK_INLINE uint32_t next(const sk_tree_node *node, const double *x) {
    return node->child + !(x[node->feature] <= node->split);
}

/* Does the first child come next by one of the rarer comparisons? */
static __attribute__((noinline)) int is_special(const sk_tree_node *node, const double *members, double x) {
    if (node->feature & SK_TREE_EQUAL) return x == node->split;
    for (members += (uint32_t)node->bits; *members == *members; members++)
        if (x == *members) return 1;
    return 0;
}

SK_INLINE uint32_t next_flags(const sk_tree_node *node, const double *members, const double *x) {
    const double value = x[node->feature & (SK_TREE_FEATURES - 1)];
    const int first = node->feature & (SK_TREE_EQUAL | SK_TREE_MEMBER) ? is_special(node, members, value)
                                                                       : value <= node->split;
    return node->child + !(first | ((value != value) & ((node->feature & SK_TREE_NAN) != 0)));
}

/* Every step moves all four; they are done when none of them moved. */
#define WALK(NEXT)                                                                                           \
    for (size_t row = 0; row < rows; row += SK_TREE_LANES, x += SK_TREE_LANES * stride) {                    \
        const double *x1 = x + stride, *x2 = x1 + stride, *x3 = x2 + stride;                                 \
        uint32_t a = root, b = root, c = root, d = root, moved;                                              \
        do {                                                                                                 \
            const uint32_t na = NEXT(a, x), nb = NEXT(b, x1), nc = NEXT(c, x2), nd = NEXT(d, x3);            \
            moved = (a ^ na) | (b ^ nb) | (c ^ nc) | (d ^ nd);                                               \
            a = na, b = nb, c = nc, d = nd;                                                                  \
        } while (moved);                                                                                     \
        leaf[row] = (uint32_t)nodes[a].bits;                                                                 \
        leaf[row + 1] = (uint32_t)nodes[b].bits;                                                             \
        leaf[row + 2] = (uint32_t)nodes[c].bits;                                                             \
        leaf[row + 3] = (uint32_t)nodes[d].bits;                                                             \
    }

#define PLAIN(at, x) next(&nodes[at], x)
#define FLAGS(at, x) next_flags(&nodes[at], members, x)

void sk_tree_walk(const sk_tree_node *nodes, uint32_t root, const double *x, size_t stride, size_t rows,
                  uint32_t *leaf) {
    WALK(PLAIN)
}

void sk_tree_walk_flags(const sk_tree_node *nodes, uint32_t root, const double *members, const double *x,
                        size_t stride, size_t rows, uint32_t *leaf) {
    WALK(FLAGS)
}
