/* The scalar definition of the matrix product, which every fast kernel is compared with. */
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
