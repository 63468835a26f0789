#!/bin/sh
# SIGINT, SIGTERM, SIGHUP and the time limit: what they end, what they leave, and what the program ends with.
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

make_data 12
make_cases
late=0

# stopped CASE WHAT SIGNAL HARASS-OPTIONS...: a run over the outputs of an earlier one that SIGNAL ends.
stopped() {
    case=$1 what=$2 signal=$3
    shift 3
    old_outputs "$case"
    strike "$@" -- "$case.yaml" </dev/null
    here="$case, $what, SIG$signal (run $runs)"
    # Before the run has begun there is nothing to be said, and the signal ends the program at once.
    if [ -s err ]; then nothing_left "$here"; else nothing_left "$here" orphans; fi
    # A signal that comes too late finds all outputs published, and may find the program on its way out.
    if is_published "$case"; then
        late=$((late + 1))
        says_not err "nothing was published"
        return
    fi
    [ "$ended" = "SIG$signal" ] || fail "$here: ended with $ended: $(head -n 3 err)"
    untouched "$here"
}

for case in fused isolated rejects lines; do
    expect "$case" || continue
    elapsed=$(cat "expected/$case.elapsed")
    for round in $(seq $((5 / slow + 1))); do
        for signal in INT TERM HUP; do
            stopped "$case" "once" $signal -e $signal -a "$elapsed"
        done
        # As a terminal, or a service manager, does: everybody gets it.
        stopped "$case" "to its group" INT -g -e INT -a "$elapsed"
        stopped "$case" "to its group" HUP -g -e HUP -a "$elapsed"
        stopped "$case" "to its group" TERM -g -e TERM -a "$elapsed"
    done
done
[ "$late" -lt $((runs * 3 / 4)) ] || fail "$late of $runs signals came too late to prove something"

# impatient CASE WHAT HARASS-OPTIONS...: two signals kill at once, even a worker that does not listen: one alone would wait
# five seconds for it. What was killed cannot tidy up: a temporary file may stay.
impatient() {
    case=$1 what=$2
    shift 2
    old_outputs "$case"
    strike "$@" -- "$case.yaml" </dev/null
    here="$case, $what (run $runs)"
    nothing_left "$here"
    case $ended in
    SIGINT | SIGTERM) ;;
    *) fail "$here: ended with $ended: $(head -n 3 err)" ;;
    esac
    [ "$elapsed_us" -lt 4500000 ] || fail "$here: took $elapsed_us us"
    rm -f made/.*.part
    untouched "$here"
}

for case in isolated rejects; do
    [ -d "expected/$case" ] || continue
    sed 's/^run: {/&on_stop: publish, /' "$case.yaml" >"$case.draining.yaml"
    cp -R "expected/$case" "expected/$case.draining"
    for name in "$case" "$case.draining"; do
        for round in 1 2 3; do
            impatient "$name" "twice" -e INT,INT -f 1 -p !write.write
            impatient "$name" "in two ways" -e INT,TERM -f 1
            impatient "$name" "from all sides" -e INT,INT,INT -f 2 -b KILL -n 20
        done
    done
done

# A worker that does not listen is killed in the end after a single signal too.
if [ -d expected/isolated ]; then
    stopped isolated "once, with one worker stopped" TERM -e TERM -f 1 -p !write.write
fi

# on_stop: publish. Sources end, and what was read is published: a beginning of the stream, whole records, all figures right.
pipeline_file draining "${small_slots}on_stop: publish, " <<'END'
  - {id: read, type: lines.read, with: {path: text.txt}}
  - {id: match, type: transform, isolate: true, with: {where: "length(line) > 0"}}
  - {id: write, type: lines.write, with: {path: made/lines.txt}}
END
grep . text.txt >nonempty.txt
expect draining
partial=0
for round in $(seq $((12 / slow + 2))); do
    for signal in INT TERM HUP; do
        old_outputs draining
        blowing=
        [ $((round % 2)) -eq 0 ] || blowing="-b KILL -n 30 -i 3000"
        # shellcheck disable=SC2086
        strike -e $signal -a "$(cat expected/draining.elapsed)" $blowing -- draining.yaml </dev/null
        here="draining, SIG$signal in round $round"
        if [ -s err ]; then nothing_left "$here"; else nothing_left "$here" orphans; fi
        is_published draining && continue # too late
        [ "$ended" = "SIG$signal" ] || fail "$here: ended with $ended: $(head -n 3 err)"
        diff -rq old made >different && continue # too early: it was still looking at its input
        head -c "$(wc -c <made/lines.txt)" nonempty.txt | cmp -s - made/lines.txt ||
            fail "$here: not a beginning of the input"
        [ -z "$(tail -c 1 made/lines.txt)" ] || fail "$here: the last record is cut"
        lines=$(wc -l <made/lines.txt)
        grep -q "\"in\": *$lines\b" receipt.json || fail "$here: $lines records, but not in the receipt"
        grep -q '"balanced": *true' receipt.json || fail "$here: does not balance"
        partial=$((partial + 1))
    done
