#!/bin/sh
# Searches the model of the protocol, and sees to it that each mutant of the protocol is found out.
#
#     sh tests/model/run.sh [--soak] [--only NAME] [--trail NAME]
#
#     --soak    the large worlds too: up to 5 GB of memory each, and a quarter of an hour
#     --only    one world or mutant, by its name in the tables below
#     --trail   searches one for its shortest counterexample and tells it, step by step
#
# A world is searched completely or it fails. The world of a mutant is searched without the mutant as well. Ends with 1
# if a world has an error or a mutant has none, or if its steps are not those of the code (steps.sh); with 77, saying so,
# where spin is not installed. JOBS (2) searches run at a time.
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

# name | expected | file | the world. Expected is one of
#   holds   no error
#   fails   an error; without its M_... the same world holds, which is seen to
#   alone   an error; the same world without M_... is too large to be searched to its end
# and with soak- before it, only with --soak.
chain="-DGROUPS=3 -DS1=2"                             # source - 2 workers - sink
line="-DGROUPS=3 -DS1=1"                              # source - worker - sink
sinks="-DGROUPS=2 -DS1=2 -DS2=0"                      # source - 2 sinks
pair="-DGROUPS=2 -DS1=1 -DS2=0"                       # source - sink
feeds="-DGROUPS=3 -DS1=1 -DMERGE"                     # 2 sources - one sink that reads both
layers="-DGROUPS=4 -DS3=1"                            # source - workers - workers - sink
withdrawn="$layers -DS1=1 -DS2=1 -DN=1 -DSPLIT -DENOUGH=0 -DFAILING=0 -DFAILING_PART=0"
abandoned="$line -DN=1 -DPARTS=2 -DREJECTS -DENOUGH=0 -DFAILING=0 -DFAILING_PART=1"
slow="-DPARKING=1 -DSLOW"

# The world of a mutant without it is searched once, whoever else has it.
tables() {
    {
        worlds
        mutants
        mutants | sed -n 's/^\([a-z-]*\) *| fails |\(.*\) -DM_[A-Z_]*$/without-\1 | holds |\2/p'
    } | awk -F '|' '$2 !~ /^ holds/ || !seen[$3 $4]++'
}

