#!/bin/sh
# Sample 6 and its Python twin beside each other: pages of 41 KB with 214 links each, from a local server, fetched and
# parsed by four processes. Both must find the same.
#
#     sh bench/toolkit/fetch.sh [BUILD [PAGES]]    BUILD: a Release build of Weir (default build/release); 2000 pages
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:-$here/../../build/release}
pages=${2:-2000}
work=$(mktemp -d)
trap 'exec 4>&-; rm -rf "$work"' EXIT

# The server goes when descriptor 4 is closed, however that comes about.
mkfifo "$work/open"
"$build/tests/web" <"$work/open" >"$work/port" &
exec 4>"$work/open"
until [ -s "$work/port" ]; do sleep 0.1; done
unset http_proxy all_proxy ALL_PROXY
awk -v n="$pages" -v port="$(cat "$work/port")" \
    'BEGIN { for (i = 1; i <= n; i++) printf "http://127.0.0.1:%d/%d.214\n", port, i }' >"$work/urls"

# measure NAME COMMAND...: the seconds that it takes are added to a file of that name.
measure() {
    name=$1
    shift
    began=$(date +%s%N)
    "$@" <"$work/urls" >"$work/out"
    echo $((($(date +%s%N) - began) / 1000)) >>"$work/$name"
    sort "$work/out" >"$work/$name.sorted"
}

for round in 1 2 3 4 5; do
    measure weir "$build/samples/toolkit/fetch"
    measure python python3 "$here/py_fetch.py"
    cmp "$work/weir.sorted" "$work/python.sorted" || { echo "round $round: they found different things"; exit 1; }
done
weir=$(sort -n "$work/weir" | sed -n 3p)
python=$(sort -n "$work/python" | sed -n 3p)
awk -v n="$pages" -v weir="$weir" -v python="$python" 'BEGIN {
    printf "pages a second, median of 5: fetch %.0f, Python %.0f: %.1f times as fast\n", n * 1e6 / weir, n * 1e6 / python, python / weir
}'
