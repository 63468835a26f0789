#include "jsonl/write.h"

#include "file/compress.h"
#include "file/write.h"

const struct weir_option weir__jsonl_write_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to write; \"-\" is standard output"},
    COMPRESS_OPTION,
    {"nulls", WEIR_OPT_ENUM, "keep", "keep|omit", false,
     "whether a column that is null is a member of the record's object"},
    {"if_exists", WEIR_OPT_ENUM, "replace", "replace|append|error", false,
     "what to do with a file that is there already"},
    {0}};

static const struct weir_stage_type *const inner[] = {&weir_jsonl_format, &weir_file_compress,
                                                      &weir_file_write, NULL};

const struct weir_stage_type weir_jsonl_write = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "jsonl.write",
    .summary = "writes a file of JSON Lines",
    .doc = "Writes each record as an object of JSON (RFC 8259) on a line of its own, its members "
           "being the columns in their order.\n\n"
           "The values of columns whose type is a number are numbers with all their digits, those "
           "of boolean columns true or false, those of json columns stand as they are, all others "
           "strings, untyped ones too: give a column "
           "a type, in csv.read or by a cast, where its values are to be numbers. A value that is "
           "not what its column's type says is an error of its record.\n\n"
           "Text is UTF-8. A byte that is not part of a well-formed character is written as "
           "\\udc80 to \\udcff, so that it can be got back; in Python, "
           "text.encode('utf-8', 'surrogateescape') does it.\n\n"
           "The file is published as csv.write does it.",
    .options = weir__jsonl_write_options,
    .traits = WEIR_SINK | WEIR_REJECTS,
    .inner = inner,
    .configure = weir__compress_check,
};