worlds() {
    cat <<END
chain                 | holds | protocol | $chain -DN=2
chain-1-death         | holds | protocol | $chain -DN=2 -DDEATHS=1
line-2-deaths         | holds | protocol | $line -DN=1 -DDEATHS=2
chain-k2              | soak-holds | protocol | $chain -DN=2 -DK=2
two-to-two            | holds | protocol | $sinks -DS0=2 -DN=2
two-to-two-1-death    | soak-holds | protocol | $sinks -DS0=2 -DN=2 -DDEATHS=1
parts                 | holds | protocol | $chain -DN=2 -DPARTS=2
parts-1-death         | holds | protocol | $chain -DN=1 -DPARTS=2 -DDEATHS=1
split                 | holds | protocol | $chain -DN=2 -DSPLIT
enough                | holds | protocol | $chain -DN=2 -DENOUGH=0
enough-1-death        | holds | protocol | $line -DN=2 -DENOUGH=0 -DDEATHS=1
rejects-1-death       | holds | protocol | $line -DN=1 -DREJECTS -DSPLIT -DDEATHS=1
rejects-enough        | soak-holds | protocol | $chain -DN=1 -DREJECTS -DSPLIT -DENOUGH=0
withdrawn-1-death     | holds | protocol | $withdrawn -DDEATHS=1
feeds-1-death         | holds | protocol | $feeds -DN=2 -DDEATHS=1
layers-2-1            | holds | protocol | $layers -DS1=2 -DS2=1 -DN=1
layers-1-2            | holds | protocol | $layers -DS1=1 -DS2=2 -DN=1
parking               | holds | protocol | $sinks -DN=2 -DPARKING=1
parking-line          | holds | protocol | $line -DN=2 -DPARKING=1
parking-enough        | holds | protocol | $line -DN=2 -DENOUGH=0 -DPARKING=1
parking-feeds         | holds | protocol | $feeds -DN=1 -DPARKING=1
parking-2-deaths      | holds | protocol | $pair -DN=2 -DDEATHS=2 -DPARKING=1
area                  | holds | area | -DK=2 -DN=4 -DDEATHS=2
quarantine-two        | holds | quarantine | -DPOISON=10 -DDEATHS=3
splits                | holds | splits | -DS=5 -DK=2
splits-1-death        | holds | splits | -DS=3 -DK=2 -DDEATHS=1
splits-2-deaths       | holds | splits | -DS=2 -DDEATHS=2
splits-drain          | holds | splits | -DS=3 -DDRAIN
splits-drain-1-death  | holds | splits | -DS=2 -DDRAIN -DDEATHS=1
splits-done-1-death   | holds | splits | -DS=3 -DUNWANTED -DDEATHS=1
splits-slow           | holds | splits | -DS=3 -DK=2 -DSLOW
broadcast-2-deaths    | holds | graph | -DBROADCAST -DN=2 -DDEATHS=2
broadcast-parking     | holds | graph | -DBROADCAST -DPARKING
broadcast-enough      | holds | graph | -DBROADCAST -DN=2 -DS1=2 -DPARTS=2 -DENOUGH=0
broadcast-enough-dies | holds | graph | -DBROADCAST -DN=2 -DENOUGH=0 -DDEATHS=1
fork-1-death          | holds | graph | -DFORK -DPARTS=2 -DDEATHS=1
fork-enough-1-death   | holds | graph | -DFORK -DN=2 -DENOUGH=0 -DDEATHS=1
merge-2-deaths        | holds | graph | -DMERGE -DDEATHS=2
diamond               | holds | graph | -DDIAMOND -DSPLIT
diamond-1-death       | soak-holds | graph | -DDIAMOND -DN=0 -DDEATHS=1
diamond-enough        | holds | graph | -DDIAMOND -DSPLIT -DENOUGH=0
diamond-sink-enough   | holds | graph | -DDIAMOND -DPARTS=2 -DENOUGH=0 -DLIMIT=3
fences                | holds | fence | -DN=3
chain-2-deaths        | soak-holds | protocol | $chain -DN=1 -DDEATHS=2
chain-3-k2            | soak-holds | protocol | $chain -DN=3 -DK=2
split-1-death         | soak-holds | protocol | $chain -DN=2 -DSPLIT -DDEATHS=1
chain-enough-1-death  | soak-holds | protocol | $chain -DN=2 -DENOUGH=0 -DDEATHS=1
chain-rejects         | soak-holds | protocol | $chain -DN=1 -DREJECTS
layers-1-2-1-death    | soak-holds | protocol | $layers -DS1=1 -DS2=2 -DN=1 -DDEATHS=1
parking-sinks-1-death | soak-holds | protocol | $sinks -DN=1 -DDEATHS=1 -DPARKING=1
parking-sinks-2-death | soak-holds | protocol | $sinks -DN=1 -DDEATHS=2 -DPARKING=1
parking-parts-1-death | soak-holds | protocol | $sinks -DN=1 -DPARTS=2 -DDEATHS=1 -DPARKING=1
parking-rejects       | soak-holds | protocol | $line -DN=1 -DREJECTS -DPARKING=1
splits-3-seats        | soak-holds | splits | -DSEATS=3 -DS=3 -DK=2
drain-1-death-k2      | soak-holds | splits | -DS=3 -DK=2 -DDRAIN -DDEATHS=1
parking-feeds-1-death | soak-holds | protocol | $feeds -DN=1 -DDEATHS=1 -DPARKING=1
broadcast-seats-die   | soak-holds | graph | -DBROADCAST -DS1=2 -DPARTS=2 -DDEATHS=1
parking-readers-die   | soak-holds | graph | -DBROADCAST -DN=0 -DPARKING -DDEATHS=1
broadcast-k2-parking  | soak-holds | graph | -DBROADCAST -DN=2 -DK=2 -DPARKING
broadcast-limits-die  | soak-holds | graph | -DBROADCAST -DN=2 -DS1=2 -DPARTS=2 -DENOUGH=0 -DDEATHS=1
fork-2-deaths         | soak-holds | graph | -DFORK -DN=2 -DPARTS=2 -DDEATHS=2
fork-parking          | soak-holds | graph | -DFORK -DPARTS=2 -DPARKING
merge-k2-1-death      | soak-holds | graph | -DMERGE -DN=2 -DK=2 -DDEATHS=1
merge-parking-dies    | soak-holds | graph | -DMERGE -DPARKING -DDEATHS=1
diamond-2-deaths      | soak-holds | graph | -DDIAMOND -DSPLIT -DDEATHS=2
diamond-parts-1-death | soak-holds | graph | -DDIAMOND -DSPLIT -DDEATHS=1
diamond-two-seats     | soak-holds | graph | -DDIAMOND -DN=0 -DS1=2
diamond-limit-dies    | soak-holds | graph | -DDIAMOND -DENOUGH=0 -DLIMIT=3 -DDEATHS=1
END
}

