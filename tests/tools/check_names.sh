#!/bin/sh
# Holds the symbols of libweir to its name: what it exports begins with weir_, what its files share among themselves
# with weir__, and everything else is static. What it needs of others is libc and libfyaml, nothing that a program might
# have another build of.
#
#     check_names.sh BUILD    a folder with libweir.so and libweir.a
set -eu
build=${1:?usage: check_names.sh BUILD}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

nm -D --defined-only "$build/libweir.so" | awk '{print $NF}' | sort -u >"$work/versioned"
sed -n 's/@@WEIR_[0-9]*$//p' "$work/versioned" >"$work/exported"
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
if grep -vE '@@WEIR_[0-9]+$|^WEIR_[0-9]+$' "$work/versioned"; then
    echo "^ exported without a version (lib/libweir.map)"
    broken=1
fi
readelf -d "$build/libweir.so" >"$work/dynamic"
if ! grep -q 'SONAME.*\[libweir\.so\.0\]' "$work/dynamic"; then
    echo "libweir.so has another soname than libweir.so.0"
    broken=1
fi
if grep NEEDED "$work/dynamic" | grep -vE '\[(libc|libm|ld-linux[-a-z0-9_]*|libfyaml)\.so\.[0-9]+\]'; then
    echo "^ needed by libweir.so, which is to do with libc and libfyaml"
    broken=1
fi
# The sanitizers add symbols of their own.
if grep -vE '^(weir__|__asan|__odr_asan|__ubsan|__sanitizer)' "$work/shared"; then
    echo "^ shared between files of libweir: should be static, or weir__..."
    broken=1
fi
exit $broken
