#!/bin/sh
# Holds the names of steps in the model to those of lib/shm/word.h, both ways.
#
# A step of the model that word.h does not have is an error; so is one of word.h that is neither in the model nor the
# supervisor's. Comments do not count. Ends with 1 if there is one.
set -eu
cd "$(dirname "$0")/../.."

# Not modelled: how the supervisor writes its word on the whole run, and its look at who failed. A run that is discarded
# ends whatever the rings say. Nor are the channels of lib/host: each of their words has one writer, and unit/test_channel
# kills either side at its instructions.
supervisor="FAILED_LOAD RUN_STORE CHANNEL_LOAD CHANNEL_STORE CHANNEL_FENCE"

names=$(mktemp -d)
trap 'rm -rf "$names"' EXIT
sed -n 's/^ *X(\([A-Z_]*\)).*/\1/p' lib/shm/word.h | sort -u >"$names/code"
# In the model a step is STEP(NAME), FENCE(NAME) or, where a macro makes it, the NAME among that one's arguments.
sed 's|/\*.*\*/||' tests/model/*.pml | grep -o 'STEP([A-Z]*_[A-Z_]*)\|FENCE([A-Z]*_[A-Z_]*)\|all_of(.*)' |
    grep -o '[A-Z]*_[A-Z]*[),]' | tr -d '),' | sort -u >"$names/model"
echo "$supervisor" | tr ' ' '\n' | sort -u >"$names/supervisor"

broken=0
# found TEXT: complains about the names in the file `found`.
found() {
    [ -s "$names/found" ] || return 0
    sed "s|^|$1: |" "$names/found"
    broken=1
}

for list in code model; do
    [ -s "$names/$list" ] && continue
    echo "no steps found: word.h or the model has changed its form"
    exit 1
done
comm -13 "$names/code" "$names/model" >"$names/found"
found "in the model, but not in lib/shm/word.h"
sort -u "$names/model" "$names/supervisor" | comm -23 "$names/code" - >"$names/found"
found "in lib/shm/word.h, but neither modelled nor the supervisor's"
comm -12 "$names/model" "$names/supervisor" >"$names/found"
found "modelled, but listed as the supervisor's"
comm -13 "$names/code" "$names/supervisor" >"$names/found"
found "listed as the supervisor's, but not in lib/shm/word.h"
[ "$broken" -eq 1 ] || echo "$(wc -l <"$names/model") steps are modelled; the supervisor's are: $supervisor"
exit "$broken"