mutants() {
    cat <<END
no-cas                | fails | protocol | $sinks -DN=1 -DM_NO_CAS
lap-not-compared      | fails | protocol | $sinks -DN=2 -DM_LAP_NOT_COMPARED
claim-before-number   | fails | protocol | $sinks -DN=2 -DM_CLAIM_FIRST
release-before-next   | fails | protocol | $sinks -DN=2 -DM_RELEASE_FIRST
successor-helps-not   | fails | protocol | $sinks -DN=1 -DDEATHS=1 -DM_NO_HELP
no-redo               | fails | protocol | $line -DN=1 -DDEATHS=1 -DM_NO_REDO
one-copy              | fails | protocol | $line -DN=1 -DDEATHS=1 -DM_ONE_COPY
recovery-of-living    | fails | protocol | $line -DN=1 -DDEATHS=1 -DM_LIVING
closed-before-tail    | fails | protocol | $line -DN=1 -DM_CLOSED_FIRST
rings-before-closed   | fails | protocol | $sinks -DN=1 -DM_RINGS_FIRST
enough-forgotten      | fails | protocol | $pair -DN=2 -DENOUGH=0 -DM_ENOUGH_FORGOTTEN
number-left-open      | fails | protocol | $line -DN=1 -DPARTS=2 -DREJECTS -DENOUGH=0 -DM_NUMBER_OPEN
part-waits-on         | fails | protocol | $withdrawn -DM_PART_WAITS_ON
abandons-but-expects  | fails | protocol | $abandoned -DM_ABANDON_EXPECTS
no-second-look        | fails | protocol | $pair -DN=1 -DPARKING=1 -DM_NO_SECOND_LOOK
bit-before-event      | fails | protocol | $pair -DN=2 -DPARKING=1 -DM_BIT_FIRST
no-bump               | fails | protocol | $pair -DN=1 -DPARKING=1 -DM_NO_BUMP
no-end-wake           | fails | protocol | $sinks -DN=1 -DPARKING=1 -DM_NO_END_WAKE
part-wakes-one        | fails | protocol | $sinks -DN=1 -DPARTS=2 -DPARKING=1 -DM_PART_WAKES_ONE
no-recovery-wake      | fails | protocol | $pair -DN=1 -DDEATHS=1 -DPARKING=1 -DM_NO_RECOVERY_WAKE
recovery-wakes-bits   | fails | protocol | $pair -DN=1 -DDEATHS=1 -DPARKING=1 -DM_WAKE_BY_BITS
no-sibling-wake       | soak-alone | protocol | $sinks -DK=2 -DN=2 $slow -DM_NO_SIBLING
bit-for-a-part        | alone | protocol | $sinks -DS0=2 -DN=2 -DPARTS=2 -DONE_LONG -DLATE $slow -DM_PART_BIT
recovery-not-own      | soak-alone | protocol | $sinks -DK=2 -DN=2 -DDEATHS=1 $slow -DM_WAKE_NOT_OWN
bits-of-the-dead      | soak-alone | protocol | $sinks -DK=2 -DN=2 -DDEATHS=1 $slow -DM_STALE_BITS
area-exact-lap        | fails | area | -DK=1 -DM_EXACT_LAP
area-forgotten        | fails | area | -DK=2 -DDEATHS=1 -DM_AREA_FORGOTTEN
laps-of-splits        | fails | splits | -DS=2 -DM_LAP_NOT_COMPARED
split-helps-not       | fails | splits | -DS=1 -DDEATHS=1 -DM_NO_HELP
split-no-redo         | fails | splits | -DS=1 -DDEATHS=1 -DM_NO_REDO
handed-once           | fails | splits | -DS=2 -DDEATHS=1 -DM_HANDED_ONCE
handed-without-lap    | fails | splits | -DS=6 -DK=2 -DM_HANDED_NO_LAP
handed-unseen         | fails | splits | -DS=3 -DK=2 -DM_LOOK_BEFORE_STORE
handed-silently       | fails | splits | -DS=3 -DK=2 -DM_HANDS_SILENTLY
split-no-second-look  | fails | splits | -DS=2 -DK=2 -DM_NO_SECOND_LOOK
split-recovery-silent | fails | splits | -DS=3 -DK=2 -DDEATHS=1 -DM_NO_RECOVERY_WAKE
split-wakes-none      | fails | splits | -DS=3 -DK=2 -DSLOW -DM_WAKES_NONE
unread-though-handed  | fails | splits | -DS=2 -DK=2 -DDRAIN -DDEATHS=1 -DM_UNREAD_THOUGH_HANDED
unread-by-seat        | fails | splits | -DS=2 -DDRAIN -DM_UNREAD_BY_SEAT
end-is-next-plus-seat | fails | splits | -DS=2 -DDRAIN -DM_NEXT_PLUS_SEAT
first-claim-only      | fails | graph | -DBROADCAST -DM_FIRST_CLAIM
graph-laps            | fails | graph | -DBROADCAST -DDEATHS=1 -DM_LAP_NOT_COMPARED
done-still-counts     | fails | graph | -DBROADCAST -DN=2 -DENOUGH=0 -DM_DONE_COUNTS
one-reader-is-done    | fails | graph | -DBROADCAST -DN=2 -DENOUGH=0 -DM_FIRST_READER_DONE
one-seat-is-done      | fails | graph | -DBROADCAST -DN=2 -DS1=2 -DPARTS=2 -DENOUGH=0 -DM_ONE_SEAT_DONE
wakes-first-reader    | fails | graph | -DBROADCAST -DPARKING -DM_WAKES_FIRST_READER
part-released-first   | fails | graph | -DMERGE -DDEATHS=1 -DM_RELEASE_FIRST
part-helped-not       | fails | graph | -DMERGE -DDEATHS=1 -DM_NO_HELP
second-edge-forgotten | fails | graph | -DMERGE -DDEATHS=1 -DM_FORGETS_SECOND_EDGE
next-counts-numbers   | fails | graph | -DMERGE -DPARTS=2 -DM_COUNTS_NUMBERS
first-feed-closed     | fails | graph | -DMERGE -DPARTS=2 -DM_FIRST_FEED_CLOSED
waits-for-parts       | fails | graph | -DFORK -DN=2 -DPARTS=2 -DM_WAITS_FOR_PARTS
waits-at-an-edge      | fails | graph | -DFORK -DPARTS=3 -DM_STAYS_AT_EDGE
around-first-reader   | soak-fails | graph | -DBROADCAST -DN=0 -DPARKING -DDEATHS=1 -DM_AROUND_FIRST_READER
no-park-fence         | fails | fence | -DN=2 -DM_NO_PARK_FENCE
no-wake-fence         | fails | fence | -DN=2 -DM_NO_WAKE_FENCE
kills-count           | fails | quarantine | -DPOISON=2 -DM_KILLS_COUNT
blamed-when-idle      | fails | quarantine | -DPOISON=2 -DM_RUNNING_STAYS
not-careful           | fails | quarantine | -DPOISON=2 -DM_NOT_CAREFUL
no-checkpoint         | fails | quarantine | -DPOISON=6 -DM_NO_CHECKPOINT
not-passed-over       | fails | quarantine | -DPOISON=2 -DM_NOT_PASSED_OVER
begins-anew           | fails | quarantine | -DPOISON=2 -DM_BEGINS_ANEW
doomed-again          | fails | quarantine | -DPOISON=2 -DM_DOOMED_AGAIN
END
}

