/* Runs ONNX backend test vectors through the public interface:
 *   vectors [-v] [--strict] [--at-least N] [--relaxed-list FILE] [DIR...]
 * Each DIR holds model.onnx and test_data_set_<n>/{input,output}_<i>.pb. Without a DIR: all vectors of
 * Debian's libonnx-testdata, of which at least 1,050 have to pass.
 *
 * Types and shapes are compared exactly, floats with rtol 1e-3 and atol 1e-5 (NaN equals NaN). FILE widens
 * that for single vectors: lines of `name rtol atol`, # begins a comment. A vector whose model the engine
 * refuses as not supported is skipped, with the engine's text as the reason; --strict makes that a failure.
 * -v adds a table of the operators that were missing. */
#define _DEFAULT_SOURCE
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/host.h"
#include "common/values.h"
#include "formats/onnx.h"
#include "graph/op.h"
#include "runtime/model.h"

#define DEBIAN "/usr/share/libonnx-testdata/data"
#define SECONDS 60 /* for one vector; then it hangs */

typedef struct tolerance {
    char name[160];
    double rtol, atol;
} tolerance;

typedef struct missing {
    char op[120];
    int count;
} missing;

typedef struct runner {
    int verbose, strict;
    int passed, failed, skipped;
    tolerance *tolerances;
    size_t n_tolerances;
    missing *missing;
    size_t n_missing;
} runner;

typedef struct vector {
    const char *name;
    int random; /* the model draws numbers: only types and shapes are compared */
    sk_model *model;
    double rtol, atol;
    sk_arena arena; /* expected tensors and inputs of one data set */
    sk_heap heap;
    char reason[SK_ERROR_TEXT + 128]; /* empty while it passes */
} vector;

/* Vectors that contradict the standard or themselves. */
static const char other_like[] = "it feeds 'like' as [1] where its model declares [3,4]";
static const struct {
    const char *name, *reason;
} faulty[] = {
    {"test_cast_FLOAT_to_BFLOAT16", "it expects truncation; the standard rounds to nearest even"},
    {"test_castlike_BFLOAT16_to_FLOAT", other_like},
    {"test_castlike_BFLOAT16_to_FLOAT_expanded", other_like},
    {"test_castlike_FLOAT_to_BFLOAT16", other_like},
    {"test_castlike_FLOAT_to_BFLOAT16_expanded", other_like},
    {"test_adam_multiple", "it expects an epsilon of 0.01, which its model lacks"},
};

static char current[512]; /* what to name when a vector kills the program */

