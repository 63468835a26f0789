#!/bin/sh
# jsonl.write and jsonl.read in a run: the same bytes with any number of workers.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

awk 'BEGIN {
    print "id,name,n"
    for (i = 1; i <= 30000; i++)
        printf "%d,\"a \"\"%d\"\"\",%s\n", i, i % 7, i % 5 ? i / 4 : ""
}' >in.csv
cat >write.yaml <<'END'
version: 1
name: write
stages:
  - id: read
    type: csv.read
    with: {path: in.csv, types: {n: decimal}}
  - id: write
    type: jsonl.write
    with: {path: out.jsonl}
END
awk 'BEGIN {
    for (i = 1; i <= 30000; i++)
        printf "{\"id\":\"%d\",\"name\":\"a \\\"%d\\\"\",\"n\":%s}\n", i, i % 7, i % 5 ? i / 4 : "null"
}' >expected.jsonl
for workers in 1 3 8; do
    run 0 run write.yaml --workers $workers
    same out.jsonl expected.jsonl
done

# And jsonl.read gives the records back, again with any number of workers, from a compressed file too.
gzip -k out.jsonl
cat >read.yaml <<'END'
version: 1
name: read
vars: {in: out.jsonl}
stages:
  - id: read
    type: jsonl.read
    with: {path: "${in}", fields: {id: /id, name: /name, n: /n}, types: {n: decimal}}
  - id: write
    type: csv.write
    with: {path: out.csv}
END
for workers in 1 3 8; do
    for in in out.jsonl out.jsonl.gz; do
        run 0 run read.yaml --workers $workers --var in=$in
        same out.csv in.csv
    done
done
finish
