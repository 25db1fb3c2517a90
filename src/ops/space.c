/* DepthToSpace and SpaceToDepth: a strided copy of six axes, in whichever layout the tensors are stored. */
#include "ops/move.h"

typedef struct space_params {
    int64_t block;
    int crd; /* DepthToSpace: channel = c * b * b + y * b + x instead of (y * b + x) * c' + c */
} space_params;

static sk_status space_import(sk_import *c) {
    static const char *const modes[] = {"DCR", "CRD", NULL};
    space_params *params = sk_params(c, sizeof *params);
    if (!params) return SK_OUT_OF_MEMORY;
    SK_TRY(sk_want_int(c, "blocksize", 0, &params->block));
    if (params->block < 1 || params->block > 32767)
        return sk_bad_attr(c, SK_MALFORMED, "blocksize is %lld", (long long)params->block);
    return c->node->op->param ? SK_OK : sk_want_word(c, "mode", modes, 0, &params->crd);
}

/* param 0: DepthToSpace, 1: SpaceToDepth */
static sk_status space_infer(sk_infer *c) {
    const space_params *params = c->node->params;
    const sk_tensor *in = c->in[0];
    const int64_t b = params->block;
    const int to_depth = c->node->op->param;
    char text[SK_SHAPE_TEXT];
    int64_t dims[4] = {-1, -1, -1, -1};
    SK_TRY(sk_fit(c, 0, 4, dims));
    for (int d = 1; d < 4; d++) {
        const int64_t by = d == 1 ? b * b : b;
        if (dims[d] < 0) continue;
        if (to_depth == (d == 1)) dims[d] *= by;
        else if (dims[d] % by)
            return sk_bad_shape(c, "%s does not divide into blocks of %d", sk_tensor_text(in, text), (int)b);
        else dims[d] /= by;
    }
    return sk_set_out(c, 0, in->type, 4, dims);
}

static sk_status space_run(sk_run *r) {
    const space_params *params = r->node->params;
    const int to_depth = r->node->op->param;
    /* "deep" has the blocks in its channels, "wide" in its space; the copy is the same in both directions */
    const sk_tensor *deep = to_depth ? r->out[0] : r->in[0], *wide = to_depth ? r->in[0] : r->out[0];
    ptrdiff_t ds[SK_MAX_RANK], ws[SK_MAX_RANK];
    sk_byte_strides(deep, ds);
    sk_byte_strides(wide, ws);
    const int32_t b = (int32_t)params->block, channels = wide->dims[1];
    const ptrdiff_t inner = params->crd ? (ptrdiff_t)b * b : 1, step = params->crd ? 1 : channels;
    const struct {
        int32_t n;
        ptrdiff_t deep, wide;
    } axes[6] = {
        {wide->dims[0], ds[0], ws[0]},     {channels, ds[1] * inner, ws[1]},
        {deep->dims[2], ds[2], ws[2] * b}, {deep->dims[3], ds[3], ws[3] * b},
        {b, ds[1] * step * b, ws[2]},      {b, ds[1] * step, ws[3]},
    };
    sk_copy copy;
    sk_copy_start(&copy, sk_elem(wide->type));
    for (int i = 0; i < 6; i++)
        sk_copy_axis(&copy, axes[i].n, to_depth ? axes[i].wide : axes[i].deep,
                     to_depth ? axes[i].deep : axes[i].wide);
    sk_move(r, &copy, r->out[0]->data, r->in[0]->data);
    return SK_OK;
}

const sk_impl sk_impl_space = {
    .import = space_import, .infer = space_infer, .prepare = sk_move_prepare, .run = space_run};
