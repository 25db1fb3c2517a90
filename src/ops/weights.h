/* Weights on their way into packed form: read strip by strip from where a constant lies, so that a model's
 * bytes are never in memory twice, or taken as they are when they were computed. */
#ifndef SK_OPS_WEIGHTS_H
#define SK_OPS_WEIGHTS_H

#include "graph/op.h"
#include "kernels/pack.h"

typedef struct sk_weights {
    const float *data;   /* the bytes, or NULL: */
    const sk_pack *pack; /* read input `input` of it */
    int input;
    float *strip;
    size_t floats; /* that strip holds */
} sk_weights;

/* `count` floats from `first` on, valid until the next call on w. */
sk_status sk_weights_at(sk_weights *w, size_t first, size_t count, const float **floats);
void sk_weights_close(sk_weights *w);

/* Can input i be packed once? It is a constant, and none that training changes. */
int sk_packable(const sk_prepare *p, int i);

#endif
