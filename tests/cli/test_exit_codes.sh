#!/bin/sh
# Every exit code that this version can give, and a world that does not play along: disks, limits, readers, signals.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"
# shellcheck source=tests/cli/refused.sh
. "$WEIR_SOURCE/tests/cli/refused.sh"

cat >copy.yaml <<END
version: 1
name: $name
vars: {in: in.csv, out: out.csv}
stages:
  - id: read
    type: csv.read
    rejects: {path: bad.csv}
    with: {path: "\${in}"}
  - id: write
    type: csv.write
    with: {path: "\${out}"}
END
printf 'id,n\n1,1\n' >in.csv
awk 'BEGIN { print "id,n"; for (i = 1; i <= 400000; i++) print i ",some text here " i }' >big.csv

# waits NUMBER: until the stages of the pipeline have so many workers, or the program in the background has ended.
waits() {
    until [ "$(pgrep -cf "^weir $name ")" -ge "$1" ] || ! kill -0 "$pid" 2>/dev/null; do :; done
}

# ends CODE WHAT: the program in the background has ended with CODE, refusing as refused() wants it.
ends() {
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq "$1" ] || {
        fail "$2: exit $code, not $1"
        sed 's/^/    /' err
    }
    empty out
    [ -s err ] || fail "nothing is said: $2"
    outputs_are_as_they_were "$2"
    nothing_stays
}

# ---- 0 and 1: published, and how much may be wrong ----

printf 'id,n\n1,1\n2\n3,3\n4\n5,5\n' >two-bad.csv
accepted 0 run copy.yaml
# allows CODE LIMIT
allows() {
    sed "s/^stages:/run: {max_rejected: $2}\n&/" copy.yaml >allowing.yaml
    accepted "$1" run allowing.yaml --var in=two-bad.csv --receipt r.json
    counts read 5 3 0 2
    says r.json "\"exit_code\": $1"
    says r.json '"published": true'
}
accepted 1 run copy.yaml --var in=two-bad.csv
says err "exit 1: 2 records rejected"
allows 1 0
allows 1 1
allows 0 2
allows 1 39%
allows 0 40%
sed "s/^stages:/run: {max_rejected: some}\n&/" copy.yaml >allowing.yaml
refused 78 run allowing.yaml
says err "'max_rejected'"

# ---- 64: the command line ----

for words in '' rn 'run' 'run a.yaml b.yaml' 'run --bogus copy.yaml' 'run copy.yaml --workers 0' \
    'run copy.yaml --workers 65' 'run copy.yaml --workers 1x' 'run copy.yaml --workers' 'run copy.yaml --timeout 5x' \
    'run copy.yaml --var in' 'run copy.yaml --var =x' 'run copy.yaml --var on=x' 'run copy.yaml --set read=x' \
    'run copy.yaml --set raed.path=x' 'run copy.yaml --set read.pth=x' 'run copy.yaml --progress fast' \
    'run copy.yaml --log-format xml' 'check copy.yaml --receipt r.json' 'stages csv.raed' 'functions rond'; do
    # shellcheck disable=SC2086
    refused 64 $words
done
refused 64 rn copy.yaml
says err "did you mean 'run'?"
refused 64 run copy.yaml --set read.delimeter=x
says err "did you mean 'delimiter'?"
# A value that is no value of its option; told by the option table, by csv.write, by transform.
refused 64 run copy.yaml --set 'read.delimiter=;;'
says err "error: --set read.delimiter: 'delimiter' must be one character"
says err "--set read.delimiter=;;"
refused 64 run copy.yaml --set 'write.delimiter="'
says err "error: --set write.delimiter: 'delimiter' cannot be a quote"
refused 64 check copy.yaml --set 'read.types={id: intger}'
says err "'intger' is no type"
sed "s/path: \"\${out}\"/&, quoting: \"\${q:-all}\"/; s/^vars: {/&q: , /" copy.yaml >quoting.yaml
refused 64 run quoting.yaml --var q=al
says err "error: --var q: 'quoting' must be minimal, all, none or nonnumeric, not 'al'"
says err "did you mean 'all'?"

