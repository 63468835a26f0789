# Read by the tests of what goes wrong, after common.sh: what must hold whenever a run does not succeed.
#
# Pipelines are named $name, by which their workers are found in the process list.
# shellcheck shell=sh

name=bad$$

# A run that hangs must not hang the tests: every run is given 45 seconds. (Of one in the background, $! is its parent.)
# shellcheck disable=SC2034
unguarded=$program
printf '#!/bin/sh\nexec timeout -s KILL 45 "%s" "$@"\n' "$program" >guarded
chmod 755 guarded
# shellcheck disable=SC2154
program=$work/guarded

# What a sanitizer adds to the memory is beyond any limit that is set here.
sanitized() {
    grep -q __asan_init "$unguarded"
}

# Neither a temporary file nor a worker may stay behind.
nothing_stays() {
    find . -name ".*.part" -print -delete >left
    empty left
    pgrep -f "^weir $name " >left
    empty left
}

put_outputs() {
    echo 'as it was' >out.csv
    echo 'as it was too' >bad.csv
}

outputs_are_as_they_were() {
    [ "$(cat out.csv)" = 'as it was' ] || fail "out.csv was changed by: $*"
    [ "$(cat bad.csv)" = 'as it was too' ] || fail "bad.csv was changed by: $*"
}

# refused CODE ARGUMENT...: ends with CODE, with a message, and has changed nothing anywhere.
refused() {
    put_outputs
    run "$@"
    empty out
    [ -s err ] || fail "nothing is said by: $*"
    outputs_are_as_they_were "$@"
    nothing_stays
}

# accepted CODE ARGUMENT...: ends with CODE, having published out.csv.
accepted() {
    put_outputs
    run "$@"
    empty out
    [ "$(cat out.csv)" != 'as it was' ] || fail "out.csv was not published by: $*"
    nothing_stays
}

# figure STAGE KEY: a number of the receipt r.json.
figure() {
    tr -d ' \n' <r.json | sed "s/.*\"id\":\"$1\",//; s/},{.*//; s/.*\"$2\":\\([0-9]*\\).*/\\1/"
}

# counts STAGE IN USED DROPPED REJECTED: as r.json must have them.
counts() {
    found="$1 $(figure "$1" in) $(figure "$1" used) $(figure "$1" dropped) $(figure "$1" rejected)"
    [ "$found" = "$*" ] || fail "the receipt says '$found', not '$*'"
}
