/* A plan: a graph bound to concrete input shapes. Nodes become steps in a flat array; values become slots
 * with a shape, a layout and a place. Where shapes depend on data the plan is cut: what comes before runs,
 * then binding goes on with what is now known. Each segment remembers by guards what it was bound for, so a
 * later run with the same sizes reuses it. A Loop's or Scan's body has a plan of its own, a child of the plan
 * that holds the step. */
#ifndef SK_RUNTIME_PLAN_H
#define SK_RUNTIME_PLAN_H

#include "graph/op.h"

#define SK_MAX_DEPTH 16 /* bodies within bodies; the reader accepts no more */

typedef struct sk_plan sk_plan;
typedef struct sk_slot sk_slot;
typedef struct sk_step sk_step;
typedef struct sk_segment sk_segment;

typedef enum sk_place {
    SK_NOWHERE, /* not bound yet */
    SK_KNOWN,   /* computed at bind; bytes in the segment's arena */
    SK_FIXED,   /* a constant's bytes, or none when every user packs it */
    SK_GIVEN,   /* an input: bytes are the caller's (main graph) or the frame's (body) */
    SK_PLACED,  /* at an offset in the plan's working memory */
    SK_LOOSE,   /* a block of its own, made at run time when the size was known */
} sk_place;

struct sk_slot {
    sk_tensor t;
    sk_plan *plan;            /* that owns it: a body's plan also reads slots of the plans around it */
    const sk_const *constant; /* the bytes behind a constant, or NULL */
    sk_slot *root;       /* whose memory this is: itself, or what a view or in-place output was made of */
    uint8_t place;       /* sk_place; of the root for everybody else */
    uint8_t keyed;       /* its bytes are part of the plan's key: known at bind although an input */
    int32_t segment;     /* that bound it */
    int32_t first, last; /* steps between which the root's memory is in use; INT32_MAX: to the end */
    int32_t uses;        /* reads not bound yet, those of aliases included (root) */
    size_t offset;       /* SK_PLACED */
};

struct sk_step {
    const sk_node *node;
    sk_run_fn *run; /* NULL: a body to be executed (Loop, Scan) */
    void *state;
    const sk_tensor **in; /* n_inputs; NULL entries absent */
    sk_tensor **out;      /* n_outputs; NULL entries absent */
    sk_slot **out_slots;
    size_t scratch, scratch_offset;
    sk_step
        *reference; /* check mode: the same node with scalar kernels; its out tensors are allocated per run */
    sk_plan *child; /* of a body, made at its first execution */
    double ms;      /* profiling: spent in `calls` runs since the profile was last described */
    uint32_t calls;
#if SK_TOOLS
    double macs; /* multiply-accumulates, 0 when not counted */
#endif
    const char *way; /* which algorithm prepare chose, for profiles; NULL: there is only one */
};

/* What a segment was bound for: the slot's dimensions, and its bytes when `bytes` is set. */
typedef struct sk_guard {
    struct sk_guard *next;
    const sk_slot *slot;
    sk_tensor seen; /* seen.data: the copy, or NULL */
} sk_guard;

typedef struct sk_cursor { /* where binding stands in one graph; inlined branches stack up */
    sk_graph *graph;
    int32_t next;           /* node to bind */
    const sk_node *if_node; /* whose branch this graph is, or NULL */
} sk_cursor;

struct sk_segment {
    sk_arena arena; /* step states, known values, guards, slots of inlined branches */
    int32_t first_step;
    sk_cursor cursors[SK_MAX_DEPTH + 1]; /* at its start */
    int32_t n_cursors;
    sk_guard *guards;
    uint8_t bound; /* all its steps are there and placed */
};

struct sk_plan {
    struct sk_model *model;
    sk_graph *graph;
    sk_plan *parent; /* of a body's plan */
    uint8_t tile;    /* sk_tuning.tile it was made for */
    int32_t depth;
    sk_slot **scopes;        /* by graph id: the slots of that graph's values, or NULL */
    int32_t *scope_segments; /* which segment made them */
    sk_segment **segments;
    int32_t n_segments;
    sk_cursor cursors[SK_MAX_DEPTH + 1];
    int32_t n_cursors;
    sk_step *steps;
    int32_t n_steps, cap_steps;
    size_t memory;  /* bytes of working memory it wants */
    char *base;     /* where its pointers point now */
    uint8_t broken; /* binding failed half-way */
    double macs;    /* of the steps bound so far */
    uint32_t used;  /* clock of the LRU */
    sk_tensor *key; /* main plans: the inputs' types and shapes; data: copies of keyed inputs */
};

static inline sk_segment *sk_last_segment(const sk_plan *plan) {
    return plan->segments[plan->n_segments - 1];
}

sk_slot *sk_slot_of(const sk_plan *plan, const sk_value *value);

/* ---- plan.c ---- */
sk_plan *sk_plan_new(struct sk_model *model, sk_graph *graph, sk_plan *parent, sk_error *err);
void sk_plan_free(sk_plan *plan);
sk_status sk_open_segment(sk_plan *plan,
                          sk_error *err); /* a new last one, guarded by what the steps so far found */
int sk_bind_done(const sk_plan *plan);    /* no nodes left to bind */
/* Forgets segment `index` and all behind it; binding goes on from its start. */
void sk_drop_segments(sk_plan *plan, int index);
void sk_free_loose(sk_plan *plan);

/* ---- bind.c ---- */
/* Binds one node of the last segment: SK_MORE when there are more, SK_OK when the segment is complete and
 * placed. Opens the next segment when the last one is complete (which then must have run). */
sk_status sk_bind_step(sk_plan *plan, sk_error *err);

/* ---- slots.c ---- */
/* Slots for the values of a graph (the plan's own, or a branch being inlined), in the last segment's arena.
 */
sk_status sk_open_scope(sk_plan *plan, const sk_graph *graph, sk_error *err);
/* The bytes of a constant that somebody reads as it is. */
sk_status sk_slot_bytes(sk_plan *plan, sk_slot *slot, sk_error *err);
/* One read of the slot by step `step` is bound. */
void sk_slot_read(sk_plan *plan, sk_slot *slot, int step);
/* out becomes another name for in's memory. */
void sk_slot_alias(sk_slot *out, sk_slot *in);
int sk_slot_known(const sk_slot *slot); /* are its bytes there at bind, whatever the inputs' data? */
/* The last segment is bound for the slot as it is now: its shape, and with_bytes its bytes. */
sk_status sk_guard_add(sk_plan *plan, sk_slot *slot, int with_bytes, sk_error *err);
/* Do the guards of segment `index` still hold? */
int sk_guards_hold(const sk_plan *plan, int index);

/* ---- place.c ---- */
/* Gives offsets to what the last segment's steps made, greedily by size around what is placed already. */
sk_status sk_place_segment(sk_plan *plan, sk_error *err);
/* Points every slot at its bytes after base, inputs or loose blocks changed. */
void sk_point(sk_plan *plan, char *base);

#endif
