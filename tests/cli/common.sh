# Read by the test scripts of this folder: a folder of one's own, and a few words to expect things with.
#
# A script is called with the path of the program, and finds the source tree in WEIR_SOURCE.
# shellcheck shell=sh

program=${1:?usage: sh $0 PROGRAM}
: "${WEIR_SOURCE:?not set}"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1
failures=0

fail() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run CODE ARGUMENT...: the program must end with CODE; what it says goes to files out and err.
run() {
    wanted=$1
    shift
    code=0
    "$program" "$@" >out 2>err </dev/null || code=$?
    if [ "$code" -ne "$wanted" ]; then
        fail "pipeline $*: exit $code, not $wanted"
        sed 's/^/    /' err
    fi
}

# says FILE TEXT: the file must contain the text.
says() {
    grep -qF -e "$2" "$1" || {
        fail "'$2' is not in $1:"
        sed 's/^/    /' "$1"
    }
}

says_not() {
    if grep -qF -e "$2" "$1"; then
        fail "'$2' is in $1:"
        sed 's/^/    /' "$1"
    fi
}

empty() {
    [ ! -s "$1" ] || {
        fail "$1 is not empty:"
        sed 's/^/    /' "$1"
    }
}

same() {
    cmp -s "$1" "$2" || {
        fail "$1 and $2 differ"
        diff "$1" "$2" | head -n 10
    }
}

finish() {
    [ "$failures" -eq 0 ] || exit 1
}
