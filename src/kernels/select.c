/* The only place that chooses kernels. What a build contains is decided at compile time (SK_RELAXED); here a
 * kernel is chosen by shape and by whether the reference is wanted. */
#include "kernels/select.h"

/* Run-time builds have no reference kernel where a vector kernel does the same. */
#if SK_TOOLS
#define REF(wanted) (wanted)
#else
#define REF(wanted) ((void)(wanted), 0)
#endif

/* ---- matrix products and convolution ---- */

/* Six rows keep all of x86's registers busy with fused multiply-adds; without them they spill and four are
 * 1.5 times faster. Machines and compilers that see this otherwise are found out by timing. */
#if SK_RELAXED
#define TILES(type) {f32_##type##_6x8__simd128, f32_##type##_4x8__simd128}
#else
#define TILES(type) {f32_##type##_4x8__simd128, f32_##type##_6x8__simd128}
#endif

sk_f32_gemm_fn *sk_select_f32_gemm(int tile) {
    static sk_f32_gemm_fn *const tiles[SK_TILES] = TILES(gemm);
    return tiles[tile];
}

sk_f32_igemm_fn *sk_select_f32_igemm(int tile) {
    static sk_f32_igemm_fn *const tiles[SK_TILES] = TILES(igemm);
    return tiles[tile];
}

/* Which of the kernels for lines of a depthwise convolution: 0 3x3, 1 with stride 2, 2 5x5, 3 with stride 2;
 * -1 none. */
static int dwconv_lines(const sk_window *w) {
    const int32_t k = w->kernel[1], s = w->stride[1];
    if (w->kernel[0] != 1 || w->in[0] != 1 || w->pad[0] != 0) return -1;
    if (w->kernel[2] != k || w->stride[2] != s || w->dilation[1] != 1 || w->dilation[2] != 1) return -1;
    if (w->pad[2] >= k || (k != 3 && k != 5) || (s != 1 && s != 2)) return -1;
    return k - 3 + s - 1;
}

sk_f32_dwconv_fn *sk_select_f32_dwconv(const sk_window *w) {
    static sk_f32_dwconv_fn *const lines[] = {f32_dwconv_3x3s1__simd128, f32_dwconv_3x3s2__simd128,
                                              f32_dwconv_5x5s1__simd128, f32_dwconv_5x5s2__simd128};
    const int which = dwconv_lines(w);
    return which < 0 || w->in_c % 4 ? NULL : lines[which];
}

sk_i8_dwconv_fn *sk_select_i8_dwconv(const sk_window *w) {
    static sk_i8_dwconv_fn *const lines[] = {i8_dwconv_3x3s1__simd128, i8_dwconv_3x3s2__simd128,
                                             i8_dwconv_5x5s1__simd128, i8_dwconv_5x5s2__simd128};
    const int which = dwconv_lines(w);
    return which < 0 ? NULL : lines[which];
}

/* Up to 128 x 128 channels the transformed weights are kept, four times the plain ones; beyond they are made
 * at each run, a large part of the time where tiles are few, so then the smaller ones are better (512
 * channels, 7 x 7: 3.75 ms with weights kept for tiles of 2 x 2; made 3.3 with 4 x 4, 2.95 with 2 x 4). */
const sk_winograd_kernels *sk_select_f32_winograd(const sk_window *w) {
    static const sk_winograd_kernels kept = {1,
                                             4,
                                             4,
                                             f32_winograd_in_4x4__simd128,
                                             f32_winograd_out_4x4__simd128,
                                             NULL},
                                     made = {1,
                                             4,
                                             4,
                                             f32_winograd_in_4x4__simd128,
                                             f32_winograd_out_4x4__simd128,
                                             f32_winograd_weights_4x4__simd128},
                                     few = {1,
                                            2,
                                            4,
                                            f32_winograd_in_2x4__simd128,
                                            f32_winograd_out_2x4__simd128,
                                            f32_winograd_weights_2x4__simd128},
                                     apart = {2,
                                              2,
                                              2,
                                              f32_winograd_in_2x2s2__simd128,
                                              f32_winograd_out_2x2s2__simd128,
                                              f32_winograd_weights_2x2s2__simd128};
    if (w->in_c % 4 || w->out_c % 4 || w->in_c < 16 || w->out_c < 16) return NULL;
    if (w->stride[1] == 2) return &apart;
    if ((int64_t)w->in_c * w->out_c <= 128 * 128) return &kept;
    return (int64_t)w->batch * w->out[1] * w->out[2] <= 64 ? &few : &made;
}

