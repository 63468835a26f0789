#!/bin/sh
# Every file of pipelines/ runs as it is, and its output is what awk makes of the same data.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# They name samples/ by a relative path, as from the top of the source tree.
ln -s "$WEIR_SOURCE/samples" samples
ln -s "$WEIR_SOURCE/pipelines" pipelines
records=$WEIR_SOURCE/tests/cli/records.awk
orders=samples/orders.csv
dirty=samples/orders-dirty.csv

# balanced NAME: the run before ended well.
balanced() {
    says err "$1: complete in"
    says err "balanced"
    says_not err "NOT"
}

run_paid_orders() {
    cat >paid.awk <<'END'
# Exact: cents times hundredths are ten thousandths, well below 2^53; half away from zero.
function record(    exact, cents) {
    if (++number == 1) {
        print "id,country,total"
        return
    }
    if (field[6] + 0 < 50 || field[10] != "paid")
        return
    exact = field[6] * hundredths(field[7]) * (100 - hundredths(field[8]))
    cents = int((exact + 50) / 100)
    printf "%s,%s,%d.%02d\n", field[1], field[4], cents / 100, cents % 100
}
function hundredths(text,    part) {
    split(text, part, ".")
    return part[1] * 100 + part[2]
}
END
    awk -f "$records" -f paid.awk "$orders" >expected
    [ "$(wc -l <expected)" -gt 500 ] || fail "awk found too few paid orders"
    same paid.csv expected
    # The same bytes for any number of workers.
    for workers in 1 3 8; do
        run 0 run -q pipelines/paid-orders.yaml --workers $workers --var out=again.csv
        same again.csv expected
    done
}

run_select_columns() {
    cat >columns.awk <<'END'
function record() {
    print field[1] "," field[3] "," field[10]
}
END
    awk -f "$records" -f columns.awk "$orders" >expected
    same columns.csv expected
}

run_clean_orders() {
    cat >clean.awk <<'END'
function record() {
    if (++number > 1 && (fields != 10 || field[6] !~ /^[0-9]+$/ || field[7] !~ /^[0-9.]+$/))
        return
    print field[1] "," field[2] "," field[3] "," field[4] "," field[5] "," field[6] "," field[7] \
        "," field[8] "," (number > 1 ? toupper(field[10]) : field[10])
}
END
    cat >count.awk <<'EOF'
function record() {
    if (++number == 1)
        return
    if (fields != 10)
        short++
    else if (field[6] !~ /^[0-9]+$/ || field[7] !~ /^[0-9.]+$/)
        wrong++
}
END { print short + 0, wrong + 0 }
EOF
    awk -f "$records" -f clean.awk "$dirty" >expected
    same clean.csv expected
    awk -f "$records" -f count.awk "$dirty" >counts
    read -r short wrong <counts
    [ "$short" -gt 3 ] || fail "awk found too few short rows: $short"
    [ "$wrong" -gt 10 ] || fail "awk found too few wrong figures: $wrong"
    says err " read "
    awk -v wanted="$short" '$1 == "read" && $5 != wanted { exit 1 }' err || fail "rejects of read"
    awk -v wanted="$wrong" '$1 == "clean" && $5 != wanted { exit 1 }' err || fail "rejects of clean"
    says bad-rows.csv "orders-dirty.csv"
    says bad-values.csv "twelve"
    says bad-values.csv "n/a"
    # With no allowance the same run ends with 1, its outputs published all the same.
    sed '/^run:/d' pipelines/clean-orders.yaml >strict.yaml
    rm -f clean.csv
    run 1 run strict.yaml
    same clean.csv expected
}

run_grep_lines() {
    grep -F garden "$orders" >expected
    same lines.txt expected
    run 0 run -q pipelines/grep-lines.yaml --var word=Müller --var out=-
    grep -F Müller "$orders" >expected
    same out expected
}

run_fetch_pages() {
    cat >expected <<'EOF'
{"url":"http://127.0.0.1/","status":null,"title":null,"links":null,"error":"forbidden_address"}
{"url":"http://169.254.169.254/latest/meta-data/","status":null,"title":null,"links":null,"error":"forbidden_address"}
{"url":"no address","status":null,"title":null,"links":null,"error":"bad_url"}
EOF
    same pages.jsonl expected
}

