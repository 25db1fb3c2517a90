#!/usr/bin/env bash
# Finds or installs Emscripten, and writes a wrapper around it: web/toolchain.sh WRAPPER
# The wrapper is rewritten only when it would change, so that make rebuilds nothing without need.
#
# Three ways, tried in this order; the one taken is printed when the wrapper is written:
#   1. an emcc on PATH that is new enough;
#   2. Debian 12, whose own Emscripten cannot do relaxed SIMD: clang 19 from Debian 12, and Emscripten with
#      Binaryen from the next release, unpacked into a cache folder without touching the system's packages;
#   3. a Debian (or kin) whose own package is new enough: apt-get install emscripten.
# Anywhere else the user installs emsdk. The cache is $SISKIN_CACHE, else ~/.cache/siskin.
set -euo pipefail

readonly MIN=3.1.69
readonly LAYOUT=1 # raise when what is unpacked, or where, changes
readonly LLVM=/usr/lib/llvm-19/bin
readonly NEXT=trixie
readonly NEXT_PACKAGES=(emscripten binaryen node-acorn libc6 libstdc++6 libgcc-s1)

cd "$(dirname "$0")/.."
# shellcheck source=web/packages.sh
. web/packages.sh

say() { printf 'toolchain: %s\n' "$*"; }
die() { printf 'toolchain: %s\n' "$*" >&2; exit 1; }
at_least() { [ "$(printf '%s\n%s\n' "$MIN" "$1" | sort -V | head -n 1)" = "$MIN" ]; }

# The version stands in a file beside Emscripten's scripts; starting emcc to ask takes ten times as long.
emcc_version() {
    local file
    file=$(dirname "$(readlink -f "$1")")/emscripten-version.txt
    if [ -r "$file" ]; then tr -d '" \n' <"$file"
    else "$1" --version 2>/dev/null | sed -nE '1s/.* ([0-9]+\.[0-9]+\.[0-9]+).*/\1/p'; fi
}

# write_wrapper WAY COMMAND...: COMMAND ends up after exec
write_wrapper() {
    local way=$1 new
    shift
    new=$(printf '#!/bin/sh\n# Made by web/toolchain.sh from %s\nexec %s "$@"\n' "$way" "$*")
    if [ -x "$wrapper" ] && [ "$(cat "$wrapper")" = "$new" ]; then return; fi
    mkdir -p "$(dirname "$wrapper")"
    printf '%s\n' "$new" >"$wrapper.new"
    chmod +x "$wrapper.new"
    mv "$wrapper.new" "$wrapper"
    say "using $way"
}

# Debian's mirror as apt knows it: what stands before /dists/. Third-party archives may show up too; they fail
# later, since they hold no Debian release signed by Debian. Needs neither root nor package lists.
mirrors() {
    apt-get update --print-uris 2>/dev/null | sed -nE "s#^'([^']+)/dists/[^/']+/InRelease'.*#\1#p" |
        awk '!seen[$0]++ { if (/\/debian$/) print; else rest = rest $0 "\n" } END { printf "%s", rest }'
}

# A private apt in $apt: own sources, lists and state, Debian's signing key, and the machine's other settings
# (proxies and the like), which apt reads before this file.
write_apt_config() {
    local arch=$1 mirror=$2
    rm -rf "$apt"
    mkdir -p "$apt"/{lists/partial,cache/archives/partial,state}
    : >"$apt/status"
    : >"$apt/preferences"
    printf 'deb [arch=%s signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' \
        "$arch" "$mirror" "$NEXT" >"$apt/sources.list"
    cat >"$apt/apt.conf" <<EOF
Dir::State "$apt/state";
Dir::State::Lists "$apt/lists";
Dir::State::Status "$apt/status";
Dir::Cache "$apt/cache";
Dir::Etc::SourceList "$apt/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "$apt/preferences";
Dir::Etc::PreferencesParts "/dev/null";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Update::Error-Mode "any";
APT::Default-Release "";
Acquire::Languages "none";
Acquire::Retries "3";
EOF
    if [ "$(id -u)" = 0 ]; then echo 'APT::Sandbox::User "root";' >>"$apt/apt.conf"; fi
}

# fetch_debs ARCH: every package of the next release as a file in $debs, each checked against the signed index.
# What an earlier, interrupted run left there is used only when its hash is right.
fetch_debs() {
    local arch=$1 mirror found= name file sum why
    for mirror in $(mirrors); do
        write_apt_config "$arch" "$mirror"
        if why+=$(apt-get -qq -c "$apt/apt.conf" update 2>&1); then found=1; break; fi
        why+=$'\n'
    done
    [ -n "$found" ] || die "no mirror of Debian $NEXT could be read"$'\n'"$why"
    mkdir -p "$debs"
    for name in "${NEXT_PACKAGES[@]}"; do
        read -r file sum < <(apt-cache -c "$apt/apt.conf" show --no-all-versions "$name" |
            awk '/^Filename:/ { n = split($2, part, "/"); file = part[n] } /^SHA256:/ { sum = $2 } END { print file, sum }')
        [ -n "$sum" ] || die "Debian $NEXT has no package $name"
        if ! have_deb "$file" "$sum"; then
            rm -f "$debs/$name"_*
            say "fetching $name"
            (cd "$debs" && apt-get -qq -c "$apt/apt.conf" download "$name") || die "cannot fetch $name"
            # apt escapes the epoch's colon in the file name, so find the file rather than spell its name.
            mv -f "$debs/$name"_*.deb "$debs/$file" 2>/dev/null || true
            have_deb "$file" "$sum" || die "$name came broken, run make again"
        fi
        printf '%s %s\n' "$file" "$sum" >>"$unpack/versions"
    done
}
have_deb() { [ -f "$debs/$1" ] && echo "$2  $debs/$1" | sha256sum --status -c 2>/dev/null; }

