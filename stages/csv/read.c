#include "csv/read.h"

#include <stdlib.h>
#include <string.h>

#include "file/decode.h"
#include "file/types.h"
#include "limit.h"

const struct weir_option weir__csv_read_options[] = {
    {"path", WEIR_OPT_LIST, NULL, NULL, true,
     "the file or files to read, patterns like in/*.csv among them; \"-\" is standard input"},
    {"header", WEIR_OPT_BOOL, "true", NULL, false, "whether the first row names the columns"},
    {"skip_lines", WEIR_OPT_COUNT, "0", NULL, false,
     "how many lines stand before the header, or before the first row"},
    {"duplicate_header", WEIR_OPT_ENUM, "error", "error|suffix", false,
     "what a header is that names a column twice; suffix calls the others NAME_2, NAME_3 and so "
     "on"},
    {"names", WEIR_OPT_LIST, NULL, NULL, false,
     "the columns' names where there is no header (else column_1 and so on)"},
    {"union_by_name", WEIR_OPT_BOOL, "false", NULL, false,
     "several files may have different columns: all of them are read, null where a file has not "
     "the "
     "column"},
    {"delimiter", WEIR_OPT_CHAR, ",", NULL, false, "the byte between two fields"},
    {"quote", WEIR_OPT_CHAR, "\"", NULL, false, "the byte around quoted fields"},
    {"comment", WEIR_OPT_CHAR, NULL, NULL, false, "lines that begin with this byte are skipped"},
    {"blank_lines", WEIR_OPT_ENUM, NULL, "skip|keep", false,
     "what a blank line is: nothing, or a record of nulls; without this option it is a record "
     "where there is one column only"},
    {"trim", WEIR_OPT_BOOL, "false", NULL, false,
     "drop spaces and tabs around fields; those in quotes stay"},
    {"null_values", WEIR_OPT_LIST, NULL, NULL, false,
     "texts that stand for null, besides the unquoted empty field"},
    {"types", WEIR_OPT_MAP, NULL, NULL, false,
     "the types of columns, like {amount: decimal}; columns not named here are untyped"},
    {"infer", WEIR_OPT_COUNT, NULL, "1..", false,
     "guess delimiter, quote, header and types from so many rows of the first file, where they are "
     "not given"},
    {"missing_columns", WEIR_OPT_ENUM, "error", "error|null_fill", false,
     "what a row with too few fields is"},
    {"extra_columns", WEIR_OPT_ENUM, "error", "error|ignore", false,
     "what a row with too many fields is"},
    {"encoding", WEIR_OPT_ENUM, "utf-8", ENCODINGS, false, ENCODING_HELP},
    {"stray_quotes", WEIR_OPT_ENUM, "error", "error|keep", false,
     "what a row is with a quote inside an unquoted field, or text behind a closing quote"},
    {"filename_column", WEIR_OPT_STRING, NULL, NULL, false,
     "a column of this name is added, with the file that the record came from"},
    {"line_column", WEIR_OPT_STRING, NULL, NULL, false,
     "a column of this name is added, with the line in its file that the record begins in"},
    {"parser", WEIR_OPT_ENUM, "auto", "auto|libcsv|verify", false,
     "auto takes regular rows a faster way than libcsv, with the same result; verify does both and "
     "fails where they differ"},
    {"invalid_utf8", WEIR_OPT_ENUM, "keep", "error|replace|keep", false,
     "what to do with values that are not UTF-8"},
    {"limit", WEIR_OPT_COUNT, NULL, NULL, false, "stop after so many records"},
    {0}};

static int check_byte(struct weir_stage *stage, const char *name)
{
    int64_t byte = weir_option_number(stage, name);
    if (byte != '\r' && byte != '\n')
        return 0;
    return weir_option_error(stage, name, NULL, 0, 0, NULL, "'%s' cannot be a line end", name);
}

/* For what only bytes can be that mean nothing else. */
static int check_space(struct weir_stage *stage, const char *name)
{
    int64_t byte = weir_option_number(stage, name);
    if ((byte != ' ' && byte != '\t') || weir_option_number(stage, "trim") == 0)
        return 0;
    return weir_option_error(stage, name, NULL, 0, 0, NULL,
                             "'%s' cannot be a space where spaces are trimmed", name);
}

static int check_comment(struct weir_stage *stage)
{
    int64_t byte = weir_option_number(stage, "comment");
    if (!weir_option_given(stage, "comment") || (byte != weir_option_number(stage, "delimiter") &&
                                                 byte != weir_option_number(stage, "quote")))
        return 0;
    return weir_option_error(stage, "comment", NULL, 0, 0, NULL,
                             "'comment' cannot be the byte of 'delimiter' or 'quote'");
}

static int check_names(struct weir_stage *stage)
{
    const char *const *name;
    size_t names = weir_option_list(stage, "names", &name);
    int rc = 0;
    if (weir_option_given(stage, "names") && weir_option_number(stage, "header") == 1)
        rc = weir_option_error(stage, "names", NULL, 0, 0,
                               "for a file without a header add header: false; to rename columns "
                               "use transform's rename",
                               "'names' is for files without a header");
    for (size_t i = 0; i < names; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(name[i], name[j]) == 0)
                rc = weir_option_error(stage, "names", name[i], 0, 0, NULL,
                                       "the name '%s' stands twice", name[i]);
        }
    }
    return rc;
}

