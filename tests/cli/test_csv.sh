#!/bin/sh
# The options of csv.read and csv.write, as a user meets them.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

# becomes EXPECTED STAGE...: what the chain prints, for one worker and for three.
becomes() {
    printf '%b' "$1" >expected
    shift
    for workers in 1 3; do
        run 0 "do" -q --workers $workers "$@"
        same out expected
    done
}

# refused CODE TEXT STAGE...
refused() {
    code=$1 text=$2
    shift 2
    run "$code" "do" "$@"
    says err "$text"
}

printf 'id,name,price\n1,,2.50\n2,NA,"3"\n3,"",\n' >in.csv

# Writing.
becomes 'id,name,price\n1,-,2.50\n2,NA,3\n3,"",-\n' csv.read in.csv ! csv.write - null_value=-
becomes 'id,name,price\n1,NA,2.50\n2,"NA",3\n3,"",NA\n' csv.read in.csv ! csv.write - null_value=NA
becomes '"id","name","price"\n1,,2.50\n2,"NA",3\n3,"",\n' \
    csv.read in.csv types.id=integer types.price=decimal ! csv.write - quoting=nonnumeric
refused 78 "do:12:21: error: null is written without quotes" csv.read in.csv ! csv.write - null_value='N,A'
finish