# The pipeline file and the data cannot both come from standard input.
code=0
"$program" run - --var in=- <copy.yaml >out 2>err || code=$?
[ "$code" -eq 64 ] || fail "standard input twice: exit $code, not 64"
says err "(standard input):8:18: error: --var in: standard input is the pipeline file: it cannot be the data too"
"$program" check -q - --var in=- <copy.yaml || fail "a file that reads standard input can be checked from there"

# ---- 65: bad data ----

sed '/rejects/d' copy.yaml >strict.yaml
refused 65 run strict.yaml --var in=two-bad.csv --receipt r.json
says err "two-bad.csv:3 (byte 9): expected 2 fields, found 1"
says r.json '"exit_code": 65'
says r.json '"published": false'

# ---- 66: an input, or the pipeline file, is not there ----

refused 66 run missing.yaml
says err "cannot open 'missing.yaml': No such file or directory"
mkdir folder
refused 66 run folder
says err "'folder' is a directory"
refused 66 run copy.yaml --var in=missing.csv
says err "copy.yaml:8:18: error: --var in: stage 'read': cannot open 'missing.csv': No such file or directory"
refused 66 run copy.yaml --set 'read.path=[in.csv, missing.csv]'
says err "error: --set read.path: stage 'read': cannot open 'missing.csv'"

# Root may read everything: drop that, where this script can.
owner=$program
chmod 755 "$work"
if [ "$(id -u)" -eq 0 ]; then
    # shellcheck disable=SC2016
    printf '#!/bin/sh\nexec setpriv --reuid=65534 --regid=65534 --clear-groups "%s" "$@"\n' "$program" >nobody
    chmod 755 nobody
    program=$work/nobody
fi
if "$program" version >out 2>err; then
    cp in.csv secret.csv
    cp copy.yaml secret.yaml
    chmod 0 secret.*
    refused 66 run copy.yaml --var in=secret.csv
    says err "cannot open 'secret.csv': Permission denied"
    refused 66 run secret.yaml
    says err "cannot open 'secret.yaml': Permission denied"
    mkdir closed
    cp in.csv closed/old.csv
    chmod 444 closed/old.csv
    chmod 555 closed
    for path in closed/old.csv closed/new.csv; do
        refused 73 run strict.yaml --var out=$path
        says err "cannot write '$path'"
        says err "Permission denied"
    done
    same closed/old.csv in.csv
    [ ! -e closed/new.csv ] || fail "closed/new.csv was made"
    chmod 755 closed
else
    echo "skipped: no permission (there is no way to be somebody else here)"
fi
program=$owner

# ---- 71: the system refuses memory or descriptors ----

sed 's/^stages:/run: {memory: 1MiB}\n&/' copy.yaml >small.yaml
refused 71 run small.yaml
says err "above the 1 MiB of 'memory:'"
refused 71 check small.yaml
for limit in 5 6 7 8 9 10 11 12; do
    put_outputs
    code=0
    timeout -s KILL 20 prlimit --nofile=$limit "$unguarded" run copy.yaml >out 2>err </dev/null || code=$?
    [ $code -eq 0 ] || {
        [ $code -eq 71 ] || fail "at most $limit descriptors: exit $code, not 71"
        says err "Too many open files"
        outputs_are_as_they_were "a run with $limit descriptors"
    }
    # Without descriptors not even the cleaning up can be started: the next run does it.
    rm -f .out.csv.part .bad.csv.part
    nothing_stays
done
if ! sanitized; then
    put_outputs
    code=0
    timeout -s KILL 20 prlimit --as=30000000 "$unguarded" run copy.yaml --workers 4 >out 2>err </dev/null || code=$?
    [ $code -eq 71 ] || fail "little memory: exit $code, not 71"
    says err "memory"
    outputs_are_as_they_were "a run with little memory"
    nothing_stays
fi

# ---- 73: an output can't be made ----

