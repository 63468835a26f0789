#!/bin/sh
# Holds libweir to the interface that programs were compiled for: abidiff finds functions that are gone, and structs, enums
# and parameters that are others than in lib/libweir.abi. New functions are welcome.
#
#     check_abi.sh [--update]    --update: what is there now is what programs may rely on
set -eu
cd "$(dirname "$0")/../.."
build=build/abi
kept=lib/libweir.abi
mode=${1:-}
case $mode in '' | --update) ;; *)
    echo "usage: check_abi.sh [--update]" >&2
    exit 64
    ;;
esac
if [ "$(uname -m)" != x86_64 ]; then
    echo "the sizes in $kept are those of x86-64"
    exit 0
fi

cmake -S . -B $build -G Ninja -DCMAKE_BUILD_TYPE=Debug -DWEIR_TESTS=OFF \
    -DCMAKE_C_FLAGS="-ffile-prefix-map=$PWD=." >/dev/null
cmake --build $build --target weir >/dev/null
abidw --headers-dir lib/include --drop-private-types --exported-interfaces-only --no-elf-needed --no-show-locs \
    --no-corpus-path --no-comp-dir-path --no-parameter-names --no-write-default-sizes --type-id-style hash \
    --out-file $build/libweir.abi $build/libweir.so
if [ "$mode" = --update ]; then
    cp $build/libweir.abi $kept
    exit 0
fi
if ! abidiff --no-added-syms $kept $build/libweir.abi; then
    echo "libweir is not what programs were compiled for. Where that is meant: sh tests/tools/check_abi.sh --update,"
    echo "a line in CHANGELOG.md, and from 1.0 on another soname."
    exit 1
fi
