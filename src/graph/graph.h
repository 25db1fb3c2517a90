/* The intermediate representation: a model as a graph of values and nodes, close to ONNX's own so that it can
 * be checked, dumped and written back. Everything here lives in the graph's arena and is freed with it; names
 * and attribute bytes are copied in. Nothing in it assumes inference: an initializer may be declared
 * variable. */
#ifndef SK_GRAPH_GRAPH_H
#define SK_GRAPH_GRAPH_H

#include "core/tensor.h"

typedef struct sk_graph sk_graph;
typedef struct sk_node sk_node;
typedef struct sk_value sk_value;
typedef struct sk_op sk_op;

/* Where bytes come from that are too big to hold: the model file and its external data files. read copies
 * [offset, offset + size) of file `file` to dst and returns 0, or non-zero when it cannot. */
typedef struct sk_source {
    int (*read)(void *user, int file, uint64_t offset, size_t size, void *dst);
    void *user;
} sk_source;

/* Bytes of a constant: resident (data) or still in the source (file, offset). Type and shape stand beside it.
 * `scale` is a factor along dims[scale_axis] not yet multiplied in (float32 only): folding a batch norm into
 * a convolution costs one vector and leaves the weights in the source. */
typedef struct sk_const {
    sk_tensor type; /* always plain; type.data is the resident bytes or NULL */
    int32_t id;     /* unique in the model: packed forms are keyed by it */
    int file;
    uint64_t offset;
    const float *scale; /* dims[scale_axis] factors, or NULL */
    int scale_axis;
    uint8_t variable; /* training changes it: never fold, pack or drop */
} sk_const;

typedef enum sk_attr_kind { /* AttributeProto.AttributeType */
                            SK_ATTR_FLOAT = 1,
                            SK_ATTR_INT = 2,
                            SK_ATTR_STRING = 3,
                            SK_ATTR_TENSOR = 4,
                            SK_ATTR_GRAPH = 5,
                            SK_ATTR_FLOATS = 6,
                            SK_ATTR_INTS = 7,
                            SK_ATTR_STRINGS = 8,
                            SK_ATTR_TENSORS = 9,
                            SK_ATTR_GRAPHS = 10,
                            SK_ATTR_TYPE = 13,
} sk_attr_kind;

typedef struct sk_attr {
    const char *name;
    const char *ref; /* inside a function body: the caller's attribute that it stands for; else NULL */
    uint8_t kind;
    uint32_t count; /* of the list kinds */
    union {
        int64_t i;
        float f;
        sk_string s;
        sk_const *tensor;
        sk_graph *graph;
        const int64_t *ints;
        const float *floats;
        const sk_string *strings;
        sk_const *const *tensors;
        sk_graph *const *graphs;
        const sk_tensor *type; /* kind, type and shape; no data */
    };
} sk_attr;

struct sk_value {
    const char *name; /* "" is never a value: an absent optional is a NULL pointer */
    sk_graph *graph;
    int32_t index;      /* in graph->values */
    sk_node *producer;  /* NULL for inputs, constants and captured values */
    sk_const *constant; /* the bytes of an initializer or a folded value, or NULL */
    sk_tensor type;     /* what is known statically; type.layout is decided by the layout pass */
    const char
        *symbols[SK_MAX_RANK]; /* names of dynamic dimensions (graph inputs and outputs), NULL elsewhere */
    uint8_t is_input, is_output;
    uint8_t optional; /* as declared: may be absent */
    uint8_t keys;     /* as declared: the type of a map's keys, or of the maps' in a sequence; else 0 */
};

struct sk_node {
    const char *name; /* may be "" */
    const char *domain, *op_type;
    const sk_op *op; /* NULL only before sk_resolve */
    sk_graph *graph;
    sk_value **inputs,
        **outputs; /* NULL entries: absent optionals. May belong to an enclosing graph (captures) */
    int32_t n_inputs, n_outputs;
    sk_attr *attrs;
    int32_t n_attrs;
    void *params;      /* what op->import made of the attributes */
    sk_graph **bodies; /* subgraphs among the attributes, in op-defined order (If: then, else) */
    int32_t n_bodies;
    int32_t opset; /* version of its domain */
    float lo, hi;  /* clamp fused behind an op with SK_OP_CLAMPS; -inf, +inf when there is none */
};

