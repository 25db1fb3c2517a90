/* Bad models and no memory:
 *   malformed [--flips N] [--changes] [--seed S] [--case I [--save FILE]] [--verbose] [MODEL...]
 *
 * Each model is cut at every length, has random bytes changed (N cases over all models, 20,000 unless told),
 * and is run with the Nth allocation failing for every N until it succeeds. Each case must end in a result or
 * a typed error: no crash, no hang, no leak, no sanitizer report. What fails prints the case that reproduces
 * it; --case I with one MODEL runs that single changed model, which --save writes to a file. Without a MODEL:
 * small models of Debian's libonnx-testdata of all kinds (with SISKIN_SOAK set, all of them and 100 times the
 * cases) and the project's own. --changes: only the changed ones, of models that need not run unharmed. */
#define _DEFAULT_SOURCE
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../c/common/compare.h"
#include "../c/common/exercise.h"
#include "../c/common/mutate.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#include <sanitizer/lsan_interface.h>

const char *__ubsan_default_options(void);
const char *__ubsan_default_options(void) { return "abort_on_error=1:print_stacktrace=1"; }
#endif

#define DEBIAN "/usr/share/libonnx-testdata/data"
#define LARGEST 10240
#define MEMORY ((size_t)64 << 20)
#define SECONDS 60 /* for one case; then it hangs */

typedef struct run {
    long flips, only; /* only: the single case to run, -1: all */
    uint32_t seed;
    int verbose, changes;
    const char *save;
    long passed, failed;
    long loaded, ran; /* of the changed ones */
} run;

static char current[600]; /* what to name when a case kills the program */

static void *must(void *block) {
    if (block) return block;
    fprintf(stderr, "out of memory\n");
    abort();
}

/* ---- the case that reproduces ---- */

static void name_case(void) {
    const ssize_t done = write(1, current, strlen(current));
    (void)done;
}

static void killed(int number) {
    const char *what = number == SIGALRM ? "FAIL (hangs) " : "FAIL (crashes) ";
    const ssize_t done = write(1, what, strlen(what));
    name_case();
    _exit(done > 0 ? 1 : 2);
}

static void watch_for_death(void) {
    signal(SIGALRM, killed);
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_set_death_callback(name_case); /* of ASan; UBSan aborts */
#else
    signal(SIGSEGV, killed);
    signal(SIGFPE, killed);
#endif
    signal(SIGABRT, killed);
}

/* Bytes that were not given back since the last call; under ASan its own leak report tells more. */
static size_t leaked(void) {
#ifdef __SANITIZE_ADDRESS__
    return (size_t)__lsan_do_recoverable_leak_check();
#else
    static size_t before;
    const size_t now = mallinfo2().uordblks, grown = before && now > before ? now - before : 0;
    before = now;
    return grown;
#endif
}

static exercise_result one_case(run *r, const test_bytes *model, const exercise *how) {
    alarm(SECONDS);
    const exercise_result result = test_exercise(model, how);
    alarm(0);
    if (result.problem[0]) {
        printf("FAIL %.*s: %s\n", (int)strcspn(current, "\n"), current, result.problem);
        r->failed++;
    } else {
        r->passed++;
    }
    if (r->verbose)
        printf("%.*s: %s %s %s\n", (int)strcspn(current, "\n"), current, result.stage,
               sk_status_name(result.status), result.text);
    return result;
}

/* ---- the three kinds of trouble ---- */

static void cut(run *r, const char *path, const test_bytes *model) {
    const exercise how = {.options = {.memory_limit = MEMORY}, .seed = r->seed};
    for (size_t length = 0; length < model->size; length++) {
        /* a block of its own, so that a sanitizer sees a read beyond the end */
        uint8_t *copy = must(malloc(length ? length : 1));
        memcpy(copy, model->bytes, length);
        const test_bytes part = {copy, length};
        snprintf(current, sizeof current, "%.500s cut at %zu\n", path, length);
        one_case(r, &part, &how);
        free(copy);
    }
}

/* One change, or up to four: a bit, a byte, a byte that numbers like (0, 1, 0x7f, 0x80, 0xff), or a byte
 * taken from elsewhere. */
