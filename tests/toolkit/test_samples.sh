#!/bin/sh
# The programs of samples/toolkit do what they say, by each start method.
#
#     test_samples.sh FOLDER    where they were built
set -eu
programs=${1:?usage: test_samples.sh FOLDER}
work=$(mktemp -d)
name=sample-$$
trap 'exec 3>&-; rm -rf "$work" "/dev/shm/weir-$(id -u)/$name"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

awk 'BEGIN { print "id,quantity,price"; for (i = 1; i <= 20000; i++) printf "%d,%d,%d.25\n", i, i % 7, i % 100 }' >"$work/in.csv"
awk -F, 'NR > 1 { printf "%d,%.2f\n", $1, $2 * $3 }' "$work/in.csv" >"$work/expected.csv"
for method in fork spawn; do
    for round in 1 2 3; do
        got=$("$programs/counter" $method)
        [ "$got" = 400000 ] || fail "counter $method, round $round: $got"
    done
    got=$("$programs/array" $method)
    [ "$got" = "1000000 of 1000000 numbers are right" ] || fail "array $method: $got"
    "$programs/chain" $method <"$work/in.csv" >"$work/out.csv" || fail "chain $method: $?"
    cmp "$work/expected.csv" "$work/out.csv" || fail "chain $method"
    # Its writer dies when nobody reads any more, and the others must not wait for it.
    yes 1,2,3 | timeout 60 "$programs/chain" $method 2>"$work/died" | head -n 3 >"$work/out.csv"
    [ "$(cat "$work/out.csv")" = "$(printf '1,6.00\n1,6.00\n1,6.00')" ] || fail "chain $method | head"
    grep -q "write_lines ended with -13" "$work/died" || fail "chain $method | head: $(cat "$work/died")"
done

mkfifo "$work/in" "$work/out"
"$programs/named" write "$name" "hello, reader" <"$work/in" >"$work/out" &
writer=$!
exec 3>"$work/in"
read -r ready <"$work/out"
[ "$ready" = ready ] || fail "named write: $ready"
got=$("$programs/named" read "$name")
[ "$got" = "hello, reader" ] || fail "named read: $got"
kill -KILL $writer
wait $writer 2>"$work/killed" || :
if "$programs/named" read "$name" 2>"$work/gone"; then
    fail "named read: the name outlived its creator"
fi
grep -q "there is no shared memory '$name'" "$work/gone" || fail "named read: $(cat "$work/gone")"