run_hash_tree() {
    find samples/ -type f -exec sha256sum {} + | sort >expected
    sort SHA256SUMS >sums
    same sums expected
}

# Its list is standard input, which is empty here.
run_hash_list() {
    empty SHA256SUMS
    find samples/ -name '*.csv' -print0 | "$program" run -q pipelines/hash-list.yaml || fail "hash-list: exit $?"
    find samples/ -name '*.csv' -exec sha256sum {} + | sort >expected
    sort SHA256SUMS >sums
    same sums expected
}

run_check_manifest() {
    cat >expected <<'EOF'
samples/orders.csv: OK
samples/orders-dirty.csv: OK
EOF
    same out expected
}

run_check_tree() {
    {
        echo 'samples/orders.csv: OK'
        echo 'samples/orders-dirty.csv: OK'
        find samples/ -type f ! -name orders.csv ! -name orders-dirty.csv | sed 's/$/: EXTRA/'
    } | sort >expected
    sort out >sorted
    same sorted expected
}

run_count() {
    cat >number.awk <<'EOF'
function record() {
    number++
}
END { print number - 1 }
EOF
    number=$(awk -f "$records" -f number.awk "$orders")
    [ "$number" -eq 2000 ] || fail "awk counts $number orders"
    [ "$(cat out)" = 2000 ] || fail "count says other than 2000"
}

run_group_orders() {
    cat >groups.awk <<'EOF'
# Exact: as in run_paid_orders.
function record(    key, cents) {
    if (++number == 1)
        return
    key = field[4] "," field[5]
    cents = int((field[6] * hundredths(field[7]) * (100 - hundredths(field[8])) + 50) / 100)
    orders[key]++
    total[key] += cents
    if (field[6] + 0 > largest[key])
        largest[key] = field[6] + 0
    if (!((key, field[3]) in seen)) {
        seen[key, field[3]] = 1
        customers[key]++
    }
}
function hundredths(text,    part) {
    split(text, part, ".")
    return part[1] * 100 + part[2]
}
END {
    for (key in orders)
        printf "%s,%d,%d.%02d,%d,%d\n", key, orders[key], total[key] / 100, total[key] % 100, largest[key], customers[key]
}
EOF
    {
        echo country,category,orders,total,largest,customers
        awk -f "$records" -f groups.awk "$orders" | LC_ALL=C sort -t , -k 1,1 -k 2,2
    } >expected
    same groups.csv expected
    for workers in 1 3 8; do
        run 0 run -q pipelines/group-orders.yaml --workers $workers --var out=again.csv
        same again.csv expected
    done
}

run_sort_orders() {
    cat >worth.awk <<'EOF'
# In front of each row what it is sorted by, in ten thousandths, and its number.
function record(    part) {
    split(field[7], part, ".")
    gsub(/\n/, "\001", raw)
    if (++number > 1)
        printf "%s\t%d\t%d\t%s\n", field[4], field[6] * (part[1] * 100 + part[2]), number, raw
}
EOF
    {
        head -n 1 "$orders"
        awk -f "$records" -f worth.awk "$orders" | LC_ALL=C sort -t '	' -k 1,1 -k 2,2nr -k 3,3n | cut -f 4- | tr '\001' '\n'
    } >expected
    same sorted.csv expected
    for workers in 1 3 8; do
        run 0 run -q pipelines/sort-orders.yaml --workers $workers --var out=again.csv
        same again.csv expected
    done
}

run_dedupe_orders() {
    cat >first.awk <<'EOF'
function record() {
    if (!((field[3], field[4]) in seen))
        print raw
    seen[field[3], field[4]] = 1
}
EOF
    awk -f "$records" -f first.awk "$orders" >expected
    same first.csv expected
    for workers in 1 3 8; do
        run 0 run -q pipelines/dedupe-orders.yaml --workers $workers --var out=again.csv
        same again.csv expected
    done
}

