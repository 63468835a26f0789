# Read by the scripts of this folder, which attack whole runs: sample data, pipelines, and the words to say what must hold.
#
#     WEIR_SEED        repeats what a script did (it prints its seed)
#     WEIR_FAULTS_SLOW how many times slower than usual a run may be: smaller data, more patience. 6 for a program with
#                      AddressSanitizer
#     WEIR_ON_HANG     a command that is given the process numbers of a run that hangs, before they are killed
#
# A case is a pipeline that writes all its files into the folder `made`, and reads what make_data has made. What it must
# leave there is what an undisturbed run has left: a file too many is found as well as a wrong byte.
# shellcheck shell=sh

WEIR_SOURCE=${WEIR_SOURCE:-$(cd "$(dirname "$0")/../.." && pwd)}
case ${1:-} in
'' | /*) ;;
*) program_path=$PWD/$1 && shift && set -- "$program_path" "$@" ;;
esac
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

slow=${WEIR_FAULTS_SLOW:-}
if [ -z "$slow" ]; then
    slow=1
    if grep -q __asan_init "$program"; then slow=6; fi
fi
# The leak check of a program that ends has a helper process that would be taken for a worker. Leaks are looked for elsewhere.
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
seed=${WEIR_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
echo "seed $seed (WEIR_SEED=$seed repeats it)"
rolled=$((seed % 2147483648))
ended='' elapsed_us=0 blows=0 orphans=0 left=0 # of the last run, read from harass's report

# roll LOW HIGH: sets `rolled` to go on with, and `pick` to a number from LOW to HIGH.
roll() {
    rolled=$(((rolled * 1103515245 + 12345) % 2147483648))
    pick=$(($1 + rolled / 8 % ($2 - $1 + 1)))
}

# ---- tools and data

cc -O2 "$WEIR_SOURCE/samples/gen_orders.c" -o gen_orders &&
    cc -O2 -D_GNU_SOURCE "$WEIR_SOURCE/tests/faults/harass.c" -o harass || exit 71

# make_data MEGABYTES: orders.csv, in pieces too; dirty.csv; text.txt; large.txt, whose records are larger than a slot
make_data() {
    megabytes=$(($1 / slow))
    [ "$megabytes" -gt 0 ] || megabytes=1
    ./gen_orders --megabytes "$megabytes" --seed 1 >orders.csv
    ./gen_orders --megabytes "$megabytes" --seed 2 --dirty >dirty.csv
    piece_rows=$((40000 / slow))
    for i in 1 2 3; do
        ./gen_orders --rows $((i * piece_rows / 3)) --seed "$i" >"piece-$i.csv"
    done
    tr -d '"' <orders.csv >text.txt
    awk -v lines=$((120 / slow)) 'BEGIN {
        for (tail = "lorem ipsum "; length(tail) < 100000;) tail = tail tail
        for (i = 0; i < lines; i++) {
            print i, substr(tail, 1, 70000 + i * 331)
            for (j = 0; j < i % 4 * 700; j++) print "line", j, "between large ones"
        }
    }' >large.txt
}

# ---- cases

small_slots='slot: 64KiB, slots: 2, '

# pipeline_file CASE RUN-OPTIONS <STAGES
pipeline_file() {
    # Signals that a stage's own code might have caused are not to be blamed on the record that they fall on.
    printf 'version: 1\nname: %s\nrun: {%srestarts: 1000}\nquarantine: {poison_after: 20}\nstages:\n' "$1" "$2" >"$1.yaml"
    cat >>"$1.yaml"
}

make_cases() {
    pipeline_file fused '' <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - id: paid
    type: transform
    with:
      where: "quantity >= 30 and status = 'paid'"
      set: {total: "round(quantity * unit_price * (1 - discount), 2)"}
      select: [id, customer, country, total, notes]
  - {id: write, type: csv.write, with: {path: made/paid.csv}}
END
    pipeline_file isolated "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - id: most
    type: transform
    isolate: true
    with: {where: "country <> 'DE'", set: {who: "upper(customer)"}, drop: [ts]}
  - {id: write, type: csv.write, with: {path: made/most.csv}}
END
    pipeline_file rejects "$small_slots" <<'END'
  - id: read
    type: csv.read
    on_error: reject
    rejects: {path: made/bad-rows.csv}
    with: {path: dirty.csv}
  - id: cast
    type: transform
    on_error: reject
    rejects: {path: made/bad-values.csv}
    with: {set: {quantity: "quantity::integer", unit_price: "unit_price::decimal"}}
  - {id: write, type: csv.write, with: {path: made/good.csv}}
END
    pipeline_file rejects_apart '' <<'END'
  - id: read
    type: csv.read
    on_error: reject
    rejects: {path: made/bad-rows.csv}
    with: {path: dirty.csv}
  - id: cast
    type: transform
    isolate: true
    on_error: reject
    rejects: {path: made/bad-values.csv}
    with: {where: "quantity::integer > 10", set: {unit_price: "unit_price::decimal"}}
  - {id: write, type: csv.write, with: {path: made/good.csv}}
END
    # Every record leaves through a port of rejects, and the stream itself is empty numbers.
    pipeline_file all_rejected "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - id: cast
    type: transform
    isolate: true
    on_error: reject
    rejects: {path: made/bad.csv}
    with: {set: {customer: "customer::integer"}}
  - {id: write, type: csv.write, with: {path: made/good.csv}}
END
    pipeline_file pieces "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: [piece-3.csv, "piece-[12].csv", orders.csv]}}
  - {id: write, type: csv.write, with: {path: made/all.csv, quoting: all}}
END
    pipeline_file lines "$small_slots" <<'END'
  - {id: read, type: lines.read, with: {path: text.txt}}
  - {id: match, type: transform, with: {where: "contains(line, 'garden')"}}
  - {id: write, type: lines.write, with: {path: made/garden.txt}}
END
    pipeline_file large "$small_slots" <<'END'
  - {id: read, type: lines.read, with: {path: large.txt}}
  - {id: write, type: lines.write, with: {path: made/large.txt}}
END
    pipeline_file large_apart "$small_slots" <<'END'
  - {id: read, type: lines.read, with: {path: large.txt}}
  - {id: pass, type: transform, isolate: true, with: {where: "length(line) > 4"}}
  - {id: write, type: lines.write, with: {path: made/large.txt}}
END
    pipeline_file compressed "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: write, type: csv.write, with: {path: made/orders.csv.zst}}
END
    # Two files open of forty, so that each is opened again and again.
    pipeline_file divided "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: write, type: csv.write, with: {path: "made/{country}/{status}.csv", max_open: 2}}
END
    # Members are of one size, so that what is compressed is the same without being unpacked.
    pipeline_file split "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - id: write
    type: csv.write
    with: {path: "made/{status}/orders.csv.gz", max_open: 2, split: {rows: 9k, bytes: 300KB}}
END
    # How much is read beyond the limit is a matter of time: only the output is compared.
    pipeline_file limited "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: first, type: transform, with: {where: "quantity > 10", limit: 9000}}
  - {id: write, type: csv.write, with: {path: made/first.csv}}
END
    # Counting: what is lost or counted twice shows in one number.
    pipeline_file counted "$small_slots" <<'END'
  - id: read
    type: csv.read
    on_error: reject
    rejects: {path: made/bad-rows.csv}
    with: {path: dirty.csv}
  - {id: count, type: count, with: {path: made/number}}
END
    pipeline_file counted_first "$small_slots" <<'END'
  - {id: read, type: csv.read, workers: 1, with: {path: orders.csv, limit: 9000}}
  - {id: count, type: count, workers: 1, with: {path: made/number}}
END
    # What stands in the files that seats keep: lost or taken twice, it shows in a sum.
    pipeline_file grouped "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - id: groups
    type: aggregate
    with:
      by: [customer, country, category]
      set:
        orders: count(*)
        total: sum(quantity * unit_price)
        last: last(id)
        days: "count_distinct(left(ts, 10))"
        ids: "string_agg(id, ' ')"
  - {id: write, type: csv.write, with: {path: made/groups.csv}}
END
    pipeline_file sorted "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: sort, type: sort, with: {by: [country, "quantity::integer desc"]}}
  - {id: write, type: csv.write, with: {path: made/sorted.csv}}
END
    pipeline_file distinct "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: first, type: distinct, with: {by: [customer, quantity], memory: 16MiB}}
  - {id: write, type: csv.write, with: {path: made/first.csv}}
END
    # Every way through a graph, each to a file of its own.
    pipeline_file routed "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: dirty.csv}}
  - {id: keep, type: transform, with: {where: "quantity >= 20", set: {price: "unit_price::decimal"}}}
  - {id: split, type: route, isolate: true, with: {routes: {paid: "status = 'paid'", de: "country = 'DE'"}}}
  - {id: paid, type: csv.write, inputs: split.paid, with: {path: made/paid.csv}}
  - {id: de, type: csv.write, inputs: split.de, with: {path: made/de.csv}}
  - {id: rest, type: csv.write, inputs: split.else, with: {path: made/rest.csv}}
  - {id: few, type: csv.write, inputs: keep.else, with: {path: made/few.csv}}
  - {id: all, type: csv.write, inputs: keep, with: {path: made/all.csv}}
  - {id: bad, type: csv.write, inputs: read.rejects, with: {path: made/bad.csv}}
  - {id: worse, type: csv.write, inputs: keep.rejects, with: {path: made/worse.csv}}
END
    # What comes from several stages comes in the order of arrival: sorted, it is the same.
    pipeline_file merged "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: more, type: csv.read, with: {path: "piece-[123].csv", line_column: line, filename_column: file}}
  - {id: half, type: transform, inputs: read, with: {where: "quantity < 50"}}
  - {id: both, type: transform, inputs: [half, half.else, more], with: {set: {file: "coalesce(file, '')"}}}
  - {id: sort, type: sort, with: {by: [id, customer, file, line]}}
  - {id: write, type: csv.write, with: {path: made/both.csv}}
END
    pipeline_file joined "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: orders.csv}}
  - {id: more, type: csv.read, with: {path: piece-3.csv}}
  - {id: other, type: transform, with: {select: [id, customer, quantity], rename: {quantity: more}}}
  - id: join
    type: join
    inputs: {left: read, right: other}
    with: {by: [id, customer], how: full, side: side, memory: 4MiB}
  - {id: write, type: csv.write, with: {path: made/joined.csv}}
END
    # The first bad record is the error that is reported, whoever dies.
    pipeline_file failing "$small_slots" <<END
  - {id: read, type: csv.read, with: {path: piece-3.csv}}
  - id: ratio
    type: transform
    isolate: true
    with: {set: {ratio: "if(id::integer > $((piece_rows * 3 / 4)), 1 / (quantity::integer - 50), 0)"}}
  - {id: write, type: csv.write, with: {path: made/ratio.csv}}
END
}
# shellcheck disable=SC2034
all_cases='fused isolated rejects rejects_apart all_rejected pieces lines large large_apart compressed divided split limited
    counted counted_first grouped sorted distinct routed merged joined failing'

# unpack FOLDER: what is compressed. Where a worker has died of its own doing its records are worked on one by one, and come in
# other slots, of which each becomes a member: the same text in other members.
unpack() {
    for packed in "$1"/*.zst; do
        [ ! -e "$packed" ] || zstd -dqf --rm "$packed" || fail "$packed cannot be unpacked"
    done
}

# figures RECEIPT CASE: what of a receipt may not depend on time.
figures() {
    case $2 in
    limited | counted_first) grep -oE '"(balanced|published|exit_code)": *[^,]*' "$1" ;;
    compressed) grep -oE '"(id|in|used|out|balanced|published|exit_code)": *("[^"]*"|[^,]*)' "$1" ;;
    failing) grep -oE '"(published|exit_code|error)": *[^,]*|"text": *"[^"]*"' "$1" ;;
    *)
        grep -oE '"(id|in|used|dropped|null_dropped|rejected|failed|quarantined|out|bytes|balanced|published|exit_code|verdict|error)": *("[^"]*"|[^,]*)' "$1"
        ;;
    esac
}

# expect CASE: runs it undisturbed, and keeps what it leaves in expected/CASE.
expect() {
    rm -rf made
    mkdir -p made expected
    ./harass -d $((30 * slow)) report "$program" run -q --receipt receipt.json "$1.yaml" 2>err
    # shellcheck source=/dev/null
    . ./report
    [ "$ended" != hang ] || {
        fail "case $1 hangs without being disturbed"
        return 1
    }
    echo "$ended" >"expected/$1.ended"
    echo "$elapsed_us" >"expected/$1.elapsed"
    figures receipt.json "$1" >"expected/$1.figures"
    unpack made
    mv made "expected/$1"
    case $1 in
    failing) return ;;
    counted*) least=+0 ;;
    *) least=+50k ;;
    esac
    if [ -z "$(find "expected/$1" -type f -size "$least")" ]; then
        fail "case $1 makes nothing to compare: exit $ended"
        cat err
        return 1
    fi
}

restarts_of() {
    grep -oE '"restarts": *[0-9]+' "$1" | tr -dc 0-9 | grep . || echo 0
}

blows_in_all=0 runs=0 restarts_in_all=0
standard_output=out

# strike HARASS-OPTIONS... -- PIPELINE-ARGUMENTS...: one run under blows. Sets ended, elapsed_us, blows, orphans and left; what
# the program says goes to $standard_output and err.
strike() {
    strokes=
    while [ "$1" != -- ]; do
        strokes="$strokes $1"
        shift
    done
    shift
    roll 1 1000000000
    rm -f report receipt.json
    # The words of $strokes are options, without blanks in them.
    # shellcheck disable=SC2086
    ./harass -s "$pick" -d $((30 * slow)) -l $((2 * slow)) $strokes report "$program" run --receipt receipt.json "$@" \
        >"$standard_output" 2>err
    ended=none
    # shellcheck source=/dev/null
    . ./report
    [ -f receipt.json ] || : >receipt.json
    runs=$((runs + 1)) blows_in_all=$((blows_in_all + blows))
    restarts_in_all=$((restarts_in_all + $(restarts_of receipt.json)))
}

# harassed CASE WHAT HARASS-OPTIONS... -- PIPELINE-OPTIONS...: runs a case, which must end as if nothing had happened.
harassed() {
    case=$1 what=$2
    shift 2
    rm -rf made
    mkdir made
    strike "$@" "$case.yaml" </dev/null
    here="$case, $what (run $runs, after $blows blows)"
    [ "$ended" = "$(cat "expected/$case.ended")" ] || fail "$here: ended with $ended: $(tail -n 3 err)"
    nothing_left "$here"
    # A sink that dies while the run is being given up cannot remove its temporary file.
    [ "$case" != failing ] || rm -f made/.*.part
    unpack made
    diff -rq "expected/$case" made >different || {
        fail "$here: $(cat different)"
        keep_evidence "$case"
    }
    figures receipt.json "$case" | cmp -s - "expected/$case.figures" || {
        fail "$here: other figures"
        figures receipt.json "$case" | diff "expected/$case.figures" -
    }
}

# old_outputs CASE: the outputs of an earlier run, which are to stay as they are.
old_outputs() {
    rm -rf made old
    mkdir made
    for output in "expected/$1"/*; do
        [ -e "$output" ] || continue
        echo "made by an earlier run" >"made/${output##*/}"
    done
    cp -R made old
}

