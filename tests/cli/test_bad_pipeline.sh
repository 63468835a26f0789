#!/bin/sh
# Pipeline files that are wrong: each mistake is told with its place and its cure, and nothing is done.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"
# shellcheck source=tests/cli/refused.sh
. "$WEIR_SOURCE/tests/cli/refused.sh"

# A pipeline without a name has that of its file.
file=$name.yaml
printf 'id,paid,billed,quantity,status\n1,2,3,4,ok\n' >in.csv

# wrong PLACE TEXT...: the file from standard input is refused with an error there (LINE:COLUMN) and all the texts.
wrong() {
    cat >"$file"
    place=$1
    shift
    for command in check run; do
        refused 78 $command "$file"
        says err "$file:$place: error:"
        for text; do
            says err "$text"
        done
    done
}

# reading LINES: a pipeline whose csv.read has these options, from line 5 on.
reading() {
    printf 'version: 1\nstages:\n  - type: csv.read\n    with:\n%s\n  - type: csv.write\n    with: {path: out.csv}\n' "$1"
}

# option LINE PLACE TEXT...: one option of csv.read, in line 6.
option() {
    option=$1
    shift
    reading "      path: in.csv
      $option" | wrong "$@"
}

# working OPTION: a pipeline whose transform has this option, in line 6.
working() {
    printf 'version: 1\nstages:\n  - {type: csv.read, with: {path: in.csv}}\n  - type: transform\n    with:\n'
    printf '      %s\n  - {type: csv.write, with: {path: out.csv}}\n' "$1"
}

# transform OPTION PLACE TEXT...
transform() {
    option=$1
    shift
    working "$option" | wrong "$@"
}

# right: the file from standard input is published.
right() {
    cat >"$file"
    accepted 0 run -q "$file"
    empty err
}

# ---- names ----

transform 'where: "quantty > 1"' 6:15 "no column 'quantty'" "did you mean 'quantity'?" "where: \"quantty > 1\""
transform 'select: [id, statsu]' 6:20 "no column 'statsu'" "did you mean 'status'?"
transform 'drop: [statsu]' 6:14 "no column 'statsu'"
transform 'rename: {statsu: x}' 6:16 "no column 'statsu'"
transform 'set: {x: "lenght(status)"}' 6:17 "no function 'lenght'" "did you mean 'length'?"
option 'delimeter: ";"' 6:7 "csv.read has no option 'delimeter'" "did you mean 'delimiter'?"
option 'types: {quantty: integer}' 6:15 "no column 'quantty'" "did you mean 'quantity'?"
option 'types: {id: intger}' 6:19 "'intger' is no type" "integer"
printf 'version: 1\nstages:\n  - type: csv.raed\n    with: {path: in.csv}\n' |
    wrong 3:11 "there is no stage type 'csv.raed'" "did you mean 'csv.read'?"
wrong 6:5 "a stage has no key 'on_eror'" "did you mean 'on_error'?" <<'END'
version: 1
stages:
  - type: csv.read
    with: {path: in.csv}
  - type: csv.write
    on_eror: drop
    with: {path: out.csv}
END
wrong 2:1 "no key 'stagse'" <<'END'
version: 1
stagse: []
END
wrong 7:9 "two stages have the id 'a'" "line 3" <<'END'
version: 1
stages:
  - id: a
    type: csv.read
    with: {path: in.csv}
  - type: csv.write
    id: a
    with: {path: out.csv}
END
wrong 7:9 "two stages have the id 'read'" "line 3" <<'END'
version: 1
stages:
  - type: csv.read
    with: {path: in.csv}
  - type: transform
    with: {where: "true"}
    id: read
  - type: csv.write
    with: {path: out.csv}
END

# ---- levels ----

option 'workers: 2' 6:7 "'workers' belongs to the stage, not under 'with': move it two spaces left"
option 'on_error: drop' 6:7 "'on_error' belongs to the stage, not under 'with'"
wrong 4:5 "'delimiter' is an option of csv.read: it belongs under 'with'" <<'END'
version: 1
stages:
  - type: csv.read
    delimiter: ";"
    with: {path: in.csv}
END
wrong 2:7 "'run' has no key 'slot_size'" "did you mean 'slot'?" <<'END'
version: 1
run: {slot_size: 1MiB}
stages:
  - {type: csv.read, with: {path: in.csv}}
  - {type: csv.write, with: {path: out.csv}}
END
for key in max_rejected memory; do
    wrong 2:1 "'$key' belongs under 'run'" <<END
version: 1
$key: 3
stages: []
END
    wrong 4:5 "'$key' belongs under 'run'" <<END
version: 1
stages:
  - type: csv.read
    $key: 3
END
done

# ---- types ----

