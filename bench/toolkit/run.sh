#!/bin/sh
# Queues beside each other in one run, in turn: weir_queue, a Unix pipe, a POSIX message queue, Boost's message_queue
# (if setup-peers.sh has installed it), Python's multiprocessing.Queue, and for large messages bare memcpy; and calls to a
# manager beside Python's. Prints for each the median, and how many times as fast ours is.
#
#     sh bench/toolkit/run.sh [BUILD [ROUNDS]]    BUILD: a Release build of Weir (default build/release); 5 rounds
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
build=${1:-$root/build/release}
rounds=${2:-5}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for program in queue pipe mq copy manager; do
    cc -O2 -D_GNU_SOURCE -I "$root/lib/include" "$here/$program.c" "$build/libweir.a" \
        -lfyaml -lm -o "$work/$program"
done
if ! c++ -O2 "$here/boost.cpp" -o "$work/boost" 2>"$work/boost.log"; then
    echo "no Boost.Interprocess: sh bench/setup-peers.sh installs it"
fi

# measure WORK NAME PROGRAM ARGUMENT...: adds a line "WORK NAME RATE".
measure() {
    what=$1
    name=$2
    shift 2
    rate=$("$@" | sed -n '/FAILED/d; s,.*: \([0-9]*\) [a-z]*/s.*,\1,p')
    echo "$what $name ${rate:-failed}" >>"$work/rates"
}

round=0
while [ $round -lt "$rounds" ]; do
    round=$((round + 1))
    for sides in "1 1" "4 4" "4 1" "1 4"; do
        label=$(echo "$sides" | tr ' ' :),64
        # shellcheck disable=SC2086
        {
            measure "$label" weir_queue "$work/queue" $sides 64 2000000 1
            measure "$label" pipe "$work/pipe" $sides 64 1000000
            measure "$label" posix-mq "$work/mq" $sides 64 200000
            if [ -x "$work/boost" ]; then measure "$label" boost "$work/boost" $sides 64 1000000; fi
            measure "$label" python python3 "$here/py_queue.py" $sides 64 60000
        }
    done
    measure 1:1,64,by-256 weir_queue "$work/queue" 1 1 64 20000000 256
    measure 1:1,65536 weir_queue "$work/queue" 1 1 65536 200000 1
    measure 1:1,65536 memcpy-in-step "$work/copy" in-step 65536 200000
    measure 1:1,65536 memcpy-apart "$work/copy" apart 65536 200000
    measure 1:1,65536 pipe "$work/pipe" 1 1 65536 20000
    if [ -x "$work/boost" ]; then measure 1:1,65536 boost "$work/boost" 1 1 65536 50000; fi
    measure 1:1,65536 python python3 "$here/py_queue.py" 1 1 65536 8000
    for clients in 1 4; do
        measure "manager,$clients" weir "$work/manager" $clients 200000
        measure "manager,$clients" python python3 "$here/py_manager.py" $clients 20000
    done
done

echo "messages, or calls, a second, median of $rounds; $(python3 --version); load $(cut -d' ' -f1 /proc/loadavg) on $(nproc) processors"
# Works and names in the order in which they were measured.
sort -k1,1 -k2,2 -k3,3n "$work/rates" | awk -v rates="$work/rates" '
{
    key = $1 " " $2
    rate[key, ++count[key]] = $3
}
function median(key) { return rate[key, int((count[key] + 1) / 2)] }
END {
    while ((getline line <rates) > 0) {
        split(line, field, " ")
        key = field[1] " " field[2]
        if (seen[key]++)
            continue
        printf "%-14s %-15s %11s", field[1], field[2], median(key)
        if (field[2] !~ /^weir/ && median(key) > 0)
            printf "   %s is %.2f times as fast", ours, median(field[1] " " ours) / median(key)
        else
            ours = field[2]
        print ""
    }
}'
