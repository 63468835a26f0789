#!/bin/sh
# Standard input and output, FIFOs and devices: what cannot be taken up again ends the run when its worker dies; everything
# else goes on; a reader that goes away ends it quietly.
# shellcheck source=tests/faults/common.sh
. "$(dirname "$0")/common.sh"

make_data 12
piped() {
    pipeline_file "$1" "$small_slots" <<END
  - {id: read, type: csv.read, with: {path: "$2"}}
  - {id: most, type: transform, isolate: true, with: {where: "quantity > 10", drop: [notes]}}
  - {id: write, type: csv.write, with: {path: "$3"}}
END
}
piped plain orders.csv made/most.csv
piped from_pipe - made/most.csv
piped to_pipe orders.csv -
piped both - -
piped to_fifo orders.csv fifo
piped to_null orders.csv /dev/null
expect plain || finish
cp -R expected/plain expected/from_pipe
wanted=expected/plain/most.csv
rounds=$((6 / slow + 2))
mkfifo feed pipe fifo

# feed_orders: orders.csv comes out of the FIFO, which does not end before end_feed.
feed_orders() {
    exec 9<>feed
    exec 8>feed
    cat orders.csv >&8 9>&- 8>&- &
    feeding=$!
    exec 8>&-
}

end_feed() {
    exec 9>&-
    wait $feeding
}

# ended_with CODE WHAT
ended_with() {
    [ "$ended" = "$1" ] || fail "$2: ended with $ended: $(grep -v 'is replaced' err | head -n 3)"
    nothing_left "$2"
}

# The source that reads a pipe is killed. The pipe does not end, so that the source cannot have either.
for round in $(seq $rounds); do
    here="a killed source that reads a pipe, round $round"
    old_outputs from_pipe
    feed_orders
    roll 1000 60000
    strike -b KILL -p read.cut -n 100 -i "$pick" -- from_pipe.yaml <feed 9>&-
    end_feed
    ended_with 70 "$here"
    says err "read.cut[0] died (SIGKILL)"
    says err "cannot be taken up again"
    says err "nothing was published"
    untouched "$here"
done

# Others are killed: nothing is lost.
for round in $(seq $rounds); do
    here="workers killed behind a pipe, round $round"
    rm -rf made && mkdir made
    cat orders.csv >feed &
    strike -b KILL,KILL,STOP -p !read.cut -n 40 -i $((3000 * slow)) -- --workers 3 from_pipe.yaml <feed
    wait
    ended_with 0 "$here"
    published from_pipe "$here"
done

# A signal to the whole group is a signal, and no accident of a worker that cannot be replaced.
for signal in TERM INT HUP; do
    here="SIG$signal to the group of a run between pipes"
    feed_orders
    cat pipe >/dev/null &
    standard_output=pipe
    strike -g -e $signal -a $((300000 * slow)) -- both.yaml <feed 9>&-
    standard_output=out
    end_feed
    wait
    [ "$ended" = SIG$signal ] || fail "$here: ended with $ended: $(cat err)"
done

# The sink that writes a pipe is killed, or others are.
for round in $(seq $rounds); do
    here="workers killed before a pipe, round $round"
    cat pipe >got &
    standard_output=pipe
    strike -b KILL,KILL,STOP -p !write.write -n 40 -i $((3000 * slow)) -- --workers 3 to_pipe.yaml </dev/null
    wait
    ended_with 0 "$here"
    cmp -s got "$wanted" || fail "$here: other bytes"

    here="a killed sink that writes a pipe, round $round"
    feed_orders
    cat pipe >got &
    strike -b KILL -p write.write -n 100 -i $((30000 * slow)) -- both.yaml <feed 9>&-
    end_feed
    wait
    ended_with 70 "$here"
    says err "cannot be taken up again"
    head -c "$(wc -c <got)" "$wanted" | cmp -s - got || fail "$here: what it wrote is no beginning of the output"
    standard_output=out
done

# The reader of standard output goes away: the end, quietly, and no error.
size=$(wc -c <"$wanted")
for round in $(seq $((2 * rounds))); do
    roll 0 "$size"
    bytes=$pick
    [ "$round" -gt 1 ] || bytes=0
    here="a reader that goes away after $bytes bytes"
    head -c "$bytes" <pipe >got &
    standard_output=pipe
    if [ $((round % 2)) -eq 0 ]; then
        strike -b KILL -p !write.write -n 30 -i $((3000 * slow)) -- --workers 2 to_pipe.yaml </dev/null
    else
        strike -- -q to_pipe.yaml </dev/null
        empty err
    fi
    standard_output=out
    wait
    ended_with 0 "$here"
    head -c "$bytes" "$wanted" | cmp -s - got || fail "$here: other bytes"
done

# A limit ends a run also while its input idles.
pipeline_file some "$small_slots" <<'END'
  - {id: read, type: csv.read, with: {path: "-"}}
  - {id: first, type: transform, with: {limit: 1000, select: [id]}}
  - {id: write, type: csv.write, with: {path: made/first.csv}}
END
rm -rf made && mkdir made
feed_orders
strike -- -q some.yaml <feed 9>&-
end_feed
ended_with 0 "a limit before an input that does not end"
[ "$(wc -l <made/first.csv)" -eq 1001 ] || fail "a limit of 1000 leaves $(wc -l <made/first.csv) lines"

# A FIFO and a device as outputs are written in place, and stay what they are.
for round in $(seq $rounds); do
    here="a FIFO as output, round $round"
    cat fifo >got &
    strike -b KILL -p !write.write -n 20 -i $((3000 * slow)) -- to_fifo.yaml </dev/null
    wait
    ended_with 0 "$here"
    cmp -s got "$wanted" || fail "$here: other bytes"
    here="/dev/null as output, round $round"
    strike -b KILL -p !write.write -n 20 -i $((3000 * slow)) -- to_null.yaml </dev/null
    ended_with 0 "$here"
done
[ -p fifo ] || fail "the FIFO is none any more"
[ -c /dev/null ] || fail "/dev/null is no device any more"
for part in .fifo.part /dev/.null.part; do
    [ ! -e $part ] || fail "$part stands beside what is no file"
done

# A FIFO that nobody opens for reading: the run waits for it, and can be stopped.
strike -e TERM -a $((200000 * slow)) -- to_fifo.yaml </dev/null
ended_with SIGTERM "a FIFO without a reader"

# Standard streams that are closed, as some daemons have them.
for closed in '<&-' '>&-' '2>&-' '<&- >&-' '<&- >&- 2>&-'; do
    rm -rf made && mkdir made
    code=0
    eval "\"\$program\" run -q plain.yaml $closed" || code=$?
    [ "$code" -eq 0 ] || fail "with closed $closed: exit $code"
    published plain "with closed $closed"
done
echo "$runs runs, $blows_in_all blows"
finish
