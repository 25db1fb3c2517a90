/* What an operator is to the rest of the engine: one row in ops.def, one sk_impl in src/ops/. The contexts
 * below are all an operator ever sees; the runtime implements the services they name.
 *
 *   import   once per node at load: checks attributes, leaves typed params on the node
 *   infer    types and shapes of the outputs from those of the inputs; runs at load with partial knowledge
 * and at bind with full knowledge. What it leaves unknown at bind depends on data: the plan is cut there.
 *   prepare  once per node and plan: all shapes are known; chooses the kernel, packs weights, states the
 * scratch run      computes; allocates nothing
 */
#ifndef SK_GRAPH_OP_H
#define SK_GRAPH_OP_H

#include "core/pool.h"
#include "graph/graph.h"

typedef struct sk_import {
    sk_ir *ir;
    sk_node *node;
    sk_error *err;
} sk_import;

typedef struct sk_infer {
    const sk_node *node;
    const sk_tensor *const
        *in;               /* NULL: absent. in[i]->data is set when the value is known now (plain layout) */
    sk_tensor *const *out; /* NULL: not wanted. Come in as unknown; layout is not infer's business */
    int n_in, n_out;
    sk_error *err;
} sk_infer;

typedef struct sk_prepare sk_prepare;
typedef struct sk_packing sk_packing;
typedef struct sk_run sk_run;
typedef sk_status sk_run_fn(sk_run *r);

/* sk_infer's members, which prepare and run have as well; helpers that take an sk_infer get &p->shapes. */
#define SK_SHAPES                                                                                            \
    union {                                                                                                  \
        sk_infer shapes;                                                                                     \
        struct {                                                                                             \
            const sk_node *node;                                                                             \
            const sk_tensor *const *in;                                                                      \
            sk_tensor *const *out;                                                                           \
            int n_in, n_out;                                                                                 \
            sk_error *err;                                                                                   \
        };                                                                                                   \
    }

struct sk_prepare {
    SK_SHAPES;         /* in: shapes and layouts; data only of values known at bind */
    int32_t threads;   /* parts of sk_split may run on so many at once: scratch that parts write is wanted so
                          often */
    uint8_t reference; /* take the scalar reference kernels; see sk_reference */
    uint8_t tile;      /* which product kernel, see kernels/select.h */
    size_t scratch;    /* set: bytes wanted in sk_run.scratch, 16-byte aligned */
    void *state;       /* set: from sk_prepare_alloc, handed to run */
    sk_run_fn *run;    /* comes in as the row's; may be replaced by a special case */
    const char *way;   /* may be set: the algorithm chosen, a few letters for profiles ("winograd"). Static */
    const sk_const *const
        *constants; /* constants[i]: the bytes behind input i when it is a constant, else NULL */
    /* Not for operators: who stands behind the calls below. */
    uint32_t wanted;
    sk_arena *arena;
    void *owner;
    sk_status (*pack)(sk_prepare *p, const sk_packing *packing, const void **packed);
};

/* Are the scalar reference kernels wanted? Never in run-time builds, which then need not contain them. */
static inline int sk_reference(const sk_prepare *p) { return SK_TOOLS && p->reference; }

/* Memory that lives as long as the plan, zeroed. NULL: out of memory (return sk_oom). */
void *sk_prepare_alloc(sk_prepare *p, size_t size);
/* The same as p->state. NULL: out of memory, and said so (return SK_OUT_OF_MEMORY). */
void *sk_prepare_state(sk_prepare *p, size_t size);

/* A packed form of constant inputs, made once per (first constant's id, kind, params) and shared by all
 * plans. Where all shapes are fixed the host forgets the constants after the first plan: kind and params may
 * depend on shapes, but not on what is tuned later. write fills dst (`bytes` long, 64-byte aligned) from the
 * constants by sk_const_read; params are compared bytewise. *packed is valid as long as the model. */
