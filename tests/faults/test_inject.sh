#!/bin/sh
# Each call of a run to the system fails in its turn, is interrupted, or does half of its work; and whoever makes it is killed
# or stopped there. A run ends with the right code, says what failed, and leaves its outputs old or whole.
#
#     WEIR_INJECT_ALL  strikes every single call. Otherwise, of the calls that one place in the program makes on one file, the
#                      first and the last, and the first allocation
# shellcheck source=tests/faults/inject.sh
. "$(dirname "$0")/inject.sh"

all=${WEIR_INJECT_ALL:-}
missed=0

# What a call can fail with.
ways_to_fail() {
    case $1 in
    open) echo EACCES EMFILE EINTR ;;
    fopen | opendir | dup2 | epoll_create1 | eventfd | signalfd | memfd_create | pidfd_open) echo EMFILE ;;
    read | pread) echo EIO EINTR short ;;
    write | pwrite) echo ENOSPC EINTR short ;;
    fsync | ftruncate) echo EIO EINTR ;;
    fflush | posix_fallocate) echo ENOSPC ;;
    rename | renameat2 | lstat | stat | fstat | readlink | realpath | access | close) echo EIO ;;
    fcntl | flock) echo ENOLCK EINTR ;;
    fdopen | fclose | open_memstream | mmap | epoll_ctl | glob) echo ENOMEM ;;
    fork) echo EAGAIN ;;
    faccessat) echo EACCES ;;
    fchmod | fchown | close_range | setrlimit) echo EPERM ;;
    madvise | posix_fadvise | sync_file_range | prctl) echo EINVAL ;;
    copy_file_range) echo EXDEV EINTR ;;
    seccomp) echo ENOMEM ;;
    futex_wait) echo EAGAIN EINTR ;;
    futex_wake) ;; # cannot fail
    epoll_wait | poll | wait4 | waitpid) echo EINTR ;;
    malloc | calloc | realloc | strdup | strndup | asprintf) echo ENOMEM ;;
    *) return 1 ;;
    esac
}

# What the run may end with if a CALL on OBJECT fails in this WAY. 0: it goes on without.
codes_for() {
    case $3:$1:$2 in
    short:*) echo 0 ;;
    EINTR:fcntl:memfd:*) echo 71 ;; # memory is never waited for
    EINTR:*) echo 0 ;;
    *:open:null | *:open:made/ | *:fsync:made) echo 0 ;;
    EMFILE:open:* | EMFILE:memfd_create:* | EMFILE:epoll_create1:* | EMFILE:eventfd:* | EMFILE:signalfd:*) echo 71 ;;
    EMFILE:pidfd_open:*) echo 71 ;;
    EMFILE:*) echo 0 ;;
    EACCES:open:in*.csv | EACCES:open:*.yaml) echo 66 ;;
    EACCES:open:.receipt.json.part) echo 74 ;;
    EACCES:open:* | EACCES:faccessat:*) echo 73 ;;
    *:read:pipe:) echo 0 ;; # what a worker says is not told
    *:realpath:.) echo 0 ;; # where the quarantine would be, which nobody needs yet
    *:read:anon_inode: | *:write:anon_inode:) echo 0 ;; # the supervisor looks by itself
    EIO:pread:memfd:*) echo 71 74 ;; # of the input's head: 74
    *:write:memfd:* | *:fstat:memfd:*) echo 71 ;;
    *:rename*:receipt.json) echo 74 ;;
    *:rename*) echo 73 ;;
    *:fstat:in*.csv | *:*stat:.receipt.json.part) echo 74 ;;
    *:fstat:*) echo 0 ;;
    *:lstat:.*) echo 0 74 ;;
    *:lstat:*) echo 0 ;;
    *:stat:*) echo 0 73 ;;
    *:readlink:* | *:realpath:* | *:access:*) echo 73 ;;
    *:fclose:-) echo 71 ;;
    *:fclose:* | *:close:*) echo 0 ;;
    *:fcntl:memfd:*) echo 71 ;;
    ENOLCK:*) echo 0 ;;
    *:seccomp:* | *:epoll_ctl:* | *:*alloc:* | *:str*dup:*) echo 0 71 ;; # what is not needed may fail
    ENOMEM:* | *:posix_fallocate:* | *:fork:*) echo 71 ;;
    EPERM:* | EINVAL:* | EXDEV:* | EAGAIN:futex_wait:*) echo 0 ;;
    *) echo 74 ;;
    esac
}

