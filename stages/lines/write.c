#include "lines/lines.h"

#include "file/compress.h"
#include "file/write.h"

const struct weir_option weir__lines_write_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to write; \"-\" is standard output"},
    COMPRESS_OPTION,
    {"column", WEIR_OPT_STRING, NULL, NULL, false, "the column to write, where there are several"},
    {"line_ending", WEIR_OPT_ENUM, "lf", "lf|crlf", false, "what ends a line"},
    {"if_exists", WEIR_OPT_ENUM, "replace", "replace|append|error", false,
     "what to do with a file that is there already"},
    {0}};

static const struct weir_stage_type *const inner[] = {&weir_lines_format, &weir_file_compress,
                                                      &weir_file_write, NULL};

const struct weir_stage_type weir_lines_write = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "lines.write",
    .summary = "writes a text file, a line a record",
    .doc = "Writes the values of one column, each on a line. Null gives an empty line. A value "
           "with a line end in it is an error of its record. The file is published as csv.write "
           "does it.",
    .options = weir__lines_write_options,
    .traits = WEIR_SINK | WEIR_REJECTS,
    .inner = inner,
    .configure = weir__compress_check,
};
