#!/bin/sh
# Holds docs/MEMORY_ORDER.md to the code: it has a row for each step of lib/shm/word.h and no other, and each order that
# test_orders.c takes away is marked there as needed (**function**) in the row of its step, and no other is.
set -eu
cd "$(dirname "$0")/../.."
page=docs/MEMORY_ORDER.md
names=$(mktemp -d)
trap 'rm -rf "$names"' EXIT

sed -n 's/^ *X(\([A-Z_]*\)).*/\1/p' lib/shm/word.h | sort >"$names/steps"
sed -n 's/^| \([A-Z_]*\) |.*/\1/p' "$page" | sort >"$names/rows"
sed -n 's/^ *{{"\([a-z_]*\)", STEP_\([A-Z_]*\)}.*/\2 \1/p' tests/memory/test_orders.c | sort >"$names/needed"
awk '/^\| [A-Z_]+ \|/ {
    step = $2
    while (match($0, /\*\*[a-z_]+\*\*/)) {
        print step, substr($0, RSTART + 2, RLENGTH - 4)
        $0 = substr($0, RSTART + RLENGTH)
    }
}' "$page" | sort >"$names/marked"

if ! [ -s "$names/steps" ] || ! [ -s "$names/needed" ]; then
    echo "found no steps: word.h or test_orders.c has changed its form"
    exit 1
fi
broken=0
diff "$names/steps" "$names/rows" || { echo "^ steps of word.h (<) and rows of $page (>)"; broken=1; }
diff "$names/needed" "$names/marked" || { echo "^ taken away by test_orders.c (<) and marked in $page (>)"; broken=1; }
exit "$broken"