option 'header: maybe' 6:15 "'header' must be true or false" "not 'maybe'"
option 'header: NULL' 6:15 "'header' must be true or false" "not 'NULL'"
option 'limit: many' 6:14 "'limit' must be a number" "not 'many'"
option 'limit: 1e3' 6:14 "not '1e3'"
option 'limit: -1' 6:14 "not '-1'"
option 'limit: [1]' 6:14 "'limit' must be a number"
option 'delimiter: ";;"' 6:18 "'delimiter' must be one character" "not ';;'"
option 'missing_columns: ignore' 6:24 "error" "null_fill" "not 'ignore'"
option 'types: [integer]' 6:14 "'types' must be a map"
transform 'where: [a]' 6:14 "'where' must be an expression, not a list"
transform 'set: id' 6:12 "'set' must be a map"
wrong 3:5 "a stage is a map with a type" "write - type: csv.read" <<'END'
version: 1
stages:
  - csv.read
END
wrong 3:3 "'stages' must be a list" <<'END'
version: 1
stages:
  type: csv.read
END
wrong 4:14 "'workers' must be auto or a number from 1 to 64" <<'END'
version: 1
stages:
  - type: csv.read
    workers: many
    with: {path: in.csv}
END

# ---- options that do not go together ----

option 'quote: ","' 6:14 "'quote' and 'delimiter' cannot be the same byte"
wrong 3:5 "'quote' and 'delimiter' cannot be the same byte" <<'END'
version: 1
stages:
  - type: csv.read
    with: {path: in.csv, delimiter: '"'}
  - {type: csv.write, with: {path: out.csv}}
END
working 'select: [id]
      drop: [paid]' | wrong 7:13 "'select' and 'drop' cannot both be given"
wrong 4:5 "lines.write writes one column, and there are 5" "say which one with column" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: in.csv}}
  - {type: lines.write, with: {path: out.csv}}
END

# ---- an input that is missing ----

reading '      path: [in.csv, gone.csv]' >"$file"
refused 66 run "$file"
says err "$file:5:22: error: stage 'read': cannot open 'gone.csv': No such file or directory"
reading '      path: "gone-*.csv"' >"$file"
refused 66 run "$file"
says err "$file:5:13: error: stage 'read': no file matches 'gone-*.csv'"

printf 'id;n\n1;2\n' >semicolons.csv
reading '      path: [semicolons.csv, in.csv]' >"$file"
refused 65 run "$file"
says err "$file:5:14: error: stage 'read': semicolons.csv: only one column, named 'id;n'"

# ---- expressions ----

transform 'where: "paid > billed"' 6:15 "'paid' and 'billed' are both untyped: as text, '9' > '10'" \
    "write paid::decimal > billed::decimal" "types: {paid: decimal, billed: decimal}"
transform 'where: status = "gone"' 6:23 'no column "gone"' \
    "double quotes name a column; for the text write 'gone'"
transform 'where: "status && paid"' 6:22 "write and"
transform 'where: "! status"' 6:15 "write not"
transform 'set: {a: "x if paid else y"}' 6:19 "write if(condition, a, b)"
transform 'where: "id = 1 and (paid = 2"' 6:35 "')' is missing"
transform "where: \"status = 'ok\"" 6:24 "never closed"
transform 'where: status' 6:14 "'where' is a condition"
transform 'set: {a: "1/0"}' 6:17 "division by zero"

# ---- the graph ----

wrong 3:5 "'transform' is first, but transform reads another stage" <<'END'
version: 1
stages:
  - type: transform
  - {type: csv.write, with: {path: out.csv}}
END
wrong 3:5 "nobody reads what 'read' makes" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: in.csv}}
END
wrong 5:5 "'write' is a sink" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: in.csv}}
  - {type: csv.write, with: {path: out.csv}}
  - {type: discard}
END
wrong 4:5 "csv.read is a source: it takes no 'inputs'" <<'END'
version: 1
stages:
  - type: csv.read
    inputs: write
    with: {path: in.csv}
  - {type: csv.write, with: {path: out.csv}}
END
wrong 6:13 "there is no stage 'raed'" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: in.csv}}
  - type: csv.write
    with: {path: out.csv}
    inputs: raed
END

# ---- variables ----

wrong 4:37 "no variable 'dya'; declared: day, in, out." "The environment is \${env:dya}" "did you mean 'day'?" <<'END'
version: 1
vars: {day: 1, in: in.csv, out: out.csv}
stages:
  - {type: csv.read, with: {path: "a${dya}"}}
  - {type: csv.write, with: {path: "${out}"}}
END
wrong 2:8 "variable 'in' must be given: --var in=" <<'END'
version: 1
vars: {in: }
stages:
  - {type: csv.read, with: {path: "${in}"}}
  - {type: csv.write, with: {path: out.csv}}
