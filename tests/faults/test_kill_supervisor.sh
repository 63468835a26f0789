#!/bin/sh
# The supervisor is killed at random times: no process and no shared memory remain, outputs are as they were or complete,
# and the next run goes well and leaves nothing behind of the one before.
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

make_data 12
make_cases
midway=0 whole=0

# killed CASE WHAT HARASS-OPTIONS...: a run whose supervisor is killed, over the outputs of an earlier run.
killed() {
    case=$1 what=$2
    shift 2
    old_outputs "$case"
    strike "$@" -- -q "$case.yaml" </dev/null
    here="$case, $what (run $runs)"
    nothing_left "$here" orphans
    case $ended in
    SIGKILL) ;;
    hang) fail "$here: hangs" ;;
    *) whole=$((whole + 1)) ;; # it was faster
    esac
    midway=$((midway + $(find made -name '.*.part' | wc -l)))
    for name in made/*; do
        cmp -s "$name" "old/${name##*/}" || cmp -s "$name" "expected/$case/${name##*/}" ||
            fail "$here: $name is neither old nor complete"
    done
    find made -type f ! -name '.*.part' | sed 's,.*/,,' | sort >names
    (cd "expected/$case" && find . -type f | sed 's,.*/,,' | sort) | cmp -s - names ||
        fail "$here: other files than expected: $(cat names)"
    again "$here"
}

# again WHAT: the next run, where the one before was killed.
again() {
    strike -- -q "$case.yaml" </dev/null
    [ "$ended" = "$(cat "expected/$case.ended")" ] || fail "$1: the next run ended with $ended: $(cat err)"
    published "$case" "$1: the next run"
}

for case in fused isolated rejects lines limited; do
    expect "$case" || continue
    elapsed=$(cat "expected/$case.elapsed")
    for round in $(seq $((5 / slow + 1))); do
        killed "$case" "killed" -e KILL -a "$elapsed"
        killed "$case" "killed with one worker stopped" -e KILL -a "$elapsed" -f 1
        killed "$case" "its group killed" -e KILL -g -a "$elapsed"
        killed "$case" "killed while workers die" -e KILL -a "$elapsed" -b KILL -n 50 -i 2000
    done
    killed "$case" "killed as soon as it has workers, some stopped" -e KILL -f 4
done
# A run that ends before the blow proves nothing; most must not.
[ "$midway" -gt 0 ] || fail "no run was killed while it wrote"
[ "$whole" -lt $((runs / 3)) ] || fail "$whole of $runs runs ended before they were killed"

# The shell that started a run is killed: the run goes on, and ends well.
case=isolated
if [ -d "expected/$case" ]; then
    for round in 1 2 3; do
        rm -rf made shell_report
        mkdir made
        # shellcheck disable=SC2016
        ./harass -w -e KILL -l $((20 * slow)) shell_report /bin/sh -c '"$0" run -q isolated.yaml & wait' "$program" </dev/null
        # shellcheck source=/dev/null
        . ./shell_report
        [ "$ended" = SIGKILL ] || fail "the shell, killed: ended with $ended"
        [ "$left" -eq 0 ] || fail "the shell, killed: $left processes left"
        published "$case" "its shell was killed in round $round"
    done
fi
echo "$runs runs, $midway temporary files left behind and replaced"
finish