typedef struct sk_pack {
    const sk_ir *ir;
    const sk_const *const *constants; /* as in sk_prepare */
    const void *params;
    sk_heap *heap; /* for temporary strips; free them */
    sk_error *err;
} sk_pack;
typedef sk_status sk_pack_fn(const sk_pack *pack, void *dst);
struct sk_packing {
    const char *kind;   /* a static name, compared by text: "f32_gemm_n8" */
    int input;          /* which constant input keys it */
    const void *params; /* whatever else the form depends on */
    size_t params_size; /* <= 64 */
    size_t bytes;
    sk_pack_fn *write;
};
sk_status sk_prepare_pack(sk_prepare *p, const sk_packing *packing, const void **packed);

/* Inputs that the row claims to pack itself (`packs`) come without data at run; this asks for input i all the
 * same. */
void sk_prepare_want(sk_prepare *p, int input);

struct sk_run {
    SK_SHAPES; /* out: placed by the planner; data NULL where infer left the shape unknown at bind */
    void *state;
    void *scratch;
    sk_pool *pool; /* for sk_split; NULL: one thread */
    sk_heap *heap;
    sk_arena *kept; /* for sk_keep */
    /* Not for operators: who stands behind sk_run_output. */
    void *owner;
    sk_status (*allocate)(sk_run *r, int i);
};

/* Memory that lives as long as the outputs do: characters of strings, items of sequences and maps. NULL: out
 * of memory (return sk_oom). */
void *sk_keep(sk_run *r, size_t bytes);
/* item: a copy of a tensor's bytes that a sequence or a map may hold (or of the map that a sequence holds).
 */
sk_status sk_keep_tensor(sk_run *r, const sk_tensor *t, sk_tensor *item);

/* For outputs whose shape only run can know: sets the shape and gives the bytes. out[i]->type must be set. */
sk_status sk_run_output(sk_run *r, int i, int rank, const int32_t *dims);

/* An operator that is linear in a constant: which input holds the weights, which of their axes counts the
 * output's channels, which input is the bias of that many elements, and which axis of the output the channels
 * are. */
typedef struct sk_linear {
    int weight, weight_axis, bias, out_axis;
} sk_linear;

/* Axes as Transpose's perm names them; rank 0: none. */
typedef struct sk_permutation {
    int8_t rank, axis[SK_MAX_RANK];
} sk_permutation;

/* What a pass may leave as a MatMul's params (NULL without): transpose(alpha * transpose(a) * transpose(b)),
 * done by steps through memory instead of copies. a's last axis and the result's must stay the last; b's may
 * be any. */
typedef struct sk_matmul_params {
    float alpha;
    sk_permutation a, b, y;
} sk_matmul_params;

/* What an elementwise operator does to float32 numbers, for chains of them: a function of one operand or two,
 * named by its kernel's kind. */
#define SK_ELEMENT_NUMBERS 5
typedef struct sk_element {
    int kind;                    /* sk_unary_kind or sk_binary_kind of kernels/elementwise.h */
    uint8_t operands;            /* 1 or 2: inputs 0 and 1 */
    float p[SK_ELEMENT_NUMBERS]; /* parameters of one operand's function */
} sk_element;

/* A Chain node's params: what it was made of, in order; the last link gives the output. */
typedef struct sk_link {
    sk_element element;
    int16_t from[2]; /* the Chain's input, or ~link */
} sk_link;
typedef struct sk_links {
    int n;
    sk_link link[];
} sk_links;
#define SK_CHAIN_LINKS 16
#define SK_CHAIN_INPUTS 6

/* What only few operators have, so that the others need no room for it. */
typedef struct sk_traits {
    /* Activations: the range that the op clamps its input to, when that is all it does; fusion asks for this.
     */
    int (*as_clamp)(const sk_node *node, float *lo, float *hi);
    /* 1 and *linear when a scale and shift of each output channel can be folded into weight and bias. */
    int (*as_linear)(const sk_node *node, sk_linear *linear);
    /* When the op is y = scale[c] * x + shift[c] along `axis` of input *data with constants otherwise: SK_OK
     * and both vectors of `channels` elements; SK_UNSUPPORTED when it is not. */
    sk_status (*as_affine)(const sk_ir *ir, const sk_node *node, int axis, int channels, int *data,
                           float *scale, float *shift, sk_error *err);
    /* 1 and *element when the op is elementwise on float32: it may become a link of a Chain. */
    int (*as_element)(const sk_node *node, sk_element *element);
    /* 1 when out[0] is in[0]'s bytes unchanged for these shapes and layouts (a transpose that moves nothing).
     */
    int (*is_view)(const sk_node *node, const sk_tensor *const *in, const sk_tensor *out);
    /* Multiply-accumulates for these shapes; NULL: none worth counting. */
    double (*macs)(const sk_node *node, const sk_tensor *const *in, const sk_tensor *const *out);
} sk_traits;

