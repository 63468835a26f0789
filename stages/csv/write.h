/* write.h - csv.write: csv.format makes text of records, file.write writes it. Both have
 * csv.write's options. */
#ifndef WEIR_CSV_WRITE_H
#define WEIR_CSV_WRITE_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_csv_write;
extern const struct weir_stage_type weir_csv_format;

extern const struct weir_option weir__csv_write_options[];

enum csv_quoting { CSV_QUOTING_MINIMAL, CSV_QUOTING_ALL, CSV_QUOTING_NONE, CSV_QUOTING_NONNUMERIC };
enum csv_if_exists { CSV_IF_EXISTS_REPLACE, CSV_IF_EXISTS_APPEND, CSV_IF_EXISTS_ERROR };

/* Fails if records are to be appended to a file whose header names other columns, or the same in
 * another order. */
int weir__csv_append_check(struct weir_stage *stage);

#endif
