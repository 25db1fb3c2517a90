#!/usr/bin/env bash
# The system packages that building and testing need: `web/packages.sh SET` installs what is missing of native, test
# or soak. apt-get runs only as root and only when something is missing; otherwise the packages are named.
# Sourced by web/toolchain.sh for require_packages WHAT..., where WHAT is COMMAND=PACKAGE, /PATH=PACKAGE, or one word
# for both: the command or path decides, so that other systems may provide it in their own way.

packages_of() {
    case $1 in
    native) echo ar=binutils /usr/include/simde/wasm/simd128.h=libsimde-dev ;;
    test) echo "$(packages_of native)" chromium firefox-esr clang-format-19 clang-tidy-19 /usr/share/libonnx-testdata=libonnx-testdata ;;
    soak) echo valgrind clang-19 /usr/lib/llvm-19/lib/clang/19/lib/linux=libclang-rt-19-dev ;;
    *) echo "packages: no set named $1" >&2; return 2 ;;
    esac
}

# Prints the packages among WHAT... that are missing.
missing_packages() {
    local what
    for what; do
        case ${what%%=*} in
        /*) [ -e "${what%%=*}" ] || printf '%s ' "${what#*=}" ;;
        *) command -v "${what%%=*}" >/dev/null || printf '%s ' "${what#*=}" ;;
        esac
    done
}

require_packages() {
    local missing here=${BASH_SOURCE[0]}
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "missing: install what provides these Debian packages: $missing" >&2
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "missing packages; as root run: apt-get install --no-install-recommends $missing" >&2
        return 1
    fi
    exec 8<"$here"
    flock 8 # one apt-get at a time, also under make -j
    missing=$(missing_packages "$@")
    if [ -n "$missing" ]; then
        echo "installing packages: $missing"
        refresh_package_lists
        # Lists that are there may be too old to find the files they name: then once more with fresh ones.
        # shellcheck disable=SC2086 # one word a package
        install_packages $missing || { apt-get -q update && install_packages $missing; } || return 1
        missing=$(missing_packages "$@")
    fi
    exec 8<&-
    [ -z "$missing" ] || { echo "installed, but something is still missing of: $missing" >&2; return 1; }
}

refresh_package_lists() {
    if [ "$(id -u)" = 0 ] && [ -z "$(find /var/lib/apt/lists -name '*Packages*' -print -quit 2>/dev/null)" ]; then
        apt-get -q update
    fi
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -euo pipefail
    [ $# = 1 ] || { echo 'usage: web/packages.sh native|test|soak' >&2; exit 2; }
    set=$(packages_of "$1")
    # shellcheck disable=SC2086
    require_packages $set
fi
