# Read by run.sh: who takes part, and how each is called.
#
# A contender is weir-N, with so many workers, or a peer. Some peers are so slow that they run once, on a tenth.
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

# What is missing for a peer, in words; nothing if it can run.
missing_for() {
    case $1 in
    libcsv)
        [ -f /usr/include/csv.h ] || echo "no csv.h (Debian: libcsv-dev)"
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

# Those of a work who run in every round. In w3 Weir also runs with fewer workers, for the table of scaling.
fast_contenders() {
    echo "weir-$workers"
    if [ "$1" = w1 ] && is_chosen libcsv; then
        echo libcsv
    fi
    if is_chosen duckdb; then
        echo duckdb
    fi
    if [ "$1" = w3 ]; then
        for n in 1 2 3 4; do
            [ "$n" -ge "$workers" ] || echo "weir-$n"
        done
    fi
}

slow_contenders() {
    for peer in python python-queues miller; do
        if is_chosen "$peer" && [ "$1:$peer" != w1:python-queues ]; then
            echo "$peer"
        fi
    done
}

# What Weir counted in w1 stands in the receipt, under the stage 'count'.
count_in_receipt() {
    awk -F'[ ,:"]+' '$2 == "id" { id = $3 } $2 == "in" && id == "count" { print $3 }' "$receipt"
}

# run_contender WORK CONTENDER DATA [--memory]: output goes to $result, what it cost to $costs. The data is brought
# into the page cache right before, and an older output removed, for everybody alike.
run_contender() {
    run_work=$1 run_who=$2 run_in=$3 run_flag=${4:-}
    rm -f "$result" "$costs" "$receipt"
    cat "$run_in" >/dev/null
    set -- "$build/measure" ${run_flag:+"$run_flag"} "$costs"
    case $run_who in
    weir-*)
        set -- "$@" "$pipeline" run -q --workers "${run_who#weir-}" --receipt "$receipt" \
            "$here/$run_work.yaml" --var "in=$run_in"
        [ "$run_work" = w1 ] || set -- "$@" --var "out=$result"
        ;;
    libcsv) set -- "$@" "$build/libcsv_count" "$run_in" "$result" ;;
    duckdb) set -- "$@" node "$here/peers/duckdb.js" "$run_work" "$run_in" "$result" "$workers" ;;
    python) set -- "$@" "$python" "$here/peers/python_csv.py" "$run_work" "$run_in" "$result" ;;
    python-queues) set -- "$@" "$python" "$here/peers/python_queues.py" "$run_work" "$run_in" "$result" ;;
    miller) set -- "$@" sh "$here/peers/miller.sh" "$run_work" "$run_in" "$result" ;;
    esac
    await "$@" || return
    case $run_work:$run_who in w1:weir-*) count_in_receipt >"$result" ;; esac
}

describe_machine() {
    echo "$(date '+%Y-%m-%d %H:%M'), $(uname -sr), $(nproc) processors," \
        "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo)"
    echo "load average when it began: $load; outputs in ${out%/*}"
    "$pipeline" version | head -n 1
    if is_chosen duckdb; then
        echo "DuckDB: npm package $(sed -n 's/.*"version": *"\(.*\)".*/\1/p' \
            "$NODE_PATH/@duckdb/node-api/package.json"), Node.js $(node --version), $workers threads"
    fi
    if [ -n "${python:-}" ]; then
        "$python" --version
    fi
    if is_chosen miller; then
        mlr --version
    fi
}
