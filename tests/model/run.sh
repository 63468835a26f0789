#!/bin/sh
# Searches the model of the protocol, and sees to it that each mutant of the protocol is found out.
#
#     sh tests/model/run.sh [--soak] [--only NAME] [--trail NAME]
#
#     --soak    the large worlds too: up to 12 GB of memory and an hour
#     --only    one world or mutant, by its name in the tables below
#     --trail   searches one for its shortest counterexample and tells it, step by step
#
# A world is searched completely or it fails. Ends with 1 if a world has an error or a mutant has none; with 77, saying
# so, where spin is not installed. JOBS (2) searches run at a time.
set -u
here=$(cd "$(dirname "$0")" && pwd)
jobs=${JOBS:-2}
soak=0
only=
trail=0

usage() {
    echo "usage: sh tests/model/run.sh [--soak] [--only NAME] [--trail NAME]" >&2
    exit 64
}

while [ $# -gt 0 ]; do
    case $1 in
    --soak) soak=1 ;;
    --only | --trail)
        [ $# -ge 2 ] || usage
        [ "$1" = --trail ] && trail=1
        only=$2
        shift
        ;;
    *) usage ;;
    esac
    shift
done

for tool in spin gcc; do
    if ! command -v $tool >/dev/null; then
        echo "skipped: $tool is not installed; the model is not searched"
        exit 77
    fi
done

work=$(mktemp -d) || exit 71
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# name | expected: holds, fails, or soak (holds, and is large) | file | the world
chain="-DGROUPS=3 -DS1=2"                        # source - 2 workers - sink
sinks="-DGROUPS=2 -DS1=2 -DS2=0 -DPARKING=1"     # source - 2 sinks
line="-DGROUPS=3 -DS1=1"                         # source - worker - sink
tables() {
    worlds
    mutants
}

worlds() {
    cat <<END
chain                 | holds | protocol | $chain -DN=2
chain-1-death         | holds | protocol | $chain -DN=2 -DDEATHS=1
END
}

mutants() {
    cat <<END
no-cas                | fails | protocol | $chain -DN=2 -DM_NO_CAS
lap-not-compared      | fails | protocol | $chain -DN=2 -DDEATHS=1 -DM_LAP_NOT_COMPARED
release-first         | fails | protocol | $chain -DN=2 -DDEATHS=1 -DM_RELEASE_FIRST
no-help               | fails | protocol | $chain -DN=2 -DDEATHS=1 -DM_NO_HELP
no-redo               | fails | protocol | $chain -DN=2 -DDEATHS=1 -DM_NO_REDO
closed-first          | fails | protocol | $chain -DN=2 -DM_CLOSED_FIRST
rings-first           | fails | protocol | $sinks -DN=1 -DM_RINGS_FIRST
one-copy              | fails | protocol | $chain -DN=2 -DDEATHS=1 -DM_ONE_COPY
claim-first           | fails | protocol | $chain -DN=2 -DM_CLAIM_FIRST
no-second-look        | fails | protocol | $sinks -DN=1 -DM_NO_SECOND_LOOK
bit-first             | fails | protocol | $sinks -DN=1 -DM_BIT_FIRST
no-bump               | fails | protocol | $sinks -DN=1 -DM_NO_BUMP
no-recovery-wake      | fails | protocol | $sinks -DN=1 -DDEATHS=1 -DM_NO_RECOVERY_WAKE
recovery-wakes-bits   | fails | protocol | $sinks -DN=1 -DDEATHS=1 -DM_WAKE_BY_BITS
recovery-not-own      | fails | protocol | $sinks -DN=1 -DDEATHS=1 -DM_WAKE_NOT_OWN
part-bit              | fails | protocol | $sinks -DN=1 -DPARTS=2 -DM_PART_BIT
part-wakes-one        | fails | protocol | $sinks -DN=1 -DPARTS=2 -DM_PART_WAKES_ONE
no-sibling            | fails | protocol | $sinks -DK=2 -DN=2 -DM_NO_SIBLING
no-end-wake           | fails | protocol | $sinks -DN=1 -DM_NO_END_WAKE
END
}

# search NAME EXPECTED FILE FLAGS: one line of outcome, and a file NAME.bad if it is not the expected one.
search() {
    name=$1 expected=$2 file=$3 flags=$4
    dir=$work/$name
    mkdir -p "$dir" && cd "$dir" || exit 71
    cp "$here/$file.pml" . || exit 71
    # Words of $flags are options.
    # shellcheck disable=SC2086
    if ! spin -a $flags "$file.pml" >spin.log 2>&1 ||
        ! gcc -O2 -w -DSAFETY -DCOLLAPSE -DMEMLIM=12000 -o pan pan.c; then
        echo "BROKEN  $name"
        tail -n 5 spin.log
        touch "$work/bad"
        return
    fi
    began=$(date +%s)
    ./pan -m1000000 -w24 >out 2>&1
    took=$(($(date +%s) - began))
    states=$(awk '/states, stored/ { print $1; exit }' out)
    if grep -q 'errors: 0' out && ! grep -q 'Search not completed\|max search depth too small' out; then
        outcome=holds
    elif grep -q 'errors: [1-9]' out; then
        outcome=fails
    else
        outcome=unfinished
    fi
    case $expected-$outcome in
    holds-holds | soak-holds) word="ok     " note="no error in all" ;;
    fails-fails) word="ok     " note="found out, as it must be, after" ;;
    holds-fails | soak-fails) word="FAILED " note="an error: $(grep -m1 '^pan:1' out) after" ;;
    fails-holds) word="FAILED " note="not found out in" ;;
    *) word="FAILED " note="not searched to the end, after" ;;
    esac
    printf '%s %-22s %s %s states, %s s\n' "$word" "$name" "$note" "$states" "$took"
    [ "$word" = "ok     " ] || touch "$work/bad"
}

# Tells the shortest counterexample that breadth-first search finds.
tell() {
    name=$1 file=$2 flags=$3
    cd "$work" && cp "$here/$file.pml" . || exit 71
    # shellcheck disable=SC2086
    spin -a $flags "$file.pml" && gcc -O2 -w -DBFS -DSAFETY -DCOLLAPSE -o pan pan.c && ./pan -w24 >out
    grep '^pan:\|errors:' out
    # shellcheck disable=SC2086
    [ -f "$file.pml.trail" ] && spin -t $flags "$file.pml" | grep -v '^\t\t' | sed 's/  *$//'
}

tables | sed 's/ *| */|/g' >"$work/list"
if [ "$trail" -eq 1 ]; then
    line=$(grep "^$only|" "$work/list") || usage
    IFS='|' read -r name expected file flags <<END
$line
END
    tell "$name" "$file" "$flags"
    exit 0
fi

while IFS='|' read -r name expected file flags; do
    [ -z "$only" ] || [ "$only" = "$name" ] || continue
    [ "$expected" != soak ] || [ "$soak" -eq 1 ] || [ "$only" = "$name" ] || continue
    while [ "$(find "$work" -name '*.running' | wc -l)" -ge "$jobs" ]; do sleep 0.1; done
    touch "$work/$name.running"
    (
        search "$name" "$expected" "$file" "$flags"
        rm -f "$work/$name.running"
        rm -rf "${work:?}/$name"
    ) &
done <"$work/list"
wait
if [ -f "$work/bad" ]; then
    echo "the model: FAILED"
    exit 1
fi
echo "the model: all is well"
