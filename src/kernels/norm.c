/* Vector kernels of the normalisations: moments of a run, deviations of columns, and the scaling that
 * follows. Variance is taken around the mean in a second pass: E[x^2] - E[x]^2 loses all digits where the
 * mean is large. */
#include "kernels/kernels.h"
#include "kernels/vmath.h"

/* The sum of (x - mean)^2 */
static float deviation(const float *x, size_t n, float mean) {
    const v128_t centre = sk_splat4(mean);
    v128_t a0 = sk_splat4(0), a1 = a0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        const v128_t d0 = sk_sub4(sk_load4(x + i), centre), d1 = sk_sub4(sk_load4(x + i + 4), centre);
        a0 = sk_madd(d0, d0, a0);
        a1 = sk_madd(d1, d1, a1);
    }
    float sum = sk_sum_lanes(sk_add4(a0, a1));
    for (; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sum;
}

void f32_moments__simd128(const float *x, size_t n, int centre, float *mean, float *variance) {
    float sum = 0, squares = 0;
    if (centre) {
        f32_fold__simd128(SK_FOLD_SUM, x, n, 1, 1, &sum);
        sum /= (float)n;
        for (size_t i = 0; i < n; i += 4096) squares += deviation(x + i, n - i < 4096 ? n - i : 4096, sum);
    } else {
        f32_fold__simd128(SK_FOLD_SUM_SQUARE, x, n, 1, 1, &squares);
    }
    *mean = sum;
    *variance = squares / (float)n;
}

void f32_moments__ref(const float *x, size_t n, int centre, float *mean, float *variance) {
    double sum = 0, squares = 0;
    for (size_t i = 0; centre && i < n; i++) sum += x[i];
    sum /= (double)n;
    for (size_t i = 0; i < n; i++) squares += (x[i] - sum) * (x[i] - sum);
    *mean = (float)sum;
    *variance = (float)(squares / (double)n);
}

void f32_normalize__simd128(const float *x, float *y, size_t n, float mean, float inverse, const float *scale,
                            const float *shift) {
    static const float ones[4] = {1, 1, 1, 1}, zeros[4] = {0};
    const v128_t centre = sk_splat4(mean), factor = sk_splat4(inverse);
    const size_t scale_step = scale ? 4 : 0, shift_step = shift ? 4 : 0, left = n % 4;
    const float *s = scale ? scale : ones, *b = shift ? shift : zeros;
    for (size_t i = n / 4; i > 0; i--, x += 4, y += 4, s += scale_step, b += shift_step)
        sk_store4(y, sk_madd(sk_mul4(sk_sub4(sk_load4(x), centre), factor), sk_load4(s), sk_load4(b)));
    if (!left) return;
    const v128_t v = sk_mul4(sk_sub4(sk_load_part(x, left), centre), factor);
    sk_store_part(y, sk_madd(v, sk_load_part(s, left), sk_load_part(b, left)), left);
}

void f32_normalize__ref(const float *x, float *y, size_t n, float mean, float inverse, const float *scale,
                        const float *shift) {
    for (size_t i = 0; i < n; i++) {
        const double v = ((double)x[i] - mean) * inverse;
        y[i] = (float)(v * (scale ? scale[i] : 1) + (shift ? shift[i] : 0));
    }
}

void f32_deviation__simd128(const float *x, size_t rows, size_t cols, size_t stride, const float *mean,
                            float *acc) {
    size_t j = 0;
    for (; j + 4 <= cols; j += 4) {
        const v128_t centre = sk_load4(mean + j);
        v128_t total = sk_load4(acc + j);
        for (size_t done = 0; done < rows; done += 64) {
            const size_t end = rows - done < 64 ? rows : done + 64;
            v128_t block = sk_splat4(0);
            for (size_t i = done; i < end; i++) {
                const v128_t d = sk_sub4(sk_load4(x + i * stride + j), centre);
                block = sk_madd(d, d, block);
            }
            total = sk_add4(total, block);
        }
        sk_store4(acc + j, total);
    }
    if (j < cols) f32_deviation__ref(x + j, rows, cols - j, stride, mean + j, acc + j);
}

void f32_deviation__ref(const float *x, size_t rows, size_t cols, size_t stride, const float *mean,
                        float *acc) {
    for (size_t j = 0; j < cols; j++) {
        double sum = acc[j];
        for (size_t i = 0; i < rows; i++) {
            const double d = (double)x[i * stride + j] - mean[j];
            sum += d * d;
        }
        acc[j] = (float)sum;
    }
}

void f32_affine__simd128(const float *x, float *y, size_t rows, size_t cols, size_t stride,
                         const float *scale, const float *shift, size_t step) {
    for (size_t i = 0; i < rows; i++, x += stride, y += stride) {
        size_t j = 0;
        for (; j + 4 <= cols; j += 4) {
            const v128_t s = step ? sk_load4(scale + j) : sk_splat4(*scale);
            const v128_t b = step ? sk_load4(shift + j) : sk_splat4(*shift);
            sk_store4(y + j, sk_madd(sk_load4(x + j), s, b));
        }
        if (j == cols) continue;
        const size_t left = cols - j;
        const v128_t s = step ? sk_load_part(scale + j, left) : sk_splat4(*scale);
        const v128_t b = step ? sk_load_part(shift + j, left) : sk_splat4(*shift);
        sk_store_part(y + j, sk_madd(sk_load_part(x + j, left), s, b), left);
    }
}

void f32_affine__ref(const float *x, float *y, size_t rows, size_t cols, size_t stride, const float *scale,
                     const float *shift, size_t step) {
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            y[i * stride + j] = (float)((double)x[i * stride + j] * scale[j * step] + shift[j * step]);
}
