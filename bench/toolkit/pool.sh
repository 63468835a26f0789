#!/bin/sh
# Beside each other in one run: weir_pool, Python's Pool and bare fork; programs of samples/toolkit and their twins in Python.
#
#     sh bench/toolkit/pool.sh [BUILD]    BUILD: a Release build of Weir (default build/release)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
build=${1:-$root/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cc -O2 -D_GNU_SOURCE -I "$root/lib/include" "$here/pool.c" "$build/libweir.a" -lfyaml -lm -o "$work/pool"
for _ in 1 2 3; do
    "$work/pool" 4 1000000
    python3 "$here/py_pool.py" 4 30000
done
for method in fork forkserver spawn; do
    for megabytes in 10 1024; do
        "$work/pool" create $method $megabytes 8 51
        python3 "$here/py_pool.py" create $method $megabytes 8 5
    done
done
"$build/samples/toolkit/methods"

"$build/samples/toolkit/primes" fork 10000000
python3 "$here/py_primes.py" 10000000

seconds() {
    date +%s.%N
}

# beside PROGRAM INPUT WHAT: a program of samples/toolkit and its twin, which have to print the same lines.
beside() {
    for _ in 1 2 3; do
        began=$(seconds)
        "$build/samples/toolkit/$1" fork <"$2" >"$work/ours" 2>"$work/said"
        between=$(seconds)
        python3 "$here/py_$1.py" <"$2" >"$work/theirs"
        echo "$began $between $(seconds)" |
            awk -v what="$3" '{ printf "%s: ours %.2f s, python %.2f s, %.1f times\n", what, $2 - $1, $3 - $2, ($3 - $2) / ($2 - $1) }'
        sort "$work/ours" >"$work/ours.sorted"
        sort "$work/theirs" | cmp - "$work/ours.sorted"
    done
}

for i in $(seq 100); do
    head -c 4000000 /dev/urandom >"$work/file-$i"
    echo "$work/file-$i" >>"$work/paths"
done
beside hash "$work/paths" "hash, 100 files of 4 MB"
awk 'BEGIN { print "id,quantity,price"; for (i = 1; i <= 300000; i++) printf "%d,%d,%d.25\n", i, i % 7, i % 100 }' >"$work/in.csv"
beside chain "$work/in.csv" "chain, 300,000 lines"
beside array /dev/null "array, 1,000,000 numbers"
