/* What the files of the ONNX reader share: onnx.c (model, graphs), onnx_names.c (texts, scopes),
 * onnx_value.c, onnx_node.c, onnx_attr.c, onnx_tensor.c, onnx_sparse.c, onnx_functions.c (expansion of local
 * functions), onnx_sort.c. Messages are read in several passes (count, declare, build): a pass over ranges
 * costs little, and every array is allocated once at its size. */
#ifndef SK_FORMATS_ONNX_READER_H
#define SK_FORMATS_ONNX_READER_H

#include "formats/names.h"
#include "formats/wire.h"
#include "graph/graph.h"

#define SK_ONNX_DEPTH 16        /* of bodies within bodies and functions within functions, together */
#define SK_ONNX_NODES 1000000   /* in the whole model, functions expanded */
#define SK_ONNX_PORTS (1 << 20) /* inputs, outputs and attributes of one node */
#define SK_ONNX_ATTRS 256       /* of one node */
#define SK_ONNX_RESIDENT 1024   /* constants of at most so many bytes are read at once */

typedef struct sk_onnx_function {
    const char *domain, *name, *overload; /* interned */
    sk_message message;
    int32_t n_inputs, n_outputs;
    sk_opset *opsets;
    int32_t n_opsets;
} sk_onnx_function;

/* A function call being expanded; the attributes are those that its body may refer to. */
typedef struct sk_onnx_call {
    const struct sk_onnx_call *caller;
    const sk_onnx_function *function;
    const sk_attr *attrs;
    int32_t n_attrs;
    char prefix[64]; /* of the names of what the body makes: "encoder/layer1/" */
} sk_onnx_call;

/* Where names are looked up. A body sees the scopes around it; a function sees only its own. */
typedef struct sk_onnx_scope {
    struct sk_onnx_scope *parent;
    sk_names names;           /* -> sk_value, NULL for an optional that a function call leaves out */
    sk_names pending;         /* of a function: its outputs that no node was seen to give yet -> sk_value */
    sk_graph *graph;          /* where nodes and values go; of a function: the graph of the call */
    uint8_t *unsorted;        /* set when a node of `graph` is used before it stands in the file */
    const sk_onnx_call *call; /* NULL in the model's own graphs */
} sk_onnx_scope;

typedef struct sk_onnx {
    sk_ir *ir;
    sk_heap *heap;
    sk_error *err;
    sk_wire wire;
    sk_arena scratch;   /* freed at the end of the read */
    sk_names texts;     /* interned: operators, domains, attribute names -> their copy in the IR's arena */
    sk_names functions; /* key -> sk_onnx_function */
    char *name;         /* SK_ONNX_NAME_BUFFER bytes to build names in */
    int32_t n_nodes, n_calls;
    int depth;
} sk_onnx;
#define SK_ONNX_NAME_BUFFER (3 * SK_NAME_MAX + 64)

/* A NodeProto as its fields say. */
typedef struct sk_onnx_node {
    sk_message message;
    const char *domain, *op_type, *overload; /* interned */
    const char *name;
    const sk_onnx_function *function; /* the local function it calls, or NULL */
    int32_t opset;
    int32_t n_inputs, n_outputs;
    sk_value **inputs, **outputs; /* NULL: absent */
    sk_attr *attrs;
    int32_t n_attrs;
} sk_onnx_node;

/* ---- texts and names (onnx_names.c) ---- */
/* The field's text, one copy per distinct text, in the IR's arena. */
sk_status sk_onnx_intern(sk_onnx *r, const sk_field *field, const char *what, const char **text);
/* The text behind the names of what a function call makes, in a buffer of the reader: valid until the next
 * call. */
const char *sk_onnx_prefixed(sk_onnx *r, const sk_onnx_scope *scope, const char *chars, size_t length);
/* A new value of that name in the scope; a name that it already has is SK_MALFORMED. */
sk_status sk_onnx_declare(sk_onnx *r, sk_onnx_scope *scope, const char *chars, size_t length,
                          sk_value **value);
/* Declares the outputs of a NodeProto. */
sk_status sk_onnx_declare_outputs(sk_onnx *r, sk_onnx_scope *scope, const sk_field *node);
/* The value of that name here or around here (NULL: an absent optional); 0 when there is none. */
int sk_onnx_lookup(sk_onnx_scope *scope, const char *chars, size_t length, sk_value **value);

/* ---- graphs (onnx.c) ---- */
sk_status sk_onnx_graph(sk_onnx *r, sk_onnx_scope *parent, sk_message message, sk_graph **graph);
sk_status sk_onnx_opset(sk_onnx *r, const sk_field *field, sk_opset *opset);

/* ---- declared types (onnx_value.c) ---- */
typedef struct sk_onnx_value_info {
    sk_field name;
    sk_tensor type;
    const char *symbols[SK_MAX_RANK];
    uint8_t optional, keys; /* as in sk_value */
} sk_onnx_value_info;

sk_status sk_onnx_value_info_read(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info);
/* TypeProto, into an info that is still unknown; depth: how many types are around it. */
sk_status sk_onnx_type_read(sk_onnx *r, const sk_field *field, sk_onnx_value_info *info, int depth);

/* ---- nodes (onnx_node.c) ---- */
sk_status sk_onnx_node_read(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field);
/* Gives a value a second name, or a place in another graph. */
sk_status sk_onnx_identity(sk_onnx *r, const sk_onnx_scope *scope, sk_value *from, sk_value *to);

/* ---- attributes (onnx_attr.c) ---- */
/* *present = 0: it stands for an attribute that the function's caller did not give. */
sk_status sk_onnx_attr_read(sk_onnx *r, sk_onnx_scope *scope, const sk_field *field, sk_attr *attr,
                            int *present);

/* ---- tensors (onnx_tensor.c) ---- */
/* A TensorProto as a new constant; *name (may be NULL): the field that names it, number 0 when there is none.
 */
sk_status sk_onnx_tensor(sk_onnx *r, const sk_field *field, sk_field *name, sk_const **constant);
/* A SparseTensorProto likewise (onnx_sparse.c). */
sk_status sk_onnx_sparse(sk_onnx *r, const sk_field *field, sk_field *name, sk_const **constant);

/* ---- functions (onnx_functions.c) ---- */
sk_status sk_onnx_function_add(sk_onnx *r, const sk_field *field);
/* The function of that name, or NULL. */
const sk_onnx_function *sk_onnx_function_find(sk_onnx *r, const char *domain, const char *name,
                                              const char *overload);
/* Puts the function's nodes in place of the call. */
sk_status sk_onnx_expand(sk_onnx *r, sk_onnx_scope *scope, const sk_onnx_node *call);

/* ---- order (onnx_sort.c) ---- */
/* Puts the graph's nodes into topological order; SK_MALFORMED when there is none. */
sk_status sk_onnx_sort(sk_onnx *r, sk_graph *graph);

#endif