typedef struct sk_opset {
    const char *domain; /* "" is ai.onnx */
    int32_t version;
} sk_opset;

struct sk_graph {
    const char *name;
    sk_graph *parent; /* the graph whose node holds this one, or NULL */
    sk_arena *arena;  /* the model's: shared by all its graphs */
    int32_t id;       /* 0 for the main graph */
    sk_value **values;
    int32_t n_values, cap_values;
    sk_node **nodes; /* topological order */
    int32_t n_nodes, cap_nodes;
    sk_value **inputs, **outputs; /* inputs without initializers that only give defaults */
    int32_t n_inputs, n_outputs;
};

/* A file the source can read: number 0 is the model, the others are the external data that the caller offers.
 */
typedef struct sk_file {
    const char *path; /* as the model names it; "" for the model */
    uint64_t size;
} sk_file;

/* A model as read: the main graph and what it was declared with. */
typedef struct sk_ir {
    sk_arena arena;
    sk_source source;
    const sk_file *files;
    int32_t n_files;
    sk_graph *main;
    int32_t n_graphs, n_consts;
    int64_t ir_version;
    sk_opset *opsets;
    int32_t n_opsets;
    const char *producer; /* "pytorch 2.1", or "" */
    uint8_t portable;     /* passes leave only what an ONNX file can say; tools builds */
} sk_ir;

/* ---- building; NULL or SK_OUT_OF_MEMORY when memory ends ---- */
sk_graph *sk_graph_new(sk_ir *ir, sk_graph *parent, const char *name);
sk_value *sk_value_new(sk_graph *graph, const char *name);
sk_node *sk_node_new(sk_graph *graph, const char *domain, const char *op_type, int n_inputs, int n_outputs);
sk_status sk_graph_append(sk_graph *graph, sk_node *node); /* at the end of nodes */
/* A resident constant value; data (plain, sk_tensor_bytes long) is copied. */
sk_value *sk_value_const(sk_ir *ir, sk_graph *graph, const char *name, const sk_tensor *tensor);
sk_const *sk_const_new(sk_ir *ir);
/* Puts a constant behind a value, which takes its type. */
void sk_value_hold(sk_value *value, sk_const *constant);

/* ---- reading ---- */
const sk_attr *sk_node_attr(const sk_node *node, const char *name); /* NULL when absent */
/* With a default when the attribute is absent, or of another kind (import functions check kinds with
 * sk_want). */
int64_t sk_attr_int(const sk_node *node, const char *name, int64_t fallback);
float sk_attr_float(const sk_node *node, const char *name, float fallback);
/* 1 when the string attribute equals text; when absent, whether fallback equals it. */
int sk_attr_is(const sk_node *node, const char *name, const char *text, const char *fallback);
/* ints and their count; *count = 0 and NULL when absent. */
const int64_t *sk_attr_ints(const sk_node *node, const char *name, uint32_t *count);

/* Elements [first, first + count) of a constant, converted by no one: scale is multiplied in, bytes are
 * little-endian as stored. type.type must have whole bytes. */
sk_status sk_const_read(const sk_ir *ir, const sk_const *constant, size_t first, size_t count, void *dst,
                        sk_error *err);
/* All of it, resident from now on (allocated in the arena). */
sk_status sk_const_load(sk_ir *ir, sk_const *constant, sk_error *err);
/* All of it, types of less than a byte included, into dst (sk_nbytes long). */
sk_status sk_const_bytes(const sk_ir *ir, const sk_const *constant, void *dst, sk_error *err);

/* ---- changing; used by passes ---- */
/* Every use of `from` (in nodes of graph and its bodies, and as graph output) becomes `to`. */
void sk_replace_uses(sk_graph *graph, sk_value *from, sk_value *to);
/* uses[value->index] = how often a value of `graph` is read, by nodes here and in bodies, and as output. */
void sk_count_uses(const sk_graph *graph, int32_t *uses);
/* Drops nodes for which keep[i] is 0. */
void sk_keep_nodes(sk_graph *graph, const uint8_t *keep);

/* op rows for all nodes, attributes imported, arity and element types checked: all that is unsupported is
 * listed in one error. */
sk_status sk_validate(sk_ir *ir, sk_error *err);

/* The op row for a node: highest `since` not above version; NULL when there is none. */
const sk_op *sk_op_find(const char *domain, const char *op_type, int version);

#endif
