/* What the files of the quantizer share. */
#ifndef SK_PASSES_QUANTIZER_H
#define SK_PASSES_QUANTIZER_H

#include "passes/quantize.h"

typedef struct sk_value_form { /* of a value of the graph that is being rewritten */
    uint8_t quantized;
    sk_value *like; /* takes this value's scale and zero point; NULL: has its own */
    float scale;
    int32_t zero;
    sk_value *scale_value, *zero_value; /* constants, once made */
    sk_value *rounded;                  /* of an input of the graph: what stands for it */
} sk_value_form;

typedef struct sk_weights { /* constant weights in their new form */
    const sk_value *from;
    int axis;         /* the scales stand along this one; -1: a single scale */
    int32_t channels; /* scales */
    float *scales;    /* in the arena */
    sk_value *q, *scale;
    sk_value *zero;        /* NULL: there is none, which means 0 */
    sk_value *dequantized; /* NULL until somebody asked for it */
} sk_weights;

typedef struct sk_quantizer {
    sk_ir *ir;
    sk_graph *graph; /* ir->main */
    const sk_graph *seen;
    const sk_quantizing *options;
    sk_range *ranges;
    sk_error *err;
    sk_heap *heap;
    int32_t opset;
    int32_t *uses;      /* of the graph's values, before */
    int32_t n_values;   /* before */
    sk_value **by_name; /* the graph's values that nodes or inputs give, sorted */
    int32_t n_named;
    sk_value_form *forms; /* by index, for the values that were there before */
    sk_node **products;   /* what is computed in 8 bits: convolutions and matrix products */
    int32_t n_products;
    sk_weights *weights; /* made so far */
    int32_t n_weights;
    sk_text *report;
    int32_t n_quantized; /* values */
} sk_quantizer;

/* ---- quantize_choose.c ---- */
sk_status sk_quantize_choose(sk_quantizer *q);
/* The products alone, without asking for ranges. */
sk_status sk_quantize_products(sk_quantizer *q);

/* ---- quantize_weights.c ---- */
/* Which axis of a product's weights counts its output channels; -1 when there is no such one. */
int sk_weight_axis(const sk_node *product);
/* Weights of input 1 in 8 or 7 bits. least: for each channel the smallest scale, or NULL. */
sk_status sk_quantize_weights(sk_quantizer *q, const sk_node *product, const float *least, sk_weights **made);
/* The product reads them through a DequantizeLinear, which is put now when there is none yet. */
sk_status sk_dequantize_weights(sk_quantizer *q, sk_node *product, sk_weights *weights);
/* All of a float32 constant, on the heap: free it. */
sk_status sk_constant_floats(sk_quantizer *q, const sk_value *value, float **floats);

/* ---- the forms ---- */
sk_status sk_quantize_static(sk_quantizer *q);
sk_status sk_quantize_dynamic(sk_quantizer *q);
sk_status sk_quantize_packed(sk_quantizer *q);

/* ---- quantize.c ---- */
/* Calls place for each node of the graph as it was, in order, while the graph fills anew; place appends the
 * node itself, or not. */
sk_status sk_rewrite_nodes(sk_quantizer *q, sk_status (*place)(sk_quantizer *q, sk_node *node));
sk_status sk_place_node(sk_quantizer *q, sk_node *node);
/* A new value: name and suffix together. */
sk_value *sk_suffixed(sk_quantizer *q, const char *name, const char *suffix);
/* Appends a node without a name that gives `output`; inputs up to the first NULL. NULL when memory ended. */
sk_node *sk_put_node(sk_quantizer *q, const char *op, sk_value *const *inputs, int n, sk_value *output);
sk_status sk_put_int(sk_quantizer *q, sk_node *node, const char *name, int64_t value);
/* A constant: rank 0 when count is negative, else a list. */
sk_value *sk_put_constant(sk_quantizer *q, const char *name, const char *suffix, int type, int32_t count,
                          const void *data);
/* The zero point of activations, one constant for all who have the same. */
sk_value *sk_zero_point(sk_quantizer *q, int type, int32_t zero);
/* Has the node's output or its own name been excluded? */
int sk_is_excluded(const sk_quantizing *options, const sk_node *node);

#endif
