#!/bin/sh
# csv.write's `split`: numbered files of so many records or bytes, all of them published or none.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# Rows of all sizes; some are larger than a slot, and some hold line ends.
awk 'BEGIN {
    for (long = "lorem "; length(long) < 300000;) long = long long
    print "id,k,text"
    for (i = 1; i <= 20000; i++)
        printf "%d,%d,%s\n", i, i % 3, i % 9000 == 0 ? long : i % 5 == 0 ? "\"two\nlines\"" : "text " i
}' >in.csv

# together FOLDER: the header, and what its files hold behind theirs, in the order of their names.
together() {
    head -n 1 in.csv
    for part in "$1"/*; do
        [ "$(head -n 1 "$part")" = "$(head -n 1 in.csv)" ] || echo "no header in $part"
        tail -n +2 "$part"
    done
}

for workers in 1 4; do
    mkdir rows$workers bytes$workers both$workers packed$workers
    run 0 "do" --workers $workers csv.read in.csv ! csv.write rows$workers/out.csv split.rows=7k
    says err "published  rows$workers/out-*.csv"
    run 0 "do" -q --workers $workers csv.read in.csv ! csv.write bytes$workers/out.csv split.bytes=50KB
    run 0 "do" -q --workers $workers csv.read in.csv ! csv.write both$workers/out.csv split='{bytes: 1MB, rows: 1000}'
    run 0 "do" -q --workers $workers csv.read in.csv ! csv.write packed$workers/a.b.csv.gz split.rows=9000
    for folder in rows bytes both packed; do
        diff -rq ${folder}1 $folder$workers >differences || fail "$workers workers: $(head -n 3 differences)"
    done
done
printf 'out-%04d.csv\n' 1 2 3 >expected
ls rows1 >names
same names expected
[ "$(grep -c '^[0-9]*,[0-2],' rows1/out-0001.csv)" -eq 7000 ] || fail "not 7000 records in the first file"
[ "$(grep -c '^[0-9]*,[0-2],' both1/out-0002.csv)" -eq 1000 ] || fail "not 1000 records in a file"
# Only a record that is larger by itself makes a file larger, and stands alone.
for part in bytes1/*; do
    [ "$(wc -c <"$part")" -le 50000 ] || [ "$(wc -l <"$part")" -eq 2 ] || fail "$part is too large"
done
for folder in rows bytes both; do
    together ${folder}1 >all.csv
    same all.csv in.csv
done
printf 'a.b-%04d.csv.gz\n' 1 2 3 >expected
ls packed1 >names
same names expected
gunzip packed1/*.gz
together packed1 >all.csv
same all.csv in.csv

# By columns as well: every file of a value counts for itself.
mkdir by
run 0 "do" -q csv.read in.csv ! csv.write 'by/{k}/out' split.rows=5000
(cd by && find . -type f) | sort >names
printf './%s\n' 0/out-0001 0/out-0002 1/out-0001 1/out-0002 2/out-0001 2/out-0002 >expected
same names expected

# No record: the first file, as there is a file where nothing is split; one that can be unpacked.
run 0 "do" -q csv.read in.csv ! transform where=false ! csv.write none.csv split.rows=1
head -n 1 in.csv >expected
same none-0001.csv expected
run 0 "do" -q csv.read in.csv ! transform where=false ! csv.write nothing.csv.gz header=false split.rows=1
gunzip nothing-0001.csv.gz || fail "an empty file cannot be unpacked"
empty nothing-0001.csv

# A run that fails leaves what was there.
mkdir to
echo old >to/out-0001.csv
printf 'b,c\n' | cat in.csv - >bad.csv
run 65 "do" csv.read bad.csv ! csv.write to/out.csv split.rows=10
[ "$(find to -type f -exec grep -H . {} +)" = to/out-0001.csv:old ] || fail "a failed run left: $(find to)"
run 73 "do" csv.read in.csv ! csv.write to/out.csv split.rows=7k if_exists=error
says err "'to/out-0001.csv' is there already"

refuses() {
    text=$1
    shift
    run 78 "do" csv.read in.csv ! csv.write "$@"
    says err "$text"
}
refuses "standard output cannot be split" - split.rows=1
refuses "'split' has no 'row'" out.csv split.row=1
says err "did you mean 'rows'?"
refuses "'bytes' of 'split' must be a number of bytes" out.csv split.bytes=many
refuses "a file has to hold something" out.csv split.rows=0
refuses "'split' wants rows, bytes, or both" out.csv 'split={}'
refuses "'split' must be a map" out.csv split=7
refuses "numbered files cannot be appended to" out.csv split.rows=1 if_exists=append
run 73 "do" csv.read in.csv ! csv.write /dev/null split.rows=1
says err "'/dev/null' is no file"

# Editors are told of the members.
run 0 schema
grep -qF '"split":{"type":"object","additionalProperties":false,"properties":{"rows":' out || fail "the schema does not know split"
finish
