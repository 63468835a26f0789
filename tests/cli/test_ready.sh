#!/bin/sh
# @NAME stands for a ready pipeline wherever a file does.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

orders=$WEIR_SOURCE/samples/orders.csv
run 0 run -q @count --var "in=$orders"
[ "$(cat out)" = 2000 ] || fail "@count says $(cat out)"
run 0 check @count --var "in=$orders"
says out "pipeline 'count' is correct"
run 0 plan @count --var "in=$orders"
says out "csv.read"
run 0 graph @count
says out "digraph"
run 0 peek @count read --records 1 --var "in=$orders"
says out "customer"
run 0 "test" @count
says out "has no tests"
cp "$WEIR_SOURCE/pipelines/count.yaml" ./@count
run 0 run -q ./@count --var "in=$orders"

# Their names, and what each is for.
for name in @ @no-such @../count @count.yaml; do
    run 64 run "$name"
    says err "no ready pipeline '$name'"
    grep -q '^  @hash-tree *The SHA-256 of every file of a folder' err || fail "$name: @hash-tree is not listed"
    empty out
done
run 64 run @hash-tre
says err "did you mean '@hash-tree'?"
run 64 run @hash-tre --log-format json
[ "$(wc -l <err)" -eq 1 ] || fail "more than one line of JSON"

# Each tells in one line what it is for.
for file in "$(dirname "$program")"/share/weir/pipelines/*.yaml; do
    head -n 1 "$file" | grep -q '^# [A-Z].*\.$' || fail "$file: its first line is no sentence"
done
finish
