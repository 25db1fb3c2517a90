/* The product that candidates of the product kernel are timed on: the size of a block of a usual layer, its
 * operands together within the second-level cache, 1.6 million operations. */
#include "graph/op.h"
#include "kernels/select.h"

#define M 48
#define N 64
#define K 256
_Static_assert(SK_MAX_TILES == SK_TILES, "one number of candidates");
_Static_assert(SK_TRIAL_FLOATS == M * K + N * (K + 1) + M * N, "the three operands");

int sk_trial(int tile, float *work) {
    const float *a = work, *packed = a + (size_t)M * K;
    float *c = work + (size_t)M * K + (size_t)N * (K + 1);
    if (tile >= SK_TILES) return 0;
    sk_select_f32_gemm(tile)(M, N, K, a, K, packed, c, N, 0, 0);
    return 1;
}
