/* The seam between the engine and the loader (js/engine.js): the functions that the wasm module exports, and
 * the two it imports. Only numbers and pointers cross. One module instance holds one model, so the model is
 * static here and nowhere else. Sizes and offsets cross as doubles or 32-bit; every text is UTF-8 and
 * NUL-terminated. */
#include <stdlib.h>
#include <string.h>

#include "sha256.h"
#include "siskin.h"

#if SK_THREADS
sk_pool *glue_pool(void); /* threads.c */
#else
#define glue_pool() NULL
#endif

#define IMPORT(name) __attribute__((import_module("siskin"), import_name(name)))
#define EXPORT(name) __attribute__((export_name(name), used))

IMPORT("read") int siskin_read(int file, double offset, size_t size, void *dst); /* 0 when copied */
IMPORT("want") void siskin_want(int file, double offset, size_t size, int more); /* see sk_host */
IMPORT("now") double siskin_now(void);                                           /* milliseconds */

static sk_model *model;
sk_model *glue_model(void) { return model; } /* for tools.c */
static sk_tensor last_output;
static void *input_data;
static size_t input_bytes;
static sk_sha256 hash;

static int host_read(void *user, int file, uint64_t offset, size_t size, void *dst) {
    (void)user;
    return siskin_read(file, (double)offset, size, dst);
}

static void host_want(void *user, int file, uint64_t offset, size_t size, int more) {
    (void)user;
    siskin_want(file, (double)offset, size, more);
}

static double host_now(void *user) {
    (void)user;
    return siskin_now();
}

/* "<build id>" of these sources; the loader refuses another. */
EXPORT("build_id") const char *glue_build_id(void) { return SK_BUILD_ID; }

/* Names stand in JSON arrays at their numbers. */
#define SK_TYPE_ROW(name, number, bits, text) +(SK_##name == __COUNTER__ + 1 ? 0 : 1)
_Static_assert(0
#include "core/types.def"
                   == 0,
               "types.def is not in the order of ONNX's numbers");
#undef SK_TYPE_ROW
_Static_assert(SK_DESCRIBE_IO == 0 && SK_DESCRIBE_MODEL == 1 && SK_DESCRIBE_GRAPH == 2 &&
                   SK_DESCRIBE_PLAN == 3 && SK_DESCRIBE_MEMORY == 4 && SK_DESCRIBE_CHECK == 5 &&
                   SK_DESCRIBE_PROFILE == 6,
               "the order of the names below");
_Static_assert(SK_TENSOR == 0 && SK_SEQUENCE == 1 && SK_MAP == 2 && SK_ABSENT == 3, "that of the kinds");
#if SK_RELAXED
#define BUILD "relaxed"
#else
#define BUILD "simd128"
#endif

/* JSON: what JS needs of our enums, and which build this is. */
EXPORT("tables") const char *glue_tables(void) {
    static const char text[] = "{\"types\":[\"\""
#define SK_TYPE_ROW(name, number, bits, text) ",\"" text "\""
#include "core/types.def"
#undef SK_TYPE_ROW
                               "],\"statuses\":["
#define SK_STATUS(name, code) "\"" code "\","
#include "core/status.def"
#undef SK_STATUS
                               "\"\"],\"kinds\":[\"tensor\",\"sequence\",\"map\",\"absent\"],\"describe\":["
                               "\"io\",\"model\",\"graph\",\"plan\",\"memory\",\"check\",\"profile\"],"
                               "\"build\":\"" BUILD "\"}";
    return text;
}

/* Memory for texts and dimension lists that JS passes in. */
EXPORT("alloc") void *glue_alloc(size_t size) { return malloc(size); }
EXPORT("release") void glue_release(void *block) { free(block); }

/* The model's bytes as they arrive; hash_text is then what `integrity` has to equal. */
EXPORT("hash_add") void glue_hash_add(const uint8_t *data, size_t size) { sk_sha256_add(&hash, data, size); }
EXPORT("hash_text") const char *glue_hash_text(void) {
    static char text[SK_SHA256_TEXT];
    sk_sha256_text(&hash, text);
    return text;
}

/* Makes the model; flags: 1 reference, 2 no_fusion, 4 check, 8 portable; tuned: what `tuned` gave for an
 * earlier one, or 0. 0 on success. */
