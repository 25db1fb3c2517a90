/* 8-bit matrix product and convolution with 32-bit sums, one element at a time: the definition that any
 * faster kernel has to equal bit by bit. Sums are unsigned so that hostile sizes wrap. */
#include "kernels/kernels.h"

static int32_t at(const sk_i8_operand *o, size_t i) {
    return o->is_signed ? ((const int8_t *)o->data)[i] : ((const uint8_t *)o->data)[i];
}

static int32_t zero_at(const sk_i8_operand *o, size_t i) {
    if (!o->zeros) return 0;
    i %= o->n_zeros;
    return o->is_signed ? ((const int8_t *)o->zeros)[i] : ((const uint8_t *)o->zeros)[i];
}

void i8_matmul__ref(const sk_i8_matmul_args *args) {
    for (size_t i = 0; i < args->m; i++)
        for (size_t j = 0; j < args->n; j++) {
            const int32_t za = zero_at(&args->a, i), zb = zero_at(&args->b, j);
            uint32_t sum = 0;
            for (size_t p = 0; p < args->k; p++)
                sum +=
                    (uint32_t)((at(&args->a, i * args->k + p) - za) * (at(&args->b, p * args->n + j) - zb));
            args->c[i * args->n + j] = (int32_t)sum;
        }
}

/* The sum over one window: x counts from the group's first channel, weight from the output channel. */
static uint32_t window_sum(const sk_i8_conv_args *args, size_t x, size_t weight, int32_t zx, int32_t zw,
                           const int64_t start[3]) {
    const sk_window *w = args->w;
    const size_t plane = (size_t)w->in[1] * (size_t)w->in[2];
    uint32_t sum = 0;
    for (int32_t c = 0; c < w->in_c / w->groups; c++, x += plane * (size_t)w->in[0])
        for (int32_t kz = 0; kz < w->kernel[0]; kz++)
            for (int32_t ky = 0; ky < w->kernel[1]; ky++)
                for (int32_t kx = 0; kx < w->kernel[2]; kx++, weight++) {
                    const int64_t iz = start[0] + (int64_t)kz * w->dilation[0];
                    const int64_t iy = start[1] + (int64_t)ky * w->dilation[1];
                    const int64_t ix = start[2] + (int64_t)kx * w->dilation[2];
                    if (iz < 0 || iz >= w->in[0] || iy < 0 || iy >= w->in[1] || ix < 0 || ix >= w->in[2])
                        continue;
                    const size_t from = x + (size_t)iz * plane + (size_t)iy * (size_t)w->in[2] + (size_t)ix;
                    sum += (uint32_t)((at(&args->x, from) - zx) * (at(&args->weight, weight) - zw));
                }
    return sum;
}

void i8_conv__ref(const sk_i8_conv_args *args) {
    const sk_window *w = args->w;
    const size_t in_c = (size_t)(w->in_c / w->groups), out_c = (size_t)(w->out_c / w->groups);
    const size_t image = (size_t)w->in[0] * (size_t)w->in[1] * (size_t)w->in[2];
    const size_t filter = in_c * (size_t)w->kernel[0] * (size_t)w->kernel[1] * (size_t)w->kernel[2];
    const int32_t zx = zero_at(&args->x, 0);
    int32_t *y = args->y;
    for (size_t n = 0; n < (size_t)w->batch; n++)
        for (size_t m = 0; m < (size_t)w->out_c; m++) {
            const size_t x = (n * (size_t)w->in_c + m / out_c * in_c) * image;
            const int32_t zw = zero_at(&args->weight, m);
            const uint32_t bias = args->bias ? (uint32_t)args->bias[m] : 0;
            for (int32_t oz = 0; oz < w->out[0]; oz++)
                for (int32_t oy = 0; oy < w->out[1]; oy++)
                    for (int32_t ox = 0; ox < w->out[2]; ox++) {
                        const int64_t start[3] = {(int64_t)oz * w->stride[0] - w->pad[0],
                                                  (int64_t)oy * w->stride[1] - w->pad[1],
                                                  (int64_t)ox * w->stride[2] - w->pad[2]};
                        *y++ = (int32_t)(bias + window_sum(args, x, m * filter, zx, zw, start));
                    }
        }
}