static int check_union(struct weir_stage *stage)
{
    if (weir_option_number(stage, "union_by_name") != 1 || weir_option_number(stage, "header") == 1)
        return 0;
    return weir_option_error(stage, "union_by_name", NULL, 0, 0, NULL,
                             "without a header there are no names to unite the columns by");
}

int weir__csv_check_options(struct weir_stage *stage)
{
    int rc[] = {check_byte(stage, "delimiter"),
                check_byte(stage, "quote"),
                check_byte(stage, "comment"),
                check_space(stage, "quote"),
                check_space(stage, "comment"),
                check_comment(stage),
                weir__types_check(stage),
                check_names(stage),
                check_union(stage)};
    for (size_t i = 0; i < sizeof(rc) / sizeof(rc[0]); i++) {
        if (rc[i] < 0)
            return rc[i];
    }
    if (weir_option_number(stage, "delimiter") == weir_option_number(stage, "quote"))
        return weir_option_error(stage, "quote", NULL, 0, 0, NULL,
                                 "'quote' and 'delimiter' cannot be the same byte");
    return 0;
}

struct csv_dialect weir__csv_dialect(const struct weir_stage *stage)
{
    struct csv_dialect dialect = {(unsigned char)weir_option_number(stage, "delimiter"),
                                  (unsigned char)weir_option_number(stage, "quote"),
                                  weir_option_number(stage, "header") == 1};
    const char *found = weir_probed(stage);
    if (found != NULL && strncmp(found, CSV_GUESSED, strlen(CSV_GUESSED)) == 0) {
        char *rest;
        dialect.delimiter = (unsigned char)strtoul(found + strlen(CSV_GUESSED), &rest, 10);
        dialect.quote = (unsigned char)strtoul(rest, &rest, 10);
        dialect.header = strtoul(rest, &rest, 10) == 1;
    }
    return dialect;
}

void weir__csv_rows(const struct weir_stage *stage, const struct csv_dialect *dialect,
                    struct rows *rows)
{
    weir__rows_init(rows, dialect->delimiter, dialect->quote);
    if (weir_option_given(stage, "comment"))
        weir__rows_skip_comments(rows, (unsigned char)weir_option_number(stage, "comment"));
    if (weir_option_number(stage, "trim") == 1)
        weir__rows_trim(rows);
}

static const struct weir_stage_type *const inner[] = {
    &weir_csv_cut, &weir_csv_parse, &weir_csv_origin, &weir_csv_utf8, &weir_stage_limit, NULL};

const struct weir_stage_type weir_csv_read = {
    .abi = WEIR_STAGE_ABI,
    .size = sizeof(struct weir_stage_type),
    .name = "csv.read",
    .summary = "reads CSV files",
    .slow_way = "through libcsv",
    .doc =
        "Reads CSV as RFC 4180 describes it, as libcsv does. CR, LF and CRLF end rows, spaces "
        "belong to the fields, and a UTF-8 byte order mark is dropped. An unquoted empty "
        "field is null, a quoted one is empty text. Blank lines are skipped; in a file of one "
        "column a blank line is a record whose value is null (blank_lines says otherwise). A "
        "column without a name in the "
        "header is called column_N.\n\n"
        "Several files are read one after the other, in the order given, the matches of a "
        "pattern sorted. They must have the same columns; the order of the columns may "
        "differ. With union_by_name they may have different columns: the records have all of them, "
        "in the order in which the files first name them. "
        "A file that is compressed with gzip, bzip2, xz or zstd, by its first bytes, "
        "is read as what is in it.\n\n"
        "A row with too few or too many fields is rejected, with its file, line and byte "
        "offset, unless missing_columns or extra_columns say otherwise. So is a row with a "
        "quote inside a field that is not quoted, or with text behind a closing quote "
        "(stray_quotes: keep takes both as they are). So is a row larger than the run's "
        "max_record, and a quoted field that is never closed. NUL bytes are passed "
        "through as they are.\n\n"
        "So is what is not UTF-8, unless invalid_utf8 is error: then a value with such bytes in it "
        "is an error of its record. With replace each byte that is not part of a character "
        "becomes U+FFFD. Only the columns that are used are looked at.\n\n"
        "With infer the first rows of the first file say how all are written, and the types of the "
        "columns: integer, decimal, boolean, date or timestamp where all values are; else text. It "
        "is done once, before the run, and looks at no more than 64 MiB. Numbers with zeros in "
        "front, a plus, an exponent or more than 18 digits are text, as are values with a "
        "decimal comma. Values further on that are not of their type fail where they are used, as "
        "with types. Columns that only other files have are untyped. pipeline infer FILE prints "
        "what would be guessed, to be put into a file.\n\n"
        "Where encoding says something else than utf-8, places in a file are those in the text "
        "as UTF-8.",
    .options = weir__csv_read_options,
    .traits = WEIR_SOURCE | WEIR_REJECTS,
    .inner = inner,
    .configure = weir__csv_check_options,
};
