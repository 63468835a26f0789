#!/bin/sh
# Makes the Debian packages libweir0, libweir-dev and weir of this tree, as it is, in build/packages. What it needs:
# sh samples/setup.sh packages.
#
#     sh packaging/deb.sh
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
packages=$root/build/packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Debian wants its folder at the top of the tree, and the packages beside it.
mkdir "$work/weir"
tar -C "$root" --exclude=./.git --exclude='./build*' -cf - . | tar -C "$work/weir" -xf -
cp -R "$root/packaging/debian" "$work/weir/debian"
(cd "$work/weir" && dpkg-buildpackage -us -uc -b)
rm -rf "$packages"
mkdir -p "$packages"
cp "$work"/*.deb "$work"/*.changes "$work"/*.buildinfo "$packages"
