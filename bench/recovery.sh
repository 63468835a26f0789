#!/bin/sh
# Kills workers while they work and tells how soon their work is taken up again; beside it what Python's pools do.
#
#     sh bench/recovery.sh [KILLS]    250, at most 1000
#
# Ends with 1 if a batch was lost, doubled or not taken up again. bench/README.md tells how to read it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
build=$root/build/bench
kills=${1:-250}

mkdir -p "$build"
sh "$root/samples/setup.sh" build
if ! { cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWEIR_TESTS=OFF &&
    cmake --build "$root/build/release"; } >"$build/recovery.log" 2>&1; then
    cat "$build/recovery.log" >&2
    exit 70
fi
# shellcheck disable=SC2046 # the libraries are words
gcc -std=gnu11 -D_GNU_SOURCE -O2 -I "$root/lib/include" "$here/recovery.c" "$root/build/release/libweir.a" \
    $(pkg-config --libs libfyaml) -lm -o "$build/recovery"

echo "load average at the start: $(cut -d ' ' -f 1-3 /proc/loadavg)"
code=0
"$build/recovery" "$here/recovery.yaml" "$kills" >"$build/recovery.tsv" || code=1
awk -F '\t' '
BEGIN { printf "%-22s %10s %10s %10s\n", "Weir, milliseconds", "median", "90 %", "worst" }
/^(kills|batches)\t/ { printf "%-22s %10d, %s, %s\n", $1, $2, $3, $4; next }
{ printf "%-22s %10s %10s %10s\n", $1, $2, $3, $4 }' "$build/recovery.tsv"

echo
printf '%-22s %10s %10s  %s\n' "Python, 1 kill" "came back" "did not" "seen"
for pool in executor pool; do
    if command -v python3 >/dev/null; then
        # A pool that has lost a worker may not end by itself.
        timeout -k 5 60 python3 "$here/peers/recovery.py" "$pool" | awk -F '\t' '
            { printf "%-22s %10s %10s  %s\n", $1, $2, $3, $4 }'
    else
        echo "skipped $pool: no python3 (Debian: python3)"
    fi
done
exit "$code"
