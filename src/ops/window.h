/* What convolution and pooling share: the window attributes (kernel_shape, strides, dilations, pads,
 * auto_pad, ceil_mode), the output sizes they imply, and the row pointers that the indirect kernels read
 * through. */
#ifndef SK_OPS_WINDOW_H
#define SK_OPS_WINDOW_H

#include "graph/op.h"
#include "kernels/kernels.h"

#define SK_SPATIAL 3 /* dimensions that a window may have */

typedef enum sk_auto_pad { SK_PAD_EXPLICIT, SK_PAD_SAME_UPPER, SK_PAD_SAME_LOWER, SK_PAD_VALID } sk_auto_pad;

/* The attributes, for `spatial` dimensions: outermost first, as in the model. */
typedef struct sk_window_attrs {
    int8_t spatial; /* -1: no attribute tells */
    uint8_t auto_pad, ceil_mode, has_kernel;
    int32_t kernel[SK_SPATIAL], stride[SK_SPATIAL], dilation[SK_SPATIAL];
    int32_t pad[SK_SPATIAL], pad_end[SK_SPATIAL];
} sk_window_attrs;

/* Reads and checks them; spatial is what their lengths say, which must agree. */
sk_status sk_window_import(sk_import *c, sk_window_attrs *attrs);

/* An attribute of `sides` numbers (at least `least` each) a spatial dimension, into first and second; sets
 * *spatial or compares with it. */
sk_status sk_window_ints(sk_import *c, const char *name, int sides, int64_t least, int8_t *spatial,
                         int32_t *first, int32_t *second);

/* Completes attrs with what the shapes tell: the number of spatial dimensions (x's rank - 2) and, where the
 * attribute is absent, the kernel (dims of `weight` from 2 on; weight NULL: required). x and weight of known
 * rank. */
sk_status sk_window_complete(sk_infer *c, sk_window_attrs *attrs, const sk_tensor *x,
                             const sk_tensor *weight);

/* Fills dims[2..] of out: those of a window sliding over x, -1 where x's are unknown. */
sk_status sk_window_output(sk_infer *c, const sk_window_attrs *attrs, const sk_tensor *x, sk_tensor *out);

/* The window with all sizes known, three dimensions always. pads as auto_pad makes them from the sizes;
 * pad_end too when not NULL. attrs must be complete. */
void sk_window_make(const sk_window_attrs *attrs, const sk_tensor *x, const sk_tensor *out, int groups,
                    sk_window *w, int32_t pad_end[SK_SPATIAL]);

static inline size_t sk_window_taps(const sk_window *w) {
    return (size_t)w->kernel[0] * (size_t)w->kernel[1] * (size_t)w->kernel[2];
}
static inline size_t sk_pixels(const int32_t size[3]) {
    return (size_t)size[0] * (size_t)size[1] * (size_t)size[2];
}

/* Along axis d, the window at output position `out`: its taps inside the input are at from, from + dilation,
 * ..., `count` of them; `counted` also has those in the pads before and after (pad_end) the input. */
typedef struct sk_span_at {
    int32_t from, count, counted;
} sk_span_at;
sk_span_at sk_window_span(const sk_window *w, int d, int32_t out, int32_t pad_end);

/* rows[t * m + i]: where tap t of output pixel first + i reads, `zeros` outside the input. Pixels count over
 * all images; x is channels-last with in_c elements of `size` bytes a pixel (the caller adds a group's offset
 * to x). */
void sk_window_rows(const sk_window *w, size_t size, const void *x, const void *zeros, size_t first, size_t m,
                    const void **rows);

/* The bytes of that list for blocks of SK_IGEMM_ROWS; 0 when they overflow. */
int sk_window_rows_bytes(const sk_window *w, size_t *bytes);

/* ---- scratch laid out piece by piece: offsets into sk_run.scratch ---- */
/* Takes `bytes` more, 16-byte aligned; 0 when the sum leaves what a scratch may hold. */
int sk_scratch_take(sk_prepare *p, size_t bytes, size_t *offset);

/* A channels-last copy of a plain tensor's elements of `size` bytes, or back: [n][channels][pixels] <->
 * [n][pixels][channels]. */
void sk_to_channels_last(size_t size, size_t n, size_t channels, size_t pixels, const void *x, void *y);

/* Input 0 channels-last: as it is, or with `turn` a copy at `offset` in the scratch. */
const void *sk_turned_input(const sk_run *r, int turn, size_t offset);
/* Output 0 plain, from channels-last elements. */
void sk_turn_output(const sk_run *r, const void *y);

/* Does it matter whether t is stored plain or channels-last? (not with one channel or one pixel) */
int sk_layout_matters(const sk_tensor *t);

#endif
