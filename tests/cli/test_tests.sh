#!/bin/sh
# pipeline test: what a pipeline file has under `tests`.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

stages() {
    cat <<'END'
version: 1
name: sums
vars: {out: out.csv}
stages:
  - {id: read, type: csv.read, with: {path: nowhere.csv, delimiter: ";", types: {n: integer}}}
  - {id: big, type: transform, rejects: {path: bad.csv}, with: {where: "n > 1", set: {half: "10 / (n - 5)"}}}
  - {id: write, type: csv.write, with: {path: "${out}", quoting: all}}
tests:
END
}

# The whole reads by the source's own options, one stage is given records, a source the bytes of its file. Which values
# are in quotes does not matter.
stages >good.yaml
cat >>good.yaml <<'END'
  - name: the whole
    given: |
      n;t
      1;a
      5;b
      7;${out}
    expect: |
      n,t,half
      7,${out},5
  - name: one stage
    stage: big
    types: {n: integer}
    given: |
      n
      3
    expect: |
      "n",half
      3,"-5"
  - name: the source
    stage: read
    given: "n;t\n1;\n2;\"\"\n"
    expect: "n,t\n1,\n2,\"\""
END
run 0 test good.yaml
printf 'ok      the whole\nok      one stage\nok      the source\n3 tests, 0 failed\n' >expected
same out expected
empty err
run 0 test -q good.yaml
empty out
if [ -e out.csv ] || [ -e bad.csv ]; then fail "a test has written files"; fi

# A difference is shown record by record, an error as that of a run; the other tests go on.
stages >bad.yaml
cat >>bad.yaml <<'END'
  - name: one differs
    stage: big
    given: "n,t\n6,a\n3,b\n4,\"c,d\"\n"
    expect: "n,t,half\n6,a,10\n3,x,-5\n4,\"c,d\",-10\n5,e,1\n"
  - name: null is not empty text
    stage: read
    given: "n;t\n1;\n"
    expect: "n,t\n1,\"\"\n"
  - name: the data are wrong
    given: "n;t\n1;2;3\n"
    expect: ""
  - name: well
    stage: read
    given: "n\n1\n"
    expect: "n\n1\n"
END
run 1 test bad.yaml
cat >expected <<'END'
FAILED  one differs (bad.yaml:9)
      n,t,half
      6,a,10
    - 3,x,-5
    + 3,b,-5
      4,"c,d",-10
    - 5,e,1
FAILED  null is not empty text (bad.yaml:13)
      n,t
    - 1,""
    + 1,
FAILED  the data are wrong (bad.yaml:17)
ok      well
4 tests, 3 failed
END
same out expected
says err "expected 2 fields, found 3"

# Mistakes in tests are found with all others of the file.
stages >wrong.yaml
cat >>wrong.yaml <<'END'
  - {name: a, stage: bg, given: x, expect: x}
  - {name: b, stage: write, given: x, expect: x}
  - {nam: c, given: [x], expect: x}
  - {name: d, types: {n: integer}, given: x, expect: x}
END
run 78 check wrong.yaml
says err "there is no stage 'bg'"
says err "did you mean 'big'?"
says err "'write' is a sink: it emits nothing to compare"
says err "a test has no key 'nam'"
says err "this test has no 'name'"
says err "'given' of a test must be text"
says err "'types' is for the records of one 'stage'"

# A source without a file is given nothing; a file without tests has none that fail.
cat >list.yaml <<'END'
version: 1
name: l
stages:
  - {id: list, type: file.list, with: {root: .}}
  - {type: discard}
END
run 0 test list.yaml
says out "list.yaml has no tests"
echo 'tests: [{name: a, given: x, expect: x}]' >>list.yaml
run 1 test list.yaml
says err "'list' reads no file: nothing else can be given to it"
run 64 test -
says err "a file is wanted"
finish
