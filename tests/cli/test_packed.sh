#!/bin/sh
# Compressed files are read as what is in them, whatever their names say; damage is told, and nothing is published; a worker
# that is killed while it unpacks is replaced.
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

finish
