#!/bin/sh
# docs/guide.md works as it stands. Of its blocks, in their order,
#
#     ```LANGUAGE NAME      is written to the file NAME
#     ```sh                 is run; ```sh fails: its last command must fail
#     ```text               is what the block before it has printed; ```text begins: the beginning of that
#
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

guide=$WEIR_SOURCE/docs/guide.md
build=$(dirname "$program")
cc=${CC:-cc}
flags=${CFLAGS:-}
mkdir bin blocks

awk -f "$WEIR_SOURCE/tests/install/blocks.awk" "$guide" || fail "a block of $guide has no end"

# What the guide has from packages: the program, and what pkg-config says.
ln -s "$program" bin/pipeline
printf 'Name: weir\nDescription: weir\nVersion: 0\nCflags: -I%s\n' "$WEIR_SOURCE/lib/include" >bin/weir.pc
PATH=$work/bin:$PATH
PKG_CONFIG_PATH=$work/bin
export PATH PKG_CONFIG_PATH

# The program with the stage in it.
add_stage() {
    sed -e 's/^const struct weir_stage_type \*const/extern const struct weir_stage_type stage_rates;\n&/' \
        -e 's/{&weir_csv_read,/{\&stage_rates, \&weir_csv_read,/' "$WEIR_SOURCE/stages/list.c" >list.c
    # What is in these are words, each an argument.
    # shellcheck disable=SC2046,SC2086
    $cc $flags -o with_rates -I"$WEIR_SOURCE/stages" -I"$WEIR_SOURCE/lib/include" list.c rates.o \
        $(find "$build/CMakeFiles/pipeline.dir/cli" -name '*.o') "$build/libweir_stages.a" "$build/libweir.a" \
        $(pkg-config --libs libfyaml libpcre2-8 libcrypto libxxhash zlib) -lcsv -lm || fail "with rates.c"
    ln -sf "$work/with_rates" bin/pipeline
}

checked=0
for block in blocks/???; do
    read -r line language name <"$block.kind"
    case $language,$name in
    sh, | sh,fails)
        code=0
        sh -e "$block" >printed 2>&1 </dev/null || code=$?
        case $name,$code in
        ,0 | fails,[!0]*) ;;
        *)
            fail "$guide:$line: exit $code"
            sed 's/^/    /' printed
            ;;
        esac
        grep -q ' rates\.c ' "$block" && add_stage
        ;;
    text, | text,begins)
        [ -z "$name" ] || {
            head -n "$(wc -l <"$block")" printed >beginning
            mv beginning printed
        }
        cmp -s printed "$block" || {
            fail "$guide:$line: is other than what is printed"
            diff "$block" printed
        }
        ;;
    *,?*) cp "$block" "$name" ;;
    *) fail "$guide:$line: neither a file, nor sh, nor text" ;;
    esac
    checked=$((checked + 1))
done
[ $checked -ge 20 ] || fail "only $checked blocks were found"
# As strict as the library's own code.
$cc -std=c11 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror -fsyntax-only -I"$WEIR_SOURCE/lib/include" rates.c ||
    fail "rates.c has warnings"
finish
