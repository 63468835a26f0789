#!/bin/sh
# invalid_utf8 of csv.read in a run: the same outputs and rejects with any number of workers.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

LC_ALL=C awk 'BEGIN {
    print "id,name"
    for (i = 1; i <= 60000; i++)
        printf "%d,%s\n", i, i % 1000 ? "n\303\251" : "n\351"
}' >in.csv
LC_ALL=C grep -v "$(printf 'n\351')\$" in.csv >good.csv
LC_ALL=C sed "s/$(printf 'n\351')\$/$(printf 'n\357\277\275')/" in.csv >replaced.csv
cat >read.yaml <<'END'
version: 1
name: read
vars: {what: error}
stages:
  - id: read
    type: csv.read
    on_error: reject
    rejects: {path: bad.csv}
    with: {path: in.csv, invalid_utf8: "${what}"}
  - id: write
    type: csv.write
    with: {path: out.csv}
END
for workers in 1 3 8; do
    run 1 run read.yaml --workers $workers
    same out.csv good.csv
    [ "$(LC_ALL=C grep -c 'not UTF-8' bad.csv)" = 60 ] || fail "60 rejects"
    run 0 run read.yaml --workers $workers --var what=replace
    same out.csv replaced.csv
    run 0 run read.yaml --workers $workers --var what=keep
    same out.csv in.csv
done
finish
