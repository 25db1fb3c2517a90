/* QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear: per tensor, along an axis, or in blocks along
 * it. All three are runs of numbers that share a scale, or have a scale each: [outer][n][inner] with the axis
 * in the middle. */
#include <math.h>
#include <string.h>

#include "kernels/minifloat.h"
#include "ops/elementwise.h"
#include "ops/fold.h"

typedef struct quant_params {
    int64_t axis, block;
    int type;          /* output_dtype, 0: not given */
    uint8_t overflows; /* saturate = 0: what only float8 knows */
    uint8_t precision; /* of the division: float16 or bfloat16; 0: float32 */
} quant_params;

typedef struct quant_state {
    sk_f32_quantize_fn *quantize; /* to 8 bits */
    sk_binary_fn *arithmetic;
    sk_unary_fn *round;
    size_t outer, n, inner, block; /* block: how many along the axis share a scale */
    size_t n_scales;
    uint8_t vector; /* a scale for each of n (inner is 1) or of inner numbers */
    uint8_t overflows, precision;
} quant_state;

static sk_status import(sk_import *c) {
    quant_params *params = sk_params(c, sizeof *params);
    int64_t type, saturate, precision;
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", 1, &params->axis));
    SK_TRY(sk_want_int(c, "block_size", 0, &params->block));
    SK_TRY(sk_want_int(c, "output_dtype", 0, &type));
    SK_TRY(sk_want_int(c, "saturate", 1, &saturate));
    SK_TRY(sk_want_int(c, "precision", SK_FLOAT32, &precision));
    if (params->block < 0 || params->block > INT32_MAX)
        return sk_bad_attr(c, SK_MALFORMED, "block_size is %lld", (long long)params->block);
    if (type < 0 || type >= SK_TYPE_COUNT)
        return sk_bad_attr(c, SK_MALFORMED, "no element type %lld", (long long)type);
    if (precision < 0 || precision >= SK_TYPE_COUNT || (precision && !sk_type_in((int)precision, SK_T_NORM)))
        return sk_bad_attr(c, SK_UNSUPPORTED, "precision %lld", (long long)precision);
    params->precision = precision == SK_FLOAT32 ? 0 : (uint8_t)precision;
    params->type = (int)type;
    params->overflows = !saturate;
    return SK_OK;
}

/* ---- infer ---- */

static sk_status check_scale(const sk_infer *c) {
    const quant_params *params = c->node->params;
    const sk_tensor *x = c->in[0], *scale = c->in[1], *zero = c->n_in > 2 ? c->in[2] : NULL;
    char text[2][SK_SHAPE_TEXT];
    int axis;
    SK_TRY(sk_want_types(c, 1, SK_T_NORM | SK_T(INT32) | SK_T(FLOAT8E8M0)));
    if (!sk_shape_known(x) || !sk_shape_known(scale)) return SK_OK;
    if (zero && sk_shape_known(zero) && sk_numel(zero) != sk_numel(scale))
        return sk_bad_shape(c, "scale %s, zero point %s", sk_tensor_text(scale, text[0]),
                            sk_tensor_text(zero, text[1]));
    if (!params->block && sk_numel(scale) == 1) return SK_OK;
    if (!sk_axis(params->axis, x->rank, &axis))
        return sk_bad_shape(c, "axis %lld outside rank %d", (long long)params->axis, x->rank);
    sk_tensor want = *x;
    if (params->block) want.dims[axis] = (int32_t)((x->dims[axis] + params->block - 1) / params->block);
    else sk_set_shape(&want, x->type, 1, &x->dims[axis]);
    if (!sk_same_shape(scale, &want))
        return sk_bad_shape(c, "scale %s for %s along axis %d", sk_tensor_text(scale, text[0]),
                            sk_tensor_text(x, text[1]), axis);
    return SK_OK;
}

static sk_status infer_quantize(sk_infer *c) {
    const quant_params *params = c->node->params;
    const sk_tensor *zero = c->n_in > 2 ? c->in[2] : NULL;
    SK_TRY(check_scale(c));
    SK_TRY(sk_want_types(c, 2, SK_T_QUANTIZED));
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = (uint8_t)(zero ? zero->type : params->type ? params->type : SK_UINT8);
    if (c->out[0]->type && !sk_type_in(c->out[0]->type, SK_T_QUANTIZED))
        return sk_fail(c->err, SK_UNSUPPORTED, "quantization to %s", sk_type_name(c->out[0]->type));
    return SK_OK;
}

static sk_status infer_dequantize(sk_infer *c) {
    const quant_params *params = c->node->params;
    SK_TRY(check_scale(c));
    SK_TRY(sk_infer_same(c));
    if (c->n_in > 2 && c->in[2] && c->in[0]->type) SK_TRY(sk_want_types(c, 2, 1u << c->in[0]->type));
    c->out[0]->type = (uint8_t)(params->type ? params->type : c->in[1]->type);
    if (c->out[0]->type && !sk_type_in(c->out[0]->type, SK_T(FLOAT32) | SK_T(FLOAT16) | SK_T(BFLOAT16)))
        return sk_fail(c->err, SK_UNSUPPORTED, "dequantization to %s", sk_type_name(c->out[0]->type));
    return SK_OK;
}

