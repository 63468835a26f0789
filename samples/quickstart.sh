#!/bin/sh
# From a fresh clone to a pipeline that runs: installs what is missing, builds, makes 500 MB of orders, and runs
# pipelines/paid-orders.yaml on them. Can be run again; everything that it makes is below build/.
#
#     sh samples/quickstart.sh [MEGABYTES]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
megabytes=${1:-500}
build=build/release
data=build/quickstart

say() {
    printf '\n== %s\n' "$*"
}

say "What is needed"
sh samples/setup.sh build

say "Building the program: $build/pipeline"
mkdir -p "$data"
log=$data/build.log
if ! { cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWEIR_TESTS=OFF &&
    cmake --build "$build" && gcc -O2 samples/gen_orders.c -o "$build/gen_orders"; } >"$log" 2>&1; then
    cat "$log" >&2
    exit 70
fi
"$build/pipeline" version

say "Sample data: $data/orders.csv, $megabytes MB"
"$build/gen_orders" --megabytes "$megabytes" >"$data/orders.csv"
head -n 4 "$data/orders.csv"

say "The pipeline: pipelines/paid-orders.yaml"
cat pipelines/paid-orders.yaml

say "pipeline run pipelines/paid-orders.yaml --var in=$data/orders.csv --var out=$data/paid.csv"
"$build/pipeline" run pipelines/paid-orders.yaml --var "in=$data/orders.csv" \
    --var "out=$data/paid.csv"

say "The first lines of $data/paid.csv"
head -n 5 "$data/paid.csv"

say "What to try next"
cat <<END
  $build/pipeline plan pipelines/paid-orders.yaml      what a run would do
  $build/pipeline stages csv.read                      a stage type and its options
  $build/pipeline check pipelines/paid-orders.yaml     looks for mistakes in a pipeline file
  sh tests/run.sh                                      all tests
END
