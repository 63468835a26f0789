#!/bin/sh
# Data that is not as it should be, and a world that does not play along: what is said, and what is left.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"
# shellcheck source=tests/cli/refused.sh
. "$WEIR_SOURCE/tests/cli/refused.sh"

# The pipeline in three shapes: copy fuses what it can, apart gives every stage processes of its own, and
# rejecting sets bad rows aside.
cat >copy.yaml <<END
version: 1
name: $name
vars: {in: in.csv, out: out.csv, delimiter: ","}
stages:
  - id: read
    type: csv.read
    with: {path: "\${in}", delimiter: "\${delimiter}"}
  - id: keep
    type: transform
    with: {where: "true"}
  - id: write
    type: csv.write
    with: {path: "\${out}"}
END
sed 's/^    type:.*/&\n    isolate: true/' copy.yaml >apart.yaml
sed 's/^    type: csv.read/&\n    rejects: {path: bad.csv}/' copy.yaml >rejecting.yaml
printf 'id,n\n1,1\n' >in.csv

# letters COUNT: so many x.
letters() {
    head -c "$1" /dev/zero | tr '\0' x
}

# copies FILE: it comes out as it went in, whatever the shape and the number of workers.
copies() {
    for workers in 1 4; do
        for shape in copy apart; do
            accepted 0 run -q $shape.yaml --workers $workers --var "in=$1"
            same out.csv "$1"
        done
    done
}

# ---- inputs that can't be read at all ----

refused 66 run copy.yaml --var in=missing.csv
says err "cannot open 'missing.csv': No such file or directory"

refused 66 run copy.yaml --var 'in=missing*.csv'
says err "no file matches 'missing*.csv'"

mkdir folder
refused 66 run copy.yaml --var in=folder
says err "'folder' is a directory"
says err "'folder/*'"

: >empty.csv
refused 65 run copy.yaml --var in=empty.csv
says err "empty.csv is empty"
printf '\357\273\277' >empty.csv
refused 65 run copy.yaml --var in=empty.csv
says err "empty.csv is empty"
printf '\n\r\n\n' >blank.csv
refused 65 run copy.yaml --var in=blank.csv
says err "blank.csv has no header"

# What is no CSV at all says what it is, and what to do.
for case in '\037\213\010\000:gzip; unpack it, or pass on what zcat prints' '\037\213\n:gzip' \
    'PK\003\004\024\n\n:a ZIP archive, or a spreadsheet' \
    '\377\376i\000:UTF-16'; do
    printf '%b' "${case%%:*}" >foreign.csv
    refused 65 run copy.yaml --var in=foreign.csv
    says err "foreign.csv is "
    says err "${case#*:}"
done

# What is compressed is unpacked, as far as it goes.
for case in '\375\067zXZ\000' '\050\265\057\375\044'; do
    printf '%b' "$case" >foreign.csv
    refused 65 run copy.yaml --var in=foreign.csv
    says err "cannot unpack 'foreign.csv': "
done

# A header is a table without rows.
for header in 'id,n\n' 'id,n' 'id,n\r\n' 'id,n\r' '\357\273\277id,n\n\n\n'; do
    printf '%b' "$header" >header.csv
    accepted 0 run copy.yaml --var in=header.csv
    says err "balanced"
    [ "$(cat out.csv)" = 'id,n' ] || fail "a header only ($header) gave: $(cat out.csv)"
done

# Several files: all must be there, and have the same columns.
sed "s/path: \"\${in}\"/path: [in.csv, other.csv]/" copy.yaml >several.yaml
refused 66 run several.yaml
says err "cannot open 'other.csv': No such file or directory"
printf 'id,discount\n1,1\n' >in-1.csv
printf 'id,discnt\n1,1\n' >other.csv
sed -i 's/in.csv, other/in-1.csv, other/' several.yaml
refused 65 run several.yaml
says err "other.csv has other columns than in-1.csv: lacks 'discount', has 'discnt' (did you mean it?)"
sed "s/path: \"\${in}\"/path: []/" copy.yaml >none.yaml
refused 78 run none.yaml
says err "path"