# The words for it.
words_for() {
    case $1 in
    EACCES) echo 'Permission denied' ;;
    EAGAIN) echo 'Resource temporarily unavailable' ;;
    EIO) echo 'Input/output error' ;;
    EMFILE) echo 'Too many open files' ;;
    ENOMEM) echo 'Cannot allocate memory\|no memory\|out of memory\|no room\|cannot open the stages\|options again' ;;
    ENOSPC) echo 'No space left on device\|no room' ;;
    ENOLCK) echo 'No locks available' ;;
    EINTR) echo 'Interrupted system call' ;;
    esac
}

# What messages may call the file that OBJECT is; nothing if it is none.
file_of() {
    case $case:$1 in
    piping:in.csv) echo '(standard input)' ;;
    appending:*all.csv*) printf 'link.csv\nall.csv\n' ;;
    *:.*.part) name=${1#.} && echo "${name%.part}" ;;
    *.csv | *.yaml | *.json) echo "$1" ;;
    esac
}

# struck CALL CALLER OBJECT WAY NUMBER
struck() {
    INJECT_CALL=$1 INJECT_FROM=$2 INJECT_ON=$3 INJECT_HOW=$4 INJECT_AT=$5 INJECT_LOG=log start "$case" ./injected
    here="$case: $1 number $5 on $3, from $2 $(cut -d' ' -f4 log 2>/dev/null), $4"
    codes=$(codes_for "$1" "$3" "$4")
    if [ ! -s log ]; then # another order of things, and it was not called so often
        missed=$((missed + 1))
        codes=0
    fi
    case " $codes " in
    *" $ended "*) ;;
    *) fail "$here: ended with $ended, not $codes: $(head -n 3 err)" ;;
    esac
    nothing_left "$here"
    if [ "$ended" = 0 ]; then
        is_whole made || fail "$here: exit 0, but $(cat different)"
        [ "$case" != piping ] || cmp -s out "expected/$case.out" || fail "$here: exit 0, but other bytes"
        return
    fi
    grep -q "$(words_for "$4")" err || fail "$here: it does not say why: $(cat err)"
    grep -qF "$(file_of "$3")" err || fail "$here: it does not say what: $(cat err)"
    case $1:$3 in
    *:receipt.json | *:.receipt.json.part | fflush:out | strdup:*)
        # Before the run, or behind it.
        is_old || is_whole made || is_mixture || fail "$here: $(cat different)"
        grep -q 'the outputs are published' err || is_old || [ "$3" = out ] ||
            fail "$here: it does not say that the outputs are published"
        ;;
    rename*:* | lstat:.*)
        is_mixture || fail "$here: $(cat different)"
        is_old || grep -q 'published already: made/' err || fail "$here: it does not say what was published: $(cat err)"
        ;;
    *) is_old || fail "$here: exit $ended, but $(cat different)" ;;
    esac
    receipt_is_sound || [ "$1:$3" = fflush:out ] || fail "$here: the receipt is neither old nor complete"
    again
}

# numbers CALL COUNT: which of so many calls are struck. Allocations are too many for all of them.
numbers() {
    case $1:$all:$2:$slow in
    *alloc::* | str*dup::* | asprintf::* | *::1:* | *::*:[!1]*) echo 1 ;;
    *alloc:* | str*dup:*) echo "1 $2" ;;
    *::*) echo "1 $2" ;;
    *) seq "$2" ;;
    esac
}

# sweep CALL: strikes these calls of a run of the case; "any": all but allocations.
sweep() {
    : >trace
    INJECT_CALL=$1 INJECT_TRACE=trace start "$case" ./injected
    is_whole made || fail "$case: traced, it leaves $(cat different)"
    # What one place does on one file. Places that were struck in an earlier case are left out.
    cut -d' ' -f1-3 trace | sort | uniq -c | sort -k 2 >sites
    while read -r count call caller object <&3; do
        ways=$(ways_to_fail "$call") || fail "nothing is known of how $call can fail"
        if [ -z "$all" ] && grep -qs "^$call $caller " struck_sites; then continue; fi
        for way in $ways; do
            for number in $(numbers "$call" "$count"); do
                struck "$call" "$caller" "$object" "$way" "$number"
            done
        done
    done 3<sites
    cut -d' ' -f1-2 trace | sort -u | sed 's/$/ /' >>struck_sites
}

for case in replacing appending piping; do
    prepare $case
    sweep any
    # A sanitizer has allocations of its own.
    [ "$slow" -eq 1 ] || continue
    for call in malloc calloc realloc strdup strndup asprintf; do sweep $call; done
done
[ "$missed" -lt $((runs / 4)) ] || fail "$missed of $runs calls were never made"
echo "$runs runs with one failed call, $missed of them without that call"
finish
