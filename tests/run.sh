#!/bin/sh
# The gate: everything that must hold before a change goes in. Works from any folder; makes files below build/ only.
#
#     sh tests/run.sh [--soak SECONDS] [--packages]
#
#     --soak        afterwards, longer searches, faults at every call, and attacks for so long
#     --packages    afterwards, the Debian packages are built, and installed into a clean system; needs root and a mirror
#
# Each step is named with its outcome; the log of one that fails is printed. Ends with 1 if any failed.
set -u
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 71
jobs=$(nproc)
logs=build/logs
summary=
failures=0
soak_seconds=0
packages=false

usage() {
    echo "usage: sh tests/run.sh [--soak SECONDS] [--packages]" >&2
    exit 64
}

while [ $# -gt 0 ]; do
    case $1 in
    --soak)
        soak_seconds=${2:-}
        case $soak_seconds in '' | *[!0-9]*) usage ;; esac
        shift 2
        ;;
    --packages)
        packages=true
        shift
        ;;
    *) usage ;;
    esac
done

note() {
    summary="$summary
  $1"
    echo "   $1"
}

# step NAME COMMAND...: runs it, its output in a log.
step() {
    name=$1
    shift
    log="$logs/$(echo "$name" | tr -c 'a-zA-Z0-9\n' '-').log"
    began=$(date +%s)
    echo "== $name"
    if "$@" >"$log" 2>&1; then
        note "ok      $name ($(($(date +%s) - began)) s)"
        return 0
    fi
    tail -n 100 "$log"
    note "FAILED  $name (all of it: $log)"
    failures=$((failures + 1))
    return 1
}

skip() {
    note "skipped $1: $2"
}

# build FOLDER CMAKE-ARGUMENT...
build() {
    folder=$1
    shift
    cmake -S . -B "$folder" -G Ninja -DWEIR_WERROR=ON -DWEIR_TESTS=ON "$@" &&
        cmake --build "$folder" -j "$jobs"
}

# run_tests FOLDER CTEST-ARGUMENT...
run_tests() {
    folder=$1
    shift
    ctest --test-dir "$folder" --output-on-failure --no-tests=error -j "$jobs" "$@"
}

check_format() {
    find lib stages cli samples tests bench -name '*.[ch]' -exec clang-format --dry-run -Werror {} +
}

check_c() {
    cppcheck --quiet --std=c11 --language=c -j "$jobs" --enable=warning,performance,portability \
        --inline-suppr --suppress=missingIncludeSystem --error-exitcode=1 -D_GNU_SOURCE \
        -I lib/include -I lib -I stages lib stages cli samples
}

check_shell() {
    find samples tests bench packaging -name '*.sh' -exec shellcheck -x {} + && shellcheck .ci/run
}

# fuzz TARGET SECONDS: new inputs are kept for the next time.
fuzz() {
    mkdir -p "build/fuzz/inputs/$1" &&
        "build/fuzz/tests/$1" -max_total_time="$2" -max_len=1000 -artifact_prefix=build/fuzz/ \
            "build/fuzz/inputs/$1"
}

# Some containers cannot run a program with AddressSanitizer at all.
sanitizers_run() {
    printf 'int main(void) { return 0; }\n' >"$logs/probe.c" &&
        gcc -fsanitize=address,undefined "$logs/probe.c" -o "$logs/probe" && "$logs/probe"
}

have() {
    command -v "$1" >/dev/null
}

mkdir -p "$logs"
step "set-up" sh samples/setup.sh test
step "layers" sh tests/tools/check_layers.sh
if have spin; then step "model of the protocol" sh tests/model/run.sh; else skip "model of the protocol" "no spin"; fi
if have clang-format; then step "format" check_format; else skip "format" "no clang-format"; fi
if have shellcheck; then step "shell scripts" check_shell; else skip "shell scripts" "no shellcheck"; fi
if have doxygen; then step "reference" sh packaging/reference.sh; else skip "reference" "no doxygen"; fi
if have cppcheck; then step "cppcheck" check_c; else skip "cppcheck" "no cppcheck"; fi

