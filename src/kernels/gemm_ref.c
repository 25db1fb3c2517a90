/* The scalar definitions of matrix product and convolution, which every fast kernel is compared with. Plain
 * loops over the operation as written, sums in double. */
#include "kernels/kernels.h"

void f32_matmul__ref(const sk_matmul_args *args) {
    for (size_t i = 0; i < args->m; i++)
        for (size_t j = 0; j < args->n; j++) {
            const float *a = args->a + i * args->a_row, *b = args->b + j * args->b_col;
            double sum = args->bias ? (double)args->bias[j] : 0.0;
            for (size_t p = 0; p < args->k; p++)
                sum += (double)a[p * args->a_col] * (double)b[p * args->b_row];
            args->c[i * args->c_row + j] = sk_clamp1((float)sum, args->lo, args->hi);
        }
}

/* Strides in floats of (batch, channel, d, h, w) for a tensor of these sizes. */
typedef struct strides {
    ptrdiff_t n, c, s[3];
} strides;

static strides strides_of(int last, int32_t channels, const int32_t size[3]) {
    strides t;
    t.s[2] = last ? channels : 1;
    t.s[1] = t.s[2] * size[2];
    t.s[0] = t.s[1] * size[1];
    t.c = last ? 1 : t.s[0] * size[0];
    t.n = (ptrdiff_t)channels * size[0] * size[1] * size[2];
    return t;
}

/* Moves a position in 3 dimensions on; 0 when it has been everywhere. */
static int next(int32_t at[3], const int32_t size[3]) {
    for (int d = 2; d >= 0; d--) {
        if (++at[d] < size[d]) return 1;
        at[d] = 0;
    }
    return 0;
}

static int empty(const int32_t size[3]) { return size[0] == 0 || size[1] == 0 || size[2] == 0; }

/* The sum over one window: x and weight at the group's first channel and the wanted output channel. */
static double window_sum(const sk_window *w, const float *x, strides xs, const float *weight,
                         const int32_t out[3]) {
    const ptrdiff_t taps = (ptrdiff_t)w->kernel[0] * w->kernel[1] * w->kernel[2];
    const int32_t channels = w->in_c / w->groups;
    double sum = 0;
    int32_t tap[3] = {0, 0, 0};
    ptrdiff_t t = 0;
    do {
        const float *from = x;
        int inside = 1;
        for (int d = 0; d < 3; d++) {
            const int64_t at = (int64_t)out[d] * w->stride[d] + (int64_t)tap[d] * w->dilation[d] - w->pad[d];
            inside &= at >= 0 && at < w->in[d];
            if (inside) from += at * xs.s[d];
        }
        if (inside)
            for (int32_t c = 0; c < channels; c++)
                sum += (double)from[c * xs.c] * (double)weight[c * taps + t];
        t++;
    } while (next(tap, w->kernel));
    return sum;
}

void f32_conv__ref(const sk_conv_args *args) {
    const sk_window *w = args->w;
    const strides xs = strides_of(args->x_last, w->in_c, w->in),
                  ys = strides_of(args->y_last, w->out_c, w->out);
    const int32_t in_c = w->in_c / w->groups, out_c = w->out_c / w->groups;
    const ptrdiff_t filter = (ptrdiff_t)in_c * w->kernel[0] * w->kernel[1] * w->kernel[2];
    if (empty(w->out)) return;
    for (int32_t n = 0; n < w->batch; n++)
        for (int32_t m = 0; m < w->out_c; m++) {
            int32_t out[3] = {0, 0, 0};
            do {
                double sum = args->bias ? (double)args->bias[m] : 0.0;
                sum += window_sum(w, args->x + n * xs.n + m / out_c * in_c * xs.c, xs,
                                  args->weight + m * filter, out);
                float *y = args->y + n * ys.n + m * ys.c;
                for (int d = 0; d < 3; d++) y += out[d] * ys.s[d];
                *y = sk_clamp1((float)sum, args->lo, args->hi);
            } while (next(out, w->out));
        }
}

/* Everything that falls on one output element: the input positions whose window, laid over the output, covers
 * it. */
static double scatter_sum(const sk_window *w, const float *x, strides xs, const float *weight,
                          ptrdiff_t filter, const int32_t out[3]) {
    double sum = 0;
    int32_t tap[3] = {0, 0, 0};
    ptrdiff_t t = 0;
    do {
        const float *from = x;
        int inside = 1;
        for (int d = 0; d < 3; d++) {
            const int64_t at = (int64_t)out[d] + w->pad[d] - (int64_t)tap[d] * w->dilation[d];
            inside &= at >= 0 && at % w->stride[d] == 0 && at / w->stride[d] < w->in[d];
            if (inside) from += at / w->stride[d] * xs.s[d];
        }
        if (inside)
            for (int32_t c = 0; c < w->in_c / w->groups; c++)
                sum += (double)from[c * xs.c] * (double)weight[c * filter + t];
        t++;
    } while (next(tap, w->kernel));
    return sum;
}

void f32_conv_transpose__ref(const sk_conv_args *args) {
    const sk_window *w = args->w;
    const strides xs = strides_of(args->x_last, w->in_c, w->in),
                  ys = strides_of(args->y_last, w->out_c, w->out);
    const int32_t in_c = w->in_c / w->groups, out_c = w->out_c / w->groups;
    const ptrdiff_t taps = (ptrdiff_t)w->kernel[0] * w->kernel[1] * w->kernel[2], filter = out_c * taps;
    if (empty(w->out)) return;
    for (int32_t n = 0; n < w->batch; n++)
        for (int32_t m = 0; m < w->out_c; m++) {
            const int32_t first = m / out_c * in_c; /* the group's first input channel */
            const float *weight = args->weight + first * filter + m % out_c * taps;
            int32_t out[3] = {0, 0, 0};
            do {
                double sum = args->bias ? (double)args->bias[m] : 0.0;
                sum += scatter_sum(w, args->x + n * xs.n + first * xs.c, xs, weight, filter, out);
                float *y = args->y + n * ys.n + m * ys.c;
                for (int d = 0; d < 3; d++) y += out[d] * ys.s[d];
                *y = sk_clamp1((float)sum, args->lo, args->hi);
            } while (next(out, w->out));
        }
}
