#!/bin/sh
# Little memory, few descriptors, small files, few processes: a run goes well, or says what the system refused, and publishes
# nothing. What the limits are at which it begins to go well is nowhere written; they are tried one after the other.
# shellcheck source=tests/faults/small.sh
. "$(dirname "$0")/small.sh"

prlimit=$(command -v prlimit) || {
    echo "no prlimit: skipped"
    exit 0
}
case=replacing
prepare $case

# under CODES WORDS OPTION: a run with a limit, in which the program can at least begin.
under() {
    here="$case with $3"
    "$prlimit" "$3" "$program" version >/dev/null 2>&1 || return 0
    start "$case" "$prlimit" "$3" "$program"
    nothing_left "$here"
    case " $1 " in
    *" $ended "*) ;;
    *) fail "$here: ended with $ended, not $1: $(head -n 3 err)" ;;
    esac
    if [ "$ended" = 0 ]; then
        well=$((well + 1))
        is_whole made || fail "$here: exit 0, but $(cat different)"
        return
    fi
    badly=$((badly + 1))
    is_old || fail "$here: exit $ended, but $(cat different)"
    [ -z "$(find made -name '.*.part')" ] || fail "$here: it leaves $(ls -A made)"
    receipt_is_sound || fail "$here: the receipt is neither old nor complete"
    grep -q "error: .*\($2\)" err || fail "$here: it does not say why: $(cat err)"
}

# both WHAT: limits of a kind were tried that are too low, and such that are not.
both() {
    [ "$well" -gt 0 ] || fail "$1: no limit was high enough"
    [ "$badly" -gt 0 ] || fail "$1: no limit was low enough"
    well=0 badly=0
}
well=0 badly=0

# growing FROM PERCENT CODES WORDS OPTION: limits that grow, until the run has gone well three times.
growing() {
    limit=$1
    while [ "$well" -lt 3 ] && [ "$limit" -lt 1000000000 ]; do
        under "$3" "$4" "$5=$limit"
        limit=$((limit + limit * $2 / 100))
    done
    both "$5"
}

# The shadow memory of a sanitizer counts.
if [ "$slow" -eq 1 ]; then
    growing 2000000 9 '0 71' 'memory' --as
    # Mostly the libraries' own, without which it does not begin: there may be no limit between too low for that and enough.
    badly=1
    growing 100000 9 '0 71' 'memory' --data
fi
for limit in $(seq 3 32); do
    under '0 71' 'Too many open files' "--nofile=$limit"
done
both --nofile

# Standard error is a file too, of which at least the words are to be seen: no limit below it.
growing 1000 40 '0 71' 'ulimit -f' --fsize
pipeline_file outgrowing 'slot: 64KiB, slots: 1, max_record: 64KiB, ' <<'END'
  - {id: read, type: lines.read, with: {path: [in.csv, in.csv, in.csv, in.csv, in.csv, in.csv, in.csv, in.csv]}}
  - {id: write, type: lines.write, with: {path: made/many.csv}}
END
case=outgrowing
prepare $case
size=$(wc -c <expected/outgrowing/many.csv)
under 74 "made/many.csv': File too large" "--fsize=$((size - 1))"
under 0 '' "--fsize=$size"
both "--fsize of an output"

# Processes count for a user, who must not be root, nor have any others.
setpriv=$(command -v setpriv) || setpriv=
if [ "$(id -u)" -ne 0 ] || [ -z "$setpriv" ] || [ "$slow" -ne 1 ]; then
    echo "not root, no setpriv, or a sanitizer: no limit on processes tried"
    finish
fi
nobody=$((50000 + $$ % 10000))
case=replacing
rm -rf "expected/$case"
prepare $case
cat >as_nobody <<END
#!/bin/sh
exec "$setpriv" --reuid $nobody --regid $nobody --clear-groups "$prlimit" "\$@"
END
chmod +x as_nobody
umask 0
chmod 755 . && chmod 777 old && chmod 666 old/*
for limit in $(seq 0 12); do
    here="$case with $limit processes"
    start "$case" ./as_nobody "--nproc=$limit" "$program"
    nothing_left "$here"
    case $ended in
    0)
        well=$((well + 1))
        is_whole made || fail "$here: exit 0, but $(cat different)"
        ;;
    71)
        badly=$((badly + 1))
        is_old || fail "$here: $(cat different)"
        says err "cannot start a process: Resource temporarily unavailable"
        ;;
    *) fail "$here: ended with $ended: $(cat err)" ;;
    esac
done
both --nproc
echo "$runs runs"
finish
