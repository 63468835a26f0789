#!/bin/sh
# What a run prints, and where: receipt, progress, errors, -q, colour, JSON, exit codes.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

cat >good.csv <<'END'
id,name,n
1,"a, b",10
2,c,20
3,,30
4,d,x
END
cat >keep.yaml <<'END'
version: 1
name: keep
vars: {in: good.csv, out: out.csv, where: "id > 1"}
stages:
  - id: read
    type: csv.read
    with: {path: "${in}"}
  - id: some
    type: transform
    with: {where: "${where}"}
  - id: write
    type: csv.write
    with: {path: "${out}"}
END
printf 'id,name,n\n2,c,20\n3,,30\n4,d,x\n' >expected.csv

# A receipt on standard error, nothing on standard output.
run 0 run keep.yaml
empty out
same out.csv expected.csv
says err "keep: complete in"
says err "balanced"
says err "published  out.csv"
grep -qE '^ +some +4 +3 +1 ' err || fail "the row of the stage 'some'"
says_not err "$(printf '\033')"

# -q says nothing on success, and everything on failure.
run 0 run -q keep.yaml
empty out
empty err
run 65 run -q keep.yaml --var "where=n::integer > 1"
says err "error:"
says err "good.csv:5"
same out.csv expected.csv

# Data on standard output, and nothing else there.
run 0 run keep.yaml --var out=-
same out expected.csv
says err "keep: complete in"
"$program" run -q - --var out=- <keep.yaml >out 2>err || fail "a pipeline on standard input"
same out expected.csv
empty err

# A dry run prints the plan and writes nothing.
rm -f out.csv
run 0 run -n keep.yaml
says out "read"
empty err
[ ! -e out.csv ] || fail "a dry run wrote out.csv"
mv out page
run 0 plan keep.yaml
same out page

# A check says what was checked, and writes nothing.
run 0 check keep.yaml
says out "keep.yaml: pipeline 'keep' is correct"
empty err
run 0 check -q keep.yaml
empty out
run 0 check keep.yaml --var in=later.csv
says out "keep.yaml: pipeline 'keep' is correct"
says out "not checked"
run 66 plan keep.yaml --var in=later.csv
says err "later.csv"
[ ! -e out.csv ] || fail "a check wrote out.csv"

# Every error of a file at once, with its place.
sed -e '7s/path:/pth:/' -e '10s/where:/wher:/' keep.yaml >wrong.yaml
run 78 check wrong.yaml
empty out
says err "wrong.yaml:7:"
says err "wrong.yaml:10:"
[ "$(grep -c '^wrong.yaml:.*: error:' err)" -ge 2 ] || fail "one error only"

# --var and --set.
run 0 run -q keep.yaml --set write.path=other.csv --var 'where=id = 1'
printf 'id,name,n\n1,"a, b",10\n' >one.csv
same other.csv one.csv
run 64 run keep.yaml --var were=x
says err "were"
run 64 run keep.yaml --set nobody.path=x
says err "nobody"

# The exit codes that a script can bring about. (Signals: below.)
run 66 run missing.yaml
run 66 run keep.yaml --var in=missing.csv
run 73 run keep.yaml --var out=no/such/folder/out.csv
run 73 run keep.yaml --receipt no/such/folder/r.json
run 73 run keep.yaml --receipt "$work"
cat >reject.yaml <<'END'
version: 1
name: rejecting
stages:
  - id: read
    type: csv.read
    with: {path: good.csv}
  - id: cast
    type: transform
    on_error: reject
    rejects: {path: bad.csv}
    with: {set: {n: "n::integer"}}
  - id: write
    type: csv.write
    with: {path: cast.csv}
END
run 1 run reject.yaml
says err "exit 1:"
says err "1 record"
[ -s bad.csv ] || fail "no bad.csv"
[ "$(wc -l <cast.csv)" -eq 4 ] || fail "cast.csv has other than 3 records"

# No colour where no terminal is, nor escape codes with --progress plain.
run 78 check wrong.yaml
says_not err "$(printf '\033')"
run 0 run --progress plain keep.yaml
says_not err "$(printf '\033')"
run 0 run --progress none keep.yaml
says err "keep: complete in"
if command -v script >/dev/null; then
    TERM=xterm script -qec "'$program' check wrong.yaml" /dev/null >out 2>&1 </dev/null
    says out "$(printf '\033')"
    NO_COLOR=1 TERM=xterm script -qec "'$program' check wrong.yaml" /dev/null >out 2>&1 </dev/null
    says_not out "$(printf '\033')"
fi