END
wrong 3:36 "the environment has no 'WEIR_NOT_THERE'" "\${env:WEIR_NOT_THERE:-DEFAULT}" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: "${env:WEIR_NOT_THERE}"}}
  - {type: csv.write, with: {path: out.csv}}
END
wrong 3:36 "say where it is" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: "${env:WEIR_NOT_THERE:?say where it is}"}}
  - {type: csv.write, with: {path: out.csv}}
END
wrong 3:36 "not-there.txt" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: "${file:not-there.txt}"}}
  - {type: csv.write, with: {path: out.csv}}
END
wrong 3:36 "without its '}'" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: "${in"}}
  - {type: csv.write, with: {path: out.csv}}
END

# ---- what YAML would eat ----

option 'delimiter:' 6:7 "'delimiter' has no value"
option 'delimiter: |' 6:7 "'delimiter' has no value" "quote it, \"|\""
option 'delimiter: >' 6:7 "'delimiter' has no value" "quote it, \">\""
option 'quote: #' 6:7 "'quote' has no value" "quote it, \"#\""
option 'quote: # the fence' 6:7 "'quote' has no value"
option 'delimiter: ""' 6:18 "it is empty"
# The same with a key below, which the block would take in.
for sign in '|' '>' '#'; do
    reading "      delimiter: $sign
      path: in.csv" | wrong 5:7 "'delimiter' has no value"
done
for sign in @ % '*' ! ',' '`' - '?'; do
    reading "      path: in.csv
      delimiter: $sign" >"$file"
    refused 78 check "$file"
    says err "$file:6:18: error:"
    grep -qF -e "\"$sign\"" -e "'$sign'" err || fail "no quoted form of $sign: $(cat err)"
done
for below in "      delimiter: &
      path: in.csv" "      delimiter: |-
      path: in.csv"; do
    reading "$below" >"$file"
    refused 78 check "$file"
    grep -qE "\"[&|]\"" err || fail "no quoted form: $(cat err)"
    [ "$(grep -c "^$file:" err)" -eq 1 ] || fail "one mistake is told as: $(cat err)"
done
option 'names: [a #1, b]' 6:14 "the [ opened here is never closed" 'quote it, "a #1"'
reading '      path: in.csv
      types: {id: integer
      limit: 3' | wrong 6:14 "the { opened here is never closed"
option "delimiter: '" 6:18 "the quote opened here is never closed"
option 'delimiter: "' 6:18 "the quote opened here is never closed"
option 'names: in #1.csv' 6:14 "this value ends before ' #'" '"in #1.csv"'
option 'names: a: b' 6:15 "quote it: \"a: b\""
option 'types: {id: decimal(10, 2)}' 6:31 "'2)' in 'types' has no value" 'quote it, "decimal(10, 2)"'
transform 'set: {total: round(paid, 2)}' 6:32 "'2)' in 'set' has no value" 'quote it, "round(paid, 2)"'
option 'delimiter: ";" x' 6:22 ''
option 'path: other.csv' 6:7 "'path' stands here twice" "line 5"
printf 'version: 1\nstages:\n  - type: csv.read\n    with:\n      path: in.csv\n\tlimit: 1\n' |
    wrong 6:2 "a tab can't indent a line"
option 'names: &all [a]' 6:14 "anchors (&)"
option 'names: *all' 6:14 "aliases (*)"
option 'names: !!str a' 6:14 "tags (!)"
option '<<: {limit: 1}' 6:7 "merge keys (<<)"
wrong 3:1 "a second document begins here" <<'END'
version: 1
stages: []
---
version: 1
END

# Scalars are what they look like: none of these is null, false, 8 or 1000.
printf 'a,no,~\nNULL,no,010\n1e3,~,true\n0x1F,yes,null\n' >plain.csv
cat >"$file" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: plain.csv}}
  - type: transform
    with:
      rename: {no: y, "~": null, a: 010}
  - type: transform
    id: nullify
    with: {rename: {y: no, null: ~, 010: a}}
  - {type: csv.write, with: {path: out.csv}}
END
accepted 0 run -q "$file"
same out.csv plain.csv
reading '      path: plain.csv
      null_values: [NULL, no, 010, 1e3, ~, true]' | right
printf 'a,no,~\n,,\n,,\n0x1F,yes,null\n' >expected.csv
same out.csv expected.csv
reading '      path: plain.csv
      limit: 02' | right
[ "$(wc -l <out.csv)" -eq 3 ] || fail "limit: 02 is not 2"

# A comment that cuts nothing is no error, nor are CRLF and a byte order mark.
reading '      path: "in.csv" # where it comes from
      # and how much of it
      limit: 5' | right
reading '      path: in.csv' | sed 's/$/\r/' | right
{ printf '\357\273\277' && reading '      path: in.csv'; } | right

# ---- every mistake at once, in the order of the file ----

