/* Quantization of a float32 model, in the forms that onnxruntime's own tools write: 8 bits with pairs of
 * QuantizeLinear and DequantizeLinear from calibrated ranges, 8 bits with ranges taken at run time, or only
 * the weights. Of tools builds. Files: quantize.c (what is common), quantize_choose.c (which operators and
 * values), quantize_weights.c (constants), quantize_static.c, quantize_dynamic.c, quantize_packed.c (the
 * three forms). */
#ifndef SK_PASSES_QUANTIZE_H
#define SK_PASSES_QUANTIZE_H

#include "core/text.h"
#include "passes/passes.h"

typedef enum sk_quantize_form {
    SK_QUANTIZE_STATIC,
    SK_QUANTIZE_DYNAMIC,
    SK_QUANTIZE_WEIGHTS
} sk_quantize_form;
/* u8, s8: all of the type. u7: uint8, but 0..127 only, by a Clip before each QuantizeLinear. */
typedef enum sk_activations { SK_ACTIVATIONS_U8, SK_ACTIVATIONS_S8, SK_ACTIVATIONS_U7 } sk_activations;

typedef struct sk_quantizing {
    uint8_t form, activations;
    uint8_t weight_bits; /* 8, 7 or 4; 4 only for SK_QUANTIZE_WEIGHTS */
    uint8_t per_tensor;  /* one scale for all weights of a product instead of one for each output channel */
    uint8_t nbits;       /* 4 bits of a MatMul as onnxruntime's MatMulNBits instead of DequantizeLinear */
    int32_t block;       /* 4 bits: so many weights or a few more share a scale; 0: 64 */
    const char *exclude; /* names of nodes (or of what they give) that stay as they are, '\n' behind each */
} sk_quantizing;

typedef struct sk_range { /* of a value; lo > hi: nothing is known */
    float lo, hi;
    uint8_t broken; /* a NaN or an infinity was seen */
} sk_range;

/* Refuses a model just read that is quantized already, or that has no node of a name to be excluded. */
sk_status sk_quantize_check(const sk_ir *ir, const char *exclude, sk_error *err);

/* Rewrites ir, whose passes were those of sk_ir.portable. seen: the same model once more, in which operators
 * that are spelled out have been recognised (what is inside them is not touched); values are matched by name.
 * ranges: by index of ir->main's values, for SK_QUANTIZE_STATIC;
 * those of views are filled in. report: JSON of what was done. */
sk_status sk_quantize(sk_ir *ir, const sk_ir *seen, const sk_quantizing *options, sk_range *ranges,
                      sk_text *report, sk_error *err);

#endif
