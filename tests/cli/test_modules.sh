#!/bin/sh
# A pipeline file names modules: stage types and functions of one's own.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

mkdir made
"${CC:-cc}" -shared -fPIC -I"$WEIR_SOURCE/lib/include" -o made/shout.so "$WEIR_SOURCE/samples/embed/shout.c" || exit 1
printf 'name\nann\nbob\n' >names.csv
printf 'name\nANN!\nBOB!\n' >expected.csv

# Beside the file that names it, wherever that is run.
cat >made/shout.yaml <<'END'
version: 1
name: shout
modules: [shout.so]
stages:
  - {type: csv.read, with: {path: names.csv}}
  - {type: transform, with: {set: {name: "shout(name)"}}}
  - {id: write, type: csv.write, with: {path: out.csv}}
  - {id: rest, type: nowhere, inputs: transform}
END
for method in fork spawn forkserver; do
    rm -f out.csv
    "$program" run -q --start-method "$method" made/shout.yaml || fail "a module by $method"
    cmp -s out.csv expected.csv || fail "by $method its function gives something else"
done

# refused MODULE WORDS
refused_module() {
    sed "s|\[shout.so\]|[$1]|" made/shout.yaml >made/refused.yaml
    "$program" check made/refused.yaml >said 2>&1 && fail "$1 is taken"
    grep -q "refused.yaml:3:1[01]: error: .*$2" said || fail "of $1 is said: $(cat said)"
}
refused_module nothing.so "cannot load the module .*No such file"
refused_module "$WEIR_SOURCE/README.md" "cannot load the module"
echo 'int nothing;' | "${CC:-cc}" -shared -fPIC -x c -o made/empty.so -
refused_module empty.so "is no module"
"${CC:-cc}" -shared -fPIC -I"$WEIR_SOURCE/lib/include" -x c -o made/old.so - <<'END'
#include <weir/module.h>
const struct weir_module weir_module = {99, sizeof(struct weir_module), NULL, NULL};
END
refused_module old.so "another version: its ABI is 99"
sed 's/"nowhere"/"discard"/' "$WEIR_SOURCE/samples/embed/shout.c" |
    "${CC:-cc}" -shared -fPIC -I"$WEIR_SOURCE/lib/include" -x c -o made/taken.so -
refused_module taken.so "two stage types have the name 'discard'"

finish
