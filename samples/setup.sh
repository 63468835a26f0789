#!/bin/sh
# Installs what is missing to build Weir, or with "test" to test it too, or with "packages" to make and test its packages, on
# Debian 12 and its like.
#
#     sh samples/setup.sh [build|test|packages]
#
# Does nothing, and needs no root, where everything is there already.
set -eu

build_packages="cmake ninja-build gcc libc6-dev pkg-config libcsv-dev libfyaml-dev libarchive-dev"
build_packages="$build_packages libpcre2-dev libssl-dev libxxhash-dev zlib1g-dev libsqlite3-dev"
build_packages="$build_packages libcurl4-openssl-dev libxml2-dev libidn2-dev"
test_packages="check g++ clang clang-format cppcheck shellcheck binutils procps spin bzip2 xz-utils zstd tzdata python3"
test_packages="$test_packages abigail-tools doxygen"
packages_packages="build-essential debhelper lintian mmdebstrap"

wanted=$build_packages
case ${1:-build} in
build) ;;
test) wanted="$build_packages $test_packages" ;;
packages) wanted="$build_packages $packages_packages" ;;
*)
    echo "usage: sh samples/setup.sh [build|test|packages]" >&2
    exit 64
    ;;
esac

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "setup: this is no Debian. Needed here are what Debian calls: $wanted"
    exit 0
fi

is_installed() {
    status=$(dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null) || return 1
    case $status in *not-installed*) return 1 ;; *installed*) return 0 ;; *) return 1 ;; esac
}

missing=
for package in $wanted; do
    case $package in pkg-config) is_installed pkgconf && continue ;; esac
    is_installed "$package" || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "setup: everything is there"
    exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "setup: missing:$missing" >&2
        echo "setup: become root and say: apt-get install$missing" >&2
        exit 71
    fi
    as_root=sudo
fi
echo "setup: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
# The words of $missing are package names, one each; $as_root is sudo or nothing.
# shellcheck disable=SC2086
if ! { $as_root apt-get update &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $missing; } \
    >"$log" 2>&1; then
    cat "$log" >&2
    echo "setup: apt-get failed" >&2
    exit 71
fi
echo "setup: done"
