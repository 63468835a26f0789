#!/bin/sh
# The digests of whole trees: what sha256sum makes of the same files, line by line, whatever they are called.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

export LC_ALL=C
hash_tree=$WEIR_SOURCE/pipelines/hash-tree.yaml

# hash CODE ROOT [ARGUMENT...]: the manifest's lines go to file `got`, in order.
hash() {
    wanted_code=$1 root=$2
    shift 2
    rm -f SUMS
    run "$wanted_code" run "$hash_tree" --var root="$root" --var out=SUMS "$@"
    sort SUMS >got
}

# expect ROOT: what sha256sum says of its files, but for those whose path is too long for it.
expect() {
    find "$1" -type f ! -name too-deep -exec sha256sum {} + | sort >expected
}

# ---- ugly names, and sizes around those of a block and of the buffer

mkdir -p tree/a/b tree/-dash 'tree/ b l ' tree/empty
printf x >"tree/$(printf 'new\nline')"
printf x >"tree/$(printf 'carriage\rreturn')"
printf x >'tree/back\slash'
printf x >'tree/back\nslash'
printf x >"tree/$(printf 'not utf-8 \377\300')"
printf x >"tree/$(printf '%0255d' 0)"
printf x >tree/-dash/-x
printf x >'tree/ b l / '
for size in 0 1 55 56 63 64 65 262143 262144 262145 1000000; do
    head -c "$size" /dev/urandom >"tree/size-$size"
done
ln tree/size-1000000 tree/a/b/hard-link
ln -s nowhere tree/dangling
ln -s .. tree/a/up
hash 0 tree
expect tree
same got expected
[ "$(wc -l <got)" -eq 20 ] || fail "not 20 lines"
sha256sum --check --quiet SUMS || fail "sha256sum does not take the manifest"
# In the order of the paths, which is not that of the lines; in a file and on standard output.
sed 's/^  - id: write/  - {id: order, type: sort, with: {by: path}}\n&/' "$hash_tree" >sorted.yaml
find tree -type f -print0 | sort -z | xargs -0 sha256sum >expected
for out in sorted -; do
    run 0 run sorted.yaml --var root=tree --var out=$out
done
same sorted expected
same out expected
expect tree
# The same files by a list of their paths.
find tree -type f -print0 >paths
run 0 run "$WEIR_SOURCE/pipelines/hash-list.yaml" --var paths=paths --var out=SUMS
sort SUMS >got
same got expected
"$program" run -q "$WEIR_SOURCE/pipelines/hash-list.yaml" --var out=- <paths | sort >got
same got expected
printf 'tree/size-55\nno such\n\ntree\n' >lines
run 1 run "$WEIR_SOURCE/pipelines/hash-list.yaml" --var paths=lines --set list.zero=false --var out=SUMS
says err "no such: No such file or directory"
says err "tree: Is a directory"
says err "exit 1: 2 records failed"
sha256sum tree/size-55 >got
same got SUMS
run 65 run "$WEIR_SOURCE/pipelines/hash-list.yaml" --var paths=paths --set list.zero=false --var out=never
says err "a path of paths has a NUL in it"
run 78 run "$WEIR_SOURCE/pipelines/hash-list.yaml" --set list.root=tree
says err "there is a root already"
for option in tag zero; do
    case $option in tag) with='format: bsd' ;; zero) with='zero: true' ;; esac
    sed "s/with: {path:/with: {$with, path:/" "$hash_tree" >other.yaml
    run 0 run other.yaml --var root=tree --var out=other
    find tree -type f -exec sha256sum --$option {} + >plain
    tr '\n\0' '\0\n' <plain | sort >expected
    tr '\n\0' '\0\n' <other | sort >got
    if [ $option = zero ]; then
        sed 's/{path: \(.*manifest\)/{zero: true, path: \1/' \
            "$WEIR_SOURCE/pipelines/check-manifest.yaml" >check-zero.yaml
        run 0 run check-zero.yaml --var manifest=other
        [ "$(grep -c ': OK$' out)" -eq 20 ] || fail "not every line that ends with NUL is checked"
    fi
    [ $option = zero ] || { tr '\0' '\n' <got | sort >got2 && mv got2 got; tr '\0' '\n' <expected | sort >expected2 && mv expected2 expected; }
    same got expected
done