# A folder $1 holding bin/emcc, from the packages in $debs. Everything inside finds its neighbours relative to
# itself, because the folder is renamed once it has proved to work.
unpack_debs() {
    local to=$1 file root=$1/root tool
    mkdir -p "$root" "$to/bin" "$to/binaryen/bin"
    say 'unpacking'
    while read -r file _; do # without the sysroot's parts that only -flto, dynamic linking and WasmFS need
        dpkg-deb --fsys-tarfile "$debs/$file" | tar -x -C "$root" --exclude='*/sysroot/lib/*/lto' \
            --exclude='*/sysroot/lib/*/lto-pic' --exclude='*/sysroot/lib/*/pic' --exclude='*/libwasmfs*' \
            --exclude='./usr/share/emscripten/system/lib' --exclude='./usr/share/doc' --exclude='./usr/share/man'
    done <"$to/versions"
    mkdir -p "$root/usr/share/emscripten/node_modules"
    cp -rL "$root/usr/share/nodejs/acorn" "$root/usr/share/emscripten/node_modules/acorn"

    for tool in "$root"/usr/bin/wasm*; do # Binaryen is linked against a newer libc than this system's
        cat >"$to/binaryen/bin/${tool##*/}" <<'EOF'
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/../../root
lib=$(echo "$root"/usr/lib/*-linux-gnu)
exec "$lib"/ld-linux-*.so.* --library-path "$lib" "$root/usr/bin/${0##*/}" "$@"
EOF
    done
    cat >"$to/config.py" <<EOF
import os, shutil
here = os.path.dirname(os.environ['EM_CONFIG'])
LLVM_ROOT = '$LLVM'
BINARYEN_ROOT = os.path.join(here, 'binaryen')
NODE_JS = shutil.which('node')
CACHE = os.path.join(here, 'root/usr/share/emscripten/cache')
FROZEN_CACHE = True
EOF
    cat >"$to/bin/emcc" <<'EOF'
#!/bin/sh
here=$(dirname "$(dirname "$(readlink -f "$0")")")
export EM_CONFIG="$here/config.py"
exec "$here/root/usr/share/emscripten/emcc" "$@"
EOF
    chmod +x "$to"/bin/* "$to"/binaryen/bin/*
}

# The folder works if it compiles, links and optimises a relaxed SIMD instruction.
try_out() {
    printf '%s\n' '#include <wasm_simd128.h>' '__attribute__((used)) v128_t f(v128_t a, v128_t b) {' \
        'return wasm_f32x4_relaxed_madd(a, b, b); }' >"$1/try.c"
    "$1/bin/emcc" -O3 -msimd128 -mrelaxed-simd -sSTANDALONE_WASM -sPURE_WASI --no-entry \
        -sEXPORTED_FUNCTIONS=_f "$1/try.c" -o "$1/try.wasm" >"$1/try.log" 2>&1 ||
        { cat "$1/try.log" >&2; die 'the unpacked Emscripten does not work'; }
    rm -f "$1"/try.*
}

use_next_debian() {
    local arch=$1
    require_packages "$LLVM/clang=clang-19" "$LLVM/wasm-ld=lld-19" "$LLVM/llvm-objcopy=llvm-19" python3 flock=util-linux
    if [ ! -f "$home/versions" ]; then
        mkdir -p "$cache"
        exec 9>"$cache/lock"
        flock 9
        if [ ! -f "$home/versions" ]; then # another make may have been faster
            rm -rf "$cache"/unpack.* "$home"
            unpack=$cache/unpack.$$
            mkdir "$unpack"
            trap 'rm -rf "$unpack" "$apt"' EXIT # an interruption keeps only whole or broken .deb files, told apart by hash
            fetch_debs "$arch"
            unpack_debs "$unpack"
            try_out "$unpack"
            mv "$unpack" "$home"
            rm -rf "$debs"
        fi
        exec 9>&-
    fi
    write_wrapper "Emscripten of Debian $NEXT in $home, with clang 19 of this system" "$(printf '%q' "$home/bin/emcc")"
}

[ $# = 1 ] || die 'usage: web/toolchain.sh WRAPPER'
wrapper=$1
on_path=$(command -v emcc || true)
if [ -n "$on_path" ] && version=$(emcc_version "$on_path") && [ -n "$version" ] && at_least "$version"; then
    write_wrapper "the emcc $version on PATH" "$(printf '%q' "$on_path")"
    exit
fi

ID= VERSION_ID=
[ ! -r /etc/os-release ] || . /etc/os-release
if [ "$ID $VERSION_ID" = 'debian 12' ]; then
    arch=$(dpkg --print-architecture)
    cache=$(realpath -m "${SISKIN_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/siskin}")
    home=$cache/emscripten-$NEXT-$arch-$LAYOUT
    debs=$cache/debs
    apt=$cache/apt
    use_next_debian "$arch"
    exit
fi
if command -v apt-cache >/dev/null; then
    refresh_package_lists
    version=$(apt-cache policy emscripten | sed -nE 's/^ *Candidate: ([0-9.]+).*/\1/p')
    if [ -n "$version" ] && at_least "$version"; then
        require_packages emcc=emscripten
        write_wrapper "the package emscripten $version of this system" "$(command -v emcc)"
        exit
    fi
fi
die "no Emscripten: install emsdk (https://emscripten.org/docs/getting_started), $MIN or newer, and put emcc on PATH"
