#!/bin/sh
# transform's `lookup`: stages before it, whose options stand under its own.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

printf 'code,region,name\nDE,eu,Germany\nUS,am,"United, States"\nXX,x,none\n' >countries.csv
printf 'kind,label\na,A\nb,B\n' >kinds.csv
awk 'BEGIN {
    split("DE US XX FR", country, " ")
    print "country,kind,n"
    for (i = 1; i <= 60000; i++) printf "%s,%s,%s\n", country[i % 4 + 1], i % 11 == 0 ? "z" : "b", i % 97 == 0 ? "x" : i
}' >in.csv
cat >lookup.yaml <<'END'
version: 1
name: lookup
run: {max_rejected: 100%}
stages:
  - {id: read, type: csv.read, with: {path: in.csv}}
  - id: clean
    type: transform
    on_error: reject
    with:
      lookup:
        country: {path: countries.csv, key: code, take: [name, region]}
        kind: {path: kinds.csv, missing: reject}
      where: "region <> 'x'"
      set: {twice: "n::integer * 2", label: "lower(label)"}
      drop: [country]
  - {id: write, type: csv.write, with: {path: out.csv}}
  - {id: bad, type: csv.write, inputs: clean.rejects, with: {path: bad.csv}}
  - {id: else, type: csv.write, inputs: clean.else, with: {path: else.csv}}
END
awk -F, 'NR == 1 { print "kind,n,name,region,label,twice"; next }
    $2 != "z" && $3 != "x" && $1 == "DE" { print "b," $3 ",Germany,eu,b," 2 * $3 }
    $2 != "z" && $3 != "x" && $1 == "US" { print "b," $3 ",\"United, States\",am,b," 2 * $3 }' in.csv >expected
awk -F, 'NR > 1 && ($2 == "z" || ($3 == "x" && ($1 == "DE" || $1 == "US"))) { print NR }' in.csv >expected.bad
for workers in 1 4; do
    run 0 run -q --workers $workers lookup.yaml
    same out.csv expected
    tail -n +2 bad.csv | cut -d, -f2 | sort -n >lines
    same lines expected.bad
    [ "$(grep -c "'z' is not in 'kinds.csv'" bad.csv)" -eq 5454 ] || fail "not all that is missing is told"
    mv else.csv else.$workers
done
same else.1 else.4

# The same in a file of rejects, and from the command line.
run 1 "do" -q csv.read in.csv ! transform on_error=reject rejects.path=bad-file.csv \
    lookup.country='{path: countries.csv, key: code, take: [name, region]}' lookup.kind='{path: kinds.csv, missing: reject}' \
    where="region <> 'x'" set='{twice: "n::integer * 2", label: lower(label)}' drop=country ! csv.write out.csv
same out.csv expected
sort bad.csv >bad.sorted
sort bad-file.csv >file.sorted
same file.sorted bad.sorted
run 0 run -q lookup.yaml --set clean.lookup='{country: {path: countries.csv, key: code}, kind: {path: kinds.csv}}' --set clean.where=true
[ "$(wc -l <out.csv)" -gt "$(wc -l <expected)" ] || fail "--set has changed nothing"

# With nothing else, and with nulls for what is missing.
run 0 "do" -q csv.read in.csv limit=4 ! transform lookup='{country: {path: countries.csv, key: code, take: name}}' ! csv.write out.csv
printf 'country,kind,n,name\nUS,b,1,"United, States"\nXX,b,2,none\nFR,b,3,\nDE,b,4,Germany\n' >expected
same out.csv expected

# Every mistake at its place.
refuses() {
    sed "s/country: {.*/country: $1/" lookup.yaml >wrong.yaml
    run 78 check wrong.yaml
    says err "wrong.yaml:11:$2: error: $3"
}
refuses '5' 18 "'country' of 'lookup' must be a map of options of lookup"
refuses '{path: countries.csv, kee: code}' 40 "no option 'kee'"
says err "did you mean 'key'?"
refuses '{key: code}' 18 "option 'path' is missing"
refuses '{path: countries.csv, key: cod}' 45 "no column 'cod' in 'countries.csv'"
refuses '{path: countries.csv, key: code, missing: maybe}' 60 "'missing' must be set_null or reject, not 'maybe'"
refuses '{path: countries.csv, column: n}' 40 "'column' is said by the name 'country'"
sed 's/country: {path/countri: {path/' lookup.yaml >wrong.yaml
run 78 check wrong.yaml
says err "wrong.yaml:11:9: error: no column 'countri'"
says err "did you mean 'country'?"

# Editors are told of the options of each.
run 0 schema
grep -qF '"lookup":{"type":"object","additionalProperties":{"type":"object","additionalProperties":false,"properties":{"path":' out ||
    fail "the schema does not know the options of a lookup"
finish