# Every file is in the formats for other programs, with its error or its digest.
mkdir other-formats
printf x >'other-formats/a "b"'
ln -s nowhere other-formats/link
for format in csv json; do
    sed "s/with: {path:/with: {format: $format, path:/; s/root: \"/file_types: [file, symlink], &/" "$hash_tree" >other.yaml
    run 0 run other.yaml --var root=other-formats --var out=other.$format
done
[ "$(sed -n 1p other.csv)" = path,size,mtime,type,device,inode,error,bytes,status,digest ] || fail "the header of other.csv is another"
grep -q '^"other-formats/a ""b""",1,.*,1,ok,2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881$' other.csv ||
    fail "other.csv has not its file"
grep -q '^{"path":"other-formats/link",.*"error":"is a symbolic link","bytes":null,"status":"skipped","digest":null}$' other.json ||
    fail "other.json has not its link"
[ "$(cat other.csv other.json | wc -l)" -eq 5 ] || fail "not every file once"

# ---- checking: the lines that sha256sum --check writes

check_manifest=$WEIR_SOURCE/pipelines/check-manifest.yaml
# check CODE [FOLDER]: what both say of SUMS, whose paths begin in the folder: lines, warnings, exit code. Names are not
# escaped alike in messages.
check() {
    run "$1" run "$check_manifest" --var manifest=SUMS --var root="${2:-.}"
    code=0
    (cd "${2:-.}" && sha256sum --check "$work/SUMS" >"$work/expected" 2>"$work/warnings") || code=$?
    [ "$code" -eq "$1" ] || fail "sha256sum --check: exit $code, not $1"
    same out expected
    sed -n -e 's/^sha256sum: .*SUMS: no/SUMS: no/p' -e 's/^sha256sum: WARNING/WARNING/p' warnings >expected
    sed -n -e 's/^ ! [^ ]*: \(SUMS: no.*\|WARNING.*\)/\1/p' err >got
    same got expected
}
hash 0 tree
check 0
printf y >"tree/$(printf 'new\nline')"
rm tree/-dash/-x
check 1
says err "tree/-dash/-x: No such file or directory"
says err "exit 1: 2 records failed"
rm tree/size-0
printf '%s' y >tree/size-1
printf '\r\n# nothing\nrubbish\n' >>SUMS
check 1
says err "WARNING: 1 line is improperly formatted"
says err "WARNING: 2 listed files could not be read"
says err "WARNING: 2 computed checksums did NOT match"
sed 's/on_error: drop/on_error: reject/' "$check_manifest" >strict.yaml
printf 'rubbish\nmore\n' >bad-lines
sha256sum tree/size-55 >>bad-lines
run 1 run strict.yaml --var manifest=bad-lines
says err "WARNING: 2 lines are improperly formatted"
says err "exit 1: 2 records rejected"
# Only lines that are none; no line; paths that begin elsewhere; a folder and a full path.
printf 'rubbish\n' >SUMS
check 1
: >SUMS
check 1
(cd tree && sha256sum size-55 ./size-56 "$work/tree/size-63" && echo rubbish && echo 'more rubbish') >SUMS
check 0 tree
says err "WARNING: 2 lines are improperly formatted"
sed 's/size-55/a/' SUMS >other && mv other SUMS
check 1 tree
says err "a: Is a directory"
# Long names among the first lines.
(cd tree && sha256sum "$(printf '%0255d' 0)" size-* "$(printf '%0255d' 0)") >SUMS
check 0 tree
run 66 run "$check_manifest" --var manifest=SUMS --var root=no-such
says err "cannot open the folder 'no-such': No such file or directory"
: >tree/size-0
printf x >"tree/$(printf 'new\nline')"
printf x >tree/-dash/-x
find tree -type f -exec sha256sum --tag {} + >SUMS
check 0
if command -v openssl >/dev/null; then
    openssl dgst -sha256 tree/size-* >SUMS
    run 0 run -q "$check_manifest" --var manifest=SUMS
    [ "$(grep -c ': OK$' out)" -eq 11 ] || fail "not every line of OpenSSL is checked"
fi

# ---- a whole tree, and what it has that is not listed