run_orders_by_country() {
    mkdir countries
    cat >countries.awk <<'EOF'
function record() {
    if (++number == 1)
        head = raw
    else if (!(field[4] in seen))
        print head >("countries/" field[4])
    seen[field[4]] = 1
    if (number > 1)
        print raw >("countries/" field[4])
}
EOF
    awk -f "$records" -f countries.awk "$orders"
    for workers in 0 1 3 8; do
        [ $workers -eq 0 ] || run 0 run -q pipelines/orders-by-country.yaml --workers $workers
        for country in countries/*; do
            same "${country#*/}/orders.csv" "$country"
            rm -r "${country#*/}"
        done
    done
    [ -z "$(find . -name orders.csv)" ] || fail "orders of other countries"
}

run_many_files() {
    cat >parts.awk <<'EOF'
function record(    i) {
    number++
    for (i = 1; i <= 4; i++)
        if (number == 1 || number % 4 == i - 1)
            print raw >("part-" i ".csv")
}
EOF
    awk -f "$records" -f parts.awk "$dirty"
    cat part-[1-4].csv >all-parts.csv
    gzip part-[1-4].csv
    cat >good.awk <<'EOF'
function record() {
    part += field[1] == "id"
    if (field[1] == "id" && part == 1)
        print raw ",file"
    else if (field[1] != "id" && fields == 10 && field[6] ~ /^[0-9]+$/ && field[7] ~ /^[0-9.]+$/)
        print raw ",part-" part ".csv.gz"
    else if (field[1] != "id")
        print >"bad"
}
EOF
    awk -f "$records" -f good.awk all-parts.csv >expected
    [ "$(wc -l <bad)" -gt 13 ] || fail "awk found too few bad rows"
    for workers in 1 3 8; do
        run 0 run -q pipelines/many-files.yaml --workers $workers --var 'in=part-*.csv.gz'
        gzip -dc good.csv.gz >good.csv
        same good.csv expected
        cat bad-rows.csv bad-values.csv >all-bad
        [ "$(grep -c '^part-[1-4].csv.gz,' all-bad)" -eq "$(wc -l <bad)" ] || fail "not all that is bad was rejected"
        [ $workers -gt 1 ] || cp all-bad first-bad
        same all-bad first-bad
    done
}

run_jsonl_to_csv() {
    cat >expected <<'EOF'
id,name,city
1,Ada,London
2,"João ""J"" Silva",São Paulo
3,,
4.50,,
x7,"Grace, of the Navy",""
EOF
    same events.csv expected
    { cat samples/events.jsonl && echo '{"id": 8' && echo '{"id": 9}'; } >broken.jsonl
    run 1 run -q pipelines/jsonl-to-csv.yaml --var in=broken.jsonl
    { cat expected && echo '9,,'; } >with_9
    same events.csv with_9
    says bad-lines.csv "broken.jsonl,6,"
    # And back.
    "$program" "do" -q csv.read expected ! jsonl.write back.jsonl
    [ "$(sed -n 2p back.jsonl)" = '{"id":"2","name":"João \"J\" Silva","city":"São Paulo"}' ] ||
        fail "made $(sed -n 2p back.jsonl)"
}

run_join_countries() {
    cat >join.awk <<'EOF'
BEGIN {
    FS = ","
    while ((getline <"samples/countries.csv") > 0)
        more[$1] = $2 "," $3
    more["country"] = "country_name,region"
}
function record() {
    if (field[4] != without)
        print field[1] "," field[2] "," field[3] "," field[4] "," field[5] "," field[6] "," field[7] "," field[8] \
            "," field[10] "," more[field[4]]
}
EOF
    awk -f "$records" -f join.awk "$orders" >expected
    same joined.csv expected
    for workers in 1 3 8; do
        run 0 run -q pipelines/join-countries.yaml --workers $workers --var out=again.csv
        same again.csv expected
    done
    # A country that nobody knows.
    grep -v '^JP' samples/countries.csv >fewer.csv
    run 1 run -q pipelines/join-countries.yaml --var countries=fewer.csv
    awk -v without=JP -f "$records" -f join.awk "$orders" >expected
    same joined.csv expected
    says unknown-country.csv "'JP' is not in 'fewer.csv'"
}

