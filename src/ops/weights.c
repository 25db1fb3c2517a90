/* Strips of weights; see weights.h. */
#include "ops/weights.h"

sk_status sk_weights_at(sk_weights *w, size_t first, size_t count, const float **floats) {
    if (w->data) {
        *floats = w->data + first;
        return SK_OK;
    }
    if (count > w->floats) {
        sk_free(w->pack->heap, w->strip);
        w->floats = 0;
        w->strip = sk_alloc(w->pack->heap, count * sizeof(float));
        if (!w->strip) return sk_oom(w->pack->err, count * sizeof(float));
        w->floats = count;
    }
    *floats = w->strip;
    return sk_const_read(w->pack->ir, w->pack->constants[w->input], first, count, w->strip, w->pack->err);
}

void sk_weights_close(sk_weights *w) {
    if (w->strip) sk_free(w->pack->heap, w->strip);
    w->strip = NULL;
}

int sk_packable(const sk_prepare *p, int i) {
    return i < p->n_in && p->constants[i] && !p->constants[i]->variable;
}
