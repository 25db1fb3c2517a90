/* Exports of siskin-tools.wasm beside glue.c's, for js/compress: calls of tools.h. What they write, a model
 * or a report, goes to the host through one import. A call that fails gives its status, as in glue.c. */
#include "tools.h"

#if SK_TOOLS
#define EXPORT(name) __attribute__((export_name(name), used))

sk_model *glue_model(void); /* glue.c */

__attribute__((import_module("siskin"), import_name("write"))) void siskin_write(const void *bytes,
                                                                                 size_t size);

static int host_write(void *user, const void *bytes, size_t size) {
    (void)user;
    siskin_write(bytes, size);
    return 0;
}

static const sk_writer writer = {.write = host_write};

EXPORT("write") int tools_write(const char *unused) {
    (void)unused;
    return sk_write_model(glue_model(), &writer);
}

/* 1: ranges, 2: histograms. */
EXPORT("observe") int tools_observe(const char *unused, int what) {
    (void)unused;
    return sk_observe(glue_model(), what == 1 ? SK_OBSERVE_RANGES : SK_OBSERVE_HISTOGRAMS);
}

/* exclude: names, '\n' behind each. The numbers are those of the enums in the order of sk_quantize_options.
 */
EXPORT("quantize")
int tools_quantize(const char *exclude, int form, int activations, int weight_bits, int per_tensor, int nbits,
                   int block, int method, double percentile) {
    const sk_quantize_options options = {.how = {.form = (uint8_t)form,
                                                 .activations = (uint8_t)activations,
                                                 .weight_bits = (uint8_t)weight_bits,
                                                 .per_tensor = (uint8_t)per_tensor,
                                                 .nbits = (uint8_t)nbits,
                                                 .block = block,
                                                 .exclude = exclude},
                                         .method = (sk_range_method)method,
                                         .percentile = percentile};
    return sk_quantize_model(glue_model(), &options, &writer);
}
#endif
