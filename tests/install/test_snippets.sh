#!/bin/sh
# The pieces of C and of pipeline files in README.md and docs/ compile and are correct. (docs/guide.md: test_guide.sh.)
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

ln -s "$WEIR_SOURCE/samples" samples

# compiles BLOCK WHERE: statements stand in a function that has what they speak of.
compiles() {
    {
        for header in "$WEIR_SOURCE"/lib/include/weir/*.h; do
            echo "#include <weir/$(basename "$header")>"
        done
        if grep -q '^static' "$1"; then
            cat "$1"
        else
            echo 'int work(const struct weir_child *child);'
            echo 'void snippet(const struct weir_child *child, struct weir_queue *queue, struct weir_process *process,'
            echo '             struct weir_manager *manager, struct weir_shared memory, int exit_code, struct weir_err err);'
            echo 'void snippet(const struct weir_child *child, struct weir_queue *queue, struct weir_process *process,'
            echo '             struct weir_manager *manager, struct weir_shared memory, int exit_code, struct weir_err err)'
            echo '{ (void)child, (void)queue, (void)process, (void)manager, (void)memory, (void)exit_code, (void)err; {'
            cat "$1"
            echo '} }'
        fi
    } >snippet.c
    "${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror -Wno-unused-variable -fsyntax-only \
        -I"$WEIR_SOURCE/lib/include" snippet.c || fail "$2 does not compile"
}

# is_correct BLOCK WHERE: stages alone stand in a file between one that reads and one that writes.
is_correct() {
    if grep -q '^version:' "$1"; then
        cp "$1" snippet.yaml
    else
        {
            echo 'version: 1'
            echo 'name: snippet'
            echo 'stages:'
            echo '- {id: read, type: csv.read, with: {path: samples/orders.csv}}'
            cat "$1"
            echo '- {id: write, type: csv.write, with: {path: "-"}}'
        } >snippet.yaml
    fi
    "$program" check snippet.yaml >out 2>&1 || fail "$2: $(cat out)"
}

checked=0
for page in "$WEIR_SOURCE/README.md" "$WEIR_SOURCE"/docs/*.md; do
    case $page in */guide.md) continue ;; esac
    rm -rf blocks
    mkdir blocks
    awk -f "$WEIR_SOURCE/tests/install/blocks.awk" "$page" || fail "a block of $page has no end"
    for kind in blocks/*.kind; do
        [ -f "$kind" ] || continue
        read -r line language <"$kind"
        case $language in
        c) compiles "${kind%.kind}" "$page:$line" ;;
        yaml) is_correct "${kind%.kind}" "$page:$line" ;;
        *) continue ;;
        esac
        checked=$((checked + 1))
    done
done
[ $checked -ge 7 ] || fail "only $checked pieces were found"
finish
