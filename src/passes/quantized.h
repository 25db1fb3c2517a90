/* What the passes on quantized numbers share: tensors of 8 bits with one scale and zero point. */
#ifndef SK_PASSES_QUANTIZED_H
#define SK_PASSES_QUANTIZED_H

#include "passes/match.h"

/* value = scale * (codes - zero). zero: NULL: none. */
typedef struct sk_quantized {
    sk_value *codes, *scale, *zero;
    float factor; /* scale, when there is one: finite and positive */
    int offset;   /* zero */
} sk_quantized;

/* 1 when node is a DequantizeLinear to float32 from 8 bits (QuantizeLinear: from float32) with a constant
 * scale and zero point: one each, or, where `axis` is not NULL, along *axis (-1: one). codes: what it reads
 * (makes). */
int sk_quantized_by(const sk_match *m, const sk_node *node, const char *op, sk_quantized *q, int *axis);
/* The same for the DequantizeLinear that makes value. */
int sk_dequantized(const sk_match *m, const sk_value *value, sk_quantized *q, int *axis);
/* The same scale, zero point and type? */
int sk_quantized_alike(const sk_quantized *a, const sk_quantized *b);

#endif