# The wrong delimiter, unless a file has one column indeed.
printf 'id;name;city\n1;a;b\n' >semicolons.csv
refused 65 run copy.yaml --var in=semicolons.csv
says err "semicolons.csv: only one column, named 'id;name;city': the delimiter is probably ';' (it is ',')"
printf 'id\tname\n1\ta\n' >tabs.csv
refused 65 run copy.yaml --var in=tabs.csv
says err "the delimiter is probably '\\t' (it is ',')"
refused 65 run copy.yaml --var 'delimiter=|'
says err "the delimiter is probably ',' (it is '|')"
printf 'id\n1\n2\n' >one.csv
copies one.csv

# ---- rows and fields that are odd ----

printf 'id,n\n1,2\n3,"four\n5,6\n7,8\n' >quote.csv
refused 65 run copy.yaml --var in=quote.csv
says err "quote.csv:3 (byte 9): the quote opened at line 3, column 3 is never closed"
says err 'The line begins: 3,"four'
says err "on_error: reject"
accepted 1 run rejecting.yaml --var in=quote.csv
printf 'id,n\n1,2\n' >expected.csv
same out.csv expected.csv
says bad.csv 'quote.csv,3,9,'
printf 'id,"n\n1,2\n' >quote.csv
refused 65 run copy.yaml --var in=quote.csv
says err "quote.csv: the quote opened at line 1, column 4 is never closed"

# Bytes that are no text of ours pass as they are.
printf 'id,n\n1,a\000b\n\000,\000\000\n' >bytes.csv
copies bytes.csv
printf 'id,n\n\377\376,\303\n\200,\355\240\200\n\300\257,\364\220\200\200\n' >bytes.csv
copies bytes.csv
printf 'id\377,n\n1,2\n' >bytes.csv
copies bytes.csv
printf 'i\000d,n\n1,2\n' >bytes.csv
refused 65 run copy.yaml --var in=bytes.csv
says err "bytes.csv: the header holds a NUL byte"

# What data or names hold never reaches the terminal as a control character, nor breaks a line or JSON.
printf 'id,n\n1,\033]0;title\007\377\n' >escape.csv
for format in text json; do
    refused 65 run copy.yaml --var in=escape.csv --set 'keep.where=n > 1' --log-format $format
    says err "escape.csv:2 (byte 5)"
    ! LC_ALL=C tr -d '\n' <err | LC_ALL=C grep -q '[[:cntrl:]]' || fail "control characters in an error, $format"
    iconv -f UTF-8 -t UTF-8 err >left 2>&1 || fail "an error that is not UTF-8, $format"
done

# Lone CR end rows, but not inside quotes.
printf 'id,n\r1,2\r3,"a\rb"\r' >cr.csv
accepted 0 run copy.yaml --var in=cr.csv
printf 'id,n\n1,2\n3,"a\rb"\n' >expected.csv
same out.csv expected.csv

# A field above a slot, with and without quotes.
{ printf 'id,n\n1,2\n3,' && letters 5242880 && printf '\n5,6\n'; } >long.csv
copies long.csv
{ printf 'id,n\n1,2\n3,"a,""\n' && letters 5242880 && printf '"\n5,6\n'; } >long.csv
copies long.csv

# A field above max_record: 64 KiB of it are kept.
{ printf 'id,n\n1,2\n3,' && letters 20971520 && printf '\n5,6\n'; } >huge.csv
printf 'id,n\n1,2\n5,6\n' >expected.csv
for isolate in false true; do
    sed "s/^    type:.*/&\n    isolate: $isolate/" copy.yaml >huge.yaml
    refused 65 run huge.yaml --var in=huge.csv
    says err "huge.csv:3 (byte 9): a row of 21.0 MB is larger than max_record (16 MiB)"
    sed "s/^    type:.*/&\n    isolate: $isolate/" rejecting.yaml >huge.yaml
    accepted 1 run huge.yaml --var in=huge.csv
    same out.csv expected.csv
    says bad.csv "huge.csv,3,9,"
    [ "$(grep -o 'x*' bad.csv | awk '{ if (length > longest) longest = length } END { print longest }')" -eq 65534 ] ||
        fail "of the huge row other than 64 KiB are kept"
done

# A row of 100,000 columns, within the memory that was announced.
awk 'BEGIN {
    for (row = 0; row < 3; row++)
        for (i = 1; i <= 100000; i++)
            printf "%s%d%s", row ? "" : "c", i + row, i < 100000 ? "," : "\n"
}' >wide.csv
for shape in copy apart; do
    accepted 0 run -q $shape.yaml --var in=wide.csv --receipt r.json
    same out.csv wide.csv
    sanitized ||
        awk -F '[:,]' '/"memory_bound"/ { bound = $2 } /"memory_used"/ { used = $2 } END { exit used > bound }' r.json ||
        fail "100,000 columns, $shape: $(grep '"memory_' r.json | tr -d '\n')"
