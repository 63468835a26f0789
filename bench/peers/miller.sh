#!/bin/sh
# The works in Miller (Debian: miller). It computes in binary floating point.
#
#     sh miller.sh w1|w2|w3 IN OUT
set -eu
work=$1 in=$2 out=$3

# What stands in single quotes is Miller's, and so is "then".
# shellcheck disable=SC2016,SC1010
case $work in
w1) exec mlr --icsv --ocsv --headerless-csv-output count "$in" >"$out" ;;
w2) exec mlr --csv cut -o -f id,customer,status "$in" >"$out" ;;
w3)
    exec mlr --csv filter '$quantity >= 50 && $status == "paid"' \
        then put '$total = fmtnum($quantity * $unit_price * (1 - $discount), "%.2lf")' \
        then cut -o -f id,country,total "$in" >"$out"
    ;;
*)
    echo "usage: sh miller.sh w1|w2|w3 IN OUT" >&2
    exit 64
    ;;
esac
