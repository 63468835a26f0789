# Reads verdicts.tsv and results.tsv of run.sh, prints the tables, as Markdown, and what has become of the targets.
# Variables: mb, processors, rounds.

BEGIN {
    FS = "\t"
    split("w1 w2 w3", works, " ")
    title["w1"] = "count the rows"
    title["w2"] = "id, customer, status of every row"
    title["w3"] = "filter, and a computed column"
    kind["sales"] = "rows of about 100 bytes"
    kind["two"] = "the same on two processors"
    kind["quoted"] = "every field in quotes"
    kind["long"] = "notes of 1 KB"
    kind["wide"] = "200 columns"
    kind["newlines"] = "line breaks in most rows"
    kind["stray"] = "one stray quote in a million rows"
}

FILENAME ~ /verdicts/ {
    verdict[$1, $2, $3] = $4
    if (!(($1, $2, $3) in seen))
        note_entry($1, $2, $3)
    next
}

!(($1, $2, $3) in seen) {
    note_entry($1, $2, $3)
}

$4 == "memory" {
    memory[$1, $2, $3] = $7 / 1024
}

$4 == "time" {
    key = $1 SUBSEP $2 SUBSEP $3
    count[key]++
    seconds[key, count[key]] = $5 * $8
    processor[key, count[key]] = $6 * $8
    scale[key] = $8
    written[key] = $9
}

function note_entry(shape, work, who) {
    seen[shape, work, who] = 1
    order[++entries] = shape SUBSEP work SUBSEP who
    if (!(shape in shapes)) {
        shapes[shape] = 1
        shape_order[++shape_count] = shape
    }
}

# Sorts values[key, 1...n] into sorted[1...n], and sets median, least and most.
function summarize(values, key, n,    i, k, value) {
    for (i = 1; i <= n; i++) {
        value = values[key, i]
        for (k = i; k > 1 && sorted[k - 1] > value; k--)
            sorted[k] = sorted[k - 1]
        sorted[k] = value
    }
    least = sorted[1]
    most = sorted[n]
    median = n % 2 ? sorted[(n + 1) / 2] : (sorted[n / 2] + sorted[n / 2 + 1]) / 2
}

# The least and the most, where there are several values.
function range(n, format) {
    return n > 1 ? sprintf(format "-" format, least, most) : ""
}

function time_of(shape, work, who,    key) {
    key = shape SUBSEP work SUBSEP who
    if (count[key] == 0)
        return 0
    summarize(seconds, key, count[key])
    return median
}

# How many times as long `who` takes as `base`, round by round: sets median, least and most. Who ran once is compared with
# the median. False if one of them was not measured. What DuckDB's program costs before its work begins is given back where
# `fair`.
function compare(shape, work, who, base, fair,    key, own, i, start) {
    key = shape SUBSEP work SUBSEP who
    own = shape SUBSEP work SUBSEP base
    if (count[key] == 0 || count[own] == 0)
        return 0
    start = fair && who == "duckdb" ? time_of(shape, "start", "duckdb") : 0
    if (count[key] != count[own]) {
        median = least = most = (time_of(shape, work, who) - start) / time_of(shape, work, base)
        return 1
    }
    for (i = 1; i <= count[key]; i++)
        ratios[key, i] = (seconds[key, i] - start) / seconds[own, i]
    summarize(ratios, key, count[key])
    return 1
}

function name_of(who) {
    if (who == "weir-c")
        return "Weir, plain C"
    if (who == "weir-unordered")
        return "Weir, order: none"
    if (who == "weir-clean")
        return "Weir, the clean file"
    if (who ~ /^weir-/)
        return "Weir, " substr(who, 6) (who == "weir-1" ? " worker" : " workers")
    return who == "weir" ? "**Weir**" : who
}

function print_row(shape, work, who,    key, mark) {
    key = shape SUBSEP work SUBSEP who
    if (count[key] == 0) {
        printf "| %s | | | | | | %s |\n", name_of(who), verdict[shape, work, who]
        return
    }
    mark = scale[key] == 1 ? "" : "~"
    any_scaled = any_scaled || scale[key] != 1
    summarize(seconds, key, count[key])
    printf "| %s | %s%.3f | %s |", name_of(who), mark, median, range(count[key], "%.3f")
    compare(shape, work, who, "weir", 0)
    if (who == "weir")
        printf " 1 | |"
    else
        printf " %.2f | %s |", median, range(count[key], "%.2f")
    summarize(processor, key, count[key])
    printf " %.2f | %.1f | %s |\n", median, memory[key], verdict[shape, work, who]
}

function print_work(shape, work,    i, part) {
    if (!((shape, work, "weir") in seen))
        return
    printf "\n%s, %s: %s\n\n", shape, work, title[work]
    print "| | seconds | min-max | times Weir's | min-max | CPU seconds | peak MiB | output |"
    print "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for (i = 1; i <= entries; i++) {
        split(order[i], part, SUBSEP)
        if (part[1] == shape && part[2] == work)
            print_row(shape, work, part[3])
    }
}

