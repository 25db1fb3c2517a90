/* The scalar definition of convolution and transposed convolution, which every fast kernel is compared with:
 * also what runs for float64. Plain loops over the operation as written, sums in double. */
#include "kernels/any.h"
#include "kernels/kernels.h"

/* Moves a position in 3 dimensions on; 0 when it has been everywhere. */
static int next(int32_t at[3], const int32_t size[3]) {
    for (int d = 2; d >= 0; d--) {
        if (++at[d] < size[d]) return 1;
        at[d] = 0;
    }
    return 0;
}

/* Everything that falls on one output element: over its window or, transposed, from the input positions whose
 * window, laid over the output, covers it. x and weight: elements of the group's first channel and the wanted
 * output channel; filter: weights from channel to channel. */
static double window_sum(const sk_any_conv_args *a, size_t x, const sk_any_strides *xs, size_t weight,
                         size_t filter, const int32_t out[3]) {
    const sk_window *w = a->w;
    double sum = 0;
    int32_t tap[3] = {0, 0, 0};
    do {
        size_t from = x;
        int inside = 1;
        for (int d = 0; d < 3; d++) {
            const int64_t stride = w->stride[d], step = (int64_t)tap[d] * w->dilation[d] - w->pad[d];
            const int64_t at = a->transposed ? (out[d] - step) / stride : out[d] * stride + step;
            inside &= at >= 0 && at < w->in[d] && (!a->transposed || (out[d] - step) % stride == 0);
            from += (size_t)at * xs->s[d];
        }
        for (int32_t c = 0; inside && c < w->in_c / w->groups; c++)
            sum += sk_any_load(a->type, a->x, from + (size_t)c * xs->c) *
                   sk_any_load(a->type, a->weight, weight + (size_t)c * filter);
        weight++;
    } while (next(tap, w->kernel));
    return sum;
}

void any_conv__ref(const sk_any_conv_args *a, size_t begin, size_t end) {
    const sk_window *w = a->w;
    const sk_any_strides xs = sk_any_strides_of(a->x_last, (size_t)w->in_c, w->in),
                         ys = sk_any_strides_of(a->y_last, (size_t)w->out_c, w->out);
    const size_t all = (size_t)w->out_c, in_c = (size_t)(w->in_c / w->groups),
                 out_c = all / (size_t)w->groups;
    const size_t taps = (size_t)w->kernel[0] * (size_t)w->kernel[1] * (size_t)w->kernel[2];
    for (size_t i = begin; i < end; i++) {
        const size_t n = i / all, m = i % all, first = m / out_c * in_c;
        const size_t weight = a->transposed ? (first * out_c + m % out_c) * taps : m * in_c * taps;
        int32_t out[3] = {0, 0, 0};
        do {
            const double sum = window_sum(a, n * xs.n + first * xs.c, &xs, weight,
                                          a->transposed ? out_c * taps : taps, out) +
                               (a->bias ? sk_any_load(a->type, a->bias, m) : 0);
            size_t y = n * ys.n + m * ys.c;
            for (int d = 0; d < 3; d++) y += (size_t)out[d] * ys.s[d];
            sk_any_store(a->type, a->y, y,
                         sum<(double)a->lo ? (double)a->lo : sum>(double) a->hi ? (double)a->hi : sum);
        } while (next(out, w->out));
    }
}
