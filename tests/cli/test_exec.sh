#!/bin/sh
# The stage exec: any program as a stage.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

awk 'BEGIN {
    print "n,t,u"
    for (i = 1; i <= 20000; i++)
        print i "," (i % 7 == 0 ? "" : i % 7 == 1 ? "\"\"" : "\"two\nlines, \"\"" i "\"\"\"") ",x" i
}' >in.csv

# pipeline_of EXEC-OPTIONS: what comes out goes to out.
pipeline_of() {
    cat >exec.yaml <<END
version: 1
name: exec
run: {slot: 64KiB, restarts: 3}
vars: {in: in.csv}
stages:
  - {id: read, type: csv.read, with: {path: "\${in}"}}
  - {id: it, type: exec, with: {$1}}
  - {id: write, type: csv.write, with: {path: "-"}}
END
}

pipeline_of 'command: [cat]'
for workers in 1 3 8; do
    run 0 run -q --workers $workers exec.yaml
    same out in.csv
done

# It may leave records out, make several of one, and write other columns in another order.
printf 'n\n' >few.csv
seq 1 5000 >>few.csv
# shellcheck disable=SC2016
pipeline_of 'command: [awk, "-F,", "NR == 1 { print \"twice,n\" } NR > 1 && $1 % 2 { print 2 * $1 \",\" $1; print \"again,\" $1 }"],
    columns: [n, twice]'
awk 'BEGIN { print "n,twice"; for (i = 1; i <= 5000; i += 2) { print i "," 2 * i; print i ",again" } }' >expected
for workers in 1 4; do
    run 0 run -q --workers $workers --var in=few.csv exec.yaml
    same out expected
done

# A record of which it dies is set aside, and the others go through.
cat >dies.sh <<'END'
#!/bin/sh
awk '$1 == 234 { exit 9 } { print }'
END
chmod +x dies.sh
pipeline_of 'command: [./dies.sh]'
head -n 300 few.csv >fewer.csv
run 1 run -q --workers 2 --var in=fewer.csv exec.yaml
grep -v '^234$' fewer.csv >expected
same out expected
says exec.quarantine.jsonl '"stage":"it"'
says err "'./dies.sh' ended with exit 9"

# JSON Lines: text comes back byte for byte.
pipeline_of 'command: [cat], format: jsonl'
for workers in 1 4; do
    run 0 run -q --workers $workers exec.yaml
    same out in.csv
done
printf 'a/b~,t\n"\303\251\377 \t""\\",\n,""\n' >odd.csv
run 0 run -q --var in=odd.csv exec.yaml
same out odd.csv

# It sees numbers where a column is one; of what it writes the columns are taken that are named.
# shellcheck disable=SC2016
pipeline_of 'command: [sh, -c, "tee seen; echo; echo \"{\\\"x\\\": [1], \\\"n\\\": 1.50}\""], columns: [n, t], format: jsonl'
printf 'n,t\n007,1\n,\n' >typed.csv
run 0 run -q --workers 1 --var in=typed.csv --set read.types='{n: integer}' exec.yaml
printf '{"n":7,"t":"1"}\n{"n":null,"t":null}\n' >expected
same seen expected
printf 'n,t\n7,1\n,\n1.50,\n' >expected
same out expected
pipeline_of 'command: [echo, "{"], format: jsonl'
run 65 run -q exec.yaml
says err "what 'echo' has written: line 1: the line is not JSON"
pipeline_of 'command: [echo, 7], format: jsonl'
run 65 run -q exec.yaml
says err "line 1: the line is neither an object nor an array"

pipeline_of 'command: [./nowhere]'
run 78 check exec.yaml
says err "there is no program './nowhere'"
pipeline_of 'command: [echo, n], columns: [n, m]'
run 65 run -q exec.yaml
says err "'echo' has written no column 'm'"
pipeline_of 'command: [printf, "n\na,b\n"], columns: [n]'
run 65 run -q exec.yaml
says err "what 'printf' has written: row 2 has another number of fields than the header"
finish
