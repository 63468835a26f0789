/*
 * read.h - csv.read: csv.cut finds whole rows in the files, csv.parse takes them apart through
 * libcsv; csv.origin adds where they came from, csv.utf8 and a limit follow, where these are asked
 * for. All of them have csv.read's options.
 */
#ifndef WEIR_CSV_READ_H
#define WEIR_CSV_READ_H

#include <weir/stage.h>

#include "csv/rows.h"

extern const struct weir_stage_type weir_csv_read;
extern const struct weir_stage_type weir_csv_cut;
extern const struct weir_stage_type weir_csv_parse;
extern const struct weir_stage_type weir_csv_origin;
extern const struct weir_stage_type weir_csv_utf8;

extern const struct weir_option weir__csv_read_options[];

/* The choices of the option `parser`. */
enum csv_parser_choice { PARSER_AUTO, PARSER_LIBCSV, PARSER_VERIFY };

/* And of invalid_utf8. */
enum csv_invalid_utf8 { INVALID_UTF8_ERROR, INVALID_UTF8_REPLACE, INVALID_UTF8_KEEP };

/* And of blank_lines. */
enum csv_blank_lines { BLANK_LINES_SKIP, BLANK_LINES_KEEP };

/* Checks what one option alone cannot say. For configure. */
int weir__csv_check_options(struct weir_stage *stage);

/* How files are written. */
struct csv_dialect {
    unsigned char delimiter, quote;
    bool header;
};

/* What the options say; in a worker, with `infer`, what the probe has guessed. */
struct csv_dialect weir__csv_dialect(const struct weir_stage *stage);
/* Sets up the row scanner. */
void weir__csv_rows(const struct weir_stage *stage, const struct csv_dialect *dialect,
                    struct rows *rows);

/*
 * What csv.cut's probe leaves for the workers, behind a line with the dialect if it was guessed, one line a file: whether it is standard input, where
 * its rows begin, and which column each of its fields is (its header may have them in another order
 * than the first file's).
 */
struct csv_layout {
    struct source_file *file; /* for the source */
    const char *
        *order; /* a file: " 2 0 1", or "" where field i is column i; into the probe's text. With
                   union_by_name of those columns that it has */
    size_t files;
};

/* What that first line begins with. */
#define CSV_GUESSED "guessed "

/* csv.cut's probe. */
int weir__csv_probe(struct weir_stage *stage, struct weir_probe *ret);

/* Reads the text that the probe left. 0, or WEIR_EOS after weir_fail. */
int weir__csv_layout_read(struct weir_stage *stage, struct csv_layout *ret);
void weir__csv_layout_release(struct csv_layout *layout);

#endif
