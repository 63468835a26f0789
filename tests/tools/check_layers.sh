#!/bin/sh
# Holds the #include lines to the layers: base < shm < flow < proc < toolkit < expr < stage < engine < config < host.
#
#   lib/LAYER/     its own layer and lower ones, <weir/...>
#   lib/include/   <weir/...> only
#   stages/        <weir/...> and its own family; families share stages/file/ and the headers in stages/
#                  itself; list.c knows them all
#   cli/           <weir/...>, the stages' list.h and its own headers
#   samples/       <weir/...> only
#
# Prints every line that breaks the law. Ends with 1 if there is one.
set -eu
cd "$(dirname "$0")/../.."

# What stands in quotes is awk's.
# shellcheck disable=SC2016
find lib stages cli samples -name '*.[ch]' | sort | xargs awk '
BEGIN {
    count = split("base shm flow proc toolkit expr stage engine config host", names, " ")
    for (i = 1; i <= count; i++)
        height[names[i]] = i
}

function refuse(why) {
    printf "%s:%d: %s: %s\n", FILENAME, FNR, why, $0
    broken = 1
}

# The folder in front of the first slash, "" if there is none.
function head(path) {
    return index(path, "/") ? substr(path, 1, index(path, "/") - 1) : ""
}

FNR == 1 {
    split(FILENAME, part, "/")
    top = part[1]
    family = part[3] == "" ? "" : part[2]
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    from = head(quoted[2])
    if (top == "lib" && family == "include")
        refuse("a public header includes public headers only")
    else if (top == "lib" && !(from in height))
        refuse("not a layer of lib/")
    else if (top == "lib" && height[from] > height[family])
        refuse("layer " family " may not know layer " from)
    else if (top == "stages" && FILENAME != "stages/list.c" && from != "" && from != family && from != "file")
        refuse("a stage type includes <weir/...> and its own family only")
    else if (top == "cli" && from != "")
        refuse("the program includes <weir/...> and its own headers only")
    else if (top == "samples")
        refuse("a sample includes <weir/...> only")
}

/^[ \t]*#[ \t]*include[ \t]*<(base|shm|flow|proc|toolkit|expr|stage|engine|config|host)\// {
    refuse("headers of lib/ stand in quotes")
}

END { exit broken }
' || exit 1
