#!/bin/sh
# The pages in docs/ say what the program says of itself.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# A page for each stage type, made from its option table.
run 0 stages
awk '{print $1}' out >types
[ -s types ] || fail "no stage types"
while read -r type; do
    run 0 stages --markdown "$type"
    if [ -f "$WEIR_SOURCE/docs/stages/$type.md" ]; then
        same out "$WEIR_SOURCE/docs/stages/$type.md"
    else
        fail "no page: pipeline stages --markdown $type >docs/stages/$type.md"
    fi
done <types

# The functions.
run 0 functions --markdown
same out "$WEIR_SOURCE/docs/functions.md"

# pipeline(1) has every command, every option and every exit code.
sed 's/\\-/-/g' "$WEIR_SOURCE/docs/pipeline.1" >page
run 0 help
awk '/^  [a-z]/ {print $1}' out >commands
while read -r command; do
    grep -qx ".B $command" page || fail "pipeline(1) lacks the command $command"
    run 0 help "$command"
    grep -oE -e '--[a-z-]+' out | sort -u >options
    while read -r option; do
        grep -qE "^\.B[IR]*.*$option" page || fail "pipeline(1) lacks $option of $command"
    done <options
done <commands
for code in $(sed -n 's/^ *X([A-Z]*, \([0-9]*\),.*/\1/p' "$WEIR_SOURCE/lib/include/weir/err.h") 0 1; do
    grep -qx ".B $code" page || fail "pipeline(1) lacks exit code $code"
done

# The change log names every stage type.
while read -r type; do
    grep -qF "\`$type\`" "$WEIR_SOURCE/CHANGELOG.md" || fail "CHANGELOG.md lacks $type"
done <types
finish
