#!/bin/sh
# Installs the peers that bench/run.sh and bench/toolkit/run.sh measure beside Weir, where they are missing: Miller,
# Node.js and Boost from Debian, DuckDB's npm package and zsv, built from source, into build/bench. What cannot be had is said, and run.sh skips it.
#
#     sh bench/setup-peers.sh
#     WEIR_ZSV=FOLDER sh bench/setup-peers.sh      with zsv's source in that folder
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
build=$root/build/bench
mkdir -p "$build"

missing=
command -v mlr >/dev/null || missing="$missing miller"
command -v node >/dev/null || missing="$missing nodejs"
command -v npm >/dev/null || missing="$missing npm"
command -v python3 >/dev/null || missing="$missing python3"
command -v git >/dev/null || missing="$missing git"
[ -f /usr/include/csv.h ] || missing="$missing libcsv-dev"
[ -f /usr/include/sqlite3.h ] || missing="$missing libsqlite3-dev"
command -v c++ >/dev/null || missing="$missing g++"
[ -f /usr/include/boost/interprocess/ipc/message_queue.hpp ] || missing="$missing libboost-dev"

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo
if [ -z "$missing" ]; then
    echo "setup-peers: Debian's packages are there"
elif ! command -v apt-get >/dev/null; then
    echo "setup-peers: this is no Debian; missing are what it calls:$missing"
else
    echo "setup-peers: installing$missing"
    # The words of $missing are package names; $as_root is sudo or nothing.
    # shellcheck disable=SC2086
    { $as_root apt-get update && $as_root apt-get install -y --no-install-recommends $missing; } \
        >"$build/setup-peers.log" 2>&1 || echo "setup-peers: apt-get failed, see $build/setup-peers.log"
fi

if [ -d "$build/node_modules/@duckdb/node-api" ]; then
    echo "setup-peers: DuckDB is there"
elif command -v npm >/dev/null; then
    echo "setup-peers: installing @duckdb/node-api into $build"
    npm install --prefix "$build" --no-audit --no-fund @duckdb/node-api >"$build/setup-peers-npm.log" 2>&1 ||
        echo "setup-peers: npm failed, see $build/setup-peers-npm.log"
else
    echo "setup-peers: no npm, so no DuckDB"
fi

# zsv's count and select are all that is needed, and need neither jq nor a SQLite of their own.
build_zsv() {
    [ -d "$source" ] || git clone --depth 1 --branch v1.4.3 https://github.com/liquidaty/zsv "$source" || return
    (cd "$source" && ./configure --prefix="$build/zsv-install" && make -C src install) || return
    sqlite=$source/build/Linux/rel/gcc-external/sqlite3/sqlite3_and_csv_vtab.o
    mkdir -p "$(dirname "$sqlite")" "$build/zsv" || return
    echo "extern int nothing; int nothing;" | gcc -x c -c - -o "$sqlite" || return
    make -C "$source/app" build-select build-count -o "$sqlite" LDFLAGS="-lsqlite3 -lpthread" || return
    cp "$source"/build/Linux/rel/gcc/bin/zsv_select "$source"/build/Linux/rel/gcc/bin/zsv_count "$build/zsv" || return
    echo "zsv $(git -C "$source" describe --tags --always)" >"$build/zsv/version"
}

source=${WEIR_ZSV:-$build/zsv-source}
if [ -x "$build/zsv/zsv_select" ]; then
    echo "setup-peers: zsv is there"
else
    echo "setup-peers: building zsv"
    build_zsv >"$build/setup-peers-zsv.log" 2>&1 || echo "setup-peers: no zsv, see $build/setup-peers-zsv.log"
fi
