#!/bin/sh
# Graphs: several inputs, several readers, ports. What comes out is compared with what plain chains make of the same data.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

"${CC:-cc}" "$WEIR_SOURCE/samples/gen_orders.c" -o gen_orders || fail "gen_orders.c does not compile"
./gen_orders --rows 30000 --seed 5 --dirty >dirty.csv
./gen_orders --rows 20000 --seed 6 >a.csv
./gen_orders --rows 10000 --seed 7 >b.csv

# ---- ports: what was refused, what was rejected, and routes, for any number of workers ----

cat >ports.yaml <<'END'
version: 1
name: ports
run: {max_rejected: 100%}
stages:
  - {id: read, type: csv.read, with: {path: dirty.csv}}
  - id: keep
    type: transform
    with: {where: "quantity >= 50", set: {total: "quantity * unit_price"}}
  - id: split
    type: route
    with: {routes: {paid: "status = 'paid'", de: "country = 'DE'", fr: "country = 'FR'"}}
  - {id: paid, type: csv.write, inputs: split.paid, with: {path: paid.csv}}
  - {id: de, type: csv.write, inputs: split.de, with: {path: de.csv}}
  - {id: rest, type: csv.write, inputs: split.else, with: {path: rest.csv}}
  - {id: small, type: csv.write, inputs: keep.else, with: {path: small.csv}}
  - {id: bad, type: csv.write, inputs: read.rejects, with: {path: bad.csv}}
  - {id: worse, type: csv.write, inputs: keep.rejects, with: {path: worse.csv}}
END

# chain NAME WHERE: what a chain makes that keeps records like those of a port.
chain() {
    cat >chain.yaml <<END
version: 1
run: {max_rejected: 100%}
stages:
  - {id: read, type: csv.read, on_error: reject, rejects: {path: expected.bad}, with: {path: dirty.csv}}
  - id: keep
    type: transform
    on_error: reject
    rejects: {path: expected.worse}
    with: {where: "quantity $3 50"$4}
  - {id: chosen, type: transform, with: {where: "$2"}}
  - {id: write, type: csv.write, with: {path: expected.$1}}
END
    run 0 run -q chain.yaml
    [ "$(wc -l <"expected.$1")" -gt 100 ] || fail "too few records are $1"
}

total=', set: {total: "quantity * unit_price"}'
chain small true '<' ''
chain paid "status = 'paid'" '>=' "$total"
chain de "status is distinct from 'paid' and country = 'DE'" '>=' "$total"
chain rest "status is distinct from 'paid' and coalesce(country, '') not in ('DE', 'FR')" '>=' "$total"
for workers in 1 2 4 8; do
    run 0 run ports.yaml --workers $workers --receipt receipt.json
    says err 'balanced'
    for port in paid de rest small bad worse; do
        same $port.csv expected.$port
    done
    # What has left by each port. A record may take several lines: the sinks have counted them.
    tr -d ' \n' <receipt.json >flat
    for port in else:small paid:paid de:de; do
        count=$(grep -o "\"id\":\"${port#*:}\"[^}]*\"in\":[0-9]*" flat | sed 's/.*://')
        grep -q "\"${port%:*}\":${count}[,}]" flat || fail "port ${port%:*} is not $count in receipt.json"
    done
done
[ "$(wc -l <bad.csv)" -gt 100 ] || fail "too few bad records"
[ "$(wc -l <worse.csv)" -gt 100 ] || fail "too few worse records"

run 0 plan ports.yaml
says out "keep         a bad record is counted as rejected and goes to worse"
says out "keep         what is 'else' goes to small"
says out "split        what is 'fr' is dropped"
says out "split        route, reads keep"

# ---- several sources into one, one into several ----

cat >merge.yaml <<'END'
version: 1
name: merge
stages:
  - {id: a, type: csv.read, with: {path: a.csv}}
  - {id: b, type: csv.read, with: {path: b.csv}}
  - {id: few, type: transform, inputs: b, with: {drop: [notes], set: {from: "'b'"}}}
  - {id: both, type: csv.write, inputs: [a, few], with: {path: both.csv}}
  - {id: again, type: csv.write, inputs: few, with: {path: again.csv}}
  - {id: raw, type: csv.write, inputs: b, with: {path: raw.csv}}
END
# only INPUT WHERE SELECT: what such records of a file are, to the file got.
only() {
    run 0 "do" --progress none csv.read "$1" ! transform where="$2" "select=$3" ! csv.write -
    cp out got
}
columns='[id, ts, customer, country, category, quantity, unit_price, discount, status]'
for workers in 1 3 8; do
    run 0 run -q merge.yaml --workers $workers
    same raw.csv b.csv
    head -n 1 both.csv >got
    echo "$(head -n 1 a.csv),from" >expected
    same got expected
    # Each input's records keep their order, and columns that it has not are null.
    only a.csv true "$columns"
    cp got expected
    only both.csv 'from is null' "$columns"
    same got expected
    only b.csv true "$columns"
    cp got expected
    only both.csv "from = 'b' and notes is null" "$columns"
    same got expected
    only again.csv true "$columns"
    same got expected
