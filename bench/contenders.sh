# Read by run.sh: what is measured on what, who takes part, and how each is called.
#
# A shape is a kind of data, or of machine; bench/README.md has the list. A contender is a peer, or Weir: `weir` as it
# is, `weir-N` with so many workers, `weir-c` without vector instructions, `weir-unordered` with order: none,
# `weir-clean` on the clean file. Some peers are so slow that they run once, on a tenth.
# shellcheck shell=sh
# shellcheck disable=SC2154 # the variables are run.sh's

is_chosen() {
    for chosen in $peers; do
        [ "$chosen" != "$1" ] || return 0
    done
    return 1
}

# The folder with DuckDB's npm package, or nothing.
find_node_modules() {
    for folder in "$build/node_modules" ${WEIR_PEERS:+"$WEIR_PEERS/node_modules" "$WEIR_PEERS/npm/node_modules"}; do
        if [ -d "$folder/@duckdb/node-api" ]; then
            echo "$folder"
            return
        fi
    done
}

# The folder with zsv_count and zsv_select, or nothing.
find_zsv() {
    for folder in "$build/zsv" ${WEIR_PEERS:+"$WEIR_PEERS/zsv"}; do
        if [ -x "$folder/zsv_count" ] && [ -x "$folder/zsv_select" ]; then
            echo "$folder"
            return
        fi
    done
}

# What is missing for a peer, in words; nothing if it can run.
missing_for() {
    case $1 in
    libcsv)
        [ -f /usr/include/csv.h ] || echo "no csv.h (Debian: libcsv-dev)"
        ;;
    zsv)
        [ -n "$(find_zsv)" ] || echo "no zsv; get it by sh bench/setup-peers.sh"
        ;;
    duckdb)
        if ! command -v node >/dev/null; then
            echo "no Node.js (Debian: nodejs npm), then sh bench/setup-peers.sh"
        elif [ -z "$(find_node_modules)" ]; then
            echo "no npm package @duckdb/node-api; get it by sh bench/setup-peers.sh"
        fi
        ;;
    python | python-queues)
        command -v python3 >/dev/null || echo "no python3 (Debian: python3)"
        ;;
    miller)
        command -v mlr >/dev/null || echo "no mlr; get it by sh bench/setup-peers.sh"
        ;;
    esac
}

# Leaves in $peers those that can run.
choose_peers() {
    wanted=$peers
    peers=
    for peer in $wanted; do
        [ "$peer" != none ] || continue
        missing=$(missing_for "$peer")
        if [ -n "$missing" ]; then
            say "skipped $peer: $missing"
        else
            peers="$peers $peer"
        fi
    done
    if is_chosen libcsv; then
        compile peers/libcsv_count -lcsv
    fi
    if is_chosen zsv; then
        zsv=$(find_zsv)
    fi
    if is_chosen duckdb; then
        NODE_PATH=$(find_node_modules)
        export NODE_PATH
    fi
    if is_chosen python || is_chosen python-queues; then
        # Not a wrapper that chooses an interpreter, but the interpreter.
        python=$(python3 -c 'import sys; print(sys.executable)')
        export PYTHONDONTWRITEBYTECODE=1
    fi
}

# What gen_sales calls the data of a shape.
data_of_shape() {
    case $1 in
    two | memory) echo sales ;;
    *) echo "$1" ;;
    esac
}

# The processors of a shape.
processors_of() {
    if [ "$1" = two ] && [ "$processors" -gt 2 ]; then
        echo 2
    else
        echo "$processors"
    fi
}

# first_processors N: a list of so many of those that this process may use.
first_processors() {
    taskset -pc $$ | sed 's/.*: //' | tr ',' '\n' | awk -F- -v n="$1" '{
        for (cpu = $1; cpu <= (NF > 1 ? $2 : $1) && n > 0; cpu++) {
            printf "%s%s", separator, cpu
            separator = ","
            n--
        }
    }'
}

