#!/bin/sh
# Measures Weir and its peers on the same files in the same run, checks what they put out, and prints the figures.
#
#     sh bench/run.sh [OPTION...]
#
#     --mb N           megabytes of data (1000)
#     --processors N   for everybody: Weir's workers, and threads of peers that have some (all that there are)
#     --rounds N       every time is the median of so many (5)
#     --shapes LIST    of sales,two,quoted,long,wide,newlines,stray,memory (all)
#     --works LIST     of w1,w2,w3 (all)
#     --peers LIST     of zsv,duckdb,libcsv,python,python-queues,miller, or none (all that are installed)
#     --full           the slow peers, too, work on all of the data, not on a tenth
#     --out FOLDER     where outputs are written, and removed (a new folder in /dev/shm)
#     --pipeline FILE  a program that is built already (else it is built in build/release)
#
# bench/README.md tells what the shapes and works are, how to read the tables, and what has been done to make it fair.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
build=$root/build/bench
results=$build/results.tsv
verdicts=$build/verdicts.tsv

mb=1000
processors=$(nproc)
rounds=5
shapes=sales,two,quoted,long,wide,newlines,stray,memory
works=w1,w2,w3
peers=zsv,duckdb,libcsv,python,python-queues,miller
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
        --mb | --processors | --rounds | --shapes | --works | --peers | --out | --pipeline)
            [ $# -gt 1 ] || die 64 "$1 wants a value"
            ;;
        *) die 64 "no option '$1'; see sh bench/run.sh --help" ;;
        esac
        case $1 in
        --mb) mb=$(number "$1" "$2") ;;
        --processors) processors=$(number "$1" "$2") ;;
        --rounds) rounds=$(number "$1" "$2") ;;
        --shapes) shapes=$2 ;;
        --works) works=$2 ;;
        --peers) peers=$2 ;;
        --out) out_parent=$2 ;;
        --pipeline) pipeline=$2 ;;
        esac
        shift 2
    done
    shapes=$(list_of "sales two quoted long wide newlines stray memory" "$shapes")
    works=$(list_of "w1 w2 w3" "$works")
    peers=$(list_of "zsv duckdb libcsv python python-queues miller none" "$peers")
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

# data_of SHAPE MEGABYTES: makes the file unless it is there already, and leaves its name in $data.
data_of() {
    kind=$(data_of_shape "$1")
    data=$build/$kind-$2.csv
    if [ -f "$data" ] && [ -z "$(find "$here/gen_sales.c" -newer "$data")" ]; then
        return
    fi
    say "making $data from seed 42"
    # shellcheck disable=SC2016
    await sh -c 'exec "$1" --megabytes "$2" --seed 42 --shape "$3" >"$4"' sh "$build/gen_sales" "$2" "$kind" \
        "$data.unfinished" || die 74 "cannot make $data: $(cat "$log")"
    mv "$data.unfinished" "$data"
}

# Columns of results.tsv: shape, work, contender, what was measured, seconds, processor seconds, kilobytes, factor to
# scale by, bytes that limits:write has written.
note() {
    read -r seconds processor kilobytes <"$costs"
    bytes=0
    [ ! -f "$result" ] || bytes=$(wc -c <"$result")
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$seconds" "$processor" "$kilobytes" "$5" \
        "$bytes" >>"$results"
}

verdict() {
    printf '%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" >>"$verdicts"
    case $4 in
    exact*) ;;
    *) say "$1 $2 $3: $4" ;;
    esac
}

fail() {
    say "$1 $2 $3 failed with exit code $code:"
    tail -n 5 "$log" >&2
    case $3 in weir*) exit 70 ;; esac
    verdict "$1" "$2" "$3" "FAILED"
    failed="$failed $1:$2:$3 "
}

has_failed() {
    case $failed in *" $1:$2:$3 "*) ;; *) return 1 ;; esac
}

# check WORK DATA: leaves in $said what is to be said of the output just made.
check() {
    : >"$log"
    await "$build/check" "$1" "$2" "$result" || true
    said=$(cat "$log")
}

# judge WORK CONTENDER DATA: the first output, which is Weir's, is checked field by field. Others need not be if they are the
# same bytes, and Weir's own must be.
judge() {
    first=$out/weir-$1
    if [ "$2" = weir ]; then
        check "$1" "$3"
        mv "$result" "$first"
    elif [ "$2" = weir-clean ]; then
        check "$1" "$clean"
    elif cmp -s "$result" "$first"; then
        said="exact, the same bytes"
    elif [ "$2" = weir-unordered ]; then
        check lines "$first"
    else
        check "$1" "$3"
        case $2 in weir*) said="NOT THE SAME BYTES; $said" ;; esac
    fi
}

