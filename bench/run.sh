#!/bin/sh
# Measures Weir and its peers on the same file in the same run, checks what they put out, and prints the figures.
#
#     sh bench/run.sh [OPTION...]
#
#     --mb N           megabytes of data (1000)
#     --workers N      of Weir, and threads of peers that have some (as many as there are processors)
#     --rounds N       every time is the median of so many (5)
#     --works LIST     of w1,w2,w3 (all)
#     --peers LIST     of libcsv,duckdb,python,python-queues,miller, or none (all that are installed)
#     --full           the slow peers, too, work on all of the data, not on a tenth
#     --out FOLDER     where outputs are written, and removed (a new folder in /dev/shm)
#     --pipeline FILE  a program that is built already (else it is built in build/release)
#
# bench/README.md tells what the works are, how to read the table, and what has been done to make it fair.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
build=$root/build/bench
results=$build/results.tsv
verdicts=$build/verdicts.tsv

mb=1000
workers=$(nproc)
rounds=5
works=w1,w2,w3
peers=libcsv,duckdb,python,python-queues,miller
full=no
out_parent=
pipeline=

# shellcheck source-path=SCRIPTDIR
. "$here/contenders.sh"

die() {
    code=$1
    shift
    echo "bench: $*" >&2
    exit "$code"
}

# list_of ALLOWED GIVEN: the words of GIVEN, which are separated by commas, or a complaint.
list_of() {
    for word in $(echo "$2" | tr ',' ' '); do
        case " $1 " in
        *" $word "*) echo "$word" ;;
        *) die 64 "'$word' is none of: $1" ;;
        esac
    done
}

number() {
    case $2 in
    '' | *[!0-9]* | 0*) die 64 "$1 wants a number, not '$2'" ;;
    esac
    echo "$2"
}

read_arguments() {
    while [ $# -gt 0 ]; do
        case $1 in
        --full)
            full=yes
            shift
            continue
            ;;
        -h | --help)
            sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
            exit 0
            ;;
        --mb | --workers | --rounds | --works | --peers | --out | --pipeline)
            [ $# -gt 1 ] || die 64 "$1 wants a value"
            ;;
        *) die 64 "no option '$1'; see sh bench/run.sh --help" ;;
        esac
        case $1 in
        --mb) mb=$(number "$1" "$2") ;;
        --workers) workers=$(number "$1" "$2") ;;
        --rounds) rounds=$(number "$1" "$2") ;;
        --works) works=$2 ;;
        --peers) peers=$2 ;;
        --out) out_parent=$2 ;;
        --pipeline) pipeline=$2 ;;
        esac
        shift 2
    done
    works=$(list_of "w1 w2 w3" "$works")
    peers=$(list_of "libcsv duckdb python python-queues miller none" "$peers")
}

say() {
    echo "== $*"
}

# await COMMAND...: runs it so that a signal to this script ends it at once. Its output goes to the log.
child=
await() {
    "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    code=0
    wait "$child" || code=$?
    child=
    return "$code"
}

