#!/bin/sh
# Tells where the processor time of w1, w2 and w3 goes, by perf(1): one Markdown table for all three, a row for each source
# file of Weir and for each kind of work in the kernel. Rings, ledger and recovery are one row, all that makes runs survive.
#
#     sh bench/profile.sh [MEGABYTES [PROGRAM]]      1000, build/release/pipeline
#
# The program must have been built in the folder that it stands in, for the symbols of its object files.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/.." && pwd)
build=$root/build/bench
mb=${1:-1000}
pipeline=${2:-$root/build/release/pipeline}
data=$build/sales-$mb.csv

command -v perf >/dev/null || {
    echo "profile: no perf (Debian: linux-perf)" >&2
    exit 69
}
[ -x "$pipeline" ] || {
    echo "profile: no $pipeline; sh bench/run.sh builds it" >&2
    exit 66
}
[ -f "$data" ] || {
    echo "profile: no $data; sh bench/run.sh --mb $mb --shapes sales makes it" >&2
    exit 66
}
parent=/dev/shm
[ -w "$parent" ] || parent=${TMPDIR:-/tmp}
work=$(mktemp -d "$parent/weir-profile.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Function and source file, for each function of ours; those of one name share the file that comes last.
find "$(dirname "$pipeline")/CMakeFiles" -name '*.o' | while read -r object; do
    nm --defined-only "$object" | awk -v file="$object" '
        BEGIN { sub(/.*\.dir\//, "", file); sub(/\.o$/, "", file) }
        $2 ~ /[tT]/ { print $3 "\t" file }'
done >"$work/files"

for name in w1 w2 w3; do
    cat "$data" >/dev/null
    perf record -q -F 2000 -o "$work/perf" -- "$pipeline" run -q "$here/$name.yaml" --var "in=$data" \
        --var "out=$work/out" >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 70; }
    perf report -i "$work/perf" --stdio --no-children -F overhead,dso,sym 2>/dev/null |
        awk -v work=$name '$1 ~ /%$/ { print work "\t" $1 + 0 "\t" $2 "\t" $4 }'
done >"$work/samples"

awk -F '\t' '
BEGIN { bookkeeping = "lib: rings, ledger, recovery" }

FNR == NR { file[$1] = $2; next }

# Kinds of work in the kernel, by the names of its functions.
function kind_of(name) {
    if (name ~ /copy_to_iter|filemap_read|copy_page_to_iter|filemap_get|folio_mark_accessed|next_uptodate/) return "kernel: reading"
    if (name ~ /from_iter|write_begin|write_end|shmem|perform_write|write_iter|ext4|balance_dirty|add_folio|folio_unlock/) return "kernel: writing"
    if (name ~ /fault|clear_page|clear_highpage|mmap|munmap|unmap|pte|folio|get_page_from|memcg|mem_cgroup|charge|alloc|free|zap/) return "kernel: memory touched for the first time, and given back"
    if (name ~ /futex|sched|schedule|wake|switch|idle|dequeue|enqueue|spin_unlock_irq|update_curr|pick_/) return "kernel: waiting and waking"
    return "kernel: other (starting, ending, interrupts)"
}

{
    name = $4
    sub(/\.(isra|constprop|part|cold).*/, "", name)
    if ($3 ~ /kernel/)
        row = kind_of(name)
    else if ($3 == "pipeline")
        row = name in file ? file[name] : "pipeline: other"
    else
        row = $3
    if (row ~ /^lib\/(engine|flow|shm|stage|proc)\//)
        row = bookkeeping
    share[row, $1] += $2
    total[row] += $2
}
END {
    print "| | w1 | w2 | w3 |\n| --- | --- | --- | --- |"
    for (row in total)
        if (total[row] >= 1.5 || row == bookkeeping)
            printf "%.2f\t| %s | %.1f %% | %.1f %% | %.1f %% |\n", total[row], row, share[row, "w1"], share[row, "w2"], share[row, "w3"] | "sort -rn | cut -f 2"
}' "$work/files" "$work/samples"
