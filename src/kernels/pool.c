/* float32 pooling, channels-last: one output pixel, eight channels at a time. Bound by loads. */
#include "kernels/kernels.h"

SK_INLINE v128_t pool(const int max, const sk_pool_args *a, size_t c, const size_t lanes) {
    v128_t acc = wasm_f32x4_splat(max ? -__builtin_inff() : 0.0f);
    for (size_t r = 0; r < a->runs; r++) {
        const float *x = a->rows[r] + c;
        for (size_t i = 0; i < a->length; i++, x += a->step) {
            const v128_t v = lanes == 4 ? sk_load4(x) : sk_load_part(x, lanes);
            acc = max ? wasm_f32x4_pmax(acc, v) : wasm_f32x4_add(acc, v);
        }
    }
    return max ? acc : wasm_f32x4_div(acc, wasm_f32x4_splat(a->divisor));
}

/* Two vectors a step, to share the addressing. */
SK_INLINE void pool_8(const int max, const sk_pool_args *a, size_t c) {
    v128_t acc0 = wasm_f32x4_splat(max ? -__builtin_inff() : 0.0f), acc1 = acc0;
    for (size_t r = 0; r < a->runs; r++) {
        const float *x = a->rows[r] + c;
        for (size_t i = 0; i < a->length; i++, x += a->step) {
            const v128_t v0 = sk_load4(x), v1 = sk_load4(x + 4);
            acc0 = max ? wasm_f32x4_pmax(acc0, v0) : wasm_f32x4_add(acc0, v0);
            acc1 = max ? wasm_f32x4_pmax(acc1, v1) : wasm_f32x4_add(acc1, v1);
        }
    }
    const v128_t divisor = wasm_f32x4_splat(a->divisor);
    sk_store4(a->y + c, max ? acc0 : wasm_f32x4_div(acc0, divisor));
    sk_store4(a->y + c + 4, max ? acc1 : wasm_f32x4_div(acc1, divisor));
}

SK_INLINE void pixel(const int max, const sk_pool_args *a) {
    size_t c = 0;
    for (; a->channels - c >= 8; c += 8) pool_8(max, a, c);
    if (a->channels - c >= 4) {
        sk_store4(a->y + c, pool(max, a, c, 4));
        c += 4;
    }
    if (c < a->channels) sk_store_part(a->y + c, pool(max, a, c, a->channels - c), a->channels - c);
}

void f32_maxpool_c4__simd128(const sk_pool_args *args) { pixel(1, args); }
void f32_avgpool_c4__simd128(const sk_pool_args *args) { pixel(0, args); }
