/* float32 pooling, channels-last: one output pixel, four channels at a time. Bound by loads. */
#include "kernels/kernels.h"

SK_INLINE v128_t four_channels(const int max, const sk_pool_args *a, size_t c, size_t lanes) {
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

SK_INLINE void pixel(const int max, const sk_pool_args *a) {
    size_t c = 0;
    for (; a->channels - c >= 4; c += 4) sk_store4(a->y + c, four_channels(max, a, c, 4));
    if (c < a->channels) {
        const size_t lanes = a->channels - c;
        sk_store_part(a->y + c, four_channels(max, a, c, lanes), lanes);
    }
}

void f32_maxpool_c4__simd128(const sk_pool_args *args) { pixel(1, args); }
void f32_avgpool_c4__simd128(const sk_pool_args *args) { pixel(0, args); }
