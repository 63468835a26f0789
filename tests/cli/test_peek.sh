#!/bin/sh
# pipeline peek: the first records that a stage emits.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

awk 'BEGIN { print "id,n"; for (i = 1; i <= 200000; i++) print i "," (i == 3 ? "x" : i % 5) }' >in.csv
cat >p.yaml <<'END'
version: 1
name: p
vars: {in: in.csv, out: }
stages:
  - {id: read, type: csv.read, with: {path: "${in}"}}
  - id: set
    type: transform
    rejects: {path: bad.csv}
    with: {where: "n::integer > 1", set: {text: "case when id = 2 then 'a, b' end"}}
  - {id: few, type: transform, inputs: set, with: {select: [text]}}
  - {type: csv.write, with: {path: "${out}"}}
END

# What the stages behind it need, like a variable of theirs, is not asked for; nothing is written.
run 0 peek p.yaml read -n 2
printf 'id,n\n1,1\n2,2\n' >expected
same out expected
run 0 peek --records 2 p.yaml set
printf 'id,n,text\n2,2,"a, b"\n4,4,\n' >expected
same out expected
says err "1 record was rejected by 'set'"
run 0 peek p.yaml few
[ "$(wc -l <out)" -eq 11 ] || fail "not ten records: $(cat out)"
set -- *
[ "$*" = "err expected in.csv out p.yaml" ] || fail "files were left behind: $*"

# What ends the run ends it here.
run 66 peek p.yaml set --set read.path=nowhere.csv --var out=x
says err "nowhere.csv"
printf 'id,n\n1\n' >short.csv
run 65 peek p.yaml set --set read.path=short.csv
says err "expected 2 fields, found 1"
rm short.csv

run 64 peek p.yaml st
says err "there is no stage 'st'"
says err "did you mean 'set'?"
run 64 peek p.yaml write
says err "'write' is a sink: it emits nothing"
run 64 peek p.yaml
says err "a STAGE is wanted"
run 64 peek p.yaml read -n 0
says err "--records wants a number from 1 on, not '0'"

# On a terminal the columns stand below each other, and control characters do nothing.
if command -v script >/dev/null; then
    printf 'id,name\n1,L\303\251a\n222,"a\033[1mb"\n3,\n' >in.csv
    LC_ALL=C.UTF-8 script -qec "'$program' peek p.yaml read" /dev/null </dev/null | tr -d '\r' >table
    printf 'id   name\n1    L\303\251a\n222  a?[1mb\n3    NULL\n' >expected
    same table expected
fi
finish
