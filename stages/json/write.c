#include "json/jsonl.h"

#include "file/write.h"

const struct weir_option weir__jsonl_write_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to write; \"-\" is standard output"},
    {"if_exists", WEIR_OPT_ENUM, "replace", "replace|append|error", false,
     "what to do with a file that is there already"},
    {0}};

static const struct weir_stage_type *const inner[] = {&weir_json_format, &weir_file_write, NULL};

const struct weir_stage_type weir_jsonl_write = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "jsonl.write",
    .summary = "writes JSON Lines, an object a record",
    .doc =
        "Writes each record as an object of JSON on a line of its own, with all columns in "
        "their order. Columns of the types integer, decimal, double and boolean give numbers, "
        "true and false, where the value is written as JSON has it; those of type json stand "
        "as they are; all others are strings. What comes from CSV is untyped until it is given a "
        "type (types, or a cast). Null is null.\n\n"
        "JSON holds text only: a value that is not UTF-8 stands under its column's name with "
        "_base64 behind it. The file is published as csv.write does it.",
    .options = weir__jsonl_write_options,
    .traits = WEIR_SINK,
    .inner = inner,
};
