#!/bin/sh
# The stage count: one line with the number of records that reached it, and of no others.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

awk 'BEGIN {
    print "id,note"
    for (i = 1; i <= 60000; i++) {
        if (i % 1000 == 7)
            print i ",one,too many"
        else if (i % 3 == 0)
            printf "%d,\"two\nlines\"\n", i
        else
            print i ",plain"
    }
}' >in.csv
good=$((60000 - 60))

# pipeline_of READ-KEYS READ-OPTIONS [STAGE]
pipeline_of() {
    cat >count.yaml <<END
version: 1
name: counted
run: {max_rejected: 100, slot: 64KiB}
vars: {out: "-"}
stages:
  - {id: read, type: csv.read, on_error: drop, $1 with: {path: in.csv$2}}
${3:-}
  - {id: count, type: count, with: {path: "\${out}"}}
END
}

# counts_to NUMBER PIPELINE-OPTIONS...
counts_to() {
    number=$1
    shift
    run 0 run -q "$@" count.yaml
    [ "$(cat out)" = "$number" ] || fail "counted $(cat out), not $number ($*)"
}

pipeline_of '' ''
for workers in 1 2 4; do
    counts_to "$good" --workers "$workers"
done
run 0 run -q count.yaml --var out=number
empty out
[ "$(cat number)" = "$good" ] || fail "the file says $(cat number)"
"$program" run -q count.yaml | : || fail "a reader that goes away is no failure"

pipeline_of 'order: none,' ''
counts_to "$good" --workers 3
# A limit ends the input early: what has been counted up to there is the number.
pipeline_of '' ', limit: 41234'
for workers in 1 4; do
    counts_to 41234 --workers "$workers"
done
pipeline_of '' '' '  - {id: odd, type: transform, isolate: true, with: {where: "id::integer % 2 = 1"}}'
counts_to $((30000 - 60)) --workers 2
pipeline_of '' '' '  - {id: none, type: transform, with: {where: "id = '"''"'"}}'
counts_to 0

# With on_error: stop there is no number.
sed 's/on_error: drop, //' count.yaml >stop.yaml
run 65 run -q stop.yaml --var out=none
empty out
if [ -e none ] || [ -e .none.part ]; then fail "a run that failed has left a number"; fi
printf 'id\n' >in.csv
run 0 run -q count.yaml
[ "$(cat out)" = 0 ] || fail "an empty file has $(cat out) records"
finish