static void change(uint8_t *bytes, size_t size, uint32_t *random) {
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff};
    for (int n = test_between(random, 0, 1) ? 1 : test_between(random, 2, 4); n > 0; n--) {
        uint8_t *at = &bytes[test_random(random) % size];
        switch (test_random(random) % 4) {
        case 0: *at ^= (uint8_t)(1u << test_random(random) % 8); break;
        case 1: *at = (uint8_t)(test_random(random) >> 7); break;
        case 2: *at = edges[test_random(random) % sizeof edges]; break;
        default: *at = bytes[test_random(random) % size]; break;
        }
    }
}

/* Even cases change bytes, odd ones fields. */
static uint8_t *changed_copy(const test_bytes *model, long number, uint32_t *random, size_t *size) {
    if (number % 2) {
        uint8_t *copy = test_mutate(model->bytes, model->size, random, size);
        while (test_random(random) % 4 == 0) {
            uint8_t *again = test_mutate(copy, *size, random, size);
            free(copy);
            copy = again;
        }
        return copy;
    }
    uint8_t *copy = must(malloc(model->size));
    memcpy(copy, model->bytes, model->size);
    change(copy, model->size, random);
    *size = model->size;
    return copy;
}

static void save(const char *path, const test_bytes *model) {
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(model->bytes, 1, model->size, file) != model->size || fclose(file) != 0) {
        fprintf(stderr, "malformed: %s could not be written\n", path);
        exit(2);
    }
}

static void flip(run *r, const char *path, const test_bytes *model, long cases) {
    for (long i = r->only >= 0 ? r->only : 0; i < (r->only >= 0 ? r->only + 1 : cases); i++) {
        const exercise how = {.options = {.memory_limit = MEMORY}, .seed = r->seed + (uint32_t)i};
        uint32_t random = (how.seed + 1) * 2654435761u + (uint32_t)model->size;
        for (int warm = 0; warm < 4; warm++) test_random(&random);
        size_t size = 0;
        uint8_t *copy = changed_copy(model, i, &random, &size);
        const test_bytes changed = {copy, size};
        if (r->save) save(r->save, &changed);
        snprintf(current, sizeof current, "--seed %u --case %ld %.500s\n", (unsigned)r->seed, i, path);
        const exercise_result result = one_case(r, &changed, &how);
        r->loaded += strcmp(result.stage, "load") != 0 && strcmp(result.stage, "new") != 0;
        r->ran += result.status == SK_OK;
        free(copy);
    }
}

static void starve(run *r, const char *path, const test_bytes *model, long requests) {
    for (long n = 1; n <= requests; n++) {
        const exercise how = {.options = {.fail_after = n}, .seed = r->seed, .after_failure = 1};
        snprintf(current, sizeof current, "%.500s with allocation %ld failing\n", path, n);
        const exercise_result result = one_case(r, model, &how);
        if (result.status == SK_OUT_OF_MEMORY || result.status == SK_OK) continue;
        printf("FAIL %.500s with allocation %ld failing: %s %s: %s\n", path, n, result.stage,
               sk_status_name(result.status), result.text);
        r->failed++;
    }
}

/* ---- models ---- */

/* How the unharmed model fares; a model that does not run tells nothing. */
static exercise_result healthy(run *r, const char *path, const test_bytes *model) {
    const exercise how = {.seed = r->seed};
    snprintf(current, sizeof current, "%.500s, unharmed\n", path);
    alarm(SECONDS);
    const exercise_result result = test_exercise(model, &how);
    alarm(0);
    return result;
}

static void trouble(run *r, const char *path, const test_bytes *model, long cases) {
    const exercise_result result = healthy(r, path, model);
    if ((result.status != SK_OK && !r->changes) || result.problem[0]) {
        printf("FAIL %s does not run unharmed: %s %s\n", path, result.text, result.problem);
        r->failed++;
        return;
    }
    leaked();
    if (r->only < 0 && !r->changes) {
        cut(r, path, model);
        starve(r, path, model, result.requests);
    }
    flip(r, path, model, cases);
    const size_t bytes = leaked();
    if (!bytes) return;
    printf("FAIL %s: something leaked (%zu)\n", path, bytes);
    r->failed++;
}