/* ---- prepare ---- */

static void split(const sk_prepare *p, quant_state *s) {
    const quant_params *params = p->node->params;
    const sk_tensor *x = p->in[0];
    int32_t dims[SK_MAX_RANK];
    int axis = 0;
    s->outer = s->n = s->inner = 1;
    s->n_scales = sk_numel(p->in[1]);
    if (!params->block && s->n_scales == 1) {
        s->inner = sk_numel(x);
        s->block = 1;
        return;
    }
    sk_axis(params->axis, x->rank, &axis);
    const int rank = sk_storage_dims(x, dims), at = sk_storage_axis(x, axis);
    for (int i = 0; i < rank; i++) *(i < at ? &s->outer : i > at ? &s->inner : &s->n) *= (size_t)dims[i];
    s->block = params->block ? (size_t)params->block : 1;
    s->vector = params->block ? s->inner > 1 : s->inner == 1;
}

static sk_status prepare(sk_prepare *p) {
    quant_state *s = p->state = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    split(p, s);
    s->overflows =
        ((const quant_params *)p->node->params)->overflows && sk_type_in(p->out[0]->type, SK_T_FLOAT8);
    s->precision = ((const quant_params *)p->node->params)->precision;
    if (!s->precision) s->quantize = sk_select_quantize(p->out[0]->type, sk_reference(p));
    s->arithmetic = sk_select_binary(SK_BINARY_ADD, SK_FLOAT32, sk_reference(p));
    s->round = sk_select_unary(SK_UNARY_ROUND, SK_FLOAT32, sk_reference(p));
    p->scratch = 2 * sk_pad16(s->n_scales * sizeof(float));
    return SK_OK;
}

/* ---- run ---- */

/* n numbers from element `first` on, whose scales stand at `scale` (one for all when step is 0). */
typedef struct quant_run {
    size_t first, n, step;
    const float *scale, *zero;
} quant_run;

/* Rounds n numbers to the precision of the division. */
static void narrow(const quant_state *s, float *x, size_t n) {
    uint16_t half[SK_BLOCK];
    for (size_t at = 0; s->precision && at < n; at += SK_BLOCK) {
        const size_t count = n - at < SK_BLOCK ? n - at : SK_BLOCK;
        sk_store(SK_FLOAT32, s->precision, x + at, half, 0, count);
        sk_load(s->precision, SK_FLOAT32, half, 0, x + at, count);
    }
}

static void quantize_run(const quant_state *s, const quant_run *q, const sk_tensor *x, const sk_tensor *y) {
    const int whole = sk_type_in(y->type, SK_T_FLOAT8 | SK_T(FLOAT4E2M1)) == 0;
    float block[SK_BLOCK];
    if (s->quantize && x->type == SK_FLOAT32) {
        s->quantize((const float *)x->data + q->first, (uint8_t *)y->data + q->first, q->n, q->scale, q->zero,
                    q->step);
        return;
    }
    for (size_t at = 0; at < q->n; at += SK_BLOCK) {
        const size_t n = q->n - at < SK_BLOCK ? q->n - at : SK_BLOCK;
        const float *scale = q->scale + at * q->step, *zero = q->zero + at * q->step;
        if (x->type == SK_FLOAT32) memcpy(block, (const float *)x->data + q->first + at, n * sizeof *block);
        else sk_load(x->type, SK_FLOAT32, x->data, q->first + at, block, n);
        if (s->quantize) {
            s->quantize(block, (uint8_t *)y->data + q->first + at, n, scale, zero, q->step);
            continue;
        }
        narrow(s, block, n);
        s->arithmetic(SK_BINARY_DIV, block, 1, scale, (int)q->step, block, n);
        narrow(s, block, n);
        if (whole) s->round(block, block, n, &(sk_unary_args){.kind = SK_UNARY_ROUND});
        s->arithmetic(SK_BINARY_ADD, block, 1, zero, (int)q->step, block, n);
        for (size_t i = 0; s->overflows && i < n; i++)
            ((uint8_t *)y->data)[q->first + at + i] =
                (uint8_t)sk_minifloat_encode_as(y->type, (double)block[i], SK_MINIFLOAT_OVERFLOWS);
        if (!s->overflows) sk_store(SK_FLOAT32, y->type, block, y->data, q->first + at, n);
    }
}

static void dequantize_run(const quant_state *s, const quant_run *q, const sk_tensor *x, const sk_tensor *y) {
    float block[SK_BLOCK];
    for (size_t at = 0; at < q->n; at += SK_BLOCK) {
        const size_t n = q->n - at < SK_BLOCK ? q->n - at : SK_BLOCK, first = q->first + at;
        float *to = y->type == SK_FLOAT32 ? (float *)y->data + first : block;
        sk_load(x->type, SK_FLOAT32, x->data, first, to, n);
        s->arithmetic(SK_BINARY_SUB, to, 1, q->zero + at * q->step, (int)q->step, to, n);
        s->arithmetic(SK_BINARY_MUL, to, 1, q->scale + at * q->step, (int)q->step, to, n);
        if (to == block) sk_store(SK_FLOAT32, y->type, block, y->data, first, n);
    }
}

