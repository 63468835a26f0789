#!/bin/sh
# The supervisor, or a worker, is killed before each of its calls to the system; a worker is stopped there, and the supervisor
# killed. Within a second nothing of the run lives, no output is half, and the next run replaces what was left.
#
#     WEIR_INJECT_ALL  does it at every call. Otherwise at every n-th, from one that differs from run to run
# shellcheck source=tests/faults/inject.sh
. "$(dirname "$0")/inject.sh"

all=${WEIR_INJECT_ALL:-}

# calls WHO: sets count to how many calls there are in an undisturbed run.
calls() {
    rm -f trace
    INJECT_CALL=any INJECT_WHO=$1 INJECT_TRACE=trace start "$case" ./injected
    count=$(wc -l <trace)
    [ "$count" -gt 20 ] || fail "$case: only $count calls by a $1"
}

# every N COUNT: each n-th number up to COUNT, from one chosen at random.
every() {
    n=$(($1 * slow))
    [ -z "$all" ] || n=1
    roll 1 "$n"
    seq "$pick" "$n" "$2"
}

# The supervisor is killed.
killed=0 midway=0
for case in replacing appending; do
    prepare $case
    calls program
    for number in $(every 3 "$count"); do
        INJECT_CALL=any INJECT_WHO=program INJECT_HOW=KILL INJECT_AT=$number INJECT_LOG=log start $case ./injected
        here="$case: the supervisor killed at its call $number of $count ($(cut -d' ' -f1,3 log 2>/dev/null))"
        nothing_left "$here" orphans
        if [ "$ended" = 0 ]; then # it made fewer this time
            is_whole made || fail "$here: exit 0, but $(cat different)"
            continue
        fi
        [ "$ended" = SIGKILL ] || fail "$here: ended with $ended: $(head -n 3 err)"
        killed=$((killed + 1))
        is_mixture || fail "$here: $(cat different)"
        cmp -s old/receipt.json made/receipt.json || grep -q '"published": *true' made/receipt.json ||
            fail "$here: the receipt is neither old nor complete"
        [ -z "$(find made -name '.*.part')" ] || midway=$((midway + 1))
        again
    done
done
[ "$midway" -gt 0 ] || fail "no supervisor was killed while a sink wrote"

# A worker is killed: nobody notices.
case=replacing
prepare $case
calls worker
for number in $(every 7 "$count"); do
    INJECT_CALL=any INJECT_WHO=worker INJECT_HOW=KILL INJECT_AT=$number INJECT_LOG=log start $case ./injected
    here="$case: a worker killed at call $number of $count ($(cut -d' ' -f1,3,4 log 2>/dev/null))"
    [ "$ended" = 0 ] || fail "$here: ended with $ended: $(head -n 3 err)"
    nothing_left "$here"
    is_whole made || fail "$here: $(cat different)"
done

# is_stopped PROCESS
is_stopped() {
    [ "$(sed 's/.*) //; s/ .*//' "/proc/$1/stat" 2>/dev/null)" = T ]
}

# orphan CALL NUMBER: a worker stops itself at that call, and its supervisor is killed. A worker that has not yet asked to die
# with its parent is continued, and must find out by itself.
orphan() {
    rm -rf made counter log report
    cp -RP old made
    INJECT_CALL=$1 INJECT_WHO=worker INJECT_HOW=STOP INJECT_AT=$2 INJECT_LOG=log \
        ./harass -d $((10 * slow)) -l "$slow" report ./injected run -q --workers 2 "$case.yaml" </dev/null >out 2>err &
    harasser=$!
    until [ -s log ] || ! kill -0 $harasser 2>/dev/null; do sleep 0.005; done
    [ -s log ] || return 0 # it made fewer this time
    here="$case: a worker stopped at $1 $2 ($(cut -d' ' -f1,3,4 log)), its supervisor killed"
    stopped=$(cut -d' ' -f5 log)
    until is_stopped "$stopped"; do sleep 0.005; done
    supervisor=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$stopped/status")
    kill -KILL "$supervisor"
    sleep 0.1
    if is_stopped "$stopped"; then
        in_window=$((in_window + 1))
        is_old || fail "$here: $(cat different)"
        kill -CONT "$stopped"
    fi
    wait $harasser
    # shellcheck source=/dev/null
    . ./report
    runs=$((runs + 1))
    [ "$ended" = SIGKILL ] || fail "$here: ended with $ended: $(cat err)"
    nothing_left "$here" orphans
    is_mixture || fail "$here: $(cat different)"
    again
}

in_window=0
for number in $(every 15 "$count"); do
    orphan any "$number"
done
# The first thing that a worker does is to ask for its death.
for number in 1 4 5; do orphan prctl $number; done
[ "$in_window" -gt 0 ] || fail "no worker was stopped between fork and its wish to die with its parent"
echo "$runs runs: $killed supervisors killed, $midway of them while a sink wrote; $in_window workers stopped right after fork"
finish