typedef struct list {
    char **paths;
    size_t count;
} list;

static void add(list *models, char *path) {
    models->paths = must(realloc(models->paths, (models->count + 1) * sizeof *models->paths));
    models->paths[models->count++] = path;
}

/* Every 12th of Debian's models (all when soaking) and those with bodies or state, as far as they run. */
static void default_models(run *r, list *models) {
    static const char *const folders[] = {DEBIAN "/node", DEBIAN "/simple", DEBIAN "/pytorch-operator"};
    static const char *const always[] = {"loop",    "test_if",  "scan",  "lstm",
                                         "qlinear", "quantize", "range", "nonzero"};
    const int all = getenv("SISKIN_SOAK") != NULL;
    for (size_t f = 0; f < sizeof folders / sizeof *folders; f++) {
        size_t n = 0;
        char **dirs = test_list(folders[f], "test_", &n);
        for (size_t i = 0; i < n; i++) {
            int chosen = all || i % 12 == 0;
            for (size_t a = 0; a < sizeof always / sizeof *always; a++)
                chosen |= strstr(dirs[i], always[a]) != NULL;
            char *path = test_join(dirs[i], "model.onnx");
            test_bytes model;
            chosen = chosen && test_map(path, &model);
            if (chosen) {
                const exercise_result result = healthy(r, path, &model);
                chosen = model.size < LARGEST && result.status == SK_OK;
                test_unmap(&model);
            }
            if (chosen) add(models, path);
            else free(path);
        }
        test_list_free(dirs, n);
    }
}

static void own_models(list *models) {
    size_t n = 0;
    char **paths = test_list("models/digits", "digits", &n);
    for (size_t i = 0; i < n; i++) {
        test_bytes model;
        const char *dot = strrchr(paths[i], '.');
        if (!dot || strcmp(dot, ".onnx") != 0 || !test_map(paths[i], &model)) continue;
        if (model.size < LARGEST) add(models, test_join("models/digits", strrchr(paths[i], '/') + 1));
        test_unmap(&model);
    }
    test_list_free(paths, n);
}

static int parse(run *r, list *models, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const int more = i + 1 < argc;
        if (!strcmp(argv[i], "--flips") && more) r->flips = atol(argv[++i]);
        else if (!strcmp(argv[i], "--seed") && more) r->seed = (uint32_t)strtoul(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--case") && more) r->only = atol(argv[++i]);
        else if (!strcmp(argv[i], "--save") && more) r->save = argv[++i];
        else if (!strcmp(argv[i], "--verbose")) r->verbose = 1;
        else if (!strcmp(argv[i], "--changes")) r->changes = 1;
        else if (argv[i][0] == '-') return 0;
        else add(models, strdup(argv[i]));
    }
    return 1;
}

int main(int argc, char **argv) {
    run r = {.flips = getenv("SISKIN_SOAK") ? 4000000 : 40000, .only = -1, .seed = 1};
    list models = {.count = 0};
    setvbuf(stdout, NULL, _IOLBF, 0);
    watch_for_death();
    if (!parse(&r, &models, argc, argv)) {
        fprintf(stderr,
                "usage: malformed [--flips N] [--changes] [--seed S] [--case I [--save FILE]] [--verbose] "
                "[MODEL...]\n");
        return 2;
    }
    if (!models.count) {
        default_models(&r, &models);
        own_models(&models);
    }
    for (size_t i = 0; i < models.count; i++) {
        test_bytes model;
        if (!test_map(models.paths[i], &model) || model.size == 0) {
            printf("FAIL %s cannot be read\n", models.paths[i]);
            r.failed++;
            continue;
        }
        const long count = (long)models.count, share = r.flips / count + ((long)i < r.flips % count);
        trouble(&r, models.paths[i], &model, share);
        test_unmap(&model);
    }
    printf("%zu models; of the changed ones %ld loaded and %ld ran\n", models.count, r.loaded, r.ran);
    test_list_free(models.paths, models.count);
    if (!r.passed) r.failed++;
    printf("%ld passed, %ld failed, 0 skipped\n", r.passed, r.failed);
    return r.failed != 0;
}