typedef struct sk_impl {
    sk_status (*import)(sk_import *c); /* NULL: no attributes to check */
    sk_status (*infer)(sk_infer *c);
    sk_status (*prepare)(sk_prepare *p); /* NULL: nothing to choose */
    sk_run_fn *run;
    const sk_traits *traits; /* NULL: none */
} sk_impl;

/* Traits within an sk_impl. Run-time builds count nothing. */
#define SK_TRAITS(...)                                                                                       \
    .traits = &(const sk_traits) { __VA_ARGS__ }
#define SK_MACS(function) .macs = SK_TOOLS ? (function) : NULL

typedef enum sk_follow {
    SK_FOLLOW_NONE,        /* inputs and outputs plain */
    SK_FOLLOW_ELEMENTWISE, /* any layout shared by the operands of full rank; smaller operands plain */
    SK_FOLLOW_AXIS,        /* any layout; the op maps its axes with sk_storage_axis */
    SK_FOLLOW_CHANNELS, /* wants input 0 and output 0 channels-last when their rank is 4 (3 too, see conv) */
} sk_follow;

typedef enum sk_op_flag {
    SK_OP_INPLACE = 1,    /* out[0] may be in[0]'s memory when sizes match and in[0] dies here */
    SK_OP_INPLACE1 = 2,   /* ... or in[1]'s */
    SK_OP_VIEW = 4,       /* out[0] is in[0]'s bytes under another shape: no step at run time */
    SK_OP_SHAPE_ONLY = 8, /* reads only in[0]'s shape: its value is known as soon as that is */
    SK_OP_CONTROL = 16,   /* has bodies; run by the executor itself */
    SK_OP_RANDOM = 32,    /* never folded */
    SK_OP_INTERNAL = 64,  /* made by target passes, never read from a file */
    SK_OP_CLAMPS = 128,   /* clamps out[0] to [node->lo, node->hi] for free: activations fuse into it */
    SK_OP_SUM = 256,      /* out[0] = in[0] + in[1] */
    SK_OP_ADDS = 512,     /* adds one input more than max_in, of out[0]'s shape, before it clamps: residual
                             connections fuse into it */
    SK_OP_STEPS = 1024,   /* out[0] takes numbers a step apart: a sum of them is soon rounded to steps again,
                             and has to be as exact as it can, or that falls to the other side */
    SK_OP_KINDS = 2048,   /* takes other kinds of values than tensors (sk_kind) */
    SK_OP_WIDENS = 4096,  /* takes narrower types too, by way of casts (passes/widen.c) */
    SK_OP_MOVES = 8192,   /* out[0..] are made of in[0]'s elements (of all inputs' when they are many), and
                             which does not depend on a scale and shift of them all */
} sk_op_flag;

struct sk_op {
    const sk_impl *impl;
    uint32_t types; /* of input 0 (of output 0 where there is no input) */
    int16_t param;  /* tells rows of one impl apart: which unary function, which axis rule */
    uint8_t since;
    uint8_t min_in, max_in, min_out, max_out; /* SK_MANY: no upper bound */
    uint8_t follow;                           /* sk_follow */
    uint16_t flags;                           /* sk_op_flag */
    uint8_t values; /* bit i: the value of input i shapes the outputs (or picks the branch) */
    uint8_t packs;  /* bit i: input i, when constant, is packed by prepare and not wanted at run */
};
#define SK_MANY 255

extern const sk_op sk_ops[];
extern const char
    sk_op_names[]; /* the rows' names in their order, a zero byte behind each: pointers cost more */
