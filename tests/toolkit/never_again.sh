#!/bin/sh
# The defects of which docs/toolkit.md says that they are never to be here show themselves on CPython 3.11, by fork
# and by spawn. Ends with 1 if one does not: then the page is wrong.
#
#     sh tests/toolkit/never_again.sh PYTHON
set -eu
python=${1:?usage: never_again.sh PYTHON}
scenes=$(dirname "$0")/never_again.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for method in fork spawn; do
    for scene in queue_lock condition_waiter barrier_party join_undrained empty_when_full attacher; do
        {
            timeout 120 "$python" "$scenes" $method $scene 2>/dev/null || echo "failed"
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
