#!/bin/sh
# The stages head, tail, sample, peek and sort in a run: the same records for any number of workers.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

awk 'BEGIN { print "n,t"; for (i = 1; i <= 60000; i++) print i ",text\t" i }' >in.csv

# picked STAGE: runs it with 1, 3 and 8 workers, which must give the same; out has it.
picked() {
    cat >pick.yaml <<END
version: 1
name: pick
run: {slot: 64KiB}
stages:
  - {id: read, type: csv.read, with: {path: in.csv}}
  - {id: pick, type: $1}
  - {id: write, type: csv.write, with: {path: "-"}}
END
    for workers in 3 8 1; do
        run 0 run -q --workers $workers pick.yaml
        [ $workers = 3 ] || same out first
        cp out first
    done
}

picked 'head, with: {count: 7000}'
head -n 7001 in.csv >expected
same out expected
picked 'tail, with: {count: 7000}'
{
    echo n,t
    tail -n 7000 in.csv
} >expected
same out expected
picked 'sample, with: {share: 5%, seed: 3}'
lines=$(wc -l <out)
if [ "$lines" -lt 2700 ] || [ "$lines" -gt 3300 ]; then fail "a sample of 5 % has $lines lines"; fi
picked 'peek, with: {count: 2}'
same out in.csv
says err "n: '1', t: 'text 1'"
says err "n: '2', t: 'text 2'"
says_not err "n: '3'"

# What is sorted has an order, even where what came before had none.
cat >sort.yaml <<'END'
version: 1
name: sort
run: {slot: 64KiB}
stages:
  - {id: read, type: csv.read, order: none, with: {path: in.csv}}
  - {id: sort, type: sort, with: {by: ["n::integer desc"]}}
  - {id: write, type: csv.write, with: {path: "-"}}
END
{
    echo n,t
    tail -n +2 in.csv | tac
} >expected
for workers in 1 4; do
    run 0 run -q --workers $workers sort.yaml
    same out expected
done
finish
