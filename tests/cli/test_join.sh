#!/bin/sh
# join: what awk makes of the same two files, for any number of workers.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# make SEED ROWS COLUMN: keys of two columns, some null, many of them several times.
make() {
    awk -v "seed=$1" -v "rows=$2" -v "name=$3" 'BEGIN {
        srand(seed)
        print "k,j," name
        for (i = 0; i < rows; i++)
            printf "%s,%d,%s%d\n", rand() < 0.02 ? "" : "key" int(rand() * rows / 2), rand() * 3, name, i
    }'
}
make 1 12000 a >left.csv
make 2 9000 b >right.csv

cat >join.awk <<'AWK'
BEGIN { FS = OFS = "," ; print "k,j,a,b,side" }
FNR == 1 { file++; next }
file == 1 {
    right[FNR] = $0
    last = FNR
    if ($1 != "")
        partners[$1, $2] = partners[$1, $2] " " FNR
    next
}
{
    n = $1 == "" ? 0 : split(partners[$1, $2], partner, " ")
    for (i = 1; i <= n; i++) {
        split(right[partner[i]], field, ",")
        print $0, field[3], "both"
        met[partner[i]] = 1
    }
    if (n == 0 && how != "inner")
        print $0, "", "left"
}
END {
    for (i = 2; i <= last && how == "full"; i++)
        if (!(i in met)) {
            split(right[i], field, ",")
            print field[1], field[2], "", field[3], "right"
        }
}
AWK

cat >join.yaml <<'END'
version: 1
name: join
stages:
  - {id: a, type: csv.read, with: {path: left.csv}}
  - {id: b, type: csv.read, with: {path: right.csv}}
  - id: join
    type: join
    inputs: {left: a, right: b}
    with: {by: [k, j], side: side, memory: 1MiB}
  - {id: write, type: csv.write, with: {path: out.csv}}
END
for how in inner left full; do
    awk -v how=$how -f join.awk right.csv left.csv >expected
    [ "$(wc -l <expected)" -gt 2000 ] || fail "$how: too few records go together"
    for workers in 1 2 8; do
        run 0 run join.yaml --workers $workers --set join.how=$how
        says err 'balanced'
        same out.csv expected
    done
done

# Both sides may be one stage's, and one may be empty.
sed 's/right: b/right: twin/; /id: b,/s/.*/  - {id: twin, type: transform, with: {rename: {a: b}}}/' join.yaml >self.yaml
run 0 run self.yaml
awk -v how=inner -f join.awk left.csv left.csv >expected
same out.csv expected
head -n 1 right.csv >none.csv
run 0 run join.yaml --set b.path=none.csv --set join.how=left
awk -v how=left -f join.awk none.csv left.csv >expected
same out.csv expected

# ---- mistakes ----

run 78 check join.yaml --set b.path=left.csv
says err "column 'a' would be there twice: rename or drop one of them before"
run 64 check join.yaml --set join.by=kk
says err "no column 'kk'"
says err "did you mean 'k'?"
sed 's/, right: b//' join.yaml >one.yaml
echo '  - {type: discard, inputs: b}' >>one.yaml
run 78 check one.yaml
says err "it reads two stages: inputs: {left: a, right: b}"
sed 's/right: b/rihgt: b/' join.yaml >wrong.yaml
run 78 check wrong.yaml
says err "join has no input 'rihgt': it has left, right"
says err "did you mean 'right'?"
make 3 70000 b >right.csv
run 78 run -q join.yaml
says err "the right input has 70000 records, whose index takes"
finish
