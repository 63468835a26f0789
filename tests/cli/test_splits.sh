#!/bin/sh
# A file gives the same bytes, and the same rejected rows, whether it is read in splits by any number of seats or piped in,
# which one seat cuts; and whichever parser takes it apart.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# Rows of all kinds: line breaks and delimiters within quotes, long fields, every line end, and bad ones in between.
awk 'BEGIN {
    print "id,name,text,amount"
    for (i = 1; i <= 100000; i++) {
        text = i % 3 == 0 ? "\"say \"\"" i "\"\", twice\"" : i % 5 == 0 ? "\"line\nand, another\r\none\"" : "plain " i
        if (i % 997 == 0) {
            text = "\"long"
            for (k = 0; k < 2000; k++) text = text (k % 7 == 0 ? "\n" : " word, ") k
            text = text "\""
        }
        row = i ",name" i % 17 "," text "," i / 4
        if (i % 501 == 0) row = row ",one too many"
        if (i % 777 == 0) row = i ",a \"stray\" quote,x,1"
        if (i % 1234 == 0) row = i ",\"closed\" too early,x,1"
        printf "%s%s", row, i % 11 == 0 ? "\r\n" : i % 1009 == 0 ? "\r" : i % 13 == 0 ? "\n\n" : "\n"
    }
    printf "100001,last,without an end,1"
}' >ugly.csv

# pipeline_of WORKERS PARSER ORDER
pipeline_of() {
    cat <<END
version: 1
name: splits
vars: {in: ugly.csv}
run: {slot: 64KiB, slots: 4, max_record: 128KiB, max_rejected: 100%}
stages:
  - id: read
    type: csv.read
    workers: $1
    order: $3
    on_error: reject
    rejects: {path: rejects.csv}
    with: {path: "\${in}", parser: $2}
  - id: half
    type: transform
    workers: $1
    with: {where: "amount > 100", set: {name: "upper(name)"}}
  - id: write
    type: csv.write
    with: {path: out.csv}
END
}

# run_one WORKERS PARSER ORDER INPUT
run_one() {
    pipeline_of "$1" "$2" "$3" >p.yaml
    code=0
    "$program" run p.yaml --var in="$4" >out 2>err <ugly.csv || code=$?
    [ "$code" -eq 0 ] || {
        fail "$*: exit $code"
        cat err
    }
    says err "balanced"
}

run_one 1 libcsv preserve -
sed 's/^"*(standard input)/ugly.csv/' rejects.csv >wanted-rejects.csv
mv out.csv wanted.csv
[ "$(wc -l <wanted-rejects.csv)" -gt 60 ] || fail "too few rejected rows to compare"
for workers in 1 2 3 8; do
    for parser in auto libcsv; do
        run_one $workers $parser preserve ugly.csv
        same out.csv wanted.csv
        same rejects.csv wanted-rejects.csv
    done
done
run_one 4 auto none ugly.csv
LC_ALL=C sort out.csv >sorted.csv
LC_ALL=C sort wanted.csv | cmp -s - sorted.csv || fail "order: none has other rows"
run_one 4 verify preserve ugly.csv
same out.csv wanted.csv

# The same file several times, as several: each begins anew.
cp ugly.csv again.csv
printf '\n' >>again.csv # its last row has an end
cat again.csv >both.csv
tail -n +2 ugly.csv >>both.csv
run_one 3 auto preserve both.csv
mv out.csv wanted-both.csv
pipeline_of 3 auto preserve | sed "s|path: \"\${in}\"|path: [again.csv, ugly.csv]|" >two.yaml
run 0 run two.yaml
same out.csv wanted-both.csv

# A quoted field of 96 MB, in many splits: one row is refused, and what stands around it is taken.
{
    printf 'id,text\n1,a\n2,"'
    head -c 60000000 /dev/zero | tr '\0' 'x'
    awk 'BEGIN { for (i = 0; i < 4000000; i++) printf "\n\"\"yy,zz," }'
    printf '"\n3,b\n'
} >huge.csv
printf 'id,text\n1,a\n3,b\n' >wanted-rest.csv
cat >huge.yaml <<'END'
version: 1
name: huge
vars: {in: huge.csv}
run: {max_rejected: 100%}
stages:
  - {id: read, type: csv.read, workers: 3, on_error: reject, rejects: {path: large.csv}, with: {path: "${in}"}}
  - {type: csv.write, with: {path: rest.csv}}
END
run 0 run huge.yaml
same rest.csv wanted-rest.csv
says large.csv "huge.csv,3,12,,\"a row of 96.0 MB is larger than max_record (16 MiB)"
mv large.csv large-file.csv
"$program" run -q huge.yaml --var in=- <huge.csv || fail "huge.csv from standard input: exit $?"
same rest.csv wanted-rest.csv
sed 's/^(standard input)/huge.csv/' large.csv | cmp -s - large-file.csv || fail "its rejects differ"
rm huge.csv

# Lines, too.
cat >lines.yaml <<'END'
version: 1
name: lines
vars: {in: ugly.csv}
run: {slot: 64KiB}
stages:
  - {type: lines.read, workers: 4, with: {path: "${in}"}}
  - {type: lines.write, with: {path: lines.txt}}
END
run 0 run lines.yaml
tr -d '\r' <ugly.csv | awk 1 >wanted.txt
tr -d '\r' <lines.txt | awk 1 >got.txt
same got.txt wanted.txt

finish
