# Reads verdicts.tsv and results.tsv of run.sh, prints the tables and what has become of the targets.
# Variables: mb, workers, rounds.

BEGIN {
    FS = "\t"
    title["w1"] = "w1: count the rows"
    title["w2"] = "w2: id, customer, status of every row"
    title["w3"] = "w3: where quantity >= 50 and status = 'paid': id, country, round(quantity * unit_price * (1 - discount), 2)"
    weir = "weir-" workers
}

FILENAME ~ /verdicts/ {
    verdict[$1, $2] = $3
    next
}

{
    key = $1 SUBSEP $2
    if (!(key in seen)) {
        seen[key] = 1
        order[++entries] = key
    }
}

$3 == "memory" {
    memory[key] = $6 / 1024
}

$3 == "time" {
    count[key]++
    seconds[key, count[key]] = $4 * $7
    processor[key, count[key]] = $5 * $7
    scale[key] = $7
}

# Sorts values[key, 1...n] into sorted[1...n].
function sort_values(values, key, n,    i, k, value) {
    for (i = 1; i <= n; i++) {
        value = values[key, i]
        for (k = i; k > 1 && sorted[k - 1] > value; k--)
            sorted[k] = sorted[k - 1]
        sorted[k] = value
    }
}

function median(values, key,    n) {
    n = count[key]
    if (n == 0)
        return 0
    sort_values(values, key, n)
    return n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

function least(values, key) {
    sort_values(values, key, count[key])
    return sorted[1]
}

function time_of(work, who) {
    return median(seconds, work SUBSEP who)
}

function name_of(who) {
    if (who !~ /^weir-/)
        return who
    sub(/^weir-/, "weir, ", who)
    return who (who ~ / 1$/ ? " worker" : " workers")
}

function print_row(work, who,    key, mark) {
    key = work SUBSEP who
    mark = scale[key] == 1 ? " " : "~"
    any_scaled = any_scaled || scale[key] != 1
    if (count[key] == 0) {
        printf "  %-17s  %s\n", name_of(who), verdict[key]
        return
    }
    printf "  %-17s %s%9.3f %s%9.3f %9.2f %9.2f %9.1f   %s\n", name_of(who), mark, median(seconds, key),
        mark, least(seconds, key), median(seconds, key) / time_of(work, weir), median(processor, key),
        memory[key], verdict[key]
}

function print_work(work,    i, part) {
    if (!((work SUBSEP weir) in seen))
        return
    printf "\n%s\n", title[work]
    printf "  %-17s %10s %10s %9s %9s %9s\n", "", "seconds,", "", "times", "CPU", "peak"
    printf "  %-17s %10s %10s %9s %9s %9s   %s\n", "", "median", "min", "Weir's", "seconds", "MiB", "output"
    for (i = 1; i <= entries; i++) {
        split(order[i], part, SUBSEP)
        if (part[1] == work && (part[2] == weir || part[2] !~ /^weir-/))
            print_row(work, part[2])
    }
}

function print_scaling(    n, one, now) {
    one = time_of("w3", "weir-1")
    if (one == 0 || workers == 1)
        return
    printf "\nWeir alone, w3\n  %7s %10s %10s %9s %9s %9s\n", "workers", "median", "min", "speed", "CPU", "peak MiB"
    for (n = 1; n <= (workers > 4 ? workers : 4); n++) {
        now = time_of("w3", "weir-" n)
        if (now > 0)
            printf "  %7d %10.3f %10.3f %9.2f %9.2f %9.1f\n", n, now, least(seconds, "w3" SUBSEP "weir-" n),
                one / now, median(processor, "w3" SUBSEP "weir-" n), memory["w3", "weir-" n]
    }
}

# ratio < 0: one of the two was not measured.
function print_target(what, ratio, wanted) {
    if (ratio < 0)
        printf "  not measured  %-56s  wanted %4.1f\n", what, wanted
    else
        printf "  %-12s  %-56s  wanted %4.1f   got %6.2f\n", (ratio < wanted ? "NOT REACHED" : "reached"), what,
            wanted, ratio
}

function ratio_of(other, own) {
    return other > 0 && own > 0 ? other / own : -1
}

function duckdb_ratio(work,    whole) {
    whole = time_of(work, "duckdb")
    return whole > 0 ? ratio_of(whole - time_of("start", "duckdb"), time_of(work, weir)) : -1
}

function print_memory_target(    key, part, most) {
    for (key in memory) {
        split(key, part, SUBSEP)
        if (part[2] ~ /^weir-/ && memory[key] > most)
            most = memory[key]
    }
    printf "  %-12s  %-56s  wanted < 96   got %6.1f\n", (most < 96 ? "reached" : "NOT REACHED"),
        "all processes of Weir together, MiB", most
}

function print_targets(    w3) {
    w3 = time_of("w3", weir)
    printf "\nWhat Weir wants to reach with 1000 MB and 4 workers on 4 processors, here with %d MB and %s\n", mb,
        substr(name_of(weir), 7)
    print_target("w3, times the rate of the bare libcsv loop", ratio_of(time_of("w1", "libcsv"), w3), 1.8)
    print_target("w2, times the rate of DuckDB", duckdb_ratio("w2"), 0.8)
    print_target("w3, times the rate of DuckDB", duckdb_ratio("w3"), 0.8)
    print_target("w3, times the rate of three Python processes with queues",
        ratio_of(time_of("w3", "python-queues"), w3), 20)
    print_memory_target()
    print_target("w3, 4 workers, times the rate of 1",
        ratio_of(time_of("w3", "weir-1"), time_of("w3", "weir-4")), 2.3)
}

END {
    printf "%d MB, medians of %d, rounds interleaved\n", mb, rounds
    print_work("w1")
    print_work("w2")
    print_work("w3")
    if (any_scaled)
        printf "\n  ~ ran once, on a tenth of the data: its seconds are what it took times ten\n"
    if (time_of("start", "duckdb") > 0)
        printf "%s  Of DuckDB's seconds %.3f are the start of Node.js and the library; not counted below.\n",
            any_scaled ? "" : "\n", time_of("start", "duckdb")
    if (mb < 500)
        print "  So little data is worked on so fast that starting programs weighs in: use --mb 1000 to compare."
    print_scaling()
    print_targets()
}