done

# A reader that wants no more ends alone: the others get all.
cat >limit.yaml <<'END'
version: 1
name: limit
stages:
  - {id: a, type: csv.read, with: {path: a.csv}}
  - {id: few, type: transform, with: {limit: 7}}
  - {id: head, type: csv.write, with: {path: head.csv}}
  - {id: all, type: csv.write, inputs: a, with: {path: all.csv}}
END
head -n 8 a.csv >expected
for workers in 1 4; do
    run 0 run limit.yaml --workers $workers
    says err 'balanced'
    same head.csv expected
    same all.csv a.csv
done

# The lowest bad record of a branch is the one that is told, and nothing is published.
rm -f head.csv all.csv
run 65 run limit.yaml --set a.path=dirty.csv
says err 'dirty.csv:'
[ ! -e all.csv ] || fail "all.csv was published"

# ---- drawings ----

run 0 graph ports.yaml
says out 'digraph "ports" {'
says out 's2 -> s4 [label="de"];'
says out 's0 -> s7 [label="rejects"];'
run 0 graph ports.yaml --format mermaid
says out 'flowchart LR'
says out 's2 -- "de" --> s4'
run 64 graph ports.yaml --format png
says err '--format wants dot, mermaid or svg'
if command -v dot >/dev/null; then
    run 0 graph ports.yaml --format svg
    says out '</svg>'
else
    PATH=/nowhere run 69 graph ports.yaml --format svg
    says err 'graphviz'
fi

# ---- mistakes ----

# mistake CODE TEXT YAML...: what a file of these stages is told.
mistake() {
    code=$1
    text=$2
    shift 2
    {
        echo 'version: 1'
        echo 'stages:'
        printf -- '- %s\n' "$@"
    } >mistake.yaml
    run "$code" check mistake.yaml
    cat out >>err
    says err "$text"
}
read='{id: a, type: csv.read, with: {path: a.csv}}'
write='type: csv.write, with: {path: x.csv}'
mistake 78 "'t' (transform) has no port 'esle'" "$read" '{id: t, type: transform, with: {where: "true"}}' \
    "{id: w, $write}" '{type: discard, inputs: t.esle}'
says err "did you mean 't.else'?"
mistake 78 "'t' (transform) has no port 'else'" "$read" '{id: t, type: transform, with: {limit: 3}}' \
    "{id: w, $write}" '{type: discard, inputs: t.else}'
mistake 78 "'r' (route) has ports only: which of them?" "$read" \
    '{id: r, type: route, with: {routes: {big: "id > 5"}}}' "{id: w, $write}"
says err "read 'r.big'"
mistake 78 "nobody reads what 'r' makes" "$read" '{id: r, type: route, with: {routes: {big: "id > 5"}}}' \
    "{id: w, inputs: a, $write}"
mistake 78 "there is a port 'else' anyhow" "$read" '{id: r, type: route, with: {routes: {else: "id > 5"}}}' \
    "{id: w, inputs: r.else, $write}"
mistake 78 "a route is a condition, true or false; this is" "$read" \
    '{id: r, type: route, with: {routes: {big: "id"}}}' "{id: w, inputs: r.big, $write}"
mistake 78 "column 'id' is integer in one input and untyped in input 2: cast one of them" \
    '{id: x, type: csv.read, with: {path: a.csv, types: {id: integer}}}' '{id: b, type: csv.read, with: {path: b.csv}}' \
    "{id: w, inputs: [x, b], $write}"
mistake 78 "nothing comes from here: 'a' has another on_error than reject" \
    '{id: a, type: csv.read, on_error: drop, with: {path: a.csv}}' "{id: w, $write}" \
    '{type: discard, inputs: a.rejects}'
{
    printf 'version: 1\nstages:\n- %s\n' "$read"
    seq -f '- {id: w%g, type: discard, inputs: a}' 16
} >crowd.yaml
run 0 check crowd.yaml
echo '- {type: discard, inputs: a}' >>crowd.yaml
run 78 check crowd.yaml
says err "or one with more than 16 readers"
mistake 0 "is correct" '{id: a, type: csv.read, with: {path: "-"}}' '{id: b, type: csv.read, with: {path: "-"}}' \
    "{id: w, inputs: [a, b], $write}"
run 78 plan mistake.yaml
says err "standard input is read by stage 'a' as well"
finish
