/* Pooling, channels-last: one output pixel, a vector of channels at a time. Bound by loads. */
#include "kernels/kernels.h"

SK_INLINE v128_t four_channels(const int max, const sk_pool_args *a, size_t c, size_t lanes) {
    v128_t acc = wasm_f32x4_splat(max ? -__builtin_inff() : 0.0f);
    for (size_t r = 0; r < a->runs; r++) {
        const float *x = (const float *)a->rows[r] + c;
        for (size_t i = 0; i < a->length; i++, x += a->step) {
            const v128_t v = lanes == 4 ? sk_load4(x) : sk_load_part(x, lanes);
            acc = max ? wasm_f32x4_pmax(acc, v) : wasm_f32x4_add(acc, v);
        }
    }
    return max ? acc : wasm_f32x4_div(acc, wasm_f32x4_splat(a->divisor));
}

SK_INLINE void pixel(const int max, const sk_pool_args *a) {
    size_t c = 0;
    float *const y = a->y;
    for (; a->channels - c >= 4; c += 4) sk_store4(y + c, four_channels(max, a, c, 4));
    if (c < a->channels) {
        const size_t lanes = a->channels - c;
        sk_store_part(y + c, four_channels(max, a, c, lanes), lanes);
    }
}

void f32_maxpool_c4__simd128(const sk_pool_args *args) { pixel(1, args); }
void f32_avgpool_c4__simd128(const sk_pool_args *args) { pixel(0, args); }

/* `sign` makes bytes unsigned. What is left of the channels goes through `part`. */
static __attribute__((noinline)) void byte_maximum(const sk_pool_args *a, int8_t sign) {
    const v128_t flip = wasm_i8x16_splat(sign);
    uint8_t part[16] = {0};
    for (size_t c = 0; c < a->channels; c += 16) {
        const size_t n = a->channels - c;
        v128_t acc = wasm_i8x16_splat(0);
        for (size_t r = 0; r < a->runs; r++) {
            const uint8_t *x = (const uint8_t *)a->rows[r] + c;
            for (size_t i = 0; i < a->length; i++, x += a->step) {
                const uint8_t *from = x;
                if (n < 16) {
                    for (size_t j = 0; j < n; j++) part[j] = x[j];
                    from = part;
                }
                acc = wasm_u8x16_max(acc, wasm_v128_xor(wasm_v128_load(from), flip));
            }
        }
        acc = wasm_v128_xor(acc, flip);
        if (n >= 16) {
            wasm_v128_store((uint8_t *)a->y + c, acc);
        } else {
            wasm_v128_store(part, acc);
            for (size_t j = 0; j < n; j++) ((uint8_t *)a->y)[c + j] = part[j];
        }
    }
}

void u8_maxpool_c16__simd128(const sk_pool_args *args) { byte_maximum(args, 0); }
void s8_maxpool_c16__simd128(const sk_pool_args *args) { byte_maximum(args, -128); }
