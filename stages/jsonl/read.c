#include "jsonl/read.h"

#include <weir/json.h>

#include "file/lines.h"
#include "file/types.h"
#include "limit.h"

const struct weir_option weir__jsonl_read_options[] = {
    {"path", WEIR_OPT_LIST, NULL, NULL, true,
     "the file or files to read, patterns like in/*.jsonl among them; \"-\" is standard input"},
    {"fields", WEIR_OPT_MAP, NULL, NULL, true,
     "the columns, and where their values stand: {id: /id, city: /address/city, first: $.tags[0]}"},
    {"types", WEIR_OPT_MAP, NULL, NULL, false,
     "the types of columns, like {amount: decimal}; columns not named here are untyped"},
    {"limit", WEIR_OPT_COUNT, NULL, NULL, false, "stop after so many records"},
    {0}};

static int check_options(struct weir_stage *stage)
{
    const struct weir_pair *field;
    size_t fields = weir_option_map(stage, "fields", &field);
    int rc = weir__types_check(stage);
    if (fields == 0)
        rc = weir_option_error(stage, "fields", NULL, 0, 0, NULL, "'fields' names no column");
    for (size_t i = 0; i < fields; i++) {
        if (!weir_json_path_is_known(field[i].value))
            rc = weir_option_error(stage, "fields", field[i].key, 0, 0,
                                   "paths are like /a/b/0, $.a.b[0] or a",
                                   "'%s' is no path to a value", field[i].value);
    }
    return rc;
}

static const struct weir_stage_type *const inner[] = {&weir_lines_cut, &weir_jsonl_parse,
                                                      &weir_stage_limit, NULL};

const struct weir_stage_type weir_jsonl_read = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "jsonl.read",
    .summary = "reads files of JSON Lines",
    .doc =
        "Reads JSON (RFC 8259), an object or an array a line. Each column has the value that "
        "stands at its path: a string is the text it stands for, a number and true and false "
        "are as they are written, so that no digit is lost, and so are objects and arrays. Null "
        "is null, and so is what is not there.\n\n"
        "A path is a pointer (RFC 6901) like /address/city or /tags/0, a path like "
        "$.address.city or $.tags[0], or a key alone.\n\n"
        "LF and CRLF end lines, and blank lines are skipped. A line that is not one object or "
        "array is rejected, with its file, line and byte offset; so is one larger than the "
        "run's max_record. \\udc80 to \\udcff in a string, without the other half of a pair, are "
        "the bytes 80 to ff that jsonl.write wrote so. Bytes that are not UTF-8 are passed "
        "through as they are.\n\n"
        "Several files are read one after the other, in the order given, the matches of a "
        "pattern sorted. A file that is compressed with gzip, bzip2, xz or zstd, by its first "
        "bytes, is read as what is in it.",
    .options = weir__jsonl_read_options,
    .traits = WEIR_SOURCE | WEIR_REJECTS,
    .inner = inner,
    .configure = check_options,
};