# untouched WHAT: nothing was published, nothing stays beside the outputs.
untouched() {
    diff -rq old made >different || fail "$1: $(cat different)"
}

# is_published CASE; published CASE WHAT: everything was published, and nothing stays beside it.
is_published() {
    unpack made
    diff -rq "expected/$1" made >different
}

published() {
    is_published "$1" || fail "$2: $(cat different)"
}

# worker SUPERVISOR NAME: prints the process number of the worker of that name, once there is one with its seat's name.
worker() {
    until find_worker "$1" "$2"; do
        # One that has ended and was not waited for yet is there all the same.
        case $(sed 's/.*) \(.\).*/\1/' "/proc/$1/stat" 2>/dev/null) in
        '' | Z) return 1 ;;
        esac
    done
}

find_worker() {
    children=
    { read -r children <"/proc/$1/task/$1/children"; } 2>/dev/null
    for child in $children; do
        { read -r comm <"/proc/$child/comm"; } 2>/dev/null || continue
        [ "$comm" = "$2" ] && echo "$child" && return 0
    done
    return 1
}

# Where WEIR_EVIDENCE names a folder, the files of a run that went wrong are put there.
keep_evidence() {
    [ -z "${WEIR_EVIDENCE:-}" ] && return
    mkdir -p "$WEIR_EVIDENCE/$1-$runs"
    cp -R made "expected/$1" err report receipt.json "$WEIR_EVIDENCE/$1-$runs"
}

# nothing_left WHAT [ORPHANS]: no process outlived the run, and the program reaped all its workers itself, unless it was killed.
# Shared memory has no name.
nothing_left() {
    [ "$left" -eq 0 ] || fail "$1: $left processes outlived the program: $(grep -A 8 '^harass' err)"
    [ "${2:-none}" = orphans ] || [ "$orphans" -eq 0 ] || fail "$1: $orphans processes left to others to reap"
    if find /dev/shm -maxdepth 1 -type f -name '*weir*' 2>/dev/null | grep -q .; then
        fail "$1: something stays in /dev/shm"
    fi
}