check_tree=$WEIR_SOURCE/pipelines/check-tree.yaml
find tree -type f -exec sha256sum {} + >SUMS
run 0 run "$check_tree" --var manifest=SUMS --var root=tree
sort out >got
sha256sum --check SUMS 2>/dev/null | sort >expected
same got expected
mv tree/-dash/-x "tree/$(printf 'moved\nhere')"
run 1 run "$check_tree" --var manifest=SUMS --var root=tree
says out '\tree/-dash/-x -> tree/moved\nhere: MOVED'
says err 'WARNING: 1 listed file was moved'
says err 'exit 1: 1 record failed'
says_not err 'not listed'
[ "$(wc -l <out)" -eq "$(wc -l <SUMS)" ] || fail "not a line for every file: $(wc -l <out)"
run 1 run "$check_tree" --var manifest=SUMS --var root=tree --set check.extra=ignore
says_not out 'EXTRA'
grep -v -e '-dash' SUMS >fewer
run 0 run "$check_tree" --var manifest=fewer --var root=tree
run 1 run "$check_tree" --var manifest=fewer --var root=tree --set check.extra=fail
says err 'exit 1: 1 record failed'
mv "tree/$(printf 'moved\nhere')" tree/-dash/-x

# ---- a path that no call to the system takes at once

(
    cd tree/a/b || exit 1
    for level in $(seq 20); do
        name=$(printf '%0250d' "$level")
        mkdir "$name" && cd -P "$name" || exit 1
    done
    echo abc >too-deep
)
hash 0 tree
grep -q "^edeaaff3f1774ad2888673770c6d64097e391bc362d7d6fb34982ddf0efd18cb  tree/a/b/0.*/too-deep$" got ||
    fail "the deep file is missing"
grep too-deep got >deep
run 0 run "$check_manifest" --var manifest=deep
says out '/too-deep: OK'
sed 's,  tree/,  ,' deep >below
run 0 run "$check_manifest" --var manifest=below --var root=tree
says out '/too-deep: OK'
run 0 run "$check_tree" --var manifest=SUMS --var root=tree
says_not out 'EXTRA'
grep -v too-deep got >short
expect tree
same short expected
# What rm cannot reach either.
find tree/a/b -depth -delete

# ---- what is no file

mkdir odd
mkfifo odd/fifo
echo abc >odd/file
if command -v python3 >/dev/null; then
    python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("odd/socket")'
else
    echo "skipped: a socket (no python3)"
fi
mknod odd/device c 1 5 2>/dev/null || echo "skipped: a device in a tree (not root)"
hash 0 odd
says err "odd/fifo: skipped, is a FIFO"
[ ! -e odd/socket ] || says err "odd/socket: skipped, is a socket"
[ ! -e odd/device ] || says err "odd/device: skipped, is a device"
expect odd
same got expected
hash 0 /dev/null
says err "/dev/null: skipped, is a device"
empty got

# ---- files that are not as long as they say, and one that cannot be read

for file in /proc/version /sys/kernel/mm/transparent_hugepage/enabled; do
    [ -r "$file" ] || continue
    hash 0 "$file"
    sha256sum "$file" >expected
    same got expected
done
if head -c 1 /proc/$$/mem 2>&1 >/dev/null | grep -q "Input/output error"; then
    hash 1 /proc/$$/mem
    says err "/proc/$$/mem: Input/output error at byte 0 of 0"
    says err "exit 1: 1 record failed (run: max_failed would allow them)"
    empty got
else
    echo "skipped: a file that cannot be read"
fi

# No permission; root is not asked for it.
if [ "$(id -u)" -ne 0 ]; then
    as='' && mkdir closed
elif command -v setpriv >/dev/null; then
    as='setpriv --reuid 65534 --regid 65534 --clear-groups' && mkdir -m 777 closed && chmod 755 .
fi
if [ -d closed ]; then
    # shellcheck disable=SC2086
    $as sh -c 'cd closed && mkdir folder && echo x >folder/x && echo x >file && echo abc >good && chmod 0 folder file'
    code=0
    # shellcheck disable=SC2086
    $as "$program" run "$hash_tree" --var root=closed --var out=- >out 2>err || code=$?
    [ "$code" -eq 1 ] || fail "exit $code, not 1, with files that may not be read"
    says err "closed/file: Permission denied"
    says err "closed/folder: Permission denied"
    says err "exit 1: 2 records failed"
    sha256sum closed/good >expected
    same out expected
    rm -rf closed
else
    echo "skipped: files without permission (root, and no setpriv)"
fi

# ---- full disks, large files, many files

run 74 run "$hash_tree" --var root=odd --var out=/dev/full
says err "No space left on device"