# search NAME EXPECTED FILE FLAGS: one line of outcome, and a file NAME.bad if it is not the expected one.
search() {
    name=$1 expected=$2 file=$3 flags=$4
    dir=$work/$name
    mkdir -p "$dir" && cd "$dir" || exit 71
    cp "$here/$file.pml" . || exit 71
    # To optimize takes the compiler longer than most searches.
    case $expected-$name in soak* | holds-*-1-death) optimize=-O1 ;; *) optimize=-O0 ;; esac
    # Words of $flags are options.
    # shellcheck disable=SC2086
    if ! spin -a $flags "$file.pml" >spin.log 2>&1 ||
        ! gcc $optimize -w -DSAFETY -DCOLLAPSE -DMEMLIM=6000 -o pan pan.c; then
        echo "BROKEN  $name"
        tail -n 5 spin.log
        touch "$work/bad"
        return
    fi
    began=$(date +%s)
    timeout 900 ./pan -m1000000 -w22 >out 2>&1
    took=$(($(date +%s) - began))
    states=$(awk '/states, stored/ { print $1; exit }' out)
    if grep -q 'errors: 0' out && ! grep -q 'Search not completed\|max search depth too small' out; then
        outcome=holds
    elif grep -q 'errors: [1-9]' out; then
        outcome=fails
    else
        outcome=unfinished
    fi
    memory=$(awk '/total actual memory/ { printf "%d", $1 }' out)
    case ${expected#soak-}-$outcome in
    holds-holds) word="ok     " note="no error in all" ;;
    fails-fails | alone-fails) word="ok     " note="found out, as it must be, after" ;;
    holds-fails) word="FAILED " note="an error: $(grep -m1 '^pan:1' out | cut -c1-80) after" ;;
    fails-holds | alone-holds) word="FAILED " note="not found out in" ;;
    *) word="FAILED " note="not searched to the end, after" ;;
    esac
    printf '%s %-29s %s %s states, %s s, %s MB\n' "$word" "$name" "$note" "$states" "$took" "$memory"
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

if [ -z "$only" ]; then
    sh "$here/steps.sh" || touch "$work/bad"
fi
tables | sed 's/ *| */|/g' >"$work/list"
if [ "$trail" -eq 1 ]; then
    line=$(grep "^$only|" "$work/list") || usage
    IFS='|' read -r name expected file flags <<END
$line
END
    tell "$name" "$file" "$flags"
    exit 0
fi

if [ -n "$only" ]; then
    line=$(grep "^$only|" "$work/list") || usage
    IFS='|' read -r name expected file flags <<END
$line
END
    search "$name" "$expected" "$file" "$flags"
    [ ! -f "$work/bad" ]
    exit
fi

if [ "$soak" -eq 1 ]; then now=.; else now='^[^|]*|[^s]'; fi
grep "$now" "$work/list" | cut -d '|' -f 1 | xargs -P "$jobs" -I NAME sh "$here/run.sh" --only NAME || touch "$work/bad"
if [ -f "$work/bad" ]; then
    echo "the model: FAILED"
    exit 1
fi
echo "the model: all is well"
