#!/bin/sh
# Queues beside each other in one run: weir_queue, Python's multiprocessing.Queue, a Unix pipe.
#
#     sh bench/toolkit/run.sh [BUILD]    BUILD: a Release build of Weir (default build/release)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
build=${1:-$root/build/release}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in queue pipe; do
    cc -O2 -D_GNU_SOURCE -I "$root/lib/include" "$here/$program.c" "$build/libweir.a" \
        -lfyaml -lm -o "$work/$program"
done
for sides in "1 1" "4 4" "4 1" "1 4"; do
    # shellcheck disable=SC2086
    {
        "$work/queue" $sides 64 2000000 1
        "$work/pipe" $sides 64 1000000
        python3 "$here/py_queue.py" $sides 64 60000
    }
done
"$work/queue" 1 1 64 20000000 256
"$work/queue" 1 1 65536 50000 1
"$work/pipe" 1 1 65536 20000
python3 "$here/py_queue.py" 1 1 65536 8000
