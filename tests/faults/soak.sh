#!/bin/sh
# Attacks of all kinds, mixed at random, for as long as told: workers killed and stopped, supervisors and groups killed, signals,
# readers that go away. The last line tells what was done, and the seed.
#
#     sh tests/faults/soak.sh PIPELINE SECONDS
#
# WEIR_EVIDENCE names a folder for the files of runs that went wrong.
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

seconds=${2:?usage: sh $0 PIPELINE SECONDS}
began=$(date +%s)
make_data 12
make_cases
ready=
for case in $all_cases; do
    expect "$case" && ready="$ready $case"
done
[ -n "$ready" ] || finish
mkfifo pipe
# One output, to be written to standard output.
sed 's,made/[a-z]*.csv,"-",' isolated.yaml >piped.yaml
stopped=0

pick_case() {
    # The words of $ready are names.
    # shellcheck disable=SC2086
    set -- $ready
    roll 1 $#
    shift $((pick - 1))
    case=$1
    roll 1 8
    workers=$pick
    roll 1 6
    pause=$((pick * pick * 400 * slow))
}

attack_workers() {
    roll 1 6
    case $pick in
    1) signals=KILL,SEGV,ABRT,TERM,BUS,FPE ;;
    2) signals=STOP ;;
    3) signals=KILL,STOP ;;
    *) signals=KILL ;;
    esac
    roll 1 8
    case $pick in
    1) target=read.cut ;;
    2) target='write' ;;
    3) target='!cut' ;;
    *) target='[' ;;
    esac
    most=200
    [ "$signals" = "${signals#*SEGV}" ] || most=30 # between deaths of a stage's own doing there are pauses
    roll 1 $most
    harassed "$case" "$workers workers, $signals at $target" -b $signals -p "$target" -n "$pick" -i $pause -- \
        --workers "$workers"
}

# The run is ended: what it leaves is old or complete, and the next run goes well.
attack_run() {
    roll 1 8
    case $pick in
    1 | 2) ending='-e KILL' ;;
    3) ending='-e KILL -g' ;;
    4) ending='-e KILL -f 1' ;;
    5) ending='-e TERM' ;;
    6) ending='-e INT -g' ;;
    7) ending='-e HUP,HUP' ;;
    8) ending='-e INT,TERM -f 1' ;;
    esac
    elapsed=$(cat "expected/$case.elapsed")
    roll 0 30
    old_outputs "$case"
    # shellcheck disable=SC2086
    strike $ending -a $((2 * elapsed)) -b KILL,STOP -n "$pick" -i $pause -- -q --workers "$workers" "$case.yaml" </dev/null
    here="$case, $workers workers, $ending (run $runs)"
    stopped=$((stopped + 1))
    nothing_left "$here" orphans
    case $ended in
    SIG*) ;;
    *) [ "$ended" = "$(cat "expected/$case.ended")" ] || fail "$here: ended with $ended: $(tail -n 3 err)" ;;
    esac
    for output in made/*; do
        [ -e "$output" ] || continue
        cmp -s "$output" "old/${output##*/}" || cmp -s "$output" "expected/$case/${output##*/}" || {
            fail "$here: $output is neither old nor complete"
            keep_evidence "$case"
        }
    done
    strike -- -q --workers "$workers" "$case.yaml" </dev/null
    [ "$ended" = "$(cat "expected/$case.ended")" ] || fail "$here: the next run ended with $ended: $(cat err)"
    published "$case" "$here: the next run"
}

# The output goes to a pipe, whose reader goes away after some bytes.
attack_reader() {
    wanted=expected/isolated/most.csv
    roll 0 "$(wc -c <"$wanted")"
    bytes=$pick
    head -c "$bytes" <pipe >got &
    standard_output=pipe
    strike -b KILL,STOP -p !write.write -n 40 -i $pause -- -q --workers "$workers" piped.yaml </dev/null
    standard_output=out
    wait
    here="a reader that goes away after $bytes bytes (run $runs)"
    [ "$ended" = 0 ] || fail "$here: ended with $ended: $(tail -n 3 err)"
    nothing_left "$here"
    head -c "$bytes" "$wanted" | cmp -s - got || fail "$here: other bytes"
}

while [ $(($(date +%s) - began)) -lt "$seconds" ]; do
    pick_case
    roll 1 10
    case $pick in
    [1-6]) attack_workers ;;
    [7-9]) attack_run ;;
    10) if [ -d expected/isolated ]; then attack_reader; fi ;;
    esac
done
echo "soak: $(($(date +%s) - began)) s, $runs runs, $blows_in_all blows, $restarts_in_all workers replaced," \
    "$stopped runs ended on purpose, $failures failures, seed $seed"
finish
