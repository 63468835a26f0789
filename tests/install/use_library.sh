#!/bin/sh
# Run by packages.sh in a system that has the library's packages and a compiler.
set -eux
cd "$(mktemp -d)"
hello="$(dpkg-query -W -f '${Version}' libweir0) hello"

# What is in these are words, each an argument.
# shellcheck disable=SC2046
gcc /root/packages/host.c $(pkg-config --cflags --libs weir) -o host
[ "$(./host)" = "$hello" ]
# shellcheck disable=SC2046
gcc -static-pie /root/packages/host.c $(pkg-config --static --cflags --libs weir) -o static
[ "$(./static)" = "$hello" ]

cat >CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.25)
project(host LANGUAGES C)
find_package(weir REQUIRED)
add_executable(by_cmake /root/packages/host.c)
target_link_libraries(by_cmake PRIVATE weir::weir)
END
cmake -S . -B build
cmake --build build
[ "$(build/by_cmake)" = "$hello" ]
