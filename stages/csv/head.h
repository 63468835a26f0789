/* head.h - the beginning of a CSV file: its first row, and the columns that it names. */
#ifndef WEIR_CSV_HEAD_H
#define WEIR_CSV_HEAD_H

#include <weir/stage.h>

#include "csv/read.h"
#include "csv/rows.h"

/* Zero-initialise but for path, dialect and infer; release when done. */
struct csv_head {
    const char *path;           /* borrowed */
    struct csv_dialect dialect; /* with `infer` that of the first file, once it is read */
    uint64_t infer;             /* how many rows to read more; 0: none is guessed from this file */
    size_t sample_end;          /* behind these */
    char *bytes;                /* what was read of the file, the whole first row at least */
    size_t used, capacity;
    bool ended;                /* that is the whole file */
    uint64_t size;             /* the file's; 0 for standard input and what is compressed */
    size_t begin;              /* behind a byte order mark and the lines that are skipped */
    uint64_t skipped;          /* those */
    size_t row, row_end;       /* the first row that is not blank; both `used` if there is none */
    uint64_t lines;            /* physical lines up to row_end */
    struct weir_schema fields; /* the fields of that row, untyped; an empty one is column_N */
};

/* Opens the file and reads its first row, and the sample, or fails through weir_fail. */
int weir__csv_head_read(struct weir_stage *stage, struct csv_head *head);

/* Fails if two fields are the same: they are to be names. */
int weir__csv_head_check_names(struct weir_stage *stage, const struct csv_head *head);

/* Fails if there is one column only, and everything that was read looks like several columns with
 * another delimiter. */
int weir__csv_head_check_delimiter(struct weir_stage *stage, const struct csv_head *head);

/* Gives the fields of at most so many rows to libcsv's callbacks, an unquoted empty one as NULL. Not
 * those of a last row without its end, unless the text is `ended`. */
void weir__csv_each_row(const struct rows *rows, const char *bytes, size_t n, bool ended,
                        uint64_t most, void (*field)(void *, size_t, void *),
                        void (*row)(int, void *), void *context);

void weir__csv_head_release(struct csv_head *head);

#endif
