#include "csv/write.h"

#include <string.h>

#include "file/compress.h"
#include "file/divide.h"
#include "file/template.h"
#include "file/write.h"

const struct weir_option weir__csv_write_options[] = {
    {"path", WEIR_OPT_PATH, NULL, NULL, true, "the file to write; \"-\" is standard output"},
    COMPRESS_OPTION,
    {"delimiter", WEIR_OPT_CHAR, ",", NULL, false, "the byte between two fields"},
    {"header", WEIR_OPT_BOOL, "true", NULL, false, "whether the first row names the columns"},
    {"quoting", WEIR_OPT_ENUM, "minimal", "minimal|all|none|nonnumeric", false,
     "which fields stand in quotes: those that need it, all, none, or all that are of no numeric "
     "type"},
    {"null_value", WEIR_OPT_STRING, "", NULL, false, "what is written for null"},
    {"line_ending", WEIR_OPT_ENUM, "lf", "lf|crlf", false, "what ends a row"},
    {"if_exists", WEIR_OPT_ENUM, "replace", "replace|append|error", false,
     "what to do with a file that is there already"},
    SPLIT_OPTION,
    TEMPLATE_OPTION,
    {0}};

static int check_template(struct weir_stage *stage)
{
    const char *path = weir_option_string(stage, "path");
    bool named = weir__template_given(stage);
    if (!weir__template_divides(stage))
        return 0;
    if (*path == '{')
        return weir_option_error(stage, "path", NULL, 0, 1, "./ may stand before it",
                                 "a path cannot begin with a column");
    if (weir_option_number(stage, "if_exists") == CSV_IF_EXISTS_APPEND)
        return weir_option_error(stage, "if_exists", NULL, 0, 0, NULL,
                                 named ? "files that columns name cannot be appended to"
                                       : "numbered files cannot be appended to");
    if (weir_option_number(stage, "max_open") == 0)
        return weir_option_error(stage, "max_open", NULL, 0, 0, NULL, "one file must be open");
    return 0;
}

static int check_split(struct weir_stage *stage)
{
    int64_t rows = weir_option_member(stage, "split", "rows"),
            bytes = weir_option_member(stage, "split", "bytes");
    if (!weir_option_given(stage, "split"))
        return 0;
    if (strcmp(weir_option_string(stage, "path"), "-") == 0)
        return weir_option_error(stage, "split", NULL, 0, 0, NULL,
                                 "standard output cannot be split into files");
    if (rows == 0 || bytes == 0)
        return weir_option_error(stage, "split", rows == 0 ? "rows" : "bytes", 0, 0, NULL,
                                 "a file has to hold something");
    if (rows < 0 && bytes < 0)
        return weir_option_error(stage, "split", NULL, 0, 0, NULL,
                                 "'split' wants rows, bytes, or both");
    return 0;
}

static int check_options(struct weir_stage *stage)
{
    int64_t delimiter = weir_option_number(stage, "delimiter");
    const char *null_value = weir_option_string(stage, "null_value");
    const char special[] = {'"', '\r', '\n', (char)delimiter, '\0'};
    int code = weir__compress_check(stage);
    if (code == 0)
        code = check_template(stage);
    if (code == 0)
        code = check_split(stage);
    if (delimiter == '"' || delimiter == '\r' || delimiter == '\n')
        code = weir_option_error(stage, "delimiter", NULL, 0, 0, NULL,
                                 "'delimiter' cannot be a quote or a line end");
    size_t at = strcspn(null_value, special);
    if (null_value[at] != '\0')
        code = weir_option_error(stage, "null_value", NULL, at, 1, NULL,
                                 "null is written without quotes: it cannot hold a delimiter, a "
                                 "quote or a line end");
    return code;
}

static const struct weir_stage_type *const inner[] = {&weir_csv_format, &weir_file_compress,
                                                      &weir_file_write, &weir_file_divide, NULL};

const struct weir_stage_type weir_csv_write = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.write",
    .summary = "writes a CSV file",
    .doc =
        "Writes records as CSV (RFC 4180). Fields that need no quotes keep their bytes. Null "
        "is written as nothing and empty text as \"\", so that csv.read gives both back as "
        "they were; in a file of one column a null is a blank line.\n\n"
        "The file appears under its name when the whole run has succeeded, and until then the "
        "old one stays. What is written stands in .NAME.part beside it. Symbolic links are "
        "followed; mode and owner are kept. A device or a FIFO is written in place.\n\n"
        "A compressed file (compression) has one member for each batch of records, which all "
        "workers "
        "make at once. Whatever unpacks gzip, zstd, bzip2 or xz takes them for one file.\n\n"
        "A path may name columns, as in out/{country}/orders.csv: each record goes to the file "
        "that its "
        "values name. What stands before the first column is where all files are, and must be "
        "there; "
        "folders that values name are made. In a name bytes other than letters, digits and _-.~ "
        "stand as %XX, as with Hive and DuckDB, and so does a dot that a name begins with; null "
        "and "
        "empty text are __HIVE_DEFAULT_PARTITION__. All columns are written. All files are "
        "published, "
        "or none; there may be 100,000.\n\n"
        "With split the records go to numbered files, out-0001.csv and so on for out.csv, each "
        "with "
        "the header: a file ends where its rows or bytes would be exceeded, and never inside a "
        "record, so that one larger than bytes is in a file of its own. Where the path names "
        "columns "
        "each of its files is split. All are published, or none; files with higher numbers, of an "
        "earlier run, stay. If many files are compressed, one worker does it.\n\n"
        "With if_exists: append the file's header must name the columns of the records, in their "
        "order; else the run fails (exit 65). With header: false nothing is compared.\n\n"
        "With null_value null is written as that text without quotes, and a field that holds "
        "just this text stands in quotes. With quoting: nonnumeric the columns of the types "
        "integer, decimal and double have no quotes, and all others do: what comes from CSV is "
        "untyped until it is given a type (types, or a cast).\n\n"
        "With quoting: none a field that would need quotes is an error of its record, and "
        "empty text is written as nothing.",
    .options = weir__csv_write_options,
    .traits = WEIR_SINK | WEIR_REJECTS,
    .inner = inner,
    .configure = check_options,
};
