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

sk_f32_dwconv_fn *sk_select_f32_dwconv(const sk_window *w) {
    const int32_t k = w->kernel[1], s = w->stride[1];
    if (w->kernel[0] != 1 || w->in[0] != 1 || w->pad[0] != 0 || w->in_c % 4) return NULL;
    if (w->kernel[2] != k || w->stride[2] != s || w->dilation[1] != 1 || w->dilation[2] != 1) return NULL;
    if (w->pad[2] >= k) return NULL;
    if (k == 3) return s == 1 ? f32_dwconv_3x3s1__simd128 : s == 2 ? f32_dwconv_3x3s2__simd128 : NULL;
    if (k == 5) return s == 1 ? f32_dwconv_5x5s1__simd128 : s == 2 ? f32_dwconv_5x5s2__simd128 : NULL;
    return NULL;
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

/* ---- pooling ---- */

sk_f32_pool_fn *sk_select_f32_pool(int kind, int reference) {
    if (REF(reference)) return NULL;
    return kind == SK_POOL_MAX       ? f32_maxpool_c4__simd128
           : kind == SK_POOL_AVERAGE ? f32_avgpool_c4__simd128
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

typedef struct binary_row {
    uint8_t kind, loop, is_vector;
    sk_binary_fn *kernel;
} binary_row;

static const binary_row binary_rows[] = {
#define SK_BINARY_VECTOR(KIND, TYPE, name) {SK_BINARY_##KIND, SK_##TYPE, 1, name},
#define SK_BINARY(KIND, TYPE, name) {SK_BINARY_##KIND, SK_##TYPE, 0, name},
#include "kernels/binary.def"
#undef SK_BINARY_VECTOR
#undef SK_BINARY
};

sk_binary_fn *sk_select_binary(int kind, int loop, int reference) {
    for (size_t i = 0; i < sizeof binary_rows / sizeof *binary_rows; i++) {
        const binary_row *row = &binary_rows[i];
        if (row->kind == kind && row->loop == loop && !(REF(reference) && row->is_vector)) return row->kernel;
    }
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
    static sk_fold_fn *const vector[SK_FOLD_COUNT] = {f32_sum__simd128,        f32_sum_abs__ref,
                                                      f32_sum_square__simd128, f32_prod__ref,
                                                      f32_max_of__simd128,     f32_min_of__simd128};
    static sk_fold_fn *const f32[SK_FOLD_COUNT] = {f32_sum__ref,  f32_sum_abs__ref, f32_sum_square__ref,
                                                   f32_prod__ref, f32_max_of__ref,  f32_min_of__ref};
    static sk_fold_fn *const f64[SK_FOLD_COUNT] = {f64_sum__ref,  f64_sum_abs__ref, f64_sum_square__ref,
                                                   f64_prod__ref, f64_max_of__ref,  f64_min_of__ref};
    static sk_fold_fn *const i64[SK_FOLD_COUNT] = {i64_sum__ref,  i64_sum_abs__ref, i64_sum_square__ref,
                                                   i64_prod__ref, i64_max_of__ref,  i64_min_of__ref};
    switch (loop) {
    case SK_FLOAT32: return (REF(reference) ? f32 : vector)[kind];
    case SK_FLOAT64: return f64[kind];
    case SK_INT64: return i64[kind];
    case SK_UINT64:
        return kind == SK_FOLD_MAX ? u64_max_of__ref : kind == SK_FOLD_MIN ? u64_min_of__ref : NULL;
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
                                        f32_affine__ref,  f32_sum__ref,       f32_sum_square__ref};
    static const sk_norm_kernels simd = {f32_moments__simd128,   f32_normalize__simd128,
                                         f32_deviation__simd128, f32_affine__simd128,
                                         f32_sum__simd128,       f32_sum_square__simd128};
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

sk_f32_rnn_fn *sk_select_rnn(int reference) { return REF(reference) ? f32_rnn__ref : f32_rnn__simd128; }
