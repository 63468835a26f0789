#include "lines/lines.h"

#include "file/decode.h"
#include "file/lines.h"
#include "limit.h"

const struct weir_option weir__lines_read_options[] = {
    {"path", WEIR_OPT_LIST, NULL, NULL, true,
     "the file or files to read, patterns like in/*.txt among them; \"-\" is standard input"},
    {"encoding", WEIR_OPT_ENUM, "utf-8", ENCODINGS, false, ENCODING_HELP},
    {"limit", WEIR_OPT_COUNT, NULL, NULL, false, "stop after so many records"},
    {0}};

static const struct weir_stage_type *const inner[] = {&weir_lines_cut, &weir_lines_split,
                                                      &weir_stage_limit, NULL};

const struct weir_stage_type weir_lines_read = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "lines.read",
    .summary = "reads text files, a record a line",
    .doc = "Reads text line by line: a record has one column, line, of type text. LF and CRLF "
           "end lines, and are not part of them; an empty line is empty text. The last line may "
           "lack its end. Several files are read one after the other. A line larger than the "
           "run's max_record is rejected.\n\n"
           "A file that is compressed with gzip, bzip2, xz or zstd, by its first bytes, is read as "
           "what is in it.",
    .options = weir__lines_read_options,
    .traits = WEIR_SOURCE | WEIR_REJECTS,
    .inner = inner,
};
