#!/bin/sh
# csv.read's `infer` and `pipeline infer`: how a file is written and of which types its columns are, from its first rows.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# guesses TEXT LINE...: what is guessed from a file with that text, below its path.
guesses() {
    printf '%b' "$1" >guessed.csv
    shift
    run 0 infer guessed.csv
    tail -n +5 out | sed 's/^      //' >lines
    printf '%s\n' "$@" >expected
    same lines expected
}

all_types='types:
  i: integer
  d: decimal
  b: boolean
  day: date
  at: timestamp
  t: text'
guesses 'i,d,b,day,at,t\n-1,1.50,true,2024-02-29,2024-02-29 10:00:00,x\n0,2,FALSE,2023-01-01,2023-01-01T10:00:00Z,\n,,,,,"a,b"\n' "$all_types"
# The dialect.
for delimiter in ';' '\t' '|'; do
    guesses "a${delimiter}b${delimiter}c\\n1${delimiter}1,5${delimiter}x y\\n2${delimiter}2,25${delimiter}\"p,q\"\\n" \
        "delimiter: \"$delimiter\"" 'types:' '  a: integer' \
        "  b: text   # a decimal comma? replace(..., ',', '.')::decimal makes a number of it" '  c: text'
done
guesses "1,'a,b',x\n2,'c',y\n" 'header: false   # not sure: the first row looks like the others' "quote: \"'\"" \
    'types:' '  column_1: integer' '  column_2: text' '  column_3: text'
guesses "name,what\nO'Neil,1\n'tis,2\n" 'types:' '  name: text' '  what: integer'
guesses 'text\nHello, you\nHello, you, and you\nHello\n' 'header: true   # not sure: the first row looks like the others' \
    '# one column: no delimiter cuts the rows into as many fields each' 'types:' '  text: text'
guesses '\0357\0273\0277a,b\r\n1,2\r\n3,4' 'types:' '  a: integer' '  b: integer'
# What is no number, date or truth, whatever it looks like.
guesses 'plz,long,plus,e,day,at,bool,empty,none,"a ""b""","no"\n01,1234567890123456789,+1,1e5,2023-02-29,2023-01-01 25:00,1,"",,1,2\n' 'types:' \
    '  plz: text   # numbers with zeros in front' '  long: text' '  plus: text' '  e: text' '  day: text' '  at: text' \
    '  bool: integer' '  empty: text' '  none: untyped   # no value in the rows that were looked at' \
    '  "a \"b\"": integer' '  "no": integer'
guesses 'a,b,c\n1,1,2024-01-01\n2.5,x,2024-01-01 10:00:00\n' 'types:' '  a: decimal' '  b: text' '  c: text'
# As many rows as are asked for, and no more.
printf 'a,b\n1,2\n3,x\n' >few.csv
run 0 infer few.csv -n 1
says out '  b: integer'
run 0 infer few.csv --rows 2
says out '  b: text'
run 66 infer nowhere.csv
says err "cannot open 'nowhere.csv'"
says_not err infer:
run 64 infer
gzip -k few.csv
run 0 infer few.csv.gz
says out '  b: text'

# What is printed is a stage, and reads the file as `infer` does: a file without any guess says what the types are.
printf 'id;name;price\n' >in.csv
awk 'BEGIN { for (i = 1; i <= 30000; i++) printf "%d;%s;%d.%02d\n", i, i % 7 ? "n" i : "\"a;\"\"b\"", i % 100, i % 89 }' >>in.csv
{
    printf 'version: 1\nname: guessed\nstages:\n'
    "$program" infer in.csv
    printf '  - {id: sum, type: aggregate, with: {by: [name], set: {sum: sum(price), n: count(*), last: max(id)}}}\n'
    printf '  - {id: write, type: csv.write, with: {path: by-file.csv}}\n'
} >guessed.yaml
run 0 run -q guessed.yaml
for workers in 1 4; do
    run 0 "do" -q --workers $workers csv.read in.csv infer=50 ! \
        aggregate by=name set='{sum: sum(price), n: count(*), last: max(id)}' ! csv.write out.csv
    same out.csv by-file.csv
done
"$program" "do" -q csv.read - infer=50 ! aggregate by=name set='{sum: sum(price), n: count(*), last: max(id)}' ! \
    csv.write out.csv <in.csv || fail "standard input"
same out.csv by-file.csv

# A row that does not fit is bad where its value is used, as with a type that the file declares.
printf 'bad;x;y\n' >>in.csv
run 1 "do" -q csv.read in.csv infer=1k ! transform set.next='id + 1' on_error=reject rejects.path=bad.csv ! csv.write out.csv
run 1 "do" -q csv.read in.csv delimiter=';' types='{id: integer, price: decimal, name: text}' ! \
    transform set.next='id + 1' on_error=reject rejects.path=bad2.csv ! csv.write out2.csv
same bad.csv bad2.csv
same out.csv out2.csv
[ "$(wc -l <bad.csv)" -eq 2 ] || fail "not one reject"

# What is given is not guessed. Other files are written as the first is.
run 0 "do" -q csv.read few.csv infer=9 header=false delimiter=';' types='{column_1: text}' ! csv.write out.csv
printf 'column_1\n"a,b"\n"1,2"\n"3,x"\n' | tr -d '"' >expected
tr -d '"' <out.csv >plain
same plain expected
printf 'x;y\n1;2\n' >one.csv
printf 'y;z\n5;"6;7"\n' >two.csv
run 0 "do" -q csv.read path='[one.csv, two.csv]' infer=9 union_by_name=true ! csv.write out.csv
printf 'x,y,z\n1,2,\n,5,6;7\n' >expected
same out.csv expected

# Files of others: whatever can be read can be guessed, and reads the same.
corpora=$WEIR_SOURCE/../shared/corpora
if [ -d "$corpora" ]; then
    for file in "$corpora"/csv-spectrum/csvs/*.csv "$corpora"/csv-test-data/csv/*.csv; do
        "$program" "do" -q csv.read "$file" ! csv.write plain.csv 2>err || continue
        "$program" "do" -q csv.read "$file" infer=100 ! csv.write guessed.csv 2>err || fail "$file: $(cat err)"
        same plain.csv guessed.csv
    done
else
    echo "skipped: no corpora in $corpora"
fi
finish
