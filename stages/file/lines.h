/* lines.h - lines.cut: the inner stage of all sources that read text line by line. It reads two options of the table
 * that it is given: path, a list, and zero where there is one: lines end with NUL. */
#ifndef WEIR_FILE_LINES_H
#define WEIR_FILE_LINES_H

#include <weir/stage.h>

extern const struct weir_stage_type weir_lines_cut;

#endif
