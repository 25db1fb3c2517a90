# Sourced by the scripts that need system packages: require_packages WHAT...
# WHAT is COMMAND=PACKAGE, /PATH=PACKAGE, or one word for both; a package is wanted only where its command or path
# is missing, so other systems may provide them in their own way. apt-get runs only as root and only then.

refresh_package_lists() {
    if [ "$(id -u)" = 0 ] && [ -z "$(find /var/lib/apt/lists -name '*Packages*' -print -quit 2>/dev/null)" ]; then
        apt-get -q update
    fi
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
    local missing
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "missing: install what provides these Debian packages: $missing" >&2
        return 1
    fi
    if [ "$(id -u)" != 0 ]; then
        echo "missing packages, run as root: apt-get install --no-install-recommends $missing" >&2
        return 1
    fi
    echo "installing packages: $missing"
    refresh_package_lists
    # Lists that are there may still be too old to find the files they name: then once more with fresh ones.
    # shellcheck disable=SC2086
    install_packages $missing || { apt-get -q update && install_packages $missing; } || return 1
    missing=$(missing_packages "$@")
    [ -z "$missing" ] || { echo "installed, but still missing: $missing" >&2; return 1; }
}

install_packages() {
    DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=600 install --no-install-recommends "$@"
}