run_split_orders() {
    cat >split.awk <<'END'
function record(    to) {
    to = field[10] == "paid" ? "paid" : field[10] == "returned" || field[10] == "cancelled" ? "lost" : "other"
    if (++number > 1)
        print raw >("expected." to)
    else
        print raw >"expected.paid"
    if (number == 1) {
        print raw >"expected.lost"
        print raw >"expected.other"
    }
}
END
    awk -f "$records" -f split.awk "$orders"
    for part in paid lost other; do
        [ "$(wc -l <"expected.$part")" -gt 200 ] || fail "awk found too few orders: $part"
        same $part-orders.csv expected.$part
    done
    for workers in 1 3 8; do
        run 0 run -q pipelines/split-orders.yaml --workers $workers --var paid=p --var lost=l --var other=o
        same p expected.paid
        same l expected.lost
        same o expected.other
    done
}

# The same as two runs that each make one of the outputs, and a third that tells what cannot be computed.
run_two_outputs() {
    run 0 run -q pipelines/two-outputs.yaml --workers 1 --var out=one.csv --var large=one.jsonl --var bad=one-bad.csv
    cut -d, -f4 one.csv | awk 'NR > 1 && $1 >= 1000' | wc -l >expected
    wc -l <one.jsonl >got
    same got expected
    [ "$(wc -l <one.jsonl)" -gt 100 ] || fail "too few large orders"
    for workers in 3 8; do
        run 0 run -q pipelines/two-outputs.yaml --workers $workers --var out=again.csv --var large=again.jsonl --var bad=again-bad.csv
        same again.csv one.csv
        same again.jsonl one.jsonl
        sort one-bad.csv >one.sorted
        sort again-bad.csv >again.sorted
        same again.sorted one.sorted
    done
}

run_python_stage() {
    cat >initials.awk <<'EOF'
function record(    text, words, word, i, initials) {
    text = field[3]
    gsub(/^"|"$/, "", text)
    words = split(text, word, /[ \n]+/)
    for (i = 1; i <= words; i++)
        initials = initials (word[i] ~ /^"/ ? "" : substr(word[i], 1, 1))
    print field[1] "," field[3] "," (++number == 1 ? "initials" : initials) "," field[4]
}
EOF
    LC_ALL=C.UTF-8 awk -f "$records" -f initials.awk "$orders" >expected
    same initials.csv expected
    for workers in 1 3 8; do
        run 0 run -q pipelines/python-stage.yaml --workers $workers --var out=again.csv
        same again.csv expected
    done
}

for file in "$WEIR_SOURCE"/pipelines/*.yaml; do
    name=$(basename "$file" .yaml)
    run 0 check "pipelines/$name.yaml"
    says out "correct"
    run 0 run "pipelines/$name.yaml"
    case $name in count | check-manifest | check-tree) ;; *) empty out ;; esac
    balanced "$name"
    case $name in
    paid-orders) run_paid_orders ;;
    select-columns) run_select_columns ;;
    clean-orders) run_clean_orders ;;
    grep-lines) run_grep_lines ;;
    fetch-pages) run_fetch_pages ;;
    hash-tree) run_hash_tree ;;
    hash-list) run_hash_list ;;
    check-manifest) run_check_manifest ;;
    check-tree) run_check_tree ;;
    count) run_count ;;
    group-orders) run_group_orders ;;
    python-stage) run_python_stage ;;
    join-countries) run_join_countries ;;
    dedupe-orders) run_dedupe_orders ;;
    sort-orders) run_sort_orders ;;
    jsonl-to-csv) run_jsonl_to_csv ;;
    split-orders) run_split_orders ;;
    two-outputs) run_two_outputs ;;
    orders-by-country) run_orders_by_country ;;
    many-files) run_many_files ;;
    *) fail "pipelines/$name.yaml has no expectation here" ;;
    esac
done

# Those that hold tests pass them.
run 0 test pipelines/paid-orders.yaml
says out "2 tests, 0 failed"
run 0 test pipelines/jsonl-to-csv.yaml
says out "1 test, 0 failed"

# The sample data are what their generator makes.
"${CC:-cc}" "$WEIR_SOURCE/samples/gen_orders.c" -o gen_orders || fail "gen_orders.c does not compile"
./gen_orders --rows 2000 >made.csv
same made.csv samples/orders.csv
./gen_orders --rows 500 --seed 2 --dirty >made.csv
same made.csv samples/orders-dirty.csv
finish