done
{ printf 'id,n\n1,2\n' && sed -n 2p wide.csv && printf '3,4\n'; } >wide-row.csv
refused 65 run copy.yaml --var in=wide-row.csv
says err "wide-row.csv:3 (byte 9): expected 2 fields, found 100000"
accepted 1 run rejecting.yaml --var in=wide-row.csv
printf 'id,n\n1,2\n3,4\n' >expected.csv
same out.csv expected.csv

# ---- rejects: where they come from, how many they are, and that they are always the same ----

printf 'id,n\n1,1\n2,"a\nb"\n3,3\n4,x\n5,5,5\n' >lf.csv
printf 'id,n\r\n1,1\r\n2,"a\r\nb"\r\n3,3\r\n4,x\r\n5,5,5\r\n' >crlf.csv
printf 'id,n\r1,1\r2,"a\rb"\r3,3\r4,x\r5,5,5\r' >cr.csv
printf 'id,n\n\n\n1,1\n\n4,x\n\r\n5,5,5' >blanks.csv
cat >rejects.yaml <<END
version: 1
name: $name
vars: {isolate: "false"}
stages:
  - id: read
    type: csv.read
    isolate: "\${isolate}"
    rejects: {path: rows.csv}
    with: {path: [lf.csv, crlf.csv, cr.csv, blanks.csv]}
  - id: cast
    type: transform
    isolate: "\${isolate}"
    rejects: {path: bad.csv}
    with: {set: {m: "n::integer + 1"}}
  - id: write
    type: csv.write
    isolate: "\${isolate}"
    with: {path: out.csv}
END
cat >rows.expected <<'END'
file,line,byte,column,reason,raw
lf.csv,7,25,,"expected 2 fields, found 3","5,5,5"
crlf.csv,7,31,,"expected 2 fields, found 3","5,5,5"
cr.csv,7,25,,"expected 2 fields, found 3","5,5,5"
blanks.csv,8,18,,"expected 2 fields, found 3","5,5,5"
END
printf '%b' "file,line,byte,column,reason,raw
lf.csv,3,9,n,\"'a\nb' is not an integer (set m)\",\"2,\"\"a\nb\"\"\"
lf.csv,6,21,n,'x' is not an integer (set m),\"4,x\"
crlf.csv,3,11,n,\"'a\r\nb' is not an integer (set m)\",\"2,\"\"a\r\nb\"\"\"
crlf.csv,6,26,n,'x' is not an integer (set m),\"4,x\"
cr.csv,3,9,n,\"'a\rb' is not an integer (set m)\",\"2,\"\"a\rb\"\"\"
cr.csv,6,21,n,'x' is not an integer (set m),\"4,x\"
blanks.csv,6,12,n,'x' is not an integer (set m),\"4,x\"
" >bad.expected
printf 'id,n,m\n1,1,2\n3,3,4\n1,1,2\n3,3,4\n1,1,2\n3,3,4\n1,1,2\n' >out.expected
for workers in 1 2 5 8; do
    for isolate in false true; do
        accepted 1 run -q rejects.yaml --workers $workers --var isolate=$isolate --receipt r.json
        same out.csv out.expected
        same rows.csv rows.expected
        same bad.csv bad.expected
        counts read 18 14 0 4
        counts cast 14 7 0 7
        counts write 7 7 0 0
        counts read.rejects 4 4 0 0
        counts cast.rejects 7 7 0 0
    done
done

# The same over many batches: one place in five is bad, in turn a row and a cell.
awk 'BEGIN {
    print "id,n"
    for (i = 1; i <= 100000; i++)
        print i "," (i % 10 == 3 ? "1,2" : i % 10 == 8 ? "x" : i)
}' >lf.csv
printf 'id,n\n' | tee crlf.csv cr.csv >blanks.csv
for workers in 1 2 5 8; do
    for isolate in false true; do
        accepted 1 run -q rejects.yaml --workers $workers --var isolate=$isolate --receipt r.json
        counts read 100000 90000 0 10000
        counts cast 90000 80000 0 10000
        for file in out rows bad; do
            [ "$workers$isolate" != 1false ] || mv $file.csv $file.expected
            [ "$workers$isolate" = 1false ] || same $file.csv $file.expected
        done
    done
