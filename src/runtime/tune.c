/* Which of the product kernels that differ between machines and engines: they are timed against each other, a
 * little after each of the first predictions, because an engine compiles for speed only what has run. All
 * give the same bits, so that the choice may come at any time; plans made for another are made anew. The
 * loader hands the choice to later models of the same module. */
#include "runtime/model.h"

#define WORTH (2u << 20) /* bytes of packed weights; smaller models gain less than the timing costs */
#define ROUNDS 4
#define SAMPLE_MS 0.6 /* per candidate and round: 5 ms in all */
#define MOST 400      /* products in a sample, for clocks that do not move */
#define CLEARLY 1.05  /* faster, or it stays as it is */

/* Products a millisecond. The sample begins with a tick of the clock, which may be as coarse as a
 * millisecond. */
static double rate(const sk_model *model, int tile, float *work) {
    const double before = sk_now(model);
    double begin = before, now;
    int n = 0;
    for (int i = 0; i < MOST && begin == before; i++, begin = sk_now(model)) sk_trial(tile, work);
    for (now = begin; n < MOST && now - begin < SAMPLE_MS; n++, now = sk_now(model)) sk_trial(tile, work);
    return now > begin ? n / (now - begin) : 0;
}

void sk_tune(sk_model *model) {
    sk_tuning *t = &model->tuning;
    if (t->done || model->packed_bytes < WORTH || !model->host.now) return;
    if (t->round++ == 0) return; /* the first prediction has waited long enough */
    float *work = sk_calloc(&model->heap, SK_TRIAL_FLOATS, sizeof *work);
    if (!work) return;
    for (int tile = 0; tile < SK_MAX_TILES; tile++) {
        const double now = sk_trial(tile, work) ? rate(model, tile, work) : 0;
        if (now > t->best[tile]) t->best[tile] = now;
    }
    sk_free(&model->heap, work);
    if (t->round <= ROUNDS) return;
    t->done = 1;
    for (int tile = 0; tile < SK_MAX_TILES; tile++)
        if (t->best[tile] > CLEARLY * t->best[t->tile]) t->tile = (uint8_t)tile;
}

int sk_tuned(const sk_model *model) { return model->tuning.done ? 1 + model->tuning.tile : 0; }
