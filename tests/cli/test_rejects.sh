#!/bin/sh
# Every kind of record that is rejected, each with its file, line, byte, column, reason and bytes: in a file of many
# pieces, with one worker and with four.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

cat >rejects.yaml <<'END'
version: 1
name: rejects
run: {max_record: 256KiB}
stages:
  - {id: read, type: csv.read, on_error: reject, rejects: {path: rows.csv}, with: {path: all.csv, invalid_utf8: error}}
  - id: cast
    type: transform
    on_error: reject
    rejects: {path: cells.csv}
    with: {set: {n: "n::integer"}}
  - {id: write, type: csv.write, with: {path: good.csv}}
END
cat >expect.py <<'END'
# Writes all.csv, and what a run is to make of it: each file as a list of rows, which have no more than one reading.
import csv

large = b"9," + b"0123456789" * 30000 + b",9\n"
# The bytes of a row, the column that is to blame, and the reason; None for what is right.
block = [
    (b"1,a,1\n", None, None),
    (b'2,"two\nlines"\n', "", "expected 3 fields, found 2"),
    (b'3,b,3,more,"x\r\ny"\r\n', "", "expected 3 fields, found 5"),
    (b"\n", None, None),
    (b'4,J\xfcrgen,"4\n"\n', "name", "the value is not UTF-8"),
    (b"4,J\xc3\xbcrgen,4\n", None, None),
    (b'5,say "hi",5\n', "", "a quote inside a field that is not quoted, at line {line}, column 7; stray_quotes: keep takes it"),
    (b'6,"x"y,6"\r\n', "", "text behind a closing quote, at line {line}, column 6; stray_quotes: keep takes it"),
    (b"7,c,seven\r", "n", "'seven' is not an integer (set n)"),
    (b'8,"d""q\n",9x\n', "n", "'9x' is not an integer (set n)"),
]
last = b'11,"never\nclosed,11\n12,z,12\n'
unclosed = ("the quote opened at line {line:,}, column 4 is never closed; {rest} bytes up to the end of the file were one field. "
            'The line begins: 11,"never')
head = ["file", "line", "byte", "column", "reason", "raw"]
rows, cells, good = [head], [head], [["id", "name", "n"]]
utf8 = "utf-8", "surrogateescape"
text, line = bytearray(b"id,name,n\n"), 2


def add(raw, column, reason, kept=None):
    global line
    shown = raw.rstrip(b"\r\n") if kept is None else kept
    if reason:
        to = cells if column == "n" else rows
        to.append(["all.csv", str(line), str(len(text)), column, reason.format(line=line, rest=len(raw) - 3), shown.decode(*utf8)])
    elif raw.strip():
        good.append(shown.decode(*utf8).split(","))
    text.extend(raw)
    line += raw.count(b"\n") + raw.count(b"\r") - raw.count(b"\r\n")


for turn in range(4000):
    for raw, column, reason in block:
        add(raw, column, reason)
    if turn % 1000 == 500:
        add(large, "", "a row of 300.0 kB is larger than max_record (262.1 kB)", large[:65536])
add(last, "", unclosed, last)
with open("all.csv", "wb") as file:
    file.write(text)
for name, wanted in (("rows", rows), ("cells", cells), ("good", good)):
    with open(name + ".expected", "w", -1, *utf8, newline="") as file:
        csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(wanted)
END
cat >normal.py <<'END'
# Each field in quotes: as expect.py writes.
import csv
import sys

csv.field_size_limit(1 << 20)
utf8 = "utf-8", "surrogateescape"
csv.writer(open(1, "w", -1, *utf8, newline=""), lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
    csv.reader(open(sys.argv[1], "r", -1, *utf8, newline="")))
END
python3 expect.py
for workers in 1 4; do
    run 1 run -q --workers $workers rejects.yaml
    for file in rows cells good; do
        python3 normal.py $file.csv >$file.made
        cmp -s $file.made $file.expected || fail "$workers workers: $file: $(cmp $file.made $file.expected)"
    done
done
finish