sk_i8_form sk_select_i8_form(int activations, int weights) {
    if (!SK_DOT7 || (!activations && !weights)) return SK_I8_WIDE;
    return activations ? (weights ? SK_I8_BOTH7 : SK_I8_A7) : SK_I8_W7;
}

sk_i8_binary_fn *sk_select_i8_binary(int reference) {
    return REF(reference) ? i8_binary__ref : i8_binary__simd128;
}

sk_i8_gather_fn *sk_select_i8_gather(int reference) {
    return REF(reference) ? i8_gather__ref : i8_gather__simd128;
}

sk_i8_gemm_fn *sk_select_i8_gemm(sk_i8_form form, int reference) {
    if (REF(reference)) return i8_gemm__ref;
    switch (form) {
#if SK_DOT7
    case SK_I8_W7: return i8_gemm_5x8__relaxed_w7;
    case SK_I8_A7: return i8_gemm_5x8__relaxed_a7;
    case SK_I8_BOTH7: return i8_gemm_4x8__relaxed_both7;
#endif
    default: return i8_gemm_4x8__simd128;
    }
}

/* ---- pooling ---- */

sk_pool_fn *sk_select_pool(int kind, int type, int reference) {
    if (REF(reference)) return NULL;
    if (kind == SK_POOL_AVERAGE && type == SK_FLOAT32) return f32_avgpool_c4__simd128;
    if (kind != SK_POOL_MAX) return NULL;
    return type == SK_FLOAT32 ? f32_maxpool_c4__simd128
           : type == SK_UINT8 ? u8_maxpool_c16__simd128
           : type == SK_INT8  ? s8_maxpool_c16__simd128
                              : NULL;
}

/* ---- elementwise, reductions, normalisation ---- */

sk_unary_fn *sk_select_unary(int kind, int loop, int reference) {
    static sk_unary_fn *const vector[SK_UNARY_COUNT] = {
#define SK_UNARY(KIND, name) [SK_UNARY_##KIND] = f32_##name##__simd128,
#define SK_UNARY_SCALAR(KIND)
#include "kernels/unary.def"
#undef SK_UNARY
#undef SK_UNARY_SCALAR
    };
    if (kind == SK_UNARY_IS_NAN || kind == SK_UNARY_IS_INF) return loop == SK_FLOAT64 ? f64_test__ref : NULL;
    switch (loop) {
    case SK_FLOAT32: return vector[kind] && !REF(reference) ? vector[kind] : f32_unary__ref;
    case SK_FLOAT64: return f64_unary__ref;
    case SK_INT64: return i64_unary__ref;
    case SK_BOOL: return kind == SK_UNARY_NOT ? bool_not__ref : NULL;
    default: return NULL;
    }
}

/* A loop type's kernel and the kinds that it knows, as bits. */
#define KIND(name) ((uint32_t)1 << SK_BINARY_##name)
#define ARITHMETIC (KIND(ADD) | KIND(SUB) | KIND(MUL) | KIND(DIV))
#define BOUNDS (KIND(MIN) | KIND(MAX))
#define COMPARISONS (KIND(LESS) | KIND(LESS_EQUAL))
#define POWERS (KIND(POW) | KIND(MOD) | KIND(FMOD))

sk_binary_fn *sk_select_binary(int kind, int loop, int reference) {
    static const struct {
        sk_binary_fn *kernel;
        uint32_t kinds;
        uint8_t loop;
    } rows[] = {
        {f32_binary__simd128, ARITHMETIC | BOUNDS | KIND(PRELU), SK_FLOAT32},
        {f64_binary__ref, ARITHMETIC | BOUNDS | KIND(PRELU) | POWERS | COMPARISONS | KIND(EQUAL), SK_FLOAT64},
        {i32_binary__ref, KIND(ADD), SK_INT32},
        {i64_binary__ref,
         ARITHMETIC | BOUNDS | KIND(PRELU) | POWERS | COMPARISONS | KIND(EQUAL) | KIND(BIT_AND) |
             KIND(BIT_OR) | KIND(BIT_XOR),
         SK_INT64},
        {u64_binary__ref, KIND(DIV) | KIND(MOD) | BOUNDS | COMPARISONS | KIND(SHIFT_LEFT) | KIND(SHIFT_RIGHT),
         SK_UINT64},
        {bool_binary__ref, KIND(AND) | KIND(OR) | KIND(XOR), SK_BOOL},
    };
    if (REF(reference) && loop == SK_FLOAT32)
        return (uint32_t)1 << kind & ARITHMETIC ? f32_binary__ref : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].loop == loop && rows[i].kinds >> kind & 1) return rows[i].kernel;
    return NULL;
}

