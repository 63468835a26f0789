/*
 * lines.h - lines.read and lines.write: text files, a record a line, in one column named `line`.
 *
 * lines.read is lines.cut (whole lines), lines.split and a limit; lines.write is lines.format and
 * file.write.
 */
#ifndef WEIR_LINES_LINES_H
#define WEIR_LINES_LINES_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_lines_read;
extern const struct weir_stage_type weir_lines_split;

extern const struct weir_stage_type weir_lines_write;
extern const struct weir_stage_type weir_lines_format;

extern const struct weir_option weir__lines_read_options[];
extern const struct weir_option weir__lines_write_options[];

#endif
