/* The engine as a libFuzzer target: any bytes as a model, loaded and run with a memory limit. `make soak`
 * lets it run; by hand: make build/fuzzer/bin/fuzz/fuzz_load && build/fuzzer/bin/fuzz/fuzz_load
 * -max_len=10240 CORPUS Compiled without SK_LIBFUZZER it is a program that replays what the fuzzer found:
 * fuzz_load FILE... */
#include <stdio.h>
#include <stdlib.h>

#include "../c/common/exercise.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
    const exercise how = {.options = {.memory_limit = (size_t)64 << 20}, .seed = 1};
    const test_bytes model = {bytes, size};
    const exercise_result result = test_exercise(&model, &how);
    if (!result.problem[0]) return 0;
    fprintf(stderr, "%s\n", result.problem);
    abort();
}

#ifndef SK_LIBFUZZER
/* The smallest inputs; larger ones are malformed.c's business. */
static int replay_empty(void) {
    uint8_t bytes[2];
    for (int i = 0; i < 65536; i++) {
        bytes[0] = (uint8_t)i;
        bytes[1] = (uint8_t)(i >> 8);
        LLVMFuzzerTestOneInput(bytes, sizeof bytes);
    }
    LLVMFuzzerTestOneInput(bytes, 0);
    return 65537;
}

int main(int argc, char **argv) {
    int passed = 0;
    for (int i = 1; i < argc; i++) {
        test_bytes file;
        if (!test_map(argv[i], &file)) {
            printf("%s cannot be read\n%d passed, 1 failed, 0 skipped\n", argv[i], passed);
            return 1;
        }
        LLVMFuzzerTestOneInput(file.bytes, file.size);
        test_unmap(&file);
        passed++;
    }
    if (argc == 1) passed = replay_empty();
    printf("%d passed, 0 failed, 0 skipped\n", passed);
    return 0;
}
#endif