function print_limits(    i, names, key, bytes) {
    if (!(("sales", "limits", "read") in seen))
        return
    print "\nWhat the machine allows\n\n| | seconds | min-max | GB/s |\n| --- | --- | --- | --- |"
    split("read copy write", names, " ")
    what["read"] = "read(2) alone, the same file, " processors " processes"
    what["copy"] = "memcpy, as many bytes, " processors " processes"
    what["write"] = "write(2), as many bytes as w2 puts out, one process"
    for (i = 1; i <= 3; i++) {
        key = "sales" SUBSEP "limits" SUBSEP names[i]
        if (count[key] == 0)
            continue
        summarize(seconds, key, count[key])
        bytes = names[i] == "write" ? written[key] : mb * 1e6
        printf "| %s | %.3f | %.3f-%.3f | %.1f |\n", what[names[i]], median, least, most, bytes / median / 1e9
    }
}

function print_memory(    i, part, key) {
    if (!("memory" in shapes))
        return
    printf "\nPeak of memory, all processes together, MiB\n\n| | | %d MB | %d MB |\n| --- | --- | --- | --- |\n", mb, 4 * mb
    for (i = 1; i <= entries; i++) {
        split(order[i], part, SUBSEP)
        key = "sales" SUBSEP part[2] SUBSEP part[3]
        if (part[1] == "memory")
            printf "| %s | %s | %s | %.1f |\n", part[2], name_of(part[3]),
                (key in memory ? sprintf("%.1f", memory[key]) : ""), memory[order[i]]
    }
}

# A target is a ratio: of `who` to `base` in a work. Reached if it is at least `wanted`, or at most where `at_most`.
function print_target(shape, work, who, base, wanted, at_most, text,    reached) {
    if (!compare(shape, work, who, base, 1)) {
        if (shape in shapes)
            printf "| %s, %s | %s | %s %.2f | | | not measured |\n", shape, work, text, at_most ? "at most" : "at least", wanted
        return
    }
    reached = at_most ? median <= wanted : median >= wanted
    printf "| %s, %s | %s | %s %.2f | %.2f | %.2f-%.2f | %s |\n", shape, work, text, at_most ? "at most" : "at least",
        wanted, median, least, most, reached ? "reached" : "NOT REACHED"
}

function print_memory_target(    key, part, peak) {
    for (key in memory) {
        split(key, part, SUBSEP)
        if (part[3] ~ /^weir/ && memory[key] > peak)
            peak = memory[key]
    }
    printf "| all | Weir's processes together, MiB | at most 48 | %.1f | | %s |\n", peak,
        peak <= 48 ? "reached" : "NOT REACHED"
}

function print_targets(    i, k, shape) {
    printf "\nWhat Weir wants to reach with 1000 MB and 4 processors, here with %d MB and %d\n\n", mb, processors
    print "| | ratio | wanted | got | min-max | |\n| --- | --- | --- | --- | --- | --- |"
    for (i = 1; i <= 2; i++) {
        shape = i == 1 ? "sales" : "two"
        print_target(shape, "w1", "zsv", "weir", 2, 0, "zsv to Weir")
        print_target(shape, "w2", "zsv", "weir", 2.5, 0, "zsv to Weir")
        print_target(shape, "w2", "duckdb", "weir", 5, 0, "DuckDB to Weir")
        print_target(shape, "w3", "duckdb", "weir", 6, 0, "DuckDB to Weir")
    }
    for (i = 1; i <= shape_count; i++)
        if (shape_order[i] ~ /^(quoted|long|wide|newlines)$/)
            for (k = 1; k <= 3; k++)
                print_target(shape_order[i], works[k], "duckdb", "weir", 4, 0, "DuckDB to Weir")
    for (k = 1; k <= 3; k++)
        print_target("stray", works[k], "weir", "weir-clean", 1.2, 1, "Weir to Weir on the clean file")
    for (k = 1; k <= 3; k++)
        print_target("sales", works[k], "duckdb", "weir-c", 1.5, 0, "DuckDB to Weir in plain C")
    for (k = 2; k <= 3; k++)
        print_target("sales", works[k], "weir", "weir-unordered", 1.05, 1, "Weir to Weir with order: none")
    print_memory_target()
}

END {
    printf "%d MB, medians of %d rounds, in which all contenders of a shape take turns\n", mb, rounds
    for (s = 1; s <= shape_count; s++) {
        if (!(shape_order[s] in kind))
            continue
        printf "\n### %s: %s\n", shape_order[s], kind[shape_order[s]]
        for (w = 1; w <= 3; w++)
            print_work(shape_order[s], works[w])
        if (time_of(shape_order[s], "start", "duckdb") > 0)
            printf "\nOf DuckDB's seconds %.3f are the start of Node.js and the library; not counted in the targets.\n",
                time_of(shape_order[s], "start", "duckdb")
    }
    if (any_scaled)
        print "\n~ ran once, on a tenth of the data: its seconds are what it took times ten"
    if (mb < 500)
        print "\nSo little data is worked on so fast that starting programs weighs in: use --mb 1000 to compare."
    print "\n### The machine, memory, targets"
    print_limits()
    print_memory()
    print_targets()
}
