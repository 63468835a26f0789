# Read by the scripts that strike single calls of a run: ./injected is the program with inject.c in it.
# shellcheck shell=sh
# shellcheck source=tests/faults/small.sh
. "$(dirname "$0")/small.sh"

allocations=
[ "$slow" -gt 1 ] || allocations=-DINJECT_ALLOCATIONS
cc -O2 -shared -fPIC -D_GNU_SOURCE $allocations "$WEIR_SOURCE/tests/faults/inject.c" -o inject.so || exit 71
cat >injected <<END
#!/bin/sh
LD_PRELOAD=$work/inject.so exec "$program" "\$@"
END
chmod +x injected
export ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0"
export INJECT_FILE=counter
