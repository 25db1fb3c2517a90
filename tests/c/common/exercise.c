/* See exercise.h. Budgets are spent on a clock that ticks at every look, so that runs are the same each time.
 */
#include "exercise.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"
#include "runtime/model.h"

#define SLICE 64          /* looks at the clock */
#define LOAD_SLICES 10000 /* a load has few steps; more is a hang */
#define RUN_SLICES 100    /* a loop of a billion turns is legal: it is given up */
#define MAX_INPUT ((size_t)1 << 20)

typedef struct session {
    const exercise *how;
    sk_model *model;
    uint32_t random;
    test_bytes bytes;
    double ticks;
    int32_t *wanted; /* for each byte: how often it is to be read; -1: it was given back */
    exercise_result *result;
} session;

static int read_bytes(void *user, int file, uint64_t offset, size_t size, void *dst) {
    const session *s = user;
    if (file != 0 || offset > s->bytes.size || size > s->bytes.size - offset) return -1;
    for (size_t i = 0; i < size; i++) {
        if (s->wanted[offset + i] >= 0) continue;
        snprintf(s->result->problem, sizeof s->result->problem, "byte %zu is read after it was given back",
                 (size_t)offset + i);
        return -1;
    }
    if (size) memcpy(dst, s->bytes.bytes + offset, size);
    return 0;
}

static void want(void *user, int file, uint64_t offset, size_t size, int more) {
    const session *s = user;
    if (file != 0 || offset > s->bytes.size || size > s->bytes.size - offset) return;
    for (size_t i = 0; i < size; i++) {
        int32_t *wanted = &s->wanted[offset + i];
        if (more) ++*wanted;
        else if (!--*wanted) *wanted = -1;
    }
}

static double ticking(void *user) {
    session *s = user;
    return s->ticks += 1;
}

/* Notes how a stage ended; a failure needs a code and a text. */
static void ended(session *s, const char *stage, sk_status status) {
    exercise_result *r = s->result;
    const sk_error *error = sk_model_error(s->model);
    r->stage = stage;
    r->status = status;
    if (status == SK_OK || status == SK_MORE) return;
    snprintf(r->text, sizeof r->text, "%.*s", (int)sizeof r->text - 1, error->text);
    if ((unsigned)status >= SK_STATUS_COUNT)
        snprintf(r->problem, sizeof r->problem, "%s ends with the unknown status %d", stage, (int)status);
    else if (error->status != status || !error->text[0])
        snprintf(r->problem, sizeof r->problem, "%s ends with %s, but the error says %s '%.100s'", stage,
                 sk_status_name(status), sk_status_name(error->status), error->text);
}

/* ---- inputs ---- */

static void fill(session *s, const sk_tensor *t, void *data) {
    static const uint16_t halves[] = {0, 0x3c00, 0xbc00, 0x3800}; /* 0, 1, -1, 0.5 */
    const size_t bytes = sk_nbytes(t), n = sk_numel(t);
    memset(data, 0, bytes);
    for (size_t i = 0; i < n; i++) {
        const uint32_t r = test_random(&s->random) >> 8;
        const int small = (int)(r % 5) - 1;
        switch (t->type) {
        case SK_FLOAT32: ((float *)data)[i] = (float)(r % 4001) / 1000 - 2; break;
        case SK_FLOAT64: ((double *)data)[i] = (r % 4001) / 1000.0 - 2; break;
        case SK_FLOAT16: ((uint16_t *)data)[i] = halves[r % 4]; break;
        case SK_INT64: ((int64_t *)data)[i] = small; break;
        case SK_INT32: ((int32_t *)data)[i] = small; break;
        case SK_BOOL: ((uint8_t *)data)[i] = r & 1; break;
        default: ((uint8_t *)data)[i * bytes / n] = r % 4; break;
        }
    }
}

/* Strings "a", "b"...; a sequence of vectors, a map of a few keys. */
static int give_list(session *s, int input, const sk_tensor *t) {
    static const uint32_t lengths[] = {1, 1, 1, 1};
    static const int32_t n[] = {3};
    const sk_value *declared = s->model->ir.main->inputs[input];
    sk_status status = SK_OK;
    if (t->kind) status = sk_set_list(s->model, input, t->kind, t->type, t->kind == SK_MAP ? 2 : t->dims[0]);
    const int items = !t->kind ? 1 : t->kind == SK_MAP ? 2 : t->dims[0];
    for (int i = 0; i < items && status == SK_OK; i++) {
        const int type = t->kind == SK_MAP && !i ? declared->keys : t->type;
        const sk_tensor item = {.type = (uint8_t)type, .rank = 1, .dims = {n[0]}};
        void *data = NULL;
        if (type == SK_STRING && !t->kind && sk_numel(t) <= 4)
            status = sk_set_strings(s->model, input, -1, t->rank, t->dims, lengths, "abab", 4);
        else if (type == SK_STRING && t->kind)
            status = sk_set_strings(s->model, input, i, 1, n, lengths, "abab", 4);
        else if (type == SK_STRING) return 0;
        else status = sk_set_item(s->model, input, i, type, 1, n, &data);
        if (status == SK_OK && data) fill(s, &item, data);
    }
    ended(s, "input", status);
    return status == SK_OK;
}

