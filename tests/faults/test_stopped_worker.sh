#!/bin/sh
# Workers are stopped and continued at random, for longer than anything takes: nothing may change, nobody may be taken for dead.
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

make_data 12
make_cases

for case in $all_cases; do
    expect "$case" || continue
    for round in 1 2 3; do
        roll 1 8
        workers=$pick
        harassed "$case" "round $round, $workers workers" -b STOP -n 60 -i $((2000 * round)) -- --workers "$workers"
        [ "$(restarts_of receipt.json)" -eq 0 ] || fail "$case: a stopped worker was replaced"
    done
done

# One that is stopped holds the run up, and the others wait for it; then it goes on. The longest pause here is a second.
for target in read.cut write.write '!write.write'; do
    [ -d expected/isolated ] || continue
    harassed isolated "only $target, long" -b STOP -p $target -n 3 -i 100000 -- --workers 3
done
echo "$runs runs, $blows_in_all stops"
finish