if step "build with gcc" build build/gcc -DCMAKE_C_COMPILER=gcc -DCMAKE_BUILD_TYPE=Release; then
    step "names of symbols" sh tests/tools/check_names.sh build/gcc
    if have abidiff; then step "binary interface" sh tests/tools/check_abi.sh; else skip "binary interface" "no abidiff"; fi
    step "tests" run_tests build/gcc
fi
if have clang; then
    step "build with clang" build build/clang -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Release
else
    skip "build with clang" "no clang"
fi
if sanitizers_run >"$logs/probe.log" 2>&1; then
    if step "build with sanitizers" build build/sanitize -DCMAKE_C_COMPILER=gcc -DWEIR_SANITIZE=ON \
        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1; then
        # Of the deaths at every step a part is enough here.
        WEIR_STEP_STRIDE=29
        export WEIR_STEP_STRIDE
        step "tests with sanitizers" run_tests build/sanitize
    fi
else
    skip "tests with sanitizers" "a program with AddressSanitizer does not run here"
fi
if $packages; then
    step "set-up for packages" sh samples/setup.sh packages
    step "packages" sh tests/install/packages.sh
fi
if [ "$soak_seconds" -gt 0 ]; then
    WEIR_INJECT_ALL=1
    export WEIR_INJECT_ALL
    step "faults at every call" run_tests build/gcc -R 'faults/test_(inject|kill_anywhere)'
    step "csv, longer strings" env WEIR_CSV_LENGTH=10 WEIR_CSV_SECONDS=$((soak_seconds / 4)) \
        build/gcc/tests/test_csv_fast
    if ! have clang; then
        skip "fuzzing csv" "no clang"
    elif step "build for fuzzing" build build/fuzz -DCMAKE_C_COMPILER=clang -DWEIR_FUZZ=ON \
        -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1; then
        step "fuzzing rows of csv" fuzz fuzz_csv_rows $((soak_seconds / 4))
        step "fuzzing fields of csv" fuzz fuzz_csv_parse $((soak_seconds / 4))
    fi
    step "damaged segments, long" env WEIR_FUZZ_ROUNDS=$((soak_seconds * 300)) build/gcc/tests/test_segment_fuzz
    case $(/usr/bin/python3 --version 2>&1) in
    "Python 3.11."*) step "defects of CPython 3.11" sh tests/toolkit/never_again.sh /usr/bin/python3 ;;
    *) skip "defects of CPython 3.11" "/usr/bin/python3 is another version, or not there" ;;
    esac
    step "requests to a manager, long" env WEIR_FUZZ_SEED=$((soak_seconds + 1)) \
        WEIR_FUZZ_ROUNDS=$((soak_seconds * 10000)) build/gcc/tests/test_manager_store
    step "splits, every size" env WEIR_SPLIT_STRIDE=1 WEIR_SPLIT_ROUNDS=$((soak_seconds * 5)) WEIR_SOURCE="$root" \
        build/gcc/tests/test_splits
    step "orders of memory, long" env WEIR_SOAK=$((soak_seconds / 30 + 1)) build/gcc/tests/test_orders
    step "a million names" sh tests/faults/million.sh build/gcc/pipeline
    if have spin; then step "model, large worlds" sh tests/model/run.sh --soak; fi
    if [ -f tests/faults/soak.sh ]; then
        step "soak, $soak_seconds s" sh tests/faults/soak.sh build/gcc/pipeline "$soak_seconds"
    else
        skip "soak" "there is no tests/faults/soak.sh"
    fi
fi

printf '\n%s\n\n' "Summary:$summary"
if [ "$failures" -gt 0 ]; then
    echo "$failures steps failed"
    exit 1
fi
echo "all is well"