done
[ "$partial" -gt 0 ] || fail "no run was stopped midway and published"

# What was counted up to there is the number.
pipeline_file counted_up 'on_stop: publish, ' <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: count, type: count, with: {path: made/number}}
END
expect counted_up
partial_counts=0
for round in $(seq 30); do
    old_outputs counted_up
    strike -e TERM -a "$(cat expected/counted_up.elapsed)" -- counted_up.yaml </dev/null
    here="counted_up in round $round"
    is_published counted_up && continue
    [ "$ended" = SIGTERM ] || fail "$here: ended with $ended: $(head -n 3 err)"
    diff -rq old made >different && continue
    number=$(cat made/number)
    grep -q "\"in\": *$number\b" receipt.json || fail "$here: $number is not what the receipt says"
    grep -q '"balanced": *true' receipt.json || fail "$here: does not balance"
    partial_counts=$((partial_counts + 1))
done
[ "$partial_counts" -gt 0 ] || fail "no count was stopped midway and published"

# A time limit, which stops also what does not listen.
old_outputs isolated
strike -f 1 -e CONT -- --timeout 1500ms isolated.yaml </dev/null
[ "$ended" = 75 ] || fail "a time limit: ended with $ended"
nothing_left "a time limit"
rm -f made/.*.part
untouched "a time limit"
pipeline_file endless '' <<'END'
  - {id: read, type: lines.read, with: {path: "-"}}
  - {id: write, type: lines.write, with: {path: made/lines.txt}}
END
mkdir expected/endless && : >expected/endless/lines.txt
old_outputs endless
mkfifo idle
exec 9<>idle # a writer that never writes
strike -- --timeout 300ms endless.yaml <idle
[ "$ended" = 75 ] || fail "a time limit for an idle input: ended with $ended"
nothing_left "a time limit for an idle input"
untouched "a time limit for an idle input"

# An idle input holds up neither a stop nor a drain: both end before the five seconds after which workers are killed.
sed 's/^run: {/&on_stop: publish, /' endless.yaml >endless_draining.yaml
cp -R expected/endless expected/endless_draining
for name in endless endless_draining; do
    old_outputs "$name"
    strike -e TERM -a $((600000 * slow)) -d 20 -- "$name.yaml" <idle
    [ "$ended" = SIGTERM ] || fail "$name, stopped: ended with $ended: $(cat err)"
    [ "$elapsed_us" -lt $((600000 * slow + 4500000)) ] || fail "$name, stopped: took $elapsed_us us"
    nothing_left "$name, stopped"
done
exec 9>&-

# While one sink publishes and another does not get to it, a signal must not tear them apart: all outputs or none.
# The rejects' sink has closed and waits for the verdict when it is stopped; the other one then ends the run.
pipeline_file torn 'max_rejected: 100%, ' <<'END'
  - id: read
    type: csv.read
    with: {path: torn.csv}
  - id: cast
    type: transform
    on_error: reject
    rejects: {path: made/bad.csv}
    with: {set: {quantity: "quantity::integer"}}
  - {id: write, type: csv.write, with: {path: made/good.csv}}
END
head -n 400 dirty.csv | grep -E '^[0-9]+,[^"]*$' | awk -F, 'NF == 10' >rows
{ head -n 1 dirty.csv && cat rows; } >torn.csv
mkdir expected/torn
"$program" run -q torn.yaml 2>err || fail "torn: $(cat err)"
mv made/good.csv made/bad.csv expected/torn/

# sleeping PROCESS: waits until it sleeps, twice in a row.
sleeping() {
    for _ in 1 2 3 4 5; do
        until [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat")" = S ]; do :; done
        sleep 0.02
    done
}

for signal in TERM INT; do
    old_outputs torn
    # A shell ignores SIGINT for what it starts in the background: env gives it back.
    env --default-signal=INT "$program" run torn.yaml >out 2>err </dev/null &
    supervisor=$!
    main=$(worker $supervisor 'write.write[0]') && kill -STOP "$main"
    side=$(worker $supervisor 'cast.rejects[0]') || side=$(worker $supervisor 'cast.rejects.wr')
    if [ -z "$main" ] || [ -z "$side" ]; then
        echo "torn: too fast to be caught, skipped"
        { wait $supervisor; } 2>/dev/null
        continue
    fi
    sleeping "$side"
    kill -STOP "$side"
    kill -CONT "$main"
    sleep 0.3
    kill -s $signal $supervisor
    sleep 0.2
    { kill -CONT "$side"; wait $supervisor; } 2>/dev/null
    if ! diff -rq old made >/dev/null && ! diff -rq expected/torn made >/dev/null; then
        fail "SIG$signal while it published: neither all outputs nor none: $(diff -rq expected/torn made)"
    fi
    if grep -q 'nothing was published' err && ! diff -rq old made >/dev/null; then
        fail "SIG$signal while it published: it says that nothing was published"
    fi
done
echo "$runs runs, $late too late, $partial drained midway, $partial_counts counts too"
finish
