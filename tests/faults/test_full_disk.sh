#!/bin/sh
# The disk of one output has room for so many pages: none, some, all but one, all. Until it has room for all of them the run
# says so, publishes nothing and leaves nothing there.

# It mounts small disks, in a namespace that goes away with it.
if [ -z "${WEIR_OWN_MOUNTS:-}" ]; then
    export WEIR_OWN_MOUNTS=yes
    for options in -m -Urm; do
        if unshare $options mount -t tmpfs none /mnt 2>/dev/null; then exec unshare $options sh "$0" "$@"; fi
    done
    echo "no disk can be mounted here: skipped"
    exit 0
fi

# shellcheck source=tests/faults/small.sh
. "$(dirname "$0")/small.sh"

page=$(getconf PAGE_SIZE)
mkdir disk

# on_disk OPTIONS WHAT: a run whose file $output is on a disk of its own, beside the old one.
on_disk() {
    here="replacing: $output on a disk $2"
    mount -t tmpfs -o "$1" none disk || exit 71
    cp "earlier/$output" disk/
    start replacing "$program"
    nothing_left "$here"
}

# refused CODE: there was no room.
refused() {
    [ "$ended" = "$1" ] || fail "$here: ended with $ended, not $1: $(head -n 3 err)"
    says err "$output"
    says err "No space left on device"
    cmp -s "earlier/$output" "disk/$output" || fail "$here: it is not what it was"
    [ "$(ls -A disk)" = "$output" ] || fail "$here: it leaves $(ls -A disk)"
    if [ "$output" = receipt.json ]; then
        diff -rq --exclude receipt.json expected/replacing made >different || fail "$here: $(cat different)"
        says err "the outputs are published"
    else
        is_old || fail "$here: $(cat different)"
        receipt_is_sound || fail "$here: the receipt is neither old nor complete"
    fi
    umount disk
}

# shellcheck disable=SC2034
case=replacing
prepare replacing
cp -R old earlier
for output in good.csv bad.csv receipt.json; do
    cp -R earlier/. old/
    rm old/$output
    ln -s ../disk/$output old/$output
    needed=$((($(wc -c <expected/replacing/$output) + page - 1) / page))
    for room in 0 1 2 $((needed / 2)) $((needed - 1)); do
        [ "$room" -lt "$needed" ] || continue
        on_disk "size=$(((1 + room) * page))" "with room for $room of $needed pages"
        refused 74
    done
    code=73
    [ $output != receipt.json ] || code=74
    on_disk nr_inodes=2 "without room for a file"
    refused $code

    on_disk "size=$(((1 + needed) * page))" "with room for all pages"
    [ "$ended" = 0 ] || fail "$here: ended with $ended: $(cat err)"
    is_whole made || fail "$here: $(cat different)"
    umount disk
    rm old/$output
done

# The disk of TMPDIR, where stages keep what does not fit into memory.
seq 1 20000 | sed '1i n' >numbers.csv
cat >sorted.yaml <<'END'
version: 1
name: sorted
stages:
  - {id: read, type: csv.read, with: {path: numbers.csv}}
  - {id: sort, type: sort, with: {by: [n]}}
  - {id: write, type: csv.write, with: {path: sorted.csv}}
END
mount -t tmpfs -o size=$((8 * page)) none disk || exit 71
code=0
TMPDIR=disk "$program" run -q sorted.yaml 2>err || code=$?
[ "$code" = 74 ] || fail "a full TMPDIR: exit $code: $(head -n 3 err)"
says err "cannot write to the temporary file (TMPDIR): No space left on device"
[ -z "$(ls -A disk)" ] || fail "a full TMPDIR: it leaves $(ls -A disk)"
[ ! -e sorted.csv ] || fail "a full TMPDIR: something is published"
umount disk
echo "$runs runs"
finish
