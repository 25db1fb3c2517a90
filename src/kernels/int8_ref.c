/* The scalar definitions of the 8-bit kernels (int8.h), which every fast one equals bit by bit. */
#include <math.h>

#include "core/tensor.h"
#include "kernels/kernels.h"

void i8_gather__ref(const sk_i8_gather_args *a) {
    const size_t k = a->taps * a->k, step = sk_i8_row_step(k);
    const int flip = sk_i8_flips(a->form, a->is_signed) ? 128 : 0;
    for (size_t i = 0; i < a->m; i++) {
        uint32_t sum = 0;
        for (size_t p = 0; p < step; p++) {
            const uint8_t byte = p < k ? (uint8_t)(a->rows[p / a->k * a->m + i][p % a->k] ^ flip) : 0;
            sum += (uint32_t)(int8_t)byte;
            if (a->form == SK_I8_WIDE) ((int16_t *)a->to)[i * step + p] = (int8_t)byte;
            else ((uint8_t *)a->to)[i * step + p] = byte;
        }
        if (a->sums) a->sums[i] = (int32_t)sum;
    }
}

/* The sum of products of what is stored. */
static uint32_t stored_sum(const sk_i8_gemm_args *args, size_t i, const int8_t *weights) {
    const size_t group = sk_i8_group(args->form), row = i * sk_i8_row_step(args->k);
    uint32_t sum = 0;
    for (size_t p = 0; p < args->k; p++) {
        const int32_t a = args->form == SK_I8_WIDE ? ((const int16_t *)args->a)[row + p]
                                                   : ((const int8_t *)args->a)[row + p];
        sum += (uint32_t)(a * weights[p / group * group * SK_I8_PANEL + p % group]);
    }
    return sum;
}

static uint8_t quantized(float x, const sk_i8_target *t) {
    const float zero = (float)t->zero, lo = t->lo - zero, hi = t->hi - zero;
    const float bounded = x > lo ? x : lo;
    return (uint8_t)((int32_t)rintf(bounded < hi ? bounded : hi) + t->zero);
}

void i8_gemm__ref(const sk_i8_gemm_args *args) {
    const size_t size = sk_i8_panel_bytes(args->form, args->k);
    const int32_t za = args->zero_a - (sk_i8_flips(args->form, args->a_signed) ? 128 : 0);
    for (size_t i = 0; i < args->m; i++)
        for (size_t j = 0; j < args->n; j++) {
            const sk_i8_target *t = &args->target;
            const size_t at = j % SK_I8_PANEL, to = i * args->y_row + j;
            const sk_i8_panel *p = (const sk_i8_panel *)((const char *)args->packed + j / SK_I8_PANEL * size);
            uint32_t sum = stored_sum(args, i, (const int8_t *)(p + 1) + at * sk_i8_group(args->form));
            sum += (uint32_t)p->bias[at] - (uint32_t)za * (uint32_t)p->sum[at];
            if (args->sums) sum -= (uint32_t)args->sums[i] * (uint32_t)p->zero[at];
            const float x = (float)(int32_t)sum * (p->scale[at] * t->factor);
            if (t->type == SK_INT32) ((int32_t *)args->y)[to] = (int32_t)sum;
            else if (t->type == SK_FLOAT32)
                ((float *)args->y)[to] = sk_clamp1(x + p->addend[at], t->lo, t->hi);
            else ((uint8_t *)args->y)[to] = quantized(x, t);
        }
}