static void *must(void *block) {
    if (block) return block;
    fprintf(stderr, "out of memory\n");
    abort();
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- comparing ---- */

static double half(uint16_t bits) {
    const int exponent = (bits >> 10) & 31, fraction = bits & 1023;
    const double magnitude = exponent == 31 ? (fraction ? (double)NAN : (double)INFINITY)
                             : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                            : ldexp(fraction, -24);
    return bits & 0x8000 ? -magnitude : magnitude;
}

static double brain(uint16_t bits) {
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

/* Element i of a floating type. */
static double float_at(const sk_tensor *t, size_t i) {
    switch (t->type) {
    case SK_FLOAT32:
    case SK_COMPLEX64: return (double)((const float *)t->data)[i];
    case SK_FLOAT16: return half(((const uint16_t *)t->data)[i]);
    case SK_BFLOAT16: return brain(((const uint16_t *)t->data)[i]);
    default: return ((const double *)t->data)[i];
    }
}

static int is_floating(int type) {
    return type == SK_FLOAT32 || type == SK_FLOAT64 || type == SK_FLOAT16 || type == SK_BFLOAT16 ||
           type == SK_COMPLEX64 || type == SK_COMPLEX128;
}

static int close_enough(double got, double want, double rtol, double atol) {
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got);
    if (isinf(want) || isinf(got)) return want == got;
    return fabs(got - want) <= atol + rtol * fabs(want);
}

static void compare_floats(vector *v, int output, const sk_tensor *got, const sk_tensor *want) {
    const int complex = want->type == SK_COMPLEX64 || want->type == SK_COMPLEX128;
    const size_t n = sk_numel(want) * (complex ? 2 : 1);
    size_t bad = 0, first = 0;
    for (size_t i = 0; i < n; i++) {
        if (close_enough(float_at(got, i), float_at(want, i), v->rtol, v->atol)) continue;
        if (!bad++) first = i;
    }
    if (bad)
        snprintf(v->reason, sizeof v->reason,
                 "output %d: %zu of %zu differ, the first at %zu: %g instead of %g", output, bad, n, first,
                 float_at(got, first), float_at(want, first));
}

/* Which elements are drawn (Bernoulli, Dropout in training) is not the standard's business, their values are.
 */
static void compare_drawn(vector *v, int output, const sk_tensor *got, const sk_tensor *want) {
    for (size_t i = 0; i < sk_numel(want); i++) {
        const int is_bool = want->type == SK_BOOL;
        const double a = is_bool ? ((const uint8_t *)got->data)[i] : float_at(got, i);
        const double b = is_bool ? ((const uint8_t *)want->data)[i] : float_at(want, i);
        if (a == 0 || b == 0 || close_enough(a, b, v->rtol, v->atol)) continue;
        snprintf(v->reason, sizeof v->reason, "output %d: element %zu is %g instead of %g or 0", output, i, a,
                 b);
        return;
    }
}

static void compare_bytes(vector *v, int output, const sk_tensor *got, const sk_tensor *want) {
    const size_t bytes = sk_nbytes(want), width = bytes / (sk_numel(want) ? sk_numel(want) : 1);
    const uint8_t *a = got->data, *b = want->data;
    for (size_t i = 0; i < bytes; i++) {
        if (a[i] == b[i]) continue;
        snprintf(v->reason, sizeof v->reason, "output %d: element %zu differs (byte %d instead of %d)",
                 output, width ? i / width : i, a[i], b[i]);
        return;
    }
}

static void compare_strings(vector *v, int output, const sk_tensor *got, const sk_tensor *want) {
    const sk_string *a = got->data, *b = want->data;
    for (size_t i = 0, n = sk_numel(want); i < n; i++) {
        if (a[i].length == b[i].length && !memcmp(a[i].text, b[i].text, a[i].length)) continue;
        snprintf(v->reason, sizeof v->reason, "output %d: string %zu is '%.*s' instead of '%.*s'", output, i,
                 (int)(a[i].length < 200 ? a[i].length : 200), a[i].text,
                 (int)(b[i].length < 200 ? b[i].length : 200), b[i].text);
        return;
    }
}

static void compare(vector *v, int output, const sk_tensor *got, const sk_tensor *want) {
    char a[SK_SHAPE_TEXT], b[SK_SHAPE_TEXT];
    const int items = want->kind == SK_SEQUENCE && got->kind == SK_SEQUENCE ? want->dims[0] : 0;
    for (int i = 0; i < items && i < got->dims[0] && !v->reason[0]; i++)
        compare(v, output, (const sk_tensor *)got->data + i, (const sk_tensor *)want->data + i);
    if (v->reason[0]) return;
    if (want->kind && sk_same_shape(got, want)) return;
    if (got->type != want->type || !sk_same_shape(got, want))
        snprintf(v->reason, sizeof v->reason, "output %d is %s instead of %s", output, sk_tensor_text(got, a),
                 sk_tensor_text(want, b));
    else if (v->random && (want->type == SK_BOOL || is_floating(want->type)))
        compare_drawn(v, output, got, want);
    else if (v->random) return;
    else if (is_floating(want->type)) compare_floats(v, output, got, want);
    else if (want->type == SK_STRING) compare_strings(v, output, got, want);
    else compare_bytes(v, output, got, want);
}

/* ---- one vector ---- */

/* A failure of the engine as the reason; the status tells the caller whether that is a skip. */
static sk_status engine_failed(vector *v, const char *what, sk_status status) {
    snprintf(v->reason, sizeof v->reason, "%s: %s: %s", what, sk_status_name(status),
             sk_model_error(v->model)->text);
    return status;
}

/* Reads <set>/<kind>_<i>.pb as what was declared; 0 when there is no such file. */
static int read_value(vector *v, const char *set, const char *kind, int i, const sk_value *declared,
                      sk_tensor *tensor) {
    char name[64];
    test_bytes file;
    sk_error error = {.status = SK_OK};
    snprintf(name, sizeof name, "%s_%d.pb", kind, i);
    char *path = test_join(set, name);
    const int there = test_map(path, &file);
    free(path);
    if (!there) return 0;
    if (test_read_value(file.bytes, file.size, declared->type.kind, declared->optional, &v->arena, tensor,
                        &error) != SK_OK)
        snprintf(v->reason, sizeof v->reason, "%s could not be read: %s", name, error.text);
    test_unmap(&file);
    return !v->reason[0];
}

/* numpy has no bfloat16: the vectors hold its bits as uint16. */
static void retype(sk_tensor *t, int declared) {
    if (t->type == SK_UINT16 && declared == SK_BFLOAT16) t->type = SK_BFLOAT16;
}

static sk_status give_inputs(vector *v, const char *set) {
    for (int i = 0; i < sk_input_count(v->model); i++) {
        const sk_value *declared = v->model->ir.main->inputs[i];
        sk_tensor t;
        if (!read_value(v, set, "input", i, declared, &t)) {
            if (v->reason[0]) return SK_OK;
            sk_unset_input(v->model, i);
            continue;
        }
        retype(&t, declared->type.type);
        if (t.kind == SK_SEQUENCE && !t.type) t.type = declared->type.type;
        const sk_status status = test_give_value(v->model, i, &t);
        if (status != SK_OK) return engine_failed(v, "input", status);
    }
    return SK_OK;
}

static sk_status run_set(vector *v, const char *set) {
    sk_status status = give_inputs(v, set);
    if (v->reason[0]) return status;
    while ((status = sk_model_run(v->model, 8)) == SK_MORE) continue;
    if (status != SK_OK) return engine_failed(v, "run", status);
    for (int i = 0; i < sk_output_count(v->model) && !v->reason[0]; i++) {
        sk_tensor got, want;
        if (!read_value(v, set, "output", i, v->model->ir.main->outputs[i], &want)) {
            if (!v->reason[0]) snprintf(v->reason, sizeof v->reason, "no expected output %d", i);
            return SK_OK;
        }
        status = sk_output(v->model, i, &got);
        if (status != SK_OK) return engine_failed(v, "output", status);
        retype(&want, got.type);
        compare(v, i, &got, &want);
    }
    return SK_OK;
}

static int draws_numbers(const sk_graph *graph) {
    for (int i = 0; i < graph->n_nodes; i++) {
        const sk_node *node = graph->nodes[i];
        const int draws = strcmp(node->op_type, "Dropout") != 0 || node->n_inputs > 2;
        if ((node->op->flags & SK_OP_RANDOM) && draws) return 1;
        for (int j = 0; j < graph->nodes[i]->n_bodies; j++)
            if (draws_numbers(graph->nodes[i]->bodies[j])) return 1;
    }
    return 0;
}

static sk_status run_vector(vector *v, const char *dir) {
    test_bytes file;
    char *path = test_join(dir, "model.onnx");
    const int there = test_map(path, &file);
    free(path);
    if (!there) {
        snprintf(v->reason, sizeof v->reason, "there is no model.onnx");
        return SK_OK;
    }
    const sk_host host = test_host(&file);
    size_t sets = 0;
    char **paths = test_list(dir, "test_data_set_", &sets);
    if (!sets) snprintf(v->reason, sizeof v->reason, "there is no test_data_set");
    v->model = must(sk_model_new(&host, file.size, NULL));
    sk_status status = sk_model_load(v->model, 0);
    if (status != SK_OK) engine_failed(v, "load", status);
    else v->random = draws_numbers(v->model->ir.main) && !strstr(v->name, "zero_ratio");
    for (size_t i = 0; i < sets && !v->reason[0]; i++) {
        sk_arena_init(&v->arena, &v->heap);
        status = run_set(v, paths[i]);
        sk_arena_clear(&v->arena);
    }
    test_list_free(paths, sets);
    test_unmap(&file);
    return status;
}

/* ---- the table of what is missing ---- */

static void note_missing(runner *r, const sk_graph *graph) {
    for (int i = 0; graph && i < graph->n_nodes; i++) {
        const sk_node *node = graph->nodes[i];
        for (int j = 0; j < node->n_bodies; j++) note_missing(r, node->bodies[j]);
        if (node->op) continue;
        char op[120];
        snprintf(op, sizeof op, "%.40s%s%.60s %d", node->domain, node->domain[0] ? "." : "", node->op_type,
                 (int)node->opset);
        size_t k = 0;
        while (k < r->n_missing && strcmp(r->missing[k].op, op) != 0) k++;
        if (k == r->n_missing) {
            r->missing = must(realloc(r->missing, ++r->n_missing * sizeof *r->missing));
            r->missing[k] = (missing){.count = 0};
            snprintf(r->missing[k].op, sizeof r->missing[k].op, "%s", op);
        }
        r->missing[k].count++;
    }
}

static int by_count(const void *a, const void *b) {
    return ((const missing *)b)->count - ((const missing *)a)->count;
}

static void print_missing(runner *r) {
    if (!r->n_missing) return;
    qsort(r->missing, r->n_missing, sizeof *r->missing, by_count);
    printf("missing operators (name, opset):\n");
    for (size_t i = 0; i < r->n_missing; i++) printf("%6d  %s\n", r->missing[i].count, r->missing[i].op);
}

/* ---- all vectors ---- */

static void run_dir(runner *r, const char *dir) {
    vector v = {.name = base_name(dir), .rtol = 1e-3, .atol = 1e-5};
    sk_heap_init(&v.heap);
    for (size_t i = 0; i < r->n_tolerances; i++)
        if (!strcmp(r->tolerances[i].name, v.name))
            v.rtol = r->tolerances[i].rtol, v.atol = r->tolerances[i].atol;
    for (size_t i = 0; i < sizeof faulty / sizeof *faulty; i++) {
        if (strcmp(faulty[i].name, v.name) != 0) continue;
        printf("skip %s: %s\n", v.name, faulty[i].reason);
        r->skipped++;
        return;
    }
    snprintf(current, sizeof current, "%s\n", dir);
    alarm(SECONDS);
    const sk_status status = run_vector(&v, dir);
    alarm(0);
    const int skip = status == SK_UNSUPPORTED && !r->strict;
    if (!v.reason[0]) {
        r->passed++;
        if (r->verbose) printf("pass %s\n", v.name);
    } else {
        printf("%s %s: %s\n", skip ? "skip" : "FAIL", v.name, v.reason);
        skip ? r->skipped++ : r->failed++;
        if (status == SK_UNSUPPORTED) note_missing(r, v.model->ir.main);
    }
    sk_model_free(v.model);
    if (v.heap.in_use) printf("FAIL %s: the test itself leaks\n", v.name), r->failed++;
}

/* Says which vector it was; async-signal-safe. */
static void killed(int number) {
    const char *what = number == SIGALRM ? "FAIL (hangs) " : "FAIL (crashes) ";
    ssize_t done = write(1, what, strlen(what));
    done += write(1, current, strlen(current));
    _exit(done > 0 ? 1 : 2);
}

static int read_tolerances(runner *r, const char *path) {
    FILE *file = fopen(path, "r");
    char line[400];
    if (!file) {
        fprintf(stderr, "vectors: %s cannot be read\n", path);
        return 0;
    }
    while (fgets(line, sizeof line, file)) {
        tolerance t;
        line[strcspn(line, "#")] = 0;
        const int found = sscanf(line, "%159s %lf %lf", t.name, &t.rtol, &t.atol);
        if (found == 3) {
            r->tolerances = must(realloc(r->tolerances, (r->n_tolerances + 1) * sizeof t));
            r->tolerances[r->n_tolerances++] = t;
        } else if (found > 0) {
            fprintf(stderr, "vectors: %s: not `name rtol atol`: %s\n", path, line);
            fclose(file);
            return 0;
        }
    }
    fclose(file);
    return 1;
}

static void run_debian(runner *r) {
    size_t groups = 0;
    char **folders = test_list(DEBIAN, "", &groups);
    for (size_t i = 0; i < groups; i++) {
        size_t n = 0;
        char **dirs = test_list(folders[i], "test_", &n);
        for (size_t j = 0; j < n; j++) {
            char *model = test_join(dirs[j], "model.onnx"); /* Debian leaves out those to be downloaded */
            if (access(model, R_OK) == 0) run_dir(r, dirs[j]);
            free(model);
        }
        test_list_free(dirs, n);
    }
    test_list_free(folders, groups);
}

int main(int argc, char **argv) {
    runner r = {.verbose = 0};
    int dirs = 0, at_least = -1;
    signal(SIGALRM, killed);
#ifndef __SANITIZE_ADDRESS__ /* there its own report is better */
    signal(SIGSEGV, killed);
    signal(SIGFPE, killed);
#endif
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        const int more = i + 1 < argc;
        if (!strcmp(argv[i], "-v")) {
            r.verbose = 1;
        } else if (!strcmp(argv[i], "--strict")) {
            r.strict = 1;
        } else if (!strcmp(argv[i], "--at-least") && more) {
            at_least = atoi(argv[++i]);
        } else if (!strcmp(argv[i], "--relaxed-list") && more) {
            if (!read_tolerances(&r, argv[++i])) return 2;
        } else if (argv[i][0] == '-') {
            fprintf(stderr, "usage: vectors [-v] [--strict] [--at-least N] [--relaxed-list FILE] [DIR...]\n");
            return 2;
        } else {
            run_dir(&r, argv[i]);
            dirs++;
        }
    }
    if (!dirs) {
        run_debian(&r);
        if (at_least < 0) at_least = 1050;
    }
    if (r.verbose) print_missing(&r);
    if (r.passed < at_least) {
        printf("FAIL: %d vectors pass, at least %d should\n", r.passed, at_least);
        r.failed++;
    }
    free(r.missing);
    free(r.tolerances);
    printf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped);
    return r.failed != 0;
}
