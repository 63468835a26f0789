#!/bin/sh
# Hashes the files of a folder with Weir and with its peers, in turns, compares the digests, and prints the best times.
#
#     sh bench/hash.sh PROGRAM FOLDER [ROUNDS]
#
# PROGRAM is `pipeline`. Read the files once before, so that all find them in memory. A peer that is not installed is left
# out. Only the ratios of one run mean anything. Beside the times stand bytes a second, as a part of what `openssl speed`
# says of as many processes in the same rounds: it hashes 16 KiB again and again, and neither reads nor copies anything.
set -eu
program=$1 folder=$2 rounds=${3:-5}
here=$(cd "$(dirname "$0")" && pwd)
processes=$(nproc)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

cc -O2 "$here/peers/evp_hash.c" -lcrypto -o "$work/evp_hash"

# How many files a process of xargs gets: few files must go to all processors.
files=$(find "$folder" -type f | wc -l)
[ "$files" -gt 1000 ] && each=64 || each=1

# Each prints lines of sha256sum.
contend() {
    case $1 in
    weir) "$program" run -q "$here/../pipelines/hash-tree.yaml" --var root="$folder" --var out=- ;;
    evp) find "$folder" -type f -print0 | "$work/evp_hash" "$processes" ;;
    python) python3 "$here/peers/python_hash.py" "$folder" "$processes" ;;
    openssl) find "$folder" -type f -print0 | xargs -0 -n"$each" -P"$processes" openssl dgst -r -sha256 ;;
    sha256sum) find "$folder" -type f -print0 | xargs -0 -n"$each" -P"$processes" sha256sum ;;
    esac
}

now_ms() {
    date +%s%3N
}

for round in $(seq "$rounds"); do
    for name in weir evp python openssl sha256sum; do
        case $name in
        python) command -v python3 >/dev/null || continue ;;
        openssl) command -v openssl >/dev/null || continue ;;
        esac
        begin=$(now_ms)
        contend $name >"$work/$name"
        echo "$name $(($(now_ms) - begin))" >>"$work/times"
        # Digests only: writers mark binary files in different ways. Under xargs lines get mixed; then their size must do.
        case $name in
        openssl | sha256sum) wc -c <"$work/$name" ;;
        *) cut -c -64 "$work/$name" | sort | sha256sum && wc -c <"$work/$name" ;;
        esac >"$work/is"
        [ -e "$work/expected" ] || cp "$work/is" "$work/expected"
        tail -n "$(wc -l <"$work/is")" "$work/expected" | cmp -s - "$work/is" || {
            echo "hash.sh: $name has other digests than weir" >&2
            exit 1
        }
    done
    if command -v openssl >/dev/null; then
        openssl speed -mr -seconds 1 -multi "$processes" -bytes 16384 -evp sha256 2>/dev/null |
            sed -n 's/^+F:.*:/speed /p' >>"$work/times"
    fi
    echo "round $round of $rounds" >&2
done
bytes=$(find "$folder" -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%.0f", sum }')
awk -v bytes="$bytes" '
    $1 == "speed" { if ($2 > speed) speed = $2; next }
    !($1 in best) || $2 < best[$1] { best[$1] = $2 }
    END {
        for (name in best) {
            rate = bytes / best[name] * 1000
            printf "%-10s %6d ms  %5.2f  %6.0f MB/s", name, best[name], best[name] / best["weir"], rate / 1e6
            if (speed)
                printf "  %4.2f of openssl speed", rate / speed
            print ""
        }
    }' "$work/times" | sort -k 2n
