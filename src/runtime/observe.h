/* What float32 values of the main graph take during predictions, for calibration: ranges first, then
 * histograms within these ranges. Of tools builds. Views and what is known before a run are not steps and so
 * not seen: a view's range is its source's. */
#ifndef SK_RUNTIME_OBSERVE_H
#define SK_RUNTIME_OBSERVE_H

#include "runtime/model.h"

#define SK_BINS 2048

typedef enum sk_observation { SK_OBSERVE_RANGES = 1, SK_OBSERVE_HISTOGRAMS = 2 } sk_observation;

typedef struct sk_watch {
    float lo, hi;   /* of the finite numbers seen; lo > hi: none */
    uint8_t broken; /* a NaN or an infinity was among them */
    uint64_t *bins; /* SK_BINS between lo and hi, or NULL */
} sk_watch;

typedef struct sk_observer {
    sk_observation stage;
    sk_watch *watch; /* by index of the main graph's values */
    int32_t n;
    int32_t runs; /* predictions seen in this stage */
} sk_observer;

/* From the next prediction on; histograms need ranges that were observed before. */
sk_status sk_observer_start(sk_model *model, sk_observation stage);
void sk_observer_free(sk_model *model);

/* At a prediction's start and after each of its steps, when model->observer is there. */
sk_status sk_observe_inputs(sk_model *model);
sk_status sk_observe_step(sk_model *model, const sk_step *step);

/* How a range is chosen from what was seen. */
typedef enum sk_range_method {
    SK_RANGE_MINMAX,
    SK_RANGE_PERCENTILE, /* leaves out the rarest of the largest numbers */
    SK_RANGE_ENTROPY,    /* the distribution loses least (Kullback-Leibler) */
    SK_RANGE_MSE,        /* the numbers lose least, squared */
} sk_range_method;

/* The range [*lo, *hi], with zero in it, that `levels` steps should cut. percentile: 0..100, of the numbers
 * other than zero that stay in range. Without a histogram: all that was seen. */
void sk_choose_range(const sk_watch *watch, sk_range_method method, int levels, double percentile, float *lo,
                     float *hi);

#endif
