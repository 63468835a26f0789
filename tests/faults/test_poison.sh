#!/bin/sh
# Rows of a real file that crash, abort, end, hang or starve the worker that parses them: exactly they are set aside, byte
# for byte, the others arrive in their order, and what was set aside can be put in again.
#
#     WEIR_POISON_ROWS  how many rows (200000); a hundredth of a percent of them kill
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

if grep -q __asan_init "$program"; then
    echo "skipped: what is preloaded would stand before the sanitizer's own library"
    exit 0
fi
cc -O2 -shared -fPIC "$WEIR_SOURCE/tests/faults/poison.c" -o poison.so -ldl || exit 71
rows=${WEIR_POISON_ROWS:-200000}

# One row of quoted lines, so that lines and rows differ.
awk -v rows="$rows" 'BEGIN {
    split("SEGV ABRT EXIT EAT HANG", way, " ")
    print "id,text"
    for (i = 1; i <= rows; i++)
        if (i % 10000 == 5000)
            printf "%d,POISON-%s,\n", i, way[++n % 10 == 0 ? 5 : n % 4 + 1]
        else if (i % 1000 == 7)
            printf "%d,\"two\nlines\"\n", i
        else
            printf "%d,some text\n", i
}' | sed 's/,$//' >in.csv
grep POISON in.csv >poisons.csv
grep -v POISON in.csv >rest.csv
cat >poison.yaml <<END
version: 1
name: poison
quarantine: {path: made/aside.jsonl}
vars: {in: in.csv}
stages:
  - {type: csv.read, with: {path: "\${in}", parser: libcsv}, record_timeout: 400ms, worker_memory: 48MiB}
  - {type: transform, with: {where: "true"}}
  - {type: csv.write, with: {path: made/out.csv}}
END

for workers in 1 3; do
    rm -rf made
    mkdir made
    code=0
    LD_PRELOAD=$PWD/poison.so "$program" run -q --workers $workers --receipt receipt.json poison.yaml >out 2>err || code=$?
    [ $code -eq 1 ] || fail "exit $code, not 1: $(tail -n 3 err)"
    cmp made/out.csv rest.csv || fail "$workers workers: the others did not arrive as they were"
    sort made/aside.jsonl.raw >aside.sorted
    sort poisons.csv | cmp - aside.sorted || fail "$workers workers: other rows were set aside"
    grep -q '"balanced": *true' receipt.json || fail "the books do not balance"
    # Each line of JSON says where its row stood, and where its bytes are now.
    python3 - <<'END' || fail "a line of the quarantine is wrong"
import json
text, raw = open("in.csv", "rb").read(), open("made/aside.jsonl.raw", "rb").read()
ways = {"SEGV": "SIGSEGV", "ABRT": "SIGABRT", "EXIT": "exit 3", "EAT": "more memory than worker_memory, 48 MiB",
        "HANG": "no answer within record_timeout, 400 ms"}
for line in open("made/aside.jsonl"):
    entry = json.loads(line)
    bytes_ = raw[entry["raw_at"]:entry["raw_at"] + entry["raw_bytes"]]
    at = entry["byte"]
    assert text[at:at + len(bytes_)] == bytes_, entry
    assert text[:at].count(b"\n") + 1 == entry["line"], entry
    assert entry["file"] == "in.csv" and entry["stage"] == "read" and entry["deaths"] == 2, entry
    assert entry["reason"] == ways[bytes_.strip().split(b"-")[1].decode()], entry
END
done

# They are rows, and may be put in again once the defect is mended.
(echo id,text && cat made/aside.jsonl.raw) >again.csv
"$program" run -q poison.yaml --var in=again.csv || fail "the rows that were set aside are not taken again"
cmp made/out.csv again.csv || fail "the rows that were set aside came out changed"

# ---- no more than max ----

sed 's/path: made.aside.jsonl/max: 3/' poison.yaml >three.yaml
echo "made before" >made/out.csv
code=0
LD_PRELOAD=$PWD/poison.so "$program" run -q three.yaml >out 2>err || code=$?
[ $code -eq 65 ] || fail "exit $code, not 65, with more than max"
grep -q 'in.csv:.*no more records may be set aside' err || fail "not said: $(cat err)"
[ "$(cat made/out.csv)" = "made before" ] || fail "something was published"
[ ! -e poison.quarantine.jsonl ] || fail "a quarantine was published"

# ---- one of its two files cannot be made ----

rm -r made
mkdir -p made/aside.jsonl.raw
code=0
LD_PRELOAD=$PWD/poison.so "$program" run -q poison.yaml >out 2>err || code=$?
[ $code -eq 73 ] || fail "exit $code, not 73, without a quarantine: $(cat err)"
[ "$(ls -A made)" = aside.jsonl.raw ] || fail "left: $(ls -A made)"
finish
