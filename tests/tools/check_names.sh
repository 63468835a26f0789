#!/bin/sh
# Holds the symbols of libweir to its name: what it exports begins with weir_, what its files share among themselves
# with weir__, and everything else is static.
#
#     check_names.sh BUILD    a folder with libweir.so and libweir.a
set -eu
build=${1:?usage: check_names.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$build/libweir.so" | awk '{print $NF}' | sort -u >"$work/exported"
nm -g --defined-only "$build/libweir.a" | awk 'NF == 3 {print $3}' | sort -u >"$work/global"
comm -13 "$work/exported" "$work/global" >"$work/shared"

broken=0
if [ ! -s "$work/exported" ]; then
    echo "libweir.so exports nothing"
    broken=1
fi
if grep -vE '^weir_[^_]' "$work/exported"; then
    echo "^ exported, but not by a name of the public API (weir_...)"
    broken=1
fi
# The sanitizers add symbols of their own.
if grep -vE '^(weir__|__asan|__odr_asan|__ubsan|__sanitizer)' "$work/shared"; then
    echo "^ shared between files of libweir: should be static, or weir__..."
    broken=1
fi
exit $broken