# well_formed FILE: JSON by its structure: strings, numbers and words in lists and objects, one value a line or one in all.
well_formed() {
    tr -d '\n' <"$1" | awk '
    {
        gsub(/\\(["\\\/bfnrt]|u[0-9a-f][0-9a-f][0-9a-f][0-9a-f])/, "")
        gsub(/"[^"\\]*"/, "V")
        gsub(/[ \t]/, "")
        gsub(/-?[0-9]+|true|false|null/, "V")
        do {
            before = $0
            gsub(/\{(V:V(,V:V)*)?\}/, "V")
            gsub(/\[(V(,V)*)?\]/, "V")
        } while ($0 != before)
        good = $0 ~ /^V+$/
    }
    END { exit !good }' || {
        fail "$1 is no JSON:"
        cat "$1"
    }
}

# The receipt as a file: JSON, complete, the figures of the run.
run 0 run -q keep.yaml --receipt r.json
empty err
well_formed r.json
for key in receipt_version weir_version name run_id finished balanced published ended_early signal \
    signal_name exit_code verdict elapsed_ns processes restarts memory_bound memory_used stages id \
    type source sink workers in used dropped null_dropped rejected failed quarantined out bytes \
    bytes_total busy_percent wait_in_percent wait_out_percent queue_percent error; do
    says r.json "\"$key\": "
done
says r.json '"name": "keep"'
says r.json '"exit_code": 0'
says r.json '"balanced": true'
says r.json '"published": "out.csv"'
says r.json '"dropped": 1'
says r.json '"error": null'
run 65 run keep.yaml --var "where=n::integer > 1" --receipt r.json
well_formed r.json
says r.json '"exit_code": 65'
says r.json '"published": false'
[ "$(find . -name 'r.json*' | wc -l)" -eq 1 ] || fail "something was left beside r.json"

# It follows a symbolic link, and leaves a device alone.
ln -s r.json link.json
run 0 run -q keep.yaml --receipt link.json
[ -L link.json ] || fail "the link was replaced"
says r.json '"exit_code": 0'
run 0 run -q keep.yaml --receipt /dev/null
[ -c /dev/null ] || fail "/dev/null was replaced"

# JSON lines instead of text.
run 0 run --log-format json keep.yaml
[ "$(wc -l <err)" -eq 1 ] || fail "other than one line for a short run"
well_formed err
says err '"event":"receipt"'
run 78 check --log-format json wrong.yaml
well_formed err
says err '"event":"error"'
says err '"file":"wrong.yaml","line":7'
[ "$(wc -l <err)" -ge 2 ] || fail "one error only"
run 65 run --log-format json keep.yaml --var "where=n::integer > 1"
well_formed err
says err '"event":"error"'
# A bad record: which it is, in fields; in a pipeline file there is no such thing.
printf 'id,n\n2,1\n3,2,3\n' >ragged.csv
run 65 run --log-format json keep.yaml --var in=ragged.csv --receipt r.json
well_formed err
says err '"file":"ragged.csv","line":3,"column":0,"span":0,"byte":9,"stage":"read"'
says_not err column_name
well_formed r.json
says r.json '"byte": 9'
printf 'id,n\n2,1\n3,two\n' >word.csv
run 65 run --log-format json keep.yaml --var in=word.csv --var "where=n::integer > 0"
says err '"file":"word.csv","line":3,"column":0,"span":0,"byte":9,"column_name":"n"'
run 78 check --log-format json wrong.yaml
says_not err '"byte"'

# A time limit, and signals: the run publishes nothing, and the program dies of the signal that it got.
mkfifo endless
cat >lines.yaml <<'END'
version: 1
name: waiting
stages:
  - id: read
    type: lines.read
    with: {path: "-"}
  - id: write
    type: lines.write
    with: {path: lines.txt}
END
# An input that never comes.
sleep 600 >endless &
sleeper=$!
code=0
"$program" run --timeout 300ms lines.yaml >out 2>err <endless || code=$?
[ "$code" -eq 75 ] || fail "a time limit: exit $code, not 75"
[ ! -e lines.txt ] || fail "a run that was stopped published lines.txt"
for signal in INT TERM HUP; do
    # A shell ignores SIGINT for what it starts in the background: env gives it back.
    env --default-signal=INT "$program" run --receipt s.json lines.yaml >out 2>err <endless &
    pid=$!
    # Workers are named after their pipeline; once there is one, the run has begun.
    until pgrep -P $pid -f '^weir waiting' >pids || ! kill -0 $pid 2>/dev/null; do :; done
    kill -s $signal $pid
    code=0
    wait $pid || code=$?
    [ "$(kill -l $code)" = $signal ] || fail "SIG$signal: exit $code"
    says err "stopped by SIG$signal"
    says err "nothing was published"
    says s.json "\"signal_name\": \"SIG$signal\""
done
kill $sleeper
[ ! -e lines.txt ] || fail "a run that was stopped published lines.txt"
finish
