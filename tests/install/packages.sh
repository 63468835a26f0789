#!/bin/sh
# Builds the Debian packages, asks lintian, installs them into a clean system of their own, and uses them there: the program with
# nothing but what it depends on, then the library from a program that is compiled there. Needs root and a Debian mirror.
#
#     sh tests/install/packages.sh
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
packages=$root/build/packages
system=$(mktemp -d)
trap 'rm -rf --one-file-system "$system"' EXIT
trap 'exit 1' HUP INT TERM

# inside COMMAND...: runs it in the system.
inside() {
    unshare --mount --pid --fork --kill-child --mount-proc="$system/proc" chroot "$system" \
        env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"
}

sh "$root/packaging/deb.sh"
lintian --allow-root --display-info --pedantic --fail-on error,warning,info,pedantic "$packages"/*.changes

mmdebstrap --quiet --variant=apt --skip=cleanup/apt bookworm "$system"
mkdir "$system/root/packages"
cp "$packages"/*.deb "$root/tests/install/host.c" "$root/tests/install/use_program.sh" \
    "$root/tests/install/use_library.sh" "$system/root/packages"

inside sh -c 'apt-get install -y --no-install-recommends /root/packages/weir_*.deb'
inside sh /root/packages/use_program.sh
inside sh -c 'apt-get install -y --no-install-recommends /root/packages/libweir*.deb gcc libc6-dev pkg-config cmake make'
inside sh /root/packages/use_library.sh
inside apt-get purge -y weir libweir0 libweir-dev
left=$(find "$system" -xdev -path "$system/root" -prune -o -path '*weir*' -print -o -name 'pipeline.*' -print |
    grep -v '/var/lib/dpkg\|/var/log\|/var/cache' || true)
if [ -n "$left" ]; then
    echo "left behind: $left"
    exit 1
fi
echo "all is well"
