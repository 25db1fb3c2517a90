/* What makes models smaller and writes them back, beside siskin.h: of the tools build and native ones only.
 * The model is loaded with sk_options.portable, so that its graph stays one that ONNX can say.
 *
 *   load -> sk_observe, predictions -> [sk_observe, the same predictions] -> sk_quantize_model ->
 * sk_write_model
 */
#ifndef SISKIN_TOOLS_H
#define SISKIN_TOOLS_H

#include "passes/quantize.h"
#include "runtime/observe.h"
#include "siskin.h"

/* Takes bytes of a file or text in their order; 0 on success. */
typedef struct sk_writer {
    int (*write)(void *user, const void *bytes, size_t size);
    void *user;
} sk_writer;

/* From now on predictions are watched: for ranges, and in a second round, if wanted, for histograms in them.
 */
sk_status sk_observe(sk_model *model, sk_observation what);

typedef struct sk_quantize_options {
    sk_quantizing how;
    sk_range_method method; /* of ranges; all but SK_RANGE_MINMAX need histograms */
    double percentile;      /* 0: 99.99 */
} sk_quantize_options;

/* Afterwards the model can be written, but not run. report: JSON {"opset", "values", "products": [{"op",
 * "node"}]}. */
sk_status sk_quantize_model(sk_model *model, const sk_quantize_options *options, const sk_writer *report);

/* The model as an ONNX file. */
sk_status sk_write_model(sk_model *model, const sk_writer *writer);

#endif