# fast_contenders SHAPE WORK: those who run in every round. The work `limits` is what the machine allows, and `start` what
# DuckDB's program costs before its work begins.
fast_contenders() {
    case $2 in
    limits)
        echo read copy write
        return
        ;;
    start)
        if is_chosen duckdb; then echo duckdb; fi
        return
        ;;
    esac
    echo weir
    if is_chosen zsv && [ "$2" != w3 ]; then
        echo zsv
    fi
    if is_chosen duckdb; then
        echo duckdb
    fi
    case $1:$2 in
    sales:w1)
        if is_chosen libcsv; then echo libcsv; fi
        echo weir-c
        ;;
    sales:w2) echo weir-c weir-unordered ;;
    sales:w3)
        echo weir-c weir-unordered
        for n in $(seq "$processors"); do
            echo "weir-$n"
        done
        ;;
    stray:*) echo weir-clean ;;
    esac
}

# slow_contenders SHAPE WORK: those who run once.
slow_contenders() {
    [ "$1" = sales ] || return 0
    for peer in python python-queues miller; do
        if is_chosen "$peer" && [ "$2:$peer" != w1:python-queues ]; then
            echo "$peer"
        fi
    done
}

# run_contender SHAPE WORK CONTENDER DATA [--memory]: output goes to $result, what it cost to $costs. The data is brought
# into the page cache right before, and an older output removed, for everybody alike.
run_contender() {
    run_shape=$1 run_work=$2 run_who=$3 run_in=$4 run_flag=${5:-}
    run_processors=$(processors_of "$run_shape")
    [ "$run_who" != weir-clean ] || run_in=$clean
    rm -f "$result" "$costs"
    cat "$run_in" >/dev/null
    set -- "$build/measure" ${run_flag:+"$run_flag"} "$costs" taskset -c "$(first_processors "$run_processors")"
    [ "$run_who" != weir-c ] || set -- "$@" env WEIR_SIMD=c
    case $run_work:$run_who in
    limits:read) set -- "$@" "$build/limits" read "$run_in" "$run_processors" ;;
    limits:copy) set -- "$@" "$build/limits" copy $((mb * 1000000)) "$run_processors" ;;
    limits:write) set -- "$@" "$build/limits" write "$result" $((mb * 324000)) ;; # as w2 does
    *:weir*) set -- "$@" "$pipeline" run -q "$here/$run_work.yaml" --var "in=$run_in" --var "out=$result" ;;
    *:libcsv) set -- "$@" "$build/libcsv_count" "$run_in" "$result" ;;
    w1:zsv) set -- "$@" "$zsv/zsv_count" -j "$run_processors" -o "$result" "$run_in" ;;
    w2:zsv) set -- "$@" "$zsv/zsv_select" -W -j "$run_processors" -o "$result" "$run_in" -- id customer status ;;
    *:duckdb) set -- "$@" node "$here/peers/duckdb.js" "$run_work" "$run_in" "$result" "$run_processors" ;;
    *:python) set -- "$@" "$python" "$here/peers/python_csv.py" "$run_work" "$run_in" "$result" ;;
    *:python-queues) set -- "$@" "$python" "$here/peers/python_queues.py" "$run_work" "$run_in" "$result" ;;
    *:miller) set -- "$@" sh "$here/peers/miller.sh" "$run_work" "$run_in" "$result" ;;
    esac
    case $run_who in
    weir-[0-9]*) set -- "$@" --workers "${run_who#weir-}" ;;
    weir-unordered) set -- "$@" --var order=none ;;
    esac
    case $run_shape:$run_who in stray:weir*) set -- "$@" --var stray_quotes=keep ;; esac
    await "$@"
}

describe_machine() {
    echo "$(date '+%Y-%m-%d %H:%M'), $(uname -sr), $(nproc) processors, of which $processors are used," \
        "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
    echo "load average before each shape: $load; outputs in ${out%/*}"
    "$pipeline" version | head -n 1
    if is_chosen duckdb; then
        echo "DuckDB: npm package $(sed -n 's/.*"version": *"\(.*\)".*/\1/p' \
            "$NODE_PATH/@duckdb/node-api/package.json"), Node.js $(node --version)"
    fi
    if is_chosen zsv; then
        cat "$zsv/version"
    fi
    if [ -n "${python:-}" ]; then
        "$python" --version
    fi
    if is_chosen miller; then
        mlr --version
    fi
}
