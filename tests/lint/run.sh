#!/usr/bin/env bash
# Every static check; each runs even when an earlier one failed.
set -uo pipefail
cd "$(dirname "$0")/../.."

passed=0
failed=0
check() { # check NAME COMMAND...
    local name=$1 output
    shift
    if output=$("$@" 2>&1); then
        passed=$((passed + 1))
        echo "ok      $name"
    else
        failed=$((failed + 1))
        echo "FAILED  $name"
        head -n 100 <<<"$output"
    fi
}

mapfile -t formatted < <(find src web tests -name '*.[ch]' | sort)
bin=node_modules/.bin

# clang-tidy sees the code as Emscripten's clang does, and gives its warnings as well. The analyser follows a fifth of
# the paths it would by default: all of them take four minutes on two cores.
tidy() {
    local emcc=${SISKIN_BUILD:-build}/emcc flags
    local warnings=(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wvla -Wpointer-arith -Wwrite-strings)
    read -ra flags < <("$emcc" --cflags -std=c11 -Isrc -msimd128 -mrelaxed-simd -DSK_RELAXED=1 -DSK_TOOLS=1 \
        -DSK_BUILD_ID=__FILE__ "${warnings[@]}" -Xclang -analyzer-config -Xclang max-nodes=50000 |
        sed -E 's/-mllvm [^ ]+//g; s/-fignore-exceptions//')
    find src web -name '*.c' -print0 |
        xargs -0 -n 4 -P "$(nproc)" sh -c 'flags=$1; shift; exec clang-tidy-19 --quiet "$@" -- $flags' sh "${flags[*]}" 2>&1 |
        { grep -vE '^\[[0-9]+/[0-9]+\]|warnings? (and .*)?generated|errors? generated|^Error while processing' || true; }
}

check 'C format (make format)' clang-format-19 --dry-run -Werror "${formatted[@]}"
check 'clang-tidy' tidy
check 'include rule' node tests/lint/includes.js
check 'file lengths' node tests/lint/lengths.js
check 'JavaScript (biome)' "$bin/biome" ci --colors=off --error-on-warnings
check 'types (tsc)' "$bin/tsc" -p tsconfig.json

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