refused 73 run copy.yaml --var out=no/such/folder/out.csv
says err "cannot write 'no/such/folder/out.csv': the folder 'no/such/folder' does not exist"
long=$(printf '%0250d' 0)
refused 73 run copy.yaml --var "out=$long"
says err "the name is too long: .NAME.part stands beside it while it is written, so it can have 249 bytes and has 250"
run 0 run -q copy.yaml --var "out=${long#0}"
same in.csv "${long#0}"
rm "${long#0}"
mkdir deleted
code=0
(cd deleted && rmdir ../deleted && "$program" run "$work/copy.yaml" --var "in=$work/in.csv") >out 2>err || code=$?
[ "$code" -eq 73 ] || fail "a deleted folder: exit $code, not 73"
says err "the current folder does not exist any more"
refused 73 run copy.yaml --var out=folder
says err "cannot write 'folder': it is a directory"
refused 73 run copy.yaml --set write.if_exists=error
says err "'out.csv' is there already"
sed 's|path: bad.csv|path: no/such/folder/bad.csv|' copy.yaml >nowhere.yaml
refused 73 run nowhere.yaml
says err "no/such/folder/bad.csv"

# ---- 74: reading and writing ----

refused 74 run copy.yaml --var out=/dev/full
says err "cannot write '/dev/full': No space left on device"

# A full disk: a small one in a mount namespace of its own, which goes away by itself.
mkdir disk
if unshare -rm mount -t tmpfs weir disk 2>/dev/null; then
    put_outputs
    code=0
    # shellcheck disable=SC2016
    unshare -rm sh -c 'mount -t tmpfs -o size=1m weir disk && cp out.csv disk/out.csv || exit
        "$0" run copy.yaml --var in=big.csv --var out=disk/out.csv >out 2>err
        code=$?
        cp disk/out.csv out.csv
        ls -A disk >names
        exit $code' "$program" || code=$?
    [ $code -eq 74 ] || fail "a full disk: exit $code, not 74"
    says err "cannot write 'disk/out.csv': No space left on device"
    says err "nothing was published"
    empty out
    [ "$(cat names)" = out.csv ] || fail "on the full disk remain: $(cat names)"
    outputs_are_as_they_were "a run on a full disk"
    nothing_stays
else
    echo "skipped: a full disk (no file system can be mounted here)"
fi

# A limit on the size of files (8 MB, below the output's 11) is a message, not a death by SIGXFSZ.
sed 's/^stages:/run: {slots: 1, slot: 64KiB, max_record: 64KiB}\n&/; s/with: {path/workers: 1\n    &/' copy.yaml >limited.yaml
put_outputs
code=0
timeout -s KILL 20 prlimit --fsize=8000000 "$unguarded" run limited.yaml --var in=big.csv >out 2>err </dev/null || code=$?
[ $code -eq 74 ] || fail "a limit on the size of files: exit $code, not 74"
says err "cannot write 'out.csv': File too large"
outputs_are_as_they_were "a run with a limit on the size of files"
nothing_stays

# Standard output that is full or closed is not a reader that has enough.
code=0
"$program" run strict.yaml --var out=- >/dev/full 2>err || code=$?
[ $code -eq 74 ] || fail "standard output is full: exit $code, not 74"
says err "No space left on device"
code=0
"$program" run strict.yaml --var out=- >&- 2>err || code=$?
[ $code -eq 74 ] || fail "standard output is closed: exit $code, not 74"
for words in version 'plan copy.yaml' 'stages csv.read'; do
    code=0
    # shellcheck disable=SC2086
    "$program" $words >/dev/full 2>err || code=$?
    [ $code -eq 74 ] || fail "$words, to a full device: exit $code, not 74"
done

# A source that shrinks while it is read. Few slots: the source waits for the reader and can't be ahead of it.
sed 's/^stages:/run: {slots: 2}\n&/' copy.yaml >shrinking.yaml
for size in 0 3000000; do
    cp big.csv shrinking.csv
    put_outputs
    {
        "$program" run shrinking.yaml --var in=shrinking.csv --var out=- 2>err
        echo $? >code
    } | {
        head -c 100 >first
        truncate -s $size shrinking.csv
        cat >/dev/null
    }
    [ "$(cat code)" = 74 ] || fail "a source that shrinks to $size bytes: exit $(cat code), not 74"
    says err "'shrinking.csv' shrank while it was read: it was $(wc -c <big.csv) bytes"
    says err "nothing was published"
    outputs_are_as_they_were "a run whose source shrinks to $size bytes"
    nothing_stays
done

# ---- 0: a reader of standard output that goes away had enough; nothing is said ----

