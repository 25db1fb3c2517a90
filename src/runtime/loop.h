/* Between loop.c, which runs bodies, and collect.c, which puts together what their iterations give. */
#ifndef SK_RUNTIME_LOOP_H
#define SK_RUNTIME_LOOP_H

#include "runtime/model.h"

typedef struct collected { /* one scan output */
    sk_tensor item;        /* of one iteration */
    char *bytes;
    size_t used, capacity;
    int64_t missing; /* items of zeros in front, while their size is not known */
} collected;

enum { SCAN_NONE, SCAN, SCAN_BATCHES }; /* sk_loop.is_scan, as the rows of the op table say it */

struct sk_loop {
    sk_step *step;
    sk_plan *plan; /* around the body */
    sk_graph *body;
    int64_t trip, iteration;
    uint8_t condition;
    uint8_t is_scan;
    int32_t n_carried, n_scanned, n_collected; /* scanned: Scan's sliced inputs */
    sk_tensor *carried;                        /* data owned */
    sk_tensor *slices;                         /* Scan: this iteration's, data owned */
    collected *outputs;
    int64_t batch, batches; /* Scan 8; else 0 of 1 */
    int64_t longest;        /* Scan 8: what collected outputs are filled up to */
    int32_t first;          /* of the node's inputs: the first carried one */
    collected *finals;      /* Scan 8: what is carried out of each part of the batch */
};

sk_status sk_loop_malformed(sk_model *model, const sk_node *node, const char *what);
/* Entry i of an ints attribute; 0 where there is none. */
int64_t sk_loop_list(const sk_node *node, const char *name, int i);

/* Appends an item, which must be of the shape that those before it had; or so many of zeros. */
sk_status sk_collect(sk_model *model, const struct sk_loop *loop, collected *c, const sk_tensor *item);
sk_status sk_collect_zeros(sk_model *model, collected *c, int64_t count);
/* What was collected, as a tensor that takes the bytes: n (1 or 2) counts before the item's dimensions.
 * declared: what the body says of an item, for when there was none. */
sk_status sk_collected_tensor(sk_model *model, collected *c, const sk_value *declared, int n,
                              const int64_t *counts, sk_tensor *t);
/* Scan's collected output i: its first axis may belong elsewhere, and its items the other way round. */
sk_status sk_collected_turn(sk_model *model, const sk_node *node, int i, sk_tensor *t);

#endif
