#!/bin/sh
# The command line: help, and what is said to one that is wrong.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# Help is asked for in many ways, and goes to standard output.
for words in help --help -h; do
    run 0 "$words"
    says out "usage: pipeline COMMAND"
    empty err
done
for command in run "do" new check plan peek test stages functions eval schema completion version help; do
    says out "  $command "
done
for command in run "do" new check plan peek test stages functions eval schema completion version help; do
    run 0 "$command" --help
    says out "usage: pipeline $command"
    says out "--help"
    empty err
    mv out page
    run 0 help "$command"
    same out page
done
run 0 run --help
for option in --var --set --workers --dry-run --progress --receipt --log-format --quiet --timeout; do
    says out "$option"
done

run 0 version
grep -qE '^pipeline [0-9]+\.[0-9]+\.[0-9]+$' out || fail "version"
mv out page
run 0 --version
same out page

# wrong TEXT NOTE ARGUMENT...: wrong usage, said with TEXT and the suggestion NOTE.
wrong() {
    text=$1
    note=$2
    shift 2
    run 64 "$@"
    empty out
    says err "error: $text"
    says err "$note"
}

run 64
empty out
says err "usage: pipeline COMMAND"
wrong "no command 'rnu'" "did you mean 'run'?" rnu
wrong "no command ''" "--help shows" ""
wrong "no command 'chekc'" "did you mean 'check'?" help chekc
wrong "no option '--workes'" "did you mean '--workers'?" run --workes 4 a.yaml
wrong "no option '--reciept'" "did you mean '--receipt'?" run a.yaml --reciept=r.json
wrong "no option '-x'" "pipeline run --help" run -x a.yaml
wrong "no option '--receipt'" "pipeline check --help" check --receipt r.json a.yaml
wrong "--workers wants N" "pipeline run --help" run a.yaml --workers
wrong "--dry-run takes no value" "pipeline run --help" run --dry-run=yes a.yaml
wrong "--workers wants 1 to 64" "not '0'" run --workers 0 a.yaml
wrong "--workers wants 1 to 64" "not '65'" run --workers 65 a.yaml
wrong "--workers wants 1 to 64" "not '4x'" run --workers 4x a.yaml
wrong "--workers wants 1 to 64" "not '-1'" run --workers -1 a.yaml
wrong "--workers wants 1 to 64" "not '99999999999999999999999'" plan --workers 99999999999999999999999 a.yaml
wrong "--progress wants auto, plain or none" "not 'loud'" run --progress loud a.yaml
wrong "--log-format wants text or json" "not 'xml'" run --log-format xml a.yaml
wrong "--var wants NAME=VALUE" "not 'in'" run --var in a.yaml
wrong "--var wants NAME=VALUE" "not '=x'" run --var =x a.yaml
wrong "--set wants STAGE.OPTION=VALUE" "not 'path=x'" run --set path=x a.yaml
wrong "--set wants STAGE.OPTION=VALUE" "not 'read.=x'" run --set read.=x a.yaml
wrong "--set wants STAGE.OPTION=VALUE" "not 'a=b.c'" run --set a=b.c a.yaml
wrong "--receipt wants a file" "data only" run --receipt - a.yaml
for duration in "" 0 0s 5x 5mm 1s1m 1s1s s 1.5s -1s 99999999999999d; do
    wrong "--timeout wants a duration" "not '$duration'" run --timeout "$duration" a.yaml
done
wrong "a FILE is wanted" "pipeline run --help" run
wrong "a FILE is wanted" "pipeline check --help" check --var a=b
wrong "one file only" "'b.yaml'" run a.yaml b.yaml
wrong "'extra' is one argument too many" "pipeline version --help" version extra
wrong "no stage type 'csv.raed'" "did you mean 'csv.read'?" stages csv.raed
wrong "no function 'rond'" "did you mean 'round'?" functions rond
wrong "--markdown wants the name" "" stages --markdown
wrong "--markdown prints the page of all functions" "" functions --markdown round
wrong "one expression only, not '1' and '2'" "" eval 1 2

# Options stand before and after FILE, whatever POSIXLY_CORRECT says; "--" ends them.
run 66 run --progress none missing.yaml --timeout 5m
says err "missing.yaml"
POSIXLY_CORRECT=1
export POSIXLY_CORRECT
run 66 run missing.yaml --progress none
says err "missing.yaml"
unset POSIXLY_CORRECT
run 66 run -- --help
says err "--help"
run 64 run -- a.yaml --help
says err "one file only, not 'a.yaml' and '--help'"

# What the tables know.
run 0 stages
for type in csv.read csv.write transform count discard lines.read lines.write; do
    says out "$type"
done
run 0 stages csv.read
says out "delimiter"
run 0 stages --markdown csv.read
says out "delimiter"
run 0 functions
says out "round(x"
says out "numbers"
run 0 functions round
says out "round(x"
says out "round(2.5) -> 3"

# An expression tried out.
evaluates() {
    run 0 eval "$@"
    printf '%s\n' "$value" >expected
    same out expected
}
value=3 && evaluates 'round(2.5)'
value=7.5 && evaluates 'a + 1' --column a=6.5
value=null && evaluates 'nullif(a, 1)' --column a=1
value='a=b' && evaluates "\"my name\" || b" --column 'my name=a=' --column b=b
run 64 eval 'rond(2.5)'
says err "no function 'rond'"
says err "did you mean 'round'?"
says err "^^^^ did you mean"
run 64 eval 'a + 1'
run 64 eval '1 / 0'
run 64 eval 'a' --column a=1 --column a=2
run 64 eval 'a' --column a
run 64 eval
run 65 eval '1 / a' --column a=0
says err "division by zero"

# A page that cannot be written is not a success.
if [ -c /dev/full ]; then
    code=0
    "$program" help >/dev/full 2>err || code=$?
    [ "$code" -eq 74 ] || fail "help to a full disk: exit $code, not 74"
    says err "cannot write to standard output: No space left on device"
fi
finish
