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
mapfile -t sources < <(find src web -name '*.c' | sort)
bin=node_modules/.bin

check 'C format (make format)' clang-format-19 --dry-run -Werror "${formatted[@]}"
check 'cppcheck' cppcheck --quiet --error-exitcode=1 --std=c11 --inline-suppr -j2 -Isrc -DSK_RELAXED=0 \
    --enable=warning,performance,portability --suppressions-list=tests/lint/cppcheck.txt "${sources[@]}"
check 'include rule' node tests/lint/includes.js
check 'file lengths' node tests/lint/lengths.js
check 'JavaScript (biome)' "$bin/biome" ci --error-on-warnings
check 'types (tsc)' "$bin/tsc" -p tsconfig.json

echo "$passed passed, $failed failed, 0 skipped"
[ "$failed" = 0 ]
