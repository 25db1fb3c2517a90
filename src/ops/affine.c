#include "ops/affine.h"

#include <math.h>
#include <string.h>

/* A constant [channels] vector into dst. */
static sk_status read_vector(const sk_ir *ir, const sk_value *value, int channels, float *dst,
                             sk_error *err) {
    const sk_const *c = value ? value->constant : NULL;
    if (!c || c->variable || c->type.type != SK_FLOAT32 || c->type.rank != 1 || c->type.dims[0] != channels)
        return SK_UNSUPPORTED;
    return sk_const_read(ir, c, 0, (size_t)channels, dst, err);
}

/* y = gamma * (x - mean) / sqrt(variance + epsilon) + beta; ONNX BatchNormalization at inference. */
sk_status sk_affine_batch_norm(const sk_ir *ir, const sk_node *node, int axis, int channels, int *data,
                               float *scale, float *shift, sk_error *err) {
    if (axis != 1 || node->n_inputs != 5 || sk_attr_int(node, "training_mode", 0)) return SK_UNSUPPORTED;
    if (node->op->since < 7 && !sk_attr_int(node, "is_test", 0)) return SK_UNSUPPORTED;
    for (int i = 1; i < node->n_outputs; i++)
        if (node->outputs[i]) return SK_UNSUPPORTED;
    *data = 0;
    float *rest = sk_alloc(ir->arena.heap, 2 * (size_t)channels * sizeof *rest);
    if (!rest) return sk_oom(err, 2 * (size_t)channels * sizeof *rest);
    float *mean = rest, *variance = rest + channels;
    const float epsilon = sk_attr_float(node, "epsilon", 1e-5f);
    sk_status status = read_vector(ir, node->inputs[1], channels, scale, err);
    if (status == SK_OK) status = read_vector(ir, node->inputs[2], channels, shift, err);
    if (status == SK_OK) status = read_vector(ir, node->inputs[3], channels, mean, err);
    if (status == SK_OK) status = read_vector(ir, node->inputs[4], channels, variance, err);
    for (int i = 0; status == SK_OK && i < channels; i++) {
        const double factor = scale[i] / sqrt((double)variance[i] + epsilon);
        shift[i] = (float)(shift[i] - mean[i] * factor);
        scale[i] = (float)factor;
        if (!isfinite(scale[i]) || !isfinite(shift[i])) status = SK_UNSUPPORTED;
    }
    sk_free(ir->arena.heap, rest);
    return status;
}

/* The constant operand as one value a channel: all its dimensions are 1 but perhaps the channels'. */
static sk_status read_operand(const sk_ir *ir, const sk_value *value, int rank, int axis, int channels,
                              float *dst, sk_error *err) {
    const sk_const *c = value ? value->constant : NULL;
    if (!c || c->variable || c->type.type != SK_FLOAT32 || c->type.rank > rank) return SK_UNSUPPORTED;
    const size_t n = sk_numel(&c->type);
    const int at = axis - (rank - c->type.rank); /* of the channels in the constant */
    if (n != 1 && (n != (size_t)channels || at < 0 || c->type.dims[at] != channels)) return SK_UNSUPPORTED;
    SK_TRY(sk_const_read(ir, c, 0, n, dst, err));
    for (int i = 1; n == 1 && i < channels; i++) dst[i] = dst[0];
    return SK_OK;
}

sk_status sk_affine_binary(const sk_ir *ir, const sk_node *node, int axis, int channels, int *data,
                           float *scale, float *shift, sk_error *err) {
    const int rank = node->outputs[0]->type.rank;
    *data = node->inputs[0]->constant ? 1 : 0;
    SK_TRY(read_operand(ir, node->inputs[1 - *data], rank, axis, channels, scale, err));
    for (int i = 0; i < channels; i++) {
        const float c = scale[i];
        if (!strcmp(node->op_type, "Add")) {
            scale[i] = 1, shift[i] = c;
        } else if (!strcmp(node->op_type, "Mul")) {
            shift[i] = 0;
        } else if (!strcmp(node->op_type, "Sub")) {
            scale[i] = *data ? -1 : 1, shift[i] = *data ? c : -c;
        } else {
            if (*data || c == 0) return SK_UNSUPPORTED;
            scale[i] = 1 / c, shift[i] = 0;
        }
        if (!isfinite(scale[i]) || !isfinite(shift[i])) return SK_UNSUPPORTED;
    }
    return SK_OK;
}
