/* The model's inside: what stands behind the handle of siskin.h. */
#ifndef SK_RUNTIME_MODEL_H
#define SK_RUNTIME_MODEL_H

#include "core/text.h"
#include "runtime/plan.h"
#include "siskin.h"

#define SK_PLANS 8 /* kept for different input shapes, the least recently used one goes */

typedef struct sk_packed { /* one packed form of a constant */
    struct sk_packed *next;
    const char *kind;
    int32_t constant;
    uint8_t params_size, params[64];
    size_t bytes;
    void *block, *data; /* data: block rounded up to 64 bytes */
} sk_packed;

typedef struct sk_input { /* a graph input's bytes between runs */
    sk_tensor t;
    size_t capacity;
    sk_arena items;       /* strings, and what sequences and maps hold */
    uint8_t given, keyed; /* keyed: its value shapes something, so plans are keyed by it */
} sk_input;

typedef struct sk_frame { /* a plan in execution */
    sk_plan *plan;
    int32_t segment, step; /* step -1: the segment is not entered yet */
    struct sk_loop *loop;  /* of a body: the state of its iteration, owned by the frame */
} sk_frame;

typedef struct sk_difference { /* check mode: one output of one node */
    const sk_node *node;
    int32_t output;
    double max_abs, max_diff;
} sk_difference;

typedef struct sk_tuning { /* of the product kernel, see tune.c */
    double best[SK_MAX_TILES];
    uint8_t tile, round, done;
} sk_tuning;

struct sk_model {
    sk_heap heap;
    sk_host host;
    sk_options options;
    sk_error error;
    sk_ir ir;
    sk_file *files;
    int32_t load_phase; /* which step of loading comes next; see siskin.c */
    sk_graph **graphs;  /* by id; those that passes removed stay */
    int32_t **uses;     /* by graph id: how often each value is read */
    sk_input *inputs;
    sk_packed **packed; /* by constant id */
    size_t packed_bytes;
    int32_t *constant_uses; /* by constant id: nodes not bound yet that use it; NULL: bytes are kept. See
                               settle.c */
    uint8_t *node_bound;    /* by index in the main graph */
    sk_arena kept;          /* what strings, sequences and maps of the last prediction hold */
    sk_plan *plans[SK_PLANS];
    uint32_t clock;
    sk_tuning tuning;
    sk_frame frames[SK_MAX_DEPTH + 1];
    int32_t n_frames;
    char *memory[SK_MAX_DEPTH + 1]; /* working memory by depth of the frame */
    size_t memory_size[SK_MAX_DEPTH + 1];
    sk_plan *current; /* whose outputs sk_output reads; NULL before the first run and after a failed one */
    uint8_t finished; /* current ran to its end */
    double load_ms, bind_ms, pack_ms, run_ms; /* pack is part of bind; run since the last profile */
    uint8_t profiling;
    sk_difference *differences;
    int32_t n_differences, cap_differences;
    sk_text text;
    /* of tools builds: */
    struct sk_observer *observer; /* of calibration, or NULL; see observe.h */
    uint8_t rewritten; /* its graph is no longer what plans were made from: it can only be written */
};

/* ---- siskin.c ---- */
sk_status
sk_begin(sk_model *model); /* of a call: forgets the last error; SK_STATE before the model is loaded */

/* ---- inputs.c ---- */
/* Is input i there, in all its parts? An optional one that was not given becomes absent. */
sk_status sk_check_given(sk_model *model, int i);

/* ---- weights.c ---- */
void sk_packed_free(sk_model *model);
/* The packed form of constants[packing->input], made now when it is not there yet. */
sk_status sk_packed_get(sk_model *model, const sk_const *const *constants, const sk_packing *packing,
                        const void **packed, sk_error *err);
/* out->data: what the node makes of the constant, its only input; made once. */
sk_status sk_constant_turned(sk_model *model, const sk_node *node, const sk_const *constant, sk_tensor *out,
                             sk_error *err);
/* Plain bytes of a constant, made once. */
sk_status sk_constant_bytes(sk_model *model, const sk_const *constant, const void **data, sk_error *err);

/* ---- exec.c ---- */
/* Runs frames until all are done; deadline on host.now, < 0: none. bind_only: stops when the first segment is
 * bound. */
sk_status sk_execute(sk_model *model, double deadline, int bind_only);
void sk_unwind(sk_model *model); /* drops all frames and their loose blocks */
double sk_now(const sk_model *model);

/* ---- profile.c ---- */
void sk_describe_profile(sk_model *model, sk_text *text); /* and starts counting anew */

/* ---- settle.c ---- */
sk_status sk_settle_start(sk_model *model);              /* at the end of loading */
void sk_settle_node(const sk_plan *plan, int32_t index); /* the main graph's node is bound */
void sk_settle_free(sk_model *model);

/* ---- loop.c ---- */
sk_status sk_loop_start(sk_model *model, sk_plan *plan, sk_step *step);
/* After a body's plan has run: SK_MORE starts the next iteration, SK_OK: outputs are in place, the frame can
 * go. */
sk_status sk_loop_next(sk_model *model, sk_frame *frame);
void sk_loop_free(sk_model *model, struct sk_loop *loop);

/* ---- tune.c ---- */
void sk_tune(sk_model *model); /* after a prediction: a bit of timing, until the choice is made */

/* ---- check.c ---- */
sk_status sk_check_prepare(sk_plan *plan, sk_step *step, const sk_prepare *prepared, sk_error *err);
sk_status sk_check_step(sk_model *model, const sk_step *step);

/* ---- inspect.c ---- */
sk_status sk_inspect(sk_model *model, sk_describe what, sk_text *text);

/* A block for a slot whose size became known at run time; replaces an earlier one. */
sk_status sk_slot_allocate(sk_model *model, sk_slot *slot, sk_error *err);

#endif