/* 0 when a prediction is not to be tried. */
static int give_input(session *s, int input) {
    sk_tensor t = s->model->ir.main->inputs[input]->type;
    void *data = NULL;
    size_t bytes = 0;
    if (!t.type) t.type = SK_FLOAT32;
    if (t.rank < 0) {
        t.rank = (int8_t)(test_random(&s->random) % 4);
        for (int i = 0; i < t.rank; i++) t.dims[i] = -1;
    }
    for (int i = 0; i < t.rank; i++)
        if (t.dims[i] < 0) t.dims[i] = 1 + (int32_t)(test_random(&s->random) % 4);
    if (t.kind || t.type == SK_STRING) return give_list(s, input, &t);
    if (!sk_tensor_bytes(&t, &bytes) || bytes > MAX_INPUT) return 0;
    const sk_status status = sk_set_input(s->model, input, t.type, t.rank, t.dims, &data);
    ended(s, "input", status);
    if (status == SK_OK) fill(s, &t, data);
    return status == SK_OK;
}

/* ---- a prediction ---- */

/* Looks at every byte, so that a sanitizer or valgrind sees what was left out. */
static int readable(const sk_tensor *t) {
    unsigned sum = 0;
    const uint8_t *bytes = t->data;
    for (size_t i = 0, n = sk_nbytes(t); i < n; i++) sum += bytes[i];
    return sum != UINT32_MAX;
}

static sk_status predict(session *s) {
    s->random = s->how->seed * 2654435761u + 1;
    for (int i = 0; i < sk_input_count(s->model); i++)
        if (!give_input(s, i)) return s->result->status;
    sk_status status = SK_MORE;
    for (int slice = 0; status == SK_MORE && slice < RUN_SLICES; slice++)
        status = sk_model_run(s->model, SLICE);
    ended(s, "run", status);
    if (status == SK_MORE) sk_cancel(s->model);
    for (int i = 0; status == SK_OK && i < sk_output_count(s->model); i++) {
        sk_tensor t;
        status = sk_output(s->model, i, &t);
        ended(s, "output", status);
        if (status == SK_OK && !readable(&t)) return status;
    }
    return status;
}

static void load_and_predict(session *s) {
    exercise_result *r = s->result;
    sk_status status = SK_MORE;
    for (int slice = 0; status == SK_MORE && slice < LOAD_SLICES; slice++)
        status = sk_model_load(s->model, SLICE);
    ended(s, "load", status);
    if (status == SK_MORE) snprintf(r->problem, sizeof r->problem, "load does not end");
    if (status != SK_OK) return;
    status = predict(s);
    if (status == SK_OK || status == SK_MORE || r->problem[0]) return;
    /* Once more: the same failure, or none when memory is there again. */
    const exercise_result first = *r;
    const int healed = s->how->after_failure && status == SK_OUT_OF_MEMORY;
    if (healed) s->model->heap.fail_after = -1;
    status = predict(s);
    const int wrong = status != (healed ? SK_OK : first.status);
    exercise_result second = *r;
    *r = first;
    if (wrong && !second.problem[0])
        snprintf(second.problem, sizeof second.problem, "%s, and the next prediction with %s: %.150s",
                 sk_status_name(first.status), sk_status_name(status), second.text);
    memcpy(r->problem, second.problem, sizeof r->problem);
}

exercise_result test_exercise(const test_bytes *model, const exercise *how) {
    exercise_result result = {.status = SK_OUT_OF_MEMORY, .stage = "new"};
    session s = {.how = how, .bytes = *model, .result = &result};
    const sk_host host = {.read = read_bytes, .now = ticking, .user = &s, .want = want};
    s.wanted = calloc(model->size + 1, sizeof *s.wanted);
    s.model = s.wanted ? sk_model_new(&host, model->size, &how->options) : NULL;
    if (s.model) {
        load_and_predict(&s);
        result.requests = s.model->heap.requests;
    }
    sk_model_free(s.model);
    free(s.wanted);
    return result;
}
