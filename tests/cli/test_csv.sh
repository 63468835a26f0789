#!/bin/sh
# The options of csv.read and csv.write, as a user meets them.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# becomes EXPECTED STAGE...: what the chain prints, for one worker and for three.
becomes() {
    printf '%b' "$1" >expected
    shift
    for workers in 1 3; do
        run 0 "do" -q --workers $workers "$@"
        same out expected
    done
}

# refused CODE TEXT STAGE...
refused() {
    code=$1 text=$2
    shift 2
    run "$code" "do" "$@"
    says err "$text"
}

printf 'id,name,price\n1,,2.50\n2,NA,"3"\n3,"",\n' >in.csv

# Writing.
becomes 'id,name,price\n1,-,2.50\n2,NA,3\n3,"",-\n' csv.read in.csv ! csv.write - null_value=-
becomes 'id,name,price\n1,NA,2.50\n2,"NA",3\n3,"",NA\n' csv.read in.csv ! csv.write - null_value=NA
becomes '"id","name","price"\n1,,2.50\n2,"NA",3\n3,"",\n' \
    csv.read in.csv types.id=integer types.price=decimal ! csv.write - quoting=nonnumeric
refused 78 "do:12:21: error: null is written without quotes" csv.read in.csv ! csv.write - null_value='N,A'

# Lines before the header, or before the first row.
printf 'made by a, b\r\n"an open quote\n\nid,v\n1,x\n\n2,"y\ny"\n3\n' >skip.csv
becomes 'id,v\n1,x\n2,"y\ny"\n' csv.read skip.csv skip_lines=2 on_error=drop ! csv.write -
becomes '1,x\n2,"y\ny"\n' csv.read skip.csv skip_lines=4 header=false on_error=drop ! csv.write - header=false
refused 65 "skip.csv:9 (byte 48): expected 2 fields, found 1" csv.read skip.csv skip_lines=2 ! csv.write -
refused 65 "skip.csv is empty" csv.read skip.csv skip_lines=10 ! csv.write -
{ printf '\357\273\277'; cat skip.csv; } >bom.csv
becomes 'id,v\n1,x\n2,"y\ny"\n' csv.read bom.csv skip_lines=2 on_error=drop ! csv.write -
gzip -c skip.csv >skip.csv.gz
becomes 'id,v\n1,x\n2,"y\ny"\n' csv.read skip.csv.gz skip_lines=2 on_error=drop ! csv.write -
{ awk 'BEGIN { for (i = 0; i < 50000; i++) print "a line of the preface" }' && cat in.csv; } >far.csv
becomes 'id\n1\n2\n3\n' csv.read far.csv skip_lines=50000 ! transform select=id ! csv.write -

# Comments, blank lines and spaces.
printf '# made by "me\r\n\nid,v\n#,x\n1,#x\n"2\n#",y\n#\n\n3,z\n4\n# the end' >comments.csv
becomes 'id,v,at\n1,#x,5\n"2\n#",y,6\n3,z,10\n' \
    csv.read comments.csv comment='#' line_column=at on_error=drop ! csv.write -
refused 65 "comments.csv:11 (byte 45): expected 2 fields, found 1" csv.read comments.csv comment='#' ! csv.write -
printf '#\n\n# only' >no-rows.csv
refused 65 "no-rows.csv has no header: its lines are all blank" csv.read no-rows.csv comment='#' ! csv.write -
refused 78 "'comment' cannot be the byte of 'delimiter' or 'quote'" csv.read in.csv comment=, ! csv.write -
printf 'id,v\n\n1,\r\n\r\n2,x\n\n' >blank.csv
becomes 'id,v,at\n,,2\n1,,3\n,,4\n2,x,5\n,,6\n' csv.read blank.csv blank_lines=keep line_column=at ! csv.write -
printf 'id\n\n1\r\n\r\n2\n\n' >blank.csv
becomes 'id,at\n,2\n1,3\n,4\n2,5\n,6\n' csv.read blank.csv line_column=at ! csv.write -
becomes 'id,at\n1,3\n2,5\n' csv.read blank.csv blank_lines=skip line_column=at ! csv.write -
printf ' id ,\t"a, b" \n1 , " x" \n \t\n  ,y z\t\n" 2"," say ""x"" "\n3, "x" y"\n' >spaces.csv
becomes 'id,"a, b",at\n1, x,2\n,y z,4\n 2," say ""x"" ",5\n' \
    csv.read spaces.csv trim=true line_column=at on_error=drop ! csv.write -
refused 65 "spaces.csv:6 (byte 54): text behind a closing quote, at line 6, column 8" \
    csv.read spaces.csv trim=true ! csv.write -