cat >"$file" <<'END'
version: 2
vars: {day: 1}
what: 3
stages:
  - type: csv.read
    with: {path: "${dya}", delimeter: ";", header: maybe}
    path: in.csv
  - type: transfrom
  - type: transform
    workers: many
    with:
      where: "1 +"
      order: none
  - type: csv.write
    id: read
    with: {pth: out.csv}
END
refused 78 check "$file"
grep -o "^$file:[0-9]*:[0-9]*" err | cut -d: -f2 >lines
printf '%s\n' 1 3 6 6 6 7 8 10 12 13 15 16 | sort -n >lines.expected
sort -nu lines.expected >expected.csv
sort -nu lines >lines.found
same lines.found expected.csv
sort -n lines | cmp -s - lines || fail "the errors are not in the order of the file"
[ "$(grep -c "^$file:6:" err)" -eq 3 ] || fail "other than three errors in line 6: $(grep "^$file:6:" err)"
# A wrong key beside a right one is one mistake.
cat >"$file" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: in.csv}}
  - type: csv.write
    inputs: read
    on_eror: drop
    with: {path: out.csv}
END
refused 78 check "$file"
[ "$(grep -c "^$file:" err)" -eq 1 ] || fail "one mistake is told as: $(cat err)"
# So is a misspelt one: what it was meant for is not missing.
cat >"$file" <<'END'
version: 1
stages:
  - {type: csv.read, with: {pth: in.csv}}
  - {typ: csv.write, with: {path: out.csv}}
END
refused 78 check "$file"
[ "$(grep -c "^$file:" err)" -eq 2 ] || fail "two mistakes are told as: $(cat err)"
# Columns and functions too, in all stages.
cat >"$file" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: in.csv}}
  - type: transform
    with:
      where: "one = 1"
      set: {x: "two + 1", y: "three(1)"}
      select: [id, four]
  - {type: csv.write, with: {path: out.csv}}
END
refused 78 check "$file"
for word in one two three four; do
    says err "$word"
done
cat >"$file" <<'END'
version: 1
stages:
  - {type: csv.read, with: {path: in.csv}}
  - {type: transform, with: {where: "one = 1"}}
  - {id: again, type: transform, with: {where: "two = 1"}}
  - {type: csv.write, with: {path: out.csv}}
END
refused 78 check "$file"
says err "$file:4:38: error: no column 'one'"
says err "$file:5:49: error: no column 'two'"
# A mistake in a variable hides none of the others.
wrong 2:8 "${file}:4:29: error: csv.read has no option 'pth'" <<'END'
version: 1
vars: {in: }
stages:
  - {type: csv.read, with: {pth: "${in}"}}
  - {type: csv.write, with: {path: out.csv}}
END

# ---- files that are no pipeline files ----

: >"$file"
refused 78 run "$file"
says err "$file: error: the file is empty"
printf '# nothing yet\n' >"$file"
refused 78 run "$file"
says err "the file is empty"
wrong 1:1 "a pipeline file is a map" <in.csv
printf -- '- a\n- b\n' | wrong 1:1 "a pipeline file is a map"
printf 'version: 1\n' >"$file"
refused 78 run "$file"
says err "'stages'"
printf 'stages: [{type: discard}]\n' >"$file"
refused 78 run "$file"
says err "does not say its version"
head -c 5000 "$unguarded" | wrong 1:1 "this is no pipeline file"
printf 'version: 1\nname: "a\000b"\n' | wrong 2:9 "NUL"
printf 'version: 1\nname: "a\377b"\n' | wrong 2:9 "UTF-8"
printf 'version: 1\nstages: ]\n' | wrong 2:9 ''

# 10 MB of nesting, in one line and in many, in flow and in block style: refused, quickly and in little memory.
nested() {
    for command in check run; do
        refused 78 $command "$file"
        [ "$(wc -c <err)" -lt 4096 ] || fail "the message has $(wc -c <err) bytes"
    done
    sanitized && return
    code=0
    timeout -s KILL 20 prlimit --as=200000000 "$unguarded" check "$file" >out 2>err || code=$?
    [ "$code" -eq 78 ] || fail "nesting, with little memory: exit $code, not 78"
}
head -c 10000000 /dev/zero | tr '\0' '[' >"$file"
nested
head -c 10000000 /dev/zero | tr '\0' '{' >"$file"
nested
yes '[' | head -c 10000000 >"$file"
nested
yes '{a: ' | head -c 10000000 >"$file"
nested
yes -- '- ' | tr -d '\n' | head -c 10000000 >"$file" 2>/dev/null
nested
awk 'BEGIN { for (i = 0; i < 4470; i++) printf "%*s- \n", i, "" }' >"$file"
nested
awk 'BEGIN { for (i = 0; i < 4470; i++) printf "%*sa:\n", i, "" }' >"$file"
nested
head -c 17000000 /dev/zero | tr '\0' '\n' >"$file"
nested
finish
