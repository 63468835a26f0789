#!/bin/sh
# How figures, the picture of a run and the receipt look: tests/cli/draw.c shows what the program's own formats make.
# shellcheck source=tests/cli/common.sh
. "$WEIR_SOURCE/tests/cli/common.sh"

cli=$WEIR_SOURCE/cli
"${CC:-cc}" -std=gnu11 -D_GNU_SOURCE -I"$WEIR_SOURCE/lib/include" -I"$cli" \
    "$WEIR_SOURCE/tests/cli/draw.c" "$cli/human.c" "$WEIR_SOURCE/lib/base/json_write.c" "$cli/look.c" "$cli/frame.c" \
    "$cli/receipt.c" -o draw || exit 1

LC_ALL=C.UTF-8
export LC_ALL

# shown FORMAT VALUE TEXT
shown() {
    got=$(./draw "$1" "$2")
    [ "$got" = "$3" ] || fail "$1 $2 is '$got', not '$3'"
}

shown count 0 "0"
shown count 999 "999"
shown count 1000 "1,000"
shown count 13204126 "13,204,126"
shown count 18446744073709551615 "18,446,744,073,709,551,615"

shown bytes 0 "0 B"
shown bytes 999 "999 B"
shown bytes 1000 "1.0 KB"
shown bytes 3012 "3.0 KB"
shown bytes 84100000 "84.1 MB"
shown bytes 99949999 "99.9 MB"
shown bytes 99950001 "100 MB"
shown bytes 711000000 "711 MB"
shown bytes 999499999 "999 MB"
shown bytes 999500001 "1.0 GB"
shown bytes 18446744073709551615 "18.4 EB"

shown memory 0 "0 MiB"
shown memory 1 "1 MiB"
shown memory 1048576 "1 MiB"
shown memory 1048577 "2 MiB"
shown memory 100663296 "96 MiB"
shown memory 1610612736 "1.5 GiB"

shown duration 0 "0 ms"
shown duration 312000000 "312 ms"
shown duration 999400000 "999 ms"
shown duration 999600000 "1.0 s"
shown duration 9800000000 "9.8 s"
shown duration 41000000000 "41 s"
shown duration 59600000000 "1 min 00 s"
shown duration 372000000000 "6 min 12 s"
shown duration 7500000000000 "2 h 05 min"

shown clock 7 "0:07"
shown clock 754 "12:34"
shown clock 3723 "1:02:03"

shown read 2s 2000
shown read 2 2000
shown read 100ms 100
shown read 1m30s 90000
shown read 1h 3600000
shown read 1d2h3m4s5ms 93784005
for text in "" 0 s 5x -1s "1 s" 1s1m 1s1s 1.5s 999999999s 99999999999999999999s; do
    shown read "$text" no
done

# Text in JSON: escapes, and what is no UTF-8 (a stray byte, an overlong form, a surrogate, too large, cut off).
shown json 'a "b" \c' '"a \"b\" \\c"'
shown json "$(printf 'tab\tline\nend')" '"tab\tline\nend"'
shown json "$(printf '\001\037\177')" '"\u0001\u001f\u007f"'
shown json "Größe 至急 😀" '"Größe 至急 😀"'
shown json "$(printf 'x\377y')" '"x\ufffdy"'
shown json "$(printf '\300\200')" '"\ufffd\ufffd"'
shown json "$(printf '\355\240\200')" '"\ufffd\ufffd\ufffd"'
shown json "$(printf '\364\220\200\200')" '"\ufffd\ufffd\ufffd\ufffd"'
shown json "$(printf 'x\342\202')" '"x\ufffd\ufffd"'

# The picture: as designed with room enough, and never wider or higher than the terminal.
cat >expected <<'END'
clean-orders  run 7f3a  6 processes  bound 96 MiB                           0:09
 read   ██████████████░░░░░░ 71 %  711 MB of 1.0 GB  102 MB/s  0:03 left
 clean  13,204,117 in · 2,970,884 out · 12 rejected  queue 62 %   ← slowest
 write  2,970,884 · 84.1 MB
 bad    21 · 3.0 KB
END
./draw frame 100 24 >out
same out expected
columns=1
while [ $columns -le 130 ]; do
    ./draw frame $columns 24 >out
    [ "$(wc -L <out)" -le $columns ] || fail "a picture wider than $columns columns"
    [ "$(wc -l <out)" -eq 5 ] || fail "a picture of $columns columns has other than 5 lines"
    columns=$((columns + 1))
done
for rows in 0 1 3; do
    [ "$(./draw frame 80 $rows | wc -l)" -eq $rows ] || fail "a picture for $rows rows"
done
[ "$(./draw plain)" = "clean-orders  0:09  71 %  711 MB of 1.0 GB  102 MB/s  0:03 left  13,204,126 records, 9 rejected, 12 rejected" ] ||
    fail "the plain line"

# The receipt, in the ways that a run can end.
cat >expected <<'END'
clean-orders: complete in 9.8 s · 711 MB · 71 MiB of 96 MiB · balanced
 stage          in        used     dropped  rejected  failed  quar.  busy  wait-in  wait-out
 read   13,204,126  13,204,117           0         9       0      0  41 %      0 %      59 %
 clean  13,204,117   2,970,884  10,233,221        12       0      0  97 %      2 %       1 %
 write   2,970,884   2,970,884           0         0       0      0  22 %     78 %       0 %
 bad            21          21           0         0       0      0   0 %    100 %       0 %
 clean dropped 10,233,221, of which 311 because the condition was null
 published  clean.csv 84.1 MB · bad.csv 3.0 KB
 exit 1: 21 records rejected (see bad.csv)
END
./draw receipt rejected >out
same out expected
grep -v '^ exit' expected >complete
./draw receipt complete >out
same out complete
# ends KIND LINE: the first line of that receipt
ends() {
    got=$(./draw receipt "$1" | head -n 1)
    [ "$got" = "$2" ] || fail "receipt $1 begins '$got', not '$2'"
}
ends signal "clean-orders: stopped by SIGINT after 9.8 s at record 13,204,126 (71 %) · nothing was published"
ends failed "clean-orders: failed after 9.8 s · nothing was published"
./draw receipt failed | grep -qx ' exit 65: bad data' || fail "the reason of exit 65"
ends early "clean-orders: complete in 9.8 s (ended early: nothing more was wanted) · 711 MB · 71 MiB of 96 MiB · 4 restarts · balanced"

# Where the locale is not UTF-8, signs of ASCII only.
LC_ALL=C
for what in "frame 100 24" "receipt rejected"; do
    # The words of $what are arguments of their own.
    # shellcheck disable=SC2086
    ./draw $what >out
    if LC_ALL=C grep -q '[^ -~]' out; then fail "draw $what in the C locale"; fi
done
finish
