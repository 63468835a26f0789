#!/bin/sh
# Compressed files are read as what is in them, whatever their names say; damage is told, and nothing is published; a worker
# that is killed while it unpacks is replaced. And they are written, by all workers.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

awk 'BEGIN { print "id,text"; for (i = 1; i <= 60000; i++) printf "%d,\"row, %d\nof many\"\n", i, i * 7919 % 10007 }' >plain.csv
tail -n +2 plain.csv >rows.csv
cat >p.yaml <<'END'
version: 1
name: packed
vars: {in: plain.csv}
stages:
  - {id: read, type: csv.read, workers: 2, with: {path: "${in}"}}
  - {id: write, type: csv.write, with: {path: out.csv}}
END
cat >lines.yaml <<'END'
version: 1
name: packed-lines
vars: {in: plain.csv}
stages:
  - {id: read, type: lines.read, with: {path: "${in}"}}
  - {id: write, type: lines.write, with: {path: out.txt}}
END

gzip -c plain.csv >a.gz
bzip2 -c plain.csv >a.bz2
xz -1c plain.csv >a.xz
zstd -qc plain.csv >a.zst
{
    gzip -c plain.csv
    gzip -c rows.csv
} >members.gz
cp a.zst no-suffix
for file in a.gz a.bz2 a.xz a.zst no-suffix; do
    run 0 run p.yaml --var in=$file
    says err "balanced"
    same out.csv plain.csv
    run 0 run lines.yaml --var in=$file
    same out.txt plain.csv
done
cat plain.csv rows.csv >wanted.csv
run 0 run p.yaml --var in=members.gz
same out.csv wanted.csv

# Several files, some of them compressed: each begins anew, and the places of bad rows are those in the text.
printf 'id,text\n1,x\n2\n' | gzip -c >short.gz
sed "s|path: \"\${in}\"|path: [a.zst, plain.csv, short.gz]|" p.yaml >several.yaml
run 65 run several.yaml
says err "short.gz:3 (byte 12): expected 2 fields, found 1"

# Damage, at the end and in the middle.
rm -f out.csv
head -c 200000 a.gz >cut.gz
run 65 run p.yaml --var in=cut.gz
says err "cannot unpack 'cut.gz': truncated"
{
    head -c 50000 a.xz
    head -c 1000 plain.csv
    tail -c +51001 a.xz
} >bad.xz
run 65 run p.yaml --var in=bad.xz
says err "cannot unpack 'bad.xz'"
[ ! -e out.csv ] || fail "something was published"
printf '' | gzip -c >empty.gz
run 65 run p.yaml --var in=empty.gz
says err "empty.gz is empty"

# The source is killed again and again: its successor unpacks from the beginning, and goes on where it was.
"$program" run p.yaml --var in=a.bz2 >out 2>err </dev/null &
pid=$!
kills=0
while kill -0 $pid 2>/dev/null; do
    sleep 0.05
    for worker in $(pgrep -P $pid); do
        case $(ps -o args= -p "$worker") in
        *"read.cut"*) kill -KILL "$worker" 2>/dev/null && kills=$((kills + 1)) ;;
        esac
    done
    [ $kills -lt 3 ] || break
done
code=0
wait $pid || code=$?
[ $code -eq 0 ] || {
    fail "with its source killed: exit $code"
    cat err
}
same out.csv plain.csv

# unpack FILE
unpack() {
    case $1 in
    *.gz) gzip -dc "$1" ;;
    *.bz2) bzip2 -dc "$1" ;;
    *.xz) xz -dc "$1" ;;
    *.zst) zstd -dcq "$1" ;;
    esac
}

# Written by the end of the name, with any number of workers the same bytes; and what others make of it is what was written.
for suffix in gz bz2 xz zst; do
    run 0 "do" --workers 4 csv.read plain.csv ! csv.write out.$suffix
    says err "balanced"
    unpack out.$suffix >out.csv
    same out.csv plain.csv
    [ "$(wc -c <out.$suffix)" -lt "$(($(wc -c <plain.csv) / 3))" ] || fail "out.$suffix is large"
    run 0 "do" -q --workers 1 csv.read plain.csv ! csv.write again.$suffix
    same again.$suffix out.$suffix
    run 0 "do" -q csv.read out.$suffix ! csv.write out.csv
    same out.csv plain.csv
    printf 'id\n' >none.csv
    run 0 "do" -q csv.read none.csv ! csv.write none.$suffix header=false
    unpack none.$suffix >out.csv || fail "none.$suffix cannot be unpacked"
    empty out.csv
done
run 0 "do" -q lines.read plain.csv ! lines.write out.gz
unpack out.gz >out.txt
same out.txt plain.csv
run 0 "do" -q csv.read plain.csv ! jsonl.write out.jsonl.zst
run 0 "do" -q jsonl.read out.jsonl.zst fields.id=/id fields.text=/text ! csv.write out.csv
same out.csv plain.csv
run 0 "do" -q csv.read plain.csv ! csv.write - compression=gzip
gzip -dc out >out.csv
same out.csv plain.csv
run 0 "do" -q csv.read plain.csv ! csv.write out.gz compression=none
same out.gz plain.csv
printf 'id,text\n1\n2,x\n' >short.csv
sed "s|type: csv.read,|type: csv.read, rejects: {path: bad.gz},|" p.yaml >rejecting.yaml
run 1 run rejecting.yaml --var in=short.csv
printf 'file,line,byte,column,reason,raw\nshort.csv,2,8,,"expected 2 fields, found 1",1\n' >wanted.csv
same bad.gz wanted.csv
run 78 "do" csv.read plain.csv ! csv.write out.gz if_exists=append
says err "a compressed file cannot be appended to"
awk 'BEGIN { srand(1); for (i = 0; i < 300000; i++) printf "%c", 32 + int(rand() * 95); print "" }' >noise.txt
run 0 "do" -q lines.read noise.txt ! lines.write noise.bz2
unpack noise.bz2 >out.txt
same out.txt noise.txt

finish