mkdir large
truncate -s 4294967297 large/sparse
hash 0 large
says got "fbb82f7b353676bb562eb82157fcf0ea42c36492ca13ee56dbf82c08b6802c5c"

# A file that takes hours is no reason to wait for it.
truncate -s 1T large/sparse
"$program" run "$hash_tree" --var root=large --var out=never 2>err &
pid=$!
sleep 1
kill -TERM $pid
code=0
wait $pid || code=$?
[ "$code" -eq 143 ] || fail "stopped in the middle of a file: exit $code, not 143"
[ ! -e never ] || fail "a stopped run has published"
[ ! -e .never.part ] || fail "a stopped run has left its temporary file"

mkdir many
(cd many && seq 100000 | xargs touch)
hash 0 many
[ "$(cut -d ' ' -f 1 got | sort -u)" = e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 ] ||
    fail "empty files have other digests"
cut -d / -f 2 got | sort -n | cmp -s - "$(seq 100000 >numbers && echo numbers)" || fail "not every file once"

# A full disk under the manifest, the report of a check, and the cache: nothing new stands there, and no other file is lost.
mkdir disk aged
(cd aged && seq 3000 | while read -r file; do echo "$file" >"$file"; done)
find aged -type f -exec touch -d '1 hour ago' {} +
sleep 3 # what has changed just now is not kept
# full TEXT ARGUMENT...: such a run ends with 74 and the text, on a disk that has one file.
full() {
    text=$1 code=0
    shift
    # shellcheck disable=SC2016
    unshare -rm sh -c 'mount -t tmpfs -o size=128k weir disk && echo old >disk/SUMS || exit
        "$@" 2>err >out
        code=$?
        cat disk/SUMS >left
        exit $code' sh "$program" "$@" || code=$?
    [ $code -eq 74 ] || fail "a full disk: exit $code, not 74: pipeline $*"
    says err "$text"
    [ "$(cat left)" = old ] || fail "a full disk has another file: pipeline $*"
}
if unshare -rm mount -t tmpfs weir disk 2>/dev/null; then
    full "cannot write 'disk/SUMS': No space left on device" run "$hash_tree" --var root=many --var out=disk/SUMS
    full "cannot write 'disk/SUMS': No space left on device" run "$WEIR_SOURCE/pipelines/check-manifest.yaml" \
        --var manifest=SUMS --var report=disk/SUMS
    full "cannot use the cache 'disk/cache': database or disk is full" run "$hash_tree" --var root=aged --var out=never \
        --set hash.cache=disk/cache
    [ ! -e never ] || fail "a run whose cache is full has published"
else
    echo "skipped: a full disk (no file system can be mounted here)"
fi

# ---- a worker that is killed while it hashes

mkdir slow
for file in 1 2 3 4 5 6 7 8; do
    truncate -s 200M "slow/$file"
done
sed 's/with: {algorithm:/with: {cache: cache, algorithm:/' "$hash_tree" >cached.yaml
expect slow
for pipeline in "$hash_tree" cached.yaml; do
    "$program" run "$pipeline" --var root=slow --var out=SUMS --workers 2 2>err &
    pid=$!
    until pgrep -P $pid hash >/dev/null || ! kill -0 $pid; do sleep 0.01; done
    sleep 0.1 # they are at work then, most of them
    for worker in $(pgrep -P $pid); do
        kill -KILL "$worker"
    done
    wait $pid || fail "killed workers: exit $?"
    says err "is replaced"
    sort SUMS >got
    same got expected
done
rm -f cache cache-*

# ---- with a cache: a run that is killed whole, its successor, and one that finds every file; then one file is another

find many -type f -name '*7' -exec sh -c 'for file; do echo "$file" >"$file"; done' sh {} +
sleep 3 # files that are newer are not kept
"$program" run cached.yaml --var root=many --var out=SUMS 2>err &
pid=$!
while [ ! -s cache ] && kill -0 $pid; do sleep 0.01; done
kill -KILL $pid
wait $pid
find many -type f -exec sha256sum {} + | sort >expected
for out in FIRST SECOND; do
    run 0 run cached.yaml --var root=many --var out=$out
    sort $out >got
    same got expected
done
echo other >many/7
run 0 run cached.yaml --var root=many --var out=SUMS
grep -q "^$(sha256sum many/7)" SUMS || fail "what has changed was taken from the cache"
finish