/* The narrowest loop that holds the type's values and has the function; the unsigned 64-bit one shares the
 * signed one's where their bits agree. */
int sk_binary_loop(int kind, int type, int reference) {
    const int is_half = type == SK_FLOAT16 || type == SK_BFLOAT16;
    const int is_shift = kind == SK_BINARY_SHIFT_LEFT || kind == SK_BINARY_SHIFT_RIGHT;
    int loop = is_half ? SK_FLOAT32 : type;
    if (sk_select_binary(kind, loop, reference)) return loop;
    if (kind >= SK_BINARY_AND && kind <= SK_BINARY_XOR) return 0;
    if (is_half || type == SK_FLOAT32) loop = SK_FLOAT64;
    else if (sk_type_in(type, SK_T_INT | SK_T(BOOL))) loop = is_shift ? SK_UINT64 : SK_INT64;
    else return 0;
    return sk_select_binary(kind, loop, reference) ? loop : 0;
}

sk_where_fn *sk_select_where(size_t element_size) {
    switch (element_size) {
    case 1: return x8_where__ref;
    case 2: return x16_where__ref;
    case 4: return x32_where__ref;
    case 8: return x64_where__ref;
    case 16: return x128_where__ref;
    default: return NULL;
    }
}

sk_fold_fn *sk_select_fold(int kind, int loop, int reference) {
    switch (loop) {
    case SK_FLOAT32: return REF(reference) ? f32_fold__ref : f32_fold__simd128;
    case SK_FLOAT64: return f64_fold__ref;
    case SK_INT64: return i64_fold__ref;
    case SK_UINT64: return kind == SK_FOLD_MAX || kind == SK_FOLD_MIN ? u64_fold__ref : NULL;
    default: return NULL;
    }
}

sk_softmax_fn *sk_select_softmax(int loop) {
    return loop == SK_FLOAT64 ? f64_softmax__ref : f32_softmax__simd128;
}

sk_f32_attention_fn *sk_select_attention(int reference) {
    return REF(reference) ? f32_attention__ref : f32_attention__simd128;
}

sk_arg_fn *sk_select_arg(int loop) {
    switch (loop) {
    case SK_FLOAT32: return f32_arg__ref;
    case SK_FLOAT64: return f64_arg__ref;
    default: return i64_arg__ref;
    }
}

const sk_norm_kernels *sk_select_norm(int reference) {
    static const sk_norm_kernels ref = {f32_moments__ref, f32_normalize__ref, f32_deviation__ref,
                                        f32_affine__ref, f32_fold__ref};
    static const sk_norm_kernels simd = {f32_moments__simd128, f32_normalize__simd128, f32_deviation__simd128,
                                         f32_affine__simd128, f32_fold__simd128};
    return REF(reference) ? &ref : &simd;
}

sk_f32_quantize_fn *sk_select_quantize(int type, int reference) {
    if (type == SK_UINT8) return REF(reference) ? f32_quantize_u8__ref : f32_quantize_u8__simd128;
    if (type == SK_INT8) return REF(reference) ? f32_quantize_s8__ref : f32_quantize_s8__simd128;
    return NULL;
}

/* ---- data movement ---- */

const sk_move_kernels *sk_select_move(int reference) {
    static const sk_move_kernels ref = {any_copy__ref, any_fill__ref};
    static const sk_move_kernels simd = {any_copy__simd128, any_fill__simd128};
    return REF(reference) ? &ref : &simd;
}

sk_nearest_fn *sk_select_nearest(int reference) {
    return REF(reference) ? any_nearest__ref : any_nearest__simd128;
}

sk_f32_resample_fn *sk_select_resample(int reference) {
    return REF(reference) ? f32_resample__ref : f32_resample__simd128;
}

/* ---- recurrent ---- */

sk_rnn_fn *sk_select_rnn(int reference) { return reference ? any_rnn__ref : f32_rnn__simd128; }
