#!/bin/sh
# The defects of which docs/toolkit.md says that they are never to be here show themselves on CPython 3.11, by
# each start method. Ends with 1 if one does not: then the page is wrong.
#
#     sh tests/toolkit/never_again.sh PYTHON
set -eu
python=${1:?usage: never_again.sh PYTHON}
scenes=$(dirname "$0")/never_again.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

every="queue_lock condition_waiter barrier_party join_undrained empty_when_full attacher killed_worker replaced_worker
    terminate imap_reads_all unsendable_error orphan"
for method in fork spawn forkserver; do
    scenes_here=$every
    [ $method != fork ] || scenes_here="$every fork_with_threads"
    for scene in $scenes_here; do
        {
            timeout 120 "$python" "$scenes" $method "$scene" 2>/dev/null || echo "failed"
        } >"$work/$method $scene" &
    done
    wait
done
missing=0
for result in "$work"/*; do
    echo "$(basename "$result"): $(cat "$result")"
    [ "$(cat "$result")" = shown ] || missing=1
done
exit $missing
