#!/bin/sh
# A folder with a million names: each is hashed once, the manifest is in order, and all processes together stay below 64 MiB.
#
#     sh tests/faults/million.sh PIPELINE
set -eu
program=$(realpath "$1")
WEIR_SOURCE=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work"
export LC_ALL=C

mkdir many
(cd many && seq 1000000 1999999 | xargs touch)
sed 's/with: {path:/with: {sort: true, path:/' "$WEIR_SOURCE/pipelines/hash-tree.yaml" >sorted.yaml

# What a process shares is counted once: 0 for one that is gone.
memory_kib() {
    for process in $1 $(pgrep -P "$1"); do
        sed -n 's/^Pss: *\([0-9]*\) kB$/\1/p' "/proc/$process/smaps_rollup" 2>/dev/null || :
    done | awk '{ sum += $1 } END { print sum + 0 }'
}

"$program" run sorted.yaml --var root=many --var out=SUMS &
pid=$!
most=0 looks=0
while kill -0 $pid 2>/dev/null; do
    now=$(memory_kib $pid)
    [ "$now" -le "$most" ] || most=$now
    looks=$((looks + 1))
    sleep 0.1
done
wait $pid
echo "$looks looks at the memory: $most KiB at most"
[ "$most" -gt 0 ] && [ "$most" -lt 65536 ]
cut -d / -f 2 SUMS >names
seq 1000000 1999999 | cmp - names
