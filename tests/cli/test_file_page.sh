#!/bin/sh
# pipeline(5) has every key of a pipeline file, and troff finds nothing wrong with it.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

sed 's/\\-/-/g' "$WEIR_SOURCE/docs/pipeline.5" >page
sed -n '/^const char \*const weir__/,/NULL}/p' "$WEIR_SOURCE/lib/config/keys.c" | grep -oE '"[a-z_]+"' >keys
sed -n 's/^ *{\("[a-z_]*"\), WEIR_OPT.*/\1/p' "$WEIR_SOURCE/lib/config/run.c" >>keys
[ "$(wc -l <keys)" -ge 27 ] || fail "only $(wc -l <keys) keys were found in lib/config"
tr -d '"' <keys >words
while read -r key; do
    grep -qE "^\.BR? (.* )?$key( .*)?\$" page || fail "pipeline(5) lacks $key"
done <words

if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww -z "$WEIR_SOURCE/docs/pipeline.5" 2>warnings
    [ -s warnings ] && fail "$(cat warnings)"
fi
finish
