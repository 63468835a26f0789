#!/bin/sh
# `cmake --install` into any prefix, which is moved elsewhere afterwards: the program runs there, and programs that use the library
# find it by pkg-config and by CMake.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

build=$(dirname "$program")
cc=${CC:-cc}
# A build with sanitizers makes a library that wants them: CFLAGS.
flags=${CFLAGS:-}
cmake --install "$build" --prefix "$work/made" >log 2>&1 || fail "cmake --install: $(tail -n 3 log)"
mv made moved
prefix=$work/moved
pkgconfig=$(dirname "$(find "$prefix" -name weir.pc)")
library=$(dirname "$pkgconfig")
PKG_CONFIG_PATH=$pkgconfig
LD_LIBRARY_PATH=$library
export PKG_CONFIG_PATH LD_LIBRARY_PATH
if grep -rlF -e "$work/made" -e "$WEIR_SOURCE" -e "$build" "$prefix/share" "$library/cmake" "$pkgconfig" >found; then
    fail "these know where they were made: $(cat found)"
fi

program=$prefix/bin/pipeline
run 0 version
version=$(sed 's/^pipeline //' out)
[ "$(pkg-config --modversion weir)" = "$version" ] || fail "weir.pc and the program have two versions"
for page in man1/pipeline.1 man5/pipeline.5; do
    [ -s "$prefix/share/man/$page" ] || fail "no $page"
done
[ -s "$prefix/share/doc/weir/LICENSE" ] || fail "no licence"

# The examples run where they are, on the data beside them.
(cd "$prefix/share/doc/weir/examples" && "$program" run -q pipelines/paid-orders.yaml --var "out=$work/paid.csv") ||
    fail "paid-orders: exit $?"
[ -s paid.csv ] || fail "paid-orders made nothing"

# Ready pipelines are found from where the program's own file stands.
mkdir tree
echo one >tree/one
run 0 run -q @hash-tree --var root=tree --var out=-
sha256sum tree/one >sums
same out sums
ln -s "$program" elsewhere
program=./elsewhere
run 0 plan @count --var in=paid.csv
says out "csv.read"
program=$prefix/bin/pipeline
mv "$prefix/share/weir" aside
run 66 run @count
says err "cannot look into '$prefix/bin/../share/weir/pipelines' for ready pipelines: No such file"
mv aside "$prefix/share/weir"

if command -v bash >/dev/null; then
    completed=$(bash -c '. "$1"; COMP_WORDS=(pipeline completi) COMP_CWORD=1; _pipeline; echo "${COMPREPLY[@]}"' \
        sh "$prefix/share/bash-completion/completions/pipeline")
    [ "$completed" = completion ] || fail "completes '$completed'"
fi

# says_hello HOW: ./host works, and HOW tells how it was made.
says_hello() {
    ./host >out 2>err || fail "$1: exit $? $(cat err)"
    says out "$version hello"
    rm host
}

# What is in these are words, each an argument.
# shellcheck disable=SC2046,SC2086
by_hand() {
    $cc $flags "$WEIR_SOURCE/tests/install/host.c" -o host $(pkg-config --cflags --libs weir) || fail "pkg-config"
    readelf -d host >needed
    says needed "[libweir.so.0]"
    says_hello pkg-config
    $cc $flags "$WEIR_SOURCE/tests/install/host.c" -o host $(pkg-config --cflags weir) "$library/libweir.a" \
        $(pkg-config --libs libfyaml) -lm || fail "libweir.a"
    readelf -d host >needed
    says_not needed "libweir"
    says_hello libweir.a
}
by_hand

# find_package VERSION: a project that wants that version of weir is made ready in the folder `project`.
find_package() {
    mkdir -p project
    cat >project/CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.25)
project(host LANGUAGES C)
find_package(weir $1 REQUIRED)
add_executable(host $WEIR_SOURCE/tests/install/host.c)
target_link_libraries(host PRIVATE weir::weir)
install(TARGETS host)
END
    CFLAGS=$flags cmake -S project -B project/build -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1
}
if find_package "${version%.*}"; then
    cmake --build project/build >log 2>&1 || fail "find_package: $(tail -n 5 log)"
    mv project/build/host .
    says_hello find_package
else
    fail "find_package: $(tail -n 5 log)"
fi
rm -r project
if find_package 99.0; then
    fail "find_package takes version $version for 99.0"
fi
says log "99.0"
finish
