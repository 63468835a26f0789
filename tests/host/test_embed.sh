#!/bin/sh
# The program of samples/embed does what it says, and can be interrupted.
#
#     test_embed.sh PROGRAM
set -eu
program=${1:?usage: test_embed.sh PROGRAM}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

"$program" 100000 out.csv >said 2>progress || fail "a run: $(cat progress)"
awk 'BEGIN { print "id,quantity"; for (i = 0; i < 100000; i++) if (i % 10 > 5) print i "," i % 10 }' >expected.csv
cmp out.csv expected.csv || fail "the file that it writes"
grep -q '^taken: 40000 orders of 300000 pieces$' said || fail "what is given back: $(cat said)"
grep -q '^published: all that came of 100000 orders$' said || fail "durable is not told"

# So many that it is interrupted in the middle; as soon as it has shown something it has begun.
"$program" 9000000000 never.csv >said 2>shown &
pid=$!
until [ -s shown ]; do sleep 0.05; done
kill -INT "$pid"
code=0
wait "$pid" || code=$?
[ "$code" = 75 ] || fail "an interrupted run ends with $code"
grep -q 'error: cancelled' shown || fail "of an interrupted run is said: $(cat shown)"
[ ! -e never.csv ] || fail "an interrupted run has published"
