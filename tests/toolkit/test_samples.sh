#!/bin/sh
# The programs of samples/toolkit do what they say, by each start method.
#
#     test_samples.sh FOLDER WEB    where they were built, and a server of pages
set -eu
programs=${1:?usage: test_samples.sh FOLDER WEB}
web=${2:?usage: test_samples.sh FOLDER WEB}
work=$(mktemp -d)
name=sample-$$
trap 'exec 3>&- 4>&-; rm -rf "$work" "/dev/shm/weir-$(id -u)/$name"' EXIT

fail() {
    echo "FAILED: $*" >&2
    exit 1
}

awk 'BEGIN { print "id,quantity,price"; for (i = 1; i <= 20000; i++) printf "%d,%d,%d.25\n", i, i % 7, i % 100 }' >"$work/in.csv"
awk -F, 'NR > 1 { printf "%d,%.2f\n", $1, $2 * $3 }' "$work/in.csv" >"$work/expected.csv"
printf 'hello\n\nMixed Case 1\nstop\n' >"$work/requests"
printf 'HELLO\n\nMIXED CASE 1\nSTOP\nGOODBYE\n' >"$work/answers"

# The server goes when descriptor 4 is closed, however that comes about.
mkfifo "$work/pages"
"$web" <"$work/pages" >"$work/port" &
exec 4>"$work/pages"
until [ -s "$work/port" ]; do sleep 0.1; done
at=http://127.0.0.1:$(cat "$work/port")
unset http_proxy all_proxy ALL_PROXY
awk -v at="$at" -v urls="$work/urls" 'BEGIN {
    for (i = 1; i <= 200; i++) {
        print at "/" i >urls
        line = "{\"url\":\"" at "/" i "\",\"title\":\"Page " i " & \\\"caf\303\251\\\"\",\"links\":["
        for (j = 0; j < i % 5; j++)
            line = line (j ? "," : "") "\"/" i + j "?a=1&b=" j "\""
        print line "]}"
    }
}' >"$work/expected.jsonl"

for i in $(seq 100); do
    # Every tenth is not there.
    [ $((i % 10)) = 0 ] || seq "$i" 1000 >"$work/file-$i"
    echo "$work/file-$i" >>"$work/paths"
done
sha256sum "$work"/file-* | sort >"$work/digests"
for method in fork spawn forkserver; do
    for round in 1 2 3; do
        got=$("$programs/counter" $method)
        [ "$got" = 400000 ] || fail "counter $method, round $round: $got"
    done
    got=$("$programs/array" $method)
    [ "$got" = "1000000 of 1000000 numbers are right" ] || fail "array $method: $got"
    got=$("$programs/primes" $method 200000 2>"$work/speed") || fail "primes $method: $?"
    [ "$got" = 1709600813 ] || fail "primes $method: $got"
    grep -q "times as fast" "$work/speed" || fail "primes $method: $(cat "$work/speed")"
    code=0
    "$programs/hash" $method <"$work/paths" >"$work/hashed" 2>"$work/missing" || code=$?
    [ $code = 1 ] || fail "hash $method: code $code"
    sort "$work/hashed" | cmp - "$work/digests" || fail "hash $method"
    [ "$(grep -c "cannot open '$work/file-[0-9]*0': No such file" "$work/missing")" = 10 ] ||
        fail "hash $method: $(cat "$work/missing")"
    "$programs/chain" $method <"$work/in.csv" >"$work/out.csv" 2>"$work/speed" || fail "chain $method: $?"
    grep -Eqx "20000 lines, [0-9]+ a second" "$work/speed" || fail "chain $method: $(cat "$work/speed")"
    cmp "$work/expected.csv" "$work/out.csv" || fail "chain $method"
    got=$("$programs/conversation" $method <"$work/requests")
    [ "$got" = "$(cat "$work/answers")" ] || fail "conversation $method: $got"
    got=$(printf 'a\nSTOP\nb\n' | "$programs/conversation" $method)
    [ "$got" = "$(printf 'A\nGOODBYE')" ] || fail "conversation $method, STOP: $got"
    timeout 60 "$programs/fetch" $method <"$work/urls" >"$work/got.jsonl" || fail "fetch $method: $?"
    sort "$work/expected.jsonl" >"$work/expected.sorted"
    sort "$work/got.jsonl" | cmp "$work/expected.sorted" - || fail "fetch $method"
    printf '%s\n' "$at/none" "$at/gone" "file:///etc/passwd" | timeout 60 "$programs/fetch" $method >"$work/errors" ||
        fail "fetch $method, errors: $?"
    [ "$(grep -c '"error":' "$work/errors")" = 3 ] || fail "fetch $method, errors: $(cat "$work/errors")"
    grep -q "{\"url\":\"$at/none\",\"status\":404,\"error\":\"the server has no such page\"}" "$work/errors" ||
        fail "fetch $method, errors: $(cat "$work/errors")"
    # A writer dies when nobody reads any more, and the others must not wait for it.
    yes 1,2,3 | timeout 60 "$programs/chain" $method 2>"$work/died" | head -n 3 >"$work/out.csv"
    [ "$(cat "$work/out.csv")" = "$(printf '1,6.00\n1,6.00\n1,6.00')" ] || fail "chain $method | head"
    grep -q "write_lines ended with -13" "$work/died" || fail "chain $method | head: $(cat "$work/died")"
    cat "$work/urls" "$work/urls" "$work/urls" | timeout 60 "$programs/fetch" $method 2>/dev/null | head -n 1 >"$work/one"
    grep -q '"title":' "$work/one" || fail "fetch $method | head: $(cat "$work/one")"
done

"$programs/methods" 10 20 >"$work/methods" || fail "methods: $?"
for megabytes in 10 20; do
    for method in fork spawn forkserver; do
        grep -Eqx " +$megabytes MB +$method +first +[0-9]+\.[0-9] ms +then +[0-9]+\.[0-9] ms +private +[0-9]+\.[0-9] MB +total +[0-9]+\.[0-9] ms" \
            "$work/methods" || fail "methods $method: $(cat "$work/methods")"
    done
done
[ "$(wc -l <"$work/methods")" = 6 ] || fail "methods: $(cat "$work/methods")"

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
