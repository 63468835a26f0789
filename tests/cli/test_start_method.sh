#!/bin/sh
# However workers are started, what comes out is the same: of files and of pipes, with rejects.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

awk 'BEGIN { print "id,n"; for (i = 1; i <= 50000; i++) print i "," (i % 1000 == 0 ? "none" : i % 7) }' >in.csv
awk -F, 'NR == 1 || $2 > 3 && $2 != "none"' in.csv >expected.csv
cat >some.yaml <<'END'
version: 1
name: some
run: {max_rejected: 50}
vars: {in: in.csv, out: out.csv}
stages:
  - {id: read, type: csv.read, with: {path: "${in}"}}
  - id: where
    type: transform
    on_error: reject
    rejects: {path: rejects.csv}
    with: {where: "n::integer > 3"}
  - {id: write, type: csv.write, with: {path: "${out}"}}
END

for method in fork spawn forkserver; do
    rm -f out.csv rejects.csv
    run 0 run --start-method $method some.yaml
    same out.csv expected.csv
    [ "$(grep -c none rejects.csv)" = 50 ] || fail "$method: $(wc -l <rejects.csv) rejects"
    rm -f rejects.csv
    code=0
    "$program" run -q --start-method $method some.yaml --var in=- --var out=- <in.csv >out 2>err || code=$?
    [ $code = 0 ] || fail "$method, by pipes: exit $code: $(cat err)"
    same out expected.csv
done

run 64 run --start-method thread some.yaml
says err "--start-method wants fork, spawn or forkserver, not 'thread'"
run 64 --weir-child
finish