typedef void run_fn(const quant_state *s, const quant_run *q, const sk_tensor *x, const sk_tensor *y);

/* Where the scales of row a of slice o begin. Blocked ones have the tensor's own shape, others only the axis.
 */
static size_t scale_at(const quant_state *s, int blocked, size_t o, size_t a) {
    if (!blocked) return s->vector ? 0 : a;
    return (o * ((s->n + s->block - 1) / s->block) + a / s->block) * s->inner;
}

static void each_run(const quant_state *s, int blocked, run_fn *f, quant_run *q, const sk_tensor *x,
                     const sk_tensor *y) {
    const float *scale = q->scale, *zero = q->zero;
    /* along a last axis several rows are one run */
    const size_t along = s->inner > 1 ? 1 : s->vector ? s->n : s->block;
    q->step = s->vector;
    for (size_t o = 0; o < s->outer; o++)
        for (size_t a = 0; a < s->n; a += along) {
            q->first = (o * s->n + a) * s->inner;
            q->n = (along < s->n - a ? along : s->n - a) * s->inner;
            q->scale = scale + scale_at(s, blocked, o, a);
            q->zero = zero + scale_at(s, blocked, o, a);
            f(s, q, x, y);
        }
}

static sk_status run_both(sk_run *r, run_fn *f) {
    const quant_params *params = r->node->params;
    const quant_state *s = r->state;
    const sk_tensor *zero = r->n_in > 2 ? r->in[2] : NULL;
    float *scales = r->scratch, *zeros = scales + sk_pad16(s->n_scales * sizeof(float)) / sizeof(float);
    if (!sk_numel(r->in[0])) return SK_OK;
    sk_convert(r->in[1]->type, SK_FLOAT32, r->in[1]->data, scales, 0, s->n_scales);
    narrow(s, scales, s->n_scales);
    if (zero) sk_convert(zero->type, SK_FLOAT32, zero->data, zeros, 0, s->n_scales);
    else memset(zeros, 0, s->n_scales * sizeof *zeros);
    quant_run q = {.scale = scales, .zero = zeros};
    each_run(s, params->block != 0, f, &q, r->in[0], r->out[0]);
    return SK_OK;
}

static sk_status run_quantize(sk_run *r) { return run_both(r, quantize_run); }
static sk_status run_dequantize(sk_run *r) { return run_both(r, dequantize_run); }

const sk_impl sk_impl_quantize = {
    .import = import, .infer = infer_quantize, .prepare = prepare, .run = run_quantize};
const sk_impl sk_impl_dequantize = {
    .import = import, .infer = infer_dequantize, .prepare = prepare, .run = run_dequantize};

/* ---- DynamicQuantizeLinear ---- */

typedef struct dynamic_state {
    sk_fold_fn *fold;
    sk_f32_quantize_fn *quantize;
} dynamic_state;

static sk_status infer_dynamic(sk_infer *c) {
    SK_TRY(sk_infer_same(c));
    c->out[0]->type = SK_UINT8;
    if (c->out[1]) sk_set_shape(c->out[1], SK_FLOAT32, 0, NULL);
    if (c->out[2]) sk_set_shape(c->out[2], SK_UINT8, 0, NULL);
    return SK_OK;
}

static sk_status prepare_dynamic(sk_prepare *p) {
    dynamic_state *s = p->state = sk_prepare_alloc(p, sizeof *s);
    if (!s) return sk_oom(p->err, sizeof *s);
    s->fold = sk_select_fold(SK_FOLD_MAX, SK_FLOAT32, sk_reference(p));
    s->quantize = sk_select_quantize(SK_UINT8, sk_reference(p));
    return SK_OK;
}

/* The range takes in zero; a tensor of zeros has scale 1. */
static sk_status run_dynamic(sk_run *r) {
    const dynamic_state *s = r->state;
    const float *x = r->in[0]->data;
    const size_t n = sk_numel(r->in[0]);
    float max = 0, min = 0;
    s->fold(SK_FOLD_MAX, x, n, 1, 1, &max);
    s->fold(SK_FOLD_MIN, x, n, 1, 1, &min);
    const float scale = max > min ? (max - min) / 255 : 1, ideal = rintf(-min / scale);
    const float zero = ideal > 255 ? 255 : ideal > 0 ? ideal : 0;
    s->quantize(x, r->out[0]->data, n, &scale, &zero, 0);
    if (r->out[1]) *(float *)r->out[1]->data = scale;
    if (r->out[2]) *(uint8_t *)r->out[2]->data = (uint8_t)zero;
    return SK_OK;
}

const sk_impl sk_impl_dynamic_quantize = {
    .infer = infer_dynamic, .prepare = prepare_dynamic, .run = run_dynamic};