extern const int sk_op_count;
/* Is name, up to its end or a space, "op_type" or, in another domain than ai.onnx, "domain.op_type"? */
int sk_op_named(const char *name, const char *domain, const char *op_type);

/* Computes a node's outputs here and now: out[i]->data must hold room for their (known) shapes; every
 * in[i]->data is set. Serves constant folding and the shape arithmetic at bind. kept: see sk_keep. */
sk_status sk_evaluate(const sk_ir *ir, const sk_node *node, const sk_tensor *const *in, sk_tensor *const *out,
                      sk_arena *kept, sk_error *err);

/* A small product with candidate `tile` of the product kernels (sk_prepare.tile), to be timed; 0: no such
 * candidate. work: SK_TRIAL_FLOATS zeros, 16-byte aligned. */
#define SK_MAX_TILES 2
#define SK_TRIAL_FLOATS 31808
int sk_trial(int tile, float *work);

/* ---- helpers for import and infer (graph/infer.c) ---- */
/* Failures, prefixed with the operator's and the node's name. */
#define sk_bad_shape(c, ...) (SK_CHECKED(__VA_ARGS__), sk_bad_shape_with((c), SK_MESSAGE(__VA_ARGS__)))
#define sk_node_fail(node, err, status, ...)                                                                 \
    (SK_CHECKED(__VA_ARGS__), sk_node_fail_with((node), (err), (status), SK_MESSAGE(__VA_ARGS__)))
sk_status sk_bad_shape_with(const sk_infer *context, SK_PRINTED);
sk_status sk_node_fail_with(const sk_node *node, sk_error *err, sk_status status, SK_PRINTED);
/* The attribute if present and of that kind, else NULL; another kind is SK_MALFORMED. */
sk_status sk_want(sk_import *c, const char *name, sk_attr_kind kind, const sk_attr **attr);
/* Params of the given size on the node, zeroed. */
void *sk_params(sk_import *c, size_t size);
/* axis in [-rank, rank) -> [0, rank); 0 when outside. */
int sk_axis(int64_t axis, int rank, int *out);
/* Multidirectional broadcast of two possibly unknown shapes into out's rank and dims; SK_SHAPE when
 * impossible. */
sk_status sk_broadcast(const sk_infer *c, const sk_tensor *a, const sk_tensor *b, sk_tensor *out);
/* A known int32/int64 tensor of at most max elements as int64s; returns the count, -1 when not known or not
 * such. */
int sk_known_ints(const sk_tensor *t, int64_t *dst, int max);
void sk_copy_type(sk_tensor *dst, const sk_tensor *src); /* kind, type, rank and dims */
sk_status sk_infer_same(sk_infer *c);                    /* out[0] = in[0] */
sk_status sk_infer_broadcast(sk_infer *c);               /* out[0] = broadcast of all inputs, in[0]'s type */
sk_status sk_infer_broadcast_bool(sk_infer *c);
/* Runs op->infer after checking the element type, then checks the size of what it found. Outputs come in
 * unknown. */
sk_status sk_infer_node(const sk_node *node, const sk_tensor *const *in, sk_tensor *const *out,
                        sk_error *err);

/* A node's inputs as far as they are known, with the bytes of resident constants, and unknown outputs: what
 * infer and evaluate want. NULL where there is none. */
typedef struct sk_ports {
    sk_tensor *tensors; /* the inputs', then the outputs' */
    const sk_tensor **in;
    sk_tensor **out;
} sk_ports;
sk_status sk_ports_of(const sk_node *node, sk_arena *arena, sk_ports *ports, sk_error *err);
/* Infers a node's outputs, not what is in its bodies, into their values: what these leave open is filled in.
 */
sk_status sk_infer_values(const sk_ir *ir, sk_node *node, sk_error *err);
/* Does the node have the inputs and outputs that its row asks for? */
sk_status sk_check_arity(const sk_node *node, sk_error *err);

/* "Conv 'stem/conv1'" for messages; returns dst. */
#define SK_NODE_TEXT 120
const char *sk_node_text(const sk_node *node, char dst[SK_NODE_TEXT]);

#endif
