#!/bin/sh
# pipeline do, and what is made from the same tables: the schema of pipeline files, and completion.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

cp "$WEIR_SOURCE/samples/orders.csv" .

# What is written down is what runs.
set -- csv.read orders.csv ! transform "quantity::int > 90" select=id select=quantity select=twice \
    set.twice='quantity * 2' set.text='concat('"'\"a \\ b'"', id)' ! transform where='twice > 190' limit=2 ! csv.write -
run 0 "do" --print "$@"
mv out printed.yaml
says printed.yaml '      path: ["orders.csv"]'
says printed.yaml '      select: ["id", "quantity", "twice"]'
says printed.yaml '  - id: transform2'
run 0 run -q printed.yaml
mv out from_file
[ "$(wc -l <from_file)" -eq 3 ] || fail "not two records: $(cat from_file)"
says from_file 'id,quantity,twice'
run 0 "do" -q "$@"
same out from_file
run 0 "do" -q csv.read orders.csv ! transform "quantity::int > 90" 'select=[id, quantity, twice]' \
    set='{twice: quantity * 2}' ! transform where='twice > 190' limit=2 ! csv.write -
same out from_file
run 0 "do" -q --workers 2 csv.read path=orders.csv on_error=reject rejects.path=bad.csv ! count
[ "$(cat out)" = 2000 ] || fail "counted $(cat out)"
[ -f bad.csv ] || fail "no file of rejects"
printf 'id\n1\n2\n' >'a=b.csv'
run 0 "do" -q csv.read 'path=a=b.csv' ! count
[ "$(cat out)" = 2 ] || fail "a name with = in it: $(cat out)"

# Mistakes.
run 64 "do" csv.raed orders.csv
says err "did you mean 'csv.read'?"
run 64 "do" csv.read orders.csv ! ! count
says err "before and behind every '!'"
run 64 "do"
says err "a STAGE is wanted"
run 64 "do" csv.read orders.csv ! transform limit=1 limit=2 ! count
says err "'limit' is given twice"
run 64 "do" csv.read orders.csv ! transform set.a=1 set='{b: 2}' ! count
says err "'set' is given twice"
run 64 "do" csv.read orders.csv ! count --quiet
says err "stand before the first stage"
run 78 "do" csv.read orders.csv ! transform "quantiy > 1" ! count
says err "do:11:15: error: no column 'quantiy'"
says err "did you mean 'quantity'?"
run 78 "do" csv.read orders.csv pth=x ! count
says err "did you mean 'path', under 'with'?"

# The schema is JSON, and knows every stage type and option.
run 0 schema
[ "$("$program" eval 'json_valid(x)' --column "x=$(cat out)")" = true ] || fail "the schema is no JSON"
for word in $("$program" stages | awk '{print $1}') stray_quotes max_rejected poison_after; do
    says out "\"$word\""
done

# Completion.
run 0 completion
bash -n out || fail "the completion is no bash"
cat >>out <<'END'
compopt() { :; }
try() {
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _pipeline
    echo "$*: ${COMPREPLY[*]}"
}
try pipeline ch
try pipeline run --rec
try pipeline do csv.r
try pipeline do csv.read in.csv '!' transform wh
try pipeline do csv.read in.csv '!' csv.tra
try "$1" run @ hash-t
try "$1" plan -q @
END
bash out "$program" | sed "s|^$program|pipeline|" >completed
cat >wanted <<'END'
pipeline ch: check
pipeline run --rec: --receipt
pipeline do csv.r: csv.read
pipeline do csv.read in.csv ! transform wh: where=
pipeline do csv.read in.csv ! csv.tra: csv.transform
pipeline run @ hash-t: @hash-tree
pipeline plan -q @: @check-manifest @check-tree @count @fetch-pages @grep-lines @hash-list @hash-tree
END
same completed wanted
finish