refused 78 "'quote' cannot be a space where spaces are trimmed" csv.read in.csv trim=true quote=' ' ! csv.write -
awk 'BEGIN { print "n,text"; for (i = 2; i <= 90000; i += 4) printf "%d,\"two\n#lines\"\n#\"%d\n\n", i, i }' >many.csv
run 0 "do" -q --workers 3 csv.read many.csv comment='#' line_column=line ! transform 'where=n = line' ! count
[ "$(cat out)" = 22500 ] || fail "$(cat out) lines with comments are right"

# A header that names a column twice.
printf 'a,b,a,a_2,a,\n1,2,3,4,5,6\n' >twice.csv
refused 65 "the header has the column 'a' twice: columns 1 and 3" csv.read twice.csv ! csv.write -
becomes 'a,b,a_3,a_2,a_4,column_6\n1,2,3,4,5,6\n' csv.read twice.csv duplicate_header=suffix ! csv.write -

# Where records came from.
printf 'id,v\n\n1,x\n' >one.csv
printf 'v,id\nz,4\n' >more.csv
becomes 'id,v,from,at\n1,x,skip.csv,5\n2,"y\ny",skip.csv,7\n' \
    csv.read skip.csv skip_lines=2 on_error=drop filename_column=from line_column=at ! csv.write -
becomes 'v,where\nx,3\nz,2\n' csv.read one.csv more.csv line_column=where ! \
    transform 'select=[v, where]' ! csv.write -
becomes 'from\nmore.csv\n' csv.read more.csv filename_column=from line_column=at ! transform select=from ! csv.write -
refused 78 "there is a column 'id' already" csv.read in.csv line_column=id ! count
awk 'BEGIN { print "n,text"; for (i = 2; i <= 60000; i += 3) printf "%d,\"two\nlines\"\n\n", i }' >many.csv
run 0 "do" -q --workers 3 csv.read many.csv line_column=line ! transform 'where=n <> line' ! count
[ "$(cat out)" = 0 ] || fail "$(cat out) lines are wrong"
run 0 "do" -q --workers 3 csv.read many.csv line_column=line limit=700 ! transform 'where=n = line' ! count
[ "$(cat out)" = 700 ] || fail "$(cat out) lines with a limit"

# Other encodings.
printf 'id,name\n1,J\303\274rgen \342\202\254\n2,\360\235\204\236\n' >utf8.csv
for encoding in utf-16 utf-16le utf-16be; do
    iconv -f UTF-8 -t $encoding utf8.csv >other.csv
    becomes "$(cat utf8.csv)\n" csv.read other.csv encoding="$encoding" ! csv.write -
done
{ printf '\376\377'; iconv -f UTF-8 -t UTF-16BE utf8.csv; } >other.csv
becomes "$(cat utf8.csv)\n" csv.read other.csv encoding=utf-16 ! csv.write -
becomes "$(cat utf8.csv)\n" csv.read other.csv encoding=auto ! csv.write -
refused 65 "other.csv is UTF-16: say encoding: utf-16" csv.read other.csv ! csv.write -
printf 'id,name\n1,J\374rgen \200\n' >western.csv
becomes 'id,name\n1,J\303\274rgen \342\202\254\n' csv.read western.csv encoding=windows-1252 ! csv.write -
becomes 'id,name\n1,J\303\274rgen \302\200\n' csv.read western.csv encoding=latin1 ! csv.write -
becomes 'id,name\n1,J\303\274rgen \342\202\254\n' csv.read western.csv encoding=auto ! csv.write -
becomes "$(cat utf8.csv)\n" csv.read utf8.csv encoding=auto ! csv.write -
gzip -c western.csv >western.csv.gz
becomes 'id,name\n1,J\303\274rgen \342\202\254\n' csv.read western.csv.gz encoding=auto ! csv.write -
{ printf 'i\0d\0\n\0' && printf '\0\330x\0\n\0'; } >broken.csv
refused 65 "'broken.csv': what stands at byte 6 is no UTF-16" csv.read broken.csv encoding=utf-16le ! csv.write -
{ printf 'i\0d\0\n\0' && printf 'x'; } >broken.csv
refused 65 "'broken.csv': what stands at byte 6 is no UTF-16" csv.read broken.csv encoding=utf-16 ! csv.write -
awk 'BEGIN { print "id,name"; for (i = 1; i < 40000; i++) print i ",J\303\274rgen the " i "th" }' >large.csv
iconv -f UTF-8 -t UTF-16LE large.csv >large16.csv
run 0 "do" -q csv.read large16.csv encoding=utf-16le ! csv.write -
same out large.csv
run 0 "do" -q lines.read large16.csv encoding=utf-16 ! lines.write -
same out large.csv
run 78 "do" csv.read - encoding=latin1 ! count
says err "standard input must be UTF-8: let iconv -f latin1 -t UTF-8 go before"
finish
