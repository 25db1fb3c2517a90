/* Indices and updates, one after another, so that of equal indices the last wins and reductions see each
 * other; see indices.h. */
#include "ops/indices.h"

#include <string.h>

#include "ops/elementwise.h"

sk_status sk_index_import(sk_import *c) {
    static const char *const reductions[] = {"none", "add", "mul", "max", "min", NULL};
    sk_index_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "axis", 0, &params->axis));
    SK_TRY(sk_want_int(c, "batch_dims", 0, &params->batch_dims));
    if (params->batch_dims < 0 || params->batch_dims >= SK_MAX_RANK)
        return sk_bad_attr(c, SK_MALFORMED, "batch_dims is %lld", (long long)params->batch_dims);
    return sk_want_word(c, "reduction", reductions, SK_SCATTER_SET, &params->reduction);
}

sk_status sk_index_types(const sk_infer *c) {
    const sk_index_params *params = c->node->params;
    const int type = c->in[0]->type;
    SK_TRY(sk_want_ints(c, 1, "the list of indices"));
    if (type) SK_TRY(sk_want_types(c, 2, 1u << type));
    if (type && params->reduction && !sk_type_in(type, SK_T_ARITH | SK_T(BOOL)))
        return sk_infer_fail(c, SK_UNSUPPORTED, "reduction of %s", sk_type_name(type));
    return SK_OK;
}

sk_status sk_index_at(const sk_run *r, size_t i, int axis, int64_t *index) {
    const int64_t given = sk_int_at(r->in[1], i);
    const int32_t dim = r->in[0]->dims[axis];
    *index = given;
    return sk_wrap_index(index, dim) ? SK_OK : sk_bad_index(r, given, axis, dim);
}

/* Sums and products of float32 in double round to what float32 gives. */
static double reduce_real(int op, double a, double b) {
    switch (op) {
    case SK_SCATTER_ADD: return a + b;
    case SK_SCATTER_MUL: return a * b;
    case SK_SCATTER_MAX: return a >= b || a != a ? a : b; /* what is no number stays */
    default: return a <= b || a != a ? a : b;
    }
}

/* Integers wrap around, so they are added and multiplied as unsigned; bool: or, and. */
static int64_t reduce_whole(int op, int type, int64_t a, int64_t b) {
    const int below = type == SK_UINT64 ? (uint64_t)a < (uint64_t)b : a < b;
    switch (op) {
    case SK_SCATTER_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case SK_SCATTER_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case SK_SCATTER_MAX: return below ? b : a;
    default: return below ? a : b;
    }
}

static void apply(int op, int type, char *dst, char *src) {
    const sk_tensor to = {.data = dst, .type = (uint8_t)type}, from = {.data = src, .type = (uint8_t)type};
    if (sk_type_in(type, SK_T_FLOATS)) {
        sk_put_number(&to, 0, reduce_real(op, sk_number_at(&to, 0), sk_number_at(&from, 0)));
    } else {
        const int64_t x = reduce_whole(op, type, sk_int_at(&to, 0), sk_int_at(&from, 0));
        sk_convert(SK_INT64, type, &x, dst, 0, 1);
    }
}

void sk_scatter(int reduction, int type, char *dst, const char *src, size_t count) {
    const size_t size = sk_elem(type);
    if (reduction == SK_SCATTER_SET) memcpy(dst, src, count * size);
    else
        for (size_t i = 0; i < count; i++)
            apply(reduction, type, dst + i * size, (char *)(uintptr_t)src + i * size);
}
