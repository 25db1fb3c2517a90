/* The op table and the functions as JSON, for docs/operators.md (tests/operators.js):
 *   {"types": ["", "float32", ...],
 *    "operators": [[name, since, types of input 0 as bits, impl, vector kernel, types by way of casts] ...],
 *    "functions": [[name, since] ...]}
 * vector kernel: null where it is not one function of one or two numbers, which have one each or not. */
#include <stdio.h>
#include <string.h>

#include "kernels/select.h"
#include "ops/elementwise.h"
#include "ops/ops.h"
#include "passes/passes.h"

static const struct {
    const char *name;
    int since;
} functions[] = {
#define SK_FUNCTION(name, since, text) {name, since},
#include "graph/functions.def"
#undef SK_FUNCTION
};

static const char *const names[] = {
#define SK_OP(name, since, min_in, max_in, min_out, max_out, types, follow, flags, values, packs, impl,      \
              param)                                                                                         \
    name,
#include "graph/ops.def"
#undef SK_OP
};
static const char *const implementations[] = {
#define SK_OP(name, since, min_in, max_in, min_out, max_out, types, follow, flags, values, packs, impl,      \
              param)                                                                                         \
    #impl,
#include "graph/ops.def"
#undef SK_OP
};

/* Implementations whose row says by `param` which function they compute, and those of one function. */
static const struct {
    const char *impl;
    int operands, kind; /* kind -1: param's */
} elementwise[] = {
    {"unary", 1, -1},
    {"is_nan", 1, -1},
    {"is_inf", 1, SK_UNARY_IS_INF},
    {"relu", 1, SK_UNARY_CLAMP},
    {"clip", 1, SK_UNARY_CLAMP},
    {"clip_6", 1, SK_UNARY_CLAMP},
    {"leaky_relu", 1, SK_UNARY_LEAKY},
    {"elu", 1, SK_UNARY_ELU},
    {"selu", 1, SK_UNARY_ELU},
    {"celu", 1, SK_UNARY_ELU},
    {"thresholded_relu", 1, SK_UNARY_THRESHOLD},
    {"hard_sigmoid", 1, SK_UNARY_LINEAR},
    {"hard_swish", 1, SK_UNARY_HARD_SWISH},
    {"gelu", 1, SK_UNARY_GELU},
    {"swish", 1, SK_UNARY_SWISH},
    {"shrink", 1, SK_UNARY_SHRINK},
    {"arithmetic", 2, -1},
    {"limited", 2, -1},
    {"binary", 2, -1},
    {"pow", 2, -1},
    {"prelu", 2, -1},
    {"mod", 2, -1},
    {"bit_shift", 2, -1},
    {"variadic", 2, -1},
};

static const char *vector_kernel(const sk_op *op, const char *impl) {
    for (size_t i = 0; i < sizeof elementwise / sizeof *elementwise; i++) {
        if (strcmp(elementwise[i].impl, impl) != 0) continue;
        int kind = elementwise[i].kind < 0 ? op->param : elementwise[i].kind, differ;
        if (elementwise[i].operands == 1) {
            differ = sk_select_unary(kind, SK_FLOAT32, 0) != sk_select_unary(kind, SK_FLOAT32, 1);
        } else {
            kind = kind == SK_OP_MEAN ? SK_BINARY_ADD : kind & ~SK_OP_SWAP;
            differ = sk_select_binary(kind, SK_FLOAT32, 0) != NULL;
        }
        return differ ? "true" : "false";
    }
    return "null";
}

static uint32_t widened(const sk_op *op) {
    uint32_t types = 0;
    for (int type = 1; type < SK_TYPE_COUNT; type++) types |= sk_wider(op, type) ? 1u << type : 0;
    return types;
}

int main(void) {
    printf("{\"types\": [\"\"");
    for (int i = 1; i < SK_TYPE_COUNT; i++) printf(", \"%s\"", sk_type_name(i));
    printf("],\n\"operators\": [\n");
    for (int i = 0, first = 1; i < sk_op_count; i++) {
        const sk_op *op = &sk_ops[i];
        if (op->flags & SK_OP_INTERNAL) continue;
        printf("%s[\"%s\", %d, %u, \"%s\", %s, %u]", first ? "" : ",\n", names[i], op->since, op->types,
               implementations[i], vector_kernel(op, implementations[i]), widened(op));
        first = 0;
    }
    printf("],\n\"functions\": [\n");
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        printf("%s[\"%s\", %d]", i ? ",\n" : "", functions[i].name, functions[i].since);
    printf("]}\n");
    return 0;
}