clean_up() {
    trap '' HUP INT TERM
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || true
        wait "$child" || true
    fi
    rm -rf "$out"
    rm -f "$build"/*.unfinished
}

stop_by() {
    clean_up
    trap - EXIT "$1"
    kill -s "$1" $$
}

# Outputs need two thirds of the data's size at most: w2's, twice.
choose_folder() {
    parent=$out_parent
    if [ -z "$parent" ]; then
        parent=/dev/shm
        free=$(df -Pk "$parent" 2>/dev/null | awk 'NR == 2 { print $4 }')
        if [ "${free:-0}" -lt $((mb * 700)) ] || [ ! -w "$parent" ]; then
            parent=$build
            say "/dev/shm has too little room: outputs go to $parent, which is no tmpfs"
        fi
    fi
    out=$(mktemp -d "$parent/weir-bench.XXXXXX") || die 73 "no folder for outputs in $parent"
    log=$out/log
    result=$out/result
    costs=$out/costs
    receipt=$out/receipt.json
}

build_program() {
    if [ -n "$pipeline" ]; then
        [ -x "$pipeline" ] || die 66 "$pipeline is no program"
        return
    fi
    pipeline=$root/build/release/pipeline
    say "building $pipeline"
    sh "$root/samples/setup.sh" build
    if ! await cmake -S "$root" -B "$root/build/release" -G Ninja -DCMAKE_BUILD_TYPE=Release \
        -DWEIR_TESTS=OFF || ! await cmake --build "$root/build/release"; then
        cat "$log" >&2
        die 70 "the program does not build"
    fi
}

compile() {
    if ! await gcc -std=gnu11 -D_GNU_SOURCE -O2 "$here/$1.c" -o "$build/$(basename "$1")" ${2:+"$2"}; then
        cat "$log" >&2
        die 70 "bench/$1.c does not compile"
    fi
}

# data_of MEGABYTES: makes the file unless it is there already.
data_of() {
    data=$build/sales-$1.csv
    if [ -f "$data" ] && [ -z "$(find "$here/gen_sales.c" -newer "$data")" ]; then
        return
    fi
    say "making $data from seed 42"
    # shellcheck disable=SC2016
    await sh -c 'exec "$1" --megabytes "$2" --seed 42 >"$3"' sh "$build/gen_sales" "$1" "$data.unfinished" ||
        die 74 "cannot make $data: $(cat "$log")"
    mv "$data.unfinished" "$data"
}

# Columns of results.tsv: work, contender, what was measured, seconds, processor seconds, kilobytes, factor to scale by.
note() {
    read -r seconds processor kilobytes <"$costs"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$seconds" "$processor" "$kilobytes" "$4" >>"$results"
}

verdict() {
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$verdicts"
    case $3 in
    exact*) ;;
    *) say "$1 $2: $3" ;;
    esac
}

fail() {
    say "$1 $2 failed with exit code $code:"
    tail -n 5 "$log" >&2
    case $2 in weir-*) exit 70 ;; esac
    verdict "$1" "$2" "FAILED"
    failed="$failed $1:$2 "
}

has_failed() {
    case $failed in *" $1:$2 "*) ;; *) return 1 ;; esac
}

# check WORK DATA: leaves in $said what is to be said of the output just made.
check() {
    : >"$log"
    await "$build/check" "$1" "$2" "$result" || true
    said=$(cat "$log")
}

# Before the rounds: memory is sampled, which costs time, and the output is checked. Later rounds compare its size only.
rehearse() {
    work=$1 who=$2
    : >"$log"
    run_contender "$work" "$who" "$whole" --memory || {
        fail "$work" "$who"
        return
    }
    note "$work" "$who" memory 1
    [ "$work" != start ] || return 0
    wc -c <"$result" >"$out/size-$work-$who"
    case $who in
    "weir-$workers" | [!w]*) check "$work" "$whole" ;;
    *) return ;;
    esac
    case $who in "weir-$workers") [ "$workers" -eq 1 ] || [ "$work" = w1 ] || compare_with_one "$work" ;; esac
    verdict "$work" "$who" "$said"
}

# The output must not depend on the number of workers.
compare_with_one() {
    mv "$result" "$out/kept"
    run_contender "$1" weir-1 "$whole" || exit 70
    if cmp -s "$result" "$out/kept"; then
        said="$said; the same bytes with 1 worker"
    else
        said="NOT THE SAME BYTES with 1 worker; $said"
    fi
    rm -f "$out/kept"
}

time_one() {
    work=$1 who=$2
    has_failed "$work" "$who" && return
    : >"$log"
    run_contender "$work" "$who" "$whole" || {
        fail "$work" "$who"
        return
    }
    note "$work" "$who" time 1
    [ "$work" = start ] || [ "$(wc -c <"$result")" = "$(cat "$out/size-$work-$who")" ] ||
        verdict "$work" "$who" "WRONG: the size of its output changed between two runs"
}

# The slow ones run once; time and memory are of the same run.
run_slow() {
    work=$1 who=$2
    : >"$log"
    run_contender "$work" "$who" "$part" --memory || {
        fail "$work" "$who"
        return
    }
    note "$work" "$who" time "$factor"
    note "$work" "$who" memory 1
    check "$work" "$part"
    verdict "$work" "$who" "$said"
}

for_each() {
    step=$1
    for each_work in $works; do
        for each in $(fast_contenders "$each_work"); do
            "$step" "$each_work" "$each"
        done
    done
    if is_chosen duckdb; then
        "$step" start duckdb
    fi
}

read_arguments "$@"
mkdir -p "$build"
choose_folder
trap clean_up EXIT
trap 'stop_by HUP' HUP
trap 'stop_by INT' INT
trap 'stop_by TERM' TERM

build_program
for tool in gen_sales measure check; do
    compile "$tool"
done
choose_peers
factor=1
if [ "$full" = no ] && [ "$mb" -ge 10 ]; then
    data_of $((mb / 10))
    factor=$(awk "BEGIN { print $mb / $((mb / 10)) }")
    part=$data
fi
data_of "$mb"
whole=$data
part=${part:-$whole}

: >"$results"
: >"$verdicts"
failed=
load=$(cut -d ' ' -f 1-3 /proc/loadavg)
say "a first run of everybody: output, memory"
for_each rehearse
for round in $(seq "$rounds"); do
    say "round $round of $rounds"
    for_each time_one
done
for each_work in $works; do
    for each in $(slow_contenders "$each_work"); do
        say "$each_work $each, once"
        run_slow "$each_work" "$each"
    done
done

echo
describe_machine
awk -v mb="$mb" -v workers="$workers" -v rounds="$rounds" -f "$here/report.awk" "$verdicts" "$results"
# Slow is a figure, wrong is a failure.
awk -F '\t' '$2 ~ /^weir-/ && $3 !~ /^exact/ { wrong = 1 } END { exit wrong }' "$verdicts"
