# records.awk - CSV as records, for the tests that work out what a pipeline should have written.
#
# Calls record() for every record, the header being the first; field[1..fields] are its fields as they stand in the
# file, quotes and all; raw is the whole. The program that uses this defines record(), and is given as a second -f. Fields are text:
# add 0 to compare one as a number.

# An odd number of quotes so far: the record goes on in the next line.
{
    raw = raw == "" ? $0 : raw "\n" $0
    if (gsub(/"/, "\"", raw) % 2 == 1)
        next
    split_fields(raw)
    record()
    raw = ""
}

function split_fields(text,    rest) {
    fields = 0
    rest = text
    while (match(rest, /^("([^"]|"")*"|[^",]*)/)) {
        field[++fields] = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        if (rest == "")
            return
        rest = substr(rest, 2)
    }
}
