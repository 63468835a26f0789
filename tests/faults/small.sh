# Read by the scripts that attack very short runs, again and again: three small cases, and what they may leave.
#
#     replacing   replaces two outputs
#     appending   reads several files, and appends to one that a symbolic link leads to
#     piping      from standard input to standard output
#
# shellcheck shell=sh
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

./gen_orders --rows 2000 --seed 2 --dirty >in.csv
head -n 900 in.csv >in-1.csv
{ head -n 1 in.csv && tail -n 900 in.csv; } >in-2.csv

pipeline_file replacing 'slot: 64KiB, slots: 2, max_rejected: 100%, ' <<'END'
  - id: read
    type: csv.read
    on_error: reject
    rejects: {path: made/bad.csv}
    with: {path: in.csv}
  - {id: most, type: transform, workers: 2, with: {where: "length(customer) > 3", drop: [ts]}}
  - {id: write, type: csv.write, with: {path: made/good.csv}}
END
pipeline_file appending 'slot: 64KiB, slots: 2, ' <<'END'
  - {id: read, type: lines.read, with: {path: "in-*.csv"}}
  - {id: write, type: lines.write, with: {path: made/link.csv, if_exists: append}}
END
pipeline_file piping 'slot: 64KiB, slots: 2, ' <<'END'
  - {id: read, type: lines.read, with: {path: "-"}}
  - {id: write, type: lines.write, sandbox: files, with: {path: "-"}} # where inject.c may open its log
END

# prepare CASE: what its runs find (old), and what a good one leaves (expected/CASE).
prepare() {
    rm -rf old
    mkdir -p old "expected/$1"
    echo '{"published": "earlier"}' >old/receipt.json
    case $1 in
    replacing) for name in good.csv bad.csv; do echo "made by an earlier run" >old/$name; done ;;
    appending) tail -n 50 in.csv >old/all.csv && ln -s all.csv old/link.csv ;;
    esac
    start "$1" "$program"
    [ "$ended" = 0 ] || fail "$1: undisturbed, it ends with $ended: $(cat err)"
    rm -rf "expected/$1"
    mv made "expected/$1"
    mv out "expected/$1.out"
}

# start CASE COMMAND...: runs it, over what an earlier run has left, with a command that runs the program.
start() {
    rm -rf made counter log report
    cp -RP old made
    started=$1
    shift
    ./harass -d $((10 * slow)) -l "$slow" report "$@" run -q --workers 2 --receipt made/receipt.json "$started.yaml" \
        <in.csv >out 2>err
    ended=none
    # shellcheck source=/dev/null
    . ./report
    runs=$((runs + 1))
}

# again: the run after one that left something behind.
again() {
    leftovers=$(find made -name '.*.part')
    [ -n "$leftovers" ] || return 0
    "$program" run -q --workers 2 --receipt made/receipt.json "$case.yaml" <in.csv >out 2>err ||
        fail "$here: the next run ends with $?: $(cat err)"
    [ "$case" = appending ] || is_whole made || fail "$here: the next run leaves $(cat different)"
}

# is_whole FOLDER: what a good run leaves, all of it and nothing else.
is_whole() {
    diff -rq --exclude receipt.json "expected/$case" "$1" >different && grep -q '"published": *true' "$1/receipt.json"
}

is_old() {
    diff -rq --exclude receipt.json --exclude '.*.part' old made >different
}

# Each output is old or whole.
is_mixture() {
    for name in old/*.csv; do
        cmp -s "$name" "made/${name##*/}" || cmp -s "expected/$case/${name##*/}" "made/${name##*/}" || {
            echo "${name##*/} is neither old nor whole" >different
            return 1
        }
    done
    [ -z "$(find made ! -name '*.csv' ! -name receipt.json ! -name '.*.part' ! -name made)" ]
}

# A receipt that was not written is the old one; one that was is complete.
receipt_is_sound() {
    cmp -s old/receipt.json made/receipt.json && return
    grep -q '"published": *false' made/receipt.json && [ "$(tail -n 1 made/receipt.json)" = "}" ]
}
