/* Siskin: runs trained neural networks given as ONNX. The public C interface; web/glue.c exports it to
 * JavaScript.
 *
 * One sk_model holds a graph, its packed weights, its plans and the state of one prediction. Nothing is
 * global; a model is used by one thread at a time. Long work is done in slices: sk_model_load, sk_model_run
 * return SK_MORE when their time budget is spent and go on at the next call. Every failure leaves the model
 * usable, except that a failed load only allows sk_model_free.
 *
 *   sk_model_new -> [sk_add_file ...] -> sk_model_load until not SK_MORE -> { sk_set_input ... ->
 * sk_model_run until not SK_MORE
 *   -> sk_output ... } any number of times -> sk_model_free
 */
#ifndef SISKIN_H
#define SISKIN_H

#include "core/pool.h"
#include "core/status.h"
#include "core/tensor.h"

typedef struct sk_model sk_model;

typedef struct sk_host {
    /* Copies [offset, offset + size) of file `file` (0: the model; then sk_add_file's numbers) to dst; 0 on
     * success. */
    int (*read)(void *user, int file, uint64_t offset, size_t size, void *dst);
    double (*now)(void *user); /* milliseconds, monotonic; NULL: budgets are ignored */
    void *user;
    /* more: these bytes will be read once the model is bound; not more: they were read for the last time, the
     * host may forget them. NULL: the host keeps all. */
    void (*want)(void *user, int file, uint64_t offset, size_t size, int more);
} sk_host;

typedef struct sk_options {
    sk_pool *pool;       /* threads that help, see core/pool.h; NULL: none. Borrowed */
    size_t memory_limit; /* bytes the model may hold; 0: none */
    long fail_after;     /* tests: the Nth allocation and all after it fail; 0: never */
    uint8_t tuned;       /* sk_tuned of an earlier model on this machine; 0: find out */
    uint8_t reference;   /* scalar reference kernels instead of SIMD */
    uint8_t no_fusion;   /* leave out the optional passes: for comparing and debugging */
    uint8_t check;       /* run every node a second time with the reference kernels; see SK_DESCRIBE_CHECK */
    uint8_t portable;    /* tools builds: only passes whose result can be written as ONNX; see tools.h */
} sk_options;

/* NULL when memory ends. size: bytes of the model file. */
sk_model *sk_model_new(const sk_host *host, uint64_t size, const sk_options *options);
void sk_model_free(sk_model *model); /* NULL is allowed */

/* An external data file that the model may name as `path`; returns its number (> 0) or -1 (out of memory,
 * limit). */
int sk_add_file(sk_model *model, const char *path, uint64_t size);

/* Parses, checks, optimises. budget in milliseconds; 0: to the end. */
sk_status sk_model_load(sk_model *model, double budget);

/* The last failure of any call on this model. */
const sk_error *sk_model_error(const sk_model *model);

/* Run-time builds (SK_TOOLS 0) describe IO, MEMORY and PROFILE only, without macs, and have neither reference
 * kernels nor check mode. */
typedef enum sk_describe {
    SK_DESCRIBE_IO, /* JSON {"inputs": [{"name", "type", "dims": [n | "symbol" | null] | null, "kind", "keys",
                       "optional"}], "outputs": [...]}; the last three only where it is no plain tensor */
    SK_DESCRIBE_MODEL, /* JSON {"irVersion", "producer", "opsets", "nodes", "ops": {"Conv": 12}, "parameters",
                          ...} */
    SK_DESCRIBE_GRAPH, /* readable text of the optimised graph */
    SK_DESCRIBE_PLAN, /* JSON of the current plan: steps, values with offsets, arena bytes, macs. After a bind
                       */
    SK_DESCRIBE_MEMORY,  /* JSON {"inUse", "peak", "weights", "arena", "plans"} in bytes */
    SK_DESCRIBE_CHECK,   /* JSON [{"node", "op", "output", "maxAbs", "maxDiff"}] of the last run with
                            options.check */
    SK_DESCRIBE_PROFILE, /* JSON {"load", "bind", "pack", "run", "steps": [{"node", "op", "calls", "ns",
                            "type", "dims", "way", "macs"}]}: nanoseconds; of runs since the last such text */
} sk_describe;

/* NUL-terminated text, valid until the next call on the model; NULL on failure. */
const char *sk_describe_text(sk_model *model, sk_describe what);

/* ---- one prediction ---- */
/* Starts an input: checks type and shape against the declaration, gives memory for exactly those bytes in
 * *data (to be filled before sk_model_run; keeps its contents between runs, so an unchanged input need not be
 * set again). For strings see sk_set_strings. */
sk_status sk_set_input(sk_model *model, int input, int type, int rank, const int32_t *dims, void **data);
/* Starts an input that is a sequence of `count` tensors of the type, or, for SK_MAP with count 2, a map to
 * such values: its items, for a map the keys and the values, are set by the next function. */
sk_status sk_set_list(sk_model *model, int input, int kind, int type, int count);
/* The same as sk_set_input for an item of such an input. */
sk_status sk_set_item(sk_model *model, int input, int item, int type, int rank, const int32_t *dims,
                      void **data);
/* A tensor of strings as input, or as its item when item >= 0: all characters one behind the other, and how
 * many bytes each string has of them. Copied. */
sk_status sk_set_strings(sk_model *model, int input, int item, int rank, const int32_t *dims,
                         const uint32_t *lengths, const char *text, size_t text_size);
/* Marks optional input `input` as not given. */
sk_status sk_unset_input(sk_model *model, int input);

/* Binds (plans, packs) when these input shapes are new, then runs. SK_MORE: call again. */
sk_status sk_model_run(sk_model *model, double budget);
/* Only binds: warm-up. Inputs need shapes; data only of inputs whose values decide shapes. */
sk_status sk_model_bind(sk_model *model, double budget);
/* Gives up a prediction that returned SK_MORE. The next sk_model_run starts anew. */
void sk_cancel(sk_model *model);

/* From now on runs time each step (or no more), for SK_DESCRIBE_PROFILE. */
void sk_model_profile(sk_model *model, int on);

/* After a run: the value of output `output`, valid until the next call on the model. Plain layout. */
sk_status sk_output(sk_model *model, int output, sk_tensor *tensor);

/* Which product kernel proved fastest here, as a number > 0; 0: not known yet, which takes a few predictions.
 */
int sk_tuned(const sk_model *model);

int sk_input_count(const sk_model *model);
int sk_output_count(const sk_model *model);

#endif
