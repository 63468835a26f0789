#!/bin/sh
# Makes the reference of the public headers, build/reference/html, and fails if a function in them has no comment. A member
# of a struct needs none where its name says it.
#
#     sh packaging/reference.sh
set -eu
cd "$(dirname "$0")/.."
warnings=build/reference/warnings
mkdir -p build/reference
doxygen packaging/Doxyfile 2>"$warnings"
if grep -v 'warning: Member .* (\(variable\|enumvalue\|enumeration\|macro definition\)) of .* is not documented' "$warnings"; then
    exit 1
fi