sed 's/^stages:/run: {slots: 2}\n&/' strict.yaml >slow.yaml
{
    "$program" run -q slow.yaml --var in=big.csv --var out=- --receipt r.json 2>err
    echo $? >code
} | head -n 3 >out
[ "$(cat code)" = 0 ] || fail "a reader that goes away: exit $(cat code)"
empty err
head -n 3 big.csv >expected.csv
same out expected.csv
says r.json '"ended_early": true'
says r.json '"balanced": true'
[ "$(figure read bytes)" -lt "$(figure read bytes_total)" ] || fail "all was read, for a reader of three lines"
nothing_stays
{
    "$program" run strict.yaml --var in=big.csv --var out=- 2>err
    echo $? >code
} | :
[ "$(cat code)" = 0 ] || fail "nobody reads at all: exit $(cat code)"
says_not err "error"
nothing_stays

# ---- 75: time is up, or the output is busy ----

# An input that never ends: this script holds it open.
mkfifo endless
exec 9<>endless
echo id,n >&9
cat >endless.yaml <<END
version: 1
name: $name
run: {restarts: 0}
stages:
  - id: read
    type: csv.read
    isolate: true
    workers: 1
    with: {path: "-"}
  - id: write
    type: csv.write
    isolate: true
    workers: 1
    with: {path: out.csv}
END
# begins: a run in the background that has its workers, and waits for more input.
begins() {
    put_outputs
    rm -f r.json
    echo id,n >&9
    env --default-signal=INT "$program" run "$@" endless.yaml >out 2>err <endless 9>&- &
    pid=$!
    waits 4
    until [ -e .out.csv.part ] || ! kill -0 $pid 2>/dev/null; do :; done
}
begins --timeout 300ms
ends 75 "a time limit"
says err "nothing was published"

begins
cp err first.err
code=0
"$program" run copy.yaml >other.out 2>other.err || code=$?
[ $code -eq 75 ] || fail "a busy output: exit $code, not 75"
says other.err "is being written by"
says other.err "(pid $(pgrep -P $pid),"
outputs_are_as_they_were "a run on a busy output"
kill -TERM "$(pgrep -P $pid)"
ends 143 "SIGTERM"

# ---- 78: the pipeline file (more in test_bad_pipeline.sh) ----

cp in.csv kept.csv
ln -s in.csv link.csv
ln in.csv hard.csv
for path in in.csv ./in.csv link.csv hard.csv; do
    refused 64 run copy.yaml --var out=$path
    says err "'$path' is an input of this run as well"
    same in.csv kept.csv
done

# Nor may an output, or the receipt, take the place of what the run reads or writes.
cp copy.yaml own.yaml
refused 64 run own.yaml --var out=own.yaml
same own.yaml copy.yaml
refused 64 run copy.yaml --receipt in.csv
same in.csv kept.csv
cp kept.csv in.csv
refused 64 run copy.yaml --receipt out.csv
sed 's/path: bad.csv/path: "-"/' copy.yaml >mixed.yaml
refused 78 run mixed.yaml --var out=-
says err "mixed.yaml:5:5: error: standard output is written by stage 'write' as well"

# ---- signals: it dies of the one that it got ----

for case in INT:130 TERM:143 HUP:129; do
    signal=${case%:*}
    begins --receipt r.json
    kill -s "$signal" "$(pgrep -P $pid)"
    ends "${case#*:}" "SIG$signal"
    says err "stopped by SIG$signal"
    says r.json "\"signal_name\": \"SIG$signal\""
    says r.json '"published": false'
done

# ---- 70: workers that can't be replaced ----

for worker in read.cut read.parse write.format write.write; do
    begins --receipt r.json
    kill -KILL "$(pgrep -f "^weir $name $worker")"
    ends 70 "$worker was killed"
    says err "SIGKILL"
    says err "nothing was published"
    says r.json '"exit_code": 70'
done

# ---- the program itself is killed: its workers go with it, and the next run cleans up ----

begins
kill -KILL "$(pgrep -P $pid)"
wait $pid
while pgrep -f "^weir $name " >left; do :; done
outputs_are_as_they_were "a run that was killed"
accepted 0 run copy.yaml
same out.csv in.csv
exec 9>&-
finish