EXPORT("open") int glue_open(double size, double memory_limit, int flags, int fail_after, int tuned) {
    if (model) return SK_STATE;
    const sk_host host = {.read = host_read, .now = host_now, .want = host_want};
    const sk_options options = {.pool = glue_pool(),
                                .memory_limit = memory_limit >= 4294967295.0 ? 0 : (size_t)memory_limit,
                                .fail_after = fail_after,
                                .tuned = (uint8_t)tuned,
                                .reference = flags & 1,
                                .no_fusion = (flags >> 1) & 1,
                                .check = (flags >> 2) & 1,
                                .portable = SK_TOOLS && ((flags >> 3) & 1)};
    model = sk_model_new(&host, (uint64_t)size, &options);
    return model ? SK_OK : SK_OUT_OF_MEMORY;
}

EXPORT("close") void glue_close(void) {
    sk_model_free(model);
    model = NULL;
}

EXPORT("add_file") int glue_add_file(const char *path, double size) {
    return sk_add_file(model, path, (uint64_t)size);
}
EXPORT("load") int glue_load(double budget) { return sk_model_load(model, budget); }
EXPORT("error_status") int glue_error_status(void) { return sk_model_error(model)->status; }
EXPORT("error_text") const char *glue_error_text(void) { return sk_model_error(model)->text; }
EXPORT("describe") const char *glue_describe(int what) { return sk_describe_text(model, (sk_describe)what); }

/* After set_input or set_item: where the bytes go, and how many. item: of a sequence or map. */
static void note_bytes(int type, int rank, const int32_t *dims) {
    sk_tensor shape = {.data = NULL};
    sk_set_shape(&shape, type, rank, dims);
    input_bytes = sk_nbytes(&shape);
}
EXPORT("set_input") int glue_set_input(int input, int type, int rank, const int32_t *dims) {
    SK_TRY(sk_set_input(model, input, type, rank, dims, &input_data));
    note_bytes(type, rank, dims);
    return SK_OK;
}
EXPORT("set_item") int glue_set_item(int input, int type, int rank, const int32_t *dims, int item) {
    SK_TRY(sk_set_item(model, input, item, type, rank, dims, &input_data));
    note_bytes(type, rank, dims);
    return SK_OK;
}
EXPORT("input_data") void *glue_input_data(void) { return input_data; }
EXPORT("input_bytes") size_t glue_input_bytes(void) { return input_bytes; }
EXPORT("set_list") int glue_set_list(int input, int kind, int type, int count) {
    return sk_set_list(model, input, kind, type, count);
}
/* item: -1 for the input itself. packed: the dimensions, then each string's length, then the text. */
EXPORT("set_strings")
int glue_set_strings(int input, int item, int rank, int count, const int32_t *packed, size_t size) {
    const char *text = (const char *)(packed + rank + count);
    return sk_set_strings(model, input, item, rank, packed, (const uint32_t *)packed + rank, text,
                          size - (size_t)(text - (const char *)packed));
}
EXPORT("unset_input") int glue_unset_input(int input) { return sk_unset_input(model, input); }
EXPORT("run") int glue_run(double budget) { return sk_model_run(model, budget); }
EXPORT("bind") int glue_bind(double budget) { return sk_model_bind(model, budget); }
EXPORT("profile") void glue_profile(int on) { sk_model_profile(model, on); }
EXPORT("cancel") void glue_cancel(void) { sk_cancel(model); }
EXPORT("tuned") int glue_tuned(void) { return model ? sk_tuned(model) : 0; }

/* After a run: fixes on one output; then kind, type, rank, dims (address of int32s), data (address) and bytes
 * of it, or of an item of it after output_item; of strings the text and length. */
EXPORT("output") int glue_output(int output) { return sk_output(model, output, &last_output); }
EXPORT("output_item") void glue_output_item(int item) {
    last_output = ((const sk_tensor *)last_output.data)[item];
}
EXPORT("output_kind") int glue_output_kind(void) { return last_output.kind; }
EXPORT("output_text") const char *glue_output_text(int i) {
    return ((const sk_string *)last_output.data)[i].text;
}
EXPORT("output_length") size_t glue_output_length(int i) {
    return ((const sk_string *)last_output.data)[i].length;
}
EXPORT("output_type") int glue_output_type(void) { return last_output.type; }
EXPORT("output_rank") int glue_output_rank(void) { return last_output.rank; }
EXPORT("output_dims") const int32_t *glue_output_dims(void) { return last_output.dims; }
EXPORT("output_data") const void *glue_output_data(void) { return last_output.data; }
EXPORT("output_bytes") size_t glue_output_bytes(void) { return sk_nbytes(&last_output); }