done
awk -F , 'NR > 1 && $2 != (NR - 1) * 10 - 6 { exit 1 }' rows.expected || fail "the lines of rejected rows"
awk -F , 'NR > 1 && $2 != (NR - 1) * 10 - 1 { exit 1 }' bad.expected || fail "the lines of rejected cells"

# What on_error makes of the same records.
cat >on-error.yaml <<END
version: 1
name: $name
vars: {on: stop}
stages:
  - id: read
    type: csv.read
    with: {path: cells.csv}
  - id: cast
    type: transform
    on_error: "\${on}"
    with: {set: {m: "n::integer + 1"}}
  - id: write
    type: csv.write
    with: {path: out.csv}
END
printf 'id,n\n1,1\n2,two\n3,\n4,4.5\n5,5\n' >cells.csv
refused 65 run on-error.yaml --receipt r.json
says err "cells.csv:3 (byte 9), column 'n': 'two' is not an integer"
says err "in stage 'cast'"
says err "on_error: reject"
says r.json '"published": false'
printf 'id,n,m\n1,1,2\n3,,\n5,5,6\n' >expected.csv
accepted 1 run on-error.yaml --var on=reject --receipt r.json
says err "2 records rejected"
counts cast 5 3 0 2
same out.csv expected.csv
accepted 0 run on-error.yaml --var on=drop --receipt r.json
counts cast 5 3 2 0
same out.csv expected.csv
accepted 0 run on-error.yaml --var on=set_null --receipt r.json
counts cast 5 5 0 0
printf 'id,n,m\n1,1,2\n2,two,\n3,,\n4,4.5,\n5,5,6\n' >expected.csv
same out.csv expected.csv
refused 64 run on-error.yaml --var on=ignore
says err "'on_error' must be stop, reject, drop or set_null"

# The error of the lowest record is the one that is told, whoever met one first.
cat >lowest.yaml <<END
version: 1
name: $name
vars: {in: low.csv, isolate: "false"}
stages:
  - id: read
    type: csv.read
    isolate: "\${isolate}"
    with: {path: "\${in}"}
  - id: cast
    type: transform
    isolate: "\${isolate}"
    with: {where: "n::integer > 0"}
  - id: write
    type: csv.write
    isolate: "\${isolate}"
    with: {path: out.csv}
END
# numbers CONDITION TEXT CONDITION TEXT: 400,000 rows, with TEXT for a number where the condition on i holds.
numbers() {
    awk "BEGIN { print \"id,n\"; for (i = 1; i <= 400000; i++) print i \",\" ($1 ? \"$2\" : $3 ? \"$4\" : i) }"
}
numbers 'i % 50000 == 33333' bad 0 '' >low.csv
numbers 'i == 299990' bad 'i == 300000' 1,2 >cell-first.csv
numbers 'i == 299990' 1,2 'i == 300000' bad >row-first.csv
for round in 1 2 3 4 5 6 7 8 9 10; do
    isolate=false
    [ $((round % 2)) -eq 0 ] || isolate=true
    for workers in 1 2 5 8; do
        refused 65 run lowest.yaml --workers $workers --var isolate=$isolate
        says err "low.csv:33334 (byte 377777), column 'n': 'bad' is not an integer"
    done
done
for isolate in false true; do
    for workers in 1 8; do
        for in in cell-first.csv row-first.csv; do
            refused 65 run lowest.yaml --workers $workers --var isolate=$isolate --var in=$in
            says err "$in:299991 ("
        done
    done
done
# A limit that is reached with the records before a bad one is reached wherever batches begin and whoever works on them.
sed -e "s/^stages:/run: {slot: '\${slot}'}\n&/" -e 's/^vars: {/&slot: 64KiB, limit: 33332, /' \
    -e "s/\"n::integer > 0\"/&, limit: '\${limit}'/" lowest.yaml >reached.yaml
head -n 33333 low.csv >expected.csv
for slot in 64KiB 100KiB 1MiB; do
    for isolate in false true; do
        for workers in 1 2 8; do
            accepted 0 run -q reached.yaml --workers $workers --var isolate=$isolate --var slot=$slot
            same out.csv expected.csv
            refused 65 run reached.yaml --workers $workers --var isolate=$isolate --var slot=$slot --var limit=33333
            says err "low.csv:33334 (byte 377777), column 'n': 'bad' is not an integer"
        done
    done
done
finish