# Before the rounds: memory is sampled, which costs time, and the output is checked. Later rounds compare its size only.
rehearse() {
    : >"$log"
    run_contender "$1" "$2" "$3" "$whole" --memory || {
        fail "$1" "$2" "$3"
        return
    }
    note "$1" "$2" "$3" memory 1
    case $2 in start | limits) return ;; esac
    wc -c <"$result" >"$out/size-$2-$3"
    judge "$2" "$3" "$whole"
    verdict "$1" "$2" "$3" "$said"
}

time_one() {
    has_failed "$1" "$2" "$3" && return
    : >"$log"
    run_contender "$1" "$2" "$3" "$whole" || {
        fail "$1" "$2" "$3"
        return
    }
    note "$1" "$2" "$3" time 1
    case $2 in start | limits) return ;; esac
    [ "$(wc -c <"$result")" = "$(cat "$out/size-$2-$3")" ] ||
        verdict "$1" "$2" "$3" "WRONG: the size of its output changed between two runs"
}

# The slow ones run once; time and memory are of the same run.
run_slow() {
    : >"$log"
    run_contender "$1" "$2" "$3" "$part" --memory || {
        fail "$1" "$2" "$3"
        return
    }
    note "$1" "$2" "$3" time "$factor"
    note "$1" "$2" "$3" memory 1
    check "$2" "$part"
    verdict "$1" "$2" "$3" "$said"
}

# for_each STEP SHAPE
for_each() {
    for each_work in $works start $([ "$2" != sales ] || echo limits); do
        for each in $(fast_contenders "$2" "$each_work"); do
            "$1" "$2" "$each_work" "$each"
        done
    done
}

measure_shape() {
    shape=$1
    data_of "$shape" "$mb"
    whole=$data
    load="${load:+$load; }$(cut -d ' ' -f 1-3 /proc/loadavg)"
    say "$shape: a first run of everybody: output, memory"
    for_each rehearse "$shape"
    for round in $(seq "$rounds"); do
        say "$shape: round $round of $rounds"
        for_each time_one "$shape"
    done
    rm -f "$out"/weir-w* "$result"
    for each_work in $works; do
        for each in $(slow_contenders "$shape" "$each_work"); do
            say "$shape $each_work $each, once"
            run_slow "$shape" "$each_work" "$each"
        done
    done
}

# Memory must not grow with the file: the peaks with four times as much of it.
measure_memory() {
    data_of memory $((4 * mb))
    for each_work in $works; do
        for each in weir $(for peer in zsv duckdb; do if is_chosen $peer; then echo $peer; fi; done); do
            [ "$each_work:$each" != w3:zsv ] || continue
            say "memory: $each_work $each on $((4 * mb)) MB, once"
            : >"$log"
            run_contender memory "$each_work" "$each" "$data" --memory || {
                fail memory "$each_work" "$each"
                continue
            }
            note memory "$each_work" "$each" memory 1
        done
    done
    rm -f "$data" "$result"
}

read_arguments "$@"
mkdir -p "$build"
choose_folder
trap clean_up EXIT
trap 'stop_by HUP' HUP
trap 'stop_by INT' INT
trap 'stop_by TERM' TERM

build_program
for tool in gen_sales measure check limits; do
    compile "$tool"
done
choose_peers
: >"$results"
: >"$verdicts"
failed=
load=
clean=$build/sales-$mb.csv
factor=1
for shape in $shapes; do
    case $shape in
    memory)
        measure_memory
        continue
        ;;
    stray) data_of sales "$mb" ;;
    sales)
        if [ -n "$(slow_contenders sales w3)" ] && [ "$full" = no ] && [ "$mb" -ge 10 ]; then
            data_of sales $((mb / 10))
            factor=$(awk "BEGIN { print $mb / $((mb / 10)) }")
            part=$data
        else
            part=$clean
        fi
        ;;
    esac
    measure_shape "$shape"
    [ "$whole" = "$clean" ] || rm -f "$whole"
done

echo
describe_machine | sed 's/^/- /'
echo
awk -v mb="$mb" -v processors="$processors" -v rounds="$rounds" -f "$here/report.awk" "$verdicts" "$results"
# Slow is a figure, wrong is a failure.
awk -F '\t' '$3 ~ /^weir/ && $4 !~ /^exact/ { wrong = 1 } END { exit wrong }' "$verdicts"
