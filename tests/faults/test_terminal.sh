#!/bin/sh
# In a terminal: Ctrl-C once and twice, the terminal closed, with and without a shell in between; and what nohup is to do.
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

make_data 12
make_cases
export TERM=xterm
drawn=0 late=0

# typed CASE WHAT SIGNAL HARASS-OPTIONS...: a run in a terminal, over the outputs of an earlier one. False if it was faster.
typed() {
    case=$1 what=$2 signal=$3
    shift 3
    old_outputs "$case"
    strike -t "$@" -- "$case.yaml"
    here="$case, $what (run $runs)"
    nothing_left "$here" orphans
    if is_published "$case"; then # too late
        late=$((late + 1))
        says_not out "nothing was published"
        return 1
    fi
    [ "$ended" = "SIG$signal" ] || fail "$here: ended with $ended: $(cat out)"
    if grep -q "$(printf '\033')" out; then drawn=$((drawn + 1)); fi
    return 0
}

for case in isolated rejects; do
    expect "$case" || continue
    elapsed=$(cat "expected/$case.elapsed")
    for round in 1 2 3; do
        typed "$case" "Ctrl-C" INT -e INT -a "$elapsed" && untouched "$here"
        typed "$case" "Ctrl-C twice, with a worker that does not listen" INT -e INT,INT -f 1 -p '!write.write'
        [ "$elapsed_us" -lt $((4500000 * slow)) ] || fail "$here: took $elapsed_us us"
        rm -f made/.*.part # what was killed cannot tidy up
        untouched "$here"
        typed "$case" "the terminal closed" HUP -e HUP -a "$elapsed" && untouched "$here"
    done
done
[ "$late" -lt 9 ] || fail "$late signals came too late to prove something"

# With a shell between the terminal and the run: both get the signal, or the shell takes the terminal with it. The run stops
# also if its shell has gone, and is waited for by nobody.
in_shell() {
    old_outputs isolated
    rm -f report
    # shellcheck disable=SC2016
    ./harass -t -w -l $((6 * slow)) "$@" report /bin/sh -c '"$0" run -q isolated.yaml; exit $?' "$program" >out
    # shellcheck source=/dev/null
    . ./report
    here="in a shell, harass $*"
    [ "$left" -eq 0 ] || fail "$here: $left processes outlived it"
    is_published isolated || untouched "$here"
}

if [ -d expected/isolated ]; then
    elapsed=$(cat expected/isolated.elapsed)
    for round in 1 2 3; do
        in_shell -s "$round" -e INT -a "$elapsed"
        in_shell -s "$round" -e HUP -a "$elapsed"
    done
fi

# nohup: the session's leader ends, which is a SIGHUP for all in the terminal, and the run goes on.
case=isolated
old_outputs $case
cat >leave <<'END'
nohup "$1" run -q isolated.yaml </dev/null >nohup.out 2>&1 &
until grep -qs write "/proc/$(cut -d' ' -f1 /proc/$!/task/$!/children)/comm"; do :; done
END
./harass -t -d $((20 * slow)) -l $((20 * slow)) report /bin/sh leave "$program" >out
# shellcheck source=/dev/null
. ./report
[ "$ended" = 0 ] || fail "nohup: the shell ended with $ended"
[ "$left" -eq 0 ] || fail "nohup: $left processes outlived it"
published $case "nohup: $(cat nohup.out)"
echo "$runs runs, $drawn stopped while they drew, $late too late"
finish
