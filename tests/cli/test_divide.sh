#!/bin/sh
# A path that names columns: each record in the file that its values name, all of them published or none.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# The names of files, and what stands in them.
{
    printf 'k,v\n'
    printf '%s\n' 'a,1' ',2' '"",3' '..,4' '.x,5' 'x.y,6' 'a/b,7' '"a b%",8' 'J\374rgen,9' 'a,10' '{v},11' '"q""",12'
} >in.csv
mkdir to
run 0 "do" csv.read in.csv ! csv.write 'to/k={k}/all.csv'
says err "published  to/k={k}/all.csv"
(cd to && find . -type f) | sort >names
sort >expected <<'END'
./k=a/all.csv
./k=__HIVE_DEFAULT_PARTITION__/all.csv
./k=../all.csv
./k=.x/all.csv
./k=x.y/all.csv
./k=a%2Fb/all.csv
./k=a%20b%25/all.csv
./k=J%5C374rgen/all.csv
./k=%7Bv%7D/all.csv
./k=q%22/all.csv
END
same names expected
printf 'k,v\na,1\na,10\n' >expected
same to/k=a/all.csv expected
printf 'k,v\n,2\n"",3\n' >expected
same to/k=__HIVE_DEFAULT_PARTITION__/all.csv expected
rm -rf to
mkdir to
run 0 "do" csv.read in.csv ! transform "where=v in ('4', '5', '6')" ! csv.write 'to/{k}' header=false
(cd to && find . -type f) | sort >names
printf './%s\n' %2E. %2Ex x.y | sort >expected
same names expected

# The same bytes for any number of workers, and of open files; rows larger than a slot among them.
awk 'BEGIN {
    for (long = "lorem "; length(long) < 300000;) long = long long
    print "id,k,text"
    for (i = 1; i <= 40000; i++) printf "%d,%d,%s\n", i, i * i % 97 % 13, i % 9000 == 0 ? long : "text " i
}' >many.csv
for workers in 1 2 8; do
    rm -rf to
    mkdir to
    run 0 "do" -q --workers $workers csv.read many.csv ! csv.write 'to/{k}.csv' max_open=$workers
    [ -d wanted ] || {
        mkdir wanted
        awk -F, 'NR == 1 { head = $0; next } !($2 in seen) { seen[$2] = 1; print head >("wanted/" $2 ".csv") }
            { print >("wanted/" $2 ".csv") }' many.csv
    }
    diff -rq to wanted >differences || fail "$workers workers: $(head -n 3 differences)"
done

# A run that fails leaves what was there, and nothing else: no file, no folder.
rm -rf to
mkdir -p to/a
echo old >to/a/all.csv
cp -R to old
printf 'b,c,d\n' | cat in.csv - >bad.csv
run 65 "do" csv.read bad.csv ! csv.write 'to/{k}/all.csv'
diff -r to old >differences || fail "a failed run left: $(cat differences)"
[ "$(find to | wc -l)" -eq 3 ] || fail "a failed run left $(find to)"
run 73 "do" csv.read in.csv ! csv.write 'to/{k}/all.csv' if_exists=error
says err "'to/a/all.csv' is there already"
diff -r to old >differences || fail "if_exists: error left: $(cat differences)"
run 0 "do" csv.read in.csv ! csv.write 'to/{k}/all.csv'
[ "$(wc -l <to/a/all.csv)" -eq 3 ] || fail "an old file was not replaced"

# Compressed, with members that do not depend on how the records come.
for workers in 1 4; do
    mkdir packed$workers
    run 0 "do" -q --workers $workers csv.read many.csv ! csv.write "packed$workers/{k}.csv.gz" max_open=2
done
diff -rq packed1 packed4 >differences || fail "compressed by 4 workers: $(head -n 3 differences)"
gunzip packed1/*.gz
diff -rq packed1 wanted >differences || fail "compressed and unpacked: $(head -n 3 differences)"

# No record, no file.
rm -rf to
mkdir to
run 0 "do" csv.read in.csv ! transform where=false ! csv.write 'to/{k}/all.csv'
[ "$(find to | wc -l)" -eq 1 ] || fail "files of no records: $(find to)"

refuses() {
    text=$1
    shift
    run 78 "do" csv.read in.csv ! csv.write "$@"
    says err "$text"
}
refuses "there is no column 'vv'" 'to/{k}/{vv}.csv'
says err "did you mean 'v'?"
refuses "a path cannot begin with a column" '{k}.csv'
refuses "a column's name stands in braces" 'to/{k.csv'
refuses "a column's name stands in braces" 'to/{k}{}.csv'
refuses "files that columns name cannot be appended to" 'to/{k}.csv' if_exists=append
refuses "one file must be open" 'to/{k}.csv' max_open=0
run 73 "do" csv.read in.csv ! csv.write 'nowhere/{k}.csv'
says err "the folder 'nowhere' does not exist"
finish
