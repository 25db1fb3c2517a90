/* From a histogram to the range that is worth cutting into steps: see observe.h. */
#include <math.h>

#include "runtime/observe.h"

#define SHRINKS 64 /* candidates for an end of the range: from all of it down to a 64th */

typedef struct cut { /* bins [from, to) stay, what is outside becomes the edges */
    int from, to;
} cut;

static double centre(const sk_watch *w, int bin) {
    return w->lo + (bin + 0.5) * ((double)w->hi - w->lo) / SK_BINS;
}

/* The bin at whose lower edge a number stands. */
static int bin_of(const sk_watch *w, double x) {
    const double at = (x - w->lo) * SK_BINS / ((double)w->hi - w->lo);
    return at <= 0 ? 0 : at >= SK_BINS ? SK_BINS : (int)(at + 0.5);
}

/* Squared error, summed, of rounding to `levels` steps between the cut's ends. */
static double squared_error(const sk_watch *w, cut c, int levels) {
    const double lo = fmin(centre(w, c.from) - (centre(w, 1) - centre(w, 0)) / 2, 0);
    const double hi = fmax(centre(w, c.to - 1) + (centre(w, 1) - centre(w, 0)) / 2, 0);
    const double step = (hi - lo) / (levels - 1), zero = nearbyint(-lo / step);
    double sum = 0;
    for (int i = 0; i < SK_BINS; i++) {
        if (!w->bins[i]) continue;
        const double x = centre(w, i);
        const double q = fmin(fmax(nearbyint(x / step) + zero, 0), levels - 1);
        const double e = x - (q - zero) * step;
        sum += (double)w->bins[i] * e * e;
    }
    return sum;
}

/* Kullback-Leibler divergence between what is there, clipped, and what `levels` steps can tell of it. */
static double divergence(const sk_watch *w, cut c, int levels) {
    const int n = c.to - c.from;
    double below = 0, above = 0, all = 0, inside = 0;
    for (int i = 0; i < SK_BINS; i++) {
        all += (double)w->bins[i];
        if (i < c.from) below += (double)w->bins[i];
        else if (i >= c.to) above += (double)w->bins[i];
        else inside += (double)w->bins[i];
    }
    if (!(inside > 0)) return INFINITY;
    double sum = 0;
    for (int level = 0; level < levels; level++) {
        const int first = c.from + (int)((int64_t)n * level / levels);
        const int end = c.from + (int)((int64_t)n * (level + 1) / levels);
        double mass = 0;
        int filled = 0;
        for (int i = first; i < end; i++) mass += (double)w->bins[i], filled += w->bins[i] > 0;
        for (int i = first; i < end; i++) {
            double p = (double)w->bins[i];
            if (i == c.from) p += below;
            if (i == c.to - 1) p += above;
            if (!(p > 0)) continue;
            const double q = w->bins[i] ? mass / filled / inside : 1e-12;
            sum += p / all * log(p / all / q);
        }
    }
    return sum;
}

typedef double cost(const sk_watch *w, cut c, int levels);

/* Ends are moved towards zero, both together first, then each alone. */
static cut least(const sk_watch *w, cost *of, int levels) {
    cut best = {0, SK_BINS};
    double lowest = of(w, best, levels);
    for (int pass = 0; pass < 3; pass++) {
        const cut start = best;
        for (int i = 1; i < SHRINKS; i++) {
            const double share = 1 - (double)i / SHRINKS;
            cut c = start;
            const double lo = w->lo + (double)start.from * ((double)w->hi - w->lo) / SK_BINS;
            const double hi = w->lo + (double)start.to * ((double)w->hi - w->lo) / SK_BINS;
            if (pass != 1 && lo < 0) c.from = bin_of(w, lo * share);
            if (pass != 2 && hi > 0) c.to = bin_of(w, hi * share);
            if (c.to - c.from < levels / 2) break;
            const double found = of(w, c, levels);
            if (found < lowest) lowest = found, best = c;
        }
    }
    return best;
}

static cut percentile_cut(const sk_watch *w, double percentile) {
    double all = 0, sum = 0;
    for (int i = 0; i < SK_BINS; i++) all += (double)w->bins[i];
    const int sides = (w->lo < 0) + (w->hi > 0);
    const double most = all * (100 - percentile) / 100 / (sides ? sides : 1); /* to be cut off at each end */
    cut c = {0, SK_BINS};
    for (; w->lo < 0 && c.from < SK_BINS - 1 && sum + (double)w->bins[c.from] <= most; c.from++)
        sum += (double)w->bins[c.from];
    sum = 0;
    for (; w->hi > 0 && c.to > c.from + 1 && sum + (double)w->bins[c.to - 1] <= most; c.to--)
        sum += (double)w->bins[c.to - 1];
    return c;
}

void sk_choose_range(const sk_watch *w, sk_range_method method, int levels, double percentile, float *lo,
                     float *hi) {
    const double width = ((double)w->hi - w->lo) / SK_BINS;
    cut c = {0, SK_BINS};
    *lo = w->lo;
    *hi = w->hi;
    if (w->bins && method == SK_RANGE_PERCENTILE) c = percentile_cut(w, percentile);
    if (w->bins && method == SK_RANGE_ENTROPY) c = least(w, divergence, levels);
    if (w->bins && method == SK_RANGE_MSE) c = least(w, squared_error, levels);
    if (c.from > 0) *lo = (float)(w->lo + c.from * width);
    if (c.to < SK_BINS) *hi = (float)(w->lo + c.to * width);
    if (*lo > 0) *lo = 0;
    if (*hi < 0) *hi = 0;
}
