/* Element types and the tensor: a type, logical dimensions, a storage order and borrowed bytes. The same
 * struct holds the other kinds of values that ONNX has: a sequence's elements, and a map's two, are tensors.
 * The same struct describes what is known of a value before its bytes exist: type 0, rank -1 and a dimension
 * of -1 each mean "unknown". Logical dimensions are always in ONNX's order; `layout` says how they are
 * stored. */
#ifndef SK_CORE_TENSOR_H
#define SK_CORE_TENSOR_H

#include "core/heap.h"

#define SK_MAX_RANK 8
#define SK_MAX_TENSOR_BYTES ((size_t)1 << 30)

typedef enum sk_type {
    SK_NO_TYPE = 0,
#define SK_TYPE_ROW(name, number, bits, text) SK_##name = number,
#include "core/types.def"
#undef SK_TYPE_ROW
    SK_TYPE_COUNT = 27
} sk_type;

/* Sets of types, for the op table. */
#define SK_T(name) (1u << SK_##name)
#define SK_T_FLOAT SK_T(FLOAT32)
#define SK_T_INT                                                                                             \
    (SK_T(UINT8) | SK_T(INT8) | SK_T(UINT16) | SK_T(INT16) | SK_T(INT32) | SK_T(INT64) | SK_T(UINT32) |      \
     SK_T(UINT64))
#define SK_T_NUMBER (SK_T_INT | SK_T(FLOAT32) | SK_T(FLOAT64))
#define SK_T_FIXED                                                                                           \
    (SK_T_NUMBER | SK_T(BOOL) | SK_T(FLOAT16) | SK_T(BFLOAT16) | SK_T(COMPLEX64) | SK_T(COMPLEX128))
#define SK_T_ANY 0xffffffffu

typedef enum sk_layout {
    SK_PLAIN = 0,         /* stored in logical order, last dimension fastest */
    SK_CHANNELS_LAST = 1, /* rank >= 3: stored as dims[0], dims[2..], dims[1]: NHWC of a logical NCHW */
} sk_layout;

/* What dims and data mean. The items of sequences and maps, like the characters of strings, live as long as
 * what they were made for: a model, a plan or a prediction (sk_keep). They are never changed, so moving a
 * value is copying its data. An optional is its content, or absent. */
typedef enum sk_kind {
    SK_TENSOR = 0,
    SK_SEQUENCE, /* rank 1, dims[0] items: data is an array of sk_tensor, all of one type */
    SK_MAP,      /* rank 1, dims[0] entries: data is two sk_tensor, the keys and the values (of type) */
    SK_ABSENT,   /* an optional without content; rank 0, no data. type is what it would have */
} sk_kind;

typedef struct sk_tensor {
    void *data;     /* NULL while its bytes are not known or not placed; never owned by the tensor itself */
    uint8_t type;   /* sk_type; 0 unknown */
    int8_t rank;    /* -1 unknown */
    uint8_t layout; /* sk_layout */
    uint8_t kind;   /* sk_kind */
    int32_t dims[SK_MAX_RANK];
} sk_tensor;

/* Strings as elements: SK_STRING data is an array of these, the bytes owned by whoever owns the data. */
typedef struct sk_string {
    const char *text; /* not NUL-terminated */
    uint32_t length;
} sk_string;

const char *sk_type_name(int type); /* "float32"; "unknown" for anything else */
int sk_type_bits(int type); /* 0 for unknown numbers and, elementwise size aside, never for a known type */
static inline int sk_type_in(int type, uint32_t set) { return type > 0 && type < 32 && ((set >> type) & 1u); }

/* All dimensions known? (a rank of 0 is known) */
int sk_shape_known(const sk_tensor *t);
/* Number of elements of a known shape whose bytes were checked already (sk_tensor_bytes). 1 for rank 0. */
size_t sk_numel(const sk_tensor *t);
/* Bytes of a tensor of known type and shape into *bytes; 0 when unknown, negative or over
 * SK_MAX_TENSOR_BYTES. */
int sk_tensor_bytes(const sk_tensor *t, size_t *bytes);
/* The same for a checked tensor. */
size_t sk_nbytes(const sk_tensor *t);
int sk_same_shape(const sk_tensor *a, const sk_tensor *b); /* kind, rank and dims */
/* Product of dims[from .. to-1] */
size_t sk_span(const sk_tensor *t, int from, int to);

/* Storage order: order[i] is the logical axis stored i-th (slowest first). Identity for SK_PLAIN. */
void sk_storage_order(const sk_tensor *t, int8_t order[SK_MAX_RANK]);
/* Position of a logical axis in storage. */
int sk_storage_axis(const sk_tensor *t, int axis);
/* Dimensions in storage order; returns the rank. */
int sk_storage_dims(const sk_tensor *t, int32_t dims[SK_MAX_RANK]);

/* "float32[1,3,?,224]" into a buffer, for messages; returns dst. 160 bytes are always enough. */
#define SK_SHAPE_TEXT 160
const char *sk_tensor_text(const sk_tensor *t, char dst[SK_SHAPE_TEXT]);

static inline sk_tensor sk_unknown_tensor(void) { return (sk_tensor){.rank = -1}; }
/* Leaves data, layout and kind alone. */
void sk_set_shape(sk_tensor *t, int type, int rank, const int32_t *dims);

#endif
