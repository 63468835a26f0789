#!/bin/sh
# Workers are killed at random while runs go on: the outputs, the rejects files and the receipt are those of an
# undisturbed run, whatever the number of workers and however they are started.
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

make_data 12
make_cases
rounds=6
blows_each=$((24 / slow + 4))

for case in $all_cases; do
    expect "$case" || continue
    for round in $(seq $rounds); do
        roll 1 8
        workers=$pick
        roll 1 5
        case $pick in
        1) signals=KILL,SEGV,ABRT,TERM,BUS ;;
        2) signals=KILL,KILL,STOP ;;
        *) signals=KILL ;;
        esac
        roll 1 4
        pause=$((pick * pick * 500 * slow))
        roll 1 3
        case $pick in
        1) method=fork ;;
        2) method=spawn ;;
        *) method=forkserver ;; # which is struck, too
        esac
        harassed "$case" "round $round, $workers workers by $method, $signals" -b $signals -n $blows_each -i $pause -- \
            --workers "$workers" --start-method $method
    done
done

# The same seat again and again: a source, a sink, the only one in the middle.
for target in read.cut read. write.write; do
    for case in isolated rejects large large_apart; do
        [ -d "expected/$case" ] || continue
        harassed "$case" "only $target" -b KILL -p $target -n $blows_each -i $((2000 * slow)) -- --workers 2
    done
done

echo "$runs runs, $blows_in_all blows, $restarts_in_all workers replaced"
[ "$restarts_in_all" -ge $((300 / slow)) ] || fail "only $restarts_in_all workers were replaced"
finish
