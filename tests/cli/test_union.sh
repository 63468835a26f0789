#!/bin/sh
# csv.read's union_by_name: files of different columns.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

printf 'id,name\n1,a\n2,"b ""c"""\n' >1.csv
printf 'price,id,name,extra\n0.5,3,d,x\n,4,,\n' >2.csv
printf 'only\n5\n\n6\n' >3.csv
printf 'name,id\ne,7\nf,8,9\ng\n' >4.csv
cat >expected <<'END'
id,name,price,extra,only
1,a,,,
2,"b ""c""",,,
3,d,0.5,x,
4,,,,
,,,,5
,,,,6
7,e,,,
END
for parser in auto libcsv verify; do
    run 1 "do" -q csv.read path='[1.csv, 2.csv, 3.csv, 4.csv]' union_by_name=true parser=$parser \
        on_error=reject rejects.path=bad.csv ! csv.write out.csv
    same out.csv expected
    cut -d, -f1-3,5 bad.csv >reasons
    printf '%s\n' 'file,line,byte,reason' '4.csv,3,12,"expected 2 fields' '4.csv,4,18,"expected 2 fields' >bad
    same reasons bad
done
# The rule of other columns stays where nothing else is asked for.
run 65 "do" csv.read path='[1.csv, 2.csv]' ! csv.write out.csv
says err "2.csv has other columns than 1.csv: has 'price', 'extra'"
run 65 "do" csv.read path='[2.csv, 1.csv]' ! csv.write out.csv
says err "1.csv has other columns than 2.csv: lacks 'price', 'extra'"
run 78 "do" csv.read path='[2.csv, 1.csv]' union_by_name=true header=false ! csv.write out.csv
says err "without a header there are no names"

# With types, with nulls for short rows, and with only a column that some files lack.
run 0 "do" -q csv.read path='[1.csv, 2.csv]' union_by_name=true types='{price: decimal}' ! \
    transform set.double="coalesce(price, 1) * 2" select='[id, double]' ! csv.write out.csv
printf 'id,double\n1,2\n2,2\n3,1.0\n4,2\n' >expected
same out.csv expected
run 0 "do" -q csv.read path='[2.csv, 4.csv]' union_by_name=true missing_columns=null_fill extra_columns=ignore ! \
    transform select='[extra, id]' ! csv.write out.csv
printf 'extra,id\nx,3\n,4\n,7\n,8\n,\n' >expected
same out.csv expected

# Many records, many workers, compressed files and standard input among them.
for i in 1 2 3 4; do
    awk -v i=$i 'BEGIN {
        print i == 1 ? "a,b" : i == 2 ? "b,c,a" : i == 3 ? "d" : "c,b"
        for (r = 1; r <= 60000; r++)
            print i == 1 ? r ",x" r : i == 2 ? "\"y\"\"" r "\"," r ",z" : i == 3 ? r : r % 7 ",w"
    }' >many-$i.csv
done
gzip many-4.csv
awk 'BEGIN {
    print "a,b,c,d"
    for (r = 1; r <= 60000; r++) print r ",x" r ",,"
    for (r = 1; r <= 60000; r++) print "z,\"y\"\"" r "\"," r ","
    for (r = 1; r <= 60000; r++) print ",,," r
    for (r = 1; r <= 60000; r++) print ",w," r % 7 ","
}' >expected
for workers in 1 4; do
    run 0 "do" -q --workers $workers csv.read path='many-*.csv*' union_by_name=true ! csv.write out.csv
    same out.csv expected
done
"$program" "do" -q csv.read path='[many-1.csv, "-"]' union_by_name=true ! csv.write out.csv <many-2.csv || fail "standard input"
head -n 120001 expected | cut -d, -f1-3 >expected.head
same out.csv expected.head
finish
