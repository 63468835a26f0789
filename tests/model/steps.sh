#!/bin/sh
# Holds the names of steps in the model to those of lib/shm/word.h, both ways.
#
# A step of the model that word.h does not have is an error; so is one of word.h that is neither in the model nor listed
# here with its reason. Ends with 1 if there is one.
set -eu
cd "$(dirname "$0")/../.."

# Not modelled: the supervisor's word on the whole run, which only it writes, and its look at who failed. A run that is
# discarded ends whatever the rings say. That these two lists do not overlap is checked too.
supervisor="FAILED_LOAD RUN_LOAD RUN_STORE"

names=$(mktemp -d)
trap 'rm -rf "$names"' EXIT
sed -n 's/^ *X(\([A-Z_]*\)).*/\1/p' lib/shm/word.h | sort -u >"$names/code"
# Names passed on by macros stand as the argument that is a load of DONE or CLOSED.
grep -ho 'STEP([A-Z_]*)\|, [A-Z_]*_LOAD,' tests/model/*.pml | sed 's/STEP(//; s/[), ]//g' |
    sort -u >"$names/model"
echo "$supervisor" | tr ' ' '\n' | sort -u >"$names/supervisor"

broken=0
tell() {
    [ -s "$names/found" ] || return 0
    sed "s/^/$1: /" "$names/found"
    broken=1
}

[ -s "$names/code" ] && [ -s "$names/model" ] || { echo "found no steps: word.h or the model has changed its form"; exit 1; }
comm -13 "$names/code" "$names/model" >"$names/found"
tell "in the model, but not in lib/shm/word.h"
sort -u "$names/model" "$names/supervisor" | comm -23 "$names/code" - >"$names/found"
tell "in lib/shm/word.h, but neither modelled nor the supervisor's"
comm -12 "$names/model" "$names/supervisor" >"$names/found"
tell "modelled, but listed as the supervisor's"
comm -13 "$names/code" "$names/supervisor" >"$names/found"
tell "listed as the supervisor's, but not in lib/shm/word.h"
[ "$broken" -eq 0 ] && echo "$(wc -l <"$names/model") steps are modelled, the supervisor's are: $supervisor"
exit "$broken"
