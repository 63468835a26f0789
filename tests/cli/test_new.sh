#!/bin/sh
# pipeline new: every file that it prints runs as it is.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

printf 'id,amount\n1,10\n2,20\n' >in.csv
mkdir photos
cp in.csv photos/
run 0 new
awk '{ print $1 }' out >kinds
[ "$(paste -s -d ' ' kinds)" = "csv group hash" ] || fail "other kinds: $(cat kinds)"
while read -r kind; do
    run 0 new "$kind"
    cp out "$kind.yaml"
    run 0 check "$kind.yaml"
    says out "correct:"
    run 0 run -q "$kind.yaml"
done <kinds
same out.csv in.csv
[ "$(cat groups.csv)" = "records
2" ] || fail "groups: $(cat groups.csv)"
sha256sum -c --quiet SHA256SUMS || fail "SHA256SUMS"
run 64 new scv
says err "did you mean 'csv'?"
finish
